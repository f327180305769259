/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl eventlog: the firmware's event log, event by event, and the PCR values it leads to. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ima/eventlog.h>

#include "base/hex.h"
#include "imactl/command.h"

#define KERNEL_LOG "/sys/kernel/security/tpm0/binary_bios_measurements"
#define LOG_MAX (256U << 20)

struct args {
	const char *file;
	bool json;
};

static int parse_args(int argc, char **argv, struct args *a)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'j')
			return imactl_usage("eventlog");
		a->json = true;
	}
	a->file = optind < argc ? argv[optind++] : KERNEL_LOG;
	return optind != argc ? imactl_usage("eventlog") : 0;
}

static void hex_text(struct ima_bytes b, char ret[2 * IMA_DIGEST_MAX + 1])
{
	const size_t n = b.len < IMA_DIGEST_MAX ? b.len : IMA_DIGEST_MAX;

	ima_hex_encode(b.data, n, ret);
	ret[2 * n] = 0;
}

static const char *bank_text(uint16_t alg, char other[16])
{
	enum ima_hash_algo a;

	if (ima_hash_by_tpm_alg(alg, &a) == 0)
		return ima_hash_name(a);
	snprintf(other, 16, "tpm_alg_%x", alg);
	return other;
}

static void print_event(const struct ima_tcg_event *e)
{
	const char *type = ima_eventlog_type_name(e->type);

	printf("%2u 0x%08x %-34s %zu bytes\n", e->pcr, e->type, type ? type : "(unknown)", e->data.len);
	for (size_t i = 0; i < e->n_digests; i++) {
		char hex[2 * IMA_DIGEST_MAX + 1], other[16];

		hex_text(e->digests[i].digest, hex);
		printf("     %s:%s\n", bank_text(e->digests[i].tpm_alg, other), hex);
	}
}

static json_t *event_json(const struct ima_tcg_event *e)
{
	json_t *digests = json_object();

	for (size_t i = 0; digests && i < e->n_digests; i++) {
		char hex[2 * IMA_DIGEST_MAX + 1], other[16];

		hex_text(e->digests[i].digest, hex);
		json_object_set_new(digests, bank_text(e->digests[i].tpm_alg, other), json_string(hex));
	}
	return json_pack("{s:I, s:I, s:I, s:s?, s:I, s:o}", "offset", (json_int_t)e->offset, "pcr",
			 (json_int_t)e->pcr, "type", (json_int_t)e->type, "name",
			 ima_eventlog_type_name(e->type), "data_bytes", (json_int_t)e->data.len,
			 "digests", digests);
}

static int each_event(const struct args *a, struct ima_bytes log, json_t *events,
		      struct ima_diag *diag)
{
	struct ima_eventlog *l = NULL;
	struct ima_tcg_event e;
	int r = ima_eventlog_open(log, &l, diag);

	while (r == 0 && (r = ima_eventlog_next(l, &e, diag)) == 1) {
		if (a->json)
			json_array_append_new(events, event_json(&e));
		else
			print_event(&e);
		r = 0;
	}
	ima_eventlog_free(l);
	return r;
}

static void show_pcrs(const struct args *a, const struct ima_pcrs *p, json_t *banks)
{
	static const uint8_t zero[IMA_DIGEST_MAX];

	for (size_t b = 0; b < p->n_banks; b++) {
		const size_t len = ima_hash_len(p->banks[b].algo);
		const char *name = ima_hash_name(p->banks[b].algo);
		json_t *values = json_object();

		for (unsigned int i = 0; i < IMA_PCR_COUNT; i++) {
			char hex[2 * IMA_DIGEST_MAX + 1], key[4];

			if (!memcmp(p->banks[b].value[i], zero, len))
				continue;
			hex_text((struct ima_bytes){ p->banks[b].value[i], len }, hex);
			snprintf(key, sizeof(key), "%u", i);
			json_object_set_new(values, key, json_string(hex));
			if (!a->json)
				printf("%s %u %s\n", name, i, hex);
		}
		json_object_set_new(banks, name, values);
	}
}

int cmd_eventlog(int argc, char **argv)
{
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	json_t *events = json_array(), *banks = json_object();
	struct ima_pcrs pcrs = { 0 };
	struct ima_hasher *h = NULL;
	struct ima_diag diag = { 0 };
	struct args a = { 0 };
	size_t len = 0;
	int r = parse_args(argc, argv, &a), e;

	if (r == 0) {
		e = imactl_read_file(a.file, LOG_MAX, &data, &len);
		if (e == 0)
			e = each_event(&a, (struct ima_bytes){ data, len }, events, &diag);
		if (e == 0)
			e = ima_hasher_new(&h);
		if (e == 0)
			e = ima_eventlog_replay(h, (struct ima_bytes){ data, len }, &pcrs, &diag);
		if (e < 0)
			r = imactl_fail_diag(EXIT_UNABLE, a.file, &diag, e);
	}
	if (r == 0)
		show_pcrs(&a, &pcrs, banks);
	if (r == 0 && a.json)
		r = imactl_print_json(json_pack("{s:O, s:O}", "events", events, "pcrs", banks), 0, true);
	json_decref(events);
	json_decref(banks);
	ima_hasher_free(h);
	return r;
}
