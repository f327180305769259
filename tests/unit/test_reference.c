/* SPDX-License-Identifier: BSD-2-Clause */
/* Reference values: what is found, what is nearly found, what is refused; the database gives back what it was given. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/buffer.h"
#include "base/hex.h"
#include "core/attest/reference.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define D40 "dddddddddddddddddddddddddddddddddddddddd"

static struct ima_bytes text(const char *s)
{
	return (struct ima_bytes){ (const uint8_t *)s, strlen(s) };
}

static struct ima_digest digest(const char *hex)
{
	struct ima_digest d = { .algo = strlen(hex) == 40 ? IMA_HASH_SHA1 : IMA_HASH_SHA256, .len = strlen(hex) / 2 };

	assert_int_equal(ima_hex_decode(hex, strlen(hex), d.data), 0);
	return d;
}

static void add(struct ima_reference_builder *b, const char *path, const char *hex, const char *package, int64_t expiry)
{
	const struct ima_reference_value v = { .path = text(path), .digest = digest(hex), .package = package,
					       .version = package ? "1.2-3" : NULL, .expiry = expiry };

	assert_int_equal(ima_reference_add(b, &v), 0);
}

static struct ima_reference *sample(void)
{
	struct ima_reference_builder *b;
	struct ima_reference *r;

	assert_int_equal(ima_reference_builder_new(&b), 0);
	add(b, "/usr/bin/true", A64, "coreutils", 0);
	add(b, "/usr/bin/true", B64, "coreutils", 1000);
	add(b, "/usr/bin/true", D40, "coreutils", 0);
	add(b, "/usr/share/a file", C64, NULL, 0);
	add(b, "/usr/bin/both", B64, "old", 1000);
	add(b, "/usr/bin/both", B64, "new", 2000);
	assert_int_equal(ima_reference_finish(b, &r), 0);
	ima_reference_builder_free(b);
	return r;
}

static void answers(void **state)
{
	static const struct {
		const char *path, *hex;
		int64_t now;
		enum ima_reference_answer want;
	} cases[] = {
		{ "/usr/bin/true", A64, 5000, IMA_REFERENCE_MATCH },
		{ "/usr/bin/true", D40, 5000, IMA_REFERENCE_MATCH },
		{ "/usr/bin/true", B64, 1000, IMA_REFERENCE_MATCH },
		{ "/usr/bin/true", B64, 1001, IMA_REFERENCE_EXPIRED },
		{ "/usr/bin/true", C64, 0, IMA_REFERENCE_CHANGED },
		{ "/usr/bin/both", B64, 1500, IMA_REFERENCE_MATCH },
		{ "/usr/bin/both", B64, 2001, IMA_REFERENCE_EXPIRED },
		{ "/usr/share/a_file", C64, 0, IMA_REFERENCE_MATCH },
		{ "/usr/share/a file", C64, 0, IMA_REFERENCE_MOVED },
		{ "/usr/bin/tru", A64, 0, IMA_REFERENCE_MOVED },
		{ "/usr/bin/true2", A64, 0, IMA_REFERENCE_MOVED },
		{ "", A64, 0, IMA_REFERENCE_MOVED },
		{ "/x", "1111111111111111111111111111111111111111", 0, IMA_REFERENCE_UNKNOWN },
	};
	struct ima_reference *r = sample();
	struct ima_digest short_one = digest(A64);
	struct ima_reference_value v;
	uint32_t index = 77;

	for (size_t i = 0; i < IMA_N_ELEMENTS(cases); i++) {
		const struct ima_digest d = digest(cases[i].hex);

		if (ima_reference_find(r, text(cases[i].path), &d, cases[i].now, NULL) != cases[i].want)
			fail_msg("case %zu", i);
	}
	short_one.len = 20;
	assert_int_equal(ima_reference_find(r, text("/usr/bin/true"), &short_one, 0, &index), IMA_REFERENCE_UNKNOWN);
	assert_int_equal(index, 77);
	short_one = digest(A64);
	assert_int_equal(ima_reference_find(r, text("/usr/bin/true"), &short_one, 0, &index), IMA_REFERENCE_MATCH);
	assert_int_equal(ima_reference_get(r, index, &v), 0);
	assert_string_equal(v.package, "coreutils");
	assert_string_equal(v.version, "1.2-3");
	assert_null(v.repository);
	assert_int_equal(ima_reference_get(r, 6, &v), -ERANGE);
	ima_reference_free(r);
}

static void empty_set_knows_nothing(void **state)
{
	struct ima_reference_builder *b;
	struct ima_reference *r;
	const struct ima_digest d = digest(A64);

	assert_int_equal(ima_reference_builder_new(&b), 0);
	assert_int_equal(ima_reference_finish(b, &r), 0);
	ima_reference_builder_free(b);
	assert_int_equal(ima_reference_find(r, text("/a"), &d, 0, NULL), IMA_REFERENCE_UNKNOWN);
	assert_int_equal(ima_reference_size(r), 0);
	ima_reference_free(r);
}

static void many_values_are_all_found(void **state)
{
	struct ima_reference_builder *b;
	struct ima_reference *r;
	char path[64], package[16];
	uint32_t index;

	assert_int_equal(ima_reference_builder_new(&b), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		struct ima_reference_value v = { .digest = digest(A64), .package = package };

		memcpy(v.digest.data, &i, sizeof(i));
		snprintf(path, sizeof(path), "/usr/lib/file-%u", i);
		snprintf(package, sizeof(package), "p%u", i % 700);
		v.path = text(path);
		assert_int_equal(ima_reference_add(b, &v), 0);
	}
	assert_int_equal(ima_reference_finish(b, &r), 0);
	ima_reference_builder_free(b);
	for (uint32_t i = 0; i < 20000; i++) {
		struct ima_digest d = digest(A64);
		struct ima_reference_value v;

		memcpy(d.data, &i, sizeof(i));
		snprintf(path, sizeof(path), "/usr/lib/file-%u", i);
		snprintf(package, sizeof(package), "p%u", i % 700);
		assert_int_equal(ima_reference_find(r, text(path), &d, 0, &index), IMA_REFERENCE_MATCH);
		assert_int_equal(index, i);
		assert_int_equal(ima_reference_get(r, index, &v), 0);
		assert_string_equal(v.package, package);
		d.data[0] ^= 1;
		assert_int_equal(ima_reference_find(r, text(path), &d, 0, &index), IMA_REFERENCE_CHANGED);
	}
	ima_reference_free(r);
}

static void sums_are_read(void **state)
{
	static const char good[] = "# a comment\n" A64 "  /usr/bin/a file\n\n\\" B64 " */x\\\\y\\nz\n" D40 "  /last";
	static const struct {
		const char *text;
		unsigned int line;
	} bad[] = {
		{ "x", 1 }, { A64 "  \n", 1 }, { A64 " /a\n", 1 }, { A64 "a  /a\n", 1 },
		{ A64 "  /a\n" D40 "d  /b\n", 2 }, { "\\" A64 "  /a\\\n", 1 }, { "\\" A64 "  /a\\x\n", 1 }, { "\\", 1 },
	};
	struct ima_reference_builder *b;
	struct ima_reference *r;
	struct ima_digest d = digest(A64);

	assert_int_equal(ima_reference_builder_new(&b), 0);
	assert_int_equal(ima_reference_add_sums(b, text(good), NULL), 0);
	assert_int_equal(ima_reference_finish(b, &r), 0);
	ima_reference_builder_free(b);
	assert_int_equal(ima_reference_size(r), 3);
	assert_int_equal(ima_reference_find(r, text("/usr/bin/a_file"), &d, 0, NULL), IMA_REFERENCE_MATCH);
	d = digest(B64);
	assert_int_equal(ima_reference_find(r, text("/x\\y\nz"), &d, 0, NULL), IMA_REFERENCE_MATCH);
	d = digest(D40);
	assert_int_equal(ima_reference_find(r, text("/last"), &d, 0, NULL), IMA_REFERENCE_MATCH);
	ima_reference_free(r);
	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++) {
		struct ima_diag diag = { 0 };

		assert_int_equal(ima_reference_builder_new(&b), 0);
		assert_int_equal(ima_reference_add_sums(b, text(bad[i].text), &diag), -EBADMSG);
		assert_int_equal(diag.line, bad[i].line);
		ima_reference_builder_free(b);
	}
}

static int load(const char *path, struct ima_reference **ret, struct ima_diag *diag)
{
	struct ima_reference_builder *b;
	int r;

	assert_int_equal(ima_reference_builder_new(&b), 0);
	r = ima_reference_load(b, path, diag);
	if (r == 0)
		r = ima_reference_finish(b, ret);
	ima_reference_builder_free(b);
	return r;
}

static void a_database_gives_back_what_it_was_given(void **state)
{
	char folder[] = "/tmp/ima-reference.XXXXXX", path[64];
	struct ima_reference *r = sample(), *again = NULL;
	struct ima_reference_value v;
	struct ima_digest d = digest(B64);
	struct ima_diag diag = { 0 };
	uint32_t index;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/r", folder);
	assert_int_equal(ima_reference_store(r, path, false, &diag), 0);
	assert_int_equal(ima_reference_store(r, path, false, &diag), -EEXIST);
	if (load(path, &again, &diag) < 0)
		fail_msg("%s", diag.text);
	assert_int_equal(ima_reference_size(again), ima_reference_size(r));
	assert_int_equal(ima_reference_find(again, text("/usr/bin/both"), &d, 1500, &index), IMA_REFERENCE_MATCH);
	assert_int_equal(ima_reference_get(again, index, &v), 0);
	assert_string_equal(v.package, "new");
	assert_int_equal(v.expiry, 2000);
	unlink(path);
	rmdir(folder);
	ima_reference_free(r);
	ima_reference_free(again);
}

static void damaged_databases_are_refused(void **state)
{
	static const char *const damage[] = {
		"PRAGMA application_id = 1",
		"PRAGMA user_version = 4",
		"DROP TABLE value",
		"DELETE FROM source",
		"UPDATE value SET digest = x'00' WHERE algo = 'sha1'",
		"UPDATE value SET algo = 'sha999'",
		"UPDATE value SET expiry = -1",
		"UPDATE value SET expiry = expiry + 1",
		"UPDATE source SET package = package || 'x'",
		"UPDATE value SET path = path || 'x'",
		"DELETE FROM value WHERE path = (SELECT max(path) FROM value)",
		"UPDATE seal SET sha256 = x'00'",
	};
	char folder[] = "/tmp/ima-reference.XXXXXX", path[64];
	struct ima_reference *r = sample(), *again = NULL;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/r", folder);
	for (size_t i = 0; i < IMA_N_ELEMENTS(damage); i++) {
		struct ima_diag diag = { 0 };
		sqlite3 *db;

		assert_int_equal(ima_reference_store(r, path, false, &diag), 0);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, damage[i], NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		if (load(path, &again, &diag) >= 0)
			fail_msg("%s", damage[i]);
		assert_true(diag.text[0]);
		unlink(path);
	}
	assert_int_equal(load(path, &again, NULL), -ENOENT);
	rmdir(folder);
	ima_reference_free(r);
}

static bool is_same(const struct ima_reference *a, const struct ima_reference *b)
{
	bool same = ima_reference_size(a) == ima_reference_size(b);

	for (size_t i = 0; same && i < ima_reference_size(a); i++) {
		struct ima_reference_value x, y;

		assert_int_equal(ima_reference_get(a, (uint32_t)i, &x), 0);
		assert_int_equal(ima_reference_get(b, (uint32_t)i, &y), 0);
		same = x.path.len == y.path.len && !memcmp(x.path.data, y.path.data, x.path.len) && x.digest.algo == y.digest.algo &&
		       !memcmp(x.digest.data, y.digest.data, x.digest.len) && x.expiry == y.expiry && x.size == y.size && x.has_size == y.has_size &&
		       !strcmp(x.package ? x.package : "", y.package ? y.package : "") && !strcmp(x.version ? x.version : "", y.version ? y.version : "") &&
		       !strcmp(x.repository ? x.repository : "", y.repository ? y.repository : "") && x.signature.len == y.signature.len;
	}
	return same;
}

/* whatever bit of the file turns: refused, or without meaning (free space, index, counters) */
static void no_bit_of_a_database_changes_a_value(void **state)
{
	char folder[] = "/tmp/ima-reference.XXXXXX", path[64];
	struct ima_reference *r = sample(), *good = NULL;
	unsigned int n_refused = 0;
	struct stat st;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/r", folder);
	assert_int_equal(ima_reference_store(r, path, false, NULL), 0);
	assert_int_equal(load(path, &good, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	for (off_t at = 0; at < st.st_size; at += 5) {
		struct ima_reference *again = NULL;
		struct ima_diag diag = { 0 };
		int fd = open(path, O_RDWR | O_CLOEXEC), e;
		uint8_t byte, changed;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		changed = (uint8_t)(byte ^ 1U << at % 8);
		assert_int_equal(pwrite(fd, &changed, 1, at), 1);
		e = load(path, &again, &diag);
		if (e >= 0 && !is_same(again, good))
			fail_msg("bit %d of byte %lld changes a value, and nobody says so", (int)(at % 8), (long long)at);
		n_refused += e < 0;
		ima_reference_free(again);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	assert_true(n_refused > 100);
	unlink(path);
	rmdir(folder);
	ima_reference_free(r);
	ima_reference_free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(empty_set_knows_nothing),
		cmocka_unit_test(many_values_are_all_found),
		cmocka_unit_test(sums_are_read),
		cmocka_unit_test(a_database_gives_back_what_it_was_given),
		cmocka_unit_test(damaged_databases_are_refused),
		cmocka_unit_test(no_bit_of_a_database_changes_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
