/* SPDX-License-Identifier: BSD-2-Clause */
/* Items in the order in which they came, their texts in one arena; sorted once, at the end. */
#include "imactl/reference_batch.h"

#include <errno.h>
#include <string.h>

#define NO_TARGET SIZE_MAX

/* offsets into texts; path and target end in NUL there */
struct item {
	size_t path, target, signature;
	size_t signature_len;
	struct ima_digest digest;
	uint64_t size;
};

struct imactl_batch {
	struct item *items;
	size_t n, cap, n_links;
	struct ima_buffer texts;
	unsigned int merged; /* bits of folder_names that are links into /usr */
};

static const char *const folder_names[] = { "bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32" };

int imactl_batch_new(struct imactl_batch **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

struct imactl_batch *imactl_batch_free(struct imactl_batch *b)
{
	if (b) {
		free(b->items);
		ima_buffer_done(&b->texts);
		free(b);
	}
	return NULL;
}

static int put_text(struct imactl_batch *b, const void *data, size_t len, size_t *ret)
{
	int r;

	*ret = b->texts.len;
	r = ima_buffer_append(&b->texts, data, len);
	return r < 0 ? r : ima_buffer_append_u8(&b->texts, 0);
}

static int add_item(struct imactl_batch *b, const struct item *it)
{
	if (b->n == b->cap) {
		const size_t cap = b->cap ? 2 * b->cap : 256;
		struct item *more = reallocarray(b->items, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		b->items = more;
		b->cap = cap;
	}
	b->items[b->n++] = *it;
	return 0;
}

int imactl_batch_add(struct imactl_batch *b, const struct ima_reference_value *v)
{
	struct item it = { .digest = v->digest, .size = v->size, .target = NO_TARGET, .signature_len = v->signature.len };
	int r = put_text(b, v->path.data, v->path.len, &it.path);

	if (r == 0 && v->signature.len)
		r = put_text(b, v->signature.data, v->signature.len, &it.signature);
	return r < 0 ? r : add_item(b, &it);
}

int imactl_batch_link(struct imactl_batch *b, const char *path, const char *target)
{
	struct item it = { 0 };
	int r = put_text(b, path, strlen(path), &it.path);

	if (r == 0)
		r = put_text(b, target, strlen(target), &it.target);
	b->n_links++;
	return r < 0 ? r : add_item(b, &it);
}

void imactl_batch_see_symlink(struct imactl_batch *b, const char *path, const char *target)
{
	target += *target == '/';
	if (strncmp(target, "usr/", 4))
		return;
	for (unsigned int i = 0; i < IMA_N_ELEMENTS(folder_names); i++)
		if (path[0] == '/' && !strcmp(path + 1, folder_names[i]) && !strcmp(target + 4, folder_names[i]))
			b->merged |= 1U << i;
}

static const char *path_of(const struct imactl_batch *b, const struct item *it)
{
	return (const char *)b->texts.data + it->path;
}

/* of the same path the one that came last is the last */
static int compare(const void *a, const void *b, void *user)
{
	const struct item *ia = a, *ib = b;
	const int c = strcmp(path_of(user, ia), path_of(user, ib));

	return c ? c : (ia->path > ib->path) - (ia->path < ib->path);
}

static void sort(struct imactl_batch *b)
{
	size_t kept = 0;

	if (b->n)
		qsort_r(b->items, b->n, sizeof(*b->items), compare, b);
	for (size_t i = 0; i < b->n; i++)
		if (i + 1 == b->n || strcmp(path_of(b, &b->items[i]), path_of(b, &b->items[i + 1])))
			b->items[kept++] = b->items[i];
	b->n = kept;
}

static const struct item *find(const struct imactl_batch *b, const char *path)
{
	size_t low = 0, high = b->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const int c = strcmp(path_of(b, &b->items[mid]), path);

		if (c == 0)
			return &b->items[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* a link to a link is followed a few times, and no longer: names may stand in a circle */
static const struct item *content_of(const struct imactl_batch *b, const struct item *it)
{
	for (int i = 0; it && it->target != NO_TARGET; i++)
		it = i < 8 ? find(b, (const char *)b->texts.data + it->target) : NULL;
	return it;
}

/* the path as a merged system has it, in place of @name */
static int merged_path(const struct imactl_batch *b, const char *path, struct ima_buffer *name)
{
	const char *prefix = "";
	int r;

	for (unsigned int i = 0; i < IMA_N_ELEMENTS(folder_names); i++) {
		const size_t len = strlen(folder_names[i]);

		if ((b->merged & 1U << i) && !strncmp(path + 1, folder_names[i], len) && path[1 + len] == '/')
			prefix = "/usr";
	}
	name->len = 0;
	r = ima_buffer_append_str(name, prefix);
	return r < 0 ? r : ima_buffer_append_str(name, path);
}

int imactl_batch_finish(struct imactl_batch *b, int (*each)(void *user, const struct ima_reference_value *v),
			void (*lost)(void *user, const char *path), void *user)
{
	struct ima_buffer name = { 0 };
	int r = 0;

	sort(b);
	for (size_t i = 0; i < b->n && r == 0; i++) {
		const char *path = path_of(b, &b->items[i]);
		const struct item *it = content_of(b, &b->items[i]);
		struct ima_reference_value v = { .has_size = true };

		if (!it) {
			lost(user, path);
			continue;
		}
		r = merged_path(b, path, &name);
		v.path = ima_buffer_bytes(&name);
		v.digest = it->digest;
		v.size = it->size;
		if (it->signature_len)
			v.signature = (struct ima_bytes){ b->texts.data + it->signature, it->signature_len };
		if (r == 0)
			r = each(user, &v);
	}
	ima_buffer_done(&name);
	return r;
}
