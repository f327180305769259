/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One event from slot to answer: who, which file, which kernel hooks it stands for; ignore mark before hashing; monitor; answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsuuid.h"
#include "hook/fanotify/elf.h"
#include "hook/fanotify/file.h"
#include "hook/fanotify/subject.h"
#include "hook/fanotify/worker.h"

#define HASH_FLOOR_BYTES_PER_MS 20000 /* slowest storage that a deadline allows for */

/* everything about one event, on the stack of the thread that handles it */
struct job {
	struct ima_fan_worker *w;
	enum ima_fan_class class;
	struct ima_fan_slot *slot;
	struct ima_hasher *h;
	struct ima_fd_file file;
	struct ima_subject subject;
	struct ima_mount_facts mount;
	struct ima_file_event ev;
	bool exec;
	bool marked;
	char path[PATH_MAX + 16];
	char dev[32];
	char subject_label[512], object_label[512];
};

static void say(struct job *j, int level, const char *text)
{
	if (j->w->env.log)
		j->w->env.log(j->w->env.user, level, text);
}

static void count_lost(struct job *j, const char *why, int error)
{
	char text[160];

	atomic_fetch_add(&j->w->fan->shared->lost, 1);
	snprintf(text, sizeof(text), "an access was not measured: %s: %s", why, strerror(-error));
	say(j, LOG_ERR, text);
}

static void set_deadline(struct job *j)
{
	const uint64_t hash_ms = (uint64_t)j->file.st.st_size / HASH_FLOOR_BYTES_PER_MS;
	const uint64_t ms = j->w->fan->opts.deadline_ms + hash_ms;

	atomic_store(&j->slot->deadline_ns, ima_fan_now_ns() + ms * 1000000U);
}

static void read_mount(struct job *j)
{
	struct statx sx;

	if (statx(j->file.fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID | STATX_BTIME, &sx) < 0)
		return;
	/* a stacked file system's device numbers come again with other files behind them */
	if (j->class == IMA_FAN_PLAIN && (sx.stx_mask & STATX_BTIME))
		j->ev.birth_ns = (uint64_t)sx.stx_btime.tv_sec * 1000000000U + sx.stx_btime.tv_nsec;
	if (!(sx.stx_mask & STATX_MNT_ID))
		return;
	ima_marks_facts(j->w->marks, sx.stx_mnt_id, j->slot->ev.pid, &j->mount);
}

static void read_fs(struct job *j)
{
	struct ima_policy_event *f = &j->ev.facts;
	struct statfs sf;

	if (fstatfs(j->file.fd, &sf) == 0)
		f->fsmagic = (uint64_t)sf.f_type;
	ima_fs_uuid(j->file.fd, f->fsuuid);
	f->fsname = j->mount.fstype;
	f->fs_subtype = j->mount.subtype[0] ? j->mount.subtype : NULL;
}

/* what rules may say of the module's labels; a label that cannot be read is one that no rule names */
static void read_labels(struct job *j)
{
	const enum ima_lsm lsm = j->w->fan->opts.lsm;
	const char *xattr = ima_lsm_xattr(lsm);
	struct ima_bytes text;
	ssize_t n;

	if (lsm == IMA_LSM_NONE)
		return;
	text.data = (const uint8_t *)j->subject_label;
	text.len = ima_subject_label(j->w->proc_fd, j->slot->ev.pid, j->subject_label,
				     sizeof(j->subject_label));
	ima_lsm_split(lsm, false, text, &j->ev.facts.labels[3]);
	n = xattr ? fgetxattr(j->file.fd, xattr, j->object_label, sizeof(j->object_label)) : -1;
	text = (struct ima_bytes){ (const uint8_t *)j->object_label, n > 0 ? (size_t)n : 0 };
	ima_lsm_split(lsm, true, text, j->ev.facts.labels);
}

static void fill_facts(struct job *j)
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
	j->ev.ino = j->file.st.st_ino;
	j->ev.dev_number = j->file.st.st_dev;
	j->ev.dev = j->dev;
	snprintf(j->dev, sizeof(j->dev), "%u:%u", major(j->file.st.st_dev),
		 minor(j->file.st.st_dev));
	read_fs(j);
	read_labels(j);
}

static void add_check(struct job *j, enum ima_func func, unsigned int mask)
{
	if (j->ev.n_checks < IMA_EVENT_MAX_CHECKS)
		j->ev.checks[j->ev.n_checks++] = (struct ima_check){ func, mask };
}

static void add_mmap_checks(struct job *j)
{
	add_check(j, IMA_FUNC_MMAP_CHECK_REQPROT, IMA_MAY_EXEC);
	add_check(j, IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC);
}

/* was the program of this task's running execve one that names a loader? Read once: the loader follows its program */
static bool take_loader_note(struct ima_fan_worker *w, int tid)
{
	struct ima_fan_exec *e = &w->exec[(unsigned int)tid % IMA_FAN_EXEC_STASH];
	bool expected;

	pthread_mutex_lock(&w->exec_lock);
	expected = e->tid == tid && e->expects_loader;
	if (expected)
		*e = (struct ima_fan_exec){ 0 };
	pthread_mutex_unlock(&w->exec_lock);
	return expected;
}

static void leave_loader_note(struct ima_fan_worker *w, int tid)
{
	pthread_mutex_lock(&w->exec_lock);
	w->exec[(unsigned int)tid % IMA_FAN_EXEC_STASH] =
		(struct ima_fan_exec){ .tid = tid, .expects_loader = true };
	pthread_mutex_unlock(&w->exec_lock);
}

/* the open of execve: FILE_CHECK for the open, then BPRM_CHECK; the program and its loader are mapped executable */
static void exec_checks(struct job *j)
{
	const int tid = j->slot->ev.pid;
	struct ima_elf elf;
	bool loader;

	ima_elf_probe(j->file.fd, &elf);
	loader = elf.elf && elf.shared && !elf.has_interp && take_loader_note(j->w, tid);
	add_check(j, IMA_FUNC_FILE_CHECK, IMA_MAY_EXEC);
	if (!loader) {
		add_check(j, IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC);
		add_check(j, IMA_FUNC_CREDS_CHECK, IMA_MAY_EXEC);
	}
	if (elf.elf)
		add_mmap_checks(j);
	if (elf.elf && elf.has_interp)
		leave_loader_note(j->w, tid);
}

static bool is_firmware(const struct job *j)
{
	return j->subject.call == IMA_CALL_KERNEL && strstr(j->path, "/firmware/");
}

static void open_checks(struct job *j)
{
	unsigned int mask = IMA_MAY_READ;
	struct ima_elf elf;

	if (j->subject.call == IMA_CALL_OPEN) {
		mask = ima_subject_mask(j->subject.open_flags);
		j->ev.opened_for_write = (j->subject.open_flags & O_ACCMODE) != O_RDONLY;
		j->ev.direct_io = j->subject.open_flags & O_DIRECT;
	}
	add_check(j, IMA_FUNC_FILE_CHECK, mask);
	if (is_firmware(j))
		add_check(j, IMA_FUNC_FIRMWARE_CHECK, IMA_MAY_READ);
	if (mask != IMA_MAY_READ)
		return;
	ima_elf_probe(j->file.fd, &elf);
	if (elf.elf && elf.has_exec &&
	    ima_subject_in_loader(j->w->proc_fd, j->slot->ev.pid, &j->subject))
		add_mmap_checks(j);
}

/*
 * The ignore mark is set before hashing, so that a change during hashing clears it. Not while the file is young (two
 * changes within one tick of the clock look alike), not for stacked and remote files (changes underneath do not clear
 * it); the kernel itself does not set it while somebody has the file open for writing.
 */
static void set_ignore_mark(struct job *j)
{
	const struct timespec *ctime = &j->file.st.st_ctim;
	struct timespec now;
	int64_t age_ms;

	if (j->class != IMA_FAN_PLAIN || j->ev.unnamed_copy || j->ev.direct_io)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	age_ms = (now.tv_sec - ctime->tv_sec) * 1000 + (now.tv_nsec - ctime->tv_nsec) / 1000000;
	if (age_ms < (int64_t)j->w->fan->opts.settle_ms)
		return;
	j->marked = fanotify_mark(j->w->fan->group[j->class],
				  FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_EVICTABLE,
				  FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM, j->file.fd, NULL) == 0;
}

static void drop_ignore_mark(struct job *j)
{
	if (!j->marked)
		return;
	ima_ignore(fanotify_mark(j->w->fan->group[j->class],
				 FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK,
				 FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM, j->file.fd, NULL));
	j->marked = false;
}

static void run_monitor(struct job *j)
{
	struct ima_fan_shared *sh = j->w->fan->shared;
	struct ima_outcome out;

	set_ignore_mark(j);
	ima_monitor_file(j->w->env.monitor, j->h, &j->ev, &out);
	if (out.error) {
		drop_ignore_mark(j);
		count_lost(j, j->path, out.error);
		return;
	}
	if (out.action & IMA_ACTION_MEASURE)
		atomic_fetch_add(&sh->measured, 1);
	if (j->marked && (out.has_writers || ima_monitor_pending(j->w->env.monitor, &j->ev.facts,
								 out.done, out.measured_pcrs)))
		drop_ignore_mark(j);
	if (j->marked)
		atomic_fetch_add(&sh->ignored, 1);
}

static int read_path(struct job *j)
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
	return 0;
}

static int prepare(struct job *j)
{
	int r = ima_subject_read(j->w->proc_fd, j->slot->ev.pid, &j->subject);

	/* a task that was killed while it waited uses nothing; any other failure must not hide the file */
	if (r == -ESRCH)
		return r;
	if (j->exec == false && j->subject.call == IMA_CALL_EXEC)
		return -EALREADY; /* its OPEN_EXEC_PERM event came first */
	if (j->subject.call == IMA_CALL_MOUNT)
		return -EALREADY; /* the kernel's own open: no file reaches a program */
	read_mount(j);
	fill_facts(j);
	j->ev.unnamed_copy = j->mount.detached && j->class == IMA_FAN_PLAIN;
	j->ev.number = atomic_load(&j->slot->number);
	j->ev.ops = &ima_fd_file_ops;
	j->ev.user = &j->file;
	ima_ignore(read_path(j));
	if (j->exec)
		exec_checks(j);
	else
		open_checks(j);
	return 0;
}

/* a reader of the list must not make the list longer, as the kernel's list is not measured either; running it is */
static bool is_own_list(const struct job *j)
{
	struct stat st;

	return !j->exec && fstat(j->w->fan->opts.list_fd, &st) == 0 &&
	       st.st_ino == j->file.st.st_ino && st.st_dev == j->file.st.st_dev;
}

void ima_fan_process(struct ima_fan_worker *w, enum ima_fan_class c, struct ima_fan_slot *s,
		     struct ima_hasher *h)
{
	struct job j = { .w = w, .class = c, .slot = s, .h = h, .file.fd = s->ev.fd,
			 .exec = s->ev.mask & FAN_OPEN_EXEC_PERM };

	if (!w->env.monitor) {
		atomic_fetch_add(&w->fan->shared->lost, 1); /* stopped before it was started */
	} else if (fstat(j.file.fd, &j.file.st) < 0) {
		count_lost(&j, "fstat", -errno);
	} else if (S_ISREG(j.file.st.st_mode) && !is_own_list(&j)) {
		set_deadline(&j);
		if (prepare(&j) == 0 && ima_monitor_wants(w->env.monitor, &j.ev))
			run_monitor(&j);
	}
	ima_fan_finish(w->fan, c, s);
}
