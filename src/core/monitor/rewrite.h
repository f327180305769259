/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that were opened for writing and whose label follows their content when the last writer is gone. Thread-safe.
 * A file is known by device, inode and birth time; one without a birth time is not remembered.
 */
#pragma once

#include <pthread.h>

#include "core/monitor/monitor.h"

/** enum ima_rewrite - what is known of a file that is being written to */
enum ima_rewrite {
	IMA_REWRITE_NONE = 0,
	IMA_REWRITE_LABEL, /* its label was good when it was opened */
	IMA_REWRITE_NEW,   /* it was made then */
};

#define IMA_REWRITE_SLOTS 65536

/** struct ima_rewrite_slot - zeroed memory is empty */
struct ima_rewrite_slot {
	uint64_t dev, ino, birth_ns;
	uint32_t what; /* enum ima_rewrite, or a place that was used once */
	uint32_t pad;
};

/** struct ima_rewrite_table - @n: filled places, or a few more after somebody died */
struct ima_rewrite_table {
	uint64_t n;
	struct ima_rewrite_slot slots[IMA_REWRITE_SLOTS];
};

struct ima_rewrites {
	pthread_mutex_t lock;
	struct ima_rewrite_table *t; /* borrowed; what is in it already counts */
};

void ima_rewrites_init(struct ima_rewrites *s, struct ima_rewrite_table *t);
void ima_rewrites_done(struct ima_rewrites *s);

/** ima_rewrites_note() - a new file stays new. -ENOSPC */
ima_must_check int ima_rewrites_note(struct ima_rewrites *s, const struct ima_file_event *ev,
				     enum ima_rewrite what);
enum ima_rewrite ima_rewrites_find(struct ima_rewrites *s, const struct ima_file_event *ev);

/** ima_rewrites_take() - find and forget */
enum ima_rewrite ima_rewrites_take(struct ima_rewrites *s, const struct ima_file_event *ev);

/** ima_rewrites_forget() - the files of devices that are no longer there */
void ima_rewrites_forget(struct ima_rewrites *s, ima_device_fn *is_there, void *user);
