/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens: RFC 7515's own example of base64url, and ECDSA signatures in DER laid out by hand, good and bad. Whole tokens: tests/system/test_evidence_formats.sh, by openssl. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "core/attest/jwt.h"

#define R31 "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define R32 "7f" R31
#define H32 "ff" R31

static void test_base64url(void **state)
{
	static const uint8_t bytes[] = { 3, 236, 255, 224, 193 }; /* RFC 7515, appendix C */
	struct ima_buffer out = { 0 };

	assert_int_equal(ima_buffer_append_str(&out, "=="), 0);
	assert_int_equal(ima_base64url((struct ima_bytes){ bytes, sizeof(bytes) }, &out), 0);
	assert_string_equal((char *)out.data, "==A-z_4ME");
	ima_buffer_done(&out);
}

static void test_raw(void **state)
{
	static const struct { const char *der, *raw; } cases[] = {
		{ "30440220" R32 "0220" R32, R32 R32 },
		{ "3046022100" H32 "022100" H32, H32 H32 },
		{ "3043021f" R31 "0220" R32, "00" R31 R32 },
		{ "3006020101020102", "0000000000000000000000000000000000000000000000000000000000000001"
				      "0000000000000000000000000000000000000000000000000000000000000002" },
		{ "", NULL }, { "30", NULL }, { "3000", NULL }, { "300602010102", NULL },
		{ "30060201010201", NULL },                    /* cut off */
		{ "300602010102010200", NULL },                /* something behind */
		{ "300702010102010200", NULL },                /* something within */
		{ "3106020101020102", NULL },                  /* no sequence */
		{ "3006020101030102", NULL },                  /* no integer */
		{ "3006020181020102", NULL },                  /* negative */
		{ "30050200020102", NULL },                    /* an integer without bytes */
		{ "3046022101" R32 "022100" H32, NULL },       /* 33 bytes that are no leading zero */
		{ "30060202010102017f", NULL },
		{ "3006028101020102", NULL },                  /* length in the long form */
		{ "3046027f00" H32 "022100" H32, NULL },       /* a length over the end */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t der[256], raw[64], want[64];
		const size_t len = strlen(cases[i].der);

		assert_int_equal(ima_hex_decode(cases[i].der, len, der), 0);
		assert_int_equal(ima_ecdsa_p256_raw((struct ima_bytes){ der, len / 2 }, raw), cases[i].raw ? 0 : -EBADMSG);
		if (!cases[i].raw)
			continue;
		assert_int_equal(ima_hex_decode(cases[i].raw, 128, want), 0);
		assert_memory_equal(raw, want, 64);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_base64url), cmocka_unit_test(test_raw) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
