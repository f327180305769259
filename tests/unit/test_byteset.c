/* SPDX-License-Identifier: BSD-2-Clause */
/* The digest set: exact, tagged, growing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/byteset.h"

static struct ima_bytes key(const void *data, size_t len)
{
	return (struct ima_bytes){ data, len };
}

static void too_long_a_key_is_refused(void **state)
{
	static const uint8_t big[256];
	struct ima_byteset *s;

	assert_int_equal(ima_byteset_new(&s), 0);
	assert_int_equal(ima_byteset_add(s, 0, key(big, 256)), -E2BIG);
	assert_int_equal(ima_byteset_size(s), 0);
	assert_int_equal(ima_byteset_add(s, 0, key(big, 255)), 0);
	ima_byteset_free(s);
}

static void tag_and_length_tell_apart(void **state)
{
	struct ima_byteset *s;

	assert_int_equal(ima_byteset_new(&s), 0);
	assert_int_equal(ima_byteset_add(s, 10, key("abcd", 4)), 0);
	assert_true(ima_byteset_has(s, 10, key("abcd", 4)));
	assert_false(ima_byteset_has(s, 11, key("abcd", 4)));
	assert_false(ima_byteset_has(s, 10, key("abc", 3)));
	assert_false(ima_byteset_has(s, 10, key("abcd\0", 5)));
	assert_int_equal(ima_byteset_add(s, 10, key("abcd", 4)), 0);
	assert_int_equal(ima_byteset_size(s), 1);
	ima_byteset_free(s);
}

static void nothing_is_lost_by_growing(void **state)
{
	struct ima_byteset *s;

	assert_int_equal(ima_byteset_new(&s), 0);
	for (uint32_t i = 0; i < 50000; i += 2)
		assert_int_equal(ima_byteset_add(s, i % 3, key(&i, sizeof(i))), 0);
	for (uint32_t i = 0; i < 50000; i++)
		assert_int_equal(ima_byteset_has(s, i % 3, key(&i, sizeof(i))), i % 2 == 0);
	assert_int_equal(ima_byteset_size(s), 25000);
	ima_byteset_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_long_a_key_is_refused),
		cmocka_unit_test(tag_and_length_tell_apart),
		cmocka_unit_test(nothing_is_lost_by_growing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
