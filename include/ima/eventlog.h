/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCG firmware event logs (TPM 1.2 and crypto-agile) and the boot aggregate.
 */
#pragma once

#include <ima/digest.h>
#include <ima/pcr.h>
#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct ima_tcg_event - one firmware event, views into the log */
struct ima_tcg_event {
	uint64_t offset; /* of the event in the log, bytes */
	uint32_t pcr;
	uint32_t type;
	size_t n_digests;
	struct {
		uint16_t tpm_alg;
		struct ima_bytes digest;
	} digests[IMA_PCR_MAX_BANKS];
	struct ima_bytes data;
};

/** struct ima_eventlog - a parsed log; borrows the bytes it was opened on */
struct ima_eventlog;

/** ima_eventlog_open() - reads the header event and finds the format. -EBADMSG with @diag, -ENOMEM */
ima_must_check int ima_eventlog_open(struct ima_bytes log, struct ima_eventlog **ret,
				     struct ima_diag *diag);
struct ima_eventlog *ima_eventlog_free(struct ima_eventlog *l);
bool ima_eventlog_is_crypto_agile(const struct ima_eventlog *l);

/** ima_eventlog_next() - 1 event, 0 end, -EBADMSG with @diag. The Spec ID event of a crypto-agile log is returned first. */
ima_must_check int ima_eventlog_next(struct ima_eventlog *l, struct ima_tcg_event *ret,
				     struct ima_diag *diag);

/** ima_eventlog_type_name() - "EV_S_CRTM_VERSION"; NULL when unknown */
const char *ima_eventlog_type_name(uint32_t type);

/** ima_eventlog_replay() - the PCR values that the log leads to, in every bank it carries and the hasher offers */
ima_must_check int ima_eventlog_replay(struct ima_hasher *h, struct ima_bytes log,
				       struct ima_pcrs *ret, struct ima_diag *diag);

/**
 * ima_boot_aggregate() - the aggregate of one bank: PCR 0-7 for sha1, 0-9 for any other
 * Return: 0, -ENODATA when the bank or one of its PCRs is missing
 */
ima_must_check int ima_boot_aggregate(struct ima_hasher *h, const struct ima_pcrs *pcrs,
				      enum ima_hash_algo algo, struct ima_digest *ret);

/**
 * ima_boot_aggregate_choose() - the kernel's choice: bank of @default_algo, else sha256, else sha1, else zeros of @default_algo
 * @pcrs: values, no bank at all means "no TPM". PCRs that are not known count as zeros.
 */
ima_must_check int ima_boot_aggregate_choose(struct ima_hasher *h, const struct ima_pcrs *pcrs,
					     enum ima_hash_algo default_algo,
					     struct ima_digest *ret);

#ifdef __cplusplus
}
#endif
