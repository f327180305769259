/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's life: exempt first, readers before any file is opened, list, monitor, marks, main loop. */
#include "imad/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "imad/grace.h"
#include "imad/policy_measure.h"

/* its target may be a file that others wait for */
static void exempt_thread(void *user)
{
	struct imad_worker *w = user;

	w->setup->hook->ops->exempt(w->setup->hook, (int)syscall(SYS_gettid));
}

static void say_audit(void *user, int level, const char *text)
{
	imad_log_put(((struct imad_worker *)user)->log, level, text);
}

static int open_audit(struct imad_worker *w)
{
	const struct imad_config *c = w->setup->config;
	const struct imad_audit_opts opts = { .to = c->audit, .rate = c->audit_rate, .say = say_audit,
					      .begin = exempt_thread, .user = w };

	w->audit_out = imad_audit_new(&opts);
	if (!w->audit_out)
		return -ENOMEM;
	w->audit = (struct ima_audit_sink){ .emit = imad_audit_emit, .user = w->audit_out, .info = c->audit_info };
	return 0;
}

static int choose_template(struct imad_worker *w, struct ima_diag *diag)
{
	const struct imad_config *c = w->setup->config;
	const char *name = c->template_name ? c->template_name : "ima-sig";

	if (c->template_fmt) {
		int r = ima_template_parse(c->template_fmt, strlen(c->template_fmt),
					   &w->own_template);

		w->templ = w->own_template;
		return r;
	}
	w->templ = ima_template_builtin(name, strlen(name));
	if (ima_template_is_legacy(w->templ) && c->hash != IMA_HASH_SHA1 &&
	    c->hash != IMA_HASH_MD5) {
		imad_say(w, LOG_WARNING,
			 "template ima needs ima_hash=sha1 or md5: the default ima-sig is used");
		w->templ = ima_template_builtin("ima-sig", 7);
	}
	return w->templ ? 0 : ima_diag_text(diag, -EINVAL, "template %s is not defined", name);
}

static int check_hash(struct imad_worker *w, struct ima_diag *diag)
{
	if (ima_hasher_has(w->hasher, w->setup->config->hash))
		return 0;
	return ima_diag_text(diag, -ENOPKG, "ima_hash=%s: the crypto library does not offer it",
			     ima_hash_name(w->setup->config->hash));
}

static void say_key(void *user, int level, const char *text)
{
	imad_say(user, level, "%s", text);
}

/* nothing is verified where no rule is carried out: the keys stay where they are */
static int load_keys(struct imad_worker *w, struct ima_diag *diag)
{
	const struct imad_config *c = w->setup->config;
	int r;

	if (!imad_config_appraises(c))
		return 0;
	if (c->emergency)
		imad_say(w, LOG_WARNING, "imad.appraise=log on the kernel command line: nothing is refused");
	r = imad_keys_load(c, say_key, w, &w->keys, diag);
	if (r == 0)
		imad_evm_restore(&w->setup->shared->evm, w->keys.evm);
	return r;
}

static uint32_t available_algos(const struct ima_hasher *h)
{
	uint32_t algos = 0;

	for (unsigned int a = 0; a < IMA_HASH__LAST; a++)
		if (ima_hasher_has(h, (enum ima_hash_algo)a))
			algos |= UINT32_C(1) << a;
	return algos;
}

static int build(struct imad_worker *w, struct ima_diag *diag)
{
	const struct imad_setup *s = w->setup;
	const bool first = !atomic_load(&s->shared->begun);
	struct ima_monitor_opts mo;
	int r;

	r = ima_hasher_new(&w->hasher);
	if (r == 0)
		r = check_hash(w, diag);
	if (r == 0)
		r = choose_template(w, diag);
	if (r == 0)
		r = imad_policy_setup(s->config, first ? NULL : s->policy_copy, false, &w->policy,
				      &w->custom_policy, diag);
	if (r == 0)
		r = load_keys(w, diag);
	if (r == 0)
		r = imad_list_open(w, diag);
	if (r < 0)
		return r;
	r = open_audit(w);
	if (r < 0)
		return r;
	mo = (struct ima_monitor_opts){ .policy = w->policy, .mlist = w->mlist, .templ = w->templ,
					.hash = s->config->hash, .pcr = s->config->pcr,
					.audit = &w->audit,
					.appraise = imad_config_appraises(s->config),
					.enforce = imad_config_enforces(s->config) &&
						   !atomic_load(&s->shared->reverted),
					.fix = imad_config_fixes(s->config),
					.available_algos = available_algos(w->hasher),
					.version = ima_profile_number(s->config->profile),
					.keys = w->keys.ima, .platform = w->keys.platform,
					.evm = w->keys.evm,
					.revoked = w->keys.revoked,
					.memory = s->memory,
					.violation_each_time = !imad_config_violations_once(s->config) };
	r = ima_monitor_new(&mo, &w->monitor);
	if (r == 0)
		r = imad_list_first_records(w, diag);
	if (r == 0 && first)
		r = imad_policy_start(w, diag);
	if (r == 0 && first)
		imad_keylime_warn(w);
	return r < 0 || !first ? r : imad_grace_begin(w);
}

static int start_hook(struct imad_worker *w, struct ima_diag *diag)
{
	const struct ima_hook_worker env = {
		.monitor = w->monitor,
		.last_event = ima_mlist_stats(w->mlist).last_event,
		.log = imad_log_put,
		.user = w->log,
	};

	return w->setup->hook->ops->start(w->setup->hook, &env, diag);
}

/* a stop that does not come to its end within two seconds ends the hard way: the kernel then lets every waiting task go on */
static void stop(struct imad_worker *w)
{
	alarm(2);
	w->setup->hook->ops->stop(w->setup->hook);
	ima_tpm_free(w->tpm);
	imad_keys_done(&w->keys);
	if (imad_audit_free(w->audit_out))
		imad_log_free(w->log);
	else
		imad_say(w, LOG_WARNING, "audit = %s does not answer: what waits for it is lost", w->setup->config->audit);
}

static int fail(struct imad_worker *w, int error, const struct ima_diag *diag)
{
	imad_say(w, LOG_ERR, "cannot start: %s", diag->text[0] ? diag->text : strerror(-error));
	atomic_store(&w->setup->shared->phase, IMAD_FAILED);
	stop(w);
	return 3;
}

int imad_worker_run(const struct imad_setup *setup)
{
	struct imad_worker w = { .setup = setup };
	struct ima_diag diag = { 0 };
	sigset_t none;
	int r;

	setup->hook->ops->exempt(setup->hook, getpid());
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "imad-worker");
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigaddset(&none, SIGALRM);
	sigaddset(&none, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &none, NULL);
	r = setup->hook->ops->begin(setup->hook);
	w.log = imad_log_new(STDERR_FILENO);
	if (r < 0 || !w.log)
		return 3;
	r = build(&w, &diag);
	if (r == 0)
		r = start_hook(&w, &diag);
	if (r < 0)
		return fail(&w, r, &diag);
	atomic_store(&setup->shared->begun, 1);
	atomic_store(&setup->shared->phase, IMAD_READY);
	r = imad_control_run(&w);
	stop(&w);
	return r < 0 ? 3 : 0;
}
