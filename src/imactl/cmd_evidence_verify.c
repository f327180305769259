/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl evidence verify: one evidence or a folder of them; several at once share what was found of records and signatures. */
#include <string.h>

#include "imactl/evidence_batch.h"
#include "imactl/evidence_print.h"

struct verify_args {
	bool json, quiet;
};

struct output {
	const struct verify_args *args;
	const struct evidence_sources *src;
	json_t *results;
};

static int parse_args(int argc, char **argv, struct verify_args *a, struct evidence_sources *s)
{
	static const struct option options[] = {
		EVIDENCE_SOURCE_OPTIONS,
		{ "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },
		{ 0 },
	};
	int opt, r = 0;

	while (!r && (opt = getopt_long(argc, argv, "k:q", options, NULL)) != -1) {
		r = evidence_sources_option(s, opt);
		if (r >= 0)
			continue;
		r = 0;
		if (opt == 'j')
			a->json = true;
		else if (opt == 'q')
			a->quiet = true;
		else
			return imactl_usage("evidence verify");
	}
	if (!r && optind == argc)
		r = imactl_usage("evidence verify");
	return r ? r : evidence_sources_finish(s);
}

static void show(void *user, const struct evidence_item *it)
{
	struct output *o = user;

	if (it->error[0])
		return;
	if (o->args->json)
		json_array_append_new(o->results, imactl_attestation_json(it->path, it->result, o->src->reference));
	else
		imactl_attestation_text(it->path, it->result, o->src->reference, o->args->quiet);
}

int cmd_evidence_verify(int argc, char **argv)
{
	struct verify_args a = { 0 };
	struct evidence_sources s = { 0 };
	struct output o = { .args = &a, .src = &s };
	struct evidence_batch b = { .src = &s, .show = show, .user = &o };
	int r = parse_args(argc, argv, &a, &s);

	for (int i = optind; !r && i < argc; i++)
		r = evidence_batch_add(&b, argv[i]);
	if (!r && !b.n)
		r = imactl_fail(EXIT_UNABLE, "there is no evidence");
	if (!r) {
		o.results = json_array();
		r = evidence_batch_run(&b);
		if (a.json)
			r = imactl_print_json(json_incref(o.results), r, true);
		json_decref(o.results);
	}
	evidence_batch_done(&b);
	evidence_sources_done(&s);
	return r;
}
