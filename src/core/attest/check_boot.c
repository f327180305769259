/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot: the firmware's log against the quoted PCRs 0 to 9, and the list's boot aggregate against the same. */
#include <string.h>

#include "core/attest/verify.h"

#define BOOT_MASK 0x3ffU

static bool bank_agrees(const struct ima_pcr_bank *log, const struct ima_pcr_bank *quoted, uint32_t *ret_checked, unsigned int *ret_pcr)
{
	for (unsigned int p = 0; p < 10; p++) {
		static const uint8_t zeros[IMA_DIGEST_MAX];
		const uint8_t *want = log->known >> p & 1 ? log->value[p] : zeros;

		if (!(quoted->known >> p & 1))
			continue;
		/* 8 and 9 belong to the boot loader and the kernel: some extend them without a log */
		if (p > 7 && !(log->known >> p & 1))
			continue;
		*ret_pcr = p;
		if (memcmp(want, quoted->value[p], ima_hash_len(log->algo)))
			return false;
		*ret_checked |= UINT32_C(1) << p;
	}
	return true;
}

static void check_log(struct ima_checking *c, const struct ima_pcrs *log)
{
	uint32_t checked = 0;
	unsigned int pcr = 0;

	for (size_t i = 0; i < c->values.n_banks; i++) {
		const struct ima_pcr_bank *quoted = &c->values.banks[i], *mine = ima_pcrs_bank_const(log, quoted->algo);

		if (!mine || !(quoted->known & BOOT_MASK))
			continue;
		if (!bank_agrees(mine, quoted, &checked, &pcr)) {
			ima_checked(c, IMA_CHECK_EVENT_LOG, IMA_CHECK_FAIL, "the log does not lead to the quoted PCR %u of %s", pcr,
				    ima_hash_name(quoted->algo));
			return;
		}
	}
	if ((checked & 0xff) == 0xff)
		ima_checked(c, IMA_CHECK_EVENT_LOG, IMA_CHECK_PASS, "the log leads to the quoted boot PCRs");
	else
		ima_checked(c, IMA_CHECK_EVENT_LOG, IMA_CHECK_UNABLE, "the quote does not cover PCR 0 to 7 in a bank that the log has");
}

static void check_event_log(struct ima_checking *c)
{
	struct ima_diag diag = { 0 };
	struct ima_pcrs log = { 0 };

	if (!c->evidence->event_log.len)
		ima_checked(c, IMA_CHECK_EVENT_LOG, IMA_CHECK_UNABLE, "there is no firmware log");
	else if (ima_eventlog_replay(c->h, c->evidence->event_log, &log, &diag) < 0)
		ima_checked(c, IMA_CHECK_EVENT_LOG, IMA_CHECK_FAIL, "at byte %llu: %.150s", (unsigned long long)diag.offset, diag.text);
	else if (c->values_hold)
		check_log(c, &log);
}

/* the quoted values may do for the aggregate of the bank that the record names, or of another one of the same boot */
static void check_aggregate(struct ima_checking *c, const struct ima_digest *have)
{
	struct ima_digest want;

	if (c->n_unmatched_aggregates) {
		ima_checked(c, IMA_CHECK_BOOT_AGGREGATE, IMA_CHECK_FAIL, "a later boot aggregate differs from the first");
		return;
	}
	if (ima_boot_aggregate(c->h, &c->values, have->algo, &want) < 0)
		ima_checked(c, IMA_CHECK_BOOT_AGGREGATE, IMA_CHECK_UNABLE, "the quote does not cover PCR 0 to %d of %s",
			    have->algo == IMA_HASH_SHA1 ? 7 : 9, ima_hash_name(have->algo));
	else if (memcmp(want.data, have->data, want.len))
		ima_checked(c, IMA_CHECK_BOOT_AGGREGATE, IMA_CHECK_FAIL, "the boot aggregate is not that of the quoted PCRs: the list is of another boot");
	else
		ima_checked(c, IMA_CHECK_BOOT_AGGREGATE, IMA_CHECK_PASS, "the aggregate of the quoted PCRs, %s", ima_hash_name(have->algo));
}

int ima_check_boot(struct ima_checking *c)
{
	const struct ima_attest_state *s = c->question->state;
	struct ima_attestation *a = c->result;

	check_event_log(c);
	if (!c->values_hold)
		return 0;
	if (a->first_entry && c->goes_on && s) {
		if (a->boot_aggregate.len && memcmp(&a->boot_aggregate, &s->boot_aggregate, sizeof(s->boot_aggregate)))
			c->n_unmatched_aggregates++;
		a->boot_aggregate = s->boot_aggregate;
	}
	if (a->boot_aggregate.len && a->checks[IMA_CHECK_BOOT_AGGREGATE].status != IMA_CHECK_FAIL)
		check_aggregate(c, &a->boot_aggregate);
	return 0;
}
