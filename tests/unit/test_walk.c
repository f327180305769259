/* SPDX-License-Identifier: BSD-2-Clause */
/* A walk gives the same files in the same order whatever the window is that its names must fit in. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "imactl/walk.h"

#define N 500

static char top[] = "/tmp/imad-walk.XXXXXX";

static void make(const char *fmt, int i)
{
	char path[256];
	int fd, n;

	n = snprintf(path, sizeof(path), "%s/", top);
	/* the format is one of this file's */
	snprintf(path + n, sizeof(path) - (size_t)n, fmt, i);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static int set_up(void **state)
{
	char path[256];

	if (!mkdtemp(top))
		return -1;
	for (int i = 0; i < N; i++)
		make("f%04d", (i * 7919) % N);
	snprintf(path, sizeof(path), "%s/f0100.d", top);
	mkdir(path, 0700);
	for (int i = 0; i < N; i++)
		make("f0100.d/g%04d", (i * 104729) % N);
	snprintf(path, sizeof(path), "%s/link", top);
	return symlink("f0100.d", path);
}

static int tear_down(void **state)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

/* f0000 ... f0100, f0100.d/g0000 ..., f0101 ...: strcmp's order, a folder in its place */
static void expected(unsigned int i, char ret[64])
{
	if (i <= 100)
		snprintf(ret, 64, "f%04u", i);
	else if (i <= 100 + N)
		snprintf(ret, 64, "f0100.d/g%04u", i - 101);
	else
		snprintf(ret, 64, "f%04u", i - N);
}

static void test_order(void **state)
{
	static const size_t windows[] = { 0, 1, 100, 1000, 5000, 1 << 20 };

	for (size_t k = 0; k < sizeof(windows) / sizeof(windows[0]); k++) {
		const struct imactl_walk_opts opts = { .window = windows[k] };
		struct imactl_walk_entry e;
		struct imactl_walk *w = NULL;
		unsigned int n = 0;
		char want[64];
		int r;

		assert_int_equal(imactl_walk_new(top, &opts, &w), 0);
		while ((r = imactl_walk_next(w, &e)) == 1) {
			expected(n++, want);
			assert_int_equal(e.error, 0);
			assert_string_equal(e.path + strlen(top) + 1, want);
			assert_int_equal(faccessat(imactl_dir_fd(e.dir), e.name, F_OK, 0), 0);
		}
		assert_int_equal(r, 0);
		assert_int_equal(n, 2 * N);
		imactl_walk_free(w);
	}
}

static void test_bad(void **state)
{
	const struct imactl_walk_opts opts = { 0 };
	struct imactl_walk *w = NULL;

	assert_int_equal(imactl_walk_new("/nonexistent", &opts, &w), -ENOENT);
	assert_int_equal(imactl_walk_new("/dev/null", &opts, &w), -ENOTDIR);
	assert_null(w);
}

/* a folder outlives the walk while somebody holds it */
static void test_reference(void **state)
{
	const struct imactl_walk_opts opts = { 0 };
	struct imactl_walk_entry e;
	struct imactl_walk *w = NULL;
	struct imactl_dir *d;

	assert_int_equal(imactl_walk_new(top, &opts, &w), 0);
	assert_int_equal(imactl_walk_next(w, &e), 1);
	d = imactl_dir_ref(e.dir);
	imactl_walk_free(w);
	assert_int_equal(faccessat(imactl_dir_fd(d), "f0000", F_OK, 0), 0);
	imactl_dir_unref(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_reference),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
