/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * List files made from the journal. One index for all of them: where each record stands in the journal and, for each kind of
 * file that somebody read, where its text or binary form ends. Records are rendered when they are read.
 */
#pragma once

#include "base/buffer.h"
#include "core/mlist/journal.h"

#define IMA_VIEW_MAX_KINDS (2 * IMA_JOURNAL_MAX_SLOTS)

struct ima_view_lists;

enum ima_view_part { IMA_VIEW_CURRENT = 0, IMA_VIEW_STAGED };

/** ima_view_lists_new() - @fd: the journal at @path, taken on success; @path is borrowed. -EBADMSG, errno with @diag */
ima_must_check int ima_view_lists_new(int fd, const char *path, struct ima_view_lists **ret, struct ima_diag *diag);
struct ima_view_lists *ima_view_lists_free(struct ima_view_lists *l);

const struct ima_journal_head *ima_view_lists_head(const struct ima_view_lists *l);

/** ima_view_lists_refresh() - take in what was appended. 0 or -errno; records before a damaged one stay readable */
ima_must_check int ima_view_lists_refresh(struct ima_view_lists *l);

uint64_t ima_view_lists_count(const struct ima_view_lists *l);
uint64_t ima_view_lists_violations(const struct ima_view_lists *l);

/**
 * ima_view_lists_read() - bytes of a list file
 * @slot: index of the digest; @text: ascii form; @part: records that are staged to be deleted, or those after them
 * @out: emptied and filled with at most @size bytes from @offset; nothing at the end
 */
ima_must_check int ima_view_lists_read(struct ima_view_lists *l, size_t slot, bool text,
				       enum ima_view_part part, uint64_t offset, size_t size, struct ima_buffer *out);
