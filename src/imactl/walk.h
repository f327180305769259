/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The regular files of a tree, in the order of their names. Folders are held open and files are to be opened in them, so that nothing is
 * reached through a symbolic link. Memory does not grow with the number of files: a folder with more names than fit is read several times,
 * each time the next ones in order.
 */
#pragma once

#include <sys/types.h>

#include "imactl/globs.h"

/** struct imactl_dir - an open folder; counted, by any thread */
struct imactl_dir;

struct imactl_dir *imactl_dir_ref(struct imactl_dir *d);
struct imactl_dir *imactl_dir_unref(struct imactl_dir *d); /* NULL is fine; returns NULL */
int imactl_dir_fd(const struct imactl_dir *d);

struct imactl_walk_opts {
	bool one_fs;
	const struct imactl_globs *globs; /* NULL: everything */
	size_t window; /* bytes of names in memory, all folders together; 0: 16 MiB */
};

/** struct imactl_walk_entry - borrowed until the next call */
struct imactl_walk_entry {
	struct imactl_dir *dir; /* where it is */
	const char *name;       /* in @dir */
	const char *path;       /* as a person would write it, beginning with the root */
	dev_t dev;              /* with @one_fs the file system that it must be on, else 0 */
	int error;              /* not 0: a folder that cannot be gone into; errno */
};

struct imactl_walk;

/** imactl_walk_new() - @root is a folder. errno, -ENOMEM */
ima_must_check int imactl_walk_new(const char *root, const struct imactl_walk_opts *opts, struct imactl_walk **ret);
struct imactl_walk *imactl_walk_free(struct imactl_walk *w);

/**
 * imactl_walk_next() - Return: 1 a file, or a folder with an error; 0 the end; -EMFILE no more descriptors: to be called again once references
 * have been given back; -ENOMEM
 */
ima_must_check int imactl_walk_next(struct imactl_walk *w, struct imactl_walk_entry *ret);
