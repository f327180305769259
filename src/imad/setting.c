/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings by name: a table row each, and what a value must be. */
#include "imad/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/diag.h"

static int replace(char **where, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*where);
	*where = copy;
	return 0;
}

/* words of one source add up; the first word of a later source drops those of an earlier one */
static int add_policy_words(struct imad_config *c, enum imad_source source, const char *words)
{
	char *joined;

	if (source != c->policy_source) {
		free(c->policy_names);
		c->policy_names = NULL;
		c->policy_source = source;
	}
	if (asprintf(&joined, "%s%s%s", c->policy_names ? c->policy_names : "",
		     c->policy_names ? " " : "", words) < 0)
		return -ENOMEM;
	free(c->policy_names);
	c->policy_names = joined;
	return 0;
}

static int set_policy(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	return add_policy_words(c, s, v);
}

static int set_tcb(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	return add_policy_words(c, s, "ima_tcb");
}

static int set_appraise_tcb(struct imad_config *c, enum imad_source s, const char *v,
			    struct ima_diag *d)
{
	return add_policy_words(c, s, "ima_appraise_tcb");
}

static int set_appraise(struct imad_config *c, enum imad_source s, const char *v,
			struct ima_diag *d)
{
	static const char *const modes[] = { "off", "log", "fix", "enforce" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(modes); i++) {
		if (!strncmp(v, modes[i], strlen(modes[i]))) {
			strcpy(c->appraise, modes[i]);
			c->appraise_given = true;
			return 0;
		}
	}
	return ima_diag_text(d, -EINVAL, "\"%s\" is not one of off, log, fix, enforce", v);
}

static int set_hash(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	enum ima_hash_algo algo;

	if (ima_hash_by_name(v, strlen(v), &algo) < 0)
		return ima_diag_text(d, -EINVAL, "\"%s\" is not a hash algorithm", v);
	c->hash = algo;
	c->hash_given = true;
	return 0;
}

static int set_template(struct imad_config *c, enum imad_source s, const char *v,
			struct ima_diag *d)
{
	if (!ima_template_builtin(v, strlen(v)))
		return ima_diag_text(d, -EINVAL, "template \"%s\" is not defined", v);
	free(c->template_fmt);
	c->template_fmt = NULL;
	return replace(&c->template_name, v);
}

static int set_template_fmt(struct imad_config *c, enum imad_source s, const char *v,
			    struct ima_diag *d)
{
	struct ima_template *t;

	if (ima_template_parse(v, strlen(v), &t) < 0)
		return ima_diag_text(d, -EINVAL, "\"%s\" is not a template format", v);
	ima_template_free(t);
	free(c->template_name);
	c->template_name = NULL;
	return replace(&c->template_fmt, v);
}

static int set_canonical(struct imad_config *c, enum imad_source s, const char *v,
			 struct ima_diag *d)
{
	c->canonical = true;
	return 0;
}

static int set_flush_htable(struct imad_config *c, enum imad_source s, const char *v,
			    struct ima_diag *d)
{
	c->flush_htable = true;
	return 0;
}

static int parse_number(const char *v, uint64_t max, uint64_t *ret, struct ima_diag *d)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(v, &end, 0);
	if (errno || end == v || *end || *v == '-' || n > max)
		return ima_diag_text(d, -EINVAL, "\"%s\" is not a number up to %llu", v,
				     (unsigned long long)max);
	*ret = n;
	return 0;
}

static int set_audit(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	uint64_t n;
	int r = parse_number(v, 1, &n, d);

	if (r == 0)
		c->audit_info = n;
	return r;
}

static int set_audit_to(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	static const char *const words[] = { "auto", "kernel", "journal", "log" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(words); i++)
		if (!strcmp(v, words[i]))
			return replace(&c->audit, v);
	if (v[0] != '/')
		return ima_diag_text(d, -EINVAL, "\"%s\" is neither auto, kernel, journal, log nor an absolute path", v);
	return replace(&c->audit, v);
}

static int set_audit_rate(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	uint64_t n = 0;
	int r = parse_number(v, 1000000, &n, d);

	if (r == 0)
		c->audit_rate = (unsigned int)n;
	return r;
}

static int set_policy_file(struct imad_config *c, enum imad_source s, const char *v,
			   struct ima_diag *d)
{
	c->policy_file_given = true;
	return replace(&c->policy_file, v);
}

static int set_tpm(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	return replace(&c->tpm, v);
}

static int set_absolute(char **where, const char *v, struct ima_diag *d)
{
	if (v[0] != '/')
		return ima_diag_text(d, -EINVAL, "\"%s\" is not an absolute path", v);
	return replace(where, v);
}

static int set_state_dir(struct imad_config *c, enum imad_source s, const char *v,
			 struct ima_diag *d)
{
	return set_absolute(&c->state_dir, v, d);
}

static int set_keys(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	return set_absolute(&c->keys, v, d);
}

static int set_evm_keys(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	return set_absolute(&c->evm_keys, v, d);
}

static int set_trusted_keys(struct imad_config *c, enum imad_source s, const char *v,
			    struct ima_diag *d)
{
	if (!strncmp(v, IMAD_KEYRING, strlen(IMAD_KEYRING)))
		return replace(&c->trusted_keys, v);
	return set_absolute(&c->trusted_keys, v, d);
}

static int set_revoked_keys(struct imad_config *c, enum imad_source s, const char *v,
			    struct ima_diag *d)
{
	return set_absolute(&c->revoked_keys, v, d);
}

static int set_revoked_hashes(struct imad_config *c, enum imad_source s, const char *v,
			      struct ima_diag *d)
{
	return set_absolute(&c->revoked_hashes, v, d);
}

static int set_evm_key(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	return set_absolute(&c->evm_key, v, d);
}

static int set_evm_master_key(struct imad_config *c, enum imad_source s, const char *v,
			      struct ima_diag *d)
{
	return set_absolute(&c->evm_master_key, v, d);
}

static int set_evm(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	if (strcmp(v, "fix"))
		return ima_diag_text(d, -EINVAL, "\"%s\" is not fix", v);
	c->evm_fix = true;
	return 0;
}

/* from the console only: a file that the machine boots with must not undo what its command line says */
static int set_emergency(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	if (s != IMAD_FROM_KERNEL || strcmp(v, "log"))
		return ima_diag_text(d, -EINVAL, "only as imad.appraise=log on the kernel command line");
	c->emergency = true;
	return 0;
}

static int set_kexec_buffer(struct imad_config *c, enum imad_source s, const char *v,
			    struct ima_diag *d)
{
	return set_absolute(&c->kexec_buffer, v, d);
}

static int set_run_dir(struct imad_config *c, enum imad_source s, const char *v,
		       struct ima_diag *d)
{
	return set_absolute(&c->run_dir, v, d);
}

static int set_mount_point(struct imad_config *c, enum imad_source s, const char *v,
			   struct ima_diag *d)
{
	return !strcmp(v, "none") ? replace(&c->mount_point, v)
				  : set_absolute(&c->mount_point, v, d);
}

static int set_scope(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	size_t n;
	int r;

	if (c->n_scopes >= IMAD_MAX_SCOPES)
		return ima_diag_text(d, -EINVAL, "more than %d scope mounts", IMAD_MAX_SCOPES);
	r = set_absolute(&c->scopes[c->n_scopes], v, d);
	if (r < 0)
		return r;
	n = strlen(v);
	while (n > 1 && c->scopes[c->n_scopes][n - 1] == '/')
		c->scopes[c->n_scopes][--n] = 0;
	c->n_scopes++;
	return 0;
}

static int set_profile(struct imad_config *c, enum imad_source s, const char *v,
		       struct ima_diag *d)
{
	if (ima_profile_by_name(v, &c->profile) < 0)
		return ima_diag_text(d, -EINVAL,
				     "\"%s\" is not one of 6.1, 6.12, 7.1, newest", v);
	return 0;
}

static int set_pcr(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	uint64_t n = 0;
	int r = parse_number(v, 15, &n, d);

	if (r == 0 && n < 8)
		r = ima_diag_text(d, -EINVAL, "PCR %s is the firmware's: 8 to 15 can be chosen", v);
	if (r == 0) {
		c->pcr = (unsigned int)n;
		c->pcr_given = true;
	}
	return r;
}

static int set_switch(bool *where, const char *v, struct ima_diag *d)
{
	uint64_t n;
	int r = parse_number(v, 1, &n, d);

	if (r == 0)
		*where = n;
	return r;
}

static int set_allow_kernel_ima(struct imad_config *c, enum imad_source s, const char *v,
				struct ima_diag *d)
{
	return set_switch(&c->allow_kernel_ima, v, d);
}

static int set_kernel_keyrings(struct imad_config *c, enum imad_source s, const char *v,
			       struct ima_diag *d)
{
	return set_switch(&c->kernel_keyrings, v, d);
}

static int set_deadline(struct imad_config *c, enum imad_source s, const char *v,
			struct ima_diag *d)
{
	return parse_number(v, 3600000, &c->deadline_ms, d);
}

static int set_grace(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	uint64_t n = 0;
	int r = parse_number(v, 86400, &n, d);

	if (r == 0)
		c->grace_s = (unsigned int)n;
	return r;
}

static int set_settle(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	return parse_number(v, 3600000, &c->settle_ms, d);
}

static int set_fail_mode(struct imad_config *c, enum imad_source s, const char *v,
			 struct ima_diag *d)
{
	if (strcmp(v, "open") && strcmp(v, "closed"))
		return ima_diag_text(d, -EINVAL, "\"%s\" is neither open nor closed", v);
	c->fail_closed = !strcmp(v, "closed");
	return 0;
}

/* in the order of IMA_GATE_GUARD_* */
static int set_guard(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	static const char *const levels[] = { "off", "on", "sealed" };

	for (unsigned int i = 0; i < IMA_N_ELEMENTS(levels); i++)
		if (!strcmp(v, levels[i])) {
			c->guard = i;
			return 0;
		}
	return ima_diag_text(d, -EINVAL, "\"%s\" is not one of off, on, sealed", v);
}

static int set_tier(struct imad_config *c, enum imad_source s, const char *v, struct ima_diag *d)
{
	static const char *const tiers[] = { "auto", "gate", "fanotify" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(tiers); i++)
		if (!strcmp(v, tiers[i])) {
			strcpy(c->tier, v);
			return 0;
		}
	return ima_diag_text(d, -EINVAL, "\"%s\" is not one of auto, gate, fanotify", v);
}

static int set_threads(struct imad_config *c, enum imad_source s, const char *v,
		       struct ima_diag *d)
{
	uint64_t n = 0;
	int r = parse_number(v, 16, &n, d);

	if (r == 0)
		c->threads = (unsigned int)n;
	return r;
}

static const struct imad_setting settings[] = {
	{ "ima_policy", set_policy, true },
	{ "ima_tcb", set_tcb, true },
	{ "ima_appraise_tcb", set_appraise_tcb, true },
	{ "ima_appraise", set_appraise, true },
	{ "ima_hash", set_hash, true },
	{ "ima_template", set_template, true },
	{ "ima_template_fmt", set_template_fmt, true },
	{ "ima_canonical_fmt", set_canonical, true },
	{ "ima_flush_htable", set_flush_htable, true },
	{ "integrity_audit", set_audit, true },
	{ "ima_audit", set_audit, true },
	{ "evm", set_evm, true },
	{ "imad.appraise", set_emergency, true },
	{ "keys", set_keys, false },
	{ "evm_keys", set_evm_keys, false },
	{ "trusted_keys", set_trusted_keys, false },
	{ "kernel_keyrings", set_kernel_keyrings, false },
	{ "revoked_keys", set_revoked_keys, false },
	{ "revoked_hashes", set_revoked_hashes, false },
	{ "evm_key", set_evm_key, false },
	{ "evm_master_key", set_evm_master_key, false },
	{ "audit", set_audit_to, false },
	{ "audit_rate", set_audit_rate, false },
	{ "policy_file", set_policy_file, false },
	{ "tpm", set_tpm, false },
	{ "state_dir", set_state_dir, false },
	{ "kexec_buffer", set_kexec_buffer, false },
	{ "run_dir", set_run_dir, false },
	{ "mount_point", set_mount_point, false },
	{ "scope_mount", set_scope, false },
	{ "behaviour", set_profile, false },
	{ "pcr", set_pcr, false },
	{ "allow_kernel_ima", set_allow_kernel_ima, false },
	{ "deadline_ms", set_deadline, false },
	{ "settle_ms", set_settle, false },
	{ "grace", set_grace, false },
	{ "threads", set_threads, false },
	{ "tier", set_tier, false },
	{ "fail_mode", set_fail_mode, false },
	{ "guard", set_guard, false },
};

const struct imad_setting *imad_setting_find(const char *name, size_t len)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(settings); i++)
		if (strlen(settings[i].name) == len && !strncmp(settings[i].name, name, len))
			return &settings[i];
	return NULL;
}
