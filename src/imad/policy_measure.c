/* SPDX-License-Identifier: BSD-2-Clause */
/* The POLICY_CHECK hook of imad's own policy loading. */
#include "imad/policy_measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/fsuuid.h"
#include "hook/file.h"
#include "imad/who.h"

/* the file as it was read: labels are those of the descriptor, the content is in memory */
struct read_file {
	struct ima_fd_file fd;
	struct ima_bytes data;
};

static int digest_of(void *user, struct ima_hasher *h, enum ima_hash_algo algo,
		     struct ima_digest *ret)
{
	const struct read_file *f = user;

	return ima_hash_bytes(h, algo, f->data, ret);
}

static int xattr_of(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	struct read_file *f = user;

	return ima_fd_file_ops.xattr(&f->fd, name, ret, ret_len);
}

static int verity_of(void *user, struct ima_digest *ret)
{
	struct read_file *f = user;

	return ima_fd_file_ops.verity(&f->fd, ret);
}

static int generation_of(void *user, uint32_t *ret)
{
	struct read_file *f = user;

	return ima_fd_file_ops.generation(&f->fd, ret);
}

static void check(struct imad_worker *w, const char *path, struct read_file *f, struct ima_outcome *ret)
{
	static const struct ima_file_ops ops = { .digest = digest_of, .xattr = xattr_of, .verity = verity_of,
						 .generation = generation_of };
	const struct stat *st = &f->fd.st;
	const char *slash = strrchr(path, '/');
	struct statfs sf = { 0 };
	struct ima_file_event ev = {
		.facts = { .has_inode = true, .fowner = st->st_uid, .fgroup = st->st_gid, .fsname = "" },
		.checks = { { IMA_FUNC_POLICY_CHECK, IMA_MAY_READ } },
		.n_checks = 1,
		.path = { (const uint8_t *)path, strlen(path) },
		.last = { (const uint8_t *)slash + 1, strlen(slash + 1) },
		.ino = st->st_ino,
		.mode = (uint16_t)st->st_mode,
		.size = f->data.len,
		.subject = { .pid = getpid(), .auid = UINT32_MAX, .ses = UINT32_MAX, .comm = "imad" },
		.ops = &ops,
		.user = f,
	};

	if (fstatfs(f->fd.fd, &sf) == 0)
		ev.facts.fsmagic = (uint64_t)sf.f_type;
	ima_fs_uuid(f->fd.fd, ev.facts.fsuuid);
	ima_monitor_file(w->monitor, w->hasher, &ev, ret);
}

int imad_policy_read(struct imad_worker *w, const char *path, uint8_t **ret, size_t *ret_len,
		     struct ima_diag *diag)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	struct read_file f = { .fd.fd = fd };
	struct ima_outcome out;
	size_t len = 0;
	int r;

	if (fd < 0 || fstat(fd, &f.fd.st) < 0)
		return -errno;
	if (!S_ISREG(f.fd.st.st_mode))
		return -EINVAL;
	r = ima_file_read_fd(fd, IMAD_POLICY_MAX, &data, &len);
	if (r < 0)
		return r;
	f.data = (struct ima_bytes){ data, len };
	check(w, path, &f, &out);
	if (out.refused)
		return ima_diag_text(diag, -EKEYREJECTED, "the rules in force refuse it (POLICY_CHECK): %s",
				     out.cause ? out.cause : "not as its label says");
	*ret = ima_take(data);
	*ret_len = len;
	return 0;
}

static int append(int fd, struct ima_bytes text)
{
	const bool ends = text.len && text.data[text.len - 1] == '\n';
	ssize_t n = write(fd, text.data, text.len);

	if (n == (ssize_t)text.len && text.len && !ends)
		n = write(fd, "\n", 1) == 1 ? n : -1;
	return n == (ssize_t)text.len ? 0 : n < 0 ? -errno : -ENOSPC;
}

int imad_policy_keep(struct imad_worker *w, struct ima_bytes text, int64_t *ret_size)
{
	ima_cleanup(ima_closep) int fd = open(w->setup->policy_copy,
					      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	r = append(fd, text);
	if (r < 0 && ftruncate(fd, st.st_size) < 0)
		return -errno;
	*ret_size = st.st_size;
	return r;
}

void imad_policy_unkeep(struct imad_worker *w, int64_t size)
{
	if (truncate(w->setup->policy_copy, size) < 0)
		imad_say(w, LOG_ERR, "%s holds rules that are not in force: %s", w->setup->policy_copy, strerror(errno));
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
	int64_t kept;
	int r = path ? imad_policy_read(w, path, &data, &len, diag) : -ENOENT;

	if (r == -ENOENT && !w->setup->config->policy_file_given)
		return 0;
	if (r == -EKEYREJECTED) {
		imad_say(w, LOG_ERR, "%s: %s; the builtin rules stay", path, diag->text);
		return 0;
	}
	if (r < 0)
		return ima_diag_text(diag, r, "%s: %s", path, strerror(-r));
	/* a worker that died on its way here may have left a copy */
	if (unlink(w->setup->policy_copy) < 0 && errno != ENOENT)
		return -errno;
	call.text = (struct ima_bytes){ data, len };
	r = imad_policy_keep(w, call.text, &kept);
	if (r < 0)
		return ima_diag_text(diag, r, "%s: %s", w->setup->policy_copy, strerror(-r));
	r = ima_monitor_policy_call(w->monitor, load, &call);
	say_outcome(w, r);
	if (r < 0)
		imad_policy_unkeep(w, kept);
	w->custom_policy = r == 0;
	return r;
}

static int ask(struct ima_policy *p, void *arg)
{
	return ima_policy_names_appraised(p, IMA_FUNC_POLICY_CHECK);
}

bool imad_policy_needs_signature(struct imad_worker *w)
{
	return ima_monitor_policy_call(w->monitor, ask, NULL) == 1;
}
