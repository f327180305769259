/* SPDX-License-Identifier: BSD-2-Clause */
/* Scanning mount tables, deciding per file system, marking. */
#include "hook/fanotify/marks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/mounts.h"
#include "hook/fanotify/fs_mark.h"
#include "hook/fanotify/metadata_rules.h"
#include "hook/fanotify/rounds.h"

struct known_mount {
	unsigned int id;
	char fstype[32];
	char subtype[32];
};

struct known_fs {
	unsigned int major, minor;
	unsigned int mount; /* the one that it was decided at */
	char fstype[32];
	char where[128];
	char root[256]; /* what of it is mounted there; empty: too long to be kept */
	struct ima_fs_mark mark;
};

struct ima_marks {
	struct ima_fan *fan;
	const struct ima_hook_worker *worker;
	pthread_mutex_t lock;
	struct known_mount *mounts; /* sorted by id */
	size_t n_mounts, cap_mounts;
	struct known_fs *fs;
	size_t n_fs, cap_fs;
	const struct known_fs *before; /* while a pass goes on that leaves alone what did not change: what the last one found */
	size_t n_before;
	struct ima_namespace *ns;
	size_t n_ns;
	uint32_t active;   /* funcs that rules name on the file systems seen in this pass */
	uint32_t appraised; /* those of them that some rule appraises */
	struct ima_fan_rounds *rounds;
};

static void say(struct ima_marks *m, int level, const char *text)
{
	if (m->worker->log)
		m->worker->log(m->worker->user, level, text);
}

static bool in_scope(const struct ima_marks *m, const struct ima_mount *mnt)
{
	const char *const *p = m->fan->opts.scope_mounts;

	if (!p)
		return true;
	for (; *p; p++) {
		size_t n = strlen(*p);

		if (!strncmp(mnt->point, *p, n) &&
		    (n == 1 || mnt->point[n] == 0 || mnt->point[n] == '/'))
			return true;
	}
	return false;
}

/* is this path really that mount, not one that was mounted over it? */
static bool shows_mount(const char *path, unsigned int id)
{
	struct statx sx;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID, &sx) < 0)
		return false;
	return (sx.stx_mask & STATX_MNT_ID) && sx.stx_mnt_id == id;
}

/* the gate learns of every file system whose files some rule may want, marked or not */
static void watch_fs(struct ima_marks *m, unsigned int major, unsigned int minor, uint32_t scope,
		     uint32_t appraised)
{
	int r;

	if (!m->fan->gate)
		return;
	m->active |= scope;
	m->appraised |= appraised;
	r = ima_gate_watch(m->fan->gate, major, minor, scope != 0);
	if (r < 0)
		say(m, LOG_ERR, "the gate cannot take another file system");
}

static struct known_fs *find_fs(struct ima_marks *m, const struct ima_mount *mnt)
{
	for (size_t i = 0; i < m->n_fs; i++)
		if (m->fs[i].major == mnt->major && m->fs[i].minor == mnt->minor)
			return &m->fs[i];
	return NULL;
}

static int grow(void **items, size_t *cap, size_t n, size_t size)
{
	void *p;

	if (n < *cap)
		return 0;
	p = reallocarray(*items, *cap ? *cap * 2 : 64, size);
	if (!p)
		return -ENOMEM;
	*items = p;
	*cap = *cap ? *cap * 2 : 64;
	return 0;
}

static int note_mount(struct ima_marks *m, const struct ima_mount *mnt)
{
	struct known_mount *k;
	int r = grow((void **)&m->mounts, &m->cap_mounts, m->n_mounts, sizeof(*m->mounts));

	if (r < 0)
		return r;
	k = &m->mounts[m->n_mounts++];
	*k = (struct known_mount){ .id = mnt->id };
	snprintf(k->fstype, sizeof(k->fstype), "%s", mnt->fstype);
	snprintf(k->subtype, sizeof(k->subtype), "%s", mnt->subtype ? mnt->subtype : "");
	return 0;
}

static bool is_own_view(const struct ima_marks *m, const struct ima_mount *mnt)
{
	return m->fan->opts.view_mount && !strncmp(mnt->fstype, "fuse", 4) &&
	       !strcmp(mnt->point, m->fan->opts.view_mount);
}

static const char hidden[] = "hidden under another mount";

static bool is_decided(const struct known_fs *fs)
{
	return fs && fs->mark.reason != hidden;
}

/* why nothing is to be marked there, by its line in the table alone; NULL: it is to be looked at */
static const char *left_out(struct ima_marks *m, const struct ima_mount *mnt)
{
	if (is_own_view(m, mnt))
		return "imad's own view";
	return in_scope(m, mnt) ? NULL : "outside the chosen mounts";
}

/* as it was found by the last pass: nothing there is touched, since whoever unmounts it at this moment would find it busy */
static const struct known_fs *found_before(const struct ima_marks *m, const struct ima_mount *mnt, const char *path)
{
	for (size_t i = 0; i < m->n_before; i++) {
		const struct known_fs *b = &m->before[i];

		if (b->major == mnt->major && b->minor == mnt->minor && b->mount == mnt->id && is_decided(b) &&
		    !strncmp(b->where, path, sizeof(b->where) - 1) && !strcmp(b->fstype, mnt->fstype))
			return b;
	}
	return NULL;
}

static void decide(struct ima_marks *m, const struct ima_mount *mnt, const char *path, struct known_fs *fs)
{
	*fs = (struct known_fs){ .major = mnt->major, .minor = mnt->minor, .mount = mnt->id };
	snprintf(fs->fstype, sizeof(fs->fstype), "%s", mnt->fstype);
	snprintf(fs->where, sizeof(fs->where), "%.127s", path);
	if (strlen(path) < sizeof(fs->where) && strlen(mnt->root) < sizeof(fs->root))
		strcpy(fs->root, mnt->root);
	fs->mark.reason = left_out(m, mnt);
	if (!fs->mark.reason && !shows_mount(path, mnt->id))
		fs->mark.reason = hidden;
	if (!fs->mark.reason)
		ima_fs_mark(m->fan, m->worker->monitor, mnt, path, &fs->mark);
}

/* one file system is decided once a pass, at the first of its mounts that can be reached */
static int visit_mount(struct ima_marks *m, const struct ima_mount *mnt, const char *root)
{
	struct known_fs *fs = find_fs(m, mnt);
	const struct known_fs *before;
	char path[4200];
	int r;

	if (is_decided(fs))
		return 0;
	if (!fs) {
		r = grow((void **)&m->fs, &m->cap_fs, m->n_fs, sizeof(*m->fs));
		if (r < 0)
			return r;
		fs = &m->fs[m->n_fs++];
	}
	snprintf(path, sizeof(path), "%s%s", root, mnt->point);
	before = found_before(m, mnt, path);
	if (before)
		*fs = *before;
	else
		decide(m, mnt, path, fs);
	/* after the mark: until then the gate tells of every open there */
	if (fs->mark.reason != hidden)
		watch_fs(m, mnt->major, mnt->minor, fs->mark.scope, fs->mark.appraised);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct known_mount *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static bool known_table(const struct ima_marks *m, uint64_t hash)
{
	for (size_t i = 0; i < m->n_ns; i++)
		if (m->ns[i].hash == hash)
			return true;
	return false;
}

/* @only_new: leave a table alone that the last scan saw as it is */
static int visit_namespace(struct ima_marks *m, struct ima_namespace *ns, bool only_new)
{
	struct ima_mounts mounts;
	char root[32] = "";
	int r = ima_ns_read(ns->pid, &mounts);

	if (r < 0)
		return ns->pid ? 0 : r; /* another namespace's task may have ended */
	ns->hash = mounts.hash;
	if (only_new && known_table(m, mounts.hash)) {
		ima_mounts_done(&mounts);
		return 0;
	}
	if (ns->pid)
		snprintf(root, sizeof(root), "/proc/%d/root", ns->pid);
	for (size_t i = 0; r == 0 && i < mounts.n; i++) {
		r = note_mount(m, &mounts.items[i]);
		if (r == 0)
			r = visit_mount(m, &mounts.items[i], root);
	}
	ima_mounts_done(&mounts);
	qsort(m->mounts, m->n_mounts, sizeof(*m->mounts), by_id);
	return r;
}

/* was some file system of before not found again? Without memory for the comparison: it may be so */
static bool some_gone(struct ima_marks *m, const struct known_fs *before, size_t n_before)
{
	if (!before && n_before)
		return true;
	for (size_t i = 0; i < n_before; i++) {
		const struct ima_mount mnt = { .major = before[i].major, .minor = before[i].minor };

		if (!find_fs(m, &mnt))
			return true;
	}
	return false;
}

/* under the lock; btrfs gives its files other numbers than its mounts: they are of nobody who is there */
static bool is_there(void *user, uint64_t dev)
{
	struct ima_marks *m = user;
	const struct ima_mount mnt = { .major = major(dev), .minor = minor(dev) };

	return find_fs(m, &mnt) != NULL;
}

/* under the lock; only the mounts of that file system are looked at: its first user may be close behind */
static void look_for(struct ima_marks *m, const struct ima_held_ns *ns, const struct ima_mount *wanted)
{
	struct ima_mounts mounts;
	char root[40];

	if (ima_mounts_read(ns->table, &mounts) < 0)
		return;
	snprintf(root, sizeof(root), "/proc/self/fd/%d", ns->root);
	for (size_t i = 0; i < mounts.n && !is_decided(find_fs(m, wanted)); i++) {
		const struct ima_mount *mnt = &mounts.items[i];

		if (mnt->major == wanted->major && mnt->minor == wanted->minor && note_mount(m, mnt) == 0)
			ima_ignore(visit_mount(m, mnt, root));
	}
	ima_mounts_done(&mounts);
	qsort(m->mounts, m->n_mounts, sizeof(*m->mounts), by_id);
}

void ima_marks_meet(struct ima_marks *m, const struct ima_held_ns *ns, unsigned int major,
		    unsigned int minor)
{
	const struct ima_mount wanted = { .major = major, .minor = minor };

	pthread_mutex_lock(&m->lock);
	if (!is_decided(find_fs(m, &wanted)))
		look_for(m, ns, &wanted);
	pthread_mutex_unlock(&m->lock);
}

void ima_marks_forget(struct ima_marks *m, unsigned int major, unsigned int minor)
{
	const struct ima_mount mnt = { .major = major, .minor = minor };
	struct known_fs *fs;

	pthread_mutex_lock(&m->lock);
	fs = find_fs(m, &mnt);
	if (fs) {
		*fs = m->fs[--m->n_fs];
		ima_monitor_forget_files(m->worker->monitor, is_there, m);
	}
	pthread_mutex_unlock(&m->lock);
}

bool ima_marks_know(struct ima_marks *m, unsigned int major, unsigned int minor)
{
	const struct ima_mount mnt = { .major = major, .minor = minor };
	bool known;

	pthread_mutex_lock(&m->lock);
	known = is_decided(find_fs(m, &mnt));
	pthread_mutex_unlock(&m->lock);
	return known;
}

bool ima_marks_place(struct ima_marks *m, unsigned int major, unsigned int minor, struct ima_mount_place *ret)
{
	const struct ima_mount mnt = { .major = major, .minor = minor };
	const struct known_fs *fs;
	bool known;

	pthread_mutex_lock(&m->lock);
	fs = find_fs(m, &mnt);
	known = fs && fs->root[0];
	if (known) {
		snprintf(ret->point, sizeof(ret->point), "%s", fs->where);
		snprintf(ret->root, sizeof(ret->root), "%s", fs->root);
	}
	pthread_mutex_unlock(&m->lock);
	return known;
}

/* files without a directory live on a mount of the kernel's own */
static void watch_memfd(struct ima_marks *m)
{
	const struct ima_policy_event fs = { .fsname = "tmpfs", .fsmagic = TMPFS_MAGIC };
	int fd = memfd_create("imad", MFD_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		watch_fs(m, major(st.st_dev), minor(st.st_dev),
			 ima_monitor_scope(m->worker->monitor, &fs),
			 ima_monitor_appraises(m->worker->monitor, &fs));
	ima_close(fd);
}

static int tell_gate(struct ima_marks *m)
{
	/* opens are refused by the answer to their event; critical data, keys and policies are not files in use */
	const uint32_t uses = 1U << IMA_FUNC_MMAP_CHECK | 1U << IMA_FUNC_MMAP_CHECK_REQPROT |
			      1U << IMA_FUNC_BPRM_CHECK | 1U << IMA_FUNC_MODULE_CHECK |
			      1U << IMA_FUNC_FIRMWARE_CHECK | 1U << IMA_FUNC_KEXEC_KERNEL_CHECK |
			      1U << IMA_FUNC_KEXEC_INITRAMFS_CHECK;
	const uint32_t refusing = ima_monitor_is_enforcing(m->worker->monitor) ? m->appraised : 0;
	const uint32_t enforced = m->fan->opts.fail_closed ? m->active : refusing;
	struct ima_gate_rules rules = { .active = m->active,
					      .enforced = enforced & uses,
					      .appraised = m->appraised,
					      .label_algos = ima_monitor_label_algos(m->worker->monitor),
					      .label_default = ima_monitor_default_algo(m->worker->monitor),
					      .measures = ima_monitor_measures(m->worker->monitor),
					      .tomtou_once = m->fan->opts.violations_once,
					      .module_data = m->fan->opts.init_module_data };
	int r;

	if (!m->fan->opts.scope_mounts)
		watch_memfd(m);
	r = ima_fan_metadata_rules(m->fan, m->worker->monitor, &rules);
	if (r == 0)
		r = ima_gate_set_rules(m->fan->gate, &rules);
	/* what an earlier imad found held until now */
	if (r == 0 && !atomic_exchange(&m->fan->shared->rules_told, 1))
		r = ima_gate_void(m->fan->gate);
	if (r == 0 && (rules.enforced || m->fan->opts.guard) && ima_gate_trust_self(m->fan->gate) < 0)
		say(m, LOG_WARNING, "a file that imad itself is made of got no verdict: a restart may be refused");
	return r;
}

/* under the lock */
static int rebuild(struct ima_marks *m, struct ima_namespace *ns, size_t n_ns, bool all)
{
	const size_t n_before = m->n_fs;
	ima_cleanup(ima_freep) struct known_fs *before = calloc(n_before + 1, sizeof(*before));
	int r = 0;

	if (before && n_before)
		memcpy(before, m->fs, n_before * sizeof(*before));
	m->before = before;
	m->n_before = before && !all ? n_before : 0;
	m->n_mounts = 0;
	m->n_fs = 0;
	m->n_ns = 0;
	m->active = 0;
	m->appraised = 0;
	for (size_t i = 0; r == 0 && i < n_ns; i++)
		r = visit_namespace(m, &ns[i], false);
	m->before = NULL;
	m->n_before = 0;
	if (r == 0 && m->fan->gate)
		r = tell_gate(m);
	free(m->ns);
	m->ns = ns;
	m->n_ns = n_ns;
	if (some_gone(m, before, n_before))
		ima_monitor_forget_files(m->worker->monitor, is_there, m);
	return r;
}

static bool same_as_before(struct ima_marks *m, const struct ima_namespace *ns, size_t n_ns)
{
	if (n_ns != m->n_ns)
		return false;
	for (size_t i = 0; i < n_ns; i++) {
		struct ima_mounts mounts;
		bool same = false;

		if (ima_ns_read(ns[i].pid, &mounts) < 0)
			return false;
		for (size_t k = 0; k < n_ns && !same; k++)
			same = m->ns[k].ino == ns[i].ino && m->ns[k].hash == mounts.hash;
		ima_mounts_done(&mounts);
		if (!same)
			return false;
	}
	return true;
}

enum pass {
	PASS_NEW,   /* what is new, when a table changed */
	PASS_AGAIN, /* everything: a file system may have come in another's place, with its numbers */
};

/* 1 something was looked at, 0 no table changed; -errno */
static int scan(struct ima_marks *m, enum pass pass)
{
	struct ima_namespace *ns;
	size_t n_ns;
	int r = ima_ns_list(&ns, &n_ns);

	if (r < 0)
		return r;
	pthread_mutex_lock(&m->lock);
	if (pass == PASS_NEW && same_as_before(m, ns, n_ns)) {
		free(ns);
	} else {
		r = rebuild(m, ns, n_ns, pass == PASS_AGAIN);
		r = r < 0 ? r : 1;
	}
	pthread_mutex_unlock(&m->lock);
	return r;
}

int ima_marks_rescan(struct ima_marks *m)
{
	const int r = scan(m, PASS_AGAIN);

	return r < 0 ? r : 0;
}

static int check_marked(struct ima_marks *m, struct ima_diag *diag)
{
	for (size_t i = 0; i < m->n_fs; i++)
		if (!m->fs[i].mark.reason)
			return 0;
	if (m->fan->opts.scope_mounts)
		return ima_diag_text(diag, -ENOENT, "no mount at or under %s can be hooked",
				     m->fan->opts.scope_mounts[0]);
	return 0; /* a policy that matches nothing hooks nothing */
}

int ima_marks_new(struct ima_fan *f, const struct ima_hook_worker *w, struct ima_marks **ret,
		  struct ima_diag *diag)
{
	struct ima_marks *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->fan = f;
	m->worker = w;
	pthread_mutex_init(&m->lock, NULL);
	r = scan(m, PASS_AGAIN);
	if (r < 0)
		ima_diag_text(diag, r, "reading the mount table failed: %s", strerror(-r));
	else
		r = check_marked(m, diag);
	if (r < 0) {
		ima_marks_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

static int look_around(void *user, bool everything)
{
	return scan(user, everything ? PASS_AGAIN : PASS_NEW);
}

static void say_it(void *user, int level, const char *text)
{
	say(user, level, text);
}

int ima_marks_watch(struct ima_marks *m)
{
	const struct ima_fan_rounds_opts opts = { .hook = &m->fan->hook, .look = look_around, .say = say_it, .user = m };

	return ima_fan_rounds_start(&opts, &m->rounds);
}

static const struct known_mount *find_mount(struct ima_marks *m, uint64_t id)
{
	const struct known_mount key = { .id = (unsigned int)id };

	return bsearch(&key, m->mounts, m->n_mounts, sizeof(*m->mounts), by_id);
}

void ima_marks_facts(struct ima_marks *m, uint64_t mnt_id, int tid, struct ima_mount_facts *ret)
{
	const struct known_mount *k;

	*ret = (struct ima_mount_facts){ 0 };
	pthread_mutex_lock(&m->lock);
	k = find_mount(m, mnt_id);
	if (!k) {
		struct ima_namespace ns = { .pid = tid };

		ima_ignore(visit_namespace(m, &ns, true));
		k = find_mount(m, mnt_id);
	}
	if (k) {
		memcpy(ret->fstype, k->fstype, sizeof(ret->fstype));
		memcpy(ret->subtype, k->subtype, sizeof(ret->subtype));
	}
	ret->detached = !k;
	pthread_mutex_unlock(&m->lock);
}

void ima_marks_each(struct ima_marks *m, void (*fn)(void *user, const struct ima_hook_fs *fs),
		    void *user)
{
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->n_fs; i++) {
		const struct ima_hook_fs fs = { .fstype = m->fs[i].fstype,
						.where = m->fs[i].where,
						.reason = m->fs[i].mark.reason };

		fn(user, &fs);
	}
	pthread_mutex_unlock(&m->lock);
}

void ima_marks_stop(struct ima_marks *m)
{
	if (m)
		m->rounds = ima_fan_rounds_stop(m->rounds);
}

struct ima_marks *ima_marks_free(struct ima_marks *m)
{
	if (!m)
		return NULL;
	ima_marks_stop(m);
	pthread_mutex_destroy(&m->lock);
	free(m->mounts);
	free(m->fs);
	free(m->ns);
	free(m);
	return NULL;
}
