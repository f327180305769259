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

/** ima_mix_bytes() - goes on from @h; the length counts as well */
static inline uint64_t ima_mix_bytes(uint64_t h, struct ima_bytes b)
{
	uint64_t word = 0;

	h = ima_mix(h, b.len);
	for (; b.len >= 8; b.data += 8, b.len -= 8) {
		memcpy(&word, b.data, 8);
		h = ima_mix(h, word);
	}
	word = 0;
	if (b.len)
		memcpy(&word, b.data, b.len);
	return ima_mix(h, word);
}

/** ima_is_zero() - are all bytes zero? */
static inline bool ima_is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}
