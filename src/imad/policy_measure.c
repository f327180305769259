/* SPDX-License-Identifier: BSD-2-Clause */
/* The POLICY_CHECK hook of imad's own policy loading. */
#include "imad/policy_measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/file.h"
#include "imad/who.h"

static int digest_of(void *user, struct ima_hasher *h, enum ima_hash_algo algo,
		     struct ima_digest *ret)
{
	return ima_hash_bytes(h, algo, *(const struct ima_bytes *)user, ret);
}

static void measure(struct imad_worker *w, const char *path, const struct stat *st,
		    uint64_t magic, struct ima_bytes data)
{
	static const struct ima_file_ops ops = { .digest = digest_of };
	const char *slash = strrchr(path, '/');
	struct ima_file_event ev = {
		.facts = { .has_inode = true, .fowner = st->st_uid, .fgroup = st->st_gid,
			   .fsmagic = magic, .fsname = "" },
		.checks = { { IMA_FUNC_POLICY_CHECK, IMA_MAY_READ } },
		.n_checks = 1,
		.path = { (const uint8_t *)path, strlen(path) },
		.last = { (const uint8_t *)slash + 1, strlen(slash + 1) },
		.ino = st->st_ino,
		.mode = (uint16_t)st->st_mode,
		.subject = { .pid = getpid(), .auid = UINT32_MAX, .ses = UINT32_MAX, .comm = "imad" },
		.ops = &ops,
		.user = &data,
	};
	struct ima_outcome out;

	ima_monitor_file(w->monitor, w->hasher, &ev, &out);
}

int imad_policy_read(struct imad_worker *w, const char *path, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct statfs sf = { 0 };
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = ima_file_read_fd(fd, IMAD_POLICY_MAX, ret, ret_len);
	if (r < 0)
		return r;
	ima_ignore(fstatfs(fd, &sf));
	measure(w, path, &st, (uint64_t)sf.f_type, (struct ima_bytes){ *ret, *ret_len });
	return 0;
}

int imad_policy_keep(struct imad_worker *w, struct ima_bytes text)
{
	ima_cleanup(ima_closep) int fd = open(w->setup->policy_copy,
					      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (write(fd, text.data, text.len) != (ssize_t)text.len)
		return -EIO;
	return text.len && text.data[text.len - 1] != '\n' && write(fd, "\n", 1) != 1 ? -EIO : 0;
}

struct load_call {
	struct imad_worker *w;
	struct ima_bytes text;
	struct ima_diag *diag;
};

static void say_rule(void *user, const char *record)
{
	struct imad_worker *w = user;

	w->audit.emit(w->audit.user, IMA_AUDIT_POLICY_RULE, record);
}

static int load(struct ima_policy *p, void *arg)
{
	struct load_call *c = arg;

	return ima_policy_load_audited(p, c->text, say_rule, c->w, c->diag);
}

static void say_outcome(struct imad_worker *w, int r)
{
	struct imad_who self;

	imad_who_read(w, getpid(), &self);
	if (r < 0)
		ima_monitor_policy_said(w->monitor, &self.subject, "update_policy", r == -ENOMEM ? "-ENOMEM" : "invalid-policy", r);
	ima_monitor_policy_said(w->monitor, &self.subject, "policy_update", r < 0 ? "failed" : "completed", r);
}

int imad_policy_start(struct imad_worker *w, struct ima_diag *diag)
{
	const char *path = w->setup->config->policy_file;
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	struct load_call call = { .w = w, .diag = diag };
	size_t len = 0;
	int r = path ? imad_policy_read(w, path, &data, &len) : -ENOENT;

	if (r == -ENOENT && !w->setup->config->policy_file_given)
		return 0;
	if (r < 0)
		return ima_diag_text(diag, r, "%s: %s", path, strerror(-r));
	/* a worker that died on its way here may have left a copy */
	if (unlink(w->setup->policy_copy) < 0 && errno != ENOENT)
		return -errno;
	call.text = (struct ima_bytes){ data, len };
	r = ima_monitor_policy_call(w->monitor, load, &call);
	say_outcome(w, r);
	if (r == 0)
		r = imad_policy_keep(w, call.text);
	w->custom_policy = r == 0;
	return r;
}

static int ask(struct ima_policy *p, void *arg)
{
	const struct ima_policy_event ev = { .func = IMA_FUNC_POLICY_CHECK, .mask = IMA_MAY_READ,
					     .has_inode = true, .fsname = "" };
	struct ima_policy_result res;

	ima_policy_match(p, &ev, IMA_ACTION_APPRAISE | IMA_ACTION_DONT_APPRAISE, &res);
	return (res.action & IMA_ACTION_APPRAISE) != 0;
}

bool imad_policy_needs_signature(struct imad_worker *w)
{
	return ima_monitor_policy_call(w->monitor, ask, NULL) == 1;
}
