/* SPDX-License-Identifier: BSD-2-Clause */
/* A private key that makes signatures for security.ima and security.evm: parsed once, used by many threads. */
#pragma once

#include <ima/sig.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ima_signer;

/**
 * ima_signer_parse() - a private key in PEM or DER: PKCS#8, encrypted or not, the older forms, or a TPM's ("TSS2 PRIVATE KEY")
 * @key: its bytes; a certificate in the same PEM text gives the key id, else the digest of the public key does
 * @password: NULL none; nothing is ever asked at a terminal
 *
 * Return: 0, -EBADMSG no private key, -EKEYREJECTED wrong or missing password, -ENOPKG a kind that the kernel does not verify (Ed25519, ML-DSA, ...),
 * -ENOENT the crypto library's provider for TPM keys is missing, -ENODEV no TPM, -ENOMEM. Each with one sentence in @diag
 */
ima_must_check int ima_signer_parse(struct ima_bytes key, const char *password, struct ima_signer **ret,
				    struct ima_diag *diag);

/** struct ima_signer_opts - zero: no password; engine or provider by the kind of the place */
struct ima_signer_opts {
	const char *password; /* or PIN */
	const char *engine;   /* of OpenSSL, by its name */
	const char *provider;
	uint64_t reserved[4];
};

/** ima_signer_is_uri() - does ima_signer_open() know the place's kind: "pkcs11:", "handle:" and "object:" (TPM)? */
bool ima_signer_is_uri(const char *text);

/**
 * ima_signer_open() - a key that stays where it is: a PKCS#11 token's (RFC 7512, "pkcs11:token=T;object=O"), a TPM's ("handle:0x81000001")
 * @opts: NULL is all zero
 * Threads that sign with it wait for each other. The TPM is the one that $TPM2OPENSSL_TCTI names.
 *
 * Return: 0, -ENOENT no engine or provider for it, -ENODEV no device, -EBADMSG no such key, -EKEYREJECTED wrong or missing password, -ENOPKG, -EINVAL, -ENOMEM.
 * Each with one sentence in @diag
 */
ima_must_check int ima_signer_open(const char *uri, const struct ima_signer_opts *opts,
				   struct ima_signer **ret, struct ima_diag *diag);

/**
 * ima_signer_lock_memory() - for the whole process: private keys that are read from now on stay in memory, are in no core dump and are wiped
 * A program calls it once, before it reads a key. Return: 0, -EPERM kept apart and wiped, but not locked (RLIMIT_MEMLOCK), -ENOMEM
 */
ima_must_check int ima_signer_lock_memory(void);
struct ima_signer *ima_signer_free(struct ima_signer *s);

/** ima_signer_set_cert() - take the key id from a certificate. -EINVAL another key's, -ENOENT it has none; errors of ima_key_parse() */
ima_must_check int ima_signer_set_cert(struct ima_signer *s, struct ima_bytes cert,
				       struct ima_diag *diag);
void ima_signer_set_keyid(struct ima_signer *s, uint32_t keyid);
uint32_t ima_signer_keyid(const struct ima_signer *s);

/** ima_signer_has_cert() - did a certificate come with the key, or was one set? */
bool ima_signer_has_cert(const struct ima_signer *s);

/** ima_signer_is_p256() - an elliptic-curve key on NIST P-256, as ES256 asks for */
bool ima_signer_is_p256(const struct ima_signer *s);

/** ima_signer_max_signature() - bytes that a signature by this key has at most; RSA: exactly */
size_t ima_signer_max_signature(const struct ima_signer *s);

#define IMA_SIGNER_MAX_VALUE (IMA_SIGNATURE_HEADER + 2048) /* bytes */

/**
 * ima_signer_sign() - a whole attribute value
 * @type: IMA_XATTR_SIGNATURE, IMA_XATTR_PORTABLE or IMA_XATTR_VERITY; @version: 2 or 3
 * @digest: what is signed: for version 3 the digest of the file id (ima_signature_file_id())
 * @ret: IMA_SIGNER_MAX_VALUE bytes
 * Return: 0, -ENOPKG key and algorithm do not go together, -EIO the library failed
 */
ima_must_check int ima_signer_sign(const struct ima_signer *s, enum ima_xattr_type type, uint8_t version,
				   const struct ima_digest *digest, uint8_t *ret, size_t *ret_len);

/**
 * ima_signer_verify() - is @sig this key's own signature of @digest? A label that is right already need not be made again
 * @digest: as for ima_signer_sign()
 */
enum ima_sig_verdict ima_signer_verify(const struct ima_signer *s, const struct ima_signature *sig,
				       const struct ima_digest *digest);

#ifdef __cplusplus
}
#endif
