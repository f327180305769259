/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was found of files before: one that has not changed since, used in the same way by the same user, need not be hashed again, and
 * on the same mount the rules need not be asked again. Known by device, inode, size and ctime; a change through a shared mapping moves
 * the ctime as soon as its page is first written to. What else rules may ask for belongs to the file system (magic, UUID, name), and the
 * mount tells which that is; labels of a security module do not: where rules name them only IMA_TRACE_CONTENT may be asked for.
 * Thread-safe.
 */
#pragma once

#include <sys/stat.h>

#include "core/monitor/monitor.h"

struct ima_trace_cache;

enum ima_trace_known {
	IMA_TRACE_CONTENT = 0, /* the content was measured for such a use, wherever the file was found */
	IMA_TRACE_MEASURED,    /* the same, and on this mount some rule wants it */
	IMA_TRACE_UNWANTED,    /* no rule wants such a use on this mount */
};

ima_must_check int ima_trace_cache_new(uint64_t settle_ms, struct ima_trace_cache **ret); /* -ENOMEM */
struct ima_trace_cache *ima_trace_cache_free(struct ima_trace_cache *c);

/**
 * ima_trace_cache_has() - is @what known of the file?
 * @mount: id of the mount that it was found on; not looked at for IMA_TRACE_CONTENT
 * @ev: checks and the user's facts are looked at
 */
bool ima_trace_cache_has(struct ima_trace_cache *c, enum ima_trace_known what, const struct stat *st, uint64_t mount,
			 const struct ima_file_event *ev);

/** ima_trace_cache_add() - not for a file that changed so lately that another change could look the same; without memory: not kept */
void ima_trace_cache_add(struct ima_trace_cache *c, enum ima_trace_known what, const struct stat *st, uint64_t mount,
			 const struct ima_file_event *ev);
