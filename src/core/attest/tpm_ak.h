/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attestation keys in a TPM, and quotes by them. Keys are children of the endorsement key and live as blobs with their owner; nothing stays
 * in the TPM but, at its reserved handle, the endorsement key.
 */
#pragma once

#include <ima/quote.h>

#include "base/buffer.h"
#include "core/pcr/tpm.h"

enum ima_ak_kind { IMA_AK_RSA2048 = 0, IMA_AK_P256, IMA_AK__LAST };

/** struct ima_ak_blobs - TPM2B_PUBLIC and TPM2B_PRIVATE; the private one is of use in its own TPM only */
struct ima_ak_blobs {
	struct ima_buffer pub, priv;
};
void ima_ak_blobs_done(struct ima_ak_blobs *b);

/** ima_tpm_ek() - TPM2B_PUBLIC of the RSA-2048 endorsement key and its certificate from NV, left empty when there is none. -EIO with @diag, -ENOMEM */
ima_must_check int ima_tpm_ek(struct ima_tpm *t, struct ima_buffer *ret_public, struct ima_buffer *ret_cert,
			      struct ima_diag *diag);

/** ima_tpm_ak_create() - a new restricted signing key below the endorsement key. -EIO with @diag, -ENOMEM */
ima_must_check int ima_tpm_ak_create(struct ima_tpm *t, enum ima_ak_kind kind, struct ima_ak_blobs *ret,
				     struct ima_diag *diag);

/**
 * ima_tpm_ak_activate() - give back the secret of a challenge (ima_credential_make())
 * Return: 0, -EBADMSG damaged challenge, -EKEYREJECTED not made for this TPM and key, -EIO; with @diag
 */
ima_must_check int ima_tpm_ak_activate(struct ima_tpm *t, const struct ima_ak_blobs *ak, struct ima_bytes challenge,
				       struct ima_buffer *ret_secret, struct ima_diag *diag);

/** struct ima_quote_want - PCRs of which bank, the verifier's nonce */
struct ima_quote_want {
	struct ima_bytes nonce; /* at most IMA_QUOTE_NONCE_MAX bytes */
	enum ima_hash_algo bank;
	uint32_t mask;
};

/** struct ima_quote_parts - TPMS_ATTEST, TPMT_SIGNATURE, and the values that the quote is about */
struct ima_quote_parts {
	struct ima_buffer attest, signature;
	struct ima_pcrs pcrs;
};
void ima_quote_parts_done(struct ima_quote_parts *p);

/**
 * ima_tpm_quote() - a quote, and the values it was made over: when a PCR moves in between, it is made again
 * Return: 0, -EAGAIN the PCRs never stood still, -ENODEV no such bank, -EKEYREJECTED a key of another TPM, -EIO; with @diag
 */
ima_must_check int ima_tpm_quote(struct ima_tpm *t, struct ima_hasher *h, const struct ima_ak_blobs *ak,
				 const struct ima_quote_want *want, struct ima_quote_parts *ret, struct ima_diag *diag);
