/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The live list. Append-only: no record changes after it is written; the record is written first, then the PCR is extended,
 * both under one lock. Records stay in the journal; memory holds the digests that tell duplicates apart.
 */
#pragma once

#include "core/mlist/journal.h"

struct ima_mlist;

/** struct ima_mlist_ops - the edges: where a record is written and what extends the PCR; called under the list's lock */
struct ima_mlist_ops {
	/* one whole record or nothing; -errno leaves the journal as it was */
	int (*write)(void *user, struct ima_bytes record);
	/* @slots: template digest of each slot, or 0xff for a violation. An error is counted and kept, the entry stays */
	int (*extend)(void *user, uint32_t pcr, const struct ima_digest *slots, size_t n_slots);
	void *user;
};

struct ima_mlist_opts {
	struct ima_journal_head head;
	struct ima_mlist_ops ops;
	bool no_dedup; /* list every measurement, as CONFIG_IMA_DISABLE_HTABLE */
};

enum ima_mlist_result { IMA_MLIST_NONE = 0, IMA_MLIST_ADDED, IMA_MLIST_EXISTS };

/** struct ima_mlist_stats - entries: in the list now; the others since the journal began, except tpm_errors: since this object was made */
struct ima_mlist_stats {
	uint64_t entries;
	uint64_t restored;   /* entries of the list before a kexec, while they are in the list */
	uint64_t deleted;    /* records that were taken off the list */
	uint64_t violations;
	uint64_t gaps;
	uint64_t last_event;
	uint64_t tpm_errors;
};

/** struct ima_mlist_entry - what to add; borrowed for the call */
struct ima_mlist_entry {
	const struct ima_template *templ;
	const struct ima_template_in *in; /* in->violation decides the kind */
	uint32_t pcr;
	uint32_t flags;     /* IMA_JOURNAL_GAP */
	uint64_t event;     /* number of the event, 0: none */
};

ima_must_check int ima_mlist_new(const struct ima_mlist_opts *opts, struct ima_mlist **ret);
struct ima_mlist *ima_mlist_free(struct ima_mlist *l);

/** ima_mlist_load() - take over a record that already stands in the journal; neither written nor extended */
ima_must_check int ima_mlist_load(struct ima_mlist *l, const struct ima_journal_record *rec);

/**
 * ima_mlist_add() - add one entry
 * @h: hasher of the calling thread
 * @ret_tpm_error: 0, or what extending returned; may be NULL
 *
 * A violation whose event number already has a violation record (the event is handled again after a restart) is EXISTS.
 * Return: 0, -EINVAL a field cannot be made, -ENOMEM, errors of ima_hash_parts() and of ops.write
 */
ima_must_check int ima_mlist_add(struct ima_mlist *l, struct ima_hasher *h,
				 const struct ima_mlist_entry *e, enum ima_mlist_result *ret,
				 int *ret_tpm_error);

/** ima_mlist_knows_content() - has a file with this digest been listed, under any name? */
bool ima_mlist_knows_content(struct ima_mlist *l, const struct ima_digest *d);

/**
 * ima_mlist_restore_record() - the journal form of a record of the list before a kexec, appended to @out
 * Digests are computed anew from the record's data; a violation stays one.
 * Return: 0, -EPROTONOSUPPORT a record that no kernel restores, -EBADMSG its own digest is wrong, -ENOMEM, -EIO
 */
ima_must_check int ima_mlist_restore_record(const struct ima_mlist *l, struct ima_hasher *h,
					    const struct ima_record *rec, const struct ima_template *t,
					    struct ima_buffer *out);

/** ima_mlist_load_key() - a record that was deleted from the journal: only its digest is known, and keeps duplicates out */
ima_must_check int ima_mlist_load_key(struct ima_mlist *l, uint32_t pcr, struct ima_bytes key);

/** ima_mlist_load_deleted() - counters of records that were deleted before this object was made */
void ima_mlist_load_deleted(struct ima_mlist *l, uint64_t n, uint64_t violations, uint64_t last_event);

/** ima_mlist_forget() - what is listed already may be listed again. -ENOMEM: nothing is forgotten */
ima_must_check int ima_mlist_forget(struct ima_mlist *l);

/** ima_mlist_deleted() - @n of the entries were taken off the journal; their digests go on keeping duplicates out */
void ima_mlist_deleted(struct ima_mlist *l, uint64_t n);

struct ima_mlist_stats ima_mlist_stats(struct ima_mlist *l);
