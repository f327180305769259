/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a TPM says under its signature: quotes, signatures, public areas, as the TPM 2.0 library specification marshals them, and PCR values as
 * tpm2_quote(1) writes them. Parsing is strict: nothing may follow, nothing may be left out.
 */
#pragma once

#include <ima/digest.h>
#include <ima/pcr.h>
#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMA_QUOTE_MAX 4096      /* bytes of a TPMS_ATTEST, a TPMT_SIGNATURE, a TPM2B_PUBLIC */
#define IMA_QUOTE_NONCE_MAX 64  /* bytes */
#define IMA_QUOTE_MAX_BANKS 16

/** struct ima_quote - a TPMS_ATTEST of a quote taken apart; views into it */
struct ima_quote {
	struct ima_bytes signer; /* qualified name of the key: algorithm, digest */
	struct ima_bytes nonce;
	uint64_t clock; /* milliseconds */
	uint32_t reset_count;
	uint32_t restart_count;
	bool clock_is_safe;
	uint64_t firmware;
	size_t n_selections;
	struct {
		uint16_t tpm_alg;
		uint32_t mask; /* bit n: PCR n */
	} selections[IMA_QUOTE_MAX_BANKS];
	struct ima_bytes pcr_digest;
};

/** ima_quote_parse() - -EBADMSG with @diag: no TPM made it (magic), not a quote (type), damaged, a PCR above 23 */
ima_must_check int ima_quote_parse(struct ima_bytes attest, struct ima_quote *ret, struct ima_diag *diag);

/** ima_quote_digest() - the digest that a quote of @algo should carry for these values. -ENODATA a selected value is missing; errors of ima_hash_parts() */
ima_must_check int ima_quote_digest(struct ima_hasher *h, const struct ima_quote *q, const struct ima_pcrs *values,
				    enum ima_hash_algo algo, struct ima_digest *ret);

/**
 * ima_quote_pcrs_parse() - PCR values in the "serialized" form of tpm2_quote(1): a memory image, little-endian
 * Shape: u32 n | 16 x { u16 algorithm | u8 3 | u8 mask[3] | u16 0 } | u32 m | m x { u32 count | 8 x { u16 size | u8 value[64] } }; what is
 *        not used is zeros; values in the order of the selections, eight a block
 * Return: 0, -EBADMSG with @diag; also when a byte differs from what ima_quote_pcrs_write() makes of the same values
 */
ima_must_check int ima_quote_pcrs_parse(struct ima_bytes blob, struct ima_pcrs *ret, struct ima_diag *diag);

struct ima_buffer; /* src/base/buffer.h; opaque to users of the installed library */

/** ima_quote_pcrs_write() - append that form of every known value of @pcrs. -ENOMEM, -ENOENT a bank that no TPM has */
ima_must_check int ima_quote_pcrs_write(struct ima_buffer *out, const struct ima_pcrs *pcrs);

/** struct ima_ak - the public half of an attestation key */
struct ima_ak;

/**
 * ima_ak_parse() - TPM2B_PUBLIC, TPMT_PUBLIC, a public key (PEM or DER), or an X.509 certificate (PEM or DER)
 * Return: 0, -EBADMSG none of them, -ENOPKG a kind of key that is not supported (RSA and P-256, P-384, P-521 are), -ENOMEM; with @diag
 */
ima_must_check int ima_ak_parse(struct ima_bytes in, struct ima_ak **ret, struct ima_diag *diag);
struct ima_ak *ima_ak_free(struct ima_ak *k);

/** ima_ak_name() - the TPM's name of the key: be16 algorithm, digest; empty when only the bare key is known */
struct ima_bytes ima_ak_name(const struct ima_ak *k);

/** ima_ak_is_same_key() - do both hold the same public key, whatever form it came in? */
bool ima_ak_is_same_key(const struct ima_ak *a, const struct ima_ak *b);

/** ima_ak_is_restricted() - a key that signs nothing but what its TPM made, and never leaves it; false as well when that is not known */
bool ima_ak_is_restricted(const struct ima_ak *k);
const char *ima_ak_algorithm(const struct ima_ak *k); /* "rsa2048", "prime256v1", ... */
unsigned int ima_ak_bits(const struct ima_ak *k);
bool ima_ak_is_rsa(const struct ima_ak *k);

/** ima_ak_fingerprint() - sha256 of the public key in DER, in hex */
void ima_ak_fingerprint(const struct ima_ak *k, char ret[65]);

/** enum ima_quote_verdict - zero is never good */
enum ima_quote_verdict { IMA_QUOTE_UNCHECKED = 0, IMA_QUOTE_GOOD, IMA_QUOTE_BAD, IMA_QUOTE__LAST };

/**
 * ima_ak_verify() - is @signature (TPMT_SIGNATURE) this key's signature of @attest?
 * @ret_algo: hash algorithm of the signature; may be NULL
 * @diag: why not
 */
enum ima_quote_verdict ima_ak_verify(const struct ima_ak *k, struct ima_bytes attest, struct ima_bytes signature,
				     enum ima_hash_algo *ret_algo, struct ima_diag *diag);

#ifdef __cplusplus
}
#endif
