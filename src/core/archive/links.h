/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of one file in a cpio archive: only one of them, mostly the last, comes with the content. */
#pragma once

#include "core/archive/stream.h"

struct ima_link {
	char *path; /* owned; as struct ima_member has it */
	uint64_t dev, ino;
	uint32_t mode, uid, gid;
	enum { IMA_LINK_WAITS = 0, IMA_LINK_CONTENT, IMA_LINK_TOLD } state;
};

struct ima_links {
	struct ima_link *items;
	size_t n;
	size_t content;    /* 1 + index of the content whose other names are to be told now; 0: none */
	size_t cursor;
};

/**
 * ima_links_see() - a regular file with several names
 * @ret_target: of a hard link the name with the content; borrowed
 * Return: 1 a member with its content, 2 a hard link to @ret_target, 0 its content is still to come; -EFBIG, -ENOMEM
 */
ima_must_check int ima_links_see(struct ima_links *l, const struct ima_entry *e, const char *path, const char **ret_target);

/** ima_links_next() - a name that waited for the content just seen; NULL none. @ret_target its content's name */
const struct ima_link *ima_links_next(struct ima_links *l, const char **ret_target);

/** ima_links_rest() - at the end: a name whose content never came, which is an empty file; NULL none */
const struct ima_link *ima_links_rest(struct ima_links *l);
void ima_links_done(struct ima_links *l);
