/* SPDX-License-Identifier: BSD-2-Clause */
/* A TPM's public area as bytes: what the key's owner files need of it. */
#pragma once

#include <ima/quote.h>

enum {
	IMA_TPMA_FIXED_TPM = 1U << 1,
	IMA_TPMA_FIXED_PARENT = 1U << 4,
	IMA_TPMA_SENSITIVE_ORIGIN = 1U << 5,
	IMA_TPMA_RESTRICTED = 1U << 16,
	IMA_TPMA_DECRYPT = 1U << 17,
	IMA_TPMA_SIGN = 1U << 18,
};

#define IMA_TPM_ALG_RSA 0x0001
#define IMA_TPM_ALG_ECC 0x0023

/** struct ima_tpm_public - views into the TPMT_PUBLIC */
struct ima_tpm_public {
	struct ima_bytes area; /* the TPMT_PUBLIC itself */
	uint16_t type;
	uint16_t name_alg;
	uint32_t attributes;
	uint16_t symmetric;    /* 0x0010: none; of a storage key AES */
	uint16_t symmetric_bits;
	uint16_t key_bits;     /* RSA */
	uint32_t exponent;     /* RSA; 65537 when the area says 0 */
	uint16_t curve;        /* ECC: 3 P-256, 4 P-384, 5 P-521 */
	struct ima_bytes x, y; /* RSA: x is the modulus */
};

/** ima_tpm_public_parse() - a TPM2B_PUBLIC or a bare TPMT_PUBLIC, of RSA or ECC; nothing may follow. -EBADMSG, -ENOPKG another type */
ima_must_check int ima_tpm_public_parse(struct ima_bytes in, struct ima_tpm_public *ret);
