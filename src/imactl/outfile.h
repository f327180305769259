/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that is there whole or not at all: written beside its place, then renamed. */
#pragma once

#include <stdio.h>
#include <sys/types.h>

#include "imactl/command.h"

struct imactl_outfile {
	FILE *f;
	const char *path; /* borrowed */
	char *tmp;        /* where it is meanwhile, when it has a name */
	bool is_unnamed;  /* neither: standard output, or what is no regular file */
};

/** imactl_outfile_open() - "-" is standard output; what is there and is no regular file takes the bytes as they come. EXIT_GOOD, or EXIT_UNABLE and said why */
int imactl_outfile_open(const char *path, struct imactl_outfile *ret);

/** imactl_outfile_done() - keep what was written, or, when @keep is false or it cannot be kept, leave nothing. As imactl_outfile_open() */
int imactl_outfile_done(struct imactl_outfile *o, bool keep);

/** imactl_outfile_write() - all of it: open, write @data, done. A new file gets @mode */
int imactl_outfile_write(const char *path, struct ima_bytes data, mode_t mode);

/** imactl_open_input() - a regular file or folder; of a pipe ("-" is standard input) a copy without a name. Descriptor, or errno */
ima_must_check int imactl_open_input(const char *path);
