/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was measured before: a file that has not changed since, used in the same way by the same user, need not be hashed again.
 * Known by device, inode, size and ctime; a change through a shared mapping moves the ctime as soon as its page is first written to.
 * Thread-safe.
 */
#pragma once

#include <sys/stat.h>

#include "core/monitor/monitor.h"

struct ima_trace_cache;

ima_must_check int ima_trace_cache_new(uint64_t settle_ms, struct ima_trace_cache **ret); /* -ENOMEM */
struct ima_trace_cache *ima_trace_cache_free(struct ima_trace_cache *c);

bool ima_trace_cache_has(struct ima_trace_cache *c, const struct stat *st, const struct ima_file_event *ev);

/** ima_trace_cache_add() - not for a file that changed so lately that another change could look the same; without memory: not kept */
void ima_trace_cache_add(struct ima_trace_cache *c, const struct stat *st, const struct ima_file_event *ev);
