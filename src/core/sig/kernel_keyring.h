/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys that the kernel keeps: keyrings by name or number, what can be seen of their keys, and verification by the kernel itself with
 * a key whose certificate nobody can read back. Everything is looked up anew at each call; nothing is kept.
 *
 * A keyring found by its name belongs to root or to the caller: anybody can make one that is called _ima.
 */
#pragma once

#include <ima/sig.h>

#define IMA_KERNEL_KEY_TEXT 256 /* longest description that is kept, with NUL */

/**
 * struct ima_kernel_key - what the kernel shows of a key
 * @keyid: last four bytes of the identifier, of a certificate its subject key identifier; only where /proc/keys shows the key
 * @algorithm: of an asymmetric key as the kernel calls it: "X509.rsa", "X509.ecdsa-nist-p256"; "" unknown
 */
struct ima_kernel_key {
	int32_t serial;
	uint32_t uid;
	uint32_t keyid;
	bool has_keyid;
	char type[32];
	char algorithm[32];
	char description[IMA_KERNEL_KEY_TEXT];
};

/**
 * ima_kernel_keyring_find() - one keyring
 * @name: "@u" user's, "@us" user session's, "@s" session's, "@p" process's, "@t" thread's; a number, decimal or 0x; "%:NAME" or NAME
 *
 * Return: 0, -ENOKEY there is none, -EPERM there is one, but another user's, -EINVAL not a name, -ENOTDIR that number is no keyring,
 * -ENOSYS a kernel without keys, -EACCES, -ENOMEM
 */
ima_must_check int ima_kernel_keyring_find(const char *name, int32_t *ret);

/**
 * ima_kernel_keyring_each() - every key of a keyring, in the kernel's order; keys that may not be seen are left out
 * @fn: stops the walk with a result other than 0
 * Return: 0, the result of @fn, -EACCES not readable, -ENOKEY, -ENOMEM
 */
ima_must_check int ima_kernel_keyring_each(int32_t ring, int (*fn)(void *user, const struct ima_kernel_key *key),
					   void *user);

/** ima_kernel_key_describe() - -ENOKEY, -EACCES, -EBADMSG an answer that is none, -ENOMEM */
ima_must_check int ima_kernel_key_describe(int32_t serial, struct ima_kernel_key *ret);

/**
 * ima_kernel_key_add() - into a keyring, in place of one with the same type and description
 * @description: NULL: the kernel makes it, for an asymmetric key from the certificate
 * Return: 0, -EBADMSG or -ENOPKG the kernel cannot read such a certificate, -ENODEV no such key type, -EPERM or -EACCES the keyring
 * is restricted, -ENOKEY it wants a signature by a key that it does not know, -EDQUOT, -ENOSYS
 */
ima_must_check int ima_kernel_key_add(int32_t ring, const char *type, const char *description,
				      struct ima_bytes payload, int32_t *ret);

/** ima_kernel_key_search() - a key by type and description in a keyring and those in it. -ENOKEY, -EACCES */
ima_must_check int ima_kernel_key_search(int32_t ring, const char *type, const char *description,
					 int32_t *ret);

/** ima_kernel_key_request() - a key by type and description among the caller's own keyrings; nobody is asked to make it. -ENOKEY */
ima_must_check int ima_kernel_key_request(const char *type, const char *description, int32_t *ret);

/**
 * ima_kernel_key_read() - the payload, where the type shows one (user, encrypted; never asymmetric)
 * @ret: malloc'd, the caller wipes it; followed by one NUL that @ret_len does not count
 * Return: 0, -EOPNOTSUPP the type shows none, -EACCES, -ENOKEY, -ENOMEM
 */
ima_must_check int ima_kernel_key_read(int32_t serial, uint8_t **ret, size_t *ret_len);

/**
 * ima_kernel_keyring_lookup() - an asymmetric key by the end of its identifier, compared by the kernel
 * @parts: put together they are that end: of the subject key identifier, or of serial number and issuer
 * Return: 0, -ENOKEY, -EINVAL empty or longer than a description can be, -EACCES
 */
ima_must_check int ima_kernel_keyring_lookup(int32_t ring, const struct ima_bytes *parts, size_t n_parts,
					     int32_t *ret);

/** ima_kernel_key_verify() - is @sig the signature of @digest by this key? RSA with PKCS#1 v1.5, ECDSA in X9.62 */
enum ima_sig_verdict ima_kernel_key_verify(int32_t serial, struct ima_bytes sig,
					   const struct ima_digest *digest);
