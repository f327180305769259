/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCR values: banks, extend arithmetic, sets of values read from files, replay of a list into them.
 */
#pragma once

#include <ima/digest.h>
#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMA_PCR_COUNT 24
#define IMA_PCR_DEFAULT 10
#define IMA_PCR_MAX_BANKS 8

/** struct ima_pcr_bank - one bank; @known is a bitmap of the PCRs whose value is set */
struct ima_pcr_bank {
	enum ima_hash_algo algo;
	uint32_t known;
	uint8_t value[IMA_PCR_COUNT][IMA_DIGEST_MAX]; /* the first ima_hash_len(algo) bytes count */
};

/** struct ima_pcrs - values in several banks; open, copied, zeroed means "no bank" */
struct ima_pcrs {
	size_t n_banks;
	struct ima_pcr_bank banks[IMA_PCR_MAX_BANKS];
};

/** ima_pcrs_bank() - the bank of @algo, NULL when absent */
struct ima_pcr_bank *ima_pcrs_bank(struct ima_pcrs *p, enum ima_hash_algo algo);
const struct ima_pcr_bank *ima_pcrs_bank_const(const struct ima_pcrs *p, enum ima_hash_algo algo);

/** ima_pcrs_add_bank() - add (or find) a bank, all values unknown. -ENOSPC */
ima_must_check int ima_pcrs_add_bank(struct ima_pcrs *p, enum ima_hash_algo algo,
				     struct ima_pcr_bank **ret);

/**
 * ima_pcr_extend() - value := H(value | digest), in place
 * @digest: exactly ima_hash_len(bank->algo) bytes
 * Return: 0, -ERANGE bad index, -EINVAL wrong digest length, errors of ima_hash_parts()
 */
ima_must_check int ima_pcr_extend(struct ima_hasher *h, struct ima_pcr_bank *bank,
				  unsigned int index, struct ima_bytes digest);

/**
 * ima_pcrs_parse() - values from text: lines "BANK INDEX HEX", evmctl's "PCR-NN: HEX", or tpm2_pcrread output
 * @default_algo: bank of evmctl's form, whose lines name none
 * Return: 0, -EINVAL with @diag (line, column), -ENODATA when no value was found
 */
ima_must_check int ima_pcrs_parse(struct ima_bytes text, enum ima_hash_algo default_algo,
				  struct ima_pcrs *ret, struct ima_diag *diag);

#ifdef __cplusplus
}
#endif
