/* SPDX-License-Identifier: BSD-2-Clause */
/* One file system under the policy: which of its opens are events. */
#pragma once

#include "base/mounts.h"
#include "hook/fanotify/shared.h"

/**
 * struct ima_fs_mark - what was decided
 * @scope, @appraised: funcs, as bits, that some rule names there, and that some rule appraises
 * @reason: why it is not marked, static text; NULL: it is
 */
struct ima_fs_mark {
	uint32_t scope, appraised;
	const char *reason;
};

/** ima_fs_mark() - marks the file system of @mnt, which @path shows, for the rules that @m has now; marks that these do not need go */
void ima_fs_mark(const struct ima_fan *f, struct ima_monitor *m, const struct ima_mount *mnt, const char *path,
		 struct ima_fs_mark *ret);
