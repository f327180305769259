/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text lists: the template data is built again from each line's fields. A name with a newline in it cannot be told from two
 * lines: such a list is refused at that line.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/diag.h"
#include "base/hex.h"
#include "core/mlist/reader.h"
#include "core/template/fields.h"

static int refuse(struct ima_list_reader *r, struct ima_diag *diag, struct ima_bytes token,
		  const char *why)
{
	return ima_diag_set(diag, -EBADMSG, (unsigned int)r->line, 0, token, "%s", why);
}

/* the next word, ended by one blank or the end; the last field of a line may be empty */
static bool take_word(struct ima_bytes *line, struct ima_bytes *ret)
{
	const uint8_t *blank;

	if (!line->data)
		return false;
	blank = memchr(line->data, ' ', line->len);
	*ret = (struct ima_bytes){ line->data, blank ? (size_t)(blank - line->data) : line->len };
	if (blank) {
		line->len -= ret->len + 1;
		line->data = blank + 1;
	} else {
		*line = (struct ima_bytes){ 0 };
	}
	return true;
}

static int put_hex(struct ima_buffer *out, const uint8_t *text, size_t n_chars)
{
	int e = ima_buffer_reserve(out, n_chars / 2);

	if (e < 0)
		return e;
	if (ima_hex_decode((const char *)text, n_chars, out->data + out->len) < 0)
		return -EBADMSG;
	out->len += n_chars / 2;
	return 0;
}

static int put_digest(struct ima_buffer *out, struct ima_bytes w)
{
	const uint8_t *colon = memrchr(w.data, ':', w.len);
	size_t prefix;
	int e;

	if (!colon)
		return -EBADMSG;
	prefix = (size_t)(colon + 1 - w.data);
	e = ima_buffer_append(out, w.data, prefix);
	if (e == 0)
		e = ima_buffer_append_u8(out, 0);
	return e < 0 ? e : put_hex(out, colon + 1, w.len - prefix);
}

static int put_number(struct ima_buffer *out, struct ima_bytes w, size_t width)
{
	uint64_t n = 0;
	int e = 0;

	for (size_t i = 0; i < w.len; i++) {
		if (w.data[i] < '0' || w.data[i] > '9' || n > UINT64_MAX / 10 - 1)
			return -EBADMSG;
		n = n * 10 + (uint64_t)(w.data[i] - '0');
	}
	if (width < 8 && n >> (8 * width))
		return -EBADMSG;
	for (size_t i = 0; i < width && e == 0; i++)
		e = ima_buffer_append_u8(out, (uint8_t)(n >> (8 * i)));
	return e;
}

static int put_field(struct ima_buffer *out, enum ima_field f, struct ima_bytes w)
{
	int e;

	if (!w.len && f != IMA_FIELD_N && f != IMA_FIELD_N_NG)
		return 0;
	switch (ima_field_ops[f].show) {
	case IMA_SHOW_STRING:
		e = ima_buffer_append(out, w.data, w.len);
		return e < 0 ? e : ima_buffer_append_u8(out, 0);
	case IMA_SHOW_DIGEST:
		return put_digest(out, w);
	case IMA_SHOW_NUMBER:
		return put_number(out, w, f == IMA_FIELD_IMODE ? 2 : 4);
	default:
		return put_hex(out, w.data, w.len);
	}
}

static int put_fields(struct ima_list_reader *r, const struct ima_template *t, struct ima_bytes rest,
		      struct ima_diag *diag)
{
	struct ima_buffer *out = &r->scratch;

	out->len = 0;
	for (size_t i = 0; i < t->n_fields; i++) {
		const size_t at = out->len;
		struct ima_bytes w;
		int e;

		if (!take_word(&rest, &w))
			return refuse(r, diag, (struct ima_bytes){ 0 },
				      "the line has too few fields (a name with a newline in it?)");
		e = ima_buffer_append_u32(out, 0);
		if (e == 0)
			e = put_field(out, t->fields[i], w);
		if (e == -EBADMSG)
			return refuse(r, diag, w, "the field does not have the form that its template says");
		if (e < 0)
			return e;
		for (size_t k = 0; k < 4; k++)
			out->data[at + k] = (uint8_t)((out->len - at - 4) >> (8 * k));
	}
	if (rest.data)
		return refuse(r, diag, rest, "the line has more fields than its template");
	return 0;
}

static int take_pcr(struct ima_list_reader *r, struct ima_bytes *line, uint32_t *ret,
		    struct ima_diag *diag)
{
	struct ima_bytes w = { 0 };
	uint32_t n = 0;

	while (line->len && *line->data == ' ') {
		line->data++;
		line->len--;
	}
	if (!take_word(line, &w) || !w.len || w.len > 3)
		return refuse(r, diag, w, "the line does not begin with a PCR number");
	for (size_t i = 0; i < w.len; i++) {
		if (w.data[i] < '0' || w.data[i] > '9')
			return refuse(r, diag, w, "the line does not begin with a PCR number");
		n = n * 10 + (uint32_t)(w.data[i] - '0');
	}
	*ret = n;
	return 0;
}

static int take_digest(struct ima_list_reader *r, struct ima_bytes *line, struct ima_bytes *ret,
		       struct ima_diag *diag)
{
	static const enum ima_hash_algo sizes[] = { IMA_HASH_SHA1, IMA_HASH_SHA256, IMA_HASH_SHA384,
						    IMA_HASH_SHA512 };
	struct ima_bytes w = { 0 };
	size_t i;

	if (!take_word(line, &w) || w.len > 2 * IMA_DIGEST_MAX ||
	    ima_hex_decode((const char *)w.data, w.len, r->digest) < 0)
		return refuse(r, diag, w, "the second field is not a template digest");
	for (i = 0; i < IMA_N_ELEMENTS(sizes); i++)
		if (ima_hash_len(sizes[i]) == w.len / 2)
			break;
	if (i == IMA_N_ELEMENTS(sizes))
		return refuse(r, diag, w, "a template digest of that size does not exist");
	r->digest_algo = r->opts.has_digest_algo ? r->opts.digest_algo : sizes[i];
	if (ima_hash_len(r->digest_algo) != w.len / 2)
		return refuse(r, diag, w, "the template digest has the wrong size");
	*ret = (struct ima_bytes){ r->digest, w.len / 2 };
	return 0;
}

static int parse_line(struct ima_list_reader *r, struct ima_bytes line, struct ima_record *ret,
		      const struct ima_template **ret_t, struct ima_diag *diag)
{
	struct ima_record rec = { 0 };
	int e;

	if (memchr(line.data, 0, line.len))
		return refuse(r, diag, (struct ima_bytes){ 0 }, "there is a NUL in the line");
	e = take_pcr(r, &line, &rec.pcr, diag);
	if (e == 0)
		e = take_digest(r, &line, &rec.digest, diag);
	if (e == 0 && (!take_word(&line, &rec.name) || !rec.name.len))
		e = refuse(r, diag, (struct ima_bytes){ 0 }, "the line has no template name");
	if (e < 0)
		return e;
	if (ima_reader_template(r, rec.name, ret_t, NULL) < 0)
		return refuse(r, diag, rec.name, "unknown template");
	e = put_fields(r, *ret_t, line, diag);
	if (e < 0)
		return e;
	rec.data = ima_buffer_bytes(&r->scratch);
	*ret = rec;
	return 1;
}

int ima_reader_text_next(struct ima_list_reader *r, struct ima_record *ret,
			 const struct ima_template **ret_t, struct ima_diag *diag)
{
	for (;;) {
		struct ima_bytes rest = ima_reader_rest(r);
		const uint8_t *nl = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
		int e;

		if (nl) {
			const struct ima_bytes line = { rest.data, (size_t)(nl - rest.data) };

			r->position = ++r->line;
			r->used += line.len + 1;
			if (!line.len)
				continue;
			return parse_line(r, line, ret, ret_t, diag);
		}
		e = ima_reader_more(r);
		if (e == -EBADMSG)
			return refuse(r, diag, (struct ima_bytes){ 0 }, "the line is too long");
		if (e < 0)
			return e;
		if (e == 0 && ima_reader_rest(r).len) {
			r->line++;
			return refuse(r, diag, (struct ima_bytes){ 0 },
				      "the last line does not end in a newline");
		}
		if (e == 0)
			return 0;
	}
}
