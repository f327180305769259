/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of sealed keys, by one that swtpm made (tests/fuzz/corpus); sealing itself: tests/system/test_evm_key.sh. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/pcr/sealed.h"

#define HEAD "imad-sealed-key 1\n"
#define REST "public 0102\nprivate ff\n"

static struct ima_bytes bytes(const char *text)
{
	return (struct ima_bytes){ (const uint8_t *)text, strlen(text) };
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{ "", "not a sealed key" },
		{ "imad-sealed-key 2\n", "not a sealed key" },
		{ HEAD, "line 2" },
		{ HEAD "pcrs -", "line 2" },
		{ HEAD "pcr -\n" REST, "line 2" },
		{ HEAD "pcrs 24\n" REST, "line 2" },
		{ HEAD "pcrs sha256:\n" REST, "line 2" },
		{ HEAD "pcrs sha256:1,\n" REST, "line 2" },
		{ HEAD "pcrs sha256:-1\n" REST, "line 2" },
		{ HEAD "pcrs md5:1\n" REST, "line 2" },
		{ HEAD "pcrs sha999:1\n" REST, "line 2" },
		{ HEAD "pcrs 99999999999999999999\n" REST, "line 2" },
		{ HEAD "pcrs -\npublic \nprivate ff\n", "line 3" },
		{ HEAD "pcrs -\npublic 0\nprivate ff\n", "line 3" },
		{ HEAD "pcrs -\npublic 0g\nprivate ff\n", "line 3" },
		{ HEAD "pcrs -\npublic 01\nprivate ff", "line 4" },
		{ HEAD "pcrs -\nprivate 01\npublic ff\n", "line 3" },
		{ HEAD "pcrs -\n" REST "\n", "line 5" },
		{ HEAD "pcrs -\n" REST "x", "line 5" },
	};
	struct ima_sealed s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ima_diag diag = { 0 };

		assert_int_equal(ima_sealed_parse(bytes(bad[i].text), &s, &diag), -EBADMSG);
		if (!strstr(diag.text, bad[i].said))
			fail_msg("row %zu: %s", i, diag.text);
	}
	assert_int_equal(ima_sealed_parse((struct ima_bytes){ (const uint8_t *)HEAD "pcrs -\n\0", sizeof(HEAD "pcrs -\n") }, &s,
					  &(struct ima_diag){ 0 }), -EBADMSG);
}

static void test_too_long(void **state)
{
	char *text = malloc(3 * IMA_SEALED_MAX_TEXT);
	struct ima_diag diag = { 0 };
	struct ima_sealed s;
	int n = sprintf(text, HEAD "pcrs -\npublic ");

	memset(text + n, '0', 2 * IMA_SEALED_MAX_PART + 2);
	strcpy(text + n + 2 * IMA_SEALED_MAX_PART + 2, "\nprivate ff\n");
	assert_int_equal(ima_sealed_parse(bytes(text), &s, &diag), -EBADMSG);
	memset(text + n, '0', 2 * IMA_SEALED_MAX_TEXT);
	text[n + 2 * IMA_SEALED_MAX_TEXT] = 0;
	assert_int_equal(ima_sealed_parse(bytes(text), &s, &diag), -EBADMSG);
	free(text);
}

static void test_round_trip(void **state)
{
	static const char *const good[] = { HEAD "pcrs -\n" REST, HEAD "pcrs sha1:0,23\n" REST, HEAD "pcrs sha384:7\n" REST };
	struct ima_diag diag = { 0 };
	struct ima_sealed s;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct ima_buffer text = { 0 };

		assert_int_equal(ima_sealed_parse(bytes(good[i]), &s, &diag), 0);
		assert_int_equal(ima_sealed_print(&s, &text), 0);
		assert_int_equal(text.len, strlen(good[i]));
		assert_memory_equal(text.data, good[i], text.len);
		ima_buffer_done(&text);
	}
	assert_int_equal(s.pcrs, 0x80);
	assert_int_equal(s.bank, IMA_HASH_SHA384);
	assert_int_equal(s.public_len, 2);
	assert_int_equal(s.private_len, 1);
}

static void test_pcrs(void **state)
{
	struct ima_sealed s = { 0 };

	assert_int_equal(ima_sealed_pcrs_parse("7", &s), 0);
	assert_int_equal(s.pcrs, 0x80);
	assert_int_equal(s.bank, IMA_HASH_SHA256);
	assert_int_equal(ima_sealed_pcrs_parse("sha1:0,2,2", &s), 0);
	assert_int_equal(s.pcrs, 5);
	assert_int_equal(s.bank, IMA_HASH_SHA1);
	assert_int_equal(ima_sealed_pcrs_parse("-", &s), 0);
	assert_int_equal(s.pcrs, 0);
	assert_int_equal(ima_sealed_pcrs_parse("", &s), -EINVAL);
	assert_int_equal(ima_sealed_pcrs_parse("7 ", &s), -EINVAL);
	assert_int_equal(ima_sealed_pcrs_parse("all", &s), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_pcrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
