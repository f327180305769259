/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns against paths, as imactl(1) says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "imactl/globs.h"

static void test_table(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} rows[] = {
		{ "a", "a", true },
		{ "a", "x/a", true },
		{ "a", "a/x", true }, /* a folder's content */
		{ "a", "ab", false },
		{ "*", "x/y", true },
		{ "*.so*", "lib/libx.so.1", true },
		{ "*.so*", "lib.so.d/readme", true },
		{ "a/b", "a/b", true },
		{ "a/b", "a/b/c", true },
		{ "a/b", "x/a/b", false },
		{ "/a", "a", true },
		{ "/a/b", "a/b", true },
		{ "a/*", "a", false },
		{ "a/*", "a/b/c", true },
		{ "a/*/c", "a/b/c", true },
		{ "a/*/c", "a/b/x/c", false }, /* a star stays in its segment */
		{ "a/**/c", "a/c", true },
		{ "a/**/c", "a/b/x/c", true },
		{ "a/**/c", "a/b/x/d", false },
		{ "a/**", "a/b", true },
		{ "a/**", "b/a", false },
		{ "**/c", "c", true },
		{ "**/c", "a/b/c/d", true },
		{ "[ab]/?", "b/x", true },
		{ "a/b", "a//b", true },
		{ "\\*", "x", false },
		{ "[", "x", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imactl_globs in = { 0 }, out = { 0 };

		assert_int_equal(imactl_globs_add(&in, rows[i].pattern, false), 0);
		assert_int_equal(imactl_globs_add(&out, rows[i].pattern, true), 0);
		if (imactl_globs_take_file(&in, rows[i].path) != rows[i].match ||
		    imactl_globs_take_file(&out, rows[i].path) == rows[i].match ||
		    imactl_globs_take_folder(&out, rows[i].path) == rows[i].match ||
		    !imactl_globs_take_folder(&in, rows[i].path))
			fail_msg("row %zu: %s and %s", i, rows[i].pattern, rows[i].path);
		imactl_globs_done(&in);
		imactl_globs_done(&out);
	}
}

static void test_bad(void **state)
{
	struct imactl_globs g = { 0 };
	char path[2048];

	assert_int_equal(imactl_globs_add(&g, "", true), -EINVAL);
	assert_true(imactl_globs_take_file(&g, "x"));
	/* a name that is longer than any */
	for (size_t i = 0; i + 1 < sizeof(path); i++)
		path[i] = 'a';
	path[sizeof(path) - 1] = 0;
	assert_int_equal(imactl_globs_add(&g, "*", false), 0);
	assert_false(imactl_globs_take_file(&g, path));
	imactl_globs_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
