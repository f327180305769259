/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands for deleted records in a journal. It is smaller than they were: where the next record is, how many
 * there were, and of each its PCR and its digests, which tell duplicates apart and bring a TPM that lost its PCRs back to where
 * the list is. It stands where the first of them stood:
 *
 *   u32 0xfffffffe | u32 bytes of all this | u64 offset of the next record | u64 deleted | u64 deleted violations
 *   | u64 highest event number | u32 bytes of a stub | deleted x stub { u32 pcr | u32 flags | digests, in header order }
 *
 * and the rest of the space, up to the next record, is given back to the file system.
 */
#pragma once

#include "core/mlist/journal.h"

#define IMA_JOURNAL_DELETED 0xfffffffeU
#define IMA_JOURNAL_BASE_HEAD 44
#define IMA_JOURNAL_BASE_MAX (1U << 30) /* bytes of all stubs: some millions of records */

/** struct ima_journal_base - what stands for deleted records; a view into the reader's buffer or the caller's bytes */
struct ima_journal_base {
	uint64_t next;       /* file offset of the first record that is left */
	uint64_t deleted, violations, last_event;
	struct ima_bytes stubs;
};

/** ima_journal_base_parse() - @raw: from the marker on, at least as long as it says. -EBADMSG */
ima_must_check int ima_journal_base_parse(const struct ima_journal_head *head, struct ima_bytes raw,
					  struct ima_journal_base *ret);

#define IMA_JOURNAL_PEEK 24 /* bytes that ima_journal_base_peek() looks at */

/** ima_journal_base_peek() - does @raw begin with what is left of deleted records? Where the next record is, and how many are gone */
bool ima_journal_base_peek(struct ima_bytes raw, uint64_t *ret_next, uint64_t *ret_deleted);

/** ima_journal_base_stub() - stub @i as a record that has only flags, rec.pcr and the slots' digests; views into the base */
void ima_journal_base_stub(const struct ima_journal_head *head, const struct ima_journal_base *b, uint64_t i,
			   struct ima_journal_record *ret);

/** ima_journal_base_stub_len() - bytes that are kept of one record */
size_t ima_journal_base_stub_len(const struct ima_journal_head *head);
