/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounded reads, hex both ways, buffers with limits, diagnostics. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/reader.h"

static void reader_refuses_past_the_end(void **state)
{
	const uint8_t raw[] = { 1, 2, 3, 4, 5 };
	struct ima_reader r =
		ima_reader_init((struct ima_bytes){ raw, sizeof(raw) }, IMA_ORDER_LITTLE);
	struct ima_bytes b;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	assert_int_equal(ima_read_u64(&r, &u64), -EBADMSG);
	assert_int_equal(ima_reader_offset(&r), 0);
	assert_int_equal(ima_read_u32(&r, &u32), 0);
	assert_int_equal(u32, 0x04030201);
	assert_int_equal(ima_read_u16(&r, &u16), -EBADMSG);
	assert_int_equal(ima_read_bytes(&r, SIZE_MAX, &b), -EBADMSG);
	assert_int_equal(ima_read_bytes(&r, 1, &b), 0);
	assert_int_equal(b.data[0], 5);
}

static void reader_knows_both_orders(void **state)
{
	const uint8_t raw[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct ima_bytes all = { raw, sizeof(raw) };
	struct ima_reader le = ima_reader_init(all, IMA_ORDER_LITTLE);
	struct ima_reader be = ima_reader_init(all, IMA_ORDER_BIG);
	uint64_t v;

	assert_int_equal(ima_read_u64(&le, &v), 0);
	assert_true(v == 0x0807060504030201ULL);
	assert_int_equal(ima_read_u64(&be, &v), 0);
	assert_true(v == 0x0102030405060708ULL);
}

static void hex_refuses_what_is_not_hex(void **state)
{
	uint8_t out[4];
	char text[8];

	assert_int_equal(ima_hex_decode("0", 1, out), -EINVAL);
	assert_int_equal(ima_hex_decode("0g", 2, out), -EINVAL);
	assert_int_equal(ima_hex_decode("00FFaB", 6, out), 0);
	assert_memory_equal(out, "\x00\xff\xab", 3);
	ima_hex_encode(out, 3, text);
	assert_memory_equal(text, "00ffab", 6);
}

static void buffer_limit_changes_nothing(void **state)
{
	struct ima_buffer b = { .limit = 4 };

	assert_int_equal(ima_buffer_append_str(&b, "abc"), 0);
	assert_int_equal(ima_buffer_append_str(&b, "de"), -EFBIG);
	assert_int_equal(b.len, 3);
	assert_string_equal((char *)b.data, "abc");
	assert_int_equal(ima_buffer_append_u8(&b, 'd'), 0);
	ima_buffer_done(&b);
}

static void buffer_integers_are_little_endian(void **state)
{
	struct ima_buffer b = { 0 };

	assert_int_equal(ima_buffer_append_u16(&b, 0x0102), 0);
	assert_int_equal(ima_buffer_append_u32(&b, 0x03040506), 0);
	assert_int_equal(ima_buffer_append_u64(&b, 1), 0);
	assert_memory_equal(b.data, "\2\1\6\5\4\3\1\0\0\0\0\0\0\0", 14);
	ima_buffer_done(&b);
}

static void diag_token_is_printable_and_cut(void **state)
{
	struct ima_diag d;
	uint8_t long_token[200];

	memset(long_token, 'x', sizeof(long_token));
	long_token[1] = '\n';
	assert_int_equal(ima_diag_set(&d, -EINVAL, 3, 7,
				      (struct ima_bytes){ long_token, sizeof(long_token) },
				      "unknown %s", "word"),
			 -EINVAL);
	assert_int_equal(d.line, 3);
	assert_int_equal(strlen(d.token), sizeof(d.token) - 1);
	assert_int_equal(d.token[1], '?');
	assert_string_equal(d.text, "unknown word");
	assert_int_equal(ima_diag_set(NULL, -EIO, 0, 0, (struct ima_bytes){ 0 }, "x"), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_refuses_past_the_end),
		cmocka_unit_test(reader_knows_both_orders),
		cmocka_unit_test(hex_refuses_what_is_not_hex),
		cmocka_unit_test(buffer_limit_changes_nothing),
		cmocka_unit_test(buffer_integers_are_little_endian),
		cmocka_unit_test(diag_token_is_printable_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
