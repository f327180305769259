/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set of reference values: an arena of digests and paths, a table of fixed entries, three hash indexes (path and digest, path, digest) of
 * entry numbers. Nothing changes after ima_reference_finish(): readers need no lock.
 *
 *   arena   digest[ima_hash_len(algo)] | path[path_len] | signature[sig_len]      one after another, no padding
 */
#include "core/attest/reference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mix.h"

#define MIN_SLOTS 16
#define NO_SOURCE 0

struct entry {
	uint64_t at; /* in the arena */
	uint64_t size;
	uint32_t source;
	uint16_t path_len, sig_len;
	uint8_t algo;
	bool has_size;
};

/* NUL-terminated strings in the text arena */
struct source {
	uint32_t package, version, repository;
	int64_t expiry;
};

/* each slot carries bits of the hash, so that another value's slot costs no look at that value */
struct index {
	uint64_t *slots; /* upper half: of the hash, lower half: entry number + 1; 0: empty */
	size_t mask;     /* number of slots - 1, a power of two less one */
};

struct values {
	struct ima_buffer arena, texts;
	struct entry *entries;
	struct source *sources; /* [0]: nothing known, for ever */
	size_t n, cap, n_sources, cap_sources;
};

struct ima_reference_builder {
	struct values v;
	struct index by_source; /* grown as sources come */
};

struct ima_reference {
	struct values v;
	struct index exact, by_path, by_digest;
};

/* paths of a list are hostile, but they are only looked for: what is in the table came from its owner */
static uint64_t hash_path(struct ima_bytes path)
{
	return ima_mix_bytes(1, path);
}

static uint64_t hash_digest(const uint8_t *digest, size_t len)
{
	return ima_mix_bytes(2, (struct ima_bytes){ digest, len < 16 ? len : 16 });
}

static int index_new(struct index *x, size_t n)
{
	size_t slots = MIN_SLOTS;

	while (slots < 2 * n)
		slots *= 2;
	x->slots = calloc(slots, sizeof(*x->slots));
	x->mask = slots - 1;
	return x->slots ? 0 : -ENOMEM;
}

static void index_put(struct index *x, uint64_t hash, uint32_t number)
{
	size_t i = hash & x->mask;

	while (x->slots[i])
		i = (i + 1) & x->mask;
	x->slots[i] = (hash & ~UINT64_C(0xffffffff)) | (number + 1);
}

static bool slot_is(uint64_t slot, uint64_t hash)
{
	return (slot ^ hash) >> 32 == 0;
}

static uint32_t number_of(uint64_t slot)
{
	return (uint32_t)slot - 1;
}

static void values_done(struct values *v)
{
	ima_buffer_done(&v->arena);
	ima_buffer_done(&v->texts);
	free(v->entries);
	free(v->sources);
	*v = (struct values){ 0 };
}

static int grow(void **array, size_t *cap, size_t n, size_t size)
{
	const size_t more = *cap ? *cap + *cap / 2 : 64;
	void *p;

	if (n < *cap)
		return 0;
	p = reallocarray(*array, more, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*cap = more;
	return 0;
}

int ima_reference_builder_new(struct ima_reference_builder **ret)
{
	struct ima_reference_builder *b = calloc(1, sizeof(*b));
	int r = b ? 0 : -ENOMEM;

	if (r == 0)
		r = index_new(&b->by_source, 0);
	if (r == 0)
		r = grow((void **)&b->v.sources, &b->v.cap_sources, 0, sizeof(*b->v.sources));
	if (r == 0)
		r = ima_buffer_append_u8(&b->v.texts, 0);
	if (r < 0) {
		ima_reference_builder_free(b);
		return r;
	}
	b->v.sources[b->v.n_sources++] = (struct source){ 0 };
	*ret = b;
	return 0;
}

struct ima_reference_builder *ima_reference_builder_free(struct ima_reference_builder *b)
{
	if (b) {
		values_done(&b->v);
		free(b->by_source.slots);
		free(b);
	}
	return NULL;
}

static uint64_t hash_source(const struct ima_reference_value *value)
{
	const char *const words[] = { value->package, value->version, value->repository };
	uint64_t h = ima_mix(3, (uint64_t)value->expiry);

	for (size_t i = 0; i < IMA_N_ELEMENTS(words); i++)
		h = ima_mix_bytes(h, (struct ima_bytes){ (const uint8_t *)words[i], words[i] ? strlen(words[i]) : 0 });
	return h;
}

static bool same_word(const struct values *v, uint32_t at, const char *word)
{
	return !strcmp((const char *)v->texts.data + at, word ? word : "");
}

static bool is_source(const struct values *v, uint32_t i, const struct ima_reference_value *value)
{
	const struct source *s = &v->sources[i];

	return s->expiry == value->expiry && same_word(v, s->package, value->package) &&
	       same_word(v, s->version, value->version) && same_word(v, s->repository, value->repository);
}

static int put_word(struct ima_buffer *texts, const char *word, uint32_t *ret)
{
	if (!word || !*word) {
		*ret = 0;
		return 0;
	}
	if (texts->len + strlen(word) >= UINT32_MAX)
		return -E2BIG;
	*ret = (uint32_t)texts->len;
	return ima_buffer_append(texts, word, strlen(word) + 1);
}

static int rehash_sources(struct ima_reference_builder *b)
{
	struct index fresh;
	int r;

	if (2 * b->v.n_sources <= b->by_source.mask)
		return 0;
	r = index_new(&fresh, 2 * b->v.n_sources);
	if (r < 0)
		return r;
	for (uint32_t i = 1; i < b->v.n_sources; i++) {
		const struct source *s = &b->v.sources[i];
		const char *t = (const char *)b->v.texts.data;
		const struct ima_reference_value value = { .package = t + s->package, .version = t + s->version,
							   .repository = t + s->repository, .expiry = s->expiry };

		index_put(&fresh, hash_source(&value), i);
	}
	free(b->by_source.slots);
	b->by_source = fresh;
	return 0;
}

static int add_source(struct ima_reference_builder *b, const struct ima_reference_value *value, uint64_t hash,
		      uint32_t *ret)
{
	struct values *v = &b->v;
	struct source s = { .expiry = value->expiry };
	int r = v->n_sources >= UINT32_MAX - 1 ? -E2BIG : 0;

	if (r == 0)
		r = grow((void **)&v->sources, &v->cap_sources, v->n_sources, sizeof(*v->sources));
	if (r == 0)
		r = rehash_sources(b);
	if (r == 0)
		r = put_word(&v->texts, value->package, &s.package);
	if (r == 0)
		r = put_word(&v->texts, value->version, &s.version);
	if (r == 0)
		r = put_word(&v->texts, value->repository, &s.repository);
	if (r < 0)
		return r;
	*ret = (uint32_t)v->n_sources;
	v->sources[v->n_sources++] = s;
	index_put(&b->by_source, hash, *ret);
	return 0;
}

static int find_source(struct ima_reference_builder *b, const struct ima_reference_value *value, uint32_t *ret)
{
	const struct index *x = &b->by_source;
	uint64_t hash;

	/* values come a package at a time */
	*ret = (uint32_t)b->v.n_sources - 1;
	if (is_source(&b->v, *ret, value))
		return 0;
	*ret = NO_SOURCE;
	if (is_source(&b->v, NO_SOURCE, value))
		return 0;
	hash = hash_source(value);
	for (size_t i = hash & x->mask; x->slots[i]; i = (i + 1) & x->mask) {
		*ret = number_of(x->slots[i]);
		if (slot_is(x->slots[i], hash) && is_source(&b->v, *ret, value))
			return 0;
	}
	return add_source(b, value, hash, ret);
}

int ima_reference_add(struct ima_reference_builder *b, const struct ima_reference_value *value)
{
	struct values *v = &b->v;
	const size_t at = v->arena.len;
	struct entry e = { .at = at, .algo = (uint8_t)value->digest.algo, .has_size = value->has_size,
			   .size = value->has_size ? value->size : 0 };
	int r;

	if (!value->digest.len || value->digest.len != ima_hash_len(value->digest.algo))
		return -EINVAL;
	if (value->path.len > IMA_REFERENCE_PATH_MAX || value->signature.len > UINT16_MAX)
		return -ENAMETOOLONG;
	if (v->n >= UINT32_MAX - 1)
		return -E2BIG;
	e.path_len = (uint16_t)value->path.len;
	e.sig_len = (uint16_t)value->signature.len;
	r = grow((void **)&v->entries, &v->cap, v->n, sizeof(*v->entries));
	if (r == 0)
		r = find_source(b, value, &e.source);
	if (r == 0)
		r = ima_buffer_reserve(&v->arena, value->digest.len + value->path.len + value->signature.len);
	if (r < 0)
		return r;
	memcpy(v->arena.data + at, value->digest.data, value->digest.len);
	for (size_t i = 0; i < value->path.len; i++)
		v->arena.data[at + value->digest.len + i] = value->path.data[i] == ' ' ? '_' : value->path.data[i];
	v->arena.len += value->digest.len + value->path.len;
	if (value->signature.len)
		memcpy(v->arena.data + v->arena.len, value->signature.data, value->signature.len);
	v->arena.len += value->signature.len;
	v->entries[v->n++] = e;
	return 0;
}

size_t ima_reference_builder_size(const struct ima_reference_builder *b)
{
	return b->v.n;
}

static const uint8_t *digest_of(const struct values *v, const struct entry *e)
{
	return v->arena.data + e->at;
}

static struct ima_bytes path_of(const struct values *v, const struct entry *e)
{
	return (struct ima_bytes){ v->arena.data + e->at + ima_hash_len((enum ima_hash_algo)e->algo), e->path_len };
}

static void shrink(struct values *v)
{
	void *p = v->arena.len ? realloc(v->arena.data, v->arena.len + 1) : NULL;

	if (p) {
		v->arena.data = p;
		v->arena.cap = v->arena.len + 1;
	}
	p = v->n ? reallocarray(v->entries, v->n, sizeof(*v->entries)) : NULL;
	if (p) {
		v->entries = p;
		v->cap = v->n;
	}
}

static void fill_indexes(struct ima_reference *r)
{
	for (uint32_t i = 0; i < r->v.n; i++) {
		const struct entry *e = &r->v.entries[i];
		const uint64_t d = hash_digest(digest_of(&r->v, e), ima_hash_len((enum ima_hash_algo)e->algo));
		const uint64_t p = hash_path(path_of(&r->v, e));

		index_put(&r->exact, ima_mix(p, d), i);
		index_put(&r->by_path, p, i);
		index_put(&r->by_digest, d, i);
	}
}

int ima_reference_finish(struct ima_reference_builder *b, struct ima_reference **ret)
{
	struct ima_reference *r = calloc(1, sizeof(*r));
	int e = r ? 0 : -ENOMEM;

	if (e == 0)
		e = index_new(&r->exact, b->v.n);
	if (e == 0)
		e = index_new(&r->by_path, b->v.n);
	if (e == 0)
		e = index_new(&r->by_digest, b->v.n);
	if (e < 0) {
		ima_reference_free(r);
		return e;
	}
	r->v = b->v;
	b->v = (struct values){ 0 };
	shrink(&r->v);
	fill_indexes(r);
	*ret = r;
	return 0;
}

struct ima_reference *ima_reference_free(struct ima_reference *r)
{
	if (r) {
		values_done(&r->v);
		free(r->exact.slots);
		free(r->by_path.slots);
		free(r->by_digest.slots);
		free(r);
	}
	return NULL;
}

const char *ima_reference_answer_text(enum ima_reference_answer a)
{
	static const char *const texts[IMA_REFERENCE__LAST] = {
		[IMA_REFERENCE_UNKNOWN] = "unknown file",
		[IMA_REFERENCE_MATCH] = "matches",
		[IMA_REFERENCE_EXPIRED] = "reference value has expired",
		[IMA_REFERENCE_CHANGED] = "known file with another digest",
		[IMA_REFERENCE_MOVED] = "known content under another path",
	};

	return (unsigned int)a < IMA_REFERENCE__LAST ? texts[a] : NULL;
}

static bool has_path(const struct values *v, uint32_t i, struct ima_bytes path)
{
	const struct ima_bytes have = path_of(v, &v->entries[i]);

	return have.len == path.len && !memcmp(have.data, path.data, path.len);
}

static bool has_digest(const struct values *v, uint32_t i, const struct ima_digest *d)
{
	return v->entries[i].algo == d->algo && !memcmp(digest_of(v, &v->entries[i]), d->data, d->len);
}

static bool is_good(const struct values *v, uint32_t i, int64_t now)
{
	const int64_t expiry = v->sources[v->entries[i].source].expiry;

	return !expiry || now <= expiry;
}

static enum ima_reference_answer find_exact(const struct ima_reference *r, uint64_t path_hash, struct ima_bytes path,
					    const struct ima_digest *d, int64_t now, uint32_t *index)
{
	const struct index *x = &r->exact;
	const uint64_t hash = ima_mix(path_hash, hash_digest(d->data, d->len));
	enum ima_reference_answer a = IMA_REFERENCE_UNKNOWN;

	for (size_t i = hash & x->mask; x->slots[i]; i = (i + 1) & x->mask) {
		const uint32_t n = number_of(x->slots[i]);

		if (!slot_is(x->slots[i], hash) || !has_digest(&r->v, n, d) || !has_path(&r->v, n, path))
			continue;
		*index = n;
		if (is_good(&r->v, n, now))
			return IMA_REFERENCE_MATCH;
		a = IMA_REFERENCE_EXPIRED;
	}
	return a;
}

static enum ima_reference_answer find_either(const struct ima_reference *r, struct ima_bytes path,
					     const struct ima_digest *digest, int64_t now, uint32_t *index)
{
	static const struct ima_bytes any = { (const uint8_t *)"", 0 };
	enum ima_reference_answer a;

	if (!digest->len || digest->len != ima_hash_len(digest->algo))
		return IMA_REFERENCE_UNKNOWN;
	a = find_exact(r, hash_path(path), path, digest, now, index);
	return a == IMA_REFERENCE_UNKNOWN ? find_exact(r, hash_path(any), any, digest, now, index) : a;
}

bool ima_reference_is_match(const struct ima_reference *r, struct ima_bytes path, const struct ima_digest *digest, int64_t now,
			    uint32_t *ret_index)
{
	uint32_t index;

	if (find_either(r, path, digest, now, &index) != IMA_REFERENCE_MATCH)
		return false;
	if (ret_index)
		*ret_index = index;
	return true;
}

enum ima_reference_answer ima_reference_find(const struct ima_reference *r, struct ima_bytes path,
					     const struct ima_digest *digest, int64_t now, uint32_t *ret_index)
{
	enum ima_reference_answer a;
	uint64_t at = 0;
	uint32_t index = 0;

	if (!digest->len || digest->len != ima_hash_len(digest->algo))
		return IMA_REFERENCE_UNKNOWN;
	a = find_either(r, path, digest, now, &index);
	if (a == IMA_REFERENCE_UNKNOWN && ima_reference_next_of_path(r, path, &at, &index) == 1)
		a = IMA_REFERENCE_CHANGED;
	at = 0;
	if (a == IMA_REFERENCE_UNKNOWN && ima_reference_next_of_digest(r, digest, &at, &index) == 1)
		a = IMA_REFERENCE_MOVED;
	if (a != IMA_REFERENCE_UNKNOWN && ret_index)
		*ret_index = index;
	return a;
}

size_t ima_reference_size(const struct ima_reference *r)
{
	return r->v.n;
}

int ima_reference_get(const struct ima_reference *r, uint32_t index, struct ima_reference_value *ret)
{
	const struct entry *e;
	const struct source *s;
	const char *texts = (const char *)r->v.texts.data;

	if (index >= r->v.n)
		return -ERANGE;
	e = &r->v.entries[index];
	s = &r->v.sources[e->source];
	*ret = (struct ima_reference_value){
		.path = path_of(&r->v, e),
		.digest = { .algo = (enum ima_hash_algo)e->algo, .len = ima_hash_len((enum ima_hash_algo)e->algo) },
		.package = s->package ? texts + s->package : NULL,
		.version = s->version ? texts + s->version : NULL,
		.repository = s->repository ? texts + s->repository : NULL,
		.expiry = s->expiry,
		.size = e->size,
		.has_size = e->has_size,
	};
	ret->signature = (struct ima_bytes){ ret->path.data + e->path_len, e->sig_len };
	memcpy(ret->digest.data, digest_of(&r->v, e), ret->digest.len);
	return 0;
}

/* *@at counts the slots that were looked at */
static bool next_slot(const struct index *x, uint64_t hash, uint64_t *at, uint32_t *ret)
{
	uint64_t slot;

	do {
		slot = *at > x->mask ? 0 : x->slots[(hash + *at) & x->mask];
		if (!slot)
			return false;
		++*at;
	} while (!slot_is(slot, hash));
	*ret = number_of(slot);
	return true;
}

int ima_reference_next_of_path(const struct ima_reference *r, struct ima_bytes path, uint64_t *at,
			       uint32_t *ret_index)
{
	uint32_t n;

	while (next_slot(&r->by_path, hash_path(path), at, &n)) {
		if (!has_path(&r->v, n, path))
			continue;
		*ret_index = n;
		return 1;
	}
	return 0;
}

int ima_reference_next_of_digest(const struct ima_reference *r, const struct ima_digest *digest, uint64_t *at,
				 uint32_t *ret_index)
{
	uint32_t n;

	while (next_slot(&r->by_digest, hash_digest(digest->data, digest->len), at, &n)) {
		if (!has_digest(&r->v, n, digest))
			continue;
		*ret_index = n;
		return 1;
	}
	return 0;
}

size_t ima_reference_n_sources(const struct ima_reference *r)
{
	return r->v.n_sources;
}

uint32_t ima_reference_source(const struct ima_reference *r, uint32_t index)
{
	return r->v.entries[index].source;
}

static int compare_sources(const struct values *v, const struct source *a, const struct source *b)
{
	const char *texts = (const char *)v->texts.data;
	int c = strcmp(texts + a->package, texts + b->package);

	if (!c)
		c = strcmp(texts + a->version, texts + b->version);
	if (!c)
		c = strcmp(texts + a->repository, texts + b->repository);
	return c ? c : (a->expiry > b->expiry) - (a->expiry < b->expiry);
}

static int compare_entries(const void *a, const void *b, void *user)
{
	const struct values *v = user;
	const struct entry *ea = &v->entries[*(const uint32_t *)a], *eb = &v->entries[*(const uint32_t *)b];
	const struct ima_bytes pa = path_of(v, ea), pb = path_of(v, eb);
	int c = memcmp(pa.data, pb.data, pa.len < pb.len ? pa.len : pb.len);

	if (!c)
		c = (pa.len > pb.len) - (pa.len < pb.len);
	if (!c)
		c = ea->algo - eb->algo;
	if (!c)
		c = memcmp(digest_of(v, ea), digest_of(v, eb), ima_hash_len((enum ima_hash_algo)ea->algo));
	return c || ea->source == eb->source ? c : compare_sources(v, &v->sources[ea->source], &v->sources[eb->source]);
}

int ima_reference_sort(const struct ima_reference *r, uint32_t **ret)
{
	uint32_t *order = calloc(r->v.n + 1, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < r->v.n; i++)
		order[i] = i;
	if (r->v.n)
		qsort_r(order, r->v.n, sizeof(*order), compare_entries, ima_unconst(&r->v));
	*ret = order;
	return 0;
}
