/* SPDX-License-Identifier: BSD-2-Clause */
/* {"recnum":0,"pcr":10,"digests":[{"hashAlg":"sha1","digest":HEX}],"content_type":"ima_template","content":{"template_name":...,"template_data":HEX}} */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/diag.h"
#include "base/hex.h"
#include "core/attest/cel.h"

#define RECORD_TEXT_MAX (2 * (size_t)IMA_RECORD_MAX + 65536) /* of a record at its longest, written without waste */

/* the registry's name, where it is not the kernel's */
static const char *name_of(enum ima_hash_algo algo)
{
	return algo == IMA_HASH_SM3 ? "sm3_256" : ima_hash_name(algo);
}

static int algo_by_name(const char *name, enum ima_hash_algo *ret)
{
	if (!strcmp(name, "sm3_256")) {
		*ret = IMA_HASH_SM3;
		return 0;
	}
	return ima_hash_by_name(name, strlen(name), ret);
}

static json_t *hex_of(struct ima_bytes b)
{
	struct ima_buffer hex = { 0 };
	json_t *s = ima_buffer_append_hex(&hex, b.data, b.len) < 0 ? NULL : json_stringn(hex.data ? (const char *)hex.data : "", hex.len);

	ima_buffer_done(&hex);
	return s;
}

static json_t *digests_of(const struct ima_cel_record *rec)
{
	json_t *all = json_array();

	for (size_t i = 0; i < rec->n_digests; i++) {
		const struct ima_digest *d = &rec->digests[i];

		if (json_array_append_new(all, json_pack("{s:s, s:o}", "hashAlg", name_of(d->algo), "digest", hex_of((struct ima_bytes){ d->data, d->len }))) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

int ima_cel_json_write(const struct ima_cel_record *rec, struct ima_buffer *out)
{
	json_t *name = json_stringn((const char *)rec->name.data, rec->name.len), *o;
	char *text;
	int r;

	/* a name that is no UTF-8 is none of a template */
	if (!name || memchr(rec->name.data, 0, rec->name.len)) {
		json_decref(name);
		return -EBADMSG;
	}
	o = json_pack("{s:I, s:i, s:o, s:s, s:{s:o, s:o}}", "recnum", (json_int_t)rec->recnum, "pcr", (int)rec->pcr, "digests", digests_of(rec), "content_type",
		      "ima_template", "content", "template_name", name, "template_data", hex_of(rec->data));
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	r = text ? ima_buffer_append_str(out, text) : -ENOMEM;
	free(text);
	return r;
}

static void skip(struct ima_bytes *in, const char *set)
{
	while (in->len && in->data[0] && strchr(set, in->data[0]))
		*in = (struct ima_bytes){ in->data + 1, in->len - 1 };
}

static bool take(struct ima_bytes *in, char c)
{
	skip(in, " \t\r\n");
	if (!in->len || in->data[0] != (uint8_t)c)
		return false;
	*in = (struct ima_bytes){ in->data + 1, in->len - 1 };
	return true;
}

/* an array; or records one after another, with blanks or the separators of RFC 7464 between them */
int ima_cel_json_step(struct ima_bytes *in, struct ima_cel_brackets *b, struct ima_diag *diag)
{
	const bool first = !b->begun;
	bool comma = false;

	if (first) {
		b->begun = true;
		b->array = take(in, '[');
	}
	if (!b->array) {
		skip(in, " \t\r\n\x1e");
		b->n += in->len > 0;
		return in->len > 0;
	}
	if (!first)
		comma = take(in, ',');
	if (!comma && take(in, ']')) {
		skip(in, " \t\r\n");
		return in->len ? ima_diag_text(diag, -EBADMSG, "something follows the array") : 0;
	}
	if (!first && !comma)
		return ima_diag_text(diag, -EBADMSG, in->len ? "a comma or the array's end is missing" : "the array is cut off");
	skip(in, " \t\r\n");
	b->n++;
	return 1;
}

static int get_number(const json_t *o, const char *key, uint64_t *ret, struct ima_diag *diag)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return ima_diag_text(diag, -EBADMSG, "%s is not a number from 0 on", key);
	*ret = (uint64_t)json_integer_value(v);
	return 0;
}

static int get_hex(const json_t *v, uint8_t *ret, size_t len)
{
	const char *text = json_string_value(v);

	return text && json_string_length(v) == 2 * len ? ima_hex_decode(text, 2 * len, ret) : -EBADMSG;
}

static int get_digest(const json_t *o, struct ima_cel_record *ret)
{
	const char *name = json_string_value(json_object_get(o, "hashAlg"));
	struct ima_digest d = { 0 };

	if (json_object_size(o) != 2 || !name || algo_by_name(name, &d.algo) < 0)
		return -EBADMSG;
	d.len = ima_hash_len(d.algo);
	if (get_hex(json_object_get(o, "digest"), d.data, d.len) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < ret->n_digests; i++)
		if (ret->digests[i].algo == d.algo)
			return -EBADMSG;
	ret->digests[ret->n_digests++] = d;
	return 0;
}

static int get_digests(const json_t *o, struct ima_cel_record *ret, struct ima_diag *diag)
{
	const json_t *all = json_object_get(o, "digests");
	const size_t n = json_array_size(all);

	if (!n || n > IMA_PCR_MAX_BANKS)
		return ima_diag_text(diag, -EBADMSG, "digests is not an array of 1 to %d", IMA_PCR_MAX_BANKS);
	for (size_t i = 0; i < n; i++)
		if (get_digest(json_array_get(all, i), ret) < 0)
			return ima_diag_text(diag, -EBADMSG, "digest %zu is not {hashAlg, digest} of its algorithm's length, or there twice", i + 1);
	return 0;
}

/* name and data are kept in @scratch, one after the other, as the JSON goes away */
static int get_content(const json_t *o, struct ima_buffer *scratch, struct ima_cel_record *ret, struct ima_diag *diag)
{
	const char *type = json_string_value(json_object_get(o, "content_type"));
	const json_t *content = json_object_get(o, "content"), *name = json_object_get(content, "template_name"), *data = json_object_get(content, "template_data");
	const size_t name_len = json_string_length(name), len = json_string_length(data) / 2;
	int r;

	if (!type || strcmp(type, "ima_template"))
		return ima_diag_text(diag, -EBADMSG, "content_type is \"%.40s\", not ima_template", type ? type : "");
	if (json_object_size(content) != 2 || !json_is_string(name) || !json_is_string(data))
		return ima_diag_text(diag, -EBADMSG, "content is not {template_name, template_data}");
	scratch->len = 0;
	r = ima_buffer_reserve(scratch, name_len + len + 1);
	if (r == 0)
		r = ima_buffer_append(scratch, json_string_value(name), name_len);
	if (r < 0)
		return r;
	if (get_hex(data, scratch->data + name_len, len) < 0)
		return ima_diag_text(diag, -EBADMSG, "template_data is not hexadecimal");
	ret->name = (struct ima_bytes){ scratch->data, name_len };
	ret->data = (struct ima_bytes){ scratch->data + name_len, len };
	return 0;
}

static int get_record(const json_t *o, struct ima_buffer *scratch, struct ima_cel_record *ret, struct ima_diag *diag)
{
	uint64_t pcr = 0;
	int r = json_is_object(o) && json_object_size(o) == 5 ? 0 : ima_diag_text(diag, -EBADMSG, "it is not recnum, pcr, digests, content_type and content");

	if (r == 0)
		r = get_number(o, "recnum", &ret->recnum, diag);
	if (r == 0)
		r = get_number(o, "pcr", &pcr, diag);
	if (r == 0 && pcr >= IMA_PCR_COUNT)
		r = ima_diag_text(diag, -EBADMSG, "there is no PCR %llu", (unsigned long long)pcr);
	if (r == 0)
		r = get_digests(o, ret, diag);
	ret->pcr = (uint32_t)pcr;
	return r < 0 ? r : get_content(o, scratch, ret, diag);
}

int ima_cel_json_read(struct ima_bytes *in, struct ima_buffer *scratch, struct ima_cel_record *ret, struct ima_diag *diag)
{
	const size_t len = in->len < RECORD_TEXT_MAX ? in->len : RECORD_TEXT_MAX;
	json_error_t error;
	json_t *o = json_loadb((const char *)in->data, len, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
	int r;

	if (!o)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : ima_diag_text(diag, -EBADMSG, "JSON: %.100s", error.text);
	*in = (struct ima_bytes){ in->data + error.position, in->len - (size_t)error.position };
	r = get_record(o, scratch, ret, diag);
	json_decref(o);
	return r;
}
