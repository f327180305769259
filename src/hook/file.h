/* SPDX-License-Identifier: BSD-2-Clause */
/* The file behind an event's descriptor, as the monitor wants it. Only descriptor operations: the opener waits. */
#pragma once

#include <sys/stat.h>

#include "core/monitor/monitor.h"

/** struct ima_fd_file - borrowed descriptor and what fstat said */
struct ima_fd_file {
	int fd;
	struct stat st;
};

/** ima_fd_file_ops - for struct ima_file_event.ops; user is a struct ima_fd_file */
extern const struct ima_file_ops ima_fd_file_ops;

/**
 * ima_fd_path() - the path as the kernel names it in a list: absolute, without " (deleted)"; a memfd by its name alone
 * @proc_fd: descriptor of a proc mount
 * @ret: PATH_MAX bytes at least
 * Return: length, -ENAMETOOLONG, errno
 */
ima_must_check int ima_fd_path(int proc_fd, const struct ima_fd_file *f, char *ret, size_t size);
