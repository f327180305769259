/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing byte buffer. Append calls fail only with -ENOMEM (or -EFBIG past @limit) and leave the contents as they were.
 * Integers are appended little-endian unless the name says otherwise.
 */
#pragma once

#include <stdarg.h>

#include "base/cleanup.h"

struct ima_buffer {
	uint8_t *data; /* owned; always followed by one NUL that len does not count, once non-empty */
	size_t len;    /* bytes used */
	size_t cap;    /* bytes allocated */
	size_t limit;  /* 0: none */
};

ima_must_check int ima_buffer_reserve(struct ima_buffer *b, size_t more);
ima_must_check int ima_buffer_append(struct ima_buffer *b, const void *data, size_t len);
ima_must_check int ima_buffer_append_u8(struct ima_buffer *b, uint8_t v);
ima_must_check int ima_buffer_append_u16(struct ima_buffer *b, uint16_t v);
ima_must_check int ima_buffer_append_u32(struct ima_buffer *b, uint32_t v);
ima_must_check int ima_buffer_append_u64(struct ima_buffer *b, uint64_t v);
ima_must_check int ima_buffer_append_str(struct ima_buffer *b, const char *s);
ima_must_check int ima_buffer_append_hex(struct ima_buffer *b, const void *data, size_t len);
ima_must_check int ima_buffer_printf(struct ima_buffer *b, const char *fmt, ...) ima_printf(2, 3);

static inline struct ima_bytes ima_buffer_bytes(const struct ima_buffer *b)
{
	return (struct ima_bytes){ .data = b->data, .len = b->len };
}

static inline void ima_buffer_done(struct ima_buffer *b)
{
	free(b->data);
	*b = (struct ima_buffer){ 0 };
}
