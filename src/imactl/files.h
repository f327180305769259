/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One piece of work for each of many files, on several threads; results are handed over in the order of the names. Memory does not
 * grow with the number of files. What cannot be done is named and counted, and the rest is done.
 */
#pragma once

#include <jansson.h>
#include <sys/types.h>

#include <ima/digest.h>

#include "base/buffer.h"
#include "imactl/command.h"
#include "imactl/globs.h"

struct imactl_files_opts {
	bool recursive;
	bool one_fs;           /* -x */
	unsigned int threads;  /* 0: one a processor, and one more */
	const char *list;      /* a file with paths, "-" standard input; NULL none */
	bool by_nul;           /* they end in NUL */
	struct imactl_globs globs; /* owned */
	bool json, quiet;
	bool whole_lines;      /* what a file says is whole lines, under the name of another program */
	FILE *out;             /* results go there; NULL: stdout */
	const char *verb;      /* "signed": for the summary */
	bool skip_sigfiles;    /* a walk leaves NAME.sig and NAME.evmsig out where NAME is there */
};

/** struct imactl_file - where a file is: @name is opened in @at. @path is for people */
struct imactl_file {
	const char *path, *name;
	int at;         /* AT_FDCWD, or a folder's descriptor */
	bool is_walked; /* found below a folder: no symbolic link is followed */
	dev_t dev;      /* not 0: on another file system it is left out */
	void *item;     /* of imactl_jobs_push_item(); NULL: none */
};

/** struct imactl_file_result - filled by the worker; buffers are empty before */
struct imactl_file_result {
	enum {
		IMACTL_FILE_DONE = 0,
		IMACTL_FILE_SKIPPED,
		IMACTL_FILE_BAD,
		IMACTL_FILE_UNABLE,
		IMACTL_FILE_LEFT, /* interrupted: it is as it was */
	} status;
	uint64_t bytes;        /* of content */
	struct ima_buffer out; /* for stdout, or where opts->out goes */
	struct ima_buffer err; /* one line for stderr, without its newline */
};

struct imactl_files_counts {
	uint64_t done, skipped, bad, unable, left, bytes;
};

/** imactl_file_fn - @h belongs to the calling thread */
typedef void (*imactl_file_fn)(void *user, struct ima_hasher *h, const struct imactl_file *f,
			       struct imactl_file_result *ret);

/**
 * imactl_files_run() - @paths and those of @opts->list, and with @opts->recursive every regular file below them
 * Return: EXIT_GOOD; EXIT_BAD when a file was bad or could not be handled, each was named on stderr; EXIT_UNABLE nothing could be done, or
 * imactl_interrupt_signal() came
 */
int imactl_files_run(char *const *paths, int n_paths, const struct imactl_files_opts *opts,
		     imactl_file_fn fn, void *user, struct imactl_files_counts *ret);

/** imactl_file_fail() - "PATH: TEXT" as the result's error */
void imactl_file_fail(struct imactl_file_result *res, int status, const char *path, const char *fmt, ...)
	ima_printf(4, 5);

/** imactl_file_errno() - the same for a negative errno, in words that fit files and labels; interruption and another file system are no failures */
void imactl_file_errno(struct imactl_file_result *res, const char *path, int error);

/** imactl_file_line() - one line for stdout: the path, as imactl_append_path() writes it, and @text right behind it */
ima_must_check int imactl_file_line(struct ima_buffer *out, const char *path, const char *text);

/**
 * imactl_file_json() - one line for stdout: @o with the path added; takes the reference. A path that is no UTF-8 goes as "path_hex"
 * -EILSEQ, -ENOMEM
 */
ima_must_check int imactl_file_json(struct ima_buffer *out, const char *path, json_t *o);
