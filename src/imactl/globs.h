/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which paths of a tree are taken. A pattern without "/" is compared with every name of the path, one with "/" with the path from its
 * beginning, segment by segment; "**" stands for any number of segments. What matches a folder matches everything in it.
 */
#pragma once

#include <ima/types.h>

struct imactl_globs {
	struct imactl_glob {
		const char *pattern; /* borrowed */
		bool exclude;
	} *globs; /* owned */
	size_t n;
	bool has_include;
};

/** imactl_globs_add() - -EINVAL an empty pattern, -ENOMEM */
ima_must_check int imactl_globs_add(struct imactl_globs *g, const char *pattern, bool exclude);
void imactl_globs_done(struct imactl_globs *g);

/** imactl_globs_take_folder() - may there be something to take in it? @path is relative, without "./" before it */
bool imactl_globs_take_folder(const struct imactl_globs *g, const char *path);

/** imactl_globs_take_file() - no exclusion matches, and an inclusion where there are any */
bool imactl_globs_take_file(const struct imactl_globs *g, const char *path);
