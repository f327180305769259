/* SPDX-License-Identifier: BSD-2-Clause */
/* Audit text: quoting, order of keys, which records are dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "core/audit/audit.h"

static const struct ima_audit_subject subject = { .pid = 12, .uid = 0, .auid = UINT32_MAX,
						  .ses = 3, .comm = "a b" };

static void odd_bytes_become_uppercase_hex(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "/usr/bin/id", "\"/usr/bin/id\"" },
		{ "a b", "612062" },
		{ "a\"b", "612262" },
		{ "\xc3\xbc", "C3BC" },
		{ "tab\t", "74616209" },
		{ "", "\"\"" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		struct ima_buffer b = { 0 };

		assert_int_equal(ima_audit_quote(&b, (struct ima_bytes){
							     (const uint8_t *)rows[i].in,
							     strlen(rows[i].in) }),
				 0);
		assert_string_equal((char *)b.data, rows[i].out);
		ima_buffer_done(&b);
	}
}

static void record_text_follows_the_kernels_order(void **state)
{
	static const char name[] = "/tmp/x";
	const struct ima_audit_record rec = {
		.type = IMA_AUDIT_PCR, .subject = &subject, .op = "invalid_pcr",
		.cause = "open_writers",
		.name = { (const uint8_t *)name, strlen(name) }, .dev = "vda", .ino = 42,
	};
	struct ima_buffer b = { 0 };

	assert_int_equal(ima_audit_format(&b, &rec), 0);
	assert_string_equal((char *)b.data,
			    "pid=12 uid=0 auid=4294967295 ses=3 op=invalid_pcr cause=open_writers "
			    "comm=612062 name=\"/tmp/x\" dev=\"vda\" ino=42 res=1 errno=0");
	ima_buffer_done(&b);
}

static void count(void *user, enum ima_audit_type type, const char *text)
{
	++*(int *)user;
}

static void information_is_dropped_unless_wanted(void **state)
{
	int n = 0;
	struct ima_audit_sink sink = { .emit = count, .user = &n };
	struct ima_audit_record rec = { .type = IMA_AUDIT_PCR, .subject = &subject,
					.op = "add_template_measure", .cause = "hash_added",
					.info = true };

	ima_audit_emit(&sink, &rec);
	assert_int_equal(n, 0);
	sink.info = true;
	ima_audit_emit(&sink, &rec);
	assert_int_equal(n, 1);
	sink.info = false;
	rec.info = false;
	ima_audit_emit(&sink, &rec);
	assert_int_equal(n, 2);
	ima_audit_emit(NULL, &rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_bytes_become_uppercase_hex),
		cmocka_unit_test(record_text_follows_the_kernels_order),
		cmocka_unit_test(information_is_dropped_unless_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
