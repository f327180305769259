/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of one field. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "core/template/fields.h"

static int print_digest(struct ima_bytes v, struct ima_buffer *out)
{
	const uint8_t *nul = memchr(v.data, 0, v.len);
	size_t prefix;
	int r;

	if (!nul || nul == v.data || nul[-1] != ':')
		return -EBADMSG;
	prefix = (size_t)(nul - v.data);
	r = ima_buffer_append(out, v.data, prefix);
	return r < 0 ? r : ima_buffer_append_hex(out, nul + 1, v.len - prefix - 1);
}

static int print_number(struct ima_bytes v, struct ima_buffer *out)
{
	uint64_t n = 0;

	if (v.len != 1 && v.len != 2 && v.len != 4 && v.len != 8)
		return -EBADMSG;
	for (size_t i = v.len; i-- > 0;)
		n = n << 8 | v.data[i];
	return ima_buffer_printf(out, "%" PRIu64, n);
}

int ima_field_print(enum ima_field field, struct ima_bytes value, struct ima_buffer *out)
{
	if (!value.len)
		return 0;
	switch (ima_field_ops[field].show) {
	case IMA_SHOW_STRING:
		return ima_buffer_append(out, value.data,
					 strnlen((const char *)value.data, value.len));
	case IMA_SHOW_DIGEST:
		return print_digest(value, out);
	case IMA_SHOW_NUMBER:
		return print_number(value, out);
	default:
		return ima_buffer_append_hex(out, value.data, value.len);
	}
}
