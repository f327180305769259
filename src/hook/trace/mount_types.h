/* SPDX-License-Identifier: BSD-2-Clause */
/* File-system types by mount, remembered: rules may name them. Thread-safe. */
#pragma once

#include <ima/types.h>

struct ima_mount_types;

ima_must_check int ima_mount_types_new(struct ima_mount_types **ret); /* -ENOMEM */
struct ima_mount_types *ima_mount_types_free(struct ima_mount_types *m);

/**
 * ima_mount_types_find() - the type and subtype of a mount
 * @tid: a task that sees the mount, when it is not known yet
 * @id: of the mount; 0: not known
 * @fstype, @subtype: 32 bytes each; empty when nobody can tell
 */
void ima_mount_types_find(struct ima_mount_types *m, int proc_fd, int tid, uint64_t id, char fstype[static 32], char subtype[static 32]);
