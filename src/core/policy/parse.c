/* SPDX-License-Identifier: BSD-2-Clause */
/* One line to one rule: a table of tokens, one function each; the first wrong token ends the line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "core/policy/rule.h"

#define LINE_MAX_BYTES 4095 /* one page less a NUL: the longest rule that the kernel takes */

struct parser {
	const struct ima_parse_ctx *ctx;
	struct ima_rule *rule;
	unsigned int version;
	const char *why; /* of the error: one clause */
};

struct token {
	const char *name; /* with its '=' '<' '>' when it takes a value */
	int (*take)(struct parser *p, const char *value, int arg);
	int arg;
	unsigned int since; /* profile version */
};

struct ima_rule *ima_rule_free(struct ima_rule *r)
{
	if (r) {
		free(r->fsname);
		free(r->fs_subtype);
		free(r->items);
		for (int i = 0; i < LABEL__LAST; i++)
			free(r->label[i]);
		free(r);
	}
	return NULL;
}

static int refuse(struct parser *p, const char *why)
{
	p->why = why;
	return -EINVAL;
}

static int take_action(struct parser *p, const char *v, int arg)
{
	if (p->rule->action)
		return refuse(p, "a rule has one action");
	p->rule->action = (uint32_t)arg;
	return 0;
}

static int take_func(struct parser *p, const char *v, int arg)
{
	enum ima_func f;

	if (p->rule->given & RULE_FUNC)
		return refuse(p, "func= is given twice");
	if (ima_func_by_name(v, strlen(v), &f) < 0)
		return refuse(p, "no such func");
	if (f == IMA_FUNC_MMAP_CHECK_REQPROT && p->version < 603)
		return refuse(p, "no such func before Linux 6.3");
	if (f == IMA_FUNC_KEY_CHECK && p->ctx->opts->no_keys)
		return refuse(p, "keys are not measured here");
	p->rule->func = f;
	p->rule->given |= RULE_FUNC;
	return 0;
}

static int take_mask(struct parser *p, const char *v, int arg)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} masks[] = { { "MAY_EXEC", IMA_MAY_EXEC }, { "MAY_WRITE", IMA_MAY_WRITE },
		      { "MAY_READ", IMA_MAY_READ }, { "MAY_APPEND", IMA_MAY_APPEND } };
	const bool inmask = *v == '^';

	if (p->rule->given & (RULE_MASK | RULE_INMASK))
		return refuse(p, "mask= is given twice");
	for (size_t i = 0; i < IMA_N_ELEMENTS(masks); i++) {
		if (strcmp(v + inmask, masks[i].name))
			continue;
		p->rule->mask = masks[i].bit;
		p->rule->given |= inmask ? RULE_INMASK : RULE_MASK;
		return 0;
	}
	return refuse(p, "mask= takes one of MAY_EXEC, MAY_WRITE, MAY_READ, MAY_APPEND, with or without ^");
}

static int take_fsmagic(struct parser *p, const char *v, int arg)
{
	int r;

	if (p->rule->fsmagic) /* zero does not count as set, as in the kernel */
		return refuse(p, "fsmagic= is given twice");
	r = ima_value_magic(v, &p->rule->fsmagic);
	if (r < 0) {
		p->why = "not a hexadecimal number";
		return r;
	}
	p->rule->given |= RULE_FSMAGIC;
	return 0;
}

static int keep(struct parser *p, char **where, const char *v)
{
	char *copy = strdup(v);

	if (!copy) {
		p->why = "out of memory";
		return -ENOMEM;
	}
	free(*where);
	*where = copy;
	return 0;
}

static int take_fsname(struct parser *p, const char *v, int arg)
{
	p->rule->given |= RULE_FSNAME;
	return keep(p, &p->rule->fsname, v); /* the last one wins */
}

static int take_fs_subtype(struct parser *p, const char *v, int arg)
{
	if (p->rule->given & RULE_FS_SUBTYPE)
		return refuse(p, "fs_subtype= is given twice");
	p->rule->given |= RULE_FS_SUBTYPE;
	return keep(p, &p->rule->fs_subtype, v);
}

static int take_fsuuid(struct parser *p, const char *v, int arg)
{
	static const uint8_t nil[16];

	if (memcmp(p->rule->fsuuid, nil, sizeof(nil)))
		return refuse(p, "fsuuid= is given twice");
	if (ima_value_uuid(v, p->rule->fsuuid) < 0)
		return refuse(p, "not a UUID (8-4-4-4-12 hexadecimal digits)");
	p->rule->given |= RULE_FSUUID;
	return 0;
}

static int set_id(struct parser *p, struct ima_id_cond *c, char op, const char *v)
{
	int r = ima_value_id(v, &c->value);

	if (r < 0)
		p->why = "not a user or group number below 4294967295";
	c->op = op;
	return r;
}

/* @arg: operator | which << 8 */
enum { ID_UID = 0, ID_EUID, ID_GID, ID_EGID, ID_FOWNER, ID_FGROUP };

static int take_id(struct parser *p, const char *v, int arg)
{
	static const struct {
		uint32_t bit, excludes;
	} kinds[] = {
		[ID_UID] = { RULE_UID, RULE_UID | RULE_EUID },
		[ID_EUID] = { RULE_EUID, RULE_UID | RULE_EUID },
		[ID_GID] = { RULE_GID, RULE_GID | RULE_EGID },
		[ID_EGID] = { RULE_EGID, RULE_GID | RULE_EGID },
		[ID_FOWNER] = { RULE_FOWNER, RULE_FOWNER },
		[ID_FGROUP] = { RULE_FGROUP, RULE_FGROUP },
	};
	const int which = arg >> 8;
	struct ima_rule *r = p->rule;
	struct ima_id_cond *c = which <= ID_EUID ? &r->uid
				: which <= ID_EGID ? &r->gid
				: which == ID_FOWNER ? &r->fowner
						     : &r->fgroup;

	if (r->given & kinds[which].excludes)
		return refuse(p, "a second condition on the same identity");
	r->given |= kinds[which].bit;
	return set_id(p, c, (char)(arg & 0xff), v);
}

static int take_label(struct parser *p, const char *v, int arg)
{
	const uint8_t slots = p->ctx->opts->lsm_slots;

	if (p->rule->label[arg])
		return refuse(p, "the same label is given twice");
	if (!p->ctx->opts->lsm_available || (slots && !(slots >> arg & 1))) {
		if (!p->ctx->custom_active)
			return refuse(p, "no security module here understands labels");
		p->rule->label_dead = true;
	}
	p->rule->given |= RULE_LSM;
	return keep(p, &p->rule->label[arg], v);
}

static int take_pcr(struct parser *p, const char *v, int arg)
{
	int r = ima_value_pcr(v, &p->rule->pcr);

	if (r < 0)
		p->why = "pcr= takes a number from 0 to 63";
	p->rule->given |= RULE_PCR;
	return r;
}

static int take_template(struct parser *p, const char *v, int arg)
{
	if (p->rule->action != IMA_ACTION_MEASURE)
		return refuse(p, "template= must follow the action measure");
	if (p->rule->templ)
		return refuse(p, "template= is given twice");
	p->rule->templ = ima_template_builtin(v, strlen(v));
	return p->rule->templ ? 0 : refuse(p, "no such template");
}

static int take_items(struct parser *p, const char *v, int arg)
{
	if (p->rule->given & (uint32_t)arg)
		return refuse(p, "the list is given twice");
	if (p->rule->items)
		return refuse(p, "keyrings= and label= exclude each other");
	if (ima_value_items(v) < 0)
		return refuse(p, "a list item is empty");
	p->rule->given |= (uint32_t)arg;
	return keep(p, &p->rule->items, v);
}

static int take_directio(struct parser *p, const char *v, int arg)
{
	p->rule->opts |= IMA_OPT_PERMIT_DIRECTIO;
	return 0;
}

static int take_digest_type(struct parser *p, const char *v, int arg)
{
	if (strcmp(v, "verity"))
		return refuse(p, "digest_type= takes verity");
	if (p->version < 701 && (p->rule->opts & IMA_OPT_DIGSIG_REQUIRED))
		return refuse(p, "digest_type= must come before appraise_type= until Linux 7.1");
	p->rule->opts |= IMA_OPT_VERITY_REQUIRED;
	return 0;
}

static void require_signature(struct parser *p, uint32_t more)
{
	p->rule->opts |= IMA_OPT_DIGSIG_REQUIRED | more;
	if (p->version >= 606 && !p->ctx->builtin)
		p->rule->opts |= IMA_OPT_CHECK_BLACKLIST;
}

static int take_sigv3(struct parser *p)
{
	if (p->version >= 701)
		require_signature(p, IMA_OPT_SIGV3_REQUIRED);
	else if (p->rule->opts & IMA_OPT_VERITY_REQUIRED)
		require_signature(p, 0);
	else
		return refuse(p, "sigv3 needs digest_type=verity before it until Linux 7.1");
	return 0;
}

static int take_appraise_type(struct parser *p, const char *v, int arg)
{
	const uint32_t opts = p->rule->opts;

	if (!strcmp(v, "sigv3"))
		return take_sigv3(p);
	if (!strcmp(v, "imasig")) {
		if (opts & IMA_OPT_VERITY_REQUIRED)
			return refuse(p, "imasig does not go with digest_type=verity");
		require_signature(p, 0);
		return 0;
	}
	if (strcmp(v, "imasig|modsig") || p->ctx->opts->no_modsig)
		return refuse(p, "appraise_type= takes imasig, sigv3 or imasig|modsig");
	if (opts & (IMA_OPT_VERITY_REQUIRED | IMA_OPT_SIGV3_REQUIRED))
		return refuse(p, "modsig does not go with verity or sigv3");
	require_signature(p, IMA_OPT_MODSIG_ALLOWED);
	return 0;
}

static int take_appraise_flag(struct parser *p, const char *v, int arg)
{
	if (p->version >= 606)
		return 0; /* accepted, without effect */
	if (!strstr(v, "blacklist") || p->ctx->opts->no_modsig)
		return refuse(p, "appraise_flag= takes check_blacklist");
	p->rule->opts |= IMA_OPT_CHECK_BLACKLIST;
	return 0;
}

static int take_appraise_algos(struct parser *p, const char *v, int arg)
{
	if (p->rule->appraise_algos)
		return refuse(p, "appraise_algos= is given twice");
	if (ima_value_algos(p->ctx->opts, v, &p->rule->appraise_algos) < 0)
		return refuse(p, "unknown or unavailable hash algorithm");
	return 0;
}

#define ID_TOKENS(name, which)                                                                     \
	{ name "=", take_id, '=' | (which) << 8, 0 },                                              \
	{ name "<", take_id, '<' | (which) << 8, 0 },                                              \
	{ name ">", take_id, '>' | (which) << 8, 0 }

static const struct token tokens[] = {
	{ "measure", take_action, IMA_ACTION_MEASURE, 0 },
	{ "dont_measure", take_action, IMA_ACTION_DONT_MEASURE, 0 },
	{ "appraise", take_action, IMA_ACTION_APPRAISE, 0 },
	{ "dont_appraise", take_action, IMA_ACTION_DONT_APPRAISE, 0 },
	{ "audit", take_action, IMA_ACTION_AUDIT, 0 },
	{ "dont_audit", take_action, IMA_ACTION_DONT_AUDIT, 619 },
	{ "hash", take_action, IMA_ACTION_HASH, 0 },
	{ "dont_hash", take_action, IMA_ACTION_DONT_HASH, 0 },
	{ "func=", take_func, 0, 0 },
	{ "mask=", take_mask, 0, 0 },
	{ "fsmagic=", take_fsmagic, 0, 0 },
	{ "fsname=", take_fsname, 0, 0 },
	{ "fs_subtype=", take_fs_subtype, 0, 619 },
	{ "fsuuid=", take_fsuuid, 0, 0 },
	ID_TOKENS("uid", ID_UID),
	ID_TOKENS("euid", ID_EUID),
	ID_TOKENS("gid", ID_GID),
	ID_TOKENS("egid", ID_EGID),
	ID_TOKENS("fowner", ID_FOWNER),
	ID_TOKENS("fgroup", ID_FGROUP),
	{ "obj_user=", take_label, LABEL_OBJ_USER, 0 },
	{ "obj_role=", take_label, LABEL_OBJ_ROLE, 0 },
	{ "obj_type=", take_label, LABEL_OBJ_TYPE, 0 },
	{ "subj_user=", take_label, LABEL_SUBJ_USER, 0 },
	{ "subj_role=", take_label, LABEL_SUBJ_ROLE, 0 },
	{ "subj_type=", take_label, LABEL_SUBJ_TYPE, 0 },
	{ "pcr=", take_pcr, 0, 0 },
	{ "template=", take_template, 0, 0 },
	{ "keyrings=", take_items, RULE_KEYRINGS, 0 },
	{ "label=", take_items, RULE_LABEL, 0 },
	{ "permit_directio", take_directio, 0, 0 },
	{ "digest_type=", take_digest_type, 0, 0 },
	{ "appraise_type=", take_appraise_type, 0, 0 },
	{ "appraise_flag=", take_appraise_flag, 0, 0 },
	{ "appraise_algos=", take_appraise_algos, 0, 0 },
};

/* profiles stand for releases between the named ones: 6.12 has what came until then, 7.1 all but 7.2's */
static bool is_known(const struct parser *p, const struct token *t)
{
	return p->version >= t->since;
}

static int log_text(struct parser *p, const char *before, const char *text)
{
	return p->ctx->audit ? ima_buffer_printf(p->ctx->audit, "%s%s ", before, text) : 0;
}

/* every word that is known, as it was written; the one option without value is not recorded */
static int log_token(struct parser *p, const struct token *t, const char *text)
{
	if (t->take == take_directio)
		return 0;
	return log_text(p, t->take == take_action ? "action=" : "", text);
}

static int take_token(struct parser *p, const char *text)
{
	int r;

	for (size_t i = 0; i < IMA_N_ELEMENTS(tokens); i++) {
		const struct token *t = &tokens[i];
		const size_t len = strlen(t->name);
		const bool valued = strchr("=<>", t->name[len - 1]) != NULL;

		if (strncmp(text, t->name, len) || !is_known(p, t))
			continue;
		if (valued ? text[len] == 0 : text[len] != 0)
			continue;
		r = log_token(p, t, text);
		return r < 0 ? r : t->take(p, text + len, t->arg);
	}
	r = log_text(p, "UNKNOWN=", text);
	return r < 0 ? r : refuse(p, "unknown keyword or missing value");
}

static int fail_token(struct parser *p, int error, const char *start, const char *word,
		      struct ima_diag *diag)
{
	return ima_diag_set(diag, error, p->ctx->line, (unsigned int)(word - start) + 1,
			    (struct ima_bytes){ (const uint8_t *)word, strlen(word) }, "%s",
			    p->why ? p->why : "invalid");
}

static int take_line(struct parser *p, char *text, struct ima_diag *diag)
{
	char *rest = NULL;

	for (char *w = strtok_r(text, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
		int r;

		if (*w == '#' && p->version >= 614)
			return 0;
		r = take_token(p, w);
		if (r < 0)
			return fail_token(p, r, text, w, diag);
	}
	return 0;
}

static int finish(struct parser *p, struct ima_diag *diag)
{
	struct ima_diag why = { 0 };
	int r = ima_rule_validate(p->ctx, p->rule, &why);

	if (r < 0)
		return ima_diag_set(diag, r, p->ctx->line, 1, (struct ima_bytes){ 0 }, "%s",
				    why.text);
	return 1;
}

int ima_rule_parse(const struct ima_parse_ctx *ctx, struct ima_bytes line, struct ima_rule **ret,
		   struct ima_diag *diag)
{
	struct parser p = { .ctx = ctx, .version = ima_profile_number(ctx->opts->profile) };
	ima_cleanup(ima_freep) char *text = NULL;
	size_t skip;
	int r;

	if (line.len > LINE_MAX_BYTES)
		return ima_diag_set(diag, -EINVAL, ctx->line, LINE_MAX_BYTES,
				    (struct ima_bytes){ 0 }, "the line is longer than %d bytes",
				    LINE_MAX_BYTES);
	text = strndup((const char *)line.data, line.len);
	p.rule = calloc(1, sizeof(*p.rule));
	if (!text || !p.rule) {
		free(p.rule);
		return -ENOMEM;
	}
	skip = strspn(text, " \t");
	if (!text[skip] || text[skip] == '#') {
		ima_rule_free(p.rule);
		return 0;
	}
	p.rule->line = ctx->line;
	r = take_line(&p, text, diag);
	if (r == 0)
		r = finish(&p, diag);
	if (r != -ENOMEM && ctx->audit &&
	    ima_buffer_append_str(ctx->audit, r < 0 ? "res=0" : "res=1") < 0)
		r = -ENOMEM;
	if (r < 0) {
		ima_rule_free(p.rule);
		return r;
	}
	*ret = p.rule;
	return r;
}
