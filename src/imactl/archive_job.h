/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels for what is in an archive, a package or an image; nothing is unpacked. */
#pragma once

#include <ima/label.h>

#include "core/archive/archive.h"
#include "imactl/command.h"

/**
 * struct imactl_archive_opts - what hash, sign and verify have in common
 * @archive: "-" is standard input
 * @output: a tar with the labels in it; @manifest: a manifest of them; both NULL: they are printed
 */
struct imactl_archive_opts {
	const char *archive, *output, *manifest, *image;
	bool merge_usr;
	uint64_t max_bytes; /* of content; 0: IMA_ARCHIVE_MAX_BYTES */
};

struct imactl_files_opts;

/** struct imactl_archive_label - @signer: NULL digests only; @opts, @algo: the labels to make; @files: which files, by how many threads, how told */
struct imactl_archive_label {
	const struct imactl_archive_opts *from;
	const struct ima_signer *signer;
	struct ima_label_opts opts;
	enum ima_hash_algo algo;
	const struct imactl_files_opts *files;
};

/** imactl_archive_label() - an EXIT_ value; everything said */
int imactl_archive_label(const struct imactl_archive_label *job);

/** imactl_tree_manifest() - a manifest of the regular files below @root, which is left as it is */
int imactl_tree_manifest(const struct imactl_archive_label *job, char *root);

/** struct imactl_archive_check - @files: which, and how told; quiet: only what is bad */
struct imactl_archive_check {
	const struct imactl_archive_opts *from;
	const struct ima_keyring *keys;
	struct ima_label_wish wish;
	const struct imactl_files_opts *files;
};

/** imactl_archive_check() - as imactl_archive_label(); EXIT_BAD when a file's label is */
int imactl_archive_check(const struct imactl_archive_check *job);
