/* SPDX-License-Identifier: BSD-2-Clause */
/* Firmware event logs that real kernels showed lead to the PCR values that the TPM had, and to the first entry of the list. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ima/eventlog.h>

#include "base/buffer.h"

static const char *const folders[] = {
	"6.1-tcb-ima-sig", "6.1-tcb-ima-legacy", "6.1-tcb-ima-ng", "6.1-tcb-ngv2-sha1",
	"6.1-tcb-critical-sigv2", "6.1-tcb-all-fields", "6.1-custom-policy", "6.1-appraise", "6.12-tcb",
};

static void read_vector(const char *folder, const char *name, struct ima_buffer *out)
{
	char path[4096], block[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", getenv("IMA_TEST_VECTORS"), folder, name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		assert_int_equal(ima_buffer_append(out, block, n), 0);
	fclose(f);
}

static void recorded_logs_lead_to_the_recorded_pcrs(void **state)
{
	struct ima_hasher *h;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(folders); i++) {
		struct ima_buffer log = { 0 }, text = { 0 }, list = { 0 }, hex = { 0 };
		struct ima_pcrs from_log = { 0 }, from_tpm = { 0 };
		struct ima_digest a, b;
		struct ima_diag d = { 0 };

		read_vector(folders[i], "binary_bios_measurements", &log);
		read_vector(folders[i], "pcrs", &text);
		read_vector(folders[i], "ascii_runtime_measurements", &list);
		if (ima_eventlog_replay(h, ima_buffer_bytes(&log), &from_log, &d) < 0)
			fail_msg("%s: offset %llu: %s", folders[i], (unsigned long long)d.offset, d.text);
		assert_int_equal(ima_pcrs_parse(ima_buffer_bytes(&text), IMA_HASH_SHA1, &from_tpm, &d), 0);
		assert_int_equal(from_tpm.n_banks, 2);
		for (size_t k = 0; k < from_tpm.n_banks; k++) {
			const struct ima_pcr_bank *want = &from_tpm.banks[k];
			const struct ima_pcr_bank *have = ima_pcrs_bank_const(&from_log, want->algo);

			assert_non_null(have);
			for (unsigned int p = 0; p < 10; p++)
				if (memcmp(have->value[p], want->value[p], ima_hash_len(want->algo)))
					fail_msg("%s: %s PCR %u", folders[i], ima_hash_name(want->algo), p);
			assert_int_equal(ima_boot_aggregate(h, &from_log, want->algo, &a), 0);
			assert_int_equal(ima_boot_aggregate(h, &from_tpm, want->algo, &b), 0);
			assert_memory_equal(a.data, b.data, a.len);
			assert_int_equal(ima_buffer_append_hex(&hex, a.data, a.len), 0);
			assert_int_equal(ima_buffer_append_u8(&hex, ' '), 0);
		}
		/* the digest field of the first record is one of them */
		*strchr((char *)list.data, '\n') = 0;
		assert_non_null(strstr((char *)list.data, "boot_aggregate"));
		hex.data[40] = 0;
		assert_true(strstr((char *)list.data, (char *)hex.data) ||
			    strstr((char *)list.data, (char *)hex.data + 41));
		ima_buffer_done(&log);
		ima_buffer_done(&text);
		ima_buffer_done(&list);
		ima_buffer_done(&hex);
	}
	ima_hasher_free(h);
}

/* every length at which a log can be cut, and every lie about a length: refused with an offset inside the log */
static void cut_logs_are_refused(void **state)
{
	struct ima_buffer log = { 0 };
	struct ima_hasher *h;
	unsigned int whole = 0;

	assert_int_equal(ima_hasher_new(&h), 0);
	read_vector("6.12-tcb", "binary_bios_measurements", &log);
	for (size_t cut = 1; cut < log.len; cut++) {
		struct ima_pcrs p = { 0 };
		struct ima_diag d = { 0 };
		int r = ima_eventlog_replay(h, (struct ima_bytes){ log.data, cut }, &p, &d);

		if (r == 0) {
			whole++; /* cut between two events */
			continue;
		}
		assert_int_equal(r, -EBADMSG);
		assert_true(d.has_offset && d.offset <= cut && d.text[0]);
		assert_int_equal(p.n_banks, 0);
	}
	assert_true(whole > 3 && whole < 200);
	ima_buffer_done(&log);
	ima_hasher_free(h);
}

static void lying_headers_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} lies[] = {
		{ 31, 0xff },           /* length of the first event's data */
		{ 32 + 24, 200 },       /* number of algorithms */
		{ 32 + 24, 0 },
		{ 32 + 28 + 2, 19 },    /* length of sha1 */
		{ 32 + 28 + 2, 200 },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(lies); i++) {
		struct ima_buffer log = { 0 };
		struct ima_eventlog *l = NULL;
		struct ima_diag d = { 0 };

		read_vector("6.12-tcb", "binary_bios_measurements", &log);
		log.data[lies[i].at] = lies[i].byte;
		assert_int_equal(ima_eventlog_open(ima_buffer_bytes(&log), &l, &d), -EBADMSG);
		assert_true(d.text[0]);
		ima_buffer_done(&log);
	}
}

/* the TPM 1.2 form, written down by hand: PCR 1 extended by twenty 0x11, an event without action, PCR 0 untouched */
static void the_old_form_is_read(void **state)
{
	struct ima_buffer log = { 0 };
	struct ima_pcrs p = { 0 };
	struct ima_hasher *h;
	struct ima_digest want;
	struct ima_eventlog *l;
	uint8_t both[40] = { 0 };

	for (int i = 0; i < 2; i++) {
		assert_int_equal(ima_buffer_append_u32(&log, 1), 0);
		assert_int_equal(ima_buffer_append_u32(&log, i ? 3 : 4), 0);
		for (int k = 0; k < 20; k++)
			assert_int_equal(ima_buffer_append_u8(&log, 0x11), 0);
		assert_int_equal(ima_buffer_append_u32(&log, 2), 0);
		assert_int_equal(ima_buffer_append_str(&log, "ab"), 0);
	}
	memset(both + 20, 0x11, 20);
	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_SHA1, (struct ima_bytes){ both, 40 }, &want), 0);
	assert_int_equal(ima_eventlog_replay(h, ima_buffer_bytes(&log), &p, NULL), 0);
	assert_int_equal(p.n_banks, 1);
	assert_memory_equal(p.banks[0].value[1], want.data, 20);
	assert_memory_equal(p.banks[0].value[0], (uint8_t[20]){ 0 }, 20);
	assert_int_equal(ima_eventlog_open(ima_buffer_bytes(&log), &l, NULL), 0);
	assert_false(ima_eventlog_is_crypto_agile(l));
	ima_eventlog_free(l);
	assert_string_equal(ima_eventlog_type_name(8), "EV_S_CRTM_VERSION");
	assert_null(ima_eventlog_type_name(0x77777777));
	ima_buffer_done(&log);
	ima_hasher_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_logs_lead_to_the_recorded_pcrs),
		cmocka_unit_test(cut_logs_are_refused),
		cmocka_unit_test(lying_headers_are_refused),
		cmocka_unit_test(the_old_form_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
