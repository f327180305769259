/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where reference values come from: trees, packages, repositories, images, measurement lists. What cannot be taken is named and counted, the rest is
 * done.
 */
#pragma once

#include <pthread.h>

#include <ima/reference.h>
#include <ima/sig.h>

#include "imactl/files.h"

/**
 * struct imactl_reference_maker - what all sources have in common
 * @repository: provenance of every value; NULL none
 * @image: as in struct ima_archive_opts
 * @keep_names: a package's /bin/sh stays /bin/sh
 * @keys: signatures that come with packages are verified; NULL: they are not
 * @files: threads, globs, quiet, one_fs
 */
struct imactl_reference_maker {
	struct ima_reference_builder *builder;
	enum ima_hash_algo algo;
	const char *repository, *image;
	int64_t expiry;
	bool keep_names;
	const struct ima_keyring *keys;
	struct imactl_files_opts files;
	pthread_mutex_t lock; /* of the builder and the counters */
	uint64_t n_left_out;  /* single files that could not be taken */
};

/**
 * imactl_reference_tree() - every regular file below @folder
 * @is_root: names begin at @folder, as on the system whose root it is; else they are those of this machine
 * This and the others return EXIT_GOOD; EXIT_BAD something was named and left out; EXIT_UNABLE it ended early
 */
int imactl_reference_tree(struct imactl_reference_maker *m, const char *folder, bool is_root);

/** imactl_reference_archives() - packages, images, tars; folders of packages, apt repositories, folders of images */
int imactl_reference_archives(struct imactl_reference_maker *m, char *const *paths, int n_paths);

/** imactl_reference_list() - the entries of a measurement list in any form */
int imactl_reference_list(struct imactl_reference_maker *m, const char *file);
