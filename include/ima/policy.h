/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy: rules, their text, validation, builtin sets, and matching an event against them.
 */
#pragma once

#include <ima/digest.h>
#include <ima/template.h>
#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ima_profile { IMA_PROFILE_NEWEST = 0, IMA_PROFILE_6_1, IMA_PROFILE_6_12, IMA_PROFILE_7_1, IMA_PROFILE__LAST };

/** ima_profile_by_name() - "6.1", "6.12", "7.1", "newest"; -ENOENT */
ima_must_check int ima_profile_by_name(const char *name, enum ima_profile *ret);
const char *ima_profile_name(enum ima_profile p);

/** ima_profile_number() - 601, 612, 701, 702: to compare with */
unsigned int ima_profile_number(enum ima_profile p);

enum ima_func {
	IMA_FUNC_NONE = 0,
	IMA_FUNC_FILE_CHECK,
	IMA_FUNC_MMAP_CHECK,
	IMA_FUNC_MMAP_CHECK_REQPROT,
	IMA_FUNC_BPRM_CHECK,
	IMA_FUNC_CREDS_CHECK,
	IMA_FUNC_POST_SETATTR,
	IMA_FUNC_MODULE_CHECK,
	IMA_FUNC_FIRMWARE_CHECK,
	IMA_FUNC_KEXEC_KERNEL_CHECK,
	IMA_FUNC_KEXEC_INITRAMFS_CHECK,
	IMA_FUNC_POLICY_CHECK,
	IMA_FUNC_KEXEC_CMDLINE,
	IMA_FUNC_KEY_CHECK,
	IMA_FUNC_CRITICAL_DATA,
	IMA_FUNC_SETXATTR_CHECK,
	IMA_FUNC__LAST
};

const char *ima_func_name(enum ima_func f); /* "FILE_CHECK"; NULL out of range */
ima_must_check int ima_func_by_name(const char *name, size_t len, enum ima_func *ret); /* aliases too; -ENOENT */

enum {
	IMA_MAY_EXEC = 1,
	IMA_MAY_WRITE = 2,
	IMA_MAY_READ = 4,
	IMA_MAY_APPEND = 8,
};

/** ima_mask_parse() - "MAY_READ|MAY_WRITE" to bits, empty text to none. -EINVAL */
ima_must_check int ima_mask_parse(const char *text, unsigned int *ret);

/** ima_mask_text() - the bits' words joined by "|", empty for none */
void ima_mask_text(unsigned int mask, char ret[48]);

/* actions (rule) and results (match), the kernel's values */
enum {
	IMA_ACTION_MEASURE = 0x0001,
	IMA_ACTION_DONT_MEASURE = 0x0002,
	IMA_ACTION_APPRAISE = 0x0004,
	IMA_ACTION_DONT_APPRAISE = 0x0008,
	IMA_ACTION_AUDIT = 0x0040,
	IMA_ACTION_DONT_AUDIT = 0x0080,
	IMA_ACTION_HASH = 0x0100,
	IMA_ACTION_DONT_HASH = 0x0200,
	IMA_ACTION_FILE_APPRAISE = 0x00001000,
	IMA_ACTION_MMAP_APPRAISE = 0x00004000,
	IMA_ACTION_BPRM_APPRAISE = 0x00010000,
	IMA_ACTION_READ_APPRAISE = 0x00040000,
	IMA_ACTION_CREDS_APPRAISE = 0x00100000,
};

/* option flags of rules, accumulated into results */
#define IMA_OPT_DIGSIG_REQUIRED        0x01000000U
#define IMA_OPT_PERMIT_DIRECTIO        0x02000000U
#define IMA_OPT_SIGV3_REQUIRED         0x08000000U
#define IMA_OPT_FAIL_UNVERIFIABLE_SIGS 0x10000000U
#define IMA_OPT_MODSIG_ALLOWED         0x20000000U
#define IMA_OPT_CHECK_BLACKLIST        0x40000000U
#define IMA_OPT_VERITY_REQUIRED        0x80000000U

/**
 * struct ima_policy_event - one event as the rules see it; borrowed views
 * @has_inode: the file facts below are set
 * @cap_setuid, @cap_setgid: effective capabilities of the acting task
 * @labels: LSM labels: 0-2 object user/role/type, 3-5 subject; empty: that LSM is absent
 * @func_data: keyring name or critical-data label
 */
struct ima_policy_event {
	enum ima_func func;
	unsigned int mask;
	uint32_t uid, euid, suid, gid, egid, sgid;
	bool cap_setuid, cap_setgid;
	bool has_inode;
	uint32_t fowner, fgroup;
	uint64_t fsmagic;
	const char *fsname;     /* "ext4" */
	const char *fs_subtype; /* NULL: none */
	uint8_t fsuuid[16];
	struct ima_bytes labels[6];
	struct ima_bytes func_data;
};

/** struct ima_policy_result - what the active rules ask for */
struct ima_policy_result {
	uint32_t action;                    /* IMA_ACTION_* (do actions and sub-actions) | IMA_OPT_* */
	int pcr;                            /* -1: the default PCR */
	const struct ima_template *templ;   /* NULL: the default template; lives as long as the policy */
	uint32_t allowed_algos;             /* bitmap of enum ima_hash_algo, 0: any */
};

/**
 * struct ima_policy - the policy state machine: default, custom and temporary rules
 *
 * Readers (match, scope, show) may run in parallel under the caller's read lock; changes need its write lock.
 */
struct ima_policy;
struct ima_buffer;

struct ima_policy_opts {
	enum ima_profile profile;
	uint32_t available_algos;      /* bitmap for appraise_algos=, 0: all */
	bool no_modsig;                /* appraise_type=imasig|modsig and appraise_flag= are refused */
	bool no_keys;                  /* func=KEY_CHECK is refused */
	bool no_write_policy;          /* one custom load only; appraise_tcb lacks its POLICY_CHECK rule */
	bool lsm_available;            /* LSM labels can be compiled; else refused while the builtin rules are in force */
	uint8_t lsm_slots;             /* which: bitmap over obj_user, obj_role, obj_type, subj_user, subj_role, subj_type; 0: all */
	uint8_t reserved[15];
};

ima_must_check int ima_policy_new(const struct ima_policy_opts *opts, struct ima_policy **ret);
struct ima_policy *ima_policy_free(struct ima_policy *p);

/**
 * ima_policy_builtin() - add builtin sets as ima_policy= names them, separated by space, '|' or newline
 * Legacy words "ima_tcb" and "ima_appraise_tcb" are taken as well. Unknown words: -ENOENT with @diag, the others are in force.
 */
ima_must_check int ima_policy_builtin(struct ima_policy *p, const char *names,
				      struct ima_diag *diag);

/** ima_policy_begin()/_add_line()/_commit()/_abort() - one upload, K 1.9
 *
 * _add_line() takes one line without its newline; -EINVAL/-ERANGE with @diag (line counted over the upload) poisons the upload.
 * _commit() returns -EINVAL when poisoned or without a rule: nothing of it takes effect.
 */
ima_must_check int ima_policy_begin(struct ima_policy *p); /* -EBUSY */
ima_must_check int ima_policy_add_line(struct ima_policy *p, struct ima_bytes line,
				       struct ima_diag *diag);
/** ima_policy_add_line_audited() - the same; @audit gets the text of the audit record 1807, nothing for an empty line */
ima_must_check int ima_policy_add_line_audited(struct ima_policy *p, struct ima_bytes line,
					       struct ima_buffer *audit, struct ima_diag *diag);
ima_must_check int ima_policy_commit(struct ima_policy *p);
void ima_policy_abort(struct ima_policy *p);

/** ima_policy_load() - a whole text as one upload (begin, every line, commit); a final newline is not required */
ima_must_check int ima_policy_load(struct ima_policy *p, struct ima_bytes text,
				   struct ima_diag *diag);

/** ima_policy_load_audited() - the same; @said gets the text of each rule's audit record 1807, refused ones too */
ima_must_check int ima_policy_load_audited(struct ima_policy *p, struct ima_bytes text,
					   void (*said)(void *user, const char *record), void *user,
					   struct ima_diag *diag);

/** ima_policy_show() - append the read-back text of the active rules, K 1.10 */
ima_must_check int ima_policy_show(const struct ima_policy *p, struct ima_buffer *out);

/** ima_policy_n_rules() - rules of the active list */
size_t ima_policy_n_rules(const struct ima_policy *p);

/** ima_policy_flags() - OR of the do-actions in force; 0: nothing to do for any event */
uint32_t ima_policy_flags(const struct ima_policy *p);

/** ima_policy_match() - walk the active list, K 1.6 and 1.8; @wanted limits the classes (0: all) */
void ima_policy_match(const struct ima_policy *p, const struct ima_policy_event *ev,
		      uint32_t wanted, struct ima_policy_result *ret);

enum ima_step_outcome {
	IMA_STEP_DECIDES = 0, /* the rule matches and decides its class */
	IMA_STEP_MISMATCH,    /* a condition does not hold */
	IMA_STEP_DECIDED,     /* an earlier rule decided the class */
	IMA_STEP_IDLE,        /* no rule in force asks for the class at all: its dont_ rules are not looked at */
	IMA_STEP__LAST
};

struct ima_rule;

/** struct ima_policy_step - one rule's part in a decision; valid during the callback */
struct ima_policy_step {
	size_t number;                 /* of the rule, from 1 */
	unsigned int line;             /* of its upload, 0: builtin */
	enum ima_step_outcome outcome;
	uint32_t mismatch;             /* for ima_policy_step_text() */
	const struct ima_rule *rule;
};

typedef void (*ima_policy_step_fn)(void *user, const struct ima_policy_step *step);

/** ima_policy_explain() - ima_policy_match() that tells of every rule, in order */
void ima_policy_explain(const struct ima_policy *p, const struct ima_policy_event *ev,
			struct ima_policy_result *ret, ima_policy_step_fn fn, void *user);

/**
 * ima_policy_step_text() - the rule as read-back shows it, and one sentence why it does or does not decide
 * @rule, @why: appended to. -ENOMEM
 */
ima_must_check int ima_policy_step_text(const struct ima_policy *p, const struct ima_policy_step *step,
					const struct ima_policy_event *ev, struct ima_buffer *rule,
					struct ima_buffer *why);

enum ima_lint_severity { IMA_LINT_ERROR = 0, IMA_LINT_WARNING, IMA_LINT_NOTE };

/**
 * struct ima_lint_finding - something that a valid policy does and its author can hardly want
 * @id: stable name of the kind of finding, see ima_lint_kinds()
 * @line: of the rule in its upload; @token: what in the rule, empty: the whole rule
 */
struct ima_lint_finding {
	const char *id;
	enum ima_lint_severity severity;
	unsigned int line;
	char token[64];
	char text[256];
};

struct ima_lint_kind {
	const char *id;
	enum ima_lint_severity severity;
	const char *summary;
};

/** ima_lint_kinds() - every kind of finding, ended by a NULL id */
const struct ima_lint_kind *ima_lint_kinds(void);

/** ima_policy_lint() - look at the active rules as a whole; calls @fn for each finding, by rule */
void ima_policy_lint(const struct ima_policy *p,
		     void (*fn)(void *user, const struct ima_lint_finding *f), void *user);

/**
 * ima_policy_scope() - which funcs could lead to an action for some subject on this file system
 * @ev: fsmagic, fsname, fs_subtype, fsuuid are looked at; nothing else
 * Return: bitmap 1U << func. 0: no event on that file system can matter. Never too small; may be too large.
 */
uint32_t ima_policy_scope(const struct ima_policy *p, const struct ima_policy_event *ev);

/**
 * ima_policy_may_appraise() - could an access with func @f, by anybody, be appraised?
 * @ev: file-system facts, and file facts when has_inode, are looked at. Never false when a rule could match
 */
bool ima_policy_may_appraise(const struct ima_policy *p, const struct ima_policy_event *ev,
			     enum ima_func f);

/** ima_policy_label_algos() - algorithms, as bits, of the SETXATTR_CHECK rule in force; 0: there is none */
uint32_t ima_policy_label_algos(const struct ima_policy *p);

/** ima_policy_names_labels() - some active rule asks for a label of a security module */
bool ima_policy_names_labels(const struct ima_policy *p);

/** ima_policy_names_appraised() - some active rule appraises with this very func; for POLICY_CHECK: rules are taken by path only */
bool ima_policy_names_appraised(const struct ima_policy *p, enum ima_func f);

/** ima_policy_surely_appraises() - every access with func @f, by anybody with any mask, is appraised; @ev with file facts */
bool ima_policy_surely_appraises(const struct ima_policy *p, const struct ima_policy_event *ev,
				 enum ima_func f);

/** struct ima_policy_wish - what one rule asks of a good file: IMA_OPT_*, and the algorithms (bitmap, 0: any) */
struct ima_policy_wish {
	uint32_t opts;
	uint32_t algos;
	uint32_t use; /* IMA_ACTION_*_APPRAISE */
};

#define IMA_POLICY_MAX_WISHES 16

/** ima_policy_asks() - IMA_OPT_* of all rules that could match any access to the file, by anybody; @ev: as for ima_policy_may_appraise() */
uint32_t ima_policy_asks(const struct ima_policy *p, const struct ima_policy_event *ev);

/**
 * ima_policy_wishes() - what the rules that could appraise an access with func @f, by anybody, ask for; each wish once
 * @ev: as for ima_policy_may_appraise()
 * Return: number of wishes, 0: nobody's access is appraised; IMA_POLICY_MAX_WISHES + 1: there are more
 */
size_t ima_policy_wishes(const struct ima_policy *p, const struct ima_policy_event *ev,
			 enum ima_func f, struct ima_policy_wish ret[IMA_POLICY_MAX_WISHES]);

/**
 * ima_policy_pending() - could a later event on this inode ask for something not done yet?
 * @ev: file facts (has_inode part) are looked at; func, mask and credentials are free
 * @done: actions that have been carried out for the inode (IMA_ACTION_MEASURE counts by @pcrs)
 * @pcrs: bitmap of PCRs into which the inode is measured
 * Never false when an event could ask for more; funcs considered: FILE, MMAP, MMAP_REQPROT, BPRM, CREDS.
 */
bool ima_policy_pending(const struct ima_policy *p, const struct ima_policy_event *ev,
			uint32_t done, uint64_t pcrs, int default_pcr);

#ifdef __cplusplus
}
#endif
