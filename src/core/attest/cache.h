/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known already, shared among threads: keys of bytes with small values. Entries are added and never changed or removed, so that readers
 * need no lock; full, or where hostile keys crowd, nothing more is added. Memory is bounded by what the maker says.
 */
#pragma once

#include <ima/types.h>

struct ima_cache;

#define IMA_CACHE_PARTS 4

/** ima_cache_new() - at most @max_bytes of entries, in steps of 2 MiB, beside a table of a 32nd to a 16th of that. -ENOMEM, -EIO no random seed */
ima_must_check int ima_cache_new(size_t max_bytes, struct ima_cache **ret);
struct ima_cache *ima_cache_free(struct ima_cache *c);

/** struct ima_cache_key - several views that count as one; equal only when each part is */
struct ima_cache_key {
	struct ima_bytes part[IMA_CACHE_PARTS];
	/* bytes of the parts by which the key is hashed, where those alone tell keys apart, also keys that were made to collide; empty: all parts are */
	struct ima_bytes sample;
	uint64_t hash; /* filled by ima_cache_hash() */
};

void ima_cache_hash(const struct ima_cache *c, struct ima_cache_key *key);

#define IMA_CACHE_AHEAD 16

/** ima_cache_prepare() - hash @n keys that will be looked for next, at most IMA_CACHE_AHEAD, while what is known of them comes from memory */
void ima_cache_prepare(const struct ima_cache *c, struct ima_cache_key *keys, size_t n);

/** ima_cache_find() - the value, valid as long as the cache is; NULL not known. @key is hashed */
const void *ima_cache_find(const struct ima_cache *c, const struct ima_cache_key *key);

/** ima_cache_add() - @value is copied, aligned for any type; a key that is there stays as it is */
void ima_cache_add(struct ima_cache *c, const struct ima_cache_key *key, const void *value, size_t len);
