/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One record on its way through a replay: digests are made from the record alone, in any order and on any thread; extending
 * goes record by record.
 */
#pragma once

#include <ima/replay.h>

/** struct ima_replay_step - what extending needs to know of one record */
struct ima_replay_step {
	uint32_t pcr;
	bool violation;
	bool bad;       /* its digest does not match its data */
	bool unhashed;  /* its data cannot have been made by its template: no digest at all */
	enum ima_hash_algo own_algo; /* of its own digest; IMA_HASH__LAST: padded sha1 */
	uint64_t position;
	uint8_t digest[IMA_PCR_MAX_BANKS][IMA_DIGEST_MAX];
	uint8_t sha1[20]; /* for banks that a kernel extends with padded sha1 */
};

/** ima_replay_digests() - reads @r only, so that threads with a hasher each may call it at once. 0, -EIO */
ima_must_check int ima_replay_digests(const struct ima_replay *r, struct ima_hasher *h,
				      const struct ima_record *rec, const struct ima_template *t,
				      enum ima_hash_algo digest_algo, uint64_t position,
				      struct ima_replay_step *ret);

/** ima_replay_extend() - the next record of the list, in its order. 0, -EIO */
ima_must_check int ima_replay_extend(struct ima_replay *r, struct ima_hasher *h,
				     const struct ima_replay_step *step);

/** struct ima_replay_mark - what a visitor found out of a record, handed from the thread that judged it to the one that takes it */
struct ima_replay_mark {
	uint64_t word[2];
};

#define IMA_REPLAY_AHEAD 16

/** struct ima_replay_visitor - somebody who looks at the records of a list while it is replayed; each may be NULL */
struct ima_replay_visitor {
	/* any thread, any order: up to IMA_REPLAY_AHEAD records that recall() is asked about next; what it likes to know again stands in @marks */
	void (*foresee)(void *user, const struct ima_record *recs, size_t n, struct ima_replay_mark *marks);
	/* any thread, any order: 1 @step (but for its position) and @mark are filled from memory, 0 not known */
	int (*recall)(void *user, const struct ima_record *rec, const struct ima_template *t, struct ima_replay_step *step,
		      struct ima_replay_mark *mark);
	/* any thread, any order, after the digests are made: 0, or -errno that ends the replay */
	int (*judge)(void *user, struct ima_hasher *h, const struct ima_record *rec, const struct ima_template *t,
		     const struct ima_replay_step *step, struct ima_replay_mark *mark);
	/* one thread, the list's order, after the PCRs are extended */
	int (*take)(void *user, const struct ima_record *rec, const struct ima_template *t, const struct ima_replay_step *step,
		    const struct ima_replay_mark *mark);
	void *user;
};

/** struct ima_replay_run - a whole list with somebody looking on */
struct ima_replay_run {
	struct ima_list_reader *in;     /* borrowed */
	const struct ima_pcrs *targets; /* as for ima_replay_new() */
	const struct ima_pcrs *start;   /* values before the first record; NULL: zeros */
	unsigned int n_threads;         /* as in struct ima_replay_opts */
	struct ima_hasher *h;           /* of the calling thread; NULL: one is made */
	const struct ima_replay_visitor *visitor;
};

/** ima_replay_run() - as ima_replay_fd() */
ima_must_check int ima_replay_run(const struct ima_replay_run *run, struct ima_replay_result *ret, struct ima_diag *diag);

/** ima_replay_start() - before the first record: PCRs do not begin at zero. Banks that are not computed are left out */
void ima_replay_start(struct ima_replay *r, const struct ima_pcrs *start);
