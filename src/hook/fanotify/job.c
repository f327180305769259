/* SPDX-License-Identifier: BSD-2-Clause */
/* What every access needs: the facts of its file, the cache mark before hashing, the monitor, the verdict for the gate. */
#include "hook/fanotify/job.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <syslog.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fsuuid.h"
#include "hook/fanotify/cleanse.h"
#include "hook/fanotify/says.h"

static void say(struct ima_fan_job *j, int level, const char *text)
{
	if (j->w->env.log)
		j->w->env.log(j->w->env.user, level, text);
}

void ima_fan_job_count_lost(struct ima_fan_job *j, const char *why, int error)
{
	char text[160];

	atomic_fetch_add(&j->w->fan->shared->lost, 1);
	snprintf(text, sizeof(text), "an access was not measured: %s: %s", why, strerror(-error));
	say(j, LOG_ERR, text);
}

static void read_mount(struct ima_fan_job *j)
{
	struct statx sx;

	if (statx(j->file.fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID | STATX_BTIME, &sx) < 0)
		return;
	/* a stacked file system's device numbers come again with other files behind them */
	if (j->class == IMA_FAN_PLAIN && (sx.stx_mask & STATX_BTIME))
		j->ev.birth_ns = (uint64_t)sx.stx_btime.tv_sec * 1000000000U + sx.stx_btime.tv_nsec;
	if (!(sx.stx_mask & STATX_MNT_ID))
		return;
	ima_marks_facts(j->w->marks, sx.stx_mnt_id, j->tid, &j->mount);
}

static void read_fs(struct ima_fan_job *j)
{
	struct ima_policy_event *f = &j->ev.facts;
	struct statfs sf;

	if (j->has_context) {
		f->fsmagic = j->context.fsmagic;
		memcpy(f->fsuuid, j->context.fsuuid, sizeof(f->fsuuid));
	} else {
		if (fstatfs(j->file.fd, &sf) == 0)
			f->fsmagic = (uint64_t)sf.f_type;
		ima_fs_uuid(j->file.fd, f->fsuuid);
	}
	f->fsname = j->mount.fstype;
	f->fs_subtype = j->mount.subtype[0] ? j->mount.subtype : NULL;
}

/* what rules may say of the module's labels; a label that cannot be read is one that no rule names */
static void read_labels(struct ima_fan_job *j)
{
	const enum ima_lsm lsm = j->w->fan->opts.lsm;
	const char *xattr = ima_lsm_xattr(lsm);
	struct ima_bytes text;
	ssize_t n;

	if (lsm == IMA_LSM_NONE)
		return;
	text.data = (const uint8_t *)j->subject_label;
	text.len = ima_subject_label(j->w->proc_fd, j->tid, j->subject_label,
				     sizeof(j->subject_label));
	ima_lsm_split(lsm, false, text, &j->ev.facts.labels[3]);
	j->ev.subject.label = ima_lsm_trim(text);
	n = xattr ? fgetxattr(j->file.fd, xattr, j->object_label, sizeof(j->object_label)) : -1;
	text = (struct ima_bytes){ (const uint8_t *)j->object_label, n > 0 ? (size_t)n : 0 };
	ima_lsm_split(lsm, true, text, j->ev.facts.labels);
}

static void fill_facts(struct ima_fan_job *j)
{
	const struct ima_subject *s = &j->subject;
	struct ima_policy_event *f = &j->ev.facts;

	f->uid = s->uid;
	f->euid = s->euid;
	f->suid = s->suid;
	f->gid = s->gid;
	f->egid = s->egid;
	f->sgid = s->sgid;
	f->cap_setuid = s->cap_setuid;
	f->cap_setgid = s->cap_setgid;
	f->has_inode = true;
	f->fowner = j->file.st.st_uid;
	f->fgroup = j->file.st.st_gid;
	j->ev.subject = s->audit;
	j->ev.mode = (uint16_t)j->file.st.st_mode;
	j->ev.size = (uint64_t)j->file.st.st_size;
	j->ev.ino = j->file.st.st_ino;
	j->ev.dev_number = j->file.st.st_dev;
	j->ev.exec_check = s->exec_check;
	j->ev.event_ops = &ima_fan_says;
	read_fs(j);
	read_labels(j);
}

static void read_path(struct ima_fan_job *j)
{
	const char *slash;
	int n = ima_fd_path(j->w->proc_fd, &j->file, j->path, sizeof(j->path));

	if (n < 0) {
		/* a path that the kernel cannot give either: the file still must be listed */
		n = snprintf(j->path, sizeof(j->path), "(unnamed-%u:%u-%llu)",
			     major(j->file.st.st_dev), minor(j->file.st.st_dev),
			     (unsigned long long)j->file.st.st_ino);
	}
	j->ev.path = (struct ima_bytes){ (const uint8_t *)j->path, (size_t)n };
	slash = strrchr(j->path, '/');
	j->ev.last = j->ev.path;
	if (slash)
		j->ev.last = (struct ima_bytes){ (const uint8_t *)slash + 1, strlen(slash + 1) };
}

void ima_fan_job_facts(struct ima_fan_job *j)
{
	read_mount(j);
	fill_facts(j);
	j->ev.unnamed_copy = j->mount.detached && j->class == IMA_FAN_PLAIN && j->slot;
	read_path(j);
}

/* a reader of the list must not make the list longer, as the kernel's list is not measured either; running it is */
bool ima_fan_job_is_own_list(const struct ima_fan_job *j)
{
	struct stat st;

	return !j->exec && fstat(j->w->fan->opts.list_fd, &st) == 0 &&
	       st.st_ino == j->file.st.st_ino && st.st_dev == j->file.st.st_dev;
}

static unsigned int call_flags(const struct ima_gate_context *c)
{
	return c->f_flags & ~(unsigned int)O_CLOEXEC;
}

void ima_fan_job_take_context(struct ima_fan_job *j)
{
	const struct ima_gate_context *c = &j->context;
	struct ima_subject *s = &j->subject;

	s->uid = c->uid;
	s->euid = c->euid;
	s->suid = c->suid;
	s->gid = c->gid;
	s->egid = c->egid;
	s->sgid = c->sgid;
	s->cap_setuid = c->caps >> CAP_SETUID & 1;
	s->cap_setgid = c->caps >> CAP_SETGID & 1;
	s->kernel_thread = c->kind & IMA_GATE_KIND_KTHREAD;
	s->audit.uid = c->uid;
	s->ip = c->ip;
	j->ev.mapped_writers = c->mapped;
	s->open_flags = call_flags(c);
	s->call = IMA_CALL_OPEN;
	if (c->kind & IMA_GATE_KIND_EXEC)
		s->call = IMA_CALL_EXEC;
	else if (s->kernel_thread)
		s->call = IMA_CALL_KERNEL;
}

void ima_fan_job_begin_told(struct ima_fan_job *j, struct ima_fan_worker *w, struct ima_hasher *h,
			    const struct ima_gate_record *r)
{
	j->w = w;
	j->h = h;
	j->tid = (int)r->c.tid;
	j->file.fd = -EBADF;
	j->class = r->c.fsmagic == OVERLAYFS_SUPER_MAGIC ? IMA_FAN_STACKED : IMA_FAN_PLAIN;
	j->context = r->c;
	j->has_context = true;
	ima_ignore(ima_subject_read(w->proc_fd, j->tid, &j->subject));
	ima_fan_job_take_context(j);
}

void ima_fan_job_add(struct ima_fan_job *j, enum ima_func func, unsigned int mask)
{
	if (j->ev.n_checks < IMA_EVENT_MAX_CHECKS)
		j->ev.checks[j->ev.n_checks++] = (struct ima_check){ func, mask };
}

void ima_fan_job_add_mmap(struct ima_fan_job *j)
{
	ima_fan_job_add(j, IMA_FUNC_MMAP_CHECK_REQPROT, IMA_MAY_EXEC);
	ima_fan_job_add(j, IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC);
}

static int mark(struct ima_fan_job *j, unsigned int how)
{
	return fanotify_mark(j->w->fan->group[j->class], how | FAN_MARK_IGNORED_MASK, FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM,
			     j->file.fd, NULL);
}

/* two changes within one tick of the clock look alike; changes underneath stacked and remote files do not clear the mark */
static bool may_ignore(const struct ima_fan_job *j)
{
	const struct timespec *ctime = &j->file.st.st_ctim;
	struct timespec now;

	if (!j->slot || j->class != IMA_FAN_PLAIN || j->ev.unnamed_copy || j->ev.direct_io ||
	    j->ev.has_writers || j->unsure)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - ctime->tv_sec) * 1000 + (now.tv_nsec - ctime->tv_nsec) / 1000000 >=
	       (int64_t)j->w->fan->opts.settle_ms;
}

/* since before it was read, or is somebody about to change it? */
static bool is_changed(struct ima_fan_job *j)
{
	struct ima_gate_point point;
	struct stat st;

	if (j->has_point && (ima_gate_point(j->w->fan->gate, j->file.fd, &point) < 0 || point.gen != j->point.gen))
		return true;
	return fstat(j->file.fd, &st) < 0 || st.st_ctim.tv_sec != j->file.st.st_ctim.tv_sec ||
	       st.st_ctim.tv_nsec != j->file.st.st_ctim.tv_nsec || ima_fd_file_ops.has_writers(&j->file) != 0;
}

/*
 * What was found stands until the file changes, and its opens make no event till then. Not before it was found: whoever opens the file while
 * it is hashed waits as well. A change up to the mark is seen behind it, a later one clears it; the kernel itself does not set it while
 * somebody has the file open for writing.
 */
static bool ignore_opens(struct ima_fan_job *j)
{
	if (!may_ignore(j) || mark(j, FAN_MARK_ADD | FAN_MARK_EVICTABLE) < 0)
		return false;
	j->marked = !is_changed(j);
	if (!j->marked)
		ima_ignore(mark(j, FAN_MARK_REMOVE));
	return j->marked;
}

static bool measured_for_readers(enum ima_func f)
{
	return f == IMA_FUNC_FILE_CHECK || f == IMA_FUNC_MMAP_CHECK || f == IMA_FUNC_MMAP_CHECK_REQPROT;
}

/* what the gate may let pass from now on: only content that was read after its generation was, with no writer about */
static void publish(struct ima_fan_job *j, const struct ima_outcome *out)
{
	const bool beside_writer = j->ev.has_writers || j->ev.direct_io;
	struct ima_gate *g = j->w->fan->gate;
	struct ima_gate_finding found = { .allowed = out->good, .unasked = out->unasked,
					  .keep = j->slot ? 0 : IMA_GATE_CACHED };

	if (!g || !j->has_point)
		return;
	if (out->metadata)
		ima_ignore(ima_gate_publish_metadata(g, j->file.fd, &j->point, out->metadata));
	for (size_t i = 0; i < j->ev.n_checks; i++) {
		if (!(out->matched >> i & 1) && ima_monitor_measures(j->w->env.monitor))
			continue;
		found.seen |= UINT32_C(1) << j->ev.checks[i].func;
		if ((out->matched >> i & 1) && measured_for_readers(j->ev.checks[i].func) && !j->ev.opened_for_write)
			found.flags |= IMA_GATE_MEASURED;
	}
	/* who may be writing while it is read says nothing of what was found without it */
	if (beside_writer || out->error)
		found.seen = 0;
	if (out->error)
		found.allowed = 0;
	found.unsure = (j->unsure || beside_writer) && !out->error;
	if (j->marked)
		found.flags |= IMA_GATE_CACHED;
	if (out->writers_refused)
		found.flags |= IMA_GATE_SIGNED;
	if (j->ev.new_file && (out->action & IMA_ACTION_APPRAISE))
		found.flags |= IMA_GATE_NEW;
	/* told by the gate: whether its opens are cached is not ours to say */
	if (found.seen || found.allowed || found.unasked || found.flags)
		ima_ignore(ima_gate_publish(g, j->file.fd, &j->point, &found));
}

static void look_at_point(struct ima_fan_job *j)
{
	j->has_point = ima_gate_point(j->w->fan->gate, j->file.fd, &j->point) == 0;
	j->ev.has_writers = j->has_point && ima_fd_file_ops.has_writers(&j->file) != 0;
}

/*
 * Who changed the file may be noted in the ring, and its label is to follow first. A writer that is still there may be one that has ended:
 * the thread that follows the ring keeps a task's memory, and with it what is mapped there, while it reads about the task. That thread may
 * also be reading this file, whose pages are to be dropped.
 */
static bool is_to_wait_for_ring(const struct ima_fan_job *j)
{
	return j->has_point && j->slot && (j->point.changed || j->point.tainted || j->ev.has_writers) &&
	       ima_monitor_appraises_any(j->w->env.monitor);
}

static void take_point(struct ima_fan_job *j)
{
	if (!j->w->fan->gate)
		return;
	look_at_point(j);
	if (is_to_wait_for_ring(j)) {
		ima_gate_ring_drain(j->w->fan->gate);
		look_at_point(j);
		/* whoever maps it so has it open for writing */
		if (!j->ev.has_writers)
			j->ev.mapped_writers = false;
	}
	j->ev.violations_told = true;
	j->ev.attrs = j->has_point ? (uint64_t)j->point.attrs + 1 : 0;
}

/* the gate refuses with the kernel's error number: uses by itself, opens when told so, where the kernel asks it after fanotify */
static void refuse(struct ima_fan_job *j)
{
	struct ima_gate *g = j->w->fan->gate;

	if (!j->slot || (g && j->exec) ||
	    (g && j->has_context && ima_gate_refuse_open(g, j->tid, &j->context)))
		return;
	atomic_store(&j->slot->refuse, 1);
}

/* only where the content decides whether it may be used: it is read from its device again */
static void cleanse(struct ima_fan_job *j)
{
	if (!j->has_point || !j->point.tainted ||
	    !ima_monitor_is_enforcing(j->w->env.monitor) ||
	    !ima_monitor_appraises(j->w->env.monitor, &j->ev.facts))
		return;
	/* a writer's pages stay as long as it does, and nothing is allowed meanwhile */
	if (!j->ev.has_writers && !j->ev.mapped_writers && ima_cleanse(j->file.fd) == 0)
		j->point.tainted = false;
	else
		j->unsure = true;
}

/* no rule asks for anything, whatever the content is: the gate lets it be used until it changes */
static void pass(struct ima_fan_job *j)
{
	const struct ima_outcome out = {
		.good = UINT32_MAX,
		.unasked = ~ima_monitor_appraises(j->w->env.monitor, &j->ev.facts),
	};

	if (!j->w->fan->opts.fail_closed && !ima_monitor_appraises_any(j->w->env.monitor))
		return;
	take_point(j);
	publish(j, &out);
}

void ima_fan_job_run(struct ima_fan_job *j)
{
	struct ima_fan_shared *sh = j->w->fan->shared;
	struct ima_outcome out;

	if (j->ev.new_file && j->slot)
		ima_monitor_new_file(j->w->env.monitor, j->h, &j->ev);
	if (!ima_monitor_wants(j->w->env.monitor, &j->ev)) {
		pass(j);
		return;
	}
	take_point(j);
	cleanse(j);
	ima_monitor_file(j->w->env.monitor, j->h, &j->ev, &out);
	if (out.refused)
		refuse(j);
	/* measured or not: what is not as it was signed is not used */
	if (out.error) {
		publish(j, &out);
		ima_fan_job_count_lost(j, j->path, out.error);
		return;
	}
	if (out.action & IMA_ACTION_MEASURE)
		atomic_fetch_add(&sh->measured, 1);
	/* who comes without an event finds the verdict there */
	publish(j, &out);
	if (out.refused || out.has_writers ||
	    ima_monitor_pending(j->w->env.monitor, &j->ev.facts, out.done, out.measured_pcrs) || !ignore_opens(j))
		return;
	atomic_fetch_add(&sh->ignored, 1);
	publish(j, &out);
	/* changed before the gate knew of the mark: then it tells nobody that it must go */
	if (is_changed(j))
		ima_ignore(mark(j, FAN_MARK_REMOVE));
}

