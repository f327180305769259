/* SPDX-License-Identifier: BSD-2-Clause */
/* Control operations: pcrs and the policy upload. */
#include "imad/requests.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "control/control.h"
#include "imad/evm_state.h"
#include "imad/grace.h"
#include "imad/list_trim.h"
#include "imad/policy_measure.h"
#include "imad/tpm_pass.h"

#define POLICY_TEXT_MAX (64U << 20)

static json_t *done(void)
{
	return json_pack("{s:b}", "ok", 1);
}

static json_t *bank_json(const struct ima_pcr_bank *b)
{
	json_t *o = json_object();

	for (unsigned int i = 0; o && i < IMA_PCR_COUNT; i++) {
		char key[4], hex[2 * IMA_DIGEST_MAX + 1];
		const size_t len = ima_hash_len(b->algo);

		if (!(b->known >> i & 1))
			continue;
		snprintf(key, sizeof(key), "%u", i);
		ima_hex_encode(b->value[i], len, hex);
		json_object_set_new(o, key, json_stringn(hex, 2 * len));
	}
	return o;
}

static json_t *op_pcrs(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	const json_t *mask = json_object_get(req, "mask");
	struct ima_pcrs pcrs = { 0 };
	json_t *banks;
	int r;

	if (!w->tpm->n_banks)
		return ima_control_error(-ENODEV, NULL, "imad runs without a TPM");
	r = ima_tpm_read(w->tpm,
			 mask ? (uint32_t)json_integer_value(mask) : 1U << w->setup->config->pcr,
			 &pcrs);
	if (r < 0)
		return ima_control_error(r, NULL, "the TPM cannot be read: %s", strerror(-r));
	banks = json_object();
	for (size_t i = 0; banks && i < pcrs.n_banks; i++)
		json_object_set_new(banks, ima_hash_name(pcrs.banks[i].algo),
				    bank_json(&pcrs.banks[i]));
	return json_pack("{s:b, s:o}", "ok", 1, "banks", banks);
}

static int show_policy(struct ima_policy *p, void *arg)
{
	return ima_policy_show(p, arg);
}

static json_t *op_tpm(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	return imad_tpm_pass(w, &u->has_tpm, req);
}

static json_t *op_policy_show(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	struct ima_buffer text = { 0 };
	json_t *reply;
	int r = ima_monitor_policy_call(w->monitor, show_policy, &text);

	if (r < 0)
		reply = ima_control_error(r, NULL, "the policy cannot be shown: %s", strerror(-r));
	else
		reply = json_pack("{s:b, s:s%}", "ok", 1, "text", text.data ? (char *)text.data : "",
				  text.len);
	ima_buffer_done(&text);
	return reply;
}

struct line_call {
	struct ima_bytes line;
	struct ima_buffer audit;
	struct ima_diag diag;
};

static int call_begin(struct ima_policy *p, void *arg)
{
	return ima_policy_begin(p);
}

static int call_line(struct ima_policy *p, void *arg)
{
	struct line_call *c = arg;

	return ima_policy_add_line_audited(p, c->line, &c->audit, &c->diag);
}

static int call_commit(struct ima_policy *p, void *arg)
{
	return ima_policy_commit(p);
}

static int call_abort(struct ima_policy *p, void *arg)
{
	ima_policy_abort(p);
	return 0;
}

void imad_upload_abort(struct imad_worker *w, struct imad_upload *u)
{
	if (u->open)
		ima_ignore(ima_monitor_policy_call(w->monitor, call_abort, NULL));
	ima_buffer_done(&u->text);
	*u = (struct imad_upload){ .peer = u->peer, .has_tpm = u->has_tpm };
}

static json_t *op_policy_begin(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	const json_t *pid = json_object_get(req, "pid"); /* the view asks for who writes to its file */
	int r;

	if (u->open)
		return ima_control_error(-EBUSY, NULL, "this connection has an upload already");
	r = ima_monitor_policy_call(w->monitor, call_begin, NULL);
	if (r < 0)
		return ima_control_error(r, NULL, "another upload is under way");
	u->open = true;
	u->text.limit = POLICY_TEXT_MAX;
	imad_who_read(w, json_is_integer(pid) ? (int)json_integer_value(pid) : u->peer, &u->who);
	return done();
}

static void audit_status(struct imad_worker *w, const struct imad_upload *u, const char *cause, int result)
{
	ima_monitor_policy_said(w->monitor, &u->who.subject, "policy_update", cause, result);
}

static int add_line(struct imad_worker *w, struct imad_upload *u, struct ima_bytes line,
		    struct ima_diag *diag)
{
	struct line_call call = { .line = line };
	int r = ima_monitor_policy_call(w->monitor, call_line, &call);

	if (call.audit.len && w->audit.emit)
		w->audit.emit(w->audit.user, IMA_AUDIT_POLICY_RULE, (char *)call.audit.data);
	ima_buffer_done(&call.audit);
	if (r < 0)
		ima_monitor_policy_said(w->monitor, &u->who.subject, "update_policy",
					r == -ENOMEM ? "-ENOMEM" : "invalid-policy", r);
	if (r == 0)
		r = ima_buffer_append(&u->text, line.data, line.len);
	if (r == 0)
		r = ima_buffer_append_u8(&u->text, '\n');
	if (r < 0) {
		u->poisoned = true;
		*diag = call.diag;
	}
	return r;
}

static json_t *op_policy_line(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	const json_t *line = json_object_get(req, "line");
	struct ima_diag diag = { 0 };
	int r;

	if (!u->open || !json_is_string(line))
		return ima_control_error(-EINVAL, NULL, "policy_line: begin first, then give a line");
	if (imad_policy_needs_signature(w)) {
		u->poisoned = true;
		audit_status(w, u, "signed policy required", -EACCES);
		return ima_control_error(-EACCES, NULL, "signed policy required");
	}
	r = add_line(w, u,
		     (struct ima_bytes){ (const uint8_t *)json_string_value(line),
					 json_string_length(line) },
		     &diag);
	return r < 0 ? ima_control_error(r, &diag, "%s", diag.text) : done();
}

static int add_text(struct imad_worker *w, struct imad_upload *u, struct ima_bytes text,
		    struct ima_diag *diag)
{
	const uint8_t *p = text.data, *end = text.data + text.len;
	int r = 0;

	while (p < end && r == 0) {
		const uint8_t *nl = memchr(p, '\n', (size_t)(end - p));

		r = add_line(w, u, (struct ima_bytes){ p, (size_t)((nl ? nl : end) - p) }, diag);
		if (!nl && r == 0) {
			u->poisoned = true;
			return ima_diag_text(diag, -EINVAL,
					     "the file's last line does not end in a newline");
		}
		p = nl ? nl + 1 : end;
	}
	return r;
}

static json_t *op_policy_path(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	const char *path = json_string_value(json_object_get(req, "path"));
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	struct ima_diag diag = { 0 };
	size_t len = 0;
	int r;

	if (!u->open || !path || path[0] != '/')
		return ima_control_error(-EINVAL, NULL,
					 "policy_path: begin first, then give an absolute path");
	r = imad_policy_read(w, path, &data, &len, &diag);
	if (r == -EKEYREJECTED) {
		u->poisoned = true;
		return ima_control_error(-EACCES, &diag, "%s: %s", path, diag.text);
	}
	if (r < 0) {
		u->poisoned = true;
		return ima_control_error(r, NULL, "%s: %s", path, strerror(-r));
	}
	r = len ? add_text(w, u, (struct ima_bytes){ data, len }, &diag)
		: ima_diag_text(&diag, -EINVAL, "the file is empty");
	return r < 0 ? ima_control_error(r, &diag, "%s: %s", path, diag.text) : done();
}

/* kept first: rules that the next worker would not know of are not brought into force */
static int commit(struct imad_worker *w, struct imad_upload *u)
{
	int64_t size;
	int r = imad_policy_keep(w, ima_buffer_bytes(&u->text), &size);

	if (r < 0)
		return r;
	r = ima_monitor_policy_call(w->monitor, call_commit, NULL);
	u->open = false;
	if (r < 0)
		imad_policy_unkeep(w, size);
	return r;
}

static json_t *op_policy_commit(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	int r;

	if (!u->open)
		return ima_control_error(-EINVAL, NULL, "policy_commit: there is no upload");
	r = u->poisoned ? -EINVAL : commit(w, u);
	audit_status(w, u, r < 0 ? "failed" : "completed", r);
	imad_upload_abort(w, u);
	imad_say(w, LOG_NOTICE, "policy update %s", r < 0 ? "failed" : "completed");
	if (r < 0)
		return ima_control_error(r, NULL, "%s: nothing of it is in force",
					 r == -EINVAL ? "the upload had an error or no rule" : strerror(-r));
	w->custom_policy = true;
	if (imad_grace_begin(w) < 0)
		imad_say(w, LOG_ERR, "the trial of the new rules cannot begin");
	r = w->setup->hook->ops->refresh(w->setup->hook);
	return r < 0 ? ima_control_error(r, NULL, "the hooks did not follow: %s", strerror(-r))
		     : done();
}

static json_t *op_policy_abort(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	imad_upload_abort(w, u);
	return done();
}

static json_t *op_status(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	return imad_status(w);
}

static json_t *op_measure(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	const json_t *data = json_object_get(req, "data");
	const char *keyring = json_string_value(json_object_get(req, "keyring"));
	const char *label = keyring ? keyring : json_string_value(json_object_get(req, "label"));
	const char *name = keyring ? keyring : json_string_value(json_object_get(req, "name"));
	const size_t len = json_string_length(data);
	ima_cleanup(ima_freep) uint8_t *bytes = malloc(len / 2 + 1);
	struct ima_buffer_event ev = {
		.facts = { .func = keyring ? IMA_FUNC_KEY_CHECK : IMA_FUNC_CRITICAL_DATA },
		.name = name,
		.by_hash = json_is_true(json_object_get(req, "by_hash")),
	};
	const uint64_t before = ima_mlist_stats(w->mlist).entries;
	int r;

	if (!label || !name || !*label || !*name || !json_is_string(data))
		return ima_control_error(-EINVAL, NULL, "measure: label and name (or keyring) and data are needed");
	if (!bytes || ima_hex_decode(json_string_value(data), len, bytes) < 0)
		return ima_control_error(bytes ? -EINVAL : -ENOMEM, NULL, "measure: the data is not hexadecimal");
	ev.facts.func_data = (struct ima_bytes){ (const uint8_t *)label, strlen(label) };
	ev.data = (struct ima_bytes){ bytes, len / 2 };
	r = ima_monitor_buffer(w->monitor, w->hasher, &ev);
	if (r < 0 && r != -ENOENT)
		return ima_control_error(r, NULL, "measure: %s", strerror(-r));
	return json_pack("{s:b, s:b, s:b}", "ok", 1, "wanted", r == 0, "added",
			 ima_mlist_stats(w->mlist).entries > before);
}

#define TRY_MS 30000
#define TRY_POLL_MS 20

/* in the new process: only what is safe after fork(2) of a process with threads */
static void become_trial(const char *path)
{
	char name[] = "imad", word[] = "--version";
	char *const args[] = { name, word, NULL }, *const env[] = { NULL };
	const int quiet = open("/dev/null", O_WRONLY);

	if (quiet >= 0)
		dup2(quiet, STDOUT_FILENO);
	execve(path, args, env);
	_exit(127);
}

/* on a slow machine it takes its time, and so do our own threads that judge it: the heart beats meanwhile */
static int wait_for_trial(struct imad_worker *w, pid_t pid)
{
	const struct timespec pause = { .tv_nsec = TRY_POLL_MS * 1000000L };
	int status = 0;
	pid_t r = 0;

	for (int ms = 0; r == 0 && ms < TRY_MS; ms += TRY_POLL_MS) {
		nanosleep(&pause, NULL);
		atomic_fetch_add(&w->setup->shared->heartbeat, 1);
		r = waitpid(pid, &status, WNOHANG);
	}
	if (r == 0) {
		kill(pid, SIGKILL);
		ima_ignore(waitpid(pid, NULL, 0));
		return -ETIME;
	}
	if (r < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOEXEC;
}

/* does it run at all? The answer is not worth an imad that is gone */
static int try_program(struct imad_worker *w, const char *path)
{
	const pid_t pid = fork();

	if (pid == 0)
		become_trial(path);
	return pid < 0 ? -errno : wait_for_trial(w, pid);
}

static json_t *op_appraise_confirm(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	const int r = imad_grace_confirm(w);

	if (r == -ETIME)
		return ima_control_error(r, NULL, "too late: enforcing has ended; it begins again when imad is started");
	if (r < 0)
		return ima_control_error(r, NULL, "the confirmation cannot be kept: %s", strerror(-r));
	return json_pack("{s:b, s:b}", "ok", 1, "confirmed", r);
}

static json_t *op_evm_write(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	return imad_evm_mode_write(w, req);
}

static json_t *op_evm_name(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	return imad_evm_name_add(w, req);
}

static json_t *op_evm_names(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	return imad_evm_names(w);
}

static json_t *op_restart(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	const char *program = w->setup->program;
	const int r = try_program(w, program);

	if (r < 0)
		return ima_control_error(r, NULL, "%s does not run: %s; this imad goes on", program, strerror(-r));
	atomic_store(&w->setup->shared->replace, 1);
	return done();
}

static json_t *trimmed(struct imad_worker *w, int r, const struct ima_diag *diag)
{
	if (r < 0)
		return ima_control_error(r, diag, "%s", diag->text[0] ? diag->text : strerror(-r));
	return json_pack("{s:b, s:I, s:I}", "ok", 1, "entries",
			 (json_int_t)ima_mlist_stats(w->mlist).entries, "deleted",
			 (json_int_t)ima_mlist_stats(w->mlist).deleted);
}

static json_t *op_trim(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	const json_int_t n = json_integer_value(json_object_get(req, "n"));
	struct ima_diag diag = { 0 };

	return trimmed(w, imad_trim(w, n > 0 ? (uint64_t)n : 0, &diag), &diag);
}

static json_t *op_stage(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	struct ima_diag diag = { 0 };

	return trimmed(w, imad_trim_stage(w, &diag), &diag);
}

static json_t *op_drop_staged(struct imad_worker *w, struct imad_upload *u, const json_t *req)
{
	struct ima_diag diag = { 0 };

	return trimmed(w, imad_trim_drop(w, &diag), &diag);
}

static const struct {
	const char *name;
	json_t *(*run)(struct imad_worker *w, struct imad_upload *u, const json_t *req);
} operations[] = {
	{ "status", op_status },
	{ "pcrs", op_pcrs },
	{ "tpm", op_tpm },
	{ "policy_show", op_policy_show },
	{ "policy_begin", op_policy_begin },
	{ "policy_line", op_policy_line },
	{ "policy_path", op_policy_path },
	{ "policy_commit", op_policy_commit },
	{ "policy_abort", op_policy_abort },
	{ "measure", op_measure },
	{ "appraise_confirm", op_appraise_confirm },
	{ "evm_write", op_evm_write },
	{ "evm_name", op_evm_name },
	{ "evm_names", op_evm_names },
	{ "restart", op_restart },
	{ "trim", op_trim },
	{ "stage", op_stage },
	{ "drop_staged", op_drop_staged },
};

json_t *imad_request(struct imad_worker *w, struct imad_upload *u, const json_t *request)
{
	const char *op = json_string_value(json_object_get(request, "op"));

	for (size_t i = 0; op && i < IMA_N_ELEMENTS(operations); i++)
		if (!strcmp(op, operations[i].name))
			return operations[i].run(w, u, request);
	return ima_control_error(-EOPNOTSUPP, NULL, "unknown operation \"%s\"", op ? op : "");
}
