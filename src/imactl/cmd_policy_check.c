/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl policy check: every line that is no rule, and every rule that its author can hardly want; as text, JSON or SARIF. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ima/policy.h>

#include "base/buffer.h"
#include "imactl/command.h"

#define POLICY_MAX (16U << 20)
#define SYNTAX_ID "syntax"

struct check_args {
	const char *file;
	enum ima_profile profile;
	bool json, sarif, strict, no_lint, list_ids;
};

struct finding {
	const char *id;
	enum ima_lint_severity severity;
	unsigned int line, column;
	char token[64];
	char text[256];
};

struct report {
	struct ima_bytes text; /* of the policy */
	struct finding *items;
	size_t n, cap;
	size_t n_errors, n_warnings, n_rules;
	bool out_of_memory;
};

static const char *severity_word(enum ima_lint_severity s)
{
	static const char *const words[] = { [IMA_LINT_ERROR] = "error", [IMA_LINT_WARNING] = "warning",
					     [IMA_LINT_NOTE] = "note" };

	return words[s];
}

static void add(struct report *r, const struct finding *f)
{
	if (r->n == r->cap) {
		const size_t cap = r->cap ? 2 * r->cap : 16;
		struct finding *p = reallocarray(r->items, cap, sizeof(*p));

		if (!p) {
			r->out_of_memory = true;
			return;
		}
		r->items = p;
		r->cap = cap;
	}
	r->items[r->n++] = *f;
	r->n_errors += f->severity == IMA_LINT_ERROR;
	r->n_warnings += f->severity == IMA_LINT_WARNING;
}

static struct ima_bytes line_of(struct ima_bytes text, unsigned int number)
{
	const uint8_t *at = text.data, *end = text.data + text.len;

	while (--number && at < end) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));

		at = nl ? nl + 1 : end;
	}
	const uint8_t *nl = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

	return (struct ima_bytes){ at, (size_t)((nl ? nl : end) - at) };
}

/* where in its line: the token that the finding names, or the rule's first word */
static unsigned int column_of(struct ima_bytes line, const char *token)
{
	const size_t len = strlen(token);
	size_t i = 0;

	for (size_t k = 0; len && k + len <= line.len; k++)
		if (!memcmp(line.data + k, token, len) &&
		    (k == 0 || line.data[k - 1] == ' ' || line.data[k - 1] == '\t'))
			return (unsigned int)k + 1;
	while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t'))
		i++;
	return (unsigned int)i + 1;
}

static void take_lint(void *user, const struct ima_lint_finding *l)
{
	struct report *r = user;
	struct finding f = { .id = l->id, .severity = l->severity, .line = l->line };

	f.column = column_of(line_of(r->text, l->line), l->token);
	memcpy(f.token, l->token, sizeof(f.token));
	memcpy(f.text, l->text, sizeof(f.text));
	add(r, &f);
}

static void take_error(struct report *r, unsigned int line, const struct ima_diag *d)
{
	struct finding f = { .id = SYNTAX_ID, .severity = IMA_LINT_ERROR, .line = line,
			     .column = d->column ? d->column : 1 };

	memcpy(f.token, d->token, sizeof(f.token));
	memcpy(f.text, d->text, sizeof(d->text));
	add(r, &f);
}

/* every line, wrong ones as empty ones, so that the others keep their numbers */
static int take_lines(struct report *r, const struct ima_policy_opts *opts, struct ima_policy *p)
{
	const uint8_t *at = r->text.data, *end = r->text.data + r->text.len;
	unsigned int number = 0;
	int e = ima_policy_begin(p);

	while (at < end && e == 0) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		struct ima_bytes line = { at, (size_t)((nl ? nl : end) - at) };
		struct ima_policy *alone = NULL;
		struct ima_diag d = { 0 };

		number++;
		e = ima_policy_new(opts, &alone);
		if (e == 0)
			e = ima_policy_begin(alone);
		if (e == 0 && (e = ima_policy_add_line(alone, line, &d)) < 0 && e != -ENOMEM) {
			take_error(r, number, &d);
			line.len = 0;
			e = 0;
		}
		ima_policy_free(alone);
		if (e == 0)
			e = ima_policy_add_line(p, line, NULL);
		at = nl ? nl + 1 : end;
	}
	return e;
}

static int check(const struct check_args *a, struct report *r)
{
	/* the labels of a policy are checked by the machine that loads it */
	const struct ima_policy_opts opts = { .profile = a->profile, .lsm_available = true };
	struct ima_policy *p = NULL;
	int e = ima_policy_new(&opts, &p);

	if (e == 0)
		e = take_lines(r, &opts, p);
	if (e == 0) {
		e = ima_policy_commit(p);
		if (e == -EINVAL && !r->n_errors)
			take_error(r, 1, &(struct ima_diag){ .text = "there is no rule in it" });
		if (e == -EINVAL)
			e = 0;
		r->n_rules = ima_policy_n_rules(p);
	}
	if (e == 0 && !a->no_lint)
		ima_policy_lint(p, take_lint, r);
	ima_policy_free(p);
	return r->out_of_memory ? -ENOMEM : e;
}

static int by_place(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

static void print_text(const struct check_args *a, const struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct finding *f = &r->items[i];

		fprintf(stderr, "imactl: %s:%u:%u: %s: %s%s%s [%s]\n", a->file, f->line, f->column,
			severity_word(f->severity), f->severity == IMA_LINT_ERROR ? f->token : "",
			f->severity == IMA_LINT_ERROR && f->token[0] ? ": " : "", f->text, f->id);
	}
	if (!r->n_errors)
		printf("%s: %zu rules, valid for %s", a->file, r->n_rules, ima_profile_name(a->profile));
	else
		printf("%s: not valid for %s: %zu wrong lines", a->file, ima_profile_name(a->profile), r->n_errors);
	printf(r->n_warnings ? ", %zu warnings\n" : "\n", r->n_warnings);
}

static json_t *finding_json(const struct finding *f)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "id", f->id, "severity",
			 severity_word(f->severity), "line", (int)f->line, "column", (int)f->column,
			 "token", f->token, "text", f->text);
}

static int print_json(const struct report *r, int status)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(all, finding_json(&r->items[i]));
	return imactl_print_json(json_pack("{s:b, s:I, s:o}", "valid", r->n_errors == 0, "rules",
					   (json_int_t)(r->n_errors ? 0 : r->n_rules), "findings", all),
				 status, true);
}

static json_t *sarif_rules(void)
{
	json_t *rules = json_array();

	json_array_append_new(rules, json_pack("{s:s, s:{s:s}, s:{s:s}}", "id", SYNTAX_ID, "shortDescription",
					       "text", "the line is not a rule that the kernel takes",
					       "defaultConfiguration", "level", "error"));
	for (const struct ima_lint_kind *k = ima_lint_kinds(); k->id; k++)
		json_array_append_new(rules, json_pack("{s:s, s:{s:s}, s:{s:s}}", "id", k->id,
						       "shortDescription", "text", k->summary,
						       "defaultConfiguration", "level",
						       severity_word(k->severity)));
	return rules;
}

static json_t *sarif_result(const char *file, const struct finding *f)
{
	return json_pack("{s:s, s:s, s:{s:s}, s:[{s:{s:{s:s}, s:{s:i, s:i}}}]}", "ruleId", f->id, "level",
			 severity_word(f->severity), "message", "text", f->text, "locations",
			 "physicalLocation", "artifactLocation", "uri", file, "region", "startLine",
			 (int)f->line, "startColumn", (int)f->column);
}

static int print_sarif(const struct check_args *a, const struct report *r, int status)
{
	json_t *results = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(results, sarif_result(a->file, &r->items[i]));
	return imactl_print_json(
		json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:o}]}", "version", "2.1.0", "$schema",
			  "https://json.schemastore.org/sarif-2.1.0.json", "runs", "tool", "driver", "name",
			  "imactl", "version", IMA_VERSION, "rules", sarif_rules(), "results", results),
		status, true);
}

static int list_ids(void)
{
	printf("%-18s %-8s %s\n", SYNTAX_ID, "error", "the line is not a rule that the kernel takes");
	for (const struct ima_lint_kind *k = ima_lint_kinds(); k->id; k++)
		printf("%-18s %-8s %s\n", k->id, severity_word(k->severity), k->summary);
	return EXIT_GOOD;
}

static int parse_args(int argc, char **argv, struct check_args *a)
{
	static const struct option options[] = {
		{ "profile", required_argument, NULL, 'p' }, { "json", no_argument, NULL, 'j' },
		{ "sarif", no_argument, NULL, 's' }, { "strict", no_argument, NULL, 'S' },
		{ "no-lint", no_argument, NULL, 'n' }, { "list-ids", no_argument, NULL, 'l' }, { 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p' && ima_profile_by_name(optarg, &a->profile) < 0)
			return imactl_fail(EXIT_USAGE, "--profile %s: not one of 6.1, 6.12, 7.1, newest", optarg);
		if (opt == '?')
			return imactl_usage("policy check");
		a->json |= opt == 'j';
		a->sarif |= opt == 's';
		a->strict |= opt == 'S';
		a->no_lint |= opt == 'n';
		a->list_ids |= opt == 'l';
	}
	if (optind < argc)
		a->file = argv[optind++];
	return optind != argc || (!a->file && !a->list_ids) || (a->json && a->sarif)
		       ? imactl_usage("policy check")
		       : 0;
}

int cmd_policy_check(int argc, char **argv)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	struct check_args a = { 0 };
	struct report r = { 0 };
	size_t len = 0;
	int e = parse_args(argc, argv, &a), status;

	if (e)
		return e;
	if (a.list_ids)
		return list_ids();
	e = imactl_read_file(a.file, POLICY_MAX, &text, &len);
	if (e < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a.file, strerror(-e));
	r.text = (struct ima_bytes){ text, len };
	e = check(&a, &r);
	if (e == 0 && r.n)
		qsort(r.items, r.n, sizeof(*r.items), by_place);
	status = r.n_errors || (a.strict && r.n_warnings) ? EXIT_BAD : EXIT_GOOD;
	if (e < 0)
		status = imactl_fail(EXIT_UNABLE, "out of memory");
	else if (a.sarif)
		status = print_sarif(&a, &r, status);
	else if (a.json)
		status = print_json(&r, status);
	else
		print_text(&a, &r);
	free(r.items);
	return status;
}
