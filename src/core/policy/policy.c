/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy object: builtin rules until a custom upload is accepted, custom rules from then on. An upload takes effect as a
 * whole or not at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "core/policy/rule.h"

struct rule_list {
	struct ima_rule **items;
	size_t n, cap;
};

struct ima_policy {
	struct ima_policy_opts opts;
	struct ima_builtin_sets sets;
	struct rule_list builtin, custom, temp;
	bool custom_active;
	bool uploading, poisoned;
	unsigned int upload_line;
	uint32_t flags; /* do-actions of the active list */
};

static void list_done(struct rule_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		ima_rule_free(l->items[i]);
	free(l->items);
	*l = (struct rule_list){ 0 };
}

static int list_reserve(struct rule_list *l, size_t more)
{
	struct ima_rule **p;
	size_t cap = l->cap ? l->cap : 16;

	while (cap < l->n + more)
		cap *= 2;
	if (cap == l->cap)
		return 0;
	p = reallocarray(l->items, cap, sizeof(*p));
	if (!p)
		return -ENOMEM;
	l->items = p;
	l->cap = cap;
	return 0;
}

static const struct rule_list *active(const struct ima_policy *p)
{
	return p->custom_active ? &p->custom : &p->builtin;
}

static void recompute(struct ima_policy *p)
{
	const uint32_t dos =
		IMA_ACTION_MEASURE | IMA_ACTION_APPRAISE | IMA_ACTION_AUDIT | IMA_ACTION_HASH;
	const struct rule_list *l = active(p);

	p->flags = 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i]->func != IMA_FUNC_SETXATTR_CHECK)
			p->flags |= l->items[i]->action & dos;
}

int ima_policy_new(const struct ima_policy_opts *opts, struct ima_policy **ret)
{
	static const uint8_t zero[sizeof(opts->reserved)];
	struct ima_policy *p;

	if (memcmp(opts->reserved, zero, sizeof(zero)) || (unsigned int)opts->profile >= IMA_PROFILE__LAST)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->opts = *opts;
	*ret = p;
	return 0;
}

struct ima_policy *ima_policy_free(struct ima_policy *p)
{
	if (p) {
		list_done(&p->builtin);
		list_done(&p->custom);
		list_done(&p->temp);
		free(p);
	}
	return NULL;
}

struct builtin_call {
	struct ima_policy *p;
	struct rule_list list;
};

static int add_builtin(void *user, const char *text)
{
	struct builtin_call *c = user;
	/* the one compiled-in rule that checks the blacklist is the one that takes appended signatures */
	const struct ima_parse_ctx ctx = { .opts = &c->p->opts,
					   .builtin = strstr(text, "modsig") == NULL };
	struct ima_rule *rule = NULL;
	int r = list_reserve(&c->list, 1);

	if (r == 0)
		r = ima_rule_parse(&ctx, (struct ima_bytes){ (const uint8_t *)text, strlen(text) },
				   &rule, NULL);
	if (r == 1)
		c->list.items[c->list.n++] = rule;
	return r < 0 ? r : 0;
}

static int rebuild_builtin(struct ima_policy *p)
{
	struct builtin_call c = { .p = p };
	int r = ima_builtin_each(&p->sets, &p->opts, add_builtin, &c);

	if (r < 0) {
		list_done(&c.list);
		return r;
	}
	list_done(&p->builtin);
	p->builtin = c.list;
	recompute(p);
	return 0;
}

static bool is_word(const char *w, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(w, name, len);
}

/* false: unknown, or a tcb variant after another one, which the kernel calls "not found" as well */
static bool choose_set(struct ima_builtin_sets *s, const char *w, size_t len)
{
	const bool has_tcb = s->tcb || s->original_tcb;

	if (is_word(w, len, "tcb") && !has_tcb)
		s->tcb = true;
	else if (is_word(w, len, "ima_tcb") && !has_tcb)
		s->original_tcb = true;
	else if (is_word(w, len, "ima_tcb"))
		return true; /* the first variant wins, silently */
	else if (is_word(w, len, "appraise_tcb") || is_word(w, len, "ima_appraise_tcb"))
		s->appraise_tcb = true;
	else if (is_word(w, len, "secure_boot"))
		s->secure_boot = true;
	else if (is_word(w, len, "critical_data"))
		s->critical_data = true;
	else if (is_word(w, len, "fail_securely"))
		s->fail_securely = true;
	else
		return false;
	return true;
}

int ima_policy_builtin(struct ima_policy *p, const char *names, struct ima_diag *diag)
{
	int result = 0;

	while (*names) {
		const size_t len = strcspn(names, " |\n");

		if (len && !choose_set(&p->sets, names, len))
			result = ima_diag_set(diag, -ENOENT, 0, 0,
					      (struct ima_bytes){ (const uint8_t *)names, len },
					      "policy \"%.*s\" not found", (int)len, names);
		names += len + (names[len] != 0);
	}
	if (rebuild_builtin(p) < 0)
		return -ENOMEM;
	return result;
}

int ima_policy_begin(struct ima_policy *p)
{
	if (p->uploading)
		return -EBUSY;
	p->uploading = true;
	p->poisoned = false;
	p->upload_line = 0;
	return 0;
}

int ima_policy_add_line(struct ima_policy *p, struct ima_bytes line, struct ima_diag *diag)
{
	return ima_policy_add_line_audited(p, line, NULL, diag);
}

int ima_policy_add_line_audited(struct ima_policy *p, struct ima_bytes line,
				struct ima_buffer *audit, struct ima_diag *diag)
{
	struct ima_parse_ctx ctx = { .opts = &p->opts, .custom_active = p->custom_active,
				     .audit = audit };
	struct ima_rule *rule = NULL;
	int r;

	if (!p->uploading)
		return -EINVAL;
	ctx.line = ++p->upload_line;
	r = list_reserve(&p->temp, 1);
	if (r == 0)
		r = ima_rule_parse(&ctx, line, &rule, diag);
	if (r == 1)
		p->temp.items[p->temp.n++] = rule;
	if (r < 0)
		p->poisoned = true;
	return r < 0 ? r : 0;
}

void ima_policy_abort(struct ima_policy *p)
{
	list_done(&p->temp);
	p->uploading = false;
	p->poisoned = false;
}

int ima_policy_commit(struct ima_policy *p)
{
	if (!p->uploading || p->poisoned || !p->temp.n) {
		ima_policy_abort(p);
		return -EINVAL;
	}
	if (list_reserve(&p->custom, p->temp.n) < 0) {
		ima_policy_abort(p);
		return -ENOMEM;
	}
	memcpy(p->custom.items + p->custom.n, p->temp.items, p->temp.n * sizeof(*p->temp.items));
	p->custom.n += p->temp.n;
	p->temp.n = 0;
	p->custom_active = true;
	recompute(p);
	ima_policy_abort(p);
	return 0;
}

static int load_line(struct ima_policy *p, struct ima_bytes line, void (*said)(void *user, const char *record),
		     void *user, struct ima_diag *diag)
{
	struct ima_buffer audit = { 0 };
	int r = ima_policy_add_line_audited(p, line, said ? &audit : NULL, diag);

	if (audit.len)
		said(user, (const char *)audit.data);
	ima_buffer_done(&audit);
	return r;
}

int ima_policy_load_audited(struct ima_policy *p, struct ima_bytes text,
			    void (*said)(void *user, const char *record), void *user, struct ima_diag *diag)
{
	const uint8_t *at = text.data, *end = text.data + text.len;
	int r = ima_policy_begin(p);

	if (r < 0)
		return r;
	while (at < end && r == 0) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));

		r = load_line(p, (struct ima_bytes){ at, (size_t)((nl ? nl : end) - at) }, said, user, diag);
		at = nl ? nl + 1 : end;
	}
	if (r < 0) {
		ima_policy_abort(p);
		return r;
	}
	r = ima_policy_commit(p);
	return r == -EINVAL ? ima_diag_text(diag, r, "there is no rule in it") : r;
}

int ima_policy_load(struct ima_policy *p, struct ima_bytes text, struct ima_diag *diag)
{
	return ima_policy_load_audited(p, text, NULL, NULL, diag);
}

bool ima_policy_names_appraised(const struct ima_policy *p, enum ima_func f)
{
	const struct rule_list *l = active(p);

	for (size_t i = 0; i < l->n; i++)
		if (l->items[i]->func == f && (l->items[i]->action & IMA_ACTION_APPRAISE))
			return true;
	return false;
}

bool ima_policy_names_labels(const struct ima_policy *p)
{
	const struct rule_list *l = active(p);

	for (size_t i = 0; i < l->n; i++)
		if (l->items[i]->given & RULE_LSM)
			return true;
	return false;
}

int ima_policy_show(const struct ima_policy *p, struct ima_buffer *out)
{
	const struct rule_list *l = active(p);
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++)
		r = ima_rule_show(l->items[i], p->opts.profile, out);
	return r;
}

size_t ima_policy_n_rules(const struct ima_policy *p)
{
	return active(p)->n;
}

uint32_t ima_policy_flags(const struct ima_policy *p)
{
	return p->flags;
}

static uint32_t sub_action(const struct ima_rule *r, enum ima_func f)
{
	if (!(r->given & RULE_FUNC))
		return IMA_ACTION_FILE_APPRAISE;
	switch (f) {
	case IMA_FUNC_MMAP_CHECK:
	case IMA_FUNC_MMAP_CHECK_REQPROT:
		return IMA_ACTION_MMAP_APPRAISE;
	case IMA_FUNC_BPRM_CHECK:
		return IMA_ACTION_BPRM_APPRAISE;
	case IMA_FUNC_CREDS_CHECK:
		return IMA_ACTION_CREDS_APPRAISE;
	case IMA_FUNC_FILE_CHECK:
	case IMA_FUNC_POST_SETATTR:
		return IMA_ACTION_FILE_APPRAISE;
	default:
		return IMA_ACTION_READ_APPRAISE;
	}
}

static void take_rule(const struct ima_policy *p, const struct ima_rule *r, enum ima_func f,
		      struct ima_policy_result *res)
{
	const uint32_t dos =
		IMA_ACTION_MEASURE | IMA_ACTION_APPRAISE | IMA_ACTION_AUDIT | IMA_ACTION_HASH;

	res->action |= r->opts | (r->action & dos);
	if (r->action == IMA_ACTION_APPRAISE) {
		res->action |= sub_action(r, f);
		res->action &= ~(uint32_t)IMA_ACTION_HASH;
		if (p->sets.fail_securely)
			res->action |= IMA_OPT_FAIL_UNVERIFIABLE_SIGS;
		if (r->appraise_algos)
			res->allowed_algos = r->appraise_algos;
	}
	if (r->given & RULE_PCR)
		res->pcr = r->pcr;
	if (r->templ)
		res->templ = r->templ;
}

uint32_t ima_action_class(uint32_t action)
{
	const uint32_t donts = IMA_ACTION_DONT_MEASURE | IMA_ACTION_DONT_APPRAISE |
			       IMA_ACTION_DONT_AUDIT | IMA_ACTION_DONT_HASH;

	return action & donts ? action | action >> 1 : action | action << 1;
}

static void walk(const struct ima_policy *p, const struct ima_policy_event *ev, uint32_t wanted,
		 struct ima_policy_result *ret, ima_policy_step_fn fn, void *user)
{
	const struct rule_list *l = active(p);
	uint32_t open = p->flags | p->flags << 1, all;

	*ret = (struct ima_policy_result){ .pcr = -1 };
	if (wanted)
		open &= wanted;
	all = open;
	for (size_t i = 0; i < l->n && (open || fn); i++) {
		const struct ima_rule *r = l->items[i];
		struct ima_policy_step step = { .number = i + 1, .line = r->line, .rule = r,
						.outcome = IMA_STEP_DECIDES };

		if (!(r->action & all))
			step.outcome = IMA_STEP_IDLE;
		else if (!(r->action & open))
			step.outcome = IMA_STEP_DECIDED;
		else if ((step.mismatch = ima_rule_mismatch(r, ev)) != 0)
			step.outcome = IMA_STEP_MISMATCH;
		if (fn)
			fn(user, &step);
		if (step.outcome != IMA_STEP_DECIDES)
			continue;
		take_rule(p, r, ev->func, ret);
		open &= ~ima_action_class(r->action);
	}
}

void ima_policy_match(const struct ima_policy *p, const struct ima_policy_event *ev,
		      uint32_t wanted, struct ima_policy_result *ret)
{
	walk(p, ev, wanted, ret, NULL, NULL);
}

void ima_policy_explain(const struct ima_policy *p, const struct ima_policy_event *ev,
			struct ima_policy_result *ret, ima_policy_step_fn fn, void *user)
{
	walk(p, ev, 0, ret, fn, user);
}

struct ima_rule *const *ima_policy_rules(const struct ima_policy *p, size_t *ret_n)
{
	*ret_n = active(p)->n;
	return active(p)->items;
}

const struct ima_policy_opts *ima_policy_opts(const struct ima_policy *p)
{
	return &p->opts;
}

static bool is_do(const struct ima_rule *r)
{
	return r->action & (IMA_ACTION_MEASURE | IMA_ACTION_APPRAISE | IMA_ACTION_AUDIT |
			    IMA_ACTION_HASH);
}

static bool func_in_scope(const struct ima_policy *p, enum ima_func f,
			  const struct ima_policy_event *ev)
{
	const struct rule_list *l = active(p);
	uint32_t closed = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct ima_rule *r = l->items[i];
		enum ima_maybe m = ima_rule_could_match(r, f, ev, false);

		if (m == IMA_NEVER || (r->action & closed))
			continue;
		if (is_do(r))
			return true;
		if (m == IMA_SURELY)
			closed |= ima_action_class(r->action);
	}
	return false;
}

uint32_t ima_policy_scope(const struct ima_policy *p, const struct ima_policy_event *ev)
{
	struct ima_policy_event fs = *ev;
	uint32_t scope = 0;

	fs.has_inode = false;
	for (unsigned int f = IMA_FUNC_FILE_CHECK; f < IMA_FUNC__LAST; f++)
		if (f != IMA_FUNC_POST_SETATTR && func_in_scope(p, (enum ima_func)f, &fs))
			scope |= 1U << f;
	return scope;
}

static bool is_done(const struct ima_rule *r, uint32_t done, uint64_t pcrs, int default_pcr)
{
	const int pcr = r->given & RULE_PCR ? r->pcr : default_pcr;

	if (r->action == IMA_ACTION_MEASURE)
		return pcr >= 0 && pcr < 64 && (pcrs >> pcr & 1);
	return r->action & done;
}

static bool func_pending(const struct ima_policy *p, enum ima_func f,
			 const struct ima_policy_event *ev, uint32_t done, uint64_t pcrs,
			 int default_pcr)
{
	const struct rule_list *l = active(p);
	uint32_t closed = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct ima_rule *r = l->items[i];
		enum ima_maybe m = ima_rule_could_match(r, f, ev, ev->has_inode);

		if (m == IMA_NEVER || (r->action & closed))
			continue;
		if (is_do(r) && !is_done(r, done, pcrs, default_pcr))
			return true;
		if (m == IMA_SURELY)
			closed |= ima_action_class(r->action);
	}
	return false;
}

bool ima_policy_may_appraise(const struct ima_policy *p, const struct ima_policy_event *ev,
			     enum ima_func f)
{
	return func_pending(p, f, ev, ~(uint32_t)IMA_ACTION_APPRAISE, UINT64_MAX, 0);
}

/* the first one stays: later ones change nothing until the next boot */
uint32_t ima_policy_label_algos(const struct ima_policy *p)
{
	const struct rule_list *l = active(p);

	for (size_t i = 0; i < l->n; i++)
		if (l->items[i]->func == IMA_FUNC_SETXATTR_CHECK && (l->items[i]->given & RULE_FUNC))
			return l->items[i]->appraise_algos;
	return 0;
}

bool ima_policy_surely_appraises(const struct ima_policy *p, const struct ima_policy_event *ev,
				 enum ima_func f)
{
	const struct rule_list *l = active(p);

	for (size_t i = 0; i < l->n; i++) {
		const struct ima_rule *r = l->items[i];

		if (!(r->action & (IMA_ACTION_APPRAISE | IMA_ACTION_DONT_APPRAISE)))
			continue;
		switch (ima_rule_could_match(r, f, ev, ev->has_inode)) {
		case IMA_SURELY:
			return r->action == IMA_ACTION_APPRAISE;
		case IMA_MAYBE:
			if (r->action == IMA_ACTION_DONT_APPRAISE)
				return false;
			break;
		case IMA_NEVER:
			break;
		}
	}
	return false;
}

static bool has_wish(const struct ima_policy_wish *have, size_t n, const struct ima_policy_wish *w)
{
	for (size_t i = 0; i < n; i++)
		if (have[i].opts == w->opts && have[i].algos == w->algos && have[i].use == w->use)
			return true;
	return false;
}

uint32_t ima_policy_asks(const struct ima_policy *p, const struct ima_policy_event *ev)
{
	const uint32_t strict = p->sets.fail_securely ? IMA_OPT_FAIL_UNVERIFIABLE_SIGS : 0;
	const struct rule_list *l = active(p);
	uint32_t opts = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct ima_rule *r = l->items[i];
		const enum ima_func f = r->given & RULE_FUNC ? r->func : IMA_FUNC_FILE_CHECK;
		const uint32_t asked = r->opts | (r->action == IMA_ACTION_APPRAISE ? strict : 0);

		if (asked && ima_rule_could_match(r, f, ev, ev->has_inode) != IMA_NEVER)
			opts |= asked;
	}
	return opts;
}

size_t ima_policy_wishes(const struct ima_policy *p, const struct ima_policy_event *ev, enum ima_func f,
			 struct ima_policy_wish ret[IMA_POLICY_MAX_WISHES])
{
	const uint32_t strict = p->sets.fail_securely ? IMA_OPT_FAIL_UNVERIFIABLE_SIGS : 0;
	const struct rule_list *l = active(p);
	uint32_t closed = 0;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct ima_rule *r = l->items[i];
		const struct ima_policy_wish w = { r->opts | strict, r->appraise_algos, sub_action(r, f) };
		enum ima_maybe m = ima_rule_could_match(r, f, ev, ev->has_inode);

		if (m == IMA_NEVER || (r->action & closed))
			continue;
		if (m == IMA_SURELY)
			closed |= ima_action_class(r->action);
		if (r->action != IMA_ACTION_APPRAISE || has_wish(ret, n, &w))
			continue;
		if (n == IMA_POLICY_MAX_WISHES)
			return n + 1;
		ret[n++] = w;
	}
	return n;
}

bool ima_policy_pending(const struct ima_policy *p, const struct ima_policy_event *ev,
			uint32_t done, uint64_t pcrs, int default_pcr)
{
	static const enum ima_func funcs[] = { IMA_FUNC_FILE_CHECK, IMA_FUNC_MMAP_CHECK,
					       IMA_FUNC_MMAP_CHECK_REQPROT, IMA_FUNC_BPRM_CHECK,
					       IMA_FUNC_CREDS_CHECK };

	for (size_t i = 0; i < IMA_N_ELEMENTS(funcs); i++)
		if (func_pending(p, funcs[i], ev, done, pcrs, default_pcr))
			return true;
	return false;
}
