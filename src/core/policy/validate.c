/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes together in one rule: one row a kind of func. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/policy/rule.h"

#define ANY_ACTION UINT32_MAX
#define MEASURES (IMA_ACTION_MEASURE | IMA_ACTION_DONT_MEASURE)
#define SUBJECTS (RULE_UID | RULE_EUID | RULE_GID | RULE_EGID)
#define OWNERS (RULE_FOWNER | RULE_FGROUP)
#define MASKS (RULE_MASK | RULE_INMASK)
#define APPRAISE_OPTS                                                                              \
	(IMA_OPT_DIGSIG_REQUIRED | IMA_OPT_SIGV3_REQUIRED | IMA_OPT_MODSIG_ALLOWED |               \
	 IMA_OPT_CHECK_BLACKLIST)

struct row {
	uint32_t funcs;   /* bitmap */
	uint32_t actions;
	uint32_t given;
	uint32_t opts;
	bool algos;
};

#define F(name) (1U << IMA_FUNC_##name)

static const struct row rows[] = {
	{ F(NONE) | F(FILE_CHECK) | F(MMAP_CHECK) | F(MMAP_CHECK_REQPROT) | F(BPRM_CHECK) |
		  F(CREDS_CHECK) | F(FIRMWARE_CHECK) | F(POLICY_CHECK),
	  ANY_ACTION, RULE_FUNC | MASKS | RULE_FS | SUBJECTS | OWNERS | RULE_LSM | RULE_PCR,
	  IMA_OPT_PERMIT_DIRECTIO | IMA_OPT_VERITY_REQUIRED | IMA_OPT_DIGSIG_REQUIRED |
		  IMA_OPT_SIGV3_REQUIRED | IMA_OPT_CHECK_BLACKLIST,
	  true },
	{ F(MODULE_CHECK) | F(KEXEC_KERNEL_CHECK) | F(KEXEC_INITRAMFS_CHECK), ANY_ACTION,
	  RULE_FUNC | MASKS | RULE_FS | SUBJECTS | OWNERS | RULE_LSM | RULE_PCR,
	  IMA_OPT_PERMIT_DIRECTIO | IMA_OPT_DIGSIG_REQUIRED | IMA_OPT_SIGV3_REQUIRED |
		  IMA_OPT_MODSIG_ALLOWED | IMA_OPT_CHECK_BLACKLIST,
	  true },
	{ F(KEXEC_CMDLINE), MEASURES,
	  RULE_FUNC | RULE_FS | SUBJECTS | OWNERS | RULE_LSM | RULE_PCR, 0, false },
	{ F(KEY_CHECK), MEASURES, RULE_FUNC | RULE_UID | RULE_GID | RULE_PCR | RULE_KEYRINGS, 0,
	  false },
	{ F(CRITICAL_DATA), MEASURES, RULE_FUNC | RULE_UID | RULE_GID | RULE_PCR | RULE_LABEL, 0,
	  false },
	{ F(SETXATTR_CHECK), IMA_ACTION_APPRAISE, RULE_FUNC | RULE_LSM, 0, true },
};

static const struct row *find_row(enum ima_func f)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++)
		if (rows[i].funcs >> f & 1)
			return &rows[i];
	return &rows[0];
}

static int refuse(struct ima_diag *d, const struct ima_rule *r, const char *what)
{
	return ima_diag_text(d, -EINVAL, "%s is not allowed with %s%s", what,
			     r->given & RULE_FUNC ? "func=" : "a rule without func",
			     r->given & RULE_FUNC ? ima_func_name(r->func) : "");
}

static const char *given_name(uint32_t bit)
{
	static const struct {
		uint32_t bits;
		const char *name;
	} names[] = {
		{ MASKS, "mask=" }, { RULE_FSMAGIC, "fsmagic=" }, { RULE_FSNAME, "fsname=" },
		{ RULE_FS_SUBTYPE, "fs_subtype=" }, { RULE_FSUUID, "fsuuid=" },
		{ RULE_UID, "uid" }, { RULE_EUID, "euid" }, { RULE_GID, "gid" },
		{ RULE_EGID, "egid" }, { RULE_FOWNER, "fowner" }, { RULE_FGROUP, "fgroup" },
		{ RULE_PCR, "pcr=" }, { RULE_KEYRINGS, "keyrings=" }, { RULE_LABEL, "label=" },
		{ RULE_LSM, "an LSM label" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++)
		if (names[i].bits & bit)
			return names[i].name;
	return "a condition";
}

static int check_action(const struct ima_rule *r, struct ima_diag *d)
{
	if (!r->action)
		return ima_diag_text(d, -EINVAL, "the rule has no action");
	if ((r->given & RULE_PCR) && r->action != IMA_ACTION_MEASURE)
		return ima_diag_text(d, -EINVAL, "pcr= goes only with measure");
	if ((r->opts & APPRAISE_OPTS || r->appraise_algos) && r->action != IMA_ACTION_APPRAISE)
		return ima_diag_text(d, -EINVAL, "appraise options go only with appraise");
	if (r->action == IMA_ACTION_APPRAISE && (r->opts & IMA_OPT_VERITY_REQUIRED) &&
	    !(r->opts & IMA_OPT_DIGSIG_REQUIRED))
		return ima_diag_text(d, -EINVAL,
				     "appraise with digest_type=verity needs an appraise_type=");
	return 0;
}

/* where releases differ */
static int check_profile(const struct ima_parse_ctx *ctx, const struct ima_rule *r,
			 struct ima_diag *d)
{
	const unsigned int version = ima_profile_number(ctx->opts->profile);
	const bool kernel_read = find_row(r->func) == &rows[1];

	if (kernel_read && (r->opts & IMA_OPT_SIGV3_REQUIRED) && version < 702)
		return refuse(d, r, "appraise_type=sigv3 (before Linux 7.2)");
	if (version < 606 && (r->opts & IMA_OPT_CHECK_BLACKLIST) &&
	    !(kernel_read && (r->opts & IMA_OPT_MODSIG_ALLOWED)))
		return refuse(d, r, "appraise_flag= without modsig (before Linux 6.6)");
	if (version >= 606 && (r->opts & IMA_OPT_CHECK_BLACKLIST) &&
	    !(r->opts & IMA_OPT_DIGSIG_REQUIRED))
		return refuse(d, r, "a blacklist check without signature");
	return 0;
}

int ima_rule_validate(const struct ima_parse_ctx *ctx, const struct ima_rule *r,
		      struct ima_diag *diag)
{
	const struct row *row = find_row(r->func);
	const uint32_t odd = r->given & ~row->given;
	int res = check_action(r, diag);

	if (res < 0)
		return res;
	if (!(r->action & row->actions))
		return refuse(diag, r, "this action");
	if (odd)
		return refuse(diag, r, given_name(odd & -odd));
	if (r->opts & ~row->opts)
		return refuse(diag, r, "this option");
	if (r->appraise_algos && !row->algos)
		return refuse(diag, r, "appraise_algos=");
	if (r->func == IMA_FUNC_SETXATTR_CHECK && !r->appraise_algos)
		return ima_diag_text(diag, -EINVAL, "func=SETXATTR_CHECK needs appraise_algos=");
	return check_profile(ctx, r, diag);
}
