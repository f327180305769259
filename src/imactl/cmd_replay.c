/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl replay: the verdict on a list against PCR values. A check that could not be made is never a pass. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ima/replay.h>

#include "base/hex.h"
#include "imactl/sources.h"

struct replay_args {
	const char *file;
	struct imactl_pcr_opts pcrs;
	enum ima_hash_algo bank;
	enum ima_list_format format;
	unsigned int n_threads;
	bool has_bank, json;
};


static int parse_threads(const char *text, unsigned int *ret)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (!n || *end || *text == '-' || n > IMA_REPLAY_MAX_THREADS)
		return imactl_fail(EXIT_USAGE, "--threads %s: not a number from 1 to %d", text,
				   IMA_REPLAY_MAX_THREADS);
	*ret = (unsigned int)n;
	return 0;
}

static int parse_args(int argc, char **argv, struct replay_args *a)
{
	static const struct option options[] = {
		{ "pcrs", required_argument, NULL, 'p' }, { "tpm", required_argument, NULL, 't' },
		{ "bank", required_argument, NULL, 'b' }, { "json", no_argument, NULL, 'j' },
		{ "control", required_argument, NULL, 'c' }, { "format", required_argument, NULL, 'f' },
		{ "threads", required_argument, NULL, 'T' }, { 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			a->pcrs.pcrs_file = optarg;
			break;
		case 't':
			a->pcrs.tpm = optarg;
			break;
		case 'b':
			if (ima_hash_by_name(optarg, strlen(optarg), &a->bank) < 0)
				return imactl_fail(EXIT_USAGE, "--bank %s: not a hash algorithm",
						   optarg);
			a->has_bank = true;
			break;
		case 'j':
			a->json = true;
			break;
		case 'c':
			a->pcrs.control = optarg;
			break;
		case 'f':
			if (imactl_list_format(optarg, &a->format))
				return EXIT_USAGE;
			break;
		case 'T':
			if (parse_threads(optarg, &a->n_threads))
				return EXIT_USAGE;
			break;
		default:
			return imactl_usage("replay");
		}
	}
	if (optind < argc)
		a->file = argv[optind++];
	return optind != argc ? imactl_usage("replay") : 0;
}

static bool counts(const struct replay_args *a, const struct ima_replay_pcr *p)
{
	return !a->has_bank || p->algo == a->bank;
}

/* what the list uses and the TPM never saw: that no record leads to zero says nothing good */
static bool is_reached(const struct ima_replay_pcr *p)
{
	return p->matched && (!p->used || p->matched_at);
}

static const char *word_of(const struct ima_replay_pcr *p)
{
	if (!p->has_target)
		return "unknown";
	if (p->matched && !is_reached(p))
		return "was never extended";
	return p->matched ? "matches" : "does not match";
}

static void hex_of(const struct ima_replay_pcr *p, char ret[2 * IMA_DIGEST_MAX + 1])
{
	ima_hex_encode(p->value.data, p->value.len, ret);
	ret[2 * p->value.len] = 0;
}

static void print_pcr(const struct ima_replay_pcr *p, uint64_t n_records)
{
	char hex[2 * IMA_DIGEST_MAX + 1];

	hex_of(p, hex);
	printf("PCR %u %s %s %s", p->pcr, ima_hash_name(p->algo), hex, word_of(p));
	if (is_reached(p))
		printf(" at entry %" PRIu64 " of %" PRIu64, p->matched_at, n_records);
	if (p->padded)
		printf(", extended with padded sha1 digests (the kernel lacked %s)",
		       ima_hash_name(p->algo));
	if (is_reached(p) && p->matched_at < n_records)
		printf(" (%" PRIu64 " after)", n_records - p->matched_at);
	putchar('\n');
}

/* an empty list says nothing of any PCR but the default one: that must not have been extended */
static bool is_relevant(const struct ima_replay_result *res, const struct ima_replay_pcr *p)
{
	return p->used || (!res->n_records && p->pcr == IMA_PCR_DEFAULT && p->has_target);
}

struct verdict {
	unsigned int checked, missing, wrong;
};

static struct verdict judge(const struct replay_args *a, const struct ima_replay_result *res)
{
	struct verdict v = { 0 };

	for (size_t i = 0; i < res->n_pcrs; i++) {
		const struct ima_replay_pcr *p = &res->pcrs[i];

		if (!counts(a, p) || !is_relevant(res, p))
			continue;
		v.checked += p->has_target;
		v.missing += !p->has_target;
		v.wrong += p->has_target && !is_reached(p);
	}
	return v;
}

static bool misses_bank(const struct replay_args *a, const struct ima_replay_result *res)
{
	return a->has_bank ? res->uncomputable >> a->bank & 1 : res->uncomputable;
}

static int status_of(const struct replay_args *a, const struct ima_replay_result *res,
		     const struct verdict *v)
{
	if (res->n_bad_digests || res->n_foreign_pcr || (v->wrong && !res->n_deleted))
		return EXIT_BAD;
	if (res->n_deleted)
		return EXIT_UNABLE;
	return v->missing || !v->checked || misses_bank(a, res) ? EXIT_UNABLE : EXIT_GOOD;
}

static const char *verdict_word(int status)
{
	return status == EXIT_GOOD ? "the list matches the PCRs"
	       : status == EXIT_BAD ? "the list does NOT match the PCRs"
				    : "not checked: a PCR value, a hash algorithm or a part of the list is missing";
}

static void print_text(const struct replay_args *a, const struct ima_replay_result *res,
		       const char *source, int status)
{
	printf("%" PRIu64 " entries, %" PRIu64 " violations; PCR values from %s\n", res->n_records,
	       res->n_violations, source);
	if (res->n_bad_digests)
		printf("template digests: %" PRIu64 " wrong, the first at entry %" PRIu64
		       " (line or offset %" PRIu64 ")\n",
		       res->n_bad_digests, res->first_bad, res->first_bad_position);
	else
		printf("template digests: all match their data\n");
	if (res->n_deleted)
		printf("%" PRIu64 " older records were deleted: replay the list that was exported before, and this one after it\n",
		       res->n_deleted);
	if (res->n_foreign_pcr)
		printf("%" PRIu64 " entries name a PCR that no TPM has\n", res->n_foreign_pcr);
	for (size_t i = 0; i < res->n_pcrs; i++)
		if (counts(a, &res->pcrs[i]) && is_relevant(res, &res->pcrs[i]))
			print_pcr(&res->pcrs[i], res->n_records);
	for (unsigned int i = 0; i < IMA_HASH__LAST; i++)
		if (res->uncomputable >> i & 1 && (!a->has_bank || a->bank == i))
			printf("the %s bank cannot be computed: this system's crypto library lacks it\n",
			       ima_hash_name((enum ima_hash_algo)i));
	printf("verdict: %s\n", verdict_word(status));
}

static json_t *pcr_json(const struct ima_replay_pcr *p)
{
	char hex[2 * IMA_DIGEST_MAX + 1];

	hex_of(p, hex);
	return json_pack("{s:i, s:s, s:s, s:b, s:b, s:b, s:I}", "pcr", (int)p->pcr, "bank",
			 ima_hash_name(p->algo), "value", hex, "padded_sha1", (int)p->padded, "has_target", (int)p->has_target,
			 "matched", (int)is_reached(p), "matched_at", (json_int_t)p->matched_at);
}

static int print_json(const struct replay_args *a, const struct ima_replay_result *res,
		      const char *source, int status)
{
	json_t *pcrs = json_array();

	for (size_t i = 0; pcrs && i < res->n_pcrs; i++)
		if (counts(a, &res->pcrs[i]) && is_relevant(res, &res->pcrs[i]))
			json_array_append_new(pcrs, pcr_json(&res->pcrs[i]));
	return imactl_print_json(
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:o, s:s, s:b}", "entries",
			  (json_int_t)res->n_records, "violations", (json_int_t)res->n_violations,
			  "deleted", (json_int_t)res->n_deleted, "bad_template_digests", (json_int_t)res->n_bad_digests, "first_bad",
			  (json_int_t)res->first_bad, "pcr_source", source, "pcrs", pcrs, "verdict",
			  verdict_word(status), "matches", status == EXIT_GOOD),
		status, true);
}

static int check(const struct replay_args *a, int fd, const char *name)
{
	static struct ima_replay_result res; /* large */
	ima_cleanup(ima_freep) char *source = NULL;
	struct ima_pcrs pcrs = { 0 };
	struct ima_replay_opts opts = { .reader = { .format = a->format }, .targets = &pcrs,
					.n_threads = a->n_threads };
	struct ima_diag diag = { 0 };
	struct verdict v;
	int r, status;

	/* values first: a live list may be ahead of them, never behind */
	r = imactl_pcrs(&a->pcrs, 0xffffff, &pcrs, &source, &diag);
	if (r < 0)
		return imactl_fail_diag(EXIT_UNABLE, a->pcrs.pcrs_file ? a->pcrs.pcrs_file : "PCR values",
					&diag, r);
	if (a->has_bank && !ima_pcrs_bank_const(&pcrs, a->bank))
		return imactl_fail(EXIT_UNABLE, "%s has no %s bank", source, ima_hash_name(a->bank));
	r = ima_replay_fd(fd, &opts, &res, &diag);
	if (r < 0)
		return imactl_fail_diag(EXIT_UNABLE, name, &diag, r);
	v = judge(a, &res);
	status = status_of(a, &res, &v);
	if (a->json)
		return print_json(a, &res, source, status);
	print_text(a, &res, source, status);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	ima_cleanup(ima_freep) char *name = NULL;
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct replay_args a = { 0 };
	struct ima_diag diag = { 0 };
	int r = parse_args(argc, argv, &a);

	if (r)
		return r;
	fd = imactl_open_list(a.file, a.pcrs.control, &name, &diag);
	if (fd < 0)
		return imactl_fail_diag(EXIT_UNABLE, name ? name : "the live list", &diag, fd);
	return check(&a, fd, name);
}
