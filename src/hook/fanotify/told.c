/* SPDX-License-Identifier: BSD-2-Clause */
/* One record of the gate's ring to its end. The task that caused it does not wait: its file is found again and must be the same one. */
#include "hook/fanotify/told.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/fanotify/find.h"
#include "hook/fanotify/job.h"
#include "hook/fanotify/metadata.h"
#include "hook/fanotify/modules.h"
#include "hook/fanotify/says.h"

#define WAIT_MS 200
#define MOUNT_TRIES 50
#define MOUNT_MAX_TRIES 5000 /* a second */
#define MOUNT_WAIT_US 200
#define MAX_HELD 8
#define HOLD_NS UINT64_C(1000000000)
#define TOLD_NICE (-20)

/* of a task that met a new file system, for a moment: what it used is still to be named */
struct held {
	struct ima_held_ns ns;
	uint64_t until_ns;
};

struct ima_fan_told {
	struct ima_fan_modules modules; /* under the lock of the ring IMA_GATE_RING_TOLD */
	pthread_mutex_t held_lock;
	struct held held[MAX_HELD];
	size_t next_held;
	struct ima_fan_worker *w;
	struct ima_hasher *h; /* under the lock of the ring IMA_GATE_RING_TOLD */
	pthread_t thread, changes;
	bool has_thread, has_changes;
	_Atomic bool stopping;
	uint64_t dropped; /* said so far; the thread's own */
};

static void say(struct ima_fan_told *t, int level, const char *text)
{
	if (t->w->env.log)
		t->w->env.log(t->w->env.user, level, text);
}

static void add_checks(struct ima_fan_job *j, const struct ima_gate_record *r)
{
	const enum ima_func f = (enum ima_func)r->func;
	const bool exec = f == IMA_FUNC_MMAP_CHECK || f == IMA_FUNC_MMAP_CHECK_REQPROT ||
			  f == IMA_FUNC_BPRM_CHECK;

	if (f == IMA_FUNC_FILE_CHECK && r->type != IMA_GATE_LATE) {
		ima_fan_job_add(j, f,
				j->subject.call == IMA_CALL_EXEC ?
					IMA_MAY_EXEC :
					ima_subject_mask(j->subject.open_flags));
		return;
	}
	ima_fan_job_add(j, f, exec ? IMA_MAY_EXEC : IMA_MAY_READ);
	if (f == IMA_FUNC_BPRM_CHECK)
		ima_fan_job_add(j, IMA_FUNC_CREDS_CHECK, IMA_MAY_EXEC);
}

/* the use went on, or was refused: either way the file is verified now */
static void measure_late(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	struct ima_fan_job *j = calloc(1, sizeof(*j));

	if (!j)
		return;
	ima_fan_job_begin_told(j, t->w, t->h, r);
	j->file.fd = ima_fan_find_file(r, O_RDONLY | O_NOATIME, &j->file.st);
	if (j->file.fd < 0) {
		ima_fan_job_count_lost(j, r->path, j->file.fd);
		free(j);
		return;
	}
	ima_fan_job_facts(j);
	j->ev.ops = &ima_fd_file_ops;
	j->ev.user = &j->file;
	j->exec = j->subject.call == IMA_CALL_EXEC;
	if (r->type == IMA_GATE_OPENED)
		ima_fan_job_checks(j);
	else
		add_checks(j, r);
	ima_fan_job_run(j);
	close(j->file.fd);
	free(j);
}

/* the file is not to be found any more: what the kernel half said of it must do */
static void facts_from_record(struct ima_fan_job *j, const struct ima_gate_record *r)
{
	static const char deleted[] = " (deleted)";
	size_t n = r->path_len < sizeof(j->path) ? r->path_len : sizeof(j->path) - 1;
	const char *slash;

	memcpy(j->path, r->path, n);
	if (n > sizeof(deleted) - 1 && !strncmp(j->path + n - (sizeof(deleted) - 1), deleted, sizeof(deleted) - 1))
		n -= sizeof(deleted) - 1;
	j->path[n] = 0;
	slash = strrchr(j->path, '/');
	j->ev.path = j->ev.last = (struct ima_bytes){ (const uint8_t *)j->path, n };
	if (slash)
		j->ev.last = (struct ima_bytes){ (const uint8_t *)slash + 1, strlen(slash + 1) };
}

static int no_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	return -ENODATA;
}

static int writers_reported(void *user)
{
	struct ima_fan_job *j = user;
	const int r = j->file.fd < 0 ? -ENOSYS :
				       ima_gate_report(j->w->fan->gate, j->file.fd, &j->context);

	return r < 0 ? -ENOSYS : !r;
}

static void fill_event(struct ima_fan_job *j, const struct ima_gate_record *r)
{
	static const struct ima_file_ops ops = { .xattr = no_xattr,
						 .writers_reported = writers_reported };
	struct ima_policy_event *f = &j->ev.facts;

	j->ev.ops = &ops;
	j->ev.user = j;
	j->file.fd = ima_fan_find_file(r, O_PATH, &j->file.st);
	if (j->file.fd >= 0) {
		ima_fan_job_facts(j);
		return;
	}
	*f = (struct ima_policy_event){ .uid = r->c.uid, .euid = r->c.euid, .suid = r->c.suid,
					.gid = r->c.gid, .egid = r->c.egid, .sgid = r->c.sgid,
					.cap_setuid = j->subject.cap_setuid,
					.cap_setgid = j->subject.cap_setgid, .has_inode = true,
					.fowner = r->c.fowner, .fgroup = r->c.fgroup,
					.fsmagic = r->c.fsmagic, .fsname = "" };
	memcpy(f->fsuuid, r->c.fsuuid, sizeof(f->fsuuid));
	j->ev.ino = r->c.ino;
	j->ev.mode = (uint16_t)r->c.mode;
	j->ev.event_ops = &ima_fan_says;
	j->ev.subject = j->subject.audit;
	facts_from_record(j, r);
}

static void violation(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	struct ima_fan_job *j = calloc(1, sizeof(*j));
	struct ima_outcome out;

	if (!j)
		return;
	ima_fan_job_begin_told(j, t->w, t->h, r);
	fill_event(j, r);
	j->ev.opened_for_write = r->type == IMA_GATE_READERS;
	add_checks(j, r);
	if (!ima_fan_job_is_own_list(j)) {
		ima_monitor_violation(t->w->env.monitor, t->h, &j->ev, j->ev.opened_for_write, &out);
		if (out.error)
			ima_fan_job_count_lost(j, j->path, out.error);
	}
	ima_close(j->file.fd);
	free(j);
}

/* what the task has mapped of this inode; 0: the path was found */
static int mapped_path(const struct ima_gate_record *r, char *ret, size_t size)
{
	char name[32], line[IMA_GATE_PATH_MAX + 128];
	FILE *f;
	int found = -ENOENT;

	snprintf(name, sizeof(name), "/proc/%u/maps", r->c.tgid);
	f = fopen(name, "re");
	while (f && found < 0 && fgets(line, sizeof(line), f)) {
		unsigned long long ino;
		int at = 0;

		if (sscanf(line, "%*s %*s %*s %*s %llu %n", &ino, &at) == 1 && ino == r->c.ino && line[at] == '/') {
			line[strcspn(line, "\n")] = 0;
			snprintf(ret, size, "%s", line + at);
			found = 0;
		}
	}
	if (f)
		fclose(f);
	return found;
}

static void refused_mprotect(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	struct ima_fan_job *j = calloc(1, sizeof(*j));
	struct ima_gate_record *named = malloc(sizeof(*named));

	if (j && named) {
		*named = *r;
		if (mapped_path(r, named->path, sizeof(named->path)) == 0)
			named->path_len = (__u32)strlen(named->path);
		ima_fan_job_begin_told(j, t->w, t->h, named);
		fill_event(j, named);
		ima_monitor_refused(t->w->env.monitor, &j->ev, "collect_data", "failed-mprotect");
		ima_close(j->file.fd);
	}
	free(named);
	free(j);
}

static void refused_label(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	struct ima_fan_job *j = calloc(1, sizeof(*j));

	if (!j)
		return;
	ima_fan_job_begin_told(j, t->w, t->h, r);
	fill_event(j, r);
	facts_from_record(j, r); /* named from the root of its file system, as the kernel does */
	ima_monitor_label_refused(t->w->env.monitor, &j->ev);
	ima_close(j->file.fd);
	free(j);
}

/* its label, good till now, follows what is written */
static void note_writer(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	struct ima_fan_job *j = calloc(1, sizeof(*j));

	if (!j)
		return;
	ima_fan_job_begin_told(j, t->w, t->h, r);
	j->file.fd = ima_fan_find_file(r, O_RDONLY | O_NOATIME, &j->file.st);
	if (j->file.fd >= 0) {
		ima_fan_job_facts(j);
		j->ev.ops = &ima_fd_file_ops;
		j->ev.user = &j->file;
		j->ev.opened_for_write = true;
		ima_fan_job_add(j, IMA_FUNC_FILE_CHECK, ima_subject_mask(j->subject.open_flags));
		ima_monitor_opened_good(t->w->env.monitor, &j->ev);
		close(j->file.fd);
	}
	free(j);
}

/* its next open is an event again; when the file is not to be found, every file's is */
static void drop_mark(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	const int group = t->w->fan->group[IMA_FAN_PLAIN];
	const uint64_t both = FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM;
	char path[64];
	struct stat st;
	int fd = ima_fan_find_file(r, O_PATH, &st);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || (fanotify_mark(group, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, both, AT_FDCWD,
				     path) < 0 && errno != ENOENT))
		ima_ignore(fanotify_mark(group, FAN_MARK_FLUSH, 0, AT_FDCWD, "/"));
	ima_close(fd);
}

static void lost(struct ima_fan_told *t, const char *name, int error)
{
	struct ima_fan_job j = { .w = t->w };

	ima_fan_job_count_lost(&j, name, error);
}

static void module(struct ima_fan_told *t, const struct ima_gate_record *r, size_t size)
{
	const int e = ima_fan_modules_piece(&t->modules, t->w->env.monitor, t->h, r, size);

	if (e < 0 && e != -ENOENT)
		lost(t, "init_module", e);
}

static void buffer(struct ima_fan_told *t, const struct ima_gate_record *r, size_t size,
		   struct ima_policy_event *facts, const char *name)
{
	const struct ima_gate_data_record *d = (const struct ima_gate_data_record *)r;
	struct ima_buffer_event ev = { .facts = *facts, .name = name };
	int e = -EFBIG;

	if (size >= sizeof(*d) && r->data_len <= sizeof(d->data)) {
		ev.data = (struct ima_bytes){ d->data, r->data_len };
		e = ima_monitor_buffer(t->w->env.monitor, t->h, &ev);
	}
	if (e < 0 && e != -ENOENT)
		lost(t, name, e);
}

static void key(struct ima_fan_told *t, const struct ima_gate_record *r, size_t size)
{
	struct ima_policy_event f = { .func = IMA_FUNC_KEY_CHECK, .uid = r->c.uid, .euid = r->c.euid,
				      .suid = r->c.suid, .gid = r->c.gid, .egid = r->c.egid,
				      .sgid = r->c.sgid,
				      .func_data = { (const uint8_t *)r->path, r->path_len } };

	buffer(t, r, size, &f, r->path);
}

static void cmdline(struct ima_fan_told *t, const struct ima_gate_record *r, size_t size)
{
	struct ima_policy_event f = { .func = IMA_FUNC_KEXEC_CMDLINE, .uid = r->c.uid,
				      .euid = r->c.euid, .suid = r->c.suid, .gid = r->c.gid,
				      .egid = r->c.egid, .sgid = r->c.sgid, .has_inode = true,
				      .fowner = r->c.fowner, .fgroup = r->c.fgroup,
				      .fsmagic = r->c.fsmagic, .fsname = "" };

	if (r->data_len)
		buffer(t, r, size, &f, "kexec-cmdline");
}

static bool is_mounting(struct ima_fan_told *t, int tid)
{
	struct ima_subject s;

	return ima_subject_read(t->w->proc_fd, tid, &s) == 0 && s.call == IMA_CALL_MOUNT;
}

/* takes @ns; the oldest goes */
static void hold(struct ima_fan_told *t, const struct ima_held_ns *ns)
{
	struct held *h;

	pthread_mutex_lock(&t->held_lock);
	h = &t->held[t->next_held];
	ima_ns_release(&h->ns);
	*h = (struct held){ *ns, ima_fan_now_ns() + HOLD_NS };
	t->next_held = (t->next_held + 1) % MAX_HELD;
	pthread_mutex_unlock(&t->held_lock);
}

/* nobody's unmounting is to wait for long */
static void release_old(struct ima_fan_told *t, bool all)
{
	const uint64_t now = ima_fan_now_ns();

	pthread_mutex_lock(&t->held_lock);
	for (size_t i = 0; i < MAX_HELD; i++)
		if (all || t->held[i].until_ns < now)
			ima_ns_release(&t->held[i].ns);
	pthread_mutex_unlock(&t->held_lock);
}

/* its mount shows up in the table of the task a little after the file system itself: as long as mount(2) takes */
static void mounted(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	const unsigned int dev_major = r->c.dev >> 20, dev_minor = r->c.dev & 0xfffff;
	struct ima_held_ns ns;

	if (!t->w->marks)
		return;
	ima_marks_forget(t->w->marks, dev_major, dev_minor);
	if (!ima_ns_hold((int)r->c.tid, &ns))
		return;
	for (int i = 0;; i++) {
		ima_marks_meet(t->w->marks, &ns, dev_major, dev_minor);
		if (ima_marks_know(t->w->marks, dev_major, dev_minor))
			break;
		if (i >= MOUNT_TRIES && (i >= MOUNT_MAX_TRIES || !is_mounting(t, (int)r->c.tid)))
			break;
		usleep(MOUNT_WAIT_US);
	}
	hold(t, &ns);
}

/* nobody waited for this one: the file system is marked first, so that the next one waits */
static void opened(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	const unsigned int dev_major = r->c.dev >> 20, dev_minor = r->c.dev & 0xfffff;
	struct ima_held_ns ns;

	if (!t->w->marks)
		return;
	if (!ima_marks_know(t->w->marks, dev_major, dev_minor) && ima_ns_hold((int)r->c.tid, &ns)) {
		ima_marks_meet(t->w->marks, &ns, dev_major, dev_minor);
		hold(t, &ns);
	}
	measure_late(t, r);
	if (!ima_marks_know(t->w->marks, dev_major, dev_minor))
		ima_ignore(ima_gate_watch(t->w->fan->gate, dev_major, dev_minor, false));
}

/* names from the file upwards, to a path */
static void turn_path(const struct ima_gate_record *r, char ret[static IMA_GATE_PATH_MAX + 1], __u32 *ret_len)
{
	size_t at = IMA_GATE_PATH_MAX;

	ret[at] = 0;
	for (size_t i = 0; i < r->path_len && i < sizeof(r->path);) {
		const size_t n = strnlen(r->path + i, sizeof(r->path) - i);

		if (n + 1 > at)
			break;
		at -= n;
		memcpy(ret + at, r->path + i, n);
		ret[--at] = '/';
		i += n + 1;
	}
	*ret_len = (__u32)(IMA_GATE_PATH_MAX - at);
	memmove(ret, ret + at, *ret_len + 1U);
}

static void with_path(struct ima_fan_told *t, const struct ima_gate_record *r)
{
	struct ima_gate_record *turned = malloc(sizeof(*turned));
	char path[IMA_GATE_PATH_MAX + 1];

	if (!turned)
		return;
	*turned = *r;
	turn_path(r, path, &turned->path_len);
	if (turned->path_len < sizeof(turned->path))
		memcpy(turned->path, path, turned->path_len + 1U);
	if (r->type == IMA_GATE_METADATA)
		ima_fan_metadata_told(t->w, t->h, turned);
	else
		refused_label(t, turned);
	free(turned);
}

static void on_record(void *user, const struct ima_gate_record *r, size_t size)
{
	struct ima_fan_told *t = user;

	if (!t->w->env.monitor)
		return; /* before the first mark: nothing is watched yet */
	switch (r->type) {
	case IMA_GATE_LATE:
		measure_late(t, r);
		break;
	case IMA_GATE_OPENED:
		opened(t, r);
		break;
	case IMA_GATE_MOUNTED:
		mounted(t, r);
		break;
	case IMA_GATE_WRITERS:
	case IMA_GATE_READERS:
		violation(t, r);
		break;
	case IMA_GATE_MPROTECT:
		refused_mprotect(t, r);
		break;
	case IMA_GATE_LABEL:
	case IMA_GATE_METADATA:
		with_path(t, r);
		break;
	case IMA_GATE_CHANGED:
		drop_mark(t, r);
		if (r->func == IMA_FUNC_FILE_CHECK && ima_monitor_appraises_any(t->w->env.monitor))
			note_writer(t, r);
		break;
	case IMA_GATE_KEY:
		key(t, r, size);
		break;
	case IMA_GATE_MODULE:
		module(t, r, size);
		break;
	case IMA_GATE_CMDLINE:
		cmdline(t, r, size);
		break;
	default:
		say(t, LOG_ERR, "a record of the gate is of no known type");
	}
}

static void check_dropped(struct ima_fan_told *t)
{
	const uint64_t dropped = ima_gate_dropped(t->w->fan->gate);
	char text[120];

	if (dropped == t->dropped)
		return;
	atomic_fetch_add(&t->w->fan->shared->lost, dropped - t->dropped);
	snprintf(text, sizeof(text), "%llu records of the gate found no room in its ring",
		 (unsigned long long)(dropped - t->dropped));
	say(t, LOG_ERR, text);
	t->dropped = dropped;
}

/* nobody waits for these threads, and what they look for may be gone soon: a mount, a task */
static void begin_thread(struct ima_fan_told *t)
{
	const int tid = (int)syscall(SYS_gettid);

	t->w->fan->hook.ops->exempt(&t->w->fan->hook, tid);
	if (setpriority(PRIO_PROCESS, (id_t)tid, TOLD_NICE) < 0)
		say(t, LOG_WARNING, "a thread that follows the gate runs at ordinary priority");
}

static void *changes_main(void *arg)
{
	struct ima_fan_told *t = arg;

	begin_thread(t);
	while (!atomic_load(&t->stopping))
		ima_gate_ring_follow(t->w->fan->gate, IMA_GATE_RING_CHANGED, WAIT_MS);
	return NULL;
}

static void *told_main(void *arg)
{
	struct ima_fan_told *t = arg;

	begin_thread(t);
	while (!atomic_load(&t->stopping)) {
		ima_gate_ring_follow(t->w->fan->gate, IMA_GATE_RING_TOLD, WAIT_MS);
		check_dropped(t);
		release_old(t, false);
	}
	return NULL;
}

int ima_fan_told_start(struct ima_fan_worker *w, struct ima_fan_told **ret)
{
	struct ima_fan_told *t = calloc(1, sizeof(*t));
	int r = t ? ima_hasher_new(&t->h) : -ENOMEM;

	if (r < 0) {
		free(t);
		return r;
	}
	t->w = w;
	pthread_mutex_init(&t->held_lock, NULL);
	for (size_t i = 0; i < MAX_HELD; i++)
		t->held[i].ns = (struct ima_held_ns){ -EBADF, -EBADF };
	t->dropped = ima_gate_dropped(w->fan->gate);
	r = ima_gate_ring_open(w->fan->gate, on_record, t);
	if (r == 0)
		r = -pthread_create(&t->thread, NULL, told_main, t);
	t->has_thread = r == 0;
	if (r == 0)
		r = -pthread_create(&t->changes, NULL, changes_main, t);
	t->has_changes = t->has_thread && r == 0;
	*ret = t;
	return r;
}

struct ima_fan_told *ima_fan_told_stop(struct ima_fan_told *t)
{
	if (!t)
		return NULL;
	atomic_store(&t->stopping, true);
	if (t->has_thread)
		pthread_join(t->thread, NULL);
	if (t->has_changes)
		pthread_join(t->changes, NULL);
	ima_gate_ring_drain(t->w->fan->gate);
	ima_gate_ring_close(t->w->fan->gate);
	ima_fan_modules_drop(&t->modules);
	release_old(t, true);
	pthread_mutex_destroy(&t->held_lock);
	ima_hasher_free(t->h);
	free(t);
	return NULL;
}
