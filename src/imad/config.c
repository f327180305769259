/* SPDX-License-Identifier: BSD-2-Clause */
/* Where settings come from: kernel command line, file, arguments bring names and values. */
#include "imad/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "imad/setting.h"

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
	const struct imad_setting *s = imad_setting_find(key, strlen(key));
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
		const struct imad_setting *s = imad_setting_find(w, len);
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
