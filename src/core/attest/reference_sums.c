/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of sums as coreutils writes them: a line that is not one is refused with its number, never passed over. */
#include <ima/reference.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/hex.h"

static int take_digest(struct ima_bytes line, struct ima_digest *ret)
{
	static const enum ima_hash_algo sizes[] = { IMA_HASH_SHA1, IMA_HASH_SHA256, IMA_HASH_SHA384, IMA_HASH_SHA512 };
	size_t n = 0;

	while (n < line.len && n < 2 * IMA_DIGEST_MAX + 1 && ima_hex_value((char)line.data[n]) >= 0)
		n++;
	for (size_t i = 0; i < IMA_N_ELEMENTS(sizes); i++) {
		if (2 * ima_hash_len(sizes[i]) != n)
			continue;
		*ret = (struct ima_digest){ .algo = sizes[i], .len = n / 2 };
		return ima_hex_decode((const char *)line.data, n, ret->data);
	}
	return -EBADMSG;
}

static int unescape(struct ima_bytes path, struct ima_buffer *out)
{
	int r = 0;

	out->len = 0;
	for (size_t i = 0; i < path.len && r == 0; i++) {
		uint8_t c = path.data[i];

		if (c == '\\') {
			if (++i == path.len)
				return -EBADMSG;
			c = path.data[i] == 'n' ? '\n' : path.data[i] == 'r' ? '\r' : path.data[i];
			if (c == path.data[i] && c != '\\')
				return -EBADMSG;
		}
		r = ima_buffer_append_u8(out, c);
	}
	return r;
}

static int take_line(struct ima_reference_builder *b, struct ima_bytes line, struct ima_buffer *scratch)
{
	struct ima_reference_value v = { 0 };
	const bool escaped = line.data[0] == '\\';
	size_t skip;
	int r;

	if (escaped)
		line = (struct ima_bytes){ line.data + 1, line.len - 1 };
	r = take_digest(line, &v.digest);
	if (r < 0)
		return -EBADMSG;
	skip = 2 * v.digest.len;
	if (line.len < skip + 3 || line.data[skip] != ' ' || (line.data[skip + 1] != ' ' && line.data[skip + 1] != '*'))
		return -EBADMSG;
	v.path = (struct ima_bytes){ line.data + skip + 2, line.len - skip - 2 };
	if (escaped) {
		r = unescape(v.path, scratch);
		v.path = ima_buffer_bytes(scratch);
	}
	return r < 0 ? r : ima_reference_add(b, &v);
}

static const char *reason(int error)
{
	return error == -EBADMSG ? "not a line of digest, two blanks and path"
	       : error == -ENAMETOOLONG ? "the path is too long"
					: strerror(-error);
}

int ima_reference_add_sums(struct ima_reference_builder *b, struct ima_bytes text, struct ima_diag *diag)
{
	struct ima_buffer scratch = { 0 };
	const uint8_t *at = text.data, *end = text.data + text.len;
	unsigned int number = 0;
	int r = 0;

	while (at < end && r == 0) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		struct ima_bytes line = { at, (size_t)((nl ? nl : end) - at) };

		number++;
		if (line.len && line.data[0] != '#')
			r = take_line(b, line, &scratch);
		if (r < 0)
			ima_ignore(ima_diag_set(diag, r, number, 0, line, "%s", reason(r)));
		at = nl ? nl + 1 : end;
	}
	ima_buffer_done(&scratch);
	return r;
}
