/* SPDX-License-Identifier: BSD-2-Clause */
/* A file as it was found: what stat says, and on which mount. */
#pragma once

#include <sys/stat.h>

#include <ima/types.h>

/**
 * struct ima_trace_stat
 * @st: device, inode, mode, links, owner, size, mtime and ctime; the rest is 0
 * @mount: its id, as in mountinfo; 0: the kernel does not tell
 */
struct ima_trace_stat {
	struct stat st;
	uint64_t mount;
};

/** ima_trace_stat() - of @name below @dir, links followed; "": of the descriptor @dir itself. errno */
ima_must_check int ima_trace_stat(int dir, const char *name, struct ima_trace_stat *ret);
