/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of a record of the gate: its task does not wait, so that the file is found again. */
#pragma once

#include <sys/stat.h>

#include "hook/fanotify/marks.h"
#include "hook/gate/gate.h"

/**
 * ima_fan_find_file() - open the file that @r is about
 * @flags: O_RDONLY, or O_PATH where the content is of no interest
 * Return: a descriptor, or -errno: -ESTALE another file has its name now, -ESRCH the task is gone
 */
ima_must_check int ima_fan_find_file(const struct ima_gate_record *r, int flags, struct stat *ret);

/** ima_fan_find_inode() - @r->path is that from the root of its file system; whatever the file is called meanwhile, where that can be */
ima_must_check int ima_fan_find_inode(struct ima_marks *marks, const struct ima_gate_record *r, int flags,
				      struct stat *ret);
