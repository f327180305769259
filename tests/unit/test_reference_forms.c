/* SPDX-License-Identifier: BSD-2-Clause */
/* Reference values in the forms of other tools: bytes laid out by hand from the standards, and documents that are nearly right. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "core/attest/cbor.h"
#include "core/attest/reference_forms.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct ima_bytes text(const char *s)
{
	return (struct ima_bytes){ (const uint8_t *)s, strlen(s) };
}

static struct ima_reference *set_of(const struct ima_reference_value *values, size_t n)
{
	struct ima_reference_builder *b;
	struct ima_reference *r;

	assert_int_equal(ima_reference_builder_new(&b), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ima_reference_add(b, &values[i]), 0);
	assert_int_equal(ima_reference_finish(b, &r), 0);
	ima_reference_builder_free(b);
	return r;
}

static struct ima_reference_value value(const char *path, const char *hex)
{
	struct ima_reference_value v = { .path = text(path), .digest = { .algo = IMA_HASH_SHA256, .len = 32 } };

	assert_int_equal(ima_hex_decode(hex, 64, v.digest.data), 0);
	return v;
}

static int read_text(struct ima_bytes in, struct ima_reference **ret, struct ima_diag *diag)
{
	struct ima_reference_builder *b;
	int r;

	*diag = (struct ima_diag){ 0 };
	assert_int_equal(ima_reference_builder_new(&b), 0);
	r = ima_reference_read(b, in, IMA_FORM_AUTO, NULL, diag);
	if (r == 0)
		assert_int_equal(ima_reference_finish(b, ret), 0);
	ima_reference_builder_free(b);
	return r;
}

/* 505({0: "imad/p/1", 1: "p", 2: {31: "imactl", 33: 1}, 6: {17: [{7: [1, h'aa..'], 20: 4, 23: "/usr/bin", 24: "sh"}]}, 12: 0, 13: "1"}), RFC 8949 */
static const char coswid[] = "d901f9a60068696d61642f702f310161"
			     "7002a2181f66696d6163746c18210106"
			     "a11181a40782015820" A64 "1404"
			     "17682f7573722f62696e181862"
			     "73680c000d6131";

static void a_coswid_has_the_standards_bytes(void **state)
{
	struct ima_reference_value v = value("/usr/bin/sh", A64);
	struct ima_form_opts opts = { 0 };
	struct ima_buffer out = { 0 }, hex = { 0 };
	struct ima_reference *r;

	v.package = "p";
	v.version = "1";
	v.size = 4;
	v.has_size = true;
	r = set_of(&v, 1);
	assert_int_equal(ima_reference_write(r, IMA_FORM_COSWID, &opts, &out), 0);
	assert_int_equal(ima_buffer_append_hex(&hex, out.data, out.len), 0);
	assert_string_equal((char *)hex.data, coswid);
	ima_buffer_done(&out);
	ima_buffer_done(&hex);
	ima_reference_free(r);
}

/* one byte less, one more, one other: read as it was, or refused with a place */
static void a_coswid_is_read_or_refused(void **state)
{
	uint8_t bytes[sizeof(coswid) / 2 + 1];
	const size_t len = (sizeof(coswid) - 1) / 2;
	struct ima_reference_value v;
	struct ima_reference *r;
	struct ima_diag diag;

	assert_int_equal(ima_hex_decode(coswid, 2 * len, bytes), 0);
	assert_int_equal(read_text((struct ima_bytes){ bytes, len }, &r, &diag), 0);
	assert_int_equal(ima_reference_size(r), 1);
	assert_int_equal(ima_reference_get(r, 0, &v), 0);
	assert_memory_equal(v.path.data, "/usr/bin/sh", 11);
	assert_string_equal(v.package, "p");
	assert_string_equal(v.version, "1");
	assert_true(v.has_size && v.size == 4);
	ima_reference_free(r);
	for (size_t cut = 3; cut < len; cut++) {
		if (read_text((struct ima_bytes){ bytes, cut }, &r, &diag) != -EBADMSG || !diag.has_offset || !diag.text[0])
			fail_msg("cut at %zu", cut);
	}
	bytes[len] = 0;
	assert_int_equal(read_text((struct ima_bytes){ bytes, len + 1 }, &r, &diag), -EBADMSG);
	assert_string_equal(diag.text, "bytes after the end");
}

static void cbor_that_claims_too_much_is_refused(void **state)
{
	static const char *const bad[] = {
		"",                     /* nothing */
		"9bffffffffffffffff",   /* an array of 2^64 - 1 */
		"9a00ffffff00",         /* more items than bytes */
		"bb000000000000000a00", /* more pairs than bytes */
		"5affffffff00",         /* a string that is not there */
		"9f00ff", "5f4100ff",   /* indefinite lengths */
		"1c", "ff",             /* no item */
		"8181818181818181818181818181818181818181818181818181818181818181818181818100", /* too deep */
	};
	uint8_t bytes[64];

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++) {
		struct ima_bytes in = { bytes, strlen(bad[i]) / 2 };

		assert_int_equal(ima_hex_decode(bad[i], strlen(bad[i]), bytes), 0);
		if (ima_cbor_skip(&in) != -EBADMSG)
			fail_msg("%s", bad[i]);
	}
}

#define HEAD "{\"meta\": {\"version\": 1, \"generator\": 0}, \"release\": 0, "

static void documents_that_are_nearly_right_are_refused(void **state)
{
	static const struct {
		const char *in, *token, *why;
	} bad[] = {
		{ HEAD "\"digests\": []}", "digests", "has to be an object of lists of digests" },
		{ HEAD "\"digests\": {\"/a\": []}}", "/a", "has to be a list of at least one digest" },
		{ HEAD "\"digests\": {\"/a\": [\"" A64 "0\"]}}", "/a", "a digest of a length that no algorithm from sha1 to sha512 has" },
		{ HEAD "\"digests\": {}, \"ima\": {\"dm_policy\": 1}}", "ima.dm_policy", "has to be null" },
		{ HEAD "\"digests\": {}, \"digests\": {}}", "", "duplicate object key near '\"digests\"'" },
		{ "{\"meta\": 1, \"release\": 0, \"digests\": {}}", "meta.version", "has to be 1" },
		{ "{\"bomFormat\": \"CycloneDX\", \"components\": {}}", "components", "has to be a list" },
		{ "{\"bomFormat\": \"CycloneDX\", \"components\": [{\"type\": \"file\"}]}", "", "a component without type or name" },
		{ "{\"bomFormat\": \"CycloneDX\", \"components\": [{\"type\": \"file\", \"name\": \"/a\", \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"aa\"}]}]}",
		  "/a", "a hash of the wrong length, or no hexadecimal digits" },
		{ "{\"spdxVersion\": \"SPDX-2.3\", \"files\": [{\"SPDXID\": \"x\"}]}", "x", "a file without a name" },
		{ "{\"spdxVersion\": \"SPDX-2.3\", \"files\": [{\"fileName\": \"./a\"}]}", "/a", "a file without checksums" },
		{ "{\"spdxVersion\": \"SPDX-2.3\", \"files\": 7}", "files", "has to be a list" },
		{ "/a b c\n", "/a b c", "not a line of path, size and sha256 digest" },
		{ "/a 5 " A64 "\n/b -1 " A64 "\n", "/b -1 " A64, "not a line of path, size and sha256 digest" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++) {
		struct ima_reference *r;
		struct ima_diag diag;

		assert_int_equal(read_text(text(bad[i].in), &r, &diag), -EBADMSG);
		if (strncmp(diag.token, bad[i].token, sizeof(diag.token) - 1) || strcmp(diag.text, bad[i].why))
			fail_msg("case %zu: \"%s\" \"%s\"", i, diag.token, diag.text);
	}
}

static void an_envelope_without_a_key_is_not_believed(void **state)
{
	struct ima_reference *r;
	struct ima_diag diag;

	assert_int_equal(read_text(text("{\"payload\": \"e30=\", \"payloadType\": \"application/vnd.keylime+json\", \"signatures\": []}"), &r, &diag), -EKEYREJECTED);
}

static unsigned int n_lost;

static void count_lost(void *user, const struct ima_reference_value *v, const char *why)
{
	assert_non_null(why);
	n_lost++;
}

/* what a form cannot carry is handed back, what has expired is counted, and the same digest of two packages is said once */
static void what_cannot_be_said_is_handed_back(void **state)
{
	struct ima_reference_value v[] = { value("/a", A64), value("/a", A64), value("/a", B64), value("", A64), value("/\xff", A64), value("/old", A64) };
	struct ima_form_opts opts = { .now = 1000, .lost = count_lost };
	struct ima_buffer out = { 0 };
	struct ima_reference *r;

	v[0].package = "one";
	v[1].package = "two";
	v[5].expiry = 999;
	r = set_of(v, IMA_N_ELEMENTS(v));
	n_lost = 0;
	assert_int_equal(ima_reference_write(r, IMA_FORM_KEYLIME, &opts, &out), 0);
	assert_int_equal(n_lost, 2);
	assert_true(opts.n_expired > 0);
	assert_non_null(strstr((char *)out.data, "\"/a\": [\"" A64 "\", \"" B64 "\"]"));
	out.len = 0;
	n_lost = 0;
	assert_int_equal(ima_reference_write(r, IMA_FORM_SUMS, &opts, &out), 0);
	assert_int_equal(n_lost, 1);
	assert_int_equal(opts.n_expired, 1);
	assert_string_equal((char *)out.data, A64 "  /a\n" B64 "  /a\n" A64 "  /\xff\n");
	ima_buffer_done(&out);
	ima_reference_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_coswid_has_the_standards_bytes),
		cmocka_unit_test(a_coswid_is_read_or_refused),
		cmocka_unit_test(cbor_that_claims_too_much_is_refused),
		cmocka_unit_test(documents_that_are_nearly_right_are_refused),
		cmocka_unit_test(an_envelope_without_a_key_is_not_believed),
		cmocka_unit_test(what_cannot_be_said_is_handed_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
