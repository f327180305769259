/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl evidence verify: one evidence or a folder of them; several at once share what was found of records and signatures. */
#include <string.h>

#include "imactl/evidence_batch.h"
#include "imactl/evidence_ear.h"
#include "imactl/evidence_print.h"
#include "imactl/evidence_sarif.h"

enum form { FORM_TEXT = 0, FORM_JSON, FORM_SARIF, FORM_EAR };

struct verify_args {
	enum form form;
	bool has_form, quiet;
	struct imactl_key_opts ear_key;
};

struct output {
	const struct verify_args *args;
	const struct evidence_sources *src;
	json_t *results; /* JSON: an array; SARIF: the log */
	struct evidence_ear *ear;
};

static int set_form(struct verify_args *a, enum form form)
{
	if (a->has_form && a->form != form)
		return imactl_fail(EXIT_USAGE, "--json and --format, or two of --format: one form at a time");
	a->form = form;
	a->has_form = true;
	return EXIT_GOOD;
}

static int parse_form(struct verify_args *a, const char *text)
{
	static const char *const names[] = { "text", "json", "sarif", "ear" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++)
		if (!strcmp(text, names[i]))
			return set_form(a, (enum form)i);
	return imactl_fail(EXIT_USAGE, "--format %s: not one of text, json, sarif, ear", text);
}

static int take_option(struct verify_args *a, struct evidence_sources *s, int opt)
{
	switch (opt) {
	case 'j': return set_form(a, FORM_JSON);
	case 'q': a->quiet = true; return EXIT_GOOD;
	case 'F': return parse_form(a, optarg);
	case 'K': a->ear_key.key = optarg; return EXIT_GOOD;
	case 'p': a->ear_key.pass_file = optarg; return EXIT_GOOD;
	case 'P': a->ear_key.pass_fd = optarg; return EXIT_GOOD;
	default: break;
	}
	const int r = evidence_sources_option(s, opt);

	return r < 0 ? imactl_usage("evidence verify") : r;
}

static int parse_args(int argc, char **argv, struct verify_args *a, struct evidence_sources *s)
{
	static const struct option options[] = {
		EVIDENCE_SOURCE_OPTIONS,
		{ "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "format", required_argument, NULL, 'F' },
		{ "ear-key", required_argument, NULL, 'K' },
		{ "pass-file", required_argument, NULL, 'p' },
		{ "pass-fd", required_argument, NULL, 'P' },
		{ 0 },
	};
	int opt, r = EXIT_GOOD;

	while (!r && (opt = getopt_long(argc, argv, "k:q", options, NULL)) != -1)
		r = take_option(a, s, opt);
	if (!r && optind == argc)
		r = imactl_misuse("evidence verify", "no evidence is named");
	if (!r && !a->ear_key.key && (a->ear_key.pass_file || a->ear_key.pass_fd))
		r = imactl_fail(EXIT_USAGE, "--pass-file and --pass-fd go with --ear-key");
	if (!r && (a->form == FORM_EAR) != (a->ear_key.key != NULL))
		r = imactl_fail(EXIT_USAGE, "--format ear goes with --ear-key KEY, and only with it");
	return r ? r : evidence_sources_finish(s);
}

static void show(void *user, const struct evidence_item *it)
{
	struct output *o = user;

	if (o->args->form == FORM_EAR)
		evidence_ear_add(o->ear, it);
	else if (o->args->form == FORM_SARIF)
		evidence_sarif_add(o->results, it, o->src->reference);
	else if (o->args->form == FORM_JSON)
		json_array_append_new(o->results, it->error[0] ? imactl_unable_json(it->path, it->error) :
								 imactl_attestation_json(it->path, it->result, o->src->reference));
	else if (!it->error[0])
		imactl_attestation_text(it->path, it->result, o->src->reference, o->args->quiet);
}

static int begin(struct output *o)
{
	if (o->args->form == FORM_EAR)
		return evidence_ear_new(&o->args->ear_key, &o->ear);
	o->results = o->args->form == FORM_SARIF ? evidence_sarif_new() : json_array();
	return o->results ? EXIT_GOOD : imactl_fail(EXIT_UNABLE, "out of memory");
}

static int end(struct output *o, int status)
{
	if (o->args->form == FORM_EAR)
		return evidence_ear_print(o->ear, o->src, status);
	if (o->args->form == FORM_SARIF)
		evidence_sarif_finish(o->results, status);
	return o->args->form == FORM_TEXT ? status : imactl_print_json(json_incref(o->results), status, true);
}

int cmd_evidence_verify(int argc, char **argv)
{
	struct verify_args a = { 0 };
	struct evidence_sources s = { 0 };
	struct output o = { .args = &a, .src = &s };
	struct evidence_batch b = { .src = &s, .show = show, .user = &o };
	int r = parse_args(argc, argv, &a, &s);

	if (!r)
		r = evidence_batch_add(&b, argv + optind);
	if (!r)
		r = begin(&o);
	if (!r)
		r = end(&o, evidence_batch_run(&b));
	json_decref(o.results);
	evidence_ear_free(o.ear);
	evidence_batch_done(&b);
	evidence_sources_done(&s);
	return r;
}
