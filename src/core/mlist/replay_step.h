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
