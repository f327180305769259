/* SPDX-License-Identifier: BSD-2-Clause */
/* statx(2), which tells both in one call. */
#include "hook/trace/stat.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

static struct timespec time_of(const struct statx_timestamp *t)
{
	return (struct timespec){ .tv_sec = t->tv_sec, .tv_nsec = t->tv_nsec };
}

int ima_trace_stat(int dir, const char *name, struct ima_trace_stat *ret)
{
	struct statx sx;

	if (statx(dir, name, name[0] ? 0 : AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &sx) < 0)
		return -errno;
	*ret = (struct ima_trace_stat){
		.st = {
			.st_dev = makedev(sx.stx_dev_major, sx.stx_dev_minor),
			.st_ino = sx.stx_ino,
			.st_mode = sx.stx_mode,
			.st_nlink = sx.stx_nlink,
			.st_uid = sx.stx_uid,
			.st_gid = sx.stx_gid,
			.st_size = (off_t)sx.stx_size,
			.st_mtim = time_of(&sx.stx_mtime),
			.st_ctim = time_of(&sx.stx_ctime),
		},
		.mount = sx.stx_mask & STATX_MNT_ID ? sx.stx_mnt_id : 0,
	};
	return 0;
}
