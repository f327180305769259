/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signatures appended to a file, as to kernel modules: found, read, verified as the kernel does.
 *
 * Shape: content | PKCS#7 in DER | u8 0, 0, 2, 0, 0, pad[3] 0, be32 length of the PKCS#7 | "~Module signature appended~\n"
 * Source: docs/FORMATS.md "Appended signatures".
 */
#pragma once

#include <ima/sig.h>

#define IMA_MODSIG_TAIL 40           /* bytes after the PKCS#7 */
#define IMA_MODSIG_MAX (256U << 10)  /* bytes of PKCS#7 that are looked at */

/**
 * ima_modsig_parse_tail() - where content and signature end
 * @tail: the file's last bytes; @size: of the whole file
 * Return: 0, -ENODATA no signature is appended, -EBADMSG the tail is not what it has to be, -E2BIG more than IMA_MODSIG_MAX
 */
ima_must_check int ima_modsig_parse_tail(const uint8_t tail[static IMA_MODSIG_TAIL], uint64_t size,
					 uint64_t *ret_content_len, uint32_t *ret_sig_len);

/** struct ima_modsig_file - how content is read; what @user points at outlives the signature */
struct ima_modsig_file {
	uint64_t size; /* bytes */
	/* exactly @len bytes from @at. -EINVAL the file is shorter, errno */
	int (*read)(void *user, uint64_t at, uint8_t *ret, size_t len);
	/* digest of the first @len bytes; errors as ima_hash_fd() */
	int (*digest)(void *user, struct ima_hasher *h, enum ima_hash_algo algo, uint64_t len,
		      struct ima_digest *ret);
	void *user;
};

/** struct ima_modsig - a signature that can be parsed; its content is not looked at yet */
struct ima_modsig;

/** ima_modsig_open() - -ENODATA none; -EBADMSG not parseable: no signature for the kernel; -E2BIG; errno of @file->read; -ENOMEM */
ima_must_check int ima_modsig_open(const struct ima_modsig_file *file, struct ima_modsig **ret);

/** ima_modsig_open_fd() - the same of an open file; @fd is borrowed as long as the signature lives */
ima_must_check int ima_modsig_open_fd(int fd, uint64_t size, struct ima_modsig **ret);
struct ima_modsig *ima_modsig_free(struct ima_modsig *m);

/** ima_modsig_der() - the PKCS#7, as long as @m lives */
struct ima_bytes ima_modsig_der(const struct ima_modsig *m);

/**
 * ima_modsig_digest() - digest of the content by the algorithm that the signer used
 * Return: 0, -EBADMSG several signers, -ENOPKG unknown algorithm, errors as ima_hash_fd()
 */
ima_must_check int ima_modsig_digest(struct ima_modsig *m, struct ima_hasher *h, struct ima_digest *ret);

/**
 * ima_modsig_verify() - does a key of @ring vouch for the content?
 *
 * A signer's key is in the ring, or a certificate in the message leads to one, by issuers. Good when one signer is vouched for and none
 * is wrong. Signed attributes are refused. Differs: keys that @ring has revoked are refused here, too.
 * @version: of the profile: SM2 over SM3 up to 611
 */
enum ima_sig_verdict ima_modsig_verify(struct ima_modsig *m, struct ima_hasher *h,
				       const struct ima_keyring *ring, unsigned int version);
