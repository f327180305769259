/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels without a signature: what a 6.1 kernel did with each (vectors/6.1-appraise: xattrs, output), and the layouts of the specification. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "core/monitor/label.h"

/* the files were copies of one program; its digests as the kernel accepted them */
#define GOOD_SHA256 "c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2"
#define GOOD_SHA1 "8ae191681fa09d78923d555996d8746f8601146a"

static char *vector(const char *name)
{
	const char *dir = getenv("IMA_TEST_VECTORS");
	char path[4096], *text;
	FILE *f;
	size_t n;

	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/6.1-appraise/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	text = calloc(1, 65536);
	n = fread(text, 1, 65535, f);
	assert_true(n > 0);
	fclose(f);
	return text;
}

static size_t from_hex(const char *hex, uint8_t *ret, size_t size)
{
	size_t n = 0;

	for (unsigned int v; n < size && sscanf(hex + 2 * n, "%2x", &v) == 1; n++)
		ret[n] = (uint8_t)v;
	return n;
}

static struct ima_digest content_of(const char *name, enum ima_hash_algo algo)
{
	struct ima_digest d = { .algo = algo, .len = ima_hash_len(algo) };

	/* that file got other bytes after it was labelled */
	if (!strcmp(name, "hash-bad"))
		return d;
	if (algo == IMA_HASH_SHA256)
		from_hex(GOOD_SHA256, d.data, sizeof(d.data));
	else if (algo == IMA_HASH_SHA1)
		from_hex(GOOD_SHA1, d.data, sizeof(d.data));
	return d;
}

static int kernel_let_run(const char *output, const char *name)
{
	char key[128];
	const char *p;

	snprintf(key, sizeof(key), "RESULT after exec %s rc=", name);
	p = strstr(output, key);
	assert_non_null(p);
	return atoi(p + strlen(key)) == 0;
}

static void test_kernel_verdicts(void **state)
{
	char *xattrs = vector("xattrs"), *output = vector("output"), *save = NULL, name[64] = "";
	unsigned int n = 0, passed = 0;

	for (char *line = strtok_r(xattrs, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint8_t bytes[1024];
		struct ima_bytes label = { bytes, 0 };
		struct ima_digest content;
		const char *cause;

		sscanf(line, "# file: %63s", name);
		if (strncmp(line, "security.ima=0x", 15))
			continue;
		label.len = from_hex(line + 15, bytes, sizeof(bytes));
		if (bytes[0] == 3)
			continue;
		content = content_of(name, ima_label_algo(label, IMA_HASH_SHA256));
		assert_int_equal(ima_label_judge(label, false, &content, &cause) == IMA_INTEGRITY_PASS,
				 kernel_let_run(output, name));
		passed += kernel_let_run(output, name) != 0;
		n++;
	}
	free(xattrs);
	free(output);
	assert_true(n >= 5);
	assert_int_equal(passed, 2);
}

static void test_algorithms(void **state)
{
	static const struct {
		const char *hex;
		enum ima_hash_algo algo;
	} rows[] = {
		{ "0404", IMA_HASH_SHA256 },
		{ "0406", IMA_HASH_SHA512 },
		{ "04ff", IMA_HASH_SHA384 },                                     /* no such id: the default */
		{ "01" GOOD_SHA1, IMA_HASH_SHA1 },
		{ "01000102030405060708090a0b0c0d0e0f00000000", IMA_HASH_MD5 },  /* md5 in sha1's room */
		{ "01000102030405060708090a0b0c0d0e0f", IMA_HASH_MD5 },
		{ "0302040000000000000000", IMA_HASH_SHA256 },
		{ "0303040000000000000000", IMA_HASH_SHA384 },                   /* version 3 under type 3 */
		{ "0603040000000000000000", IMA_HASH_SHA256 },
		{ "04", IMA_HASH_SHA384 },
		{ "", IMA_HASH_SHA384 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t bytes[64];
		const struct ima_bytes label = { bytes, from_hex(rows[i].hex, bytes, sizeof(bytes)) };

		assert_int_equal(ima_label_algo(label, IMA_HASH_SHA384), rows[i].algo);
	}
}

static void test_causes(void **state)
{
	static const struct {
		const char *hex;
		bool digsig;
		enum ima_integrity status;
		const char *cause;
	} rows[] = {
		{ "", false, IMA_INTEGRITY_NOLABEL, "missing-hash" },
		{ "", true, IMA_INTEGRITY_NOLABEL, "IMA-signature-required" },
		{ "0404" GOOD_SHA256, false, IMA_INTEGRITY_PASS, "unknown" },
		{ "0404" GOOD_SHA256, true, IMA_INTEGRITY_FAIL, "IMA-signature-required" },
		{ "0404aabb", false, IMA_INTEGRITY_FAIL, "invalid-hash" },
		{ "04", false, IMA_INTEGRITY_FAIL, "invalid-hash" },
		{ "02aabb", false, IMA_INTEGRITY_UNKNOWN, "unknown-ima-data" },
		{ "0302", false, IMA_INTEGRITY_FAIL, "invalid-signature" },
	};
	const struct ima_digest content = content_of("", IMA_HASH_SHA256);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t bytes[64];
		const struct ima_bytes label = { bytes, from_hex(rows[i].hex, bytes, sizeof(bytes)) };
		const char *cause;

		assert_int_equal(ima_label_judge(label, rows[i].digsig, &content, &cause), rows[i].status);
		assert_string_equal(cause, rows[i].cause);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_verdicts),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_causes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
