/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl under the name ima_boot_aggregate: the standalone program's text, to the byte. It knows the TPM 1.2 form of logs,
 *
 *   u32 pcr | u32 type | u8 sha1[20] | u32 len | data        little-endian
 *
 * and extends every event, whatever its type. Differs: PCRs from 8 on are printed and not extended; a crypto-agile log and a cut one
 * are refused, each with a line that says so.
 */
#include "imactl/compat/evmctl.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <ima/eventlog.h>

#define N_PCRS 8
#define LOG_MAX (256U << 20)
#define EVENT_MAX (1U << 20)
#define DATA_MAX (EVENT_MAX - 32)

static int take_event(struct ima_hasher *h, const struct ima_tcg_event *ev, struct ima_pcr_bank *bank)
{
	char hex[EVMCTL_HEX];

	printf("%03u %s\n", ev->pcr, evmctl_hex(ev->digests[0].digest.data, ev->digests[0].digest.len, hex));
	return ev->pcr < N_PCRS ? ima_pcr_extend(h, bank, ev->pcr, ev->digests[0].digest) : 0;
}

/* the length at @at, which says more than there is */
static bool claims_too_much(struct ima_bytes log, uint64_t at)
{
	uint32_t len;

	if (log.len < sizeof(len) || at > log.len - sizeof(len))
		return false;
	memcpy(&len, log.data + at, sizeof(len));
	return le32toh(len) > DATA_MAX;
}

/* 0, or EXIT_FAILURE and said why; half a log's aggregate is nobody's */
static int take_log(struct ima_hasher *h, const char *path, struct ima_bytes log, struct ima_pcr_bank *bank)
{
	struct ima_eventlog *l = NULL;
	struct ima_diag diag = { 0 };
	struct ima_tcg_event ev;
	int r = ima_eventlog_open(log, &l, &diag);

	if (r == 0 && ima_eventlog_is_crypto_agile(l)) {
		fprintf(stderr, "%s: a crypto-agile log; evmctl ima_boot_aggregate reads it\n", path);
		ima_eventlog_free(l);
		return EXIT_FAILURE;
	}
	while (r == 0 && (r = ima_eventlog_next(l, &ev, &diag)) == 1) {
		if (ev.data.len > DATA_MAX)
			r = -EMSGSIZE;
		else
			r = take_event(h, &ev, bank);
	}
	ima_eventlog_free(l);
	if (r == -EMSGSIZE || (r == -EBADMSG && claims_too_much(log, diag.offset)))
		printf("Error event too long\n");
	else if (r < 0)
		fprintf(stderr, "%s: offset %llu: %s\n", path, (unsigned long long)diag.offset,
			diag.text[0] ? diag.text : strerror(-r));
	return r < 0 ? EXIT_FAILURE : 0;
}

static int print_result(struct ima_hasher *h, struct ima_pcrs *pcrs)
{
	struct ima_digest d;
	char hex[EVMCTL_HEX];

	for (unsigned int i = 0; i < N_PCRS; i++)
		printf("PCR-%2.2x: %s\n", i, evmctl_hex(pcrs->banks[0].value[i], ima_hash_len(IMA_HASH_SHA1), hex));
	if (ima_boot_aggregate(h, pcrs, IMA_HASH_SHA1, &d) < 0)
		return EXIT_FAILURE;
	printf("boot_aggregate:%s\n", evmctl_hex(d.data, d.len, hex));
	return fflush(stdout) == EOF || ferror(stdout) ? EXIT_FAILURE : 0;
}

int ima_boot_aggregate_main(int argc, char **argv)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_pcrs pcrs = { 0 };
	struct ima_hasher *h = NULL;
	struct ima_pcr_bank *bank;
	size_t len = 0;
	int r;

	if (argc != 2) {
		printf("format: %s binary_bios_measurement file\n", argv[0]);
		return EXIT_FAILURE;
	}
	r = imactl_read_file(argv[1], LOG_MAX, &bytes, &len);
	if (r < 0) {
		errno = -r;
		perror("unable to open pcr file");
		return EXIT_FAILURE;
	}
	if (ima_hasher_new(&h) < 0 || ima_pcrs_add_bank(&pcrs, IMA_HASH_SHA1, &bank) < 0) {
		fputs("the crypto library cannot be used\n", stderr);
		return EXIT_FAILURE;
	}
	bank->known = (1U << N_PCRS) - 1;
	r = take_log(h, argv[1], (struct ima_bytes){ bytes, len }, bank);
	if (r == 0)
		r = print_result(h, &pcrs);
	ima_hasher_free(h);
	return r;
}
