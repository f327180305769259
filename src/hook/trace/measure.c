/* SPDX-License-Identifier: BSD-2-Clause */
/* From a descriptor to the monitor: the facts of the file and of its user, what was measured before, what cannot be. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsuuid.h"
#include "hook/trace/call.h"

/* the digest is remembered: whoever admits programs asks for it */
static int file_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	struct ima_trace_file *f = user;
	int r = ima_fd_file_ops.digest(&f->fd, h, algo, ret);

	f->has_content = r == 0;
	if (r == 0)
		f->content = *ret;
	return r;
}

static int file_has_writers(void *user)
{
	return ima_fd_file_ops.has_writers(user);
}

static int file_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	return ima_fd_file_ops.xattr(user, name, ret, ret_len);
}

static int file_verity(void *user, struct ima_digest *ret)
{
	return ima_fd_file_ops.verity(user, ret);
}

static int file_generation(void *user, uint32_t *ret)
{
	return ima_fd_file_ops.generation(user, ret);
}

static const struct ima_file_ops file_ops = {
	.has_writers = file_has_writers,
	.digest = file_digest,
	.xattr = file_xattr,
	.verity = file_verity,
	.generation = file_generation,
};

static void fill_subject(struct ima_trace_call *c)
{
	const struct ima_subject *s = &c->t->self.subject;
	struct ima_policy_event *f = &c->ev.facts;

	/* without capabilities nobody in the tree can become somebody else */
	if (c->t->self.caps && atomic_load(&c->t->changed) && ima_trace_task_read(c) == 0)
		s = &c->task.subject;
	f->uid = s->uid;
	f->euid = s->euid;
	f->suid = s->suid;
	f->gid = s->gid;
	f->egid = s->egid;
	f->sgid = s->sgid;
	f->cap_setuid = s->cap_setuid;
	f->cap_setgid = s->cap_setgid;
	c->ev.subject = s->audit;
	c->ev.subject.pid = c->task.tid;
}

static void fill_fs(struct ima_trace_call *c, int fd)
{
	struct ima_policy_event *f = &c->ev.facts;
	struct statfs sf;

	if (fstatfs(fd, &sf) == 0)
		f->fsmagic = (uint64_t)sf.f_type;
	ima_fs_uuid(fd, f->fsuuid);
	ima_mount_types_find(c->t->mounts, c->t->proc_fd, c->task.tid, c->mount, c->fstype, c->subtype);
	f->fsname = c->fstype[0] ? c->fstype : NULL;
	f->fs_subtype = c->subtype[0] ? c->subtype : NULL;
}

static void fill_path(struct ima_trace_call *c, int fd, const struct stat *st)
{
	const struct ima_fd_file named = { .fd = fd, .st = *st };
	const char *slash;
	int n = ima_fd_path(c->t->proc_fd, &named, c->path, sizeof(c->path));

	if (n < 0)
		n = snprintf(c->path, sizeof(c->path), "(unnamed-%s-%llu)", c->dev, (unsigned long long)st->st_ino);
	c->ev.path = (struct ima_bytes){ (const uint8_t *)c->path, (size_t)n };
	slash = strrchr(c->path, '/');
	c->ev.last = c->ev.path;
	if (slash)
		c->ev.last = (struct ima_bytes){ (const uint8_t *)slash + 1, strlen(slash + 1) };
}

static uint64_t birth_of(int fd)
{
	struct statx sx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BTIME, &sx) < 0 || !(sx.stx_mask & STATX_BTIME))
		return 0;
	return (uint64_t)sx.stx_btime.tv_sec * 1000000000U + sx.stx_btime.tv_nsec;
}

static void fill_labels(struct ima_trace_call *c, int fd)
{
	const enum ima_lsm lsm = c->t->opts.lsm;
	const char *xattr = ima_lsm_xattr(lsm);
	struct ima_bytes text;
	ssize_t n;

	if (!c->t->labels)
		return;
	text.data = (const uint8_t *)c->subject_label;
	text.len = ima_subject_label(c->t->proc_fd, c->task.tid, c->subject_label, sizeof(c->subject_label));
	ima_lsm_split(lsm, false, text, &c->ev.facts.labels[3]);
	n = xattr ? fgetxattr(fd, xattr, c->object_label, sizeof(c->object_label)) : -1;
	text = (struct ima_bytes){ (const uint8_t *)c->object_label, n > 0 ? (size_t)n : 0 };
	ima_lsm_split(lsm, true, text, c->ev.facts.labels);
}

void ima_trace_begin_file(struct ima_trace_call *c, const struct ima_trace_stat *found)
{
	const struct stat *st = &found->st;
	struct ima_file_event *ev = &c->ev;

	*ev = (struct ima_file_event){ .ops = &file_ops, .user = &c->file, .dev = c->dev };
	c->file = (struct ima_trace_file){ .fd = { .fd = -EBADF, .st = *st } };
	c->mount = found->mount;
	ev->facts.has_inode = true;
	ev->facts.fowner = st->st_uid;
	ev->facts.fgroup = st->st_gid;
	ev->mode = (uint16_t)st->st_mode;
	ev->size = (uint64_t)st->st_size;
	ev->ino = st->st_ino;
	ev->dev_number = st->st_dev;
	fill_subject(c);
}

void ima_trace_add_check(struct ima_trace_call *c, enum ima_func func, unsigned int mask)
{
	if (c->ev.n_checks < IMA_EVENT_MAX_CHECKS)
		c->ev.checks[c->ev.n_checks++] = (struct ima_check){ func, mask };
}

void ima_trace_add_mmap(struct ima_trace_call *c)
{
	ima_trace_add_check(c, IMA_FUNC_MMAP_CHECK_REQPROT, IMA_MAY_EXEC);
	ima_trace_add_check(c, IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC);
}

/* reading the list must not make it longer */
static bool is_own_list(const struct ima_trace_call *c)
{
	struct stat st;

	return c->t->opts.list_fd >= 0 && fstat(c->t->opts.list_fd, &st) == 0 && st.st_ino == c->ev.ino &&
	       st.st_dev == c->ev.dev_number;
}

/* all that decides is in the key, or the rules are asked */
static bool can_be_known(const struct ima_trace_call *c)
{
	return c->mount && !c->t->labels && !c->ev.direct_io && !c->ev.new_file;
}

static bool knows(struct ima_trace_call *c, enum ima_trace_known what)
{
	return ima_trace_cache_has(c->t->cache, what, &c->file.fd.st, c->mount, &c->ev);
}

static void remember(struct ima_trace_call *c, enum ima_trace_known what)
{
	if (what == IMA_TRACE_CONTENT || can_be_known(c))
		ima_trace_cache_add(c->t->cache, what, &c->file.fd.st, c->mount, &c->ev);
}

int ima_trace_known(struct ima_trace_call *c)
{
	if (!can_be_known(c))
		return -ENOENT;
	if (knows(c, IMA_TRACE_MEASURED)) {
		atomic_fetch_add(&c->t->n.measured, 1);
		return 1;
	}
	return knows(c, IMA_TRACE_UNWANTED) ? 0 : -ENOENT;
}

bool ima_trace_wants(struct ima_trace_call *c, int fd)
{
	const struct stat *st = &c->file.fd.st;

	snprintf(c->dev, sizeof(c->dev), "%u:%u", major(st->st_dev), minor(st->st_dev));
	fill_fs(c, fd);
	fill_labels(c, fd);
	if (ima_monitor_wants(c->t->opts.monitor, &c->ev) && !is_own_list(c))
		return true;
	if (c->fstype[0]) /* else another task may see the mount, and its type */
		remember(c, IMA_TRACE_UNWANTED);
	return false;
}

static int admit(struct ima_trace_call *c)
{
	const struct ima_trace_opts *o = &c->t->opts;

	if (!o->admit || !c->file.has_content || o->admit(o->user, &c->ev, &c->file.content))
		return 0;
	atomic_fetch_add(&c->t->n.refused, 1);
	return -EACCES;
}

/* somebody else takes calls meanwhile */
static void ask_monitor(struct ima_trace_call *c, struct ima_outcome *ret)
{
	c->lent = true;
	ima_trace_crew_lend(c->t->crew);
	ima_monitor_file(c->t->opts.monitor, c->h, &c->ev, ret);
	ima_trace_crew_back(c->t->crew);
	atomic_fetch_add(&c->t->n.hashed, 1);
}

static int measure_anew(struct ima_trace_call *c, int fd)
{
	struct ima_outcome out;
	int r;

	/* a task that was killed uses nothing; what bears its number now was not asked about */
	if (!ima_trace_still_waits(c))
		return -ESRCH;
	c->file.fd.fd = fd;
	fill_path(c, fd, &c->file.fd.st);
	c->ev.birth_ns = birth_of(fd);
	ask_monitor(c, &out);
	if (out.error)
		return ima_trace_unmeasured(c, c->path, out.error) ? 0 : -EPERM;
	ima_trace_pay_mark(c);
	r = admit(c);
	if (r == 0 && !out.has_writers) {
		remember(c, IMA_TRACE_CONTENT);
		remember(c, IMA_TRACE_MEASURED);
	}
	return r;
}

int ima_trace_measure(struct ima_trace_call *c, int fd)
{
	atomic_fetch_add(&c->t->n.measured, 1);
	if (!knows(c, IMA_TRACE_CONTENT))
		return measure_anew(c, fd);
	remember(c, IMA_TRACE_MEASURED);
	return 0;
}

int ima_trace_use(struct ima_trace_call *c, int fd)
{
	if (ima_trace_known(c) >= 0 || !ima_trace_wants(c, fd))
		return 0;
	return ima_trace_measure(c, fd);
}
