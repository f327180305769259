/* SPDX-License-Identifier: BSD-2-Clause */
/* One parsed rule, as the other files of this module see it. */
#pragma once

#include <ima/policy.h>

enum {
	RULE_FUNC = 1U << 0,
	RULE_MASK = 1U << 1,
	RULE_INMASK = 1U << 2, /* ^mask: contains */
	RULE_FSMAGIC = 1U << 3,
	RULE_FSNAME = 1U << 4,
	RULE_FS_SUBTYPE = 1U << 5,
	RULE_FSUUID = 1U << 6,
	RULE_UID = 1U << 7,
	RULE_EUID = 1U << 8,
	RULE_GID = 1U << 9,
	RULE_EGID = 1U << 10,
	RULE_FOWNER = 1U << 11,
	RULE_FGROUP = 1U << 12,
	RULE_PCR = 1U << 13,
	RULE_KEYRINGS = 1U << 14,
	RULE_LABEL = 1U << 15,
	RULE_LSM = 1U << 16,
};

#define RULE_FS (RULE_FSMAGIC | RULE_FSNAME | RULE_FS_SUBTYPE | RULE_FSUUID)

/** struct ima_id_cond - "id op value"; @op is '=', '<' or '>' */
struct ima_id_cond {
	char op;
	uint32_t value;
};

enum { LABEL_OBJ_USER = 0, LABEL_OBJ_ROLE, LABEL_OBJ_TYPE, LABEL_SUBJ_USER, LABEL_SUBJ_ROLE,
       LABEL_SUBJ_TYPE, LABEL__LAST };

struct ima_rule {
	uint32_t action;   /* one IMA_ACTION_* */
	uint32_t opts;     /* IMA_OPT_* */
	uint32_t given;    /* RULE_* */
	enum ima_func func;
	unsigned int mask; /* one IMA_MAY_* */
	uint64_t fsmagic;
	char *fsname;
	char *fs_subtype;
	uint8_t fsuuid[16];
	struct ima_id_cond uid; /* of uid= and euid= */
	struct ima_id_cond gid;
	struct ima_id_cond fowner;
	struct ima_id_cond fgroup;
	uint32_t appraise_algos; /* bitmap */
	char *items;             /* keyrings= or label=, "a|b" */
	char *label[LABEL__LAST];
	bool label_dead;         /* some label could not be compiled: never matches, is not shown */
	const struct ima_template *templ;
	int pcr;
	unsigned int line;       /* of its upload, 0: builtin */
};

/** struct ima_parse_ctx - what a parser must know besides the text */
struct ima_parse_ctx {
	const struct ima_policy_opts *opts;
	bool custom_active; /* a custom policy is in force */
	bool builtin;       /* compiled-in rule: no implied blacklist check */
	unsigned int line;
	struct ima_buffer *audit; /* text of the audit record of this line; NULL: not wanted */
};

/** ima_rule_parse() - one line; 1 a rule, 0 nothing on the line, -EINVAL/-ERANGE/-ENOMEM with @diag */
ima_must_check int ima_rule_parse(const struct ima_parse_ctx *ctx, struct ima_bytes line,
				  struct ima_rule **ret, struct ima_diag *diag);
struct ima_rule *ima_rule_free(struct ima_rule *r);

/** ima_rule_validate() - the whole-rule table; -EINVAL with one sentence in @diag */
ima_must_check int ima_rule_validate(const struct ima_parse_ctx *ctx, const struct ima_rule *r,
				     struct ima_diag *diag);

/** ima_rule_mismatch() - 0: the rule matches; else the RULE_ bit of the first condition, in the kernel's order, that does not hold */
uint32_t ima_rule_mismatch(const struct ima_rule *r, const struct ima_policy_event *ev);

/** ima_rule_matches() - does the rule match the event? */
bool ima_rule_matches(const struct ima_rule *r, const struct ima_policy_event *ev);

enum ima_maybe { IMA_NEVER = 0, IMA_MAYBE, IMA_SURELY };

/** ima_rule_could_match() - for func @f on these file-system facts (and file facts when has_inode), any subject and mask */
enum ima_maybe ima_rule_could_match(const struct ima_rule *r, enum ima_func f,
				    const struct ima_policy_event *ev, bool uuid_known);

/** ima_rule_show() - append the read-back line. -ENOMEM */
ima_must_check int ima_rule_show(const struct ima_rule *r, enum ima_profile profile,
				 struct ima_buffer *out);

/** ima_rule_show_condition() - append the text of one condition, @bit of RULE_, as read-back has it, without the blank. -ENOMEM */
ima_must_check int ima_rule_show_condition(const struct ima_rule *r, uint32_t bit,
					   struct ima_buffer *out);

/** ima_action_name() - the word of one IMA_ACTION_ of a rule */
const char *ima_action_name(uint32_t action);

/** ima_action_class() - the action and its counterpart: X | dont_X */
uint32_t ima_action_class(uint32_t action);

/** ima_policy_rules() - the active list; borrowed until the policy changes */
struct ima_rule *const *ima_policy_rules(const struct ima_policy *p, size_t *ret_n);
const struct ima_policy_opts *ima_policy_opts(const struct ima_policy *p);

/* values of tokens (values.c): 0, -EINVAL, -ERANGE */
ima_must_check int ima_value_id(const char *v, uint32_t *ret);
ima_must_check int ima_value_magic(const char *v, uint64_t *ret);
ima_must_check int ima_value_pcr(const char *v, int *ret);
ima_must_check int ima_value_uuid(const char *v, uint8_t ret[static 16]);
ima_must_check int ima_value_algos(const struct ima_policy_opts *opts, const char *v,
				   uint32_t *ret);
ima_must_check int ima_value_items(const char *v);

/** ima_builtin_words() - the compiled-in rules of chosen sets */
struct ima_builtin_sets {
	bool tcb, original_tcb, appraise_tcb, secure_boot, critical_data, fail_securely;
};

/** ima_builtin_each() - calls @fn with each rule's text, in the kernel's order; stops at the first error */
ima_must_check int ima_builtin_each(const struct ima_builtin_sets *sets,
				    const struct ima_policy_opts *opts,
				    int (*fn)(void *user, const char *text), void *user);
