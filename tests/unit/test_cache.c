/* SPDX-License-Identifier: BSD-2-Clause */
/* What is found is what was added under the very same bytes, however close keys stand in the table; and no more than was allowed is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/attest/cache.h"

#define TEXT(S) ((struct ima_bytes){ (const uint8_t *)(S), strlen(S) })

static void add(struct ima_cache *c, struct ima_cache_key key, uint32_t value)
{
	ima_cache_hash(c, &key);
	ima_cache_add(c, &key, &value, sizeof(value));
}

/* 0: not known */
static uint32_t find(const struct ima_cache *c, struct ima_cache_key key)
{
	const uint32_t *value;

	ima_cache_hash(c, &key);
	value = ima_cache_find(c, &key);
	return value ? *value : 0;
}

static void test_parts_count_by_their_place(void **state)
{
	struct ima_cache *c;

	assert_int_equal(ima_cache_new(4U << 20, &c), 0);
	add(c, (struct ima_cache_key){ .part = { TEXT("ab"), TEXT("c") } }, 1);
	add(c, (struct ima_cache_key){ .part = { TEXT("a"), TEXT("bc") } }, 2);
	add(c, (struct ima_cache_key){ .part = { TEXT("ab"), TEXT("c") } }, 3);
	assert_int_equal(find(c, (struct ima_cache_key){ .part = { TEXT("ab"), TEXT("c") } }), 1);
	assert_int_equal(find(c, (struct ima_cache_key){ .part = { TEXT("a"), TEXT("bc") } }), 2);
	assert_int_equal(find(c, (struct ima_cache_key){ .part = { TEXT("abc") } }), 0);
	assert_int_equal(find(c, (struct ima_cache_key){ .part = { TEXT("ab"), TEXT("c"), TEXT("d") } }), 0);
	ima_cache_free(c);
}

static struct ima_cache_key numbered(char *text, size_t size, unsigned int i)
{
	snprintf(text, size, "the same beginning, number %u", i);
	return (struct ima_cache_key){ .part = { TEXT(text), TEXT("part") }, .sample = { (const uint8_t *)text, 16 } };
}

/* keys made to have one sample: none is taken for another, some find no room, and those with a sample of their own do */
static void test_keys_of_one_sample(void **state)
{
	unsigned int n_found = 0;
	struct ima_cache *c;
	char text[64];

	assert_int_equal(ima_cache_new(4U << 20, &c), 0);
	for (unsigned int i = 1; i <= 1000; i++)
		add(c, numbered(text, sizeof(text), i), i);
	for (unsigned int i = 1; i <= 1000; i++) {
		const uint32_t value = find(c, numbered(text, sizeof(text), i));

		assert_true(value == i || value == 0);
		n_found += value == i;
	}
	assert_in_range(n_found, 1, 64);
	add(c, (struct ima_cache_key){ .part = { TEXT("another sample") }, .sample = TEXT("another sample") }, 7);
	assert_int_equal(find(c, (struct ima_cache_key){ .part = { TEXT("another sample") }, .sample = TEXT("another sample") }), 7);
	ima_cache_free(c);
}

/* hashed in a row as one by one */
static void test_prepare(void **state)
{
	struct ima_cache_key keys[IMA_CACHE_AHEAD];
	char text[IMA_CACHE_AHEAD][64];
	struct ima_cache *c;

	assert_int_equal(ima_cache_new(4U << 20, &c), 0);
	for (unsigned int i = 0; i < IMA_CACHE_AHEAD; i++) {
		snprintf(text[i], sizeof(text[i]), "key %u", i);
		keys[i] = (struct ima_cache_key){ .part = { TEXT(text[i]) } };
		if (i % 2)
			add(c, keys[i], i);
	}
	ima_cache_prepare(c, keys, IMA_CACHE_AHEAD);
	for (unsigned int i = 0; i < IMA_CACHE_AHEAD; i++) {
		const uint32_t *value = ima_cache_find(c, &keys[i]);

		assert_int_equal(value ? *value : 0, i % 2 ? i : 0);
	}
	ima_cache_free(c);
}

static void test_full(void **state)
{
	const size_t large = 64U << 10;
	uint8_t *bytes = calloc(1, large);
	unsigned int n_found = 0;
	struct ima_cache *c;

	assert_non_null(bytes);
	assert_int_equal(ima_cache_new(2U << 20, &c), 0);
	for (uint32_t i = 1; i <= 100; i++) {
		memcpy(bytes, &i, sizeof(i));
		add(c, (struct ima_cache_key){ .part = { { bytes, large } } }, i);
	}
	for (uint32_t i = 1; i <= 100; i++) {
		memcpy(bytes, &i, sizeof(i));
		n_found += find(c, (struct ima_cache_key){ .part = { { bytes, large } } }) == i;
	}
	assert_in_range(n_found, 1, (2U << 20) / large);
	ima_cache_free(c);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_count_by_their_place),
		cmocka_unit_test(test_keys_of_one_sample),
		cmocka_unit_test(test_prepare),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
