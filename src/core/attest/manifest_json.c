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

struct part_digests {
	struct ima_digest part[IMA_PART__LAST];
};

static int digest_parts(const struct ima_evidence_parts *parts, struct ima_hasher *h, struct part_digests *ret)
{
	int r = 0;

	for (unsigned int i = IMA_PART_MANIFEST + 1; i < IMA_PART__LAST && r == 0; i++)
		if (parts->part[i].len)
			r = ima_hash_bytes(h, IMA_HASH_SHA256, parts->part[i], &ret->part[i]);
	return r;
}

/* the form that json_dumps() gives with sorted keys and two spaces; all that varies in it are numbers and hex digits */
static int write_text(const struct ima_evidence_parts *parts, const struct part_digests *digests, struct ima_buffer *out)
{
	const char *between = "";
	int r = ima_buffer_printf(out, "{\n  \"first_entry\": %llu,\n  \"ima_evidence\": %d,\n  \"list\": \"binary\",\n  \"parts\": [\n",
				      (unsigned long long)parts->first_entry, MANIFEST_VERSION);

	for (unsigned int i = IMA_PART_MANIFEST + 1; i < IMA_PART__LAST && r == 0; i++) {
		char hex[2 * 32 + 1] = "";

		if (!parts->part[i].len)
			continue;
		ima_hex_encode(digests->part[i].data, 32, hex);
		r = ima_buffer_printf(out, "%s    {\n      \"name\": \"%s\",\n      \"sha256\": \"%s\",\n      \"size\": %zu\n    }", between,
					  ima_evidence_part_name((enum ima_evidence_part)i), hex, parts->part[i].len);
		between = ",\n";
	}
	return r < 0 ? r : ima_buffer_append_str(out, "\n  ]\n}\n");
}

int ima_manifest_write(const struct ima_evidence_parts *parts, struct ima_hasher *h, struct ima_buffer *out)
{
	struct part_digests digests;
	const int r = digest_parts(parts, h, &digests);

	return r < 0 ? r : write_text(parts, &digests, out);
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

/* 1 it is the manifest of these parts, 0 not */
static int is_manifest_of(const struct ima_evidence_parts *parts, const struct part_digests *digests)
{
	const struct ima_bytes have = parts->part[IMA_PART_MANIFEST];
	struct ima_buffer want = { 0 };
	int r = write_text(parts, digests, &want);

	if (r == 0)
		r = want.len == have.len && !memcmp(want.data, have.data, have.len);
	ima_buffer_done(&want);
	return r;
}

int ima_manifest_check(struct ima_evidence_parts *parts, struct ima_hasher *h, struct ima_diag *diag)
{
	struct part_digests digests;
	int r = digest_parts(parts, h, &digests);

	/* most lists are whole: what has this one form need not be parsed */
	parts->first_entry = 0;
	if (r == 0)
		r = is_manifest_of(parts, &digests);
	if (r)
		return r < 0 ? r : 0;
	r = read_first_entry(parts->part[IMA_PART_MANIFEST], &parts->first_entry, diag);
	if (r == 0)
		r = is_manifest_of(parts, &digests);
	if (r == 0)
		r = ima_diag_text(diag, -EBADMSG, "manifest.json: not the manifest of these parts: one was changed, added or taken away");
	return r < 0 ? r : 0;
}
