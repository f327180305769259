/* SPDX-License-Identifier: BSD-2-Clause */
/* An apt repository on disk: what its indexes say of the packages in it. */
#pragma once

#include <ima/types.h>

/** struct imactl_apt_package - @file: the path below the repository's folder. @repository: "bookworm/main", "" of a flat one */
struct imactl_apt_package {
	char *file, *repository; /* owned */
	uint64_t size;
	uint8_t sha256[32];
};

struct imactl_apt_index {
	struct imactl_apt_package *packages; /* owned; sorted by file */
	size_t n, cap;
};

/**
 * imactl_apt_read() - every index "Packages" (compressed or not) of the repository in @folder: in dists/, or of a flat one in the folder itself
 * @ret: without packages when there is none. Done with imactl_apt_done() in any case
 * Return: an EXIT_ value; said why
 */
int imactl_apt_read(const char *folder, struct imactl_apt_index *ret);
void imactl_apt_done(struct imactl_apt_index *x);

/** imactl_apt_find() - NULL: no index lists it */
const struct imactl_apt_package *imactl_apt_find(const struct imactl_apt_index *x, const char *file);
