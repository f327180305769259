/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree's nodes by number. Ours are fixed; names of the folder underneath that are not ours get numbers as they are met and
 * keep an O_PATH descriptor.
 */
#pragma once

#include <sys/stat.h>

#include "securityfs/lists.h"
#include "securityfs/view.h"

enum ima_node_kind {
	IMA_NODE_DIR,
	IMA_NODE_LINK,
	IMA_NODE_LIST,       /* slot, text */
	IMA_NODE_COUNT,
	IMA_NODE_VIOLATIONS,
	IMA_NODE_POLICY,
	IMA_NODE_EVM,
	IMA_NODE_EVM_XATTRS,
	IMA_NODE_REAL,       /* passed through */
};

struct ima_node {
	enum ima_node_kind kind;
	uint64_t parent;
	char name[80];
	mode_t mode;       /* permission bits */
	char target[80];   /* link */
	size_t slot;
	bool text;
	bool staged;
	int fd;            /* real: O_PATH; also of our directories that exist underneath */
};

#define IMA_TREE_ROOT 1

struct ima_tree;

/** ima_tree_new() - @under: O_PATH descriptor of what the mount hides, taken on success; -EBADF: nothing */
ima_must_check int ima_tree_new(const struct ima_journal_head *head, const struct ima_view_opts *opts,
				int under, struct ima_tree **ret);
struct ima_tree *ima_tree_free(struct ima_tree *t);

/** ima_tree_node() - NULL when there is no such number */
const struct ima_node *ima_tree_node(const struct ima_tree *t, uint64_t number);

/** ima_tree_lookup() - child by name: ours first, then what is underneath. -ENOENT, errno */
ima_must_check int ima_tree_lookup(struct ima_tree *t, uint64_t parent, const char *name,
				   uint64_t *ret);

/** ima_tree_each() - children of a directory, "." and ".." not among them; stops when @fn returns nonzero, and returns it */
int ima_tree_each(struct ima_tree *t, uint64_t parent,
		  int (*fn)(void *user, const char *name, uint64_t number, mode_t type), void *user);
