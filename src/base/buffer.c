/* SPDX-License-Identifier: BSD-2-Clause */
/* A growing byte buffer; a failed append changes nothing. */
#include "base/buffer.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"

int ima_buffer_reserve(struct ima_buffer *b, size_t more)
{
	size_t need, cap;
	uint8_t *p;

	if (more > SIZE_MAX - b->len - 1)
		return -ENOMEM;
	need = b->len + more + 1;
	if (b->limit && need - 1 > b->limit)
		return -EFBIG;
	if (need <= b->cap)
		return 0;
	cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	p = realloc(b->data, cap);
	if (!p)
		return -ENOMEM;
	b->data = p;
	b->cap = cap;
	return 0;
}

int ima_buffer_append(struct ima_buffer *b, const void *data, size_t len)
{
	int r = ima_buffer_reserve(b, len);

	if (r < 0)
		return r;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
	return 0;
}

int ima_buffer_append_u8(struct ima_buffer *b, uint8_t v)
{
	return ima_buffer_append(b, &v, 1);
}

int ima_buffer_append_u16(struct ima_buffer *b, uint16_t v)
{
	const uint8_t le[2] = { (uint8_t)v, (uint8_t)(v >> 8) };

	return ima_buffer_append(b, le, sizeof(le));
}

int ima_buffer_append_u32(struct ima_buffer *b, uint32_t v)
{
	const uint8_t le[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
				(uint8_t)(v >> 24) };

	return ima_buffer_append(b, le, sizeof(le));
}

int ima_buffer_append_u64(struct ima_buffer *b, uint64_t v)
{
	uint8_t le[8];

	for (size_t i = 0; i < 8; i++)
		le[i] = (uint8_t)(v >> (8 * i));
	return ima_buffer_append(b, le, sizeof(le));
}

int ima_buffer_append_str(struct ima_buffer *b, const char *s)
{
	return ima_buffer_append(b, s, strlen(s));
}

int ima_buffer_append_hex(struct ima_buffer *b, const void *data, size_t len)
{
	int r;

	if (len > SIZE_MAX / 4)
		return -ENOMEM;
	r = ima_buffer_reserve(b, 2 * len);
	if (r < 0)
		return r;
	ima_hex_encode(data, len, (char *)b->data + b->len);
	b->len += 2 * len;
	b->data[b->len] = 0;
	return 0;
}

int ima_buffer_printf(struct ima_buffer *b, const char *fmt, ...)
{
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -EINVAL;
	r = ima_buffer_reserve(b, (size_t)n);
	if (r < 0)
		return r;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}
