/* SPDX-License-Identifier: BSD-2-Clause */
/* Forms of one line a value: lists of sums as coreutils writes them, trust lists of fapolicyd ("PATH SIZE SHA256"). */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "core/attest/reference_forms_internal.h"

static int put_path(struct ima_buffer *out, struct ima_bytes path)
{
	int r = 0;

	for (size_t i = 0; i < path.len && r == 0; i++) {
		const uint8_t c = path.data[i];

		r = c == '\\' ? ima_buffer_append_str(out, "\\\\") :
		    c == '\n' ? ima_buffer_append_str(out, "\\n") :
		    c == '\r' ? ima_buffer_append_str(out, "\\r") :
				ima_buffer_append_u8(out, c);
	}
	return r;
}

static bool is_escaped(struct ima_bytes path)
{
	return memchr(path.data, '\\', path.len) || memchr(path.data, '\n', path.len) || memchr(path.data, '\r', path.len);
}

static const char *why_not_a_sum(const struct ima_reference_value *v)
{
	static const enum ima_hash_algo known[] = { IMA_HASH_SHA1, IMA_HASH_SHA256, IMA_HASH_SHA384, IMA_HASH_SHA512 };

	for (size_t i = 0; i < IMA_N_ELEMENTS(known); i++)
		if (v->digest.algo == known[i])
			return v->path.len ? NULL : "a digest for any path";
	return "no tool of sums has this algorithm";
}

int ima_sums_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out)
{
	struct ima_reference_value v;
	struct ima_form_walk w;
	int e = ima_form_walk_new(&w, r, opts, false);

	while (e == 0 && ima_form_walk_next(&w, &v)) {
		const char *why = why_not_a_sum(&v);

		if (why) {
			ima_form_lose(opts, &v, why);
			continue;
		}
		if (is_escaped(v.path))
			e = ima_buffer_append_u8(out, '\\');
		if (e == 0)
			e = ima_buffer_append_hex(out, v.digest.data, v.digest.len);
		if (e == 0)
			e = ima_buffer_append_str(out, "  ");
		if (e == 0)
			e = put_path(out, v.path);
		if (e == 0)
			e = ima_buffer_append_u8(out, '\n');
	}
	ima_form_walk_done(&w);
	return e;
}

static const char *why_not_trusted(const struct ima_reference_value *v)
{
	if (v->digest.algo != IMA_HASH_SHA256)
		return "trust lists carry sha256 only";
	if (!v->has_size)
		return "its size is not known, and a trust list has one";
	if (!v->path.len || v->path.data[0] != '/')
		return "no absolute path";
	for (size_t i = 0; i < v->path.len; i++)
		if (v->path.data[i] <= ' ' || v->path.data[i] == 0x7f)
			return "a blank or a control character in the path";
	return NULL;
}

int ima_fapolicyd_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out)
{
	struct ima_reference_value v;
	struct ima_form_walk w;
	int e = ima_form_walk_new(&w, r, opts, false);

	while (e == 0 && ima_form_walk_next(&w, &v)) {
		const char *why = why_not_trusted(&v);

		if (why) {
			ima_form_lose(opts, &v, why);
			continue;
		}
		e = ima_buffer_append(out, v.path.data, v.path.len);
		if (e == 0)
			e = ima_buffer_printf(out, " %llu ", (unsigned long long)v.size);
		if (e == 0)
			e = ima_buffer_append_hex(out, v.digest.data, v.digest.len);
		if (e == 0)
			e = ima_buffer_append_u8(out, '\n');
	}
	ima_form_walk_done(&w);
	return e;
}

static bool take_size(struct ima_bytes text, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || *ret > UINT64_MAX / 10 - 1)
			return false;
		*ret = 10 * *ret + (uint64_t)(text.data[i] - '0');
	}
	return text.len;
}

/* from the end: a path may have blanks in it */
static int take_trust_line(struct ima_reference_builder *b, struct ima_bytes line)
{
	const uint8_t *second = memrchr(line.data, ' ', line.len);
	const uint8_t *first = second ? memrchr(line.data, ' ', (size_t)(second - line.data)) : NULL;
	struct ima_reference_value v = { .has_size = true };

	if (!first || line.data[0] != '/')
		return -EBADMSG;
	v.path = (struct ima_bytes){ line.data, (size_t)(first - line.data) };
	if (!take_size((struct ima_bytes){ first + 1, (size_t)(second - first) - 1 }, &v.size) ||
	    ima_form_digest(IMA_HASH_SHA256, (const char *)second + 1, (size_t)(line.data + line.len - second) - 1, &v.digest) < 0)
		return -EBADMSG;
	return ima_reference_add(b, &v);
}

int ima_fapolicyd_read(struct ima_reference_builder *b, struct ima_bytes text, struct ima_diag *diag)
{
	const uint8_t *at = text.data, *end = text.data + text.len;
	unsigned int number = 0;
	int r = 0;

	while (at < end && r == 0) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		const struct ima_bytes line = { at, (size_t)((nl ? nl : end) - at) };

		number++;
		if (line.len && line.data[0] != '#')
			r = take_trust_line(b, line);
		if (r < 0)
			ima_ignore(ima_diag_set(diag, r, number, 0, line, "%s",
						r == -EBADMSG ? "not a line of path, size and sha256 digest" : strerror(-r)));
		at = nl ? nl + 1 : end;
	}
	return r;
}
