/* SPDX-License-Identifier: BSD-2-Clause */
/* What the monitor says in audit records: the kernel's words for each outcome (docs/FORMATS.md "Audit records"). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/monitor/monitor_internal.h"

static bool is_heard(const struct ima_monitor *m, bool info)
{
	return m->opts.audit && m->opts.audit->emit && (!info || m->opts.audit->info);
}

/* failed digests and metadata name the directory entry, all else the path */
static bool by_last_name(enum ima_audit_type type, const char *op, const char *cause)
{
	if (type == IMA_AUDIT_METADATA)
		return true;
	return !strcmp(op, "collect_data") && strcmp(cause, "failed-mprotect") != 0 &&
	       strcmp(cause, "denied-hash-algorithm") != 0;
}

static void emit_file(struct ima_monitor *m, const struct ima_file_event *ev, struct ima_audit_record *rec)
{
	char dev[IMA_EVENT_DEV_MAX];

	if (!is_heard(m, rec->info))
		return;
	rec->subject = &ev->subject;
	rec->dev = ev->dev;
	rec->ino = ev->ino;
	if (!rec->dev && ev->event_ops && ev->event_ops->dev) {
		ev->event_ops->dev(ev, dev);
		rec->dev = dev;
	}
	ima_audit_emit(m->opts.audit, rec);
}

void ima_monitor_audit(struct ima_monitor *m, const struct ima_file_event *ev, enum ima_audit_type type,
		       const char *op, const char *cause, int result, bool info)
{
	struct ima_audit_record rec = {
		.type = type,
		.op = op,
		.cause = cause,
		.name = by_last_name(type, op, cause) ? ev->last : ev->path,
		.result = result,
		.info = info,
	};

	emit_file(m, ev, &rec);
}

const char *ima_collect_cause(const struct ima_file_event *ev, bool verity, int error)
{
	if (verity && error == -ENODATA)
		return "no-verity-digest";
	return ev->direct_io ? "failed(directio)" : "failed";
}

void ima_monitor_audit_collect(struct ima_monitor *m, const struct ima_file_event *ev, struct ima_collected *c,
			       bool verity, int error)
{
	bool *said = verity ? &c->verity_error_said : &c->error_said;

	if (*said)
		return;
	*said = true;
	ima_monitor_audit(m, ev, IMA_AUDIT_DATA, "collect_data", ima_collect_cause(ev, verity, error), error, false);
}

/* of ima_mlist_add(), in the kernel's words; informational: it went well */
static const char *store_cause(int r, enum ima_mlist_result res)
{
	if (r < 0)
		return r == -ENOMEM ? "ENOMEM" : "hashing_error";
	return res == IMA_MLIST_ADDED ? "hash_added" : "hash_exists";
}

static int store_result(int r, enum ima_mlist_result res)
{
	return r == 0 && res != IMA_MLIST_ADDED ? -EEXIST : r;
}

static const char *tpm_cause(int tpm_error, char text[static 32])
{
	snprintf(text, 32, "TPM_error(%d)", tpm_error);
	return text;
}

void ima_monitor_audit_store(struct ima_monitor *m, const struct ima_file_event *ev, const struct ima_template *t,
			     int r, enum ima_mlist_result res, int tpm_error)
{
	const char *templ = ima_template_display_name(t);
	struct ima_audit_record rec = {
		.type = IMA_AUDIT_PCR,
		.op = "add_template_measure",
		.cause = store_cause(r, res),
		.name = ev->path,
		.result = store_result(r, res),
		.info = r == 0,
	};
	char cause[32];

	if (r < 0 && r != -ENOMEM)
		rec.name = (struct ima_bytes){ (const uint8_t *)templ, strlen(templ) };
	/* the TPM's answer comes in place of the informational word */
	if (r == 0 && tpm_error) {
		rec.cause = tpm_cause(tpm_error, cause);
		rec.info = false;
	}
	emit_file(m, ev, &rec);
}

static struct ima_audit_subject self(void)
{
	return (struct ima_audit_subject){ .pid = getpid(), .auid = UINT32_MAX, .ses = UINT32_MAX, .comm = "imad" };
}

static void emit_nameless(struct ima_monitor *m, const struct ima_audit_subject *subject, struct ima_audit_record *rec)
{
	const struct ima_audit_subject own = self();

	rec->subject = subject ? subject : &own;
	ima_audit_emit(m->opts.audit, rec);
}

void ima_monitor_audit_buffer(struct ima_monitor *m, const struct ima_audit_subject *subject, struct ima_bytes name,
			      enum ima_mlist_result res, int tpm_error)
{
	char cause[32];
	struct ima_audit_record rec = {
		.type = IMA_AUDIT_PCR,
		.op = "add_template_measure",
		.cause = tpm_error ? tpm_cause(tpm_error, cause) : store_cause(0, res),
		.name = name,
		.result = store_result(0, res),
		.info = !tpm_error,
	};

	emit_nameless(m, subject, &rec);
}

/* the record's op for a buffer of @func */
static const char *measuring(enum ima_func func)
{
	static const char *const ops[IMA_FUNC__LAST] = {
		[IMA_FUNC_NONE] = "measuring_none",
		[IMA_FUNC_FILE_CHECK] = "measuring_file",
		[IMA_FUNC_MMAP_CHECK] = "measuring_mmap",
		[IMA_FUNC_MMAP_CHECK_REQPROT] = "measuring_mmap_reqprot",
		[IMA_FUNC_BPRM_CHECK] = "measuring_bprm",
		[IMA_FUNC_CREDS_CHECK] = "measuring_creds",
		[IMA_FUNC_POST_SETATTR] = "measuring_post_setattr",
		[IMA_FUNC_MODULE_CHECK] = "measuring_module",
		[IMA_FUNC_FIRMWARE_CHECK] = "measuring_firmware",
		[IMA_FUNC_KEXEC_KERNEL_CHECK] = "measuring_kexec_kernel",
		[IMA_FUNC_KEXEC_INITRAMFS_CHECK] = "measuring_kexec_initramfs",
		[IMA_FUNC_POLICY_CHECK] = "measuring_policy",
		[IMA_FUNC_KEXEC_CMDLINE] = "measuring_kexec_cmdline",
		[IMA_FUNC_KEY_CHECK] = "measuring_key",
		[IMA_FUNC_CRITICAL_DATA] = "measuring_critical_data",
		[IMA_FUNC_SETXATTR_CHECK] = "measuring_setxattr_check",
	};

	return (unsigned int)func < IMA_FUNC__LAST ? ops[func] : ops[IMA_FUNC_NONE];
}

void ima_monitor_audit_buffer_failed(struct ima_monitor *m, const struct ima_buffer_event *ev, const char *cause,
				     int error)
{
	struct ima_audit_record rec = {
		.type = IMA_AUDIT_PCR,
		.op = measuring(ev->facts.func),
		.cause = cause,
		.name = { (const uint8_t *)ev->name, strlen(ev->name) },
		.result = error,
		.error = error,
	};

	emit_nameless(m, ev->subject, &rec);
}

void ima_monitor_audit_self(struct ima_monitor *m, enum ima_audit_type type, const char *op, const char *cause,
			    struct ima_bytes name, int result)
{
	struct ima_audit_record rec = { .type = type, .op = op, .cause = cause, .name = name, .result = result };

	emit_nameless(m, NULL, &rec);
}

void ima_monitor_policy_said(struct ima_monitor *m, const struct ima_audit_subject *subject, const char *op,
			     const char *cause, int result)
{
	struct ima_audit_record rec = { .type = IMA_AUDIT_STATUS, .op = op, .cause = cause, .result = result };

	emit_nameless(m, subject, &rec);
}

struct ima_bytes ima_audit_text_of(struct ima_bytes buffer)
{
	const uint8_t *nul = buffer.len ? memchr(buffer.data, 0, buffer.len) : NULL;

	return nul ? (struct ima_bytes){ buffer.data, (size_t)(nul - buffer.data) } : buffer;
}

static void fill_rule(const struct ima_file_event *ev, const struct ima_collected *c, struct ima_audit_rule *rule,
		      struct ima_audit_task *task)
{
	const struct ima_policy_event *f = &ev->facts;

	*task = (struct ima_audit_task){ .tgid = ev->subject.pid, .fsuid = f->euid, .fsgid = f->egid };
	if (ev->event_ops && ev->event_ops->task)
		ev->event_ops->task(ev, task);
	*rule = (struct ima_audit_rule){ .subject = &ev->subject, .task = task, .file = ev->path, .digest = &c->digest,
					 .uid = f->uid, .euid = f->euid, .suid = f->suid, .gid = f->gid,
					 .egid = f->egid, .sgid = f->sgid };
}

static void emit_rule(struct ima_monitor *m, const struct ima_file_event *ev, const struct ima_collected *c)
{
	struct ima_audit_task *task = malloc(sizeof(*task));
	struct ima_buffer text = { 0 };
	struct ima_audit_rule rule;

	if (!task)
		return;
	fill_rule(ev, c, &rule, task);
	if (ima_audit_format_rule(&text, &rule) == 0) {
		m->opts.audit->emit(m->opts.audit->user, IMA_AUDIT_RULE, (const char *)text.data);
		ima_inodes_add(m->inodes, ev, &c->digest, IMA_INODES_AUDITED);
	}
	ima_buffer_done(&text);
	free(task);
}

void ima_monitor_audit_rule(struct ima_monitor *m, struct ima_hasher *h, const struct ima_file_event *ev,
			    struct ima_collected *c, struct ima_outcome *out)
{
	int r;

	if (!is_heard(m, false) || (out->done & IMA_ACTION_AUDIT))
		return;
	r = ima_collect_digest(c, h, ev, ima_monitor_file_algo(m, ev, c));
	if (r < 0)
		ima_monitor_audit_collect(m, ev, c, false, r);
	else if (!ima_inodes_has(m->inodes, ev, &c->digest, IMA_INODES_AUDITED))
		emit_rule(m, ev, c);
	out->done |= IMA_ACTION_AUDIT;
}

void ima_monitor_refused(struct ima_monitor *m, const struct ima_file_event *ev, const char *op, const char *cause)
{
	ima_monitor_audit(m, ev, IMA_AUDIT_DATA, op, cause, -EPERM, false);
}

void ima_monitor_metadata_refused(struct ima_monitor *m, const struct ima_file_event *ev, const char *op,
				  enum ima_integrity status)
{
	ima_monitor_audit(m, ev, IMA_AUDIT_METADATA, op, ima_integrity_name(status), -EPERM, false);
}

void ima_monitor_label_refused(struct ima_monitor *m, const struct ima_file_event *ev)
{
	bool by_rule;

	pthread_rwlock_rdlock(&m->policy_lock);
	by_rule = ima_policy_label_algos(m->opts.policy) != 0;
	pthread_rwlock_unlock(&m->policy_lock);
	ima_monitor_audit(m, ev, IMA_AUDIT_DATA, "set_data",
			  by_rule ? "denied-hash-algorithm" : "unavailable-hash-algorithm", -EACCES, false);
}
