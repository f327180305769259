/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replay: does a list lead to the values that a TPM reports? Every template digest is recomputed, every PCR that the list
 * uses is extended in every wanted bank.
 */
#pragma once

#include <ima/mlist.h>
#include <ima/pcr.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct ima_replay_pcr - one PCR in one bank; counts are of records of the whole list */
struct ima_replay_pcr {
	enum ima_hash_algo algo;
	unsigned int pcr;
	bool used;           /* the list has a record for this PCR */
	bool has_target;     /* a value to compare with was given */
	bool matched;        /* some prefix of the list leads to the target */
	bool padded;         /* it does when the bank is extended with zero-padded sha1 digests, as a kernel without the algorithm does */
	uint64_t matched_at; /* records in the longest prefix that does */
	struct ima_digest value; /* after the whole list */
};

#define IMA_REPLAY_MAX (IMA_PCR_MAX_BANKS * IMA_PCR_COUNT)

/** struct ima_replay_result - what was found */
struct ima_replay_result {
	uint64_t n_records;
	uint64_t n_violations;
	uint64_t n_bad_digests;     /* template digest does not match its data */
	uint64_t first_bad;         /* 1-based number of the first such record, 0: none */
	uint64_t first_bad_position; /* its line or byte offset */
	uint64_t n_deleted;         /* records that a journal says were deleted before its first one */
	uint64_t n_foreign_pcr;     /* records for a PCR above 23: checked, not extended */
	uint32_t uncomputable;      /* bitmap of enum ima_hash_algo: banks of the targets that this machine cannot compute */
	enum ima_hash_algo own_algo; /* algorithm of the list's own template digests; IMA_HASH__LAST: padded sha1, or unknown */
	size_t n_pcrs;
	struct ima_replay_pcr pcrs[IMA_REPLAY_MAX]; /* every (bank, PCR) that is used or has a target */
};

struct ima_replay;

/**
 * ima_replay_new() - @h is borrowed
 * @targets: values to reach; their banks are computed. NULL or without a bank: sha1 and sha256 are computed
 */
ima_must_check int ima_replay_new(struct ima_hasher *h, const struct ima_pcrs *targets,
				  struct ima_replay **ret);
struct ima_replay *ima_replay_free(struct ima_replay *r);

/** ima_replay_accept_padded() - before the first record: sha256 may be extended with padded sha1 as well, as kernels before 5.8 do */
void ima_replay_accept_padded(struct ima_replay *r);

/**
 * ima_replay_add() - the next record
 * @digest_algo: algorithm of the record's own template digest; another one of the same size is found out by the first record
 * @position: line or byte offset, for the report
 * Return: 0 also when the digest is wrong (counted), -EIO
 */
ima_must_check int ima_replay_add(struct ima_replay *r, const struct ima_record *rec,
				  const struct ima_template *t, enum ima_hash_algo digest_algo,
				  uint64_t position);

/** ima_replay_finish() - the result so far; more records may follow */
void ima_replay_finish(const struct ima_replay *r, struct ima_replay_result *ret);

#define IMA_REPLAY_MAX_THREADS 16

/** struct ima_replay_opts - how a whole list is replayed; zeroed: the defaults */
struct ima_replay_opts {
	struct ima_list_reader_opts reader;
	const struct ima_pcrs *targets; /* as for ima_replay_new(); borrowed */
	unsigned int n_threads;         /* 0: one a processor, at most IMA_REPLAY_MAX_THREADS; 1: the caller's only */
	uint8_t reserved[12];           /* zero */
};

/**
 * ima_replay_fd() - read a whole list and replay it; the result does not depend on the number of threads
 * @ret: filled on -EBADMSG as well: what the records before the damaged one lead to
 * Return: 0, -EINVAL reserved not zero, -ENOMEM, errors of the reader, with @diag
 */
ima_must_check int ima_replay_fd(int fd, const struct ima_replay_opts *opts,
				 struct ima_replay_result *ret, struct ima_diag *diag);

#ifdef __cplusplus
}
#endif
