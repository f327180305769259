/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of chains. A new entry is made whole and then put at the head of its chain by one compare-and-swap; nothing else is ever written. Entries stand close
 * together in blocks of a large page's size: they are looked for in any order, and what that costs is mostly the way to memory.
 */
#include "core/attest/cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/mix.h"

#define CHAIN_MAX 16 /* entries: more means keys that were made to collide */
#define BYTES_A_SLOT 256
#define BLOCK (2U << 20)
#define MIN_SLOTS 1024
#define LINE 64       /* bytes that come from memory at once */
#define NODE_LINES 5  /* of an entry that is looked at */

struct node {
	struct node *next;
	uint64_t hash;
	uint32_t key_len[IMA_CACHE_PARTS];
	uint32_t value_len;
	_Alignas(16) uint8_t bytes[]; /* value, then the parts */
};

struct block {
	struct block *next;
	size_t used; /* bytes, with this head */
};

struct ima_cache {
	pthread_mutex_t lock;  /* of the blocks */
	struct block *blocks;  /* the first has room, perhaps */
	_Atomic(struct node *) *slots;
	size_t mask;
	uint64_t seed;
	size_t max_bytes, n_bytes; /* of blocks: allowed, taken */
};

static void *large(size_t size)
{
	void *p = aligned_alloc(BLOCK, (size + BLOCK - 1) & ~(size_t)(BLOCK - 1));

	/* a hint: small pages do as well */
	if (p)
		ima_ignore(madvise(p, size, MADV_HUGEPAGE));
	return p;
}

int ima_cache_new(size_t max_bytes, struct ima_cache **ret)
{
	struct ima_cache *c = calloc(1, sizeof(*c));
	size_t n = MIN_SLOTS;

	if (!c)
		return -ENOMEM;
	while (n * BYTES_A_SLOT < max_bytes)
		n *= 2;
	c->max_bytes = max_bytes;
	c->mask = n - 1;
	pthread_mutex_init(&c->lock, NULL);
	c->slots = large(n * sizeof(*c->slots));
	if (c->slots)
		memset(c->slots, 0, n * sizeof(*c->slots));
	if (!c->slots || getrandom(&c->seed, sizeof(c->seed), 0) != sizeof(c->seed)) {
		const int r = c->slots ? -EIO : -ENOMEM;

		ima_cache_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct ima_cache *ima_cache_free(struct ima_cache *c)
{
	if (!c)
		return NULL;
	while (c->blocks) {
		struct block *next = c->blocks->next;

		free(c->blocks);
		c->blocks = next;
	}
	pthread_mutex_destroy(&c->lock);
	free(c->slots);
	free(c);
	return NULL;
}

/* NULL when the limit is reached */
static void *take_room(struct ima_cache *c, size_t size)
{
	struct block *b;
	void *p = NULL;

	size = (size + 15) & ~(size_t)15;
	if (size > BLOCK / 4)
		return NULL;
	pthread_mutex_lock(&c->lock);
	b = c->blocks;
	if ((!b || b->used + size > BLOCK) && c->n_bytes + BLOCK <= c->max_bytes) {
		b = large(BLOCK);
		if (b) {
			*b = (struct block){ .next = c->blocks, .used = (sizeof(*b) + 15) & ~(size_t)15 };
			c->blocks = b;
			c->n_bytes += BLOCK;
		}
	}
	if (b && b->used + size <= BLOCK) {
		p = (uint8_t *)b + b->used;
		b->used += size;
	}
	pthread_mutex_unlock(&c->lock);
	return p;
}

void ima_cache_hash(const struct ima_cache *c, struct ima_cache_key *key)
{
	uint64_t h = c->seed;

	if (key->sample.len)
		h = ima_mix_bytes(h, key->sample);
	for (size_t i = 0; i < IMA_CACHE_PARTS && !key->sample.len; i++)
		h = ima_mix_bytes(h, key->part[i]);
	key->hash = ima_mix(h, c->seed);
}

static const struct node *first_of(const struct ima_cache *c, const struct ima_cache_key *key)
{
	return atomic_load_explicit(&c->slots[key->hash & c->mask], memory_order_acquire);
}

void ima_cache_prepare(const struct ima_cache *c, struct ima_cache_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ima_cache_hash(c, &keys[i]);
		__builtin_prefetch((const uint8_t *)(uintptr_t)&c->slots[keys[i].hash & c->mask]);
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *at = (const uint8_t *)first_of(c, &keys[i]);

		/* past the end of the last block is no fault: nothing is read */
		for (size_t k = 0; at && k < NODE_LINES; k++)
			__builtin_prefetch(at + k * LINE);
	}
}

static bool is_key(const struct node *n, const struct ima_cache_key *key)
{
	const uint8_t *at = n->bytes + n->value_len;

	if (n->hash != key->hash)
		return false;
	for (size_t i = 0; i < IMA_CACHE_PARTS; at += n->key_len[i], i++)
		if (n->key_len[i] != key->part[i].len || (n->key_len[i] && memcmp(at, key->part[i].data, n->key_len[i])))
			return false;
	return true;
}

const void *ima_cache_find(const struct ima_cache *c, const struct ima_cache_key *key)
{
	const struct node *n = first_of(c, key);

	while (n && !is_key(n, key))
		n = n->next;
	return n ? n->bytes : NULL;
}

/* NULL when it does not fit any more */
static struct node *make(struct ima_cache *c, const struct ima_cache_key *key, const void *value, size_t len)
{
	size_t size = sizeof(struct node) + len;
	struct node *n;
	uint8_t *at;

	for (size_t i = 0; i < IMA_CACHE_PARTS; i++) {
		if (key->part[i].len > UINT32_MAX)
			return NULL;
		size += key->part[i].len;
	}
	n = take_room(c, size);
	if (!n)
		return NULL;
	n->hash = key->hash;
	n->value_len = (uint32_t)len;
	memcpy(n->bytes, value, len);
	at = n->bytes + len;
	for (size_t i = 0; i < IMA_CACHE_PARTS; at += key->part[i].len, i++) {
		n->key_len[i] = (uint32_t)key->part[i].len;
		if (key->part[i].len)
			memcpy(at, key->part[i].data, key->part[i].len);
	}
	return n;
}

static bool has_room(struct node *head, const struct ima_cache_key *key)
{
	size_t n = 0;

	for (const struct node *at = head; at; at = at->next)
		if (++n == CHAIN_MAX || is_key(at, key))
			return false;
	return true;
}

void ima_cache_add(struct ima_cache *c, const struct ima_cache_key *key, const void *value, size_t len)
{
	_Atomic(struct node *) *slot = &c->slots[key->hash & c->mask];
	struct node *head = atomic_load_explicit(slot, memory_order_acquire);
	struct node *n = has_room(head, key) ? make(c, key, value, len) : NULL;

	if (!n)
		return;
	do {
		n->next = head;
	} while (!atomic_compare_exchange_weak_explicit(slot, &head, n, memory_order_release, memory_order_acquire));
}
