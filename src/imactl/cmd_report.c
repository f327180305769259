/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl report: evidence is verified as evidence verify does it, and everything that was found becomes one HTML file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "imactl/outfile.h"
#include "imactl/report_entries.h"
#include "imactl/report_page.h"

#define DEFAULT_ROWS 20000
#define MAX_ROWS 10000000

struct report_args {
	const char *output;
	size_t max_rows;
};

/* a page begins with the totals, which are known last: the parts wait in files that have no name */
struct output {
	const struct report_args *args;
	const struct evidence_sources *src;
	FILE *sections, *lines;
	struct report_totals totals;
	int status;
};

static int take_rows(struct report_args *a, const char *text)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || *text == '-' || n > MAX_ROWS)
		return imactl_fail(EXIT_USAGE, "--entries %s: not a number from 0 to %d", text, MAX_ROWS);
	a->max_rows = n;
	return EXIT_GOOD;
}

static int parse_args(int argc, char **argv, struct report_args *a, struct evidence_sources *s)
{
	static const struct option options[] = {
		EVIDENCE_SOURCE_OPTIONS, { "output", required_argument, NULL, 'o' }, { "entries", required_argument, NULL, 'E' }, { 0 },
	};
	int opt, r = EXIT_GOOD;

	while (!r && (opt = getopt_long(argc, argv, "k:o:", options, NULL)) != -1) {
		if (opt == 'o')
			a->output = optarg;
		else if (opt == 'E')
			r = take_rows(a, optarg);
		else if ((r = evidence_sources_option(s, opt)) < 0)
			return imactl_usage("report");
	}
	if (!r && optind == argc)
		r = imactl_misuse("report", "no evidence is named");
	if (!r && !a->output)
		r = imactl_misuse("report", "-o FILE is missing");
	return r ? r : evidence_sources_finish(s);
}

static int see(struct evidence_item *it, const struct ima_attest_entry *e)
{
	struct report_entries *seen = it->seen;
	const int r = report_entries_add(&seen, e);

	it->seen = seen;
	return r;
}

static void forget(void *seen)
{
	report_entries_free(seen);
}

static void show(void *user, const struct evidence_item *it)
{
	struct output *o = user;
	struct report_totals *t = &o->totals;

	t->n++;
	t->n_trusted += it->status == EXIT_GOOD;
	t->n_refused += it->status == EXIT_BAD;
	t->n_unable += it->status == EXIT_UNABLE;
	report_page_line(o->lines, it, t->n);
	if (report_page_section(o->sections, it, o->src, t->n, o->args->max_rows))
		o->status = EXIT_UNABLE;
}

static bool append(FILE *to, FILE *from)
{
	char block[65536];
	size_t n;

	rewind(from);
	while ((n = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, n, to);
	return !ferror(from);
}

static int64_t present(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	return epoch && *epoch ? (int64_t)strtoll(epoch, NULL, 10) : (int64_t)time(NULL);
}

static int put_page(struct output *o, FILE *f)
{
	bool ok = !ferror(o->lines) && !ferror(o->sections);
	int r = report_page_head(f, &o->totals, present());

	if (r)
		return r;
	if (o->totals.n > 1) {
		fputs("<section><h2>All evidences</h2>\n<table class=\"evidences\"><thead><tr><th data-sort=\"t\">Verdict</th><th data-sort=\"t\">Evidence</th>"
		      "<th class=\"n\" data-sort=\"n\">Entries</th><th data-sort=\"t\">Failed checks</th></tr></thead><tbody>\n", f);
		ok = append(f, o->lines) && ok;
		fputs("</tbody></table></section>\n", f);
	}
	ok = append(f, o->sections) && ok;
	report_page_tail(f);
	return ok ? EXIT_GOOD : imactl_fail(EXIT_UNABLE, "a temporary file: %s", strerror(EIO));
}

static int report(struct output *o, struct evidence_batch *b)
{
	struct imactl_outfile out;
	int r = imactl_outfile_open(o->args->output, &out), verdict;

	if (r)
		return r;
	o->sections = tmpfile();
	o->lines = tmpfile();
	r = o->sections && o->lines ? EXIT_GOOD : imactl_fail(EXIT_UNABLE, "a temporary file: %s", strerror(errno));
	verdict = r ? r : evidence_batch_run(b);
	if (!r)
		r = o->status ? o->status : put_page(o, out.f);
	if (o->sections)
		fclose(o->sections);
	if (o->lines)
		fclose(o->lines);
	verdict = r ? r : verdict;
	r = imactl_outfile_done(&out, !r);
	return r ? r : verdict;
}

int cmd_report(int argc, char **argv)
{
	struct report_args a = { .max_rows = DEFAULT_ROWS };
	struct evidence_sources s = { 0 };
	struct output o = { .args = &a, .src = &s };
	struct evidence_batch b = { .src = &s, .show = show, .see = see, .forget = forget, .user = &o };
	int r = parse_args(argc, argv, &a, &s);

	if (!r)
		r = evidence_batch_add(&b, argv + optind);
	if (!r && evidence_batch_has(&b, a.output))
		r = imactl_fail(EXIT_USAGE, "-o %s: one of the evidences", a.output);
	if (!r)
		r = report(&o, &b);
	evidence_batch_done(&b);
	evidence_sources_done(&s);
	return r;
}
