/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The securityfs tree over FUSE, run in a process of its own: lists come from the journal, everything else from the control
 * socket, so that the worker never waits for a reader and a reader survives the worker.
 */
#pragma once

#include <ima/types.h>

/**
 * struct ima_view_opts - what to show and where
 * @mount_point: "/sys/kernel/security"; created if it is missing and can be
 * @journal_path: this boot's journal, opened once at start
 * @control_path: the daemon's control socket
 * @legacy_lists: kernel behaviour before 6.10: ascii_/binary_runtime_measurements are files and no per-bank file exists
 * @lists_writable: mode 0660 instead of 0440 (7.2)
 * @ready_fd: one byte is written when the mount is up; -1: nobody waits
 */
struct ima_view_opts {
	const char *mount_point;
	const char *journal_path;
	const char *control_path;
	bool legacy_lists;
	bool lists_writable;
	int ready_fd;
	_Atomic int *evm_names_locked; /* 1: evm_xattrs is mode 0440 from now on; shared memory; may be NULL */
	_Atomic int *mounted; /* set to 1 when the mount is up; shared memory; may be NULL */
};

/**
 * ima_view_run() - mount, serve until SIGTERM or SIGINT, unmount
 * Return: 0, -ENODEV no FUSE, -EBUSY mount point busy, errno; @diag says what failed and what still works
 */
ima_must_check int ima_view_run(const struct ima_view_opts *opts, struct ima_diag *diag);
