/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A secret of a few bytes that one TPM alone opens, and only while chosen PCRs have the values of when it was sealed. As text:
 *
 *   imad-sealed-key 1
 *   pcrs sha256:0,7                    or "pcrs -": whatever the PCRs are
 *   public HEX                         TPM2B_PUBLIC of the sealed object
 *   private HEX                        TPM2B_PRIVATE: only the TPM that made it can read it
 *
 * Source: docs/FORMATS.md "Sealed keys"; TPM 2.0 Library, part 2 for the two structures.
 */
#pragma once

#include <ima/pcr.h>

#include "base/buffer.h"

#define IMA_SEALED_MAX_SECRET 128 /* bytes, what every TPM takes */
#define IMA_SEALED_MAX_PART 1024  /* bytes of each structure */
#define IMA_SEALED_MAX_TEXT 8192

/** struct ima_sealed - the file's content */
struct ima_sealed {
	uint32_t pcrs; /* bitmap; 0: none */
	enum ima_hash_algo bank; /* where there are some */
	uint8_t public_part[IMA_SEALED_MAX_PART], private_part[IMA_SEALED_MAX_PART];
	size_t public_len, private_len;
};

/** ima_sealed_is() - the text begins as a sealed key does */
bool ima_sealed_is(struct ima_bytes text);

/** ima_sealed_parse() - -EBADMSG with the line in @diag */
ima_must_check int ima_sealed_parse(struct ima_bytes text, struct ima_sealed *ret, struct ima_diag *diag);

/** ima_sealed_print() - append the text. -ENOMEM */
ima_must_check int ima_sealed_print(const struct ima_sealed *s, struct ima_buffer *out);

/** ima_sealed_pcrs_parse() - "7", "0,2,7" or "sha384:7" (default sha256), or "-". -EINVAL */
ima_must_check int ima_sealed_pcrs_parse(const char *text, struct ima_sealed *ret);

struct ima_tpm;

/**
 * ima_tpm_seal() - under the storage key of the owner hierarchy; @s->pcrs and @s->bank are the caller's, the parts are filled
 * Nothing stays in the TPM. The secret crosses the bus encrypted.
 * Return: 0, -EINVAL empty or too long, -EOPNOTSUPP this TPM keeps no secret, -EIO with @diag
 */
ima_must_check int ima_tpm_seal(struct ima_tpm *t, struct ima_bytes secret, struct ima_sealed *s, struct ima_diag *diag);

/**
 * ima_tpm_unseal() - @ret: room for IMA_SEALED_MAX_SECRET bytes
 * Return: 0, -EACCES the PCRs have other values now, -EKEYREJECTED of another TPM or damaged, -EOPNOTSUPP, -EIO with @diag
 */
ima_must_check int ima_tpm_unseal(struct ima_tpm *t, const struct ima_sealed *s, uint8_t ret[static IMA_SEALED_MAX_SECRET],
				  size_t *ret_len, struct ima_diag *diag);
