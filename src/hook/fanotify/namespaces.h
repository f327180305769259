/* SPDX-License-Identifier: BSD-2-Clause */
/* Mount namespaces: which there are, what is mounted in one, and keeping one while a task of it may be gone already. */
#pragma once

#include <sys/types.h>

#include "base/mounts.h"

/** struct ima_namespace - @pid: one task in it, 0: our own; @hash: of its mount table when it was read last */
struct ima_namespace {
	ino_t ino;
	int pid;
	uint64_t hash;
};

/** ima_ns_list() - one task for each mount namespace; ours first. @ret malloc'd. -ENOMEM */
ima_must_check int ima_ns_list(struct ima_namespace **ret, size_t *ret_n);

/** ima_ns_table() - the open mount table of task @pid, 0: ours; poll(2) tells of changes. -1 with errno */
ima_must_check int ima_ns_table(int pid);

/** ima_ns_read() - the mount table that task @pid sees, 0: we. errno */
ima_must_check int ima_ns_read(int pid, struct ima_mounts *ret);

/** struct ima_held_ns - a task's mount table and root: its mounts stay attached while they are held, whether or not the task lives */
struct ima_held_ns {
	int table, root;
};

/** ima_ns_hold() - false: the task is gone */
bool ima_ns_hold(int tid, struct ima_held_ns *ret);
void ima_ns_release(struct ima_held_ns *ns);
