/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings by name: one table row each; files and arguments only bring names and values. */
#include "imad/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/diag.h"

struct setting {
	const char *name;
	int (*set)(struct imad_config *c, enum imad_source source, const char *value,
		   struct ima_diag *diag);
	bool kernel; /* a kernel parameter: its values are the kernel's */
};

void imad_config_init(struct imad_config *c)
{
	*c = (struct imad_config){
		.hash = IMA_HASH_SHA256,
		.pcr = 10,
		.deadline_ms = 10000,
		.settle_ms = 2000,
		.kernel_keyrings = true,
		.policy_file = strdup(IMAD_POLICY_FILE),
		.tpm = strdup("auto"),
		.audit = strdup("auto"),
		.audit_rate = IMAD_AUDIT_RATE,
		.state_dir = strdup(IMAD_STATE_DIR),
		.run_dir = strdup(IMAD_RUN_DIR),
		.mount_point = strdup(IMAD_VIEW_MOUNT),
	};
	strcpy(c->appraise, "enforce");
	strcpy(c->tier, "auto");
	c->grace_s = IMAD_GRACE_S;
}

bool imad_config_appraises(const struct imad_config *c)
{
	return c->appraise_given && strcmp(c->appraise, "off");
}

bool imad_config_enforces(const struct imad_config *c)
{
	return c->appraise_given && !c->emergency && !strcmp(c->appraise, "enforce");
}

bool imad_config_fixes(const struct imad_config *c)
{
	return c->appraise_given && !c->emergency && !strcmp(c->appraise, "fix");
}

bool imad_config_violations_once(const struct imad_config *c)
{
	return c->profile != IMA_PROFILE_6_1;
}

void imad_config_done(struct imad_config *c)
{
	free(c->policy_names);
	free(c->template_name);
	free(c->template_fmt);
	free(c->policy_file);
	free(c->keys);
	free(c->evm_keys);
	free(c->trusted_keys);
	free(c->revoked_keys);
	free(c->revoked_hashes);
	free(c->evm_key);
	free(c->evm_master_key);
	free(c->kexec_buffer);
	free(c->audit);
	free(c->tpm);
	free(c->state_dir);
	free(c->run_dir);
	free(c->mount_point);
	for (size_t i = 0; i < c->n_scopes; i++)
		free(c->scopes[i]);
	free(c->warnings);
	*c = (struct imad_config){ 0 };
}

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

static const struct setting settings[] = {
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

static const struct setting *find_setting(const char *name, size_t len)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(settings); i++)
		if (strlen(settings[i].name) == len && !strncmp(settings[i].name, name, len))
			return &settings[i];
	return NULL;
}

static int add_warning(struct imad_config *c, const char *key, const char *text)
{
	char *joined;

	if (asprintf(&joined, "%s%s: %s\n", c->warnings ? c->warnings : "", key, text) < 0)
		return -ENOMEM;
	free(c->warnings);
	c->warnings = joined;
	return 0;
}

int imad_config_set(struct imad_config *c, enum imad_source source, const char *key,
		    const char *value, struct ima_diag *diag)
{
	const struct setting *s = find_setting(key, strlen(key));
	struct ima_diag why = { 0 };
	int r;

	if (!s)
		return ima_diag_text(diag, -ENOENT, "unknown setting \"%s\"", key);
	r = s->set(c, source, value, &why);
	if (r == -EINVAL && s->kernel)
		return add_warning(c, key, why.text);
	if (r < 0 && diag)
		ima_ignore(ima_diag_text(diag, r, "%s: %.150s", key, why.text));
	return r;
}

int imad_config_kernel(struct imad_config *c, const char *cmdline)
{
	ima_cleanup(ima_freep) char *copy = strdup(cmdline);
	char *rest = NULL;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	for (char *w = strtok_r(copy, " \t\n", &rest); w && r == 0;
	     w = strtok_r(NULL, " \t\n", &rest)) {
		char *eq = strchr(w, '=');
		size_t len = eq ? (size_t)(eq - w) : strlen(w);
		const struct setting *s = find_setting(w, len);
		char *value = eq ? eq + 1 : w + len;
		size_t vlen = strlen(value);

		if (!s || !s->kernel)
			continue;
		if (vlen >= 2 && value[0] == '"' && value[vlen - 1] == '"') {
			value[vlen - 1] = 0;
			value++;
		}
		r = imad_config_set(c, IMAD_FROM_KERNEL, s->name, value, NULL);
	}
	return r;
}

struct file_state {
	struct imad_config *c;
	struct ima_diag diag;
	bool failed;
};

static int file_handler(void *user, const char *section, const char *name, const char *value)
{
	struct file_state *st = user;

	if (st->failed)
		return 1;
	if (section[0] && strcmp(section, "imad"))
		ima_ignore(ima_diag_text(&st->diag, -EINVAL, "unknown section \"%s\"", section));
	else if (imad_config_set(st->c, IMAD_FROM_FILE, name, value, &st->diag) == 0)
		return 1;
	st->failed = true;
	return 0;
}

int imad_config_file(struct imad_config *c, const char *path, bool required, struct ima_diag *diag)
{
	struct file_state st = { .c = c };
	ima_cleanup(ima_fclosep) FILE *f = fopen(path, "re");
	int line;

	if (!f) {
		if (errno == ENOENT && !required)
			return 0;
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	}
	line = ini_parse_file(f, file_handler, &st);
	if (line == 0)
		return 0;
	if (line < 0)
		return ima_diag_text(diag, -ENOMEM, "out of memory");
	return ima_diag_set(diag, -EINVAL, (unsigned int)line, 0, (struct ima_bytes){ 0 }, "%.150s",
			    st.failed ? st.diag.text : "not a setting (NAME = VALUE)");
}
