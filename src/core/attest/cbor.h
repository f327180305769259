/* SPDX-License-Identifier: BSD-2-Clause */
/* CBOR (RFC 8949), item by item: what is read is never a tree, so that memory does not depend on what the bytes claim. libcbor is cbor_libcbor.c's alone. */
#pragma once

#include "base/buffer.h"

enum ima_cbor_kind {
	IMA_CBOR_UINT = 0,
	IMA_CBOR_NINT, /* -1 - number */
	IMA_CBOR_BYTES,
	IMA_CBOR_TEXT,
	IMA_CBOR_ARRAY, /* of number items */
	IMA_CBOR_MAP,   /* of number pairs */
	IMA_CBOR_TAG,
	IMA_CBOR_OTHER, /* simple values, floating point */
};

/** struct ima_cbor_item - @bytes: of BYTES and TEXT, borrowed from the input */
struct ima_cbor_item {
	enum ima_cbor_kind kind;
	uint64_t number;
	struct ima_bytes bytes;
};

/**
 * ima_cbor_next() - the next item's head, and the content of a string
 * @in: moves past it on success
 * Return: 0, -EBADMSG damaged, cut off, of indefinite length, or a count that the rest of the bytes cannot hold
 */
ima_must_check int ima_cbor_next(struct ima_bytes *in, struct ima_cbor_item *ret);

/** ima_cbor_skip() - one item with everything in it; 32 levels at most. -EBADMSG */
ima_must_check int ima_cbor_skip(struct ima_bytes *in);

/* appending; -ENOMEM */
ima_must_check int ima_cbor_put(struct ima_buffer *out, enum ima_cbor_kind kind, uint64_t number); /* of strings: their length, content follows */
ima_must_check int ima_cbor_put_bytes(struct ima_buffer *out, struct ima_bytes b);
ima_must_check int ima_cbor_put_text(struct ima_buffer *out, struct ima_bytes text);
