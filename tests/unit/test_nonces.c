/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of nonces: what is none is refused with its number, what is one is found by its whole name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "imactl/ak_files.h"
#include "imactl/nonces.h"

static struct ima_bytes file;
static char said[200];

/* instead of imactl's own: the file is in memory, and what is said is kept */
int imactl_read_named(const char *folder, const char *name, size_t max, struct ima_buffer *ret)
{
	return ima_buffer_append(ret, file.data, file.len) < 0 ? EXIT_UNABLE : EXIT_GOOD;
}

int imactl_fail(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	return status;
}

static int read_text(struct imactl_nonces *n, const char *text, size_t len)
{
	file = (struct ima_bytes){ (const uint8_t *)text, len };
	said[0] = 0;
	return imactl_nonces_read(n, "list");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		unsigned int line;
	} cases[] = {
#define CASE(TEXT, LINE) { TEXT, sizeof(TEXT) - 1, LINE }
		CASE("host", 1), CASE("host ", 1), CASE(" aa", 1), CASE("host  aa", 1), CASE("host\taa", 1), CASE("host aa ", 1), CASE("host aa\r\n", 1),
		CASE("a aa\n\nhost aag\n", 3), CASE("a aa\nhost a", 2), CASE("a\0b aa", 1), CASE("a aa\n\0", 2),
		CASE("host 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
		     "00112233445566778899aabbccddeeff00", 1),
	};
	struct imactl_nonces n = { 0 };
	char want[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_text(&n, cases[i].text, cases[i].len), EXIT_UNABLE);
		snprintf(want, sizeof(want), "list:%u: not a file name", cases[i].line);
		if (strncmp(said, want, strlen(want)))
			fail_msg("case %zu: %s", i, said);
	}
	imactl_nonces_done(&n);
}

static void expect(const struct imactl_nonces *n, const char *name, size_t len, uint8_t first)
{
	uint8_t nonce[IMA_QUOTE_NONCE_MAX] = { 0 };

	if (imactl_nonces_find(n, name, nonce) != len || nonce[0] != first)
		fail_msg("%s: %02x", name, nonce[0]);
}

static void test_found(void **state)
{
	static const char text[] = "host-10 10\nhost-1 01\n\nhost-1 ff\nz 2a2b\na name with blanks 33\nhost 00\nHOST-1 44\nlast 55";
	struct imactl_nonces n = { 0 };

	expect(&n, "host-1", 0, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(read_text(&n, text, sizeof(text) - 1), EXIT_GOOD);
		expect(&n, "host-1", 1, 0x01); /* the first of two */
		expect(&n, "host-10", 1, 0x10);
		expect(&n, "host", 1, 0x00);
		expect(&n, "z", 2, 0x2a);
		expect(&n, "a name with blanks", 1, 0x33);
		expect(&n, "HOST-1", 1, 0x44);
		expect(&n, "last", 1, 0x55);
		expect(&n, "a name", 0, 0);
		expect(&n, "host-", 0, 0);
		expect(&n, "host-100", 0, 0);
		expect(&n, "zz", 0, 0);
		expect(&n, "", 0, 0);
	}
	assert_int_equal(read_text(&n, "", 0), EXIT_GOOD);
	expect(&n, "host-1", 0, 0);
	imactl_nonces_done(&n);
}

/* each of many, whatever order they stand in */
static void test_many(void **state)
{
	enum { N = 3000 };
	struct ima_buffer text = { 0 };
	struct imactl_nonces n = { 0 };
	char line[40];

	for (unsigned int i = 0; i < N; i++) {
		const unsigned int k = i * 7 % N;

		snprintf(line, sizeof(line), "host-%u %08x\n", k, k << 8 | 0xa5U << 24);
		assert_int_equal(ima_buffer_append_str(&text, line), 0);
	}
	assert_int_equal(read_text(&n, (const char *)text.data, text.len), EXIT_GOOD);
	for (unsigned int k = 0; k < N; k++) {
		uint8_t nonce[IMA_QUOTE_NONCE_MAX] = { 0 };

		snprintf(line, sizeof(line), "host-%u", k);
		assert_int_equal(imactl_nonces_find(&n, line, nonce), 4);
		assert_int_equal(nonce[1] << 8 | nonce[2], k);
	}
	imactl_nonces_done(&n);
	ima_buffer_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
