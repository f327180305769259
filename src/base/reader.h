/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded reading of hostile bytes. A read moves the cursor only on success; running past the end is -EBADMSG.
 */
#pragma once

#include <errno.h>
#include <string.h>

#include <ima/types.h>

enum ima_order { IMA_ORDER_LITTLE = 0, IMA_ORDER_BIG };

struct ima_reader {
	const uint8_t *start; /* for offsets in diagnostics */
	const uint8_t *pos;
	const uint8_t *end;
	enum ima_order order; /* of multi-byte integers */
};

static inline struct ima_reader ima_reader_init(struct ima_bytes b, enum ima_order order)
{
	return (struct ima_reader){
		.start = b.data, .pos = b.data, .end = b.data + b.len, .order = order };
}

static inline size_t ima_reader_left(const struct ima_reader *r)
{
	return (size_t)(r->end - r->pos);
}

static inline uint64_t ima_reader_offset(const struct ima_reader *r)
{
	return (uint64_t)(r->pos - r->start);
}

static inline ima_must_check int ima_read_bytes(struct ima_reader *r, size_t n,
						struct ima_bytes *ret)
{
	if (ima_reader_left(r) < n)
		return -EBADMSG;
	*ret = (struct ima_bytes){ .data = r->pos, .len = n };
	r->pos += n;
	return 0;
}

static inline ima_must_check int ima_read_u8(struct ima_reader *r, uint8_t *ret)
{
	if (ima_reader_left(r) < 1)
		return -EBADMSG;
	*ret = *r->pos++;
	return 0;
}

static inline ima_must_check int ima_read_u16(struct ima_reader *r, uint16_t *ret)
{
	if (ima_reader_left(r) < 2)
		return -EBADMSG;
	if (r->order == IMA_ORDER_BIG)
		*ret = (uint16_t)(r->pos[0] << 8 | r->pos[1]);
	else
		*ret = (uint16_t)(r->pos[1] << 8 | r->pos[0]);
	r->pos += 2;
	return 0;
}

static inline ima_must_check int ima_read_u32(struct ima_reader *r, uint32_t *ret)
{
	uint32_t v;

	if (ima_reader_left(r) < 4)
		return -EBADMSG;
	memcpy(&v, r->pos, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	if (r->order == IMA_ORDER_BIG)
		v = __builtin_bswap32(v);
	*ret = v;
	r->pos += 4;
	return 0;
}

static inline ima_must_check int ima_read_u64(struct ima_reader *r, uint64_t *ret)
{
	uint32_t a, b;

	if (ima_reader_left(r) < 8)
		return -EBADMSG;
	if (ima_read_u32(r, &a) < 0 || ima_read_u32(r, &b) < 0)
		return -EBADMSG;
	*ret = r->order == IMA_ORDER_BIG ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
	return 0;
}
