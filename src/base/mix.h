/* SPDX-License-Identifier: BSD-2-Clause */
/* A quick hash of bytes, eight at a time, for tables in memory: no defence against keys that are made to collide but the seed. */
#pragma once

#include <string.h>

#include <ima/types.h>

static inline uint64_t ima_mix(uint64_t h, uint64_t word)
{
	const __uint128_t p = (__uint128_t)(h ^ word) * UINT64_C(0x9fb21c651e98df25);

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static inline uint64_t ima_mix_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return word;
}

/* up to eight bytes, each of them at least once */
static inline uint64_t ima_mix_few(const uint8_t *p, size_t len)
{
	uint32_t a, b;

	if (len == 8)
		return ima_mix_word(p);
	if (len >= 4) {
		memcpy(&a, p, 4);
		memcpy(&b, p + len - 4, 4);
		return (uint64_t)a << 32 | b;
	}
	return len ? (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1] : 0;
}

/** ima_mix_bytes() - goes on from @h; the length counts as well */
static inline uint64_t ima_mix_bytes(uint64_t h, struct ima_bytes b)
{
	h = ima_mix(h, b.len);
	/* two rows of products that do not wait for each other; from different beginnings, or they could change places */
	if (b.len > 32) {
		uint64_t other = ima_mix(h, UINT64_C(0xd6e8feb86659fd93));

		for (; b.len > 16; b.data += 16, b.len -= 16) {
			h = ima_mix(h, ima_mix_word(b.data));
			other = ima_mix(other, ima_mix_word(b.data + 8));
		}
		h = ima_mix(h, other);
	}
	for (; b.len > 8; b.data += 8, b.len -= 8)
		h = ima_mix(h, ima_mix_word(b.data));
	return ima_mix(h, ima_mix_few(b.data, b.len));
}

/** ima_is_zero() - are all bytes zero? */
static inline bool ima_is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}
