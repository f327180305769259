/* SPDX-License-Identifier: BSD-2-Clause */
/* libcbor's streaming decoder hands over one item at a time through callbacks, which fill one struct. */
#include "core/attest/cbor.h"

#include <errno.h>

#include <cbor.h>

#define MAX_DEPTH 32

struct sink {
	struct ima_cbor_item item;
	bool refused; /* an item that is not read here */
};

static void set(void *user, enum ima_cbor_kind kind, uint64_t number)
{
	((struct sink *)user)->item = (struct ima_cbor_item){ .kind = kind, .number = number };
}

static void refuse(void *user)
{
	((struct sink *)user)->refused = true;
}

static void on_uint8(void *user, uint8_t v) { set(user, IMA_CBOR_UINT, v); }
static void on_uint16(void *user, uint16_t v) { set(user, IMA_CBOR_UINT, v); }
static void on_uint32(void *user, uint32_t v) { set(user, IMA_CBOR_UINT, v); }
static void on_uint64(void *user, uint64_t v) { set(user, IMA_CBOR_UINT, v); }
static void on_nint8(void *user, uint8_t v) { set(user, IMA_CBOR_NINT, v); }
static void on_nint16(void *user, uint16_t v) { set(user, IMA_CBOR_NINT, v); }
static void on_nint32(void *user, uint32_t v) { set(user, IMA_CBOR_NINT, v); }
static void on_nint64(void *user, uint64_t v) { set(user, IMA_CBOR_NINT, v); }
static void on_array(void *user, size_t n) { set(user, IMA_CBOR_ARRAY, n); }
static void on_map(void *user, size_t n) { set(user, IMA_CBOR_MAP, n); }
static void on_tag(void *user, uint64_t v) { set(user, IMA_CBOR_TAG, v); }
static void on_float(void *user, float v) { set(user, IMA_CBOR_OTHER, 0); }
static void on_double(void *user, double v) { set(user, IMA_CBOR_OTHER, 0); }
static void on_bool(void *user, bool v) { set(user, IMA_CBOR_OTHER, 0); }
static void on_simple(void *user) { set(user, IMA_CBOR_OTHER, 0); }

static void on_bytes(void *user, cbor_data data, size_t len)
{
	set(user, IMA_CBOR_BYTES, len);
	((struct sink *)user)->item.bytes = (struct ima_bytes){ data, len };
}

static void on_text(void *user, cbor_data data, size_t len)
{
	set(user, IMA_CBOR_TEXT, len);
	((struct sink *)user)->item.bytes = (struct ima_bytes){ data, len };
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8, .uint16 = on_uint16, .uint32 = on_uint32, .uint64 = on_uint64,
	.negint8 = on_nint8, .negint16 = on_nint16, .negint32 = on_nint32, .negint64 = on_nint64,
	.byte_string = on_bytes, .string = on_text, .array_start = on_array, .map_start = on_map, .tag = on_tag,
	.float2 = on_float, .float4 = on_float, .float8 = on_double, .undefined = on_simple, .null = on_simple, .boolean = on_bool,
	.byte_string_start = refuse, .string_start = refuse, .indef_array_start = refuse, .indef_map_start = refuse, .indef_break = refuse,
};

int ima_cbor_next(struct ima_bytes *in, struct ima_cbor_item *ret)
{
	struct sink s = { 0 };
	const struct cbor_decoder_result r = in->len ? cbor_stream_decode(in->data, in->len, &callbacks, &s) :
						       (struct cbor_decoder_result){ .status = CBOR_DECODER_NEDATA };
	size_t left;

	if (r.status != CBOR_DECODER_FINISHED || s.refused || !r.read || r.read > in->len)
		return -EBADMSG;
	left = in->len - r.read;
	if ((s.item.kind == IMA_CBOR_ARRAY && s.item.number > left) || (s.item.kind == IMA_CBOR_MAP && s.item.number > left / 2))
		return -EBADMSG;
	*in = (struct ima_bytes){ in->data + r.read, left };
	*ret = s.item;
	return 0;
}

int ima_cbor_skip(struct ima_bytes *in)
{
	uint64_t open[MAX_DEPTH] = { 1 }; /* items still to come, a level each */
	size_t depth = 1;
	struct ima_cbor_item item;

	while (depth) {
		if (!open[depth - 1]) {
			depth--;
			continue;
		}
		open[depth - 1]--;
		if (ima_cbor_next(in, &item) < 0)
			return -EBADMSG;
		if (item.kind != IMA_CBOR_ARRAY && item.kind != IMA_CBOR_MAP && item.kind != IMA_CBOR_TAG)
			continue;
		if (depth == MAX_DEPTH)
			return -EBADMSG;
		open[depth++] = item.kind == IMA_CBOR_TAG ? 1 : item.kind == IMA_CBOR_MAP ? 2 * item.number : item.number;
	}
	return 0;
}

int ima_cbor_put(struct ima_buffer *out, enum ima_cbor_kind kind, uint64_t number)
{
	uint8_t head[9];
	size_t len = 0;

	switch (kind) {
	case IMA_CBOR_UINT: len = cbor_encode_uint(number, head, sizeof(head)); break;
	case IMA_CBOR_NINT: len = cbor_encode_negint(number, head, sizeof(head)); break;
	case IMA_CBOR_BYTES: len = cbor_encode_bytestring_start(number, head, sizeof(head)); break;
	case IMA_CBOR_TEXT: len = cbor_encode_string_start(number, head, sizeof(head)); break;
	case IMA_CBOR_ARRAY: len = cbor_encode_array_start(number, head, sizeof(head)); break;
	case IMA_CBOR_MAP: len = cbor_encode_map_start(number, head, sizeof(head)); break;
	case IMA_CBOR_TAG: len = cbor_encode_tag(number, head, sizeof(head)); break;
	case IMA_CBOR_OTHER: break;
	}
	return len ? ima_buffer_append(out, head, len) : -EINVAL;
}

static int put_string(struct ima_buffer *out, enum ima_cbor_kind kind, struct ima_bytes b)
{
	int r = ima_cbor_put(out, kind, b.len);

	return r < 0 || !b.len ? r : ima_buffer_append(out, b.data, b.len);
}

int ima_cbor_put_bytes(struct ima_buffer *out, struct ima_bytes b)
{
	return put_string(out, IMA_CBOR_BYTES, b);
}

int ima_cbor_put_text(struct ima_buffer *out, struct ima_bytes text)
{
	return put_string(out, IMA_CBOR_TEXT, text);
}
