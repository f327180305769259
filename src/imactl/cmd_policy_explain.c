/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl policy explain: which rule decides each action for one file, and why each earlier one does not. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "imactl/policy_source.h"

struct explain_args {
	struct policy_source source;
	struct event_facts facts;
	const char *path;
	bool json;
};

static int parse_args(int argc, char **argv, struct explain_args *a)
{
	static const struct option options[] = {
		FACT_OPTIONS,
		{ "policy", required_argument, NULL, 'p' }, { "builtin", required_argument, NULL, 'b' },
		{ "profile", required_argument, NULL, 'v' }, { "control", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' }, { 0 },
	};
	int opt, r = 0;

	while (r == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt >= FACT_FUNC)
			r = imactl_facts_option(&a->facts, opt, optarg);
		else if (opt == 'p')
			a->source.file = optarg;
		else if (opt == 'b')
			a->source.builtin = optarg;
		else if (opt == 'c')
			a->source.control = optarg;
		else if (opt == 'j')
			a->json = true;
		else if (opt != 'v')
			return imactl_usage("policy explain");
		else if (ima_profile_by_name(optarg, &a->source.profile) < 0)
			return imactl_fail(EXIT_USAGE, "--profile %s: not one of 6.1, 6.12, 7.1, newest", optarg);
	}
	if (r == 0 && optind < argc)
		a->path = argv[optind++];
	if (r == 0 && optind == argc && !a->path && a->facts.has_func &&
	    (a->facts.ev.func == IMA_FUNC_KEY_CHECK || a->facts.ev.func == IMA_FUNC_CRITICAL_DATA))
		return 0; /* no file */
	return r || optind != argc || !a->path ? (r ? r : imactl_usage("policy explain")) : 0;
}

struct telling {
	const struct ima_policy *p;
	const struct ima_policy_event *ev;
	json_t *steps; /* NULL: text */
	bool failed;
};

static void tell(void *user, const struct ima_policy_step *step)
{
	static const char *const words[IMA_STEP__LAST] = {
		[IMA_STEP_DECIDES] = "decides", [IMA_STEP_MISMATCH] = "mismatch",
		[IMA_STEP_DECIDED] = "decided", [IMA_STEP_IDLE] = "idle",
	};
	struct ima_buffer rule = { 0 }, why = { 0 };
	struct telling *t = user;

	if (ima_policy_step_text(t->p, step, t->ev, &rule, &why) < 0)
		t->failed = true;
	else if (t->steps)
		json_array_append_new(t->steps, json_pack("{s:I, s:i, s:s, s:s, s:s}", "rule",
							  (json_int_t)step->number, "line",
							  (int)step->line, "outcome", words[step->outcome],
							  "text", (char *)rule.data, "why", (char *)why.data));
	else
		printf("  %c %3zu  %-58s %s\n", step->outcome == IMA_STEP_DECIDES ? '*' : ' ',
		       step->number, (char *)rule.data, (char *)why.data);
	ima_buffer_done(&rule);
	ima_buffer_done(&why);
}

static void action_words(const struct ima_policy_result *res, char ret[static 160])
{
	static const struct {
		uint32_t bit;
		const char *name;
	} actions[] = { { IMA_ACTION_MEASURE, "measure" }, { IMA_ACTION_APPRAISE, "appraise" },
			{ IMA_ACTION_AUDIT, "audit" }, { IMA_ACTION_HASH, "hash" } };
	size_t n = 0;

	ret[0] = 0;
	for (size_t i = 0; i < IMA_N_ELEMENTS(actions); i++)
		if (res->action & actions[i].bit)
			n += (size_t)snprintf(ret + n, 160 - n, "%s%s", n ? ", " : "", actions[i].name);
	if (res->action & IMA_ACTION_MEASURE && res->pcr >= 0)
		n += (size_t)snprintf(ret + n, 160 - n, ", PCR %d", res->pcr);
	if (res->action & IMA_ACTION_MEASURE && res->templ)
		n += (size_t)snprintf(ret + n, 160 - n, ", template %s", ima_template_display_name(res->templ));
	if (res->action & IMA_ACTION_APPRAISE && res->action & IMA_OPT_DIGSIG_REQUIRED)
		n += (size_t)snprintf(ret + n, 160 - n, ", signature required");
	if (!n)
		snprintf(ret, 160, "nothing");
}

static int explain(const struct ima_policy *p, const struct ima_policy_event *ev, const char *path,
		   json_t *all)
{
	struct telling t = { .p = p, .ev = ev, .steps = all ? json_array() : NULL };
	struct ima_policy_result res;
	char mask[48], actions[160];

	ima_mask_text(ev->mask, mask);
	if (!all)
		printf("%s%s%s %s by uid %u:\n", ima_func_name(ev->func), mask[0] ? " " : "", mask,
		       path, ev->uid);
	ima_policy_explain(p, ev, &res, tell, &t);
	action_words(&res, actions);
	if (all)
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o}", "func", ima_func_name(ev->func),
						     "mask", mask, "result", actions, "rules", t.steps));
	else
		printf("  -> %s\n", actions);
	return t.failed ? -ENOMEM : 0;
}

/* the hooks that a file meets, when the command line names none */
static int explain_all(struct explain_args *a, const struct ima_policy *p, json_t *all)
{
	static const struct {
		enum ima_func func;
		unsigned int mask;
	} usual[] = { { IMA_FUNC_FILE_CHECK, IMA_MAY_READ }, { IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC },
		      { IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC } };
	struct ima_policy_event *ev = &a->facts.ev;
	int r = 0;

	if (a->facts.has_func) {
		if (!a->facts.has_mask && a->path)
			ev->mask = ev->func == IMA_FUNC_BPRM_CHECK || ev->func == IMA_FUNC_CREDS_CHECK ||
						   ev->func == IMA_FUNC_MMAP_CHECK ||
						   ev->func == IMA_FUNC_MMAP_CHECK_REQPROT
					   ? IMA_MAY_EXEC
					   : IMA_MAY_READ;
		return explain(p, ev, a->path ? a->path : "", all);
	}
	for (size_t i = 0; i < IMA_N_ELEMENTS(usual) && r == 0; i++) {
		ev->func = usual[i].func;
		if (!a->facts.has_mask)
			ev->mask = usual[i].mask;
		r = explain(p, ev, a->path, all);
	}
	return r;
}

static int read_facts(struct explain_args *a)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	int r;

	imactl_facts_subject(&a->facts);
	if (!a->path)
		return 0;
	/* without opening it for reading: no hook fires, and no permission to read is needed */
	fd = open(a->path, O_PATH | O_CLOEXEC);
	r = fd < 0 ? -errno : imactl_facts_file(&a->facts, fd);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", a->path, strerror(-r)) : 0;
}

int cmd_policy_explain(int argc, char **argv)
{
	struct explain_args a = { 0 };
	struct ima_policy *p = NULL;
	json_t *all = NULL;
	int r = parse_args(argc, argv, &a);

	if (r == 0)
		r = read_facts(&a);
	if (r == 0)
		r = imactl_policy_open(&a.source, &p);
	if (r)
		return r;
	all = a.json ? json_array() : NULL;
	r = explain_all(&a, p, all);
	ima_policy_free(p);
	if (r < 0) {
		json_decref(all);
		return imactl_fail(EXIT_UNABLE, "out of memory");
	}
	return a.json ? imactl_print_json(all, EXIT_GOOD, true) : EXIT_GOOD;
}
