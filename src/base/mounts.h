/* SPDX-License-Identifier: BSD-2-Clause */
/* mountinfo as data. */
#pragma once

#include <ima/types.h>

/** struct ima_mount - one line; strings are owned by the table */
struct ima_mount {
	unsigned int id;
	unsigned int major, minor; /* of the super block */
	char *root;                /* what of the file system is mounted; unescaped */
	char *point;               /* unescaped */
	char *fstype;              /* "fuse" of "fuse.sshfs" */
	char *subtype;             /* "sshfs", NULL: none */
};

/** struct ima_mounts - a parsed mountinfo file */
struct ima_mounts {
	struct ima_mount *items;
	size_t n;
	uint64_t hash; /* of the text: equal hash, equal mounts */
	char *text;    /* what the strings point into */
};

/** ima_mounts_read() - @fd: an open mountinfo file, read from its start. errno, -ENOMEM, -EBADMSG */
ima_must_check int ima_mounts_read(int fd, struct ima_mounts *ret);
void ima_mounts_done(struct ima_mounts *m);
