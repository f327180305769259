/* SPDX-License-Identifier: BSD-2-Clause */
/* Attestation keys, besides the public calls: chains of certificates, and challenges that only the right TPM can answer. */
#pragma once

#include <ima/quote.h>

/** ima_ak_source() - the bytes that it was made of; the same bytes make the same key, name and attributes */
struct ima_bytes ima_ak_source(const struct ima_ak *k);

/** struct ima_ak_chain - certificates that are trusted to vouch for endorsement and attestation keys. Readers in parallel */
struct ima_ak_chain;

ima_must_check int ima_ak_chain_new(struct ima_ak_chain **ret);
struct ima_ak_chain *ima_ak_chain_free(struct ima_ak_chain *c);
size_t ima_ak_chain_n(const struct ima_ak_chain *c); /* NULL: 0 */

/** ima_ak_chain_add() - one certificate in DER, or any number in PEM: roots, or those on the way. -EBADMSG with @diag, -ENOMEM */
ima_must_check int ima_ak_chain_add(struct ima_ak_chain *c, struct ima_bytes certs, struct ima_diag *diag);

/** ima_ak_chain_verify() - does a chain lead from @k's certificate to one of these? @diag: why not */
enum ima_quote_verdict ima_ak_chain_verify(const struct ima_ak_chain *c, const struct ima_ak *k, struct ima_diag *diag);

/** ima_ak_pem() - append the public key as PEM. -ENOMEM */
ima_must_check int ima_ak_pem(const struct ima_ak *k, struct ima_buffer *out);

#define IMA_CREDENTIAL_LEN 32 /* bytes of a challenge's secret */

/**
 * ima_credential_make() - wrap @secret so that only a TPM that holds both keys gives it back (TPM2_MakeCredential in software)
 * @ek_public: TPM2B_PUBLIC of the endorsement key: RSA or P-256, storage key of AES in CFB
 * @ak_name: as ima_ak_name()
 * @out: appended: be32 0xbadcc0de, be32 1, TPM2B_ID_OBJECT, TPM2B_ENCRYPTED_SECRET, as tpm2_makecredential(1) writes it
 * Return: 0, -EBADMSG no endorsement key, -ENOPKG a kind that is not supported, -ENOMEM, -EIO
 */
ima_must_check int ima_credential_make(struct ima_bytes ek_public, struct ima_bytes ak_name,
				       const uint8_t secret[static IMA_CREDENTIAL_LEN], struct ima_buffer *out);

/** ima_credential_random() - a fresh secret, or nonce. -EIO */
ima_must_check int ima_credential_random(uint8_t *ret, size_t len);

/** ima_credential_is_same() - compared in fixed time */
bool ima_credential_is_same(const uint8_t a[static IMA_CREDENTIAL_LEN], const uint8_t b[static IMA_CREDENTIAL_LEN]);
