/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that were opened for writing and whose label follows their content when the last writer is gone. Thread-safe.
 * A file is known by device, inode and birth time; one without a birth time is not remembered.
 */
#pragma once

#include "core/monitor/monitor.h"

struct ima_rewrites;

ima_must_check int ima_rewrites_new(struct ima_rewrites **ret); /* -ENOMEM */
struct ima_rewrites *ima_rewrites_free(struct ima_rewrites *s);

/** enum ima_rewrite - what is known of a file that is being written to */
enum ima_rewrite {
	IMA_REWRITE_NONE = 0,
	IMA_REWRITE_LABEL, /* its label was good when it was opened */
	IMA_REWRITE_NEW,   /* it was made then */
};

/** ima_rewrites_note() - a new file stays new. -ENOMEM, -ENOSPC */
ima_must_check int ima_rewrites_note(struct ima_rewrites *s, const struct ima_file_event *ev,
				     enum ima_rewrite what);
enum ima_rewrite ima_rewrites_find(struct ima_rewrites *s, const struct ima_file_event *ev);

/** ima_rewrites_take() - find and forget */
enum ima_rewrite ima_rewrites_take(struct ima_rewrites *s, const struct ima_file_event *ev);
void ima_rewrites_forget(struct ima_rewrites *s);
