/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signatures of security.ima and security.evm: the value, the keys that verify it, the private key that makes it.
 *
 * Shape: u8 type | u8 version (2, 3) | u8 hash algorithm | be32 key id | be16 length | signature. Source: docs/FORMATS.md "Labels".
 */
#pragma once

#include <ima/digest.h>
#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum ima_xattr_type - first byte of security.ima and security.evm */
enum ima_xattr_type {
	IMA_XATTR_DIGEST = 1,    /* digest without algorithm: sha1, md5 */
	IMA_XATTR_HMAC = 2,      /* evm */
	IMA_XATTR_SIGNATURE = 3, /* of the content (ima), of the metadata (evm) */
	IMA_XATTR_DIGEST_NG = 4, /* algorithm byte, digest */
	IMA_XATTR_PORTABLE = 5,  /* evm: signature that names no inode and no file system; immutable */
	IMA_XATTR_VERITY = 6,    /* signature of an fs-verity digest */
	IMA_XATTR__LAST = 7,
};

#define IMA_SIGNATURE_HEADER 9 /* bytes, with the type */

/** struct ima_signature - a value taken apart; @sig borrows from it */
struct ima_signature {
	uint8_t type;
	uint8_t version;
	enum ima_hash_algo algo;
	uint32_t keyid;
	struct ima_bytes sig;
};

/**
 * ima_signature_parse() - take a whole attribute value apart, strictly
 * Return: 0, -EINVAL too short or version 1, -EOPNOTSUPP other version, -EBADMSG length is not what the header says, -ENOPKG
 * unknown hash algorithm
 */
ima_must_check int ima_signature_parse(struct ima_bytes value, struct ima_signature *ret);

/** ima_signature_head() - the nine bytes before @s->sig. -EINVAL: longer than a header can say */
ima_must_check int ima_signature_head(const struct ima_signature *s,
				      uint8_t ret[IMA_SIGNATURE_HEADER]);

/**
 * ima_signature_file_id() - what a version 3 signature signs: the digest of type, algorithm and digest
 * Errors as ima_hash_parts()
 */
ima_must_check int ima_signature_file_id(struct ima_hasher *h, uint8_t type,
					 const struct ima_digest *content, struct ima_digest *ret);

/** struct ima_key - a public key and the certificate that brought it */
struct ima_key;

/**
 * ima_key_parse() - one X.509 certificate, DER or PEM
 * -EBADMSG no certificate, or bytes after it; -ENOPKG a kind of key that the kernel does not verify with (Ed25519, DSA, ...); -ENOMEM.
 * Each with one sentence in @diag
 */
ima_must_check int ima_key_parse(struct ima_bytes cert, struct ima_key **ret, struct ima_diag *diag);
struct ima_key *ima_key_free(struct ima_key *k);

/** ima_key_id() - last four bytes of the subject key identifier. -ENOENT: the certificate has none */
ima_must_check int ima_key_id(const struct ima_key *k, uint32_t *ret);

/** ima_key_public_id() - last four bytes of the SHA-1 of the public key's bits: evmctl's key id, whatever the certificate says. -EIO */
ima_must_check int ima_key_public_id(const struct ima_key *k, uint32_t *ret);

/** ima_key_answers_to() - the kernel's look-up: the subject key identifier or the issuer ends with @keyid */
bool ima_key_answers_to(const struct ima_key *k, uint32_t keyid);
const char *ima_key_name(const struct ima_key *k);      /* subject, one line */
const char *ima_key_algorithm(const struct ima_key *k); /* "rsa2048", "prime256v1", ... */

/** enum ima_key_trust - may the certificate enter a restricted keyring? */
enum ima_key_trust {
	IMA_KEY_TRUST_UNKNOWN = 0,
	IMA_KEY_TRUSTED,
	IMA_KEY_UNSIGNED,   /* no certificate of the set signed it */
	IMA_KEY_NO_CA,      /* signed by one that may not sign others */
	IMA_KEY_WRONG_USE,  /* its key usage leaves digitalSignature out */
};

struct ima_keyring;

/** ima_key_judge() - @cas: the trusted set; @needs_usage: digitalSignature must be named, as in kernels from 6.6 on */
enum ima_key_trust ima_key_judge(const struct ima_key *k, const struct ima_keyring *cas,
				 bool needs_usage);
bool ima_key_is_expired(const struct ima_key *k); /* by the clock of now; the kernel does not look */

/** enum ima_sig_verdict - 0 is never good */
enum ima_sig_verdict {
	IMA_SIG_UNCHECKED = 0, /* the library failed */
	IMA_SIG_GOOD,
	IMA_SIG_BAD,
	IMA_SIG_NO_KEY,
	IMA_SIG_REVOKED,
	IMA_SIG_UNSUPPORTED, /* version */
	IMA_SIG_MALFORMED,
	IMA_SIG_NO_ALGORITHM, /* the key's kind does not go with the hash algorithm */
	IMA_SIG__LAST
};

const char *ima_sig_verdict_text(enum ima_sig_verdict v);

/** struct ima_keyring - keys to verify with, and key ids that are revoked. Readers in parallel; changes need the caller's lock */
struct ima_keyring;

ima_must_check int ima_keyring_new(struct ima_keyring **ret); /* -ENOMEM */
struct ima_keyring *ima_keyring_free(struct ima_keyring *ring);

/** ima_keyring_add() - @key is taken on success. -EEXIST same certificate, -ENOMEM */
ima_must_check int ima_keyring_add(struct ima_keyring *ring, struct ima_key *key);

/** ima_keyring_revoke() - signatures by this key id are refused. -ENOMEM */
ima_must_check int ima_keyring_revoke(struct ima_keyring *ring, uint32_t keyid);

size_t ima_keyring_n_keys(const struct ima_keyring *ring);
const struct ima_key *ima_keyring_key(const struct ima_keyring *ring, size_t i);
const struct ima_key *ima_keyring_find(const struct ima_keyring *ring, uint32_t keyid);

/** ima_keyring_verify() - is @s this ring's signature of @digest? */
enum ima_sig_verdict ima_keyring_verify(const struct ima_keyring *ring, const struct ima_signature *s,
					const struct ima_digest *digest);

/** ima_key_verify() - the bare signature by one key */
enum ima_sig_verdict ima_key_verify(const struct ima_key *k, struct ima_bytes sig,
				    const struct ima_digest *digest);

#ifdef __cplusplus
}
#endif
