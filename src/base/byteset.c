/* SPDX-License-Identifier: BSD-2-Clause */
/* Set of tagged byte strings: slots hold offsets + 1 into an arena of { u32 tag, u8 len, bytes }. */
#include "base/byteset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

struct ima_byteset {
	struct ima_buffer arena;
	uint64_t *slots; /* 0: empty, else arena offset + 1 */
	size_t n_slots;  /* power of two */
	size_t n;
};

#define ENTRY_HEAD 5

int ima_byteset_new(struct ima_byteset **ret)
{
	struct ima_byteset *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->n_slots = 1024;
	s->slots = calloc(s->n_slots, sizeof(*s->slots));
	if (!s->slots) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

struct ima_byteset *ima_byteset_free(struct ima_byteset *s)
{
	if (s) {
		ima_buffer_done(&s->arena);
		free(s->slots);
		free(s);
	}
	return NULL;
}

/* FNV-1a: the keys are digests, any mixing will do */
static uint64_t hash_key(uint32_t tag, const uint8_t *key, size_t len)
{
	uint64_t h = 14695981039346656037ULL ^ tag;

	for (size_t i = 0; i < len; i++)
		h = (h ^ key[i]) * 1099511628211ULL;
	return h ^ h >> 29;
}

static const uint8_t *entry_at(const struct ima_byteset *s, uint64_t slot, uint32_t *ret_tag,
			       size_t *ret_len)
{
	const uint8_t *e = s->arena.data + slot - 1;

	memcpy(ret_tag, e, 4);
	*ret_len = e[4];
	return e + ENTRY_HEAD;
}

/* index of the key, or of the empty slot where it belongs */
static size_t find_slot(const struct ima_byteset *s, uint32_t tag, struct ima_bytes key)
{
	size_t i = hash_key(tag, key.data, key.len) & (s->n_slots - 1);

	while (s->slots[i]) {
		uint32_t have_tag;
		size_t have_len;
		const uint8_t *have = entry_at(s, s->slots[i], &have_tag, &have_len);

		if (have_tag == tag && have_len == key.len && !memcmp(have, key.data, key.len))
			return i;
		i = (i + 1) & (s->n_slots - 1);
	}
	return i;
}

static int grow(struct ima_byteset *s)
{
	uint64_t *old = s->slots;
	size_t n_old = s->n_slots;
	uint64_t *fresh = calloc(n_old * 2, sizeof(*fresh));

	if (!fresh)
		return -ENOMEM;
	s->slots = fresh;
	s->n_slots = n_old * 2;
	for (size_t i = 0; i < n_old; i++) {
		struct ima_bytes key;
		uint32_t tag;

		if (!old[i])
			continue;
		key.data = entry_at(s, old[i], &tag, &key.len);
		s->slots[find_slot(s, tag, key)] = old[i];
	}
	free(old);
	return 0;
}

bool ima_byteset_has(const struct ima_byteset *s, uint32_t tag, struct ima_bytes key)
{
	return s->slots[find_slot(s, tag, key)] != 0;
}

int ima_byteset_add(struct ima_byteset *s, uint32_t tag, struct ima_bytes key)
{
	uint8_t head[ENTRY_HEAD];
	uint64_t offset;
	int r;

	if (key.len > UINT8_MAX)
		return -E2BIG;
	if (ima_byteset_has(s, tag, key))
		return 0;
	if ((s->n + 1) * 10 > s->n_slots * 7) {
		r = grow(s);
		if (r < 0)
			return r;
	}
	r = ima_buffer_reserve(&s->arena, ENTRY_HEAD + key.len);
	if (r < 0)
		return r;
	offset = s->arena.len;
	memcpy(head, &tag, 4);
	head[4] = (uint8_t)key.len;
	memcpy(s->arena.data + offset, head, ENTRY_HEAD);
	if (key.len)
		memcpy(s->arena.data + offset + ENTRY_HEAD, key.data, key.len);
	s->arena.len += ENTRY_HEAD + key.len;
	s->slots[find_slot(s, tag, key)] = offset + 1;
	s->n++;
	return 0;
}

size_t ima_byteset_size(const struct ima_byteset *s)
{
	return s->n;
}
