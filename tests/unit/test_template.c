/* SPDX-License-Identifier: BSD-2-Clause */
/* Templates: the digests that kernels log for an all-zero boot_aggregate, formats, and fields that cannot be made. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ima/template.h>

#include "base/cleanup.h"
#include "base/hex.h"

static struct ima_bytes bytes(const char *s)
{
	return (struct ima_bytes){ (const uint8_t *)s, strlen(s) };
}

static void bad_formats_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "|", "d-ng|", "|n-ng", "d-ng||n-ng", "nope", "d-ng|n-ng|x", "D-NG",
		"d|d|d|d|d|d|d|d|d|d|d|d|d|d|d|d", "d-ng n-ng", "xattrnamesxattrnames",
	};
	struct ima_template *t;

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++)
		assert_int_equal(ima_template_parse(bad[i], strlen(bad[i]), &t), -EINVAL);
	assert_null(ima_template_builtin("ima-sigv3", 9));
	assert_int_equal(ima_template_parse("d|d|d|d|d|d|d|d|d|d|d|d|d|d|d", 29, &t), 0);
	assert_int_equal(t->n_fields, 15);
	ima_template_free(t);
}

static void names_and_formats_find_the_same(void **state)
{
	static const char *const rows[][2] = {
		{ "ima", "d|n" }, { "ima-ng", "d-ng|n-ng" }, { "ima-sig", "d-ng|n-ng|sig" },
		{ "ima-ngv2", "d-ngv2|n-ng" }, { "ima-sigv2", "d-ngv2|n-ng|sig" },
		{ "ima-buf", "d-ng|n-ng|buf" }, { "ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig" },
		{ "evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		const struct ima_template *t = ima_template_builtin(rows[i][0], strlen(rows[i][0]));

		assert_non_null(t);
		assert_ptr_equal(t, ima_template_builtin(rows[i][1], strlen(rows[i][1])));
		assert_string_equal(ima_template_display_name(t), rows[i][0]);
	}
}

static void template_digests_are_the_kernels(void **state)
{
	static const struct {
		const char *templ;
		enum ima_hash_algo content, algo;
		const char *want;
	} rows[] = {
		{ "ima-ng", IMA_HASH_SHA1, IMA_HASH_SHA1, "1d8d532d463c9f8c205d0df7787669a85f93e260" },
		{ "ima-ng", IMA_HASH_SHA256, IMA_HASH_SHA1, "0adefe762c149c7cec19da62f0da1297fcfbffff" },
		{ "ima-ng", IMA_HASH_SHA256, IMA_HASH_SHA256,
		  "36f1cd67a730bc4137870c4d00dbc7430b51b1ebdaa130744297cf65339078a0" },
		{ "ima-sig", IMA_HASH_SHA256, IMA_HASH_SHA1, "4f38ef8f82bbc2a73f2169c57ff5c76e14ce353d" },
		{ "ima-ngv2", IMA_HASH_SHA256, IMA_HASH_SHA1, "e14034aa902a65ec97eefad1b8594d2eb9056b5e" },
		{ "ima", IMA_HASH_SHA1, IMA_HASH_SHA1, "719de8e521439498e9b77f6ed41e230b9821111e" },
	};
	struct ima_hasher *h;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		const struct ima_template *t =
			ima_template_builtin(rows[i].templ, strlen(rows[i].templ));
		const struct ima_template_in in = {
			.digest = { .algo = rows[i].content, .len = ima_hash_len(rows[i].content) },
			.name = bytes("boot_aggregate"),
		};
		ima_cleanup(ima_freep) uint8_t *data = NULL;
		uint8_t want[IMA_DIGEST_MAX];
		struct ima_digest d;
		size_t len;

		assert_int_equal(ima_template_fill(t, &in, &data, &len), 0);
		assert_int_equal(ima_template_digest(h, t, rows[i].algo,
						     (struct ima_bytes){ data, len }, &d), 0);
		assert_int_equal(ima_hex_decode(rows[i].want, strlen(rows[i].want), want), 0);
		assert_memory_equal(d.data, want, d.len);
	}
	ima_hasher_free(h);
}

static void fields_that_cannot_be_made_fail(void **state)
{
	struct ima_template_in in = {
		.digest = { .algo = IMA_HASH_SHA256, .len = 32 }, .name = bytes("x"),
	};
	const struct ima_template *legacy = ima_template_builtin("ima", 3);
	uint8_t *data = NULL;
	size_t len;

	/* template "ima" has no room for sha256 */
	assert_int_equal(ima_template_fill(legacy, &in, &data, &len), -EINVAL);
	in.legacy_digest = (struct ima_digest){ .algo = IMA_HASH_SHA1, .len = 20 };
	assert_int_equal(ima_template_fill(legacy, &in, &data, &len), 0);
	free(data);
	/* an appended signature whose digest failed */
	in.modsig = bytes("pkcs7");
	assert_int_equal(ima_template_fill(ima_template_builtin("ima-modsig", 10), &in, &data, &len),
			 -EINVAL);
}

static void blanks_and_long_names(void **state)
{
	struct ima_template_in in = {
		.digest = { .algo = IMA_HASH_SHA1, .len = 20 }, .name = bytes("/a b/c d"),
	};
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	char name[401];
	uint8_t *data;
	size_t len;

	assert_int_equal(ima_template_fill(ima_template_builtin("ima-ng", 6), &in, &data, &len), 0);
	assert_int_equal(ima_template_split(ima_template_builtin("ima-ng", 6),
					    (struct ima_bytes){ data, len }, f), 0);
	assert_memory_equal(f[1].data, "/a_b/c_d", 9);
	free(data);
	memset(name, 'n', 400);
	name[400] = 0;
	in.name = bytes(name);
	in.name_last = bytes("last");
	assert_int_equal(ima_template_fill(ima_template_builtin("ima", 3), &in, &data, &len), 0);
	assert_int_equal(ima_template_split(ima_template_builtin("ima", 3),
					    (struct ima_bytes){ data, len }, f), 0);
	assert_memory_equal(f[1].data, "last", 5);
	assert_int_equal(ima_template_split(ima_template_builtin("ima", 3),
					    (struct ima_bytes){ data, len - 1 }, f), -EBADMSG);
	free(data);
}

static void signatures_by_type(void **state)
{
	static const uint8_t hash_label[] = { 4, 4, 1 }, sig_label[] = { 3, 2, 4 },
			     evm_label[] = { 5, 2, 4 }, hmac_label[] = { 2, 9 };
	struct ima_template_in in = {
		.digest = { .algo = IMA_HASH_SHA1, .len = 20 }, .name = bytes("x"),
		.ima_xattr = { hash_label, 3 }, .evm_xattr = { hmac_label, 2 },
	};
	const struct ima_template *t = ima_template_builtin("ima-sig", 7);
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	uint8_t *data;
	size_t len;

	assert_int_equal(ima_template_fill(t, &in, &data, &len), 0);
	assert_int_equal(ima_template_split(t, (struct ima_bytes){ data, len }, f), 0);
	assert_int_equal(f[2].len, 0);
	free(data);
	in.evm_xattr = (struct ima_bytes){ evm_label, 3 };
	assert_int_equal(ima_template_fill(t, &in, &data, &len), 0);
	assert_int_equal(ima_template_split(t, (struct ima_bytes){ data, len }, f), 0);
	assert_memory_equal(f[2].data, evm_label, 3);
	free(data);
	in.ima_xattr = (struct ima_bytes){ sig_label, 3 };
	assert_int_equal(ima_template_fill(t, &in, &data, &len), 0);
	assert_int_equal(ima_template_split(t, (struct ima_bytes){ data, len }, f), 0);
	assert_memory_equal(f[2].data, sig_label, 3);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_formats_are_refused),
		cmocka_unit_test(names_and_formats_find_the_same),
		cmocka_unit_test(template_digests_are_the_kernels),
		cmocka_unit_test(fields_that_cannot_be_made_fail),
		cmocka_unit_test(blanks_and_long_names),
		cmocka_unit_test(signatures_by_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
