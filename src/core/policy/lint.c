/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lint: what a valid policy does and its author can hardly want. Only certain things are reported: a rule is called
 * unreachable when its every event is taken by one earlier rule, not when several together would take it.
 */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "core/policy/rule.h"

enum kind {
	KIND_UNREACHABLE = 0,
	KIND_NEVER_MATCHES,
	KIND_NO_EFFECT,
	KIND_IGNORED_OPTION,
	KIND_UNBOUNDED_FILES,
	KIND_UNBOUNDED_PSEUDO,
	KIND_LOCKOUT_PSEUDO,
	KIND_LOCKOUT_UNSIGNED,
	KIND_LOCKOUT_POLICY,
	KIND__LAST
};

static const struct ima_lint_kind kinds[KIND__LAST + 1] = {
	[KIND_UNREACHABLE] = { "unreachable", IMA_LINT_WARNING,
			       "an earlier rule of the same class takes every event that the rule could match" },
	[KIND_NEVER_MATCHES] = { "never-matches", IMA_LINT_WARNING,
				 "no event can have what the rule asks for" },
	[KIND_NO_EFFECT] = { "no-effect", IMA_LINT_WARNING,
			     "the policy does the same without the rule" },
	[KIND_IGNORED_OPTION] = { "ignored-option", IMA_LINT_WARNING,
				  "the option is accepted and has no effect in such a rule" },
	[KIND_UNBOUNDED_FILES] = { "unbounded-files", IMA_LINT_WARNING,
				   "every file that anybody opens is measured: the list grows with the data of the machine" },
	[KIND_UNBOUNDED_PSEUDO] = { "unbounded-pseudo", IMA_LINT_WARNING,
				    "files that the kernel makes up, or that are in memory only, are measured at each change" },
	[KIND_LOCKOUT_PSEUDO] = { "lockout-pseudo", IMA_LINT_WARNING,
				  "files that cannot carry security.ima are appraised: under enforce every use of them is refused" },
	[KIND_LOCKOUT_UNSIGNED] = { "lockout-unsigned", IMA_LINT_WARNING,
				    "under enforce no program runs that carries no signature, init and shells included" },
	[KIND_LOCKOUT_POLICY] = { "lockout-policy", IMA_LINT_NOTE,
				  "from then on only a policy file with a good signature, given by its path, can be loaded" },
};

struct lint {
	struct ima_rule *const *rules;
	size_t n;
	void (*fn)(void *user, const struct ima_lint_finding *f);
	void *user;
};

const struct ima_lint_kind *ima_lint_kinds(void)
{
	return kinds;
}

ima_printf(5, 6) static void report(const struct lint *l, const struct ima_rule *r, enum kind kind,
				    const char *token, const char *fmt, ...)
{
	struct ima_lint_finding f = { .id = kinds[kind].id, .severity = kinds[kind].severity,
				      .line = r->line };
	va_list ap;

	snprintf(f.token, sizeof(f.token), "%s", token);
	va_start(ap, fmt);
	vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	l->fn(l->user, &f);
}

static bool is_do(const struct ima_rule *r)
{
	return r->action & (IMA_ACTION_MEASURE | IMA_ACTION_APPRAISE | IMA_ACTION_AUDIT |
			    IMA_ACTION_HASH);
}

static bool has_data_func(const struct ima_rule *r)
{
	return (r->given & RULE_FUNC) &&
	       (r->func == IMA_FUNC_KEY_CHECK || r->func == IMA_FUNC_CRITICAL_DATA);
}

/* ids that satisfy a condition: first..last, both included; empty when first > last */
struct range {
	uint64_t first, last;
};

static struct range range_of(const struct ima_id_cond *c)
{
	if (c->op == '<')
		return (struct range){ c->value ? 0 : 1, c->value ? c->value - 1 : 0 };
	if (c->op == '>')
		return (struct range){ (uint64_t)c->value + 1, UINT32_MAX - 1 };
	return (struct range){ c->value, c->value };
}

static bool is_empty(const struct ima_id_cond *c)
{
	const struct range r = range_of(c);

	return r.first > r.last;
}

static bool contains(const struct ima_id_cond *outer, const struct ima_id_cond *inner)
{
	const struct range o = range_of(outer), i = range_of(inner);

	return o.first <= i.first && i.last <= o.last;
}

/* every name of @inner is one of @outer */
static bool has_items(const char *outer, const char *inner)
{
	for (;;) {
		const size_t len = strcspn(inner, "|");
		const char *at = outer;
		bool found = false;

		while (!found) {
			const size_t n = strcspn(at, "|");

			found = n == len && !memcmp(at, inner, len);
			if (!at[n])
				break;
			at += n + 1;
		}
		if (!found)
			return false;
		if (!inner[len])
			return true;
		inner += len + 1;
	}
}

static bool covers_func(const struct ima_rule *a, const struct ima_rule *b)
{
	if (!(a->given & RULE_FUNC))
		return !has_data_func(b);
	return (b->given & RULE_FUNC) && a->func == b->func;
}

static bool covers_mask(const struct ima_rule *a, const struct ima_rule *b)
{
	if (!(a->given & (RULE_MASK | RULE_INMASK)))
		return true;
	if (!(b->given & (RULE_MASK | RULE_INMASK)) || a->mask != b->mask)
		return false;
	return (a->given & RULE_INMASK) || (b->given & RULE_MASK);
}

static bool covers_fs(const struct ima_rule *a, const struct ima_rule *b)
{
	if ((a->given & RULE_FS) & ~b->given)
		return false;
	if ((a->given & RULE_FSMAGIC) && a->fsmagic != b->fsmagic)
		return false;
	if ((a->given & RULE_FSNAME) && strcmp(a->fsname, b->fsname))
		return false;
	if ((a->given & RULE_FS_SUBTYPE) && strcmp(a->fs_subtype, b->fs_subtype))
		return false;
	return !(a->given & RULE_FSUUID) || !memcmp(a->fsuuid, b->fsuuid, sizeof(a->fsuuid));
}

static bool covers_ids(const struct ima_rule *a, const struct ima_rule *b)
{
	const uint32_t ids = RULE_UID | RULE_EUID | RULE_GID | RULE_EGID | RULE_FOWNER | RULE_FGROUP;
	uint32_t asked = a->given & ids;

	if (has_data_func(b))
		asked &= ~(uint32_t)RULE_GID; /* not looked at */
	if (asked & ~b->given)
		return false;
	if ((asked & (RULE_UID | RULE_EUID)) && !contains(&a->uid, &b->uid))
		return false;
	if ((asked & (RULE_GID | RULE_EGID)) && !contains(&a->gid, &b->gid))
		return false;
	if ((asked & RULE_FOWNER) && !contains(&a->fowner, &b->fowner))
		return false;
	return !(asked & RULE_FGROUP) || contains(&a->fgroup, &b->fgroup);
}

static bool covers_names(const struct ima_rule *a, const struct ima_rule *b)
{
	if (a->label_dead)
		return false;
	for (int i = 0; i < LABEL__LAST; i++)
		if (a->label[i] && (!b->label[i] || strcmp(a->label[i], b->label[i])))
			return false;
	return !a->items || (b->items && has_items(a->items, b->items));
}

/* does @a match every event that @b matches? */
static bool covers(const struct ima_rule *a, const struct ima_rule *b)
{
	return covers_func(a, b) && covers_mask(a, b) && covers_fs(a, b) && covers_ids(a, b) &&
	       covers_names(a, b);
}

static bool same_class(const struct ima_rule *a, const struct ima_rule *b)
{
	return ima_action_class(a->action) == ima_action_class(b->action);
}

/* the masks with which a hook can come; 0: any */
static unsigned int masks_of(enum ima_func f)
{
	switch (f) {
	case IMA_FUNC_MMAP_CHECK:
	case IMA_FUNC_MMAP_CHECK_REQPROT:
	case IMA_FUNC_BPRM_CHECK:
	case IMA_FUNC_CREDS_CHECK:
		return IMA_MAY_EXEC;
	case IMA_FUNC_MODULE_CHECK:
	case IMA_FUNC_FIRMWARE_CHECK:
	case IMA_FUNC_KEXEC_KERNEL_CHECK:
	case IMA_FUNC_KEXEC_INITRAMFS_CHECK:
	case IMA_FUNC_POLICY_CHECK:
		return IMA_MAY_READ;
	default:
		return 0;
	}
}

static bool check_mask(const struct lint *l, const struct ima_rule *r)
{
	const unsigned int can = r->given & RULE_FUNC ? masks_of(r->func) : 0;

	if (!(r->given & (RULE_MASK | RULE_INMASK)) || !can || (r->mask & can))
		return true;
	report(l, r, KIND_NEVER_MATCHES, "mask=", "%s only ever comes with %s",
	       ima_func_name(r->func), can == IMA_MAY_EXEC ? "MAY_EXEC" : "MAY_READ");
	return false;
}

static bool check_ids(const struct lint *l, const struct ima_rule *r)
{
	const struct {
		uint32_t bits;
		const char *token;
		const struct ima_id_cond *c;
	} ids[] = { { RULE_UID, "uid", &r->uid }, { RULE_EUID, "euid", &r->uid },
		    { RULE_GID, "gid", &r->gid }, { RULE_EGID, "egid", &r->gid },
		    { RULE_FOWNER, "fowner", &r->fowner }, { RULE_FGROUP, "fgroup", &r->fgroup } };

	for (size_t i = 0; i < IMA_N_ELEMENTS(ids); i++) {
		if (!(r->given & ids[i].bits) || !is_empty(ids[i].c))
			continue;
		if (has_data_func(r) && ids[i].bits == RULE_GID)
			continue;
		report(l, r, KIND_NEVER_MATCHES, ids[i].token, "no number is %c %u", ids[i].c->op,
		       ids[i].c->value);
		return false;
	}
	return true;
}

/* false: the rule never matches, and nothing else needs to be said of it */
static bool check_possible(const struct lint *l, const struct ima_rule *r)
{
	if (r->label_dead) {
		report(l, r, KIND_NEVER_MATCHES, "", "no security module here knows its label");
		return false;
	}
	return check_mask(l, r) && check_ids(l, r);
}

static bool check_reachable(const struct lint *l, size_t i)
{
	const struct ima_rule *r = l->rules[i];

	for (size_t k = 0; k < i; k++) {
		const struct ima_rule *before = l->rules[k];

		if (before->func == IMA_FUNC_SETXATTR_CHECK && r->func == IMA_FUNC_SETXATTR_CHECK) {
			report(l, r, KIND_NO_EFFECT, "",
			       "the SETXATTR_CHECK rule of line %u fixed the algorithms until the next boot",
			       before->line);
			return false;
		}
		if (!same_class(before, r) || !covers(before, r))
			continue;
		if (before->line)
			report(l, r, KIND_UNREACHABLE, "", "line %u decides every event that this rule matches",
			       before->line);
		else
			report(l, r, KIND_UNREACHABLE, "",
			       "a builtin rule decides every event that this rule matches");
		return false;
	}
	return true;
}

/* can some event match both? errs towards yes */
static bool may_meet(const struct ima_rule *a, const struct ima_rule *b)
{
	if ((a->given & b->given & RULE_FUNC) && a->func != b->func)
		return false;
	if (has_data_func(a) != has_data_func(b))
		return false;
	if ((a->given & b->given & RULE_FSMAGIC) && a->fsmagic != b->fsmagic)
		return false;
	return !(a->given & b->given & RULE_FSNAME) || !strcmp(a->fsname, b->fsname);
}

/* a dont_ rule is there to keep events from a later rule of its class */
static void check_dont(const struct lint *l, size_t i)
{
	const struct ima_rule *r = l->rules[i];

	if (is_do(r) || r->opts)
		return;
	for (size_t k = i + 1; k < l->n; k++)
		if (is_do(l->rules[k]) && same_class(l->rules[k], r) && may_meet(l->rules[k], r))
			return;
	report(l, r, KIND_NO_EFFECT, "", "no later rule would %s what it excludes",
	       r->action == IMA_ACTION_DONT_MEASURE	 ? "measure"
	       : r->action == IMA_ACTION_DONT_APPRAISE ? "appraise"
	       : r->action == IMA_ACTION_DONT_AUDIT	 ? "audit"
							 : "hash");
}

static void check_options(const struct lint *l, const struct ima_rule *r)
{
	if (has_data_func(r) && (r->given & RULE_GID))
		report(l, r, KIND_IGNORED_OPTION, "gid", "gid is not looked at with %s",
		       ima_func_name(r->func));
	if (r->func == IMA_FUNC_SETXATTR_CHECK && (r->given & RULE_LSM))
		report(l, r, KIND_IGNORED_OPTION, "", "labels are not looked at with SETXATTR_CHECK");
	if ((r->opts & IMA_OPT_PERMIT_DIRECTIO) && is_do(r) && r->action != IMA_ACTION_APPRAISE)
		report(l, r, KIND_IGNORED_OPTION, "permit_directio",
		       "permit_directio lifts a refusal: only appraise refuses");
}

#define SUBJECT_OR_OWNER                                                                           \
	(RULE_UID | RULE_EUID | RULE_GID | RULE_EGID | RULE_FOWNER | RULE_FGROUP | RULE_LSM |      \
	 RULE_FSUUID | RULE_FSNAME | RULE_FSMAGIC | RULE_FS_SUBTYPE)

static bool takes_reads(const struct ima_rule *r)
{
	if ((r->given & RULE_FUNC) && r->func != IMA_FUNC_FILE_CHECK)
		return false;
	return !(r->given & (RULE_MASK | RULE_INMASK)) || r->mask == IMA_MAY_READ;
}

static const struct {
	uint64_t magic;
	const char *name;
	bool in_memory; /* holds real files: the sets of rules in use leave programs there to be measured */
} pseudo[] = {
	{ 0x9fa0, "proc", false },	 { 0x62656572, "sysfs", false },
	{ 0x64626720, "debugfs", false }, { 0x01021994, "tmpfs", true },
	{ 0x73636673, "securityfs", false }, { 0x27e0eb, "cgroup", false },
	{ 0x63677270, "cgroup2", false }, { 0x6e736673, "nsfs", false },
	{ 0xde5e81e4, "efivarfs", false },
};

/* is a file of root's on that file system, opened for reading by root, left to rule @i? */
static bool reaches_pseudo(const struct lint *l, size_t i, uint64_t magic)
{
	struct ima_policy_event ev = { .func = IMA_FUNC_FILE_CHECK, .mask = IMA_MAY_READ,
				       .cap_setuid = true, .cap_setgid = true, .has_inode = true,
				       .fsmagic = magic, .fsname = "" };

	if (!ima_rule_matches(l->rules[i], &ev))
		return false;
	for (size_t k = 0; k < i; k++)
		if (same_class(l->rules[k], l->rules[i]) && ima_rule_matches(l->rules[k], &ev))
			return false;
	return true;
}

static void list_pseudo(const struct lint *l, size_t i, enum kind kind, const char *what)
{
	char names[128] = "";
	size_t n = 0;

	for (size_t k = 0; k < IMA_N_ELEMENTS(pseudo); k++) {
		if (!reaches_pseudo(l, i, pseudo[k].magic))
			continue;
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
				      pseudo[k].name);
	}
	if (n)
		report(l, l->rules[i], kind, "", "%s: %s", what, names);
}

static void check_measure(const struct lint *l, size_t i)
{
	const struct ima_rule *r = l->rules[i];

	if (r->action != IMA_ACTION_MEASURE || !takes_reads(r))
		return;
	if (!(r->given & SUBJECT_OR_OWNER))
		report(l, r, KIND_UNBOUNDED_FILES, "",
		       "measures every file that anybody opens; limit it by subject, owner or file system");
	list_pseudo(l, i, KIND_UNBOUNDED_PSEUDO, "no earlier rule excludes file systems whose files change all the time");
}

static bool takes_programs(const struct ima_rule *r)
{
	const bool func = !(r->given & RULE_FUNC) || r->func == IMA_FUNC_FILE_CHECK ||
			  r->func == IMA_FUNC_BPRM_CHECK || r->func == IMA_FUNC_MMAP_CHECK;

	return func && (!(r->given & (RULE_MASK | RULE_INMASK)) || r->mask == IMA_MAY_EXEC);
}

static void check_appraise(const struct lint *l, size_t i)
{
	const uint32_t limits = SUBJECT_OR_OWNER & ~(uint32_t)(RULE_FOWNER | RULE_FGROUP);
	const struct ima_rule *r = l->rules[i];

	if (r->action != IMA_ACTION_APPRAISE || r->func == IMA_FUNC_SETXATTR_CHECK)
		return;
	if (r->func == IMA_FUNC_POLICY_CHECK) {
		report(l, r, KIND_LOCKOUT_POLICY, "",
		       "once this is in force, rules can be loaded only from a file whose appraisal passes");
		return;
	}
	if (takes_reads(r))
		list_pseudo(l, i, KIND_LOCKOUT_PSEUDO,
			    "no earlier dont_appraise excludes file systems without security.ima");
	if ((r->opts & IMA_OPT_DIGSIG_REQUIRED) && takes_programs(r) && !(r->given & limits) &&
	    (!(r->given & RULE_FOWNER) || (r->fowner.op == '=' && r->fowner.value == 0) ||
	     r->fowner.op == '<'))
		report(l, r, KIND_LOCKOUT_UNSIGNED, "appraise_type=",
		       "every program of root needs a signature before this is enforced");
}

void ima_policy_lint(const struct ima_policy *p,
		     void (*fn)(void *user, const struct ima_lint_finding *f), void *user)
{
	struct lint l = { .fn = fn, .user = user };

	l.rules = ima_policy_rules(p, &l.n);
	for (size_t i = 0; i < l.n; i++) {
		if (!l.rules[i]->line)
			continue; /* compiled-in rules are what they are */
		if (!check_possible(&l, l.rules[i]) || !check_reachable(&l, i))
			continue;
		check_dont(&l, i);
		check_options(&l, l.rules[i]);
		check_measure(&l, i);
		check_appraise(&l, i);
	}
}
