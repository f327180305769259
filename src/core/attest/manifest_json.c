/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manifest.json: which parts there are, how long, with which digests, and how many records come before the list's first. It says nothing that is not
 * checked against something else, and has one form: it is written again from the parts and compared.
 */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/diag.h"
#include "base/hex.h"
#include "core/attest/evidence.h"

#define MANIFEST_MAX 8192 /* bytes */
#define MANIFEST_VERSION 1

static int put_part(json_t *list, struct ima_hasher *h, const char *name, struct ima_bytes part)
{
	char hex[2 * 32 + 1] = "";
	struct ima_digest d;

	if (ima_hash_bytes(h, IMA_HASH_SHA256, part, &d) < 0)
		return -EIO;
	ima_hex_encode(d.data, d.len, hex);
	return json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "name", name, "size", (json_int_t)part.len, "sha256", hex)) ?
		       -ENOMEM : 0;
}

int ima_manifest_write(const struct ima_evidence_parts *parts, struct ima_hasher *h, struct ima_buffer *out)
{
	json_t *list = json_array(), *o = json_pack("{s:i, s:I, s:s, s:O}", "ima_evidence", MANIFEST_VERSION, "first_entry",
						    (json_int_t)parts->first_entry, "list", "binary", "parts", list);
	char *text = NULL;
	int r = o ? 0 : -ENOMEM;

	for (unsigned int i = IMA_PART_MANIFEST + 1; i < IMA_PART__LAST && r == 0; i++)
		if (parts->part[i].len)
			r = put_part(list, h, ima_evidence_part_name((enum ima_evidence_part)i), parts->part[i]);
	if (r == 0)
		text = json_dumps(o, JSON_INDENT(2) | JSON_SORT_KEYS);
	if (r == 0)
		r = text ? ima_buffer_append_str(out, text) : -ENOMEM;
	if (r == 0)
		r = ima_buffer_append_u8(out, '\n');
	free(text);
	json_decref(list);
	json_decref(o);
	return r;
}

/* the one number that stands in the manifest alone */
static int read_first_entry(struct ima_bytes manifest, uint64_t *ret, struct ima_diag *diag)
{
	json_error_t error;
	json_t *o = manifest.len <= MANIFEST_MAX ? json_loadb((const char *)manifest.data, manifest.len, JSON_REJECT_DUPLICATES, &error) : NULL;
	const json_t *first = json_object_get(o, "first_entry");
	const json_int_t version = json_integer_value(json_object_get(o, "ima_evidence"));
	int r = 0;

	if (!o)
		r = ima_diag_text(diag, -EBADMSG, "manifest.json: %.120s", manifest.len > MANIFEST_MAX ? "too long" : error.text);
	else if (version != MANIFEST_VERSION)
		r = ima_diag_text(diag, -EBADMSG, "manifest.json: evidence of version %lld; this program reads %d", (long long)version, MANIFEST_VERSION);
	else if (!json_is_integer(first) || json_integer_value(first) < 0)
		r = ima_diag_text(diag, -EBADMSG, "manifest.json: first_entry is no number of records");
	else
		*ret = (uint64_t)json_integer_value(first);
	json_decref(o);
	return r;
}

int ima_manifest_check(struct ima_evidence_parts *parts, struct ima_hasher *h, struct ima_diag *diag)
{
	const struct ima_bytes have = parts->part[IMA_PART_MANIFEST];
	struct ima_buffer want = { 0 };
	int r = read_first_entry(have, &parts->first_entry, diag);

	if (r == 0)
		r = ima_manifest_write(parts, h, &want);
	if (r == 0 && (want.len != have.len || memcmp(want.data, have.data, have.len)))
		r = ima_diag_text(diag, -EBADMSG, "manifest.json: not the manifest of these parts: one was changed, added or taken away");
	ima_buffer_done(&want);
	return r;
}
