/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl boot-aggregate: per bank from PCR values; with a list, does its first record hold one of them? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ima/eventlog.h>
#include <ima/mlist.h>

#include "base/buffer.h"
#include "core/template/fields.h"
#include "imactl/sources.h"

#define EVENTLOG_MAX (256U << 20)

struct args {
	struct imactl_pcr_opts pcrs;
	const char *list, *eventlog;
	bool check_list, json;
};

static int parse_args(int argc, char **argv, struct args *a)
{
	static const struct option options[] = {
		{ "pcrs", required_argument, NULL, 'p' }, { "tpm", required_argument, NULL, 't' },
		{ "eventlog", required_argument, NULL, 'e' },
		{ "list", required_argument, NULL, 'l' }, { "live-list", no_argument, NULL, 'L' },
		{ "json", no_argument, NULL, 'j' },	  { "control", required_argument, NULL, 'c' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p')
			a->pcrs.pcrs_file = optarg;
		else if (opt == 't')
			a->pcrs.tpm = optarg;
		else if (opt == 'l')
			a->list = optarg;
		else if (opt == 'e')
			a->eventlog = optarg;
		else if (opt == 'j')
			a->json = true;
		else if (opt == 'c')
			a->pcrs.control = optarg;
		else if (opt != 'L')
			return imactl_usage("boot-aggregate");
		a->check_list |= opt == 'l' || opt == 'L';
	}
	return optind != argc ? imactl_usage("boot-aggregate") : 0;
}

/* the digest field of the first boot_aggregate record, as text */
static int first_record(const struct args *a, struct ima_buffer *ret, char **ret_name,
			struct ima_diag *diag)
{
	ima_cleanup(ima_closep) int fd =
		imactl_open_list(a->list, a->pcrs.control, ret_name, diag);
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	struct ima_list_reader *in = NULL;
	const struct ima_template *t;
	struct ima_record rec;
	int r = fd < 0 ? fd : ima_list_reader_new(fd, NULL, &in);

	while (r == 0 && (r = ima_list_reader_next(in, &rec, &t, diag)) == 1) {
		r = ima_template_split(t, rec.data, f);
		if (r == 0 && t->n_fields > 1 && f[1].len == sizeof("boot_aggregate") &&
		    !memcmp(f[1].data, "boot_aggregate", sizeof("boot_aggregate"))) {
			r = ima_field_print(t->fields[0], f[0], ret);
			break;
		}
	}
	ima_list_reader_free(in);
	return r < 0 ? r : ret->len ? 0 : -ENODATA;
}

static int aggregate_text(struct ima_hasher *h, const struct ima_pcrs *p, size_t i,
			  struct ima_buffer *out)
{
	struct ima_digest d;
	int r = ima_boot_aggregate(h, p, p->banks[i].algo, &d);

	out->len = 0;
	if (r == 0)
		r = ima_buffer_printf(out, "%s:", ima_hash_name(d.algo));
	return r < 0 ? r : ima_buffer_append_hex(out, d.data, d.len);
}

/* template "ima" shows the bare digest */
static bool same(const struct ima_buffer *record, const struct ima_buffer *aggregate)
{
	const char *bare = strchr((const char *)aggregate->data, ':') + 1;
	const char *have = (const char *)record->data;
	const char *colon;

	if (!strcmp(have, (const char *)aggregate->data) || !strcmp(have, bare))
		return true;
	colon = strchr(have, ':'); /* "ima:sha256:..." of the second version */
	return colon && !strcmp(colon + 1, (const char *)aggregate->data);
}

static int print_banks(const struct args *a, struct ima_hasher *h, const struct ima_pcrs *p,
		       const struct ima_buffer *record)
{
	json_t *banks = json_object();
	unsigned int n = 0, matches = 0;

	for (size_t i = 0; i < p->n_banks; i++) {
		struct ima_buffer text = { 0 };

		if (aggregate_text(h, p, i, &text) == 0) {
			const bool match = record->len && same(record, &text);

			n++;
			matches += match;
			if (!a->json)
				printf("%s%s\n", (char *)text.data,
				       match ? " matches the list's first record" : "");
			json_object_set_new(banks, ima_hash_name(p->banks[i].algo),
					    json_string(strchr((char *)text.data, ':') + 1));
		}
		ima_buffer_done(&text);
	}
	if (a->json)
		imactl_print_json(json_pack("{s:O, s:s?, s:b}", "banks", banks, "list",
					    record->len ? (char *)record->data : NULL, "matches",
					    (int)matches), 0, true);
	json_decref(banks);
	if (!n)
		return imactl_fail(EXIT_UNABLE, "no bank has all the PCRs that an aggregate needs");
	if (a->check_list && !matches)
		return imactl_fail(EXIT_BAD, "the list's boot_aggregate %s matches no bank",
				   (char *)record->data);
	return EXIT_GOOD;
}

/* PCR values that the firmware's log leads to, or that something reports */
static int take_pcrs(const struct args *a, struct ima_hasher *h, struct ima_pcrs *ret,
		     char **ret_source, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *log = NULL;
	size_t len = 0;
	int r;

	if (!a->eventlog)
		return imactl_pcrs(&a->pcrs, 0x3ff, ret, ret_source, diag);
	r = imactl_read_file(a->eventlog, EVENTLOG_MAX, &log, &len);
	return r < 0 ? r : ima_eventlog_replay(h, (struct ima_bytes){ log, len }, ret, diag);
}

static const char *named_source(const struct args *a)
{
	return a->eventlog ? a->eventlog : a->pcrs.pcrs_file ? a->pcrs.pcrs_file : "PCR values";
}

int cmd_boot_aggregate(int argc, char **argv)
{
	ima_cleanup(ima_freep) char *source = NULL, *name = NULL;
	struct ima_buffer record = { 0 };
	struct ima_pcrs pcrs = { 0 };
	struct ima_hasher *h = NULL;
	struct ima_diag diag = { 0 };
	struct args a = { 0 };
	int r = parse_args(argc, argv, &a);

	if (r)
		return r;
	if (ima_hasher_new(&h) < 0)
		return imactl_fail(EXIT_UNABLE, "the crypto library cannot be used");
	r = take_pcrs(&a, h, &pcrs, &source, &diag);
	if (r < 0) {
		ima_hasher_free(h);
		return imactl_fail_diag(EXIT_UNABLE, named_source(&a), &diag, r);
	}
	if (a.check_list)
		r = first_record(&a, &record, &name, &diag);
	if (r == -ENODATA)
		r = imactl_fail(EXIT_BAD, "%s: there is no boot_aggregate record", name);
	else if (r < 0)
		r = imactl_fail_diag(EXIT_UNABLE, name ? name : "the list", &diag, r);
	else
		r = print_banks(&a, h, &pcrs, &record);
	ima_hasher_free(h);
	ima_buffer_done(&record);
	return r;
}
