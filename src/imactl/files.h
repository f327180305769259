/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One piece of work for each of many files, on several threads; results are handed over in the order of the names. Memory does not
 * grow with the number of files.
 */
#pragma once

#include <ima/digest.h>

#include "base/buffer.h"
#include "imactl/command.h"

struct imactl_files_opts {
	bool recursive;
	bool one_fs;          /* -x */
	unsigned int threads; /* 0: one a processor */
	FILE *out;            /* results go there; NULL: stdout */
};

/** struct imactl_file_result - filled by the worker; buffers are empty before */
struct imactl_file_result {
	enum { IMACTL_FILE_DONE = 0, IMACTL_FILE_SKIPPED, IMACTL_FILE_BAD, IMACTL_FILE_UNABLE } status;
	struct ima_buffer out; /* for stdout, or where opts->out goes */
	struct ima_buffer err; /* one line for stderr, without its newline */
};

struct imactl_files_counts {
	uint64_t done, skipped, bad, unable;
};

/** imactl_file_fn - @h belongs to the calling thread */
typedef void (*imactl_file_fn)(void *user, struct ima_hasher *h, const char *path,
			       struct imactl_file_result *ret);

/**
 * imactl_files_run() - @paths, and with @opts->recursive every regular file below them
 * Return: EXIT_GOOD, EXIT_BAD when a file was bad, EXIT_UNABLE when one could not be handled; each was named on stderr
 */
int imactl_files_run(char *const *paths, int n_paths, const struct imactl_files_opts *opts,
		     imactl_file_fn fn, void *user, struct imactl_files_counts *ret);

/** imactl_file_fail() - "PATH: TEXT" as the result's error */
void imactl_file_fail(struct imactl_file_result *res, int status, const char *path, const char *fmt, ...)
	ima_printf(4, 5);
