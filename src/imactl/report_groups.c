/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorted once by the words of the group, then cut where they change. */
#include "imactl/report_groups.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

#define FOLDER_PARTS 3 /* /usr/lib/x is a folder worth telling apart, what is below it is not */

struct row {
	uint32_t entry;
	const char *package, *version, *repository;
	struct ima_bytes folder;
	enum ima_entry_verdict verdict;
	bool has_reference;
};

static struct ima_bytes folder_of(struct ima_bytes name)
{
	size_t end = 0, parts = 0;

	for (size_t i = 0; i < name.len && parts <= FOLDER_PARTS; i++)
		if (name.data[i] == '/' && parts++)
			end = i;
	return (struct ima_bytes){ name.data, end ? end : parts && name.len ? 1 : 0 };
}

static int by_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int by_bytes(struct ima_bytes a, struct ima_bytes b)
{
	const size_t n = a.len < b.len ? a.len : b.len;
	const int r = n ? memcmp(a.data, b.data, n) : 0;

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

static int by_words(const struct row *a, const struct row *b)
{
	int r = (int)a->has_reference - (int)b->has_reference;

	r = r ? r : by_text(a->package, b->package);
	r = r ? r : by_text(a->version, b->version);
	r = r ? r : by_text(a->repository, b->repository);
	r = r ? r : by_bytes(a->folder, b->folder);
	return r ? r : (int)a->verdict - (int)b->verdict;
}

static int by_row(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	const int r = by_words(x, y);

	return r ? r : (x->entry > y->entry) - (x->entry < y->entry);
}

static int by_size(const void *a, const void *b)
{
	const struct report_group *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : (x->first > y->first) - (x->first < y->first);
}

static struct row row_of(const struct report_entry *e, uint32_t number, const struct ima_reference *ref)
{
	struct ima_reference_value v = { 0 };
	struct row r = { .entry = number, .has_reference = e->has_reference && ref && ima_reference_get(ref, e->reference, &v) == 0 };

	r.package = v.package && *v.package ? v.package : NULL;
	r.version = v.version && *v.version ? v.version : NULL;
	r.repository = v.repository && *v.repository ? v.repository : NULL;
	if (!r.package)
		r.folder = folder_of(e->name);
	if (!r.has_reference)
		r.verdict = e->verdict;
	return r;
}

static size_t cut(const struct row *rows, size_t n, struct report_groups *g)
{
	size_t n_groups = 0;

	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];

		g->order[i] = r->entry;
		g->has_packages |= r->package != NULL;
		if (!i || by_words(r, &rows[i - 1]))
			g->items[n_groups++] = (struct report_group){ .package = r->package, .version = r->version, .repository = r->repository,
				.folder = r->folder, .verdict = r->verdict, .has_reference = r->has_reference, .first = i };
		g->items[n_groups - 1].n++;
	}
	return n_groups;
}

int report_groups_make(const struct report_entries *e, const struct ima_reference *ref, struct report_groups *ret)
{
	const size_t n = e ? e->n : 0;
	ima_cleanup(ima_freep) struct row *rows = calloc(n + 1, sizeof(*rows));
	struct report_groups g = { .items = calloc(n + 1, sizeof(*g.items)), .order = calloc(n + 1, sizeof(*g.order)) };

	if (!rows || !g.items || !g.order) {
		report_groups_done(&g);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		rows[i] = row_of(&e->items[i], (uint32_t)i, ref);
	qsort(rows, n, sizeof(*rows), by_row);
	g.n = cut(rows, n, &g);
	qsort(g.items, g.n, sizeof(*g.items), by_size);
	*ret = g;
	return 0;
}

void report_groups_done(struct report_groups *g)
{
	free(g->items);
	free(g->order);
	*g = (struct report_groups){ 0 };
}

static int by_key(const void *a, const void *b)
{
	const struct report_key *x = a, *y = b;

	return (x->keyid > y->keyid) - (x->keyid < y->keyid);
}

int report_keys_make(const struct report_entries *e, struct report_key **ret, size_t *ret_n)
{
	const size_t n = e ? e->n : 0;
	struct report_key *keys = calloc(n + 1, sizeof(*keys));
	size_t k = 0, last = 0;

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!e->items[i].has_label)
			continue;
		keys[k].keyid = e->items[i].keyid;
		keys[k++].n[e->items[i].signature < IMA_SIG__LAST ? e->items[i].signature : IMA_SIG_UNCHECKED]++;
	}
	qsort(keys, k, sizeof(*keys), by_key);
	for (size_t i = 1; i < k; i++) {
		if (keys[i].keyid != keys[last].keyid) {
			keys[++last] = keys[i];
			continue;
		}
		for (unsigned int v = 0; v < IMA_SIG__LAST; v++)
			keys[last].n[v] += keys[i].n[v];
	}
	*ret = keys;
	*ret_n = k ? last + 1 : 0;
	return 0;
}
