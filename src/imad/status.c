/* SPDX-License-Identifier: BSD-2-Clause */
/* The status reply (docs/FORMATS.md "Control socket"). */
#include <string.h>

#include "imad/grace.h"
#include "imad/requests.h"

#ifndef IMA_VERSION
#define IMA_VERSION "unknown"
#endif

static void add_fs(void *user, const struct ima_hook_fs *fs)
{
	json_t *marks = user;

	if (!fs->reason)
		json_object_set_new(marks, "filesystems",
				    json_integer(json_integer_value(json_object_get(
							 marks, "filesystems")) +
						 1));
	else
		json_array_append_new(json_object_get(marks, "skipped"),
				      json_pack("{s:s, s:s, s:s}", "fs", fs->fstype, "where",
						fs->where, "reason", fs->reason));
}

static json_t *marks_json(struct imad_worker *w)
{
	json_t *marks = json_pack("{s:i, s:[]}", "filesystems", 0, "skipped");

	if (marks)
		w->setup->hook->ops->each_fs(w->setup->hook, add_fs, marks);
	return marks;
}

static json_t *tpm_json(struct imad_worker *w)
{
	json_t *banks = json_array();

	for (size_t i = 0; banks && i < w->tpm->n_banks; i++) {
		const char *name = ima_hash_name(w->tpm->bank_hash[i]);

		json_array_append_new(banks, name ? json_string(name)
						  : json_sprintf("tpm_alg_%x", w->tpm->bank_alg[i]));
	}
	return json_pack("{s:s, s:s, s:o, s:I}", "owner", w->tpm->ops->name, "where", w->tpm->where,
			 "banks", banks, "last_error", (json_int_t)w->tpm->last_rc);
}

static json_t *events_json(struct imad_worker *w)
{
	struct ima_hook_stats s;

	w->setup->hook->ops->stats(w->setup->hook, &s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "seen", (json_int_t)s.seen, "measured",
			 (json_int_t)s.measured, "allowed_late", (json_int_t)s.allowed_late, "lost",
			 (json_int_t)s.lost, "retried", (json_int_t)s.retried, "ignored",
			 (json_int_t)s.ignored);
}

static int count_rules(struct ima_policy *p, void *arg)
{
	*(size_t *)arg = ima_policy_n_rules(p);
	return 0;
}

static json_t *policy_json(struct imad_worker *w)
{
	size_t rules = 0;

	if (ima_monitor_policy_call(w->monitor, count_rules, &rules) < 0)
		return NULL;
	return json_pack("{s:s?, s:I, s:b}", "names", w->setup->config->policy_names, "rules",
			 (json_int_t)rules, "custom", (int)w->custom_policy);
}

static json_t *warnings_json(struct imad_worker *w)
{
	json_t *list = json_array();

	if (!list)
		return NULL;
	if (w->journal.broken)
		json_array_append_new(list, json_string("the journal cannot be written any more"));
	if (ima_mlist_stats(w->mlist).tpm_errors)
		json_array_append_new(list, json_string("the TPM refused extends: list and PCR differ"));
	if (imad_log_dropped(w->log))
		json_array_append_new(list, json_string("messages were dropped"));
	if (imad_audit_dropped(w->audit_out))
		json_array_append_new(list, json_string("audit records were dropped"));
	if (w->setup->kernel_ima)
		json_array_append_new(list, json_string("the kernel's own IMA is active as well"));
	return list;
}

static json_t *appraisal_json(struct imad_worker *w)
{
	const struct imad_config *c = w->setup->config;
	const bool enforcing = ima_monitor_is_enforcing(w->monitor);
	const char *mode = !imad_config_appraises(c) ? "off" : enforcing ? "enforce" :
			   imad_config_fixes(c)      ? "fix" : "log";

	return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "mode", mode, "reverted",
			 atomic_load(&w->setup->shared->reverted), "confirm_within_s",
			 (json_int_t)imad_grace_left(w), "keys", (json_int_t)ima_keyring_n_keys(w->keys.ima),
			 "evm_keys", (json_int_t)(w->keys.evm ? ima_keyring_n_keys(w->keys.evm->keys) : 0), "evm",
			 (json_int_t)(w->keys.evm ? w->keys.evm->mode & ~IMA_EVM_SETUP_COMPLETE : 0));
}

json_t *imad_status(struct imad_worker *w)
{
	const struct imad_setup *s = w->setup;
	const struct ima_mlist_stats st = ima_mlist_stats(w->mlist);
	json_t *o = json_object();

	if (!o)
		return NULL;
	json_object_set_new(o, "ok", json_true());
	json_object_set_new(o, "version", json_string(IMA_VERSION));
	json_object_set_new(o, "pid", json_integer(getppid()));
	json_object_set_new(o, "tier", json_string(s->hook->ops->name));
	json_object_set_new(o, "tier_reason", json_string(s->tier_reason));
	json_object_set_new(o, "policy", policy_json(w));
	json_object_set_new(o, "appraisal", appraisal_json(w));
	json_object_set_new(o, "profile", json_string(ima_profile_name(s->config->profile)));
	json_object_set_new(o, "template", json_string(ima_template_display_name(w->templ)));
	json_object_set_new(o, "hash", json_string(ima_hash_name(s->config->hash)));
	json_object_set_new(o, "pcr", json_integer(s->config->pcr));
	json_object_set_new(o, "tpm", tpm_json(w));
	json_object_set_new(o, "entries", json_integer((json_int_t)st.entries));
	json_object_set_new(o, "deleted", json_integer((json_int_t)st.deleted));
	json_object_set_new(o, "violations", json_integer((json_int_t)st.violations));
	json_object_set_new(o, "gaps", json_integer((json_int_t)st.gaps));
	json_object_set_new(o, "events", events_json(w));
	json_object_set_new(o, "worker",
			    json_pack("{s:i, s:i}", "restarts",
				      (int)atomic_load(&s->shared->restarts), "pid", getpid()));
	json_object_set_new(o, "marks", marks_json(w));
	json_object_set_new(o, "audit", json_pack("{s:s, s:I}", "to", imad_audit_where(w->audit_out), "dropped",
						  (json_int_t)imad_audit_dropped(w->audit_out)));
	json_object_set_new(o, "view",
			    json_pack("{s:b, s:s, s:s}", "mounted",
				      atomic_load(&s->shared->view_mounted), "path",
				      s->config->mount_point, "reason", s->shared->view_reason));
	json_object_set_new(o, "journal", json_string(s->journal_path));
	json_object_set_new(o, "started", json_integer((json_int_t)s->started));
	json_object_set_new(o, "instance", json_integer((json_int_t)s->instance));
	json_object_set_new(o, "warnings", warnings_json(w));
	return o;
}
