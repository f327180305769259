/* SPDX-License-Identifier: BSD-2-Clause */
/* A TPM whose commands fail: an error each time, nothing extended that is called extended, and it can be opened again. */
#include <ftw.h>
#include <unistd.h>

#include "read.h"

#include "core/pcr/tpm.h"

static char dir[] = "/tmp/fault_tpm.XXXXXX";
static const uint8_t digest_bytes[IMA_DIGEST_MAX] = { 7 };

/* PCR 10 of every bank after one extend, as the first turn, which has no fault, found it */
static struct ima_pcrs want;

static int extend(struct ima_tpm *t)
{
	struct ima_tpm_digests d = { .n = t->n_banks };

	for (size_t i = 0; i < t->n_banks; i++) {
		d.d[i] = (struct ima_digest){ .algo = t->bank_hash[i], .len = ima_hash_len(t->bank_hash[i]) };
		memcpy(d.d[i].data, digest_bytes, d.d[i].len);
	}
	return ima_tpm_extend(t, 10, &d);
}

static int uses_a_tpm(void)
{
	const struct ima_tpm_opts opts = { .spec = "embedded", .state_dir = dir };
	struct ima_diag diag = { 0 };
	struct ima_pcrs found = { 0 };
	struct ima_tpm *t = NULL;
	int extended = -ENODEV, r = ima_tpm_open(&opts, &t, &diag);

	if (r < 0) {
		assert_true(diag.text[0] || r == -ENOMEM);
		return r;
	}
	assert_true(t->n_banks > 0);
	extended = extend(t);
	r = ima_tpm_read(t, 1U << 10, &found);
	if (extended < 0)
		assert_int_not_equal(ima_tpm_last_rc(t), 0);
	for (size_t i = 0; r == 0 && extended == 0 && i < found.n_banks; i++) {
		if (!want.n_banks)
			continue;
		assert_memory_equal(found.banks[i].value[10], want.banks[i].value[10], ima_hash_len(found.banks[i].algo));
	}
	if (r == 0 && extended == 0 && !want.n_banks)
		want = found;
	ima_tpm_free(t);
	return r < 0 ? r : extended;
}

static void commands(void **state)
{
	assert_true(fault_turns(FAULT_TPM, uses_a_tpm) >= 8);
}

static void memory(void **state)
{
	assert_true(fault_turns(FAULT_MEMORY, uses_a_tpm) >= 2);
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(commands), cmocka_unit_test(memory) };
	int r;

	ima_tpm_quiet();
	fault_count_nothing(); /* libtpms frees the state that it is given */
	if (!mkdtemp(dir))
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	return r;
}
