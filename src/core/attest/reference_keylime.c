/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keylime's runtime policy, version 1. Written by hand in one pass, since a policy has a line for each file of a system; read with every field's type
 * checked. Its excludes, ignored keyrings and tenant keys are rules, not values: they are not taken.
 */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "core/attest/reference_forms_internal.h"

#define MIN_DIGITS 40
#define MAX_DIGITS 128

enum section { DIGESTS = 0, KEYRINGS, BUFFERS };

static enum section section_of(const struct ima_reference_value *v)
{
	if (ima_form_name_is_file(v->path))
		return DIGESTS;
	return v->path.data[0] == '.' || v->path.data[0] == '_' ? KEYRINGS : BUFFERS;
}

static const char *why_not(const struct ima_reference_value *v)
{
	if (!v->path.len)
		return "a digest for any path";
	if (2 * v->digest.len < MIN_DIGITS)
		return "a policy takes digests of at least 160 bits";
	return ima_form_is_utf8(v->path) ? NULL : "its path is not UTF-8, which Keylime cannot represent";
}

/* all digests of one section, those of a path in one list */
static int put_section(const struct ima_reference *r, struct ima_form_opts *opts, enum section section, struct ima_buffer *out)
{
	const struct ima_form_opts silent = { .now = opts->now };
	struct ima_bytes path = { 0 };
	struct ima_reference_value v;
	struct ima_form_walk w;
	int e = ima_form_walk_new(&w, r, opts, false);

	while (e == 0 && ima_form_walk_next(&w, &v)) {
		const char *why = why_not(&v);
		const bool is_new = !path.data || !ima_form_same_path(path, v.path);

		if (why)
			ima_form_lose(section == DIGESTS ? opts : &silent, &v, why); /* once, not for each section */
		if (why || section_of(&v) != section)
			continue;
		if (is_new) {
			e = ima_buffer_append_str(out, path.data ? "],\n    " : "\n    ");
			if (e == 0)
				e = ima_form_put_json(out, v.path);
		}
		if (e == 0)
			e = ima_buffer_append_str(out, is_new ? ": [\"" : ", \"");
		if (e == 0)
			e = ima_buffer_append_hex(out, v.digest.data, v.digest.len);
		if (e == 0)
			e = ima_buffer_append_u8(out, '"');
		path = v.path;
	}
	ima_form_walk_done(&w);
	return e == 0 && path.data ? ima_buffer_append_str(out, "]\n  ") : e;
}

int ima_keylime_policy_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out)
{
	char date[24];
	int e = ima_buffer_printf(out, "{\n  \"meta\": {\"version\": 1, \"generator\": 0, \"timestamp\": \"%s\"},\n  \"release\": 0,\n  \"digests\": {",
				  ima_form_date(opts->now, date));

	if (e == 0)
		e = put_section(r, opts, DIGESTS, out);
	if (e == 0)
		e = ima_buffer_append_str(out, "},\n  \"excludes\": [],\n  \"keyrings\": {");
	if (e == 0)
		e = put_section(r, opts, KEYRINGS, out);
	if (e == 0)
		e = ima_buffer_append_str(out, "},\n  \"ima\": {\"ignored_keyrings\": [], \"log_hash_alg\": \"sha1\", \"dm_policy\": null},\n  \"ima-buf\": {");
	if (e == 0)
		e = put_section(r, opts, BUFFERS, out);
	return e < 0 ? e : ima_buffer_append_str(out, "},\n  \"verification-keys\": \"\"\n}\n");
}

/* reading */

static int refuse(struct ima_diag *diag, const char *where, const char *why)
{
	return ima_diag_set(diag, -EBADMSG, 0, 0, (struct ima_bytes){ (const uint8_t *)where, strlen(where) }, "%s", why);
}

static int take_digest(struct ima_reference_builder *b, const char *path, const json_t *hex, struct ima_diag *diag)
{
	const char *text = json_string_value(hex);
	const size_t len = json_string_length(hex);
	struct ima_reference_value v = { .path = { (const uint8_t *)path, strlen(path) } };
	enum ima_hash_algo algo;
	int r;

	if (!text || len < MIN_DIGITS || len > MAX_DIGITS || strspn(text, "0123456789abcdef") != len)
		return refuse(diag, path, "not a digest of 40 to 128 lowercase hexadecimal digits");
	if (ima_form_algo_by_len(len, &algo) < 0 || ima_form_digest(algo, text, len, &v.digest) < 0)
		return refuse(diag, path, "a digest of a length that no algorithm from sha1 to sha512 has");
	r = ima_reference_add(b, &v);
	return r < 0 ? ima_diag_text(diag, r, "%s", strerror(-r)) : 0;
}

static int take_map(struct ima_reference_builder *b, const json_t *root, const char *section, bool is_required, struct ima_diag *diag)
{
	json_t *map = json_object_get(root, section), *list, *hex;
	const char *path;
	size_t i;
	int r = 0;

	if (!map && !is_required)
		return 0;
	if (!json_is_object(map))
		return refuse(diag, section, "has to be an object of lists of digests");
	json_object_foreach(map, path, list) {
		if (!json_is_array(list) || !json_array_size(list))
			return refuse(diag, path, "has to be a list of at least one digest");
		json_array_foreach(list, i, hex) {
			r = take_digest(b, path, hex, diag);
			if (r < 0)
				return r;
		}
	}
	return r;
}

static bool is_text_list(const json_t *list)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list))
		return false;
	json_array_foreach(list, i, item)
		if (!json_is_string(item))
			return false;
	return true;
}

static bool is_log_hash(const json_t *v)
{
	static const char *const names[] = { "sha1", "sha256", "sha384", "sha512" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++)
		if (json_is_string(v) && !strcmp(json_string_value(v), names[i]))
			return true;
	return false;
}

static int check_ima(const json_t *root, struct ima_diag *diag)
{
	json_t *ima = json_object_get(root, "ima"), *v;

	if (!ima)
		return 0;
	if (!json_is_object(ima))
		return refuse(diag, "ima", "has to be an object");
	v = json_object_get(ima, "ignored_keyrings");
	if (v && !is_text_list(v))
		return refuse(diag, "ima.ignored_keyrings", "has to be a list of texts");
	v = json_object_get(ima, "log_hash_alg");
	if (v && !is_log_hash(v))
		return refuse(diag, "ima.log_hash_alg", "has to be sha1, sha256, sha384 or sha512");
	v = json_object_get(ima, "dm_policy");
	if (v && !json_is_null(v))
		return refuse(diag, "ima.dm_policy", "has to be null");
	return 0;
}

static int check_meta(const json_t *root, struct ima_diag *diag)
{
	json_t *meta = json_object_get(root, "meta"), *v;

	v = json_object_get(meta, "version");
	if (!json_is_integer(v) || json_integer_value(v) != 1)
		return refuse(diag, "meta.version", "has to be 1");
	v = json_object_get(meta, "generator");
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 3)
		return refuse(diag, "meta.generator", "has to be a number from 0 to 3");
	v = json_object_get(meta, "timestamp");
	if (v && !json_is_string(v))
		return refuse(diag, "meta.timestamp", "has to be a text");
	v = json_object_get(root, "release");
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return refuse(diag, "release", "has to be a number, 0 or more");
	v = json_object_get(root, "excludes");
	if (v && !is_text_list(v))
		return refuse(diag, "excludes", "has to be a list of texts");
	v = json_object_get(root, "verification-keys");
	if (v && !json_is_string(v))
		return refuse(diag, "verification-keys", "has to be a text");
	return check_ima(root, diag);
}

int ima_keylime_policy_read(struct ima_reference_builder *b, const json_t *root, struct ima_diag *diag)
{
	int r = json_is_object(root) ? check_meta(root, diag) : refuse(diag, "", "no policy: not an object");

	if (r == 0)
		r = take_map(b, root, "digests", true, diag);
	if (r == 0)
		r = take_map(b, root, "keyrings", false, diag);
	return r < 0 ? r : take_map(b, root, "ima-buf", false, diag);
}
