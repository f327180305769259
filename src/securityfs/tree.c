/* SPDX-License-Identifier: BSD-2-Clause */
/* Building the kernel's tree, and finding what lies under it. */
#include "securityfs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_NODES 4096 /* real names met so far are remembered: a named limit */

struct ima_tree {
	struct ima_node *nodes; /* number n is nodes[n - 1] */
	size_t n, cap;
	size_t n_own;
};

static int add(struct ima_tree *t, const struct ima_node *node, uint64_t *ret)
{
	if (t->n == MAX_NODES)
		return -ENOSPC;
	if (t->n == t->cap) {
		const size_t cap = t->cap ? t->cap * 2 : 64;
		struct ima_node *p = reallocarray(t->nodes, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		t->nodes = p;
		t->cap = cap;
	}
	t->nodes[t->n++] = *node;
	if (ret)
		*ret = t->n;
	return 0;
}

static int add_named(struct ima_tree *t, struct ima_node node, const char *name, uint64_t *ret)
{
	snprintf(node.name, sizeof(node.name), "%s", name);
	if (node.kind != IMA_NODE_DIR)
		node.fd = -EBADF;
	return add(t, &node, ret);
}

static void bank_name(const struct ima_journal_slot *s, char *ret, size_t size)
{
	const char *name = ima_hash_name(s->algo);

	if (name)
		snprintf(ret, size, "%s", name);
	else
		snprintf(ret, size, "tpm_alg_%x", s->tpm_alg);
}

static int add_list(struct ima_tree *t, uint64_t ima, const struct ima_journal_slot *slot, size_t i,
		    bool text, const struct ima_view_opts *opts)
{
	struct ima_node node = { .kind = IMA_NODE_LIST, .parent = ima, .slot = i, .text = text,
				       .mode = opts->lists_writable ? 0660 : 0440 };
	const char *form = text ? "ascii" : "binary";
	char bank[24], name[72];
	int r;

	if (opts->legacy_lists) {
		snprintf(name, sizeof(name), "%s_runtime_measurements", form);
	} else {
		bank_name(slot, bank, sizeof(bank));
		snprintf(name, sizeof(name), "%s_runtime_measurements_%s", form, bank);
	}
	r = add_named(t, node, name, NULL);
	if (r < 0 || !opts->lists_writable)
		return r;
	node.staged = true;
	strcat(name, "_staged");
	return add_named(t, node, name, NULL);
}

static int add_list_link(struct ima_tree *t, uint64_t ima, const char *form, const char *staged)
{
	struct ima_node node = { .kind = IMA_NODE_LINK, .parent = ima, .mode = 0777 };
	char name[64];

	snprintf(name, sizeof(name), "%s_runtime_measurements%s", form, staged);
	snprintf(node.target, sizeof(node.target), "%s_runtime_measurements_sha1%s", form, staged);
	return add_named(t, node, name, NULL);
}

static int add_lists(struct ima_tree *t, uint64_t ima, const struct ima_journal_head *head,
		     const struct ima_view_opts *opts)
{
	const size_t n = opts->legacy_lists ? 1 : head->n_slots;
	int r = 0;

	if (!opts->legacy_lists) {
		r = add_list_link(t, ima, "binary", "");
		if (r == 0)
			r = add_list_link(t, ima, "ascii", "");
		if (r == 0 && opts->lists_writable)
			r = add_list_link(t, ima, "binary", "_staged");
		if (r == 0 && opts->lists_writable)
			r = add_list_link(t, ima, "ascii", "_staged");
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		/* a slot that is only the default algorithm, without a bank, has no file */
		if (i && !head->slots[i].tpm_alg)
			continue;
		r = add_list(t, ima, &head->slots[i], i, true, opts);
		if (r == 0)
			r = add_list(t, ima, &head->slots[i], i, false, opts);
	}
	return r;
}

static int open_under(int dir, const char *name)
{
	return dir < 0 ? -EBADF : openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int add_dir(struct ima_tree *t, uint64_t parent, const char *name, uint64_t *ret)
{
	const int above = t->nodes[parent - 1].fd;
	const struct ima_node node = { .kind = IMA_NODE_DIR, .parent = parent, .mode = 0755,
				       .fd = open_under(above, name) };

	return add_named(t, node, name, ret);
}

static int add_link(struct ima_tree *t, const char *name, const char *target)
{
	struct ima_node node = { .kind = IMA_NODE_LINK, .parent = IMA_TREE_ROOT, .mode = 0777 };

	snprintf(node.target, sizeof(node.target), "%s", target);
	return add_named(t, node, name, NULL);
}

static int add_own(struct ima_tree *t, const struct ima_journal_head *head,
		   const struct ima_view_opts *opts)
{
	uint64_t integrity = 0, ima = 0, evm = 0;
	int r = add_dir(t, IMA_TREE_ROOT, "integrity", &integrity);

	if (r == 0)
		r = add_dir(t, integrity, "ima", &ima);
	if (r == 0)
		r = add_dir(t, integrity, "evm", &evm);
	if (r == 0)
		r = add_link(t, "ima", "integrity/ima");
	if (r == 0)
		r = add_link(t, "evm", "integrity/evm/evm");
	if (r == 0)
		r = add_lists(t, ima, head, opts);
	if (r == 0)
		r = add_named(t, (struct ima_node){ .kind = IMA_NODE_COUNT, .parent = ima, .mode = 0440 },
			      "runtime_measurements_count", NULL);
	if (r == 0)
		r = add_named(t, (struct ima_node){ .kind = IMA_NODE_VIOLATIONS, .parent = ima,
						    .mode = 0440 }, "violations", NULL);
	if (r == 0)
		r = add_named(t, (struct ima_node){ .kind = IMA_NODE_POLICY, .parent = ima, .mode = 0600 },
			      "policy", NULL);
	if (r == 0)
		r = add_named(t, (struct ima_node){ .kind = IMA_NODE_EVM, .parent = evm, .mode = 0660 },
			      "evm", NULL);
	if (r == 0)
		r = add_named(t, (struct ima_node){ .kind = IMA_NODE_EVM_XATTRS, .parent = evm, .mode = 0660 },
			      "evm_xattrs", NULL);
	return r;
}

int ima_tree_new(const struct ima_journal_head *head, const struct ima_view_opts *opts, int under,
		 struct ima_tree **ret)
{
	const struct ima_node root = { .kind = IMA_NODE_DIR, .parent = IMA_TREE_ROOT, .mode = 0755,
				       .fd = under };
	struct ima_tree *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	r = add(t, &root, NULL);
	if (r == 0)
		r = add_own(t, head, opts);
	t->n_own = t->n;
	if (r < 0) {
		if (t->n)
			t->nodes[0].fd = -EBADF; /* stays the caller's */
		ima_tree_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

struct ima_tree *ima_tree_free(struct ima_tree *t)
{
	if (t) {
		for (size_t i = 0; i < t->n; i++)
			ima_close(t->nodes[i].fd);
		free(t->nodes);
		free(t);
	}
	return NULL;
}

const struct ima_node *ima_tree_node(const struct ima_tree *t, uint64_t number)
{
	return number && number <= t->n ? &t->nodes[number - 1] : NULL;
}

static uint64_t find_known(const struct ima_tree *t, uint64_t parent, const char *name)
{
	for (size_t i = 1; i < t->n; i++)
		if (t->nodes[i].parent == parent && !strcmp(t->nodes[i].name, name))
			return i + 1;
	return 0;
}

static bool is_current(const struct ima_node *n)
{
	struct stat st;

	return n->kind != IMA_NODE_REAL || (fstat(n->fd, &st) == 0 && st.st_nlink);
}

static int add_real(struct ima_tree *t, uint64_t parent, const char *name, uint64_t *ret)
{
	const int dir = t->nodes[parent - 1].fd;
	struct ima_node node = { .kind = IMA_NODE_REAL, .parent = parent };
	int r;

	if (dir < 0 || strlen(name) >= sizeof(node.name))
		return -ENOENT;
	node.fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (node.fd < 0)
		return -errno;
	snprintf(node.name, sizeof(node.name), "%s", name);
	r = add(t, &node, ret);
	if (r < 0)
		close(node.fd);
	return r;
}

int ima_tree_lookup(struct ima_tree *t, uint64_t parent, const char *name, uint64_t *ret)
{
	const uint64_t known = find_known(t, parent, name);

	if (!ima_tree_node(t, parent))
		return -ENOENT;
	if (known && is_current(&t->nodes[known - 1])) {
		*ret = known;
		return 0;
	}
	return known ? -ENOENT : add_real(t, parent, name, ret);
}

static bool is_own(const struct ima_tree *t, uint64_t parent, const char *name)
{
	for (size_t i = 1; i < t->n_own; i++)
		if (t->nodes[i].parent == parent && !strcmp(t->nodes[i].name, name))
			return true;
	return false;
}

static mode_t type_of(const struct ima_node *n)
{
	return n->kind == IMA_NODE_DIR ? S_IFDIR : n->kind == IMA_NODE_LINK ? S_IFLNK : S_IFREG;
}

static int each_real(struct ima_tree *t, uint64_t parent,
		     int (*fn)(void *user, const char *name, uint64_t number, mode_t type), void *user)
{
	const int path = t->nodes[parent - 1].fd;
	int fd = path < 0 ? -1 : openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir) {
		ima_close(fd);
		return 0;
	}
	for (struct dirent *d; r == 0 && (d = readdir(dir));) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		    is_own(t, parent, d->d_name))
			continue;
		r = fn(user, d->d_name, d->d_ino ? d->d_ino : 1, DTTOIF(d->d_type));
	}
	closedir(dir);
	return r;
}

int ima_tree_each(struct ima_tree *t, uint64_t parent,
		  int (*fn)(void *user, const char *name, uint64_t number, mode_t type), void *user)
{
	int r = 0;

	for (size_t i = 1; i < t->n_own && r == 0; i++)
		if (t->nodes[i].parent == parent)
			r = fn(user, t->nodes[i].name, i + 1, type_of(&t->nodes[i]));
	return r ? r : each_real(t, parent, fn, user);
}
