/* SPDX-License-Identifier: BSD-2-Clause */
/* evmctl's ima_boot_aggregate: a line a bank, sha1 first, from PCR values or from what the firmware's log leads to. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <string.h>

#include <ima/eventlog.h>

#define EVENTLOG_MAX (256U << 20)

static int print_banks(struct ima_hasher *h, const struct ima_pcrs *pcrs)
{
	char hex[EVMCTL_HEX];
	struct ima_digest d;
	unsigned int n = 0;

	for (unsigned int a = 0; a < IMA_HASH__LAST; a++) {
		if (ima_boot_aggregate(h, pcrs, (enum ima_hash_algo)a, &d) < 0)
			continue;
		printf("%s:%s\n", ima_hash_name(d.algo), evmctl_hex(d.data, d.len, hex));
		n++;
	}
	return n ? 0 : evmctl_fail(0, "No bank has all the PCRs that an aggregate needs");
}

/* "NN digest" for an event, "PCR-xx value" for a PCR; lines of the old format name no bank */
static void say_line(bool agile, uint16_t tpm_alg, bool is_pcr, unsigned int pcr, struct ima_bytes digest)
{
	enum ima_hash_algo algo;
	char hex[EVMCTL_HEX];

	if (ima_hash_by_tpm_alg(tpm_alg, &algo) < 0)
		return;
	if (agile)
		evmctl_say(NULL, "%s: ", ima_hash_name(algo));
	evmctl_say(NULL, is_pcr ? "PCR-%02x %s\n" : "%02u %s\n", pcr, evmctl_hex(digest.data, digest.len, hex));
}

static void say_log(struct ima_bytes log, const struct ima_pcrs *pcrs)
{
	struct ima_eventlog *l = NULL;
	struct ima_tcg_event ev;
	bool agile;

	if (ima_eventlog_open(log, &l, NULL) < 0)
		return;
	agile = ima_eventlog_is_crypto_agile(l);
	while (ima_eventlog_next(l, &ev, NULL) == 1)
		for (size_t i = 0; i < ev.n_digests; i++)
			say_line(agile, ev.digests[i].tpm_alg, false, ev.pcr, ev.digests[i].digest);
	ima_eventlog_free(l);
	for (size_t b = 0; b < pcrs->n_banks; b++)
		for (unsigned int i = 0; i < IMA_PCR_COUNT; i++)
			say_line(agile, ima_hash_tpm_alg(pcrs->banks[b].algo), true, i,
				 (struct ima_bytes){ pcrs->banks[b].value[i], ima_hash_len(pcrs->banks[b].algo) });
}

static int from_log(const struct evmctl *e, struct ima_hasher *h, const char *path, struct ima_pcrs *ret)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_diag diag = { 0 };
	size_t len = 0;
	int r = imactl_read_file(path, EVENTLOG_MAX, &bytes, &len);

	if (r < 0)
		return evmctl_fail(r, "Failed reading the event log %s.", path);
	if (!len)
		return evmctl_fail(0, "%s: there is no event in it\nFailed reading the event log %s.", path, path);
	if (e->verbose)
		evmctl_say(NULL, "Reading the event log %s.\n", path);
	r = ima_eventlog_replay(h, (struct ima_bytes){ bytes, len }, ret, &diag);
	if (r < 0)
		return evmctl_fail(0, "%s: offset %llu: %s\nFailed reading the event log %s.", path,
				   (unsigned long long)diag.offset, diag.text[0] ? diag.text : strerror(-r), path);
	if (e->verbose)
		say_log((struct ima_bytes){ bytes, len }, ret);
	return 0;
}

int evmctl_ima_boot_aggregate(struct evmctl *e, int argc, char **argv)
{
	struct ima_hasher *h = NULL;
	struct ima_pcrs pcrs = { 0 };
	int r = ima_hasher_new(&h) < 0 ? evmctl_fail(0, "the crypto library cannot be used") : 0;

	if (r == 0)
		r = argc ? from_log(e, h, argv[0], &pcrs) : evmctl_pcrs(e, &pcrs);
	if (r == 0)
		r = print_banks(h, &pcrs);
	ima_hasher_free(h);
	return r;
}
