/* SPDX-License-Identifier: BSD-2-Clause */
/* The read-back text: fixed order, every item followed by one blank. */
#include <inttypes.h>
#include <stdio.h>

#include "base/buffer.h"
#include "core/policy/rule.h"

const char *ima_action_name(uint32_t action)
{
	switch (action) {
	case IMA_ACTION_MEASURE:
		return "measure";
	case IMA_ACTION_DONT_MEASURE:
		return "dont_measure";
	case IMA_ACTION_APPRAISE:
		return "appraise";
	case IMA_ACTION_DONT_APPRAISE:
		return "dont_appraise";
	case IMA_ACTION_AUDIT:
		return "audit";
	case IMA_ACTION_DONT_AUDIT:
		return "dont_audit";
	case IMA_ACTION_HASH:
		return "hash";
	default:
		return "dont_hash";
	}
}

static int show_uuid(struct ima_buffer *out, const uint8_t u[static 16])
{
	return ima_buffer_printf(out,
				 "fsuuid=%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
				 "%02x%02x%02x%02x%02x%02x ",
				 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
				 u[11], u[12], u[13], u[14], u[15]);
}

static int show_fs(const struct ima_rule *r, struct ima_buffer *out)
{
	int e = 0;

	if (r->given & RULE_FSMAGIC)
		e = ima_buffer_printf(out, "fsmagic=0x%" PRIx64 " ", r->fsmagic);
	/* the kernel's line buffer cuts names at 63 characters */
	if (e == 0 && (r->given & RULE_FSNAME))
		e = ima_buffer_printf(out, "fsname=%.63s ", r->fsname);
	if (e == 0 && (r->given & RULE_FS_SUBTYPE))
		e = ima_buffer_printf(out, "fs_subtype=%.63s ", r->fs_subtype);
	if (e == 0 && (r->given & RULE_KEYRINGS))
		e = ima_buffer_printf(out, "keyrings=%s ", r->items);
	if (e == 0 && (r->given & RULE_LABEL))
		e = ima_buffer_printf(out, "label=%s ", r->items);
	if (e == 0 && (r->given & RULE_PCR))
		e = ima_buffer_printf(out, "pcr=%d ", r->pcr);
	if (e == 0 && (r->given & RULE_FSUUID))
		e = show_uuid(out, r->fsuuid);
	return e;
}

static int show_id(struct ima_buffer *out, bool given, const char *name,
		   const struct ima_id_cond *c)
{
	return given ? ima_buffer_printf(out, "%s%c%d ", name, c->op, (int32_t)c->value) : 0;
}

static int show_ids(const struct ima_rule *r, struct ima_buffer *out)
{
	int e = show_id(out, r->given & RULE_UID, "uid", &r->uid);

	if (e == 0)
		e = show_id(out, r->given & RULE_EUID, "euid", &r->uid);
	if (e == 0)
		e = show_id(out, r->given & RULE_GID, "gid", &r->gid);
	if (e == 0)
		e = show_id(out, r->given & RULE_EGID, "egid", &r->gid);
	if (e == 0)
		e = show_id(out, r->given & RULE_FOWNER, "fowner", &r->fowner);
	return e < 0 ? e : show_id(out, r->given & RULE_FGROUP, "fgroup", &r->fgroup);
}

static int show_algos(const struct ima_rule *r, struct ima_buffer *out)
{
	const char *before = "appraise_algos=";
	int e = 0;

	if (!r->appraise_algos)
		return 0;
	for (unsigned int a = 0; a < IMA_HASH__LAST && e == 0; a++) {
		if (!(r->appraise_algos >> a & 1))
			continue;
		e = ima_buffer_printf(out, "%s%s", before, ima_hash_name((enum ima_hash_algo)a));
		before = ",";
	}
	return e < 0 ? e : ima_buffer_append_u8(out, ' ');
}

static int show_labels(const struct ima_rule *r, struct ima_buffer *out)
{
	static const char *const names[LABEL__LAST] = {
		[LABEL_OBJ_USER] = "obj_user",   [LABEL_OBJ_ROLE] = "obj_role",
		[LABEL_OBJ_TYPE] = "obj_type",   [LABEL_SUBJ_USER] = "subj_user",
		[LABEL_SUBJ_ROLE] = "subj_role", [LABEL_SUBJ_TYPE] = "subj_type",
	};
	int e = 0;

	for (int i = 0; i < LABEL__LAST && e == 0; i++)
		if (r->label[i])
			e = ima_buffer_printf(out, "%s=%s ", names[i], r->label[i]);
	return e;
}

/* the items of @given only, each followed by a blank */
static int show_given(const struct ima_rule *r, uint32_t given, struct ima_buffer *out)
{
	struct ima_rule part = *r;
	char mask[48];
	int e = 0;

	part.given &= given;
	if (part.given & RULE_FUNC)
		e = ima_buffer_printf(out, "func=%s ", ima_func_name(r->func));
	ima_mask_text(r->mask, mask);
	if (e == 0 && (part.given & (RULE_MASK | RULE_INMASK)))
		e = ima_buffer_printf(out, "mask=%s%s ", r->given & RULE_INMASK ? "^" : "", mask);
	if (e == 0)
		e = show_fs(&part, out);
	return e < 0 ? e : show_ids(&part, out);
}

int ima_rule_show_condition(const struct ima_rule *r, uint32_t bit, struct ima_buffer *out)
{
	int e = bit == RULE_LSM ? show_labels(r, out) : show_given(r, bit, out);

	if (e == 0 && out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = 0;
	return e;
}

static const char *appraise_type(const struct ima_rule *r, unsigned int version)
{
	if (!(r->opts & IMA_OPT_DIGSIG_REQUIRED))
		return "";
	if (r->opts & (version < 701 ? IMA_OPT_VERITY_REQUIRED : IMA_OPT_SIGV3_REQUIRED))
		return "appraise_type=sigv3 ";
	if (r->opts & IMA_OPT_MODSIG_ALLOWED)
		return "appraise_type=imasig|modsig ";
	return "appraise_type=imasig ";
}

static int show_options(const struct ima_rule *r, unsigned int version, struct ima_buffer *out)
{
	int e = show_algos(r, out);

	if (e == 0)
		e = show_labels(r, out);
	if (e == 0 && r->templ)
		e = ima_buffer_printf(out, "template=%s ", r->templ->name);
	if (e == 0)
		e = ima_buffer_append_str(out, appraise_type(r, version));
	if (e == 0 && (r->opts & IMA_OPT_VERITY_REQUIRED))
		e = ima_buffer_append_str(out, "digest_type=verity ");
	if (e == 0 && version < 606 && (r->opts & IMA_OPT_CHECK_BLACKLIST))
		e = ima_buffer_append_str(out, "appraise_flag=check_blacklist ");
	if (e == 0 && (r->opts & IMA_OPT_PERMIT_DIRECTIO))
		e = ima_buffer_append_str(out, "permit_directio ");
	return e;
}

int ima_rule_show(const struct ima_rule *r, enum ima_profile profile, struct ima_buffer *out)
{
	int e;

	if (r->label_dead)
		return 0;
	e = ima_buffer_printf(out, "%s ", ima_action_name(r->action));
	if (e == 0)
		e = show_given(r, UINT32_MAX, out);
	if (e == 0)
		e = show_options(r, ima_profile_number(profile), out);
	return e < 0 ? e : ima_buffer_append_u8(out, '\n');
}
