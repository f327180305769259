/* SPDX-License-Identifier: BSD-2-Clause */
/* PCR values from text, and extend arithmetic against the embedded TPM and published zeros. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "core/pcr/tpm.h"

static int parse(const char *text, struct ima_pcrs *ret, struct ima_diag *d)
{
	return ima_pcrs_parse((struct ima_bytes){ (const uint8_t *)text, strlen(text) }, IMA_HASH_SHA1,
			      ret, d);
}

#define SHA1_HEX "0102030405060708090a0b0c0d0e0f1011121314"

static void wrong_values_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text;
		int error;
		unsigned int line;
	} rows[] = {
		{ "", -ENODATA, 0 },
		{ "\n\n# comment\n", -ENODATA, 0 },
		{ "sha1 10 00\n", -EINVAL, 1 },
		{ "\nsha1 24 " SHA1_HEX "\n", -EINVAL, 2 },
		{ "sha1 x " SHA1_HEX "\n", -EINVAL, 1 },
		{ "sha1 10 zz02030405060708090a0b0c0d0e0f1011121314\n", -EINVAL, 1 },
		{ "sha256 10 " SHA1_HEX "\n", -EINVAL, 1 },
		{ "md6 10 " SHA1_HEX "\n", -EINVAL, 1 },
		{ "PCR-99: " SHA1_HEX "\n", -EINVAL, 1 },
		{ "PCR-: " SHA1_HEX "\n", -EINVAL, 1 },
		{ "hello\n", -EINVAL, 1 },
		{ "sha1 10 " SHA1_HEX SHA1_HEX SHA1_HEX SHA1_HEX "\n", -EINVAL, 1 },
		{ "sha1: surprise\n", -EINVAL, 1 },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		struct ima_pcrs p = { 0 };
		struct ima_diag d = { 0 };

		assert_int_equal(parse(rows[i].text, &p, &d), rows[i].error);
		assert_int_equal(d.line, rows[i].line);
		assert_true(d.text[0]);
		assert_int_equal(p.n_banks, 0);
	}
}

static void three_forms_are_read(void **state)
{
	static const char *const forms[] = {
		"sha1 10 " SHA1_HEX "\n",
		"PCR-10: " SHA1_HEX "\n",
		"PCR-10: 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 11 12 13 14\r\n",
		"  sha1:\n    10: 0x0102030405060708090A0B0C0D0E0F1011121314\n",
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(forms); i++) {
		const struct ima_pcr_bank *b;
		struct ima_pcrs p = { 0 };
		struct ima_diag d = { 0 };

		assert_int_equal(parse(forms[i], &p, &d), 0);
		b = ima_pcrs_bank_const(&p, IMA_HASH_SHA1);
		assert_non_null(b);
		assert_int_equal(b->known, 1U << 10);
		for (unsigned int k = 0; k < 20; k++)
			assert_int_equal(b->value[10][k], k + 1);
	}
}

static void extend_checks_its_arguments(void **state)
{
	struct ima_pcr_bank b = { .algo = IMA_HASH_SHA1 };
	struct ima_hasher *h;
	uint8_t d[32] = { 0 };

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_pcr_extend(h, &b, 24, (struct ima_bytes){ d, 20 }), -ERANGE);
	assert_int_equal(ima_pcr_extend(h, &b, 10, (struct ima_bytes){ d, 32 }), -EINVAL);
	assert_int_equal(ima_pcr_extend(h, &b, 10, (struct ima_bytes){ d, 20 }), 0);
	ima_hasher_free(h);
}

static struct ima_tpm *open_embedded(const char *dir, struct ima_diag *d)
{
	const struct ima_tpm_opts opts = { .spec = "embedded", .state_dir = dir };
	struct ima_tpm *t = NULL;

	return ima_tpm_open(&opts, &t, d) < 0 ? NULL : t;
}

/* what the TPM computes and what we compute must be the same in every bank */
static void the_embedded_tpm_agrees_with_the_arithmetic(void **state)
{
	char dir[] = "/tmp/ima-tpm-XXXXXX", state_dir[64], cmd[128];
	struct ima_tpm_digests d = { 0 };
	struct ima_pcrs have = { 0 }, want = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_hasher *h;
	struct ima_tpm *t;

	assert_non_null(mkdtemp(dir));
	snprintf(state_dir, sizeof(state_dir), "%s/tpm", dir);
	assert_int_equal(ima_hasher_new(&h), 0);
	t = open_embedded(state_dir, &diag);
	if (!t)
		fail_msg("%s", diag.text);
	assert_int_equal(t->n_banks, 4);
	d.n = t->n_banks;
	for (int round = 1; round < 4; round++) {
		for (size_t i = 0; i < d.n; i++) {
			const enum ima_hash_algo a = t->bank_hash[i];
			struct ima_pcr_bank *b;

			d.d[i] = (struct ima_digest){ .algo = a, .len = ima_hash_len(a) };
			memset(d.d[i].data, round, d.d[i].len);
			assert_int_equal(ima_pcrs_add_bank(&want, a, &b), 0);
			assert_int_equal(ima_pcr_extend(h, b, 10, (struct ima_bytes){ d.d[i].data,
										      d.d[i].len }), 0);
		}
		assert_int_equal(ima_tpm_extend(t, 10, &d), 0);
	}
	assert_int_equal(ima_tpm_read(t, 1U << 10 | 1U << 3, &have), 0);
	assert_int_equal(have.n_banks, 4);
	for (size_t i = 0; i < have.n_banks; i++) {
		const struct ima_pcr_bank *w = ima_pcrs_bank_const(&want, have.banks[i].algo);

		assert_int_equal(have.banks[i].known, 1U << 10 | 1U << 3);
		assert_memory_equal(have.banks[i].value[10], w->value[10],
				    ima_hash_len(have.banks[i].algo));
	}
	/* fewer digests than active banks would leave a bank behind: refused */
	d.n = 1;
	assert_true(ima_tpm_extend(t, 10, &d) < 0);
	ima_tpm_free(t);
	t = open_embedded(state_dir, &diag); /* PCRs follow the start, the state folder stays good */
	assert_non_null(t);
	assert_int_equal(ima_tpm_read(t, 1U << 10, &have), 0);
	assert_int_equal(have.banks[0].value[10][0], 0);
	ima_tpm_free(t);
	ima_hasher_free(h);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	assert_int_equal(system(cmd), 0);
}

static void a_bad_place_for_tpm_state_is_refused(void **state)
{
	struct ima_diag diag = { 0 };

	assert_null(open_embedded("/proc/nonexistent/tpm", &diag));
	assert_true(diag.text[0]);
}

static void bad_specs_are_refused(void **state)
{
	const struct ima_tpm_opts opts = { .spec = "device:/nonexistent" };
	struct ima_tpm *t = NULL;
	struct ima_diag diag = { 0 };

	assert_true(ima_tpm_open(&opts, &t, &diag) < 0);
	assert_null(t);
	assert_true(diag.text[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_values_are_refused_with_their_place),
		cmocka_unit_test(three_forms_are_read),
		cmocka_unit_test(extend_checks_its_arguments),
		cmocka_unit_test(the_embedded_tpm_agrees_with_the_arithmetic),
		cmocka_unit_test(a_bad_place_for_tpm_state_is_refused),
		cmocka_unit_test(bad_specs_are_refused),
	};

	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
