/* SPDX-License-Identifier: BSD-2-Clause */
/* The fanotify tier: groups, the supervisor's half, the vtable. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "hook/fanotify/told.h"

#define DEFAULT_THREADS 4
#define DEFAULT_SIDE_THREADS 2

static struct ima_fan *to_fan(struct ima_hook *h)
{
	return (struct ima_fan *)h;
}

static int open_group(struct ima_diag *diag)
{
	const unsigned int flags = FAN_CLOEXEC | FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE |
				   FAN_UNLIMITED_MARKS | FAN_REPORT_TID;
	int fd = fanotify_init(flags, O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME);

	if (fd >= 0)
		return fd;
	if (errno == EPERM)
		return ima_diag_text(diag, -EPERM,
				     "fanotify_init: %s: CAP_SYS_ADMIN in the initial user namespace is needed",
				     strerror(errno));
	if (errno == EINVAL || errno == ENOSYS)
		return ima_diag_text(diag, -errno,
				     "fanotify_init: %s: the kernel lacks CONFIG_FANOTIFY_ACCESS_PERMISSIONS",
				     strerror(errno));
	return ima_diag_text(diag, -errno, "fanotify_init: %s", strerror(errno));
}

static struct ima_hook *fan_free(struct ima_hook *h)
{
	struct ima_fan *f = to_fan(h);

	if (!f)
		return NULL;
	for (int c = 0; c < IMA_FAN__LAST; c++)
		ima_close(f->group[c]);
	ima_gate_free(f->gate);
	if (f->shared)
		munmap(f->shared, sizeof(*f->shared));
	free(f);
	return NULL;
}

static int fan_open(const struct ima_hook_opts *opts, struct ima_hook **ret, struct ima_diag *diag)
{
	struct ima_fan *f = calloc(1, sizeof(*f));
	void *p;

	if (!f)
		return -ENOMEM;
	f->hook.ops = &ima_hook_fanotify;
	f->opts = *opts;
	for (int c = 0; c < IMA_FAN__LAST; c++)
		f->group[c] = -EBADF;
	p = mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		 0);
	if (p == MAP_FAILED) {
		fan_free(&f->hook);
		return -ENOMEM;
	}
	f->shared = p;
	for (int c = 0; c < IMA_FAN__LAST; c++) {
		f->group[c] = open_group(diag);
		if (f->group[c] < 0) {
			int r = f->group[c];

			fan_free(&f->hook);
			return r;
		}
	}
	*ret = &f->hook;
	return 0;
}

static int gate_open(const struct ima_hook_opts *opts, struct ima_hook **ret, struct ima_diag *diag)
{
	const struct ima_gate_opts how = { .outlives = opts->outlives, .guard = opts->guard,
					  .refuses = opts->appraises };
	struct ima_gate *gate = NULL;
	int r = ima_gate_open(&how, &gate, diag);

	if (r == 0)
		r = fan_open(opts, ret, diag);
	if (r < 0) {
		ima_gate_free(gate);
		return r;
	}
	to_fan(*ret)->gate = gate;
	(*ret)->ops = &ima_hook_gate;
	return 0;
}

static unsigned int fan_expire(struct ima_hook *h)
{
	struct ima_fan *f = to_fan(h);
	const uint64_t now = ima_fan_now_ns();
	unsigned int n = 0;

	for (int c = 0; c < IMA_FAN__LAST; c++) {
		const uint32_t high = atomic_load(&f->shared->high[c]);

		for (uint32_t i = 0; i < high; i++) {
			struct ima_fan_slot *s = &f->shared->slots[c][i];
			const uint64_t deadline = atomic_load(&s->deadline_ns);

			if (!ima_fan_slot_pending(s) || !deadline || deadline > now)
				continue;
			n += ima_fan_answer(f, (enum ima_fan_class)c, s);
		}
	}
	atomic_fetch_add(&f->shared->allowed_late, n);
	return n;
}

/* true when the slot still waits for a worker */
static bool recover_slot(struct ima_fan *f, enum ima_fan_class c, struct ima_fan_slot *s)
{
	if (!ima_fan_slot_pending(s))
		return false;
	atomic_store(&s->answered, 0);
	atomic_store(&s->refuse, 0);
	atomic_store(&s->deadline_ns, 0);
	if (atomic_fetch_add(&s->tries, 1) + 1 < IMA_FAN_MAX_TRIES)
		return true;
	/* a worker died with it more than once: it may be what kills workers */
	atomic_fetch_add(&f->shared->lost, 1);
	ima_fan_finish(f, c, s);
	return false;
}

static unsigned int fan_recover(struct ima_hook *h, void (*keep)(void *user, int fd), void *user)
{
	struct ima_fan *f = to_fan(h);
	unsigned int n = 0;

	for (size_t i = 0; i < IMA_FAN_MAX_OWN; i++)
		if (atomic_load(&f->shared->own[i]) != getpid())
			atomic_store(&f->shared->own[i], 0);
	if (f->gate)
		ima_gate_keep(f->gate, keep, user);
	for (int c = 0; c < IMA_FAN__LAST; c++) {
		const uint32_t high = atomic_load(&f->shared->high[c]);

		keep(user, f->group[c]);
		for (uint32_t i = 0; i < high; i++) {
			struct ima_fan_slot *s = &f->shared->slots[c][i];

			if (!recover_slot(f, (enum ima_fan_class)c, s))
				continue;
			keep(user, s->ev.fd);
			n++;
		}
	}
	return n;
}

static int fan_leave(struct ima_hook *h, const char *next_program, struct ima_diag *diag)
{
	struct ima_fan *f = to_fan(h);
	int r;

	if (!f->gate)
		return 0;
	r = ima_gate_trust_program(f->gate, next_program);
	return r < 0 ? ima_diag_text(diag, r, "%s: %s", next_program, strerror(-r)) :
		       ima_gate_leave(f->gate, diag);
}

static void fan_exempt(struct ima_hook *h, int tid)
{
	struct ima_fan *f = to_fan(h);

	if (f->gate && ima_gate_own(f->gate, tid) < 0)
		return; /* then the gate tells of it, and it is answered as any other */
	for (size_t i = 0; i < IMA_FAN_MAX_OWN; i++) {
		int expected = 0;

		if (atomic_load(&f->shared->own[i]) == tid ||
		    atomic_compare_exchange_strong(&f->shared->own[i], &expected, tid))
			return;
	}
}

static void set_ready(struct ima_fan_worker *w)
{
	pthread_mutex_lock(&w->ready_lock);
	w->ready = true;
	pthread_cond_broadcast(&w->ready_cond);
	pthread_mutex_unlock(&w->ready_lock);
}

static void fan_stop(struct ima_hook *h)
{
	struct ima_fan *f = to_fan(h);
	struct ima_fan_worker *w = f->worker;

	if (!w)
		return;
	w->told = ima_fan_told_stop(w->told);
	ima_marks_stop(w->marks);
	for (int c = 0; c < IMA_FAN__LAST; c++) {
		ima_ignore(fanotify_mark(f->group[c], FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0,
					 AT_FDCWD, "/"));
		ima_ignore(fanotify_mark(f->group[c], FAN_MARK_FLUSH, 0, AT_FDCWD, "/"));
	}
	set_ready(w); /* a start that failed left its threads waiting */
	for (int c = 0; c < IMA_FAN__LAST; c++)
		ima_fan_pool_stop(&w->pools[c]);
	/* accesses that waited till now asked it for their mounts */
	w->marks = ima_marks_free(w->marks);
	ima_close(w->proc_fd);
	free(w);
	f->worker = NULL;
}

/* SIGUSR1 only interrupts read(2); SIGIO would come from a broken lease */
static void interrupt_only(int sig)
{
	ima_ignore(sig);
}

static void set_signals(void)
{
	struct sigaction sa = { .sa_handler = interrupt_only };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGIO, &ignore, NULL);
}

static size_t n_threads(const struct ima_fan *f, enum ima_fan_class c)
{
	if (f->opts.n_threads)
		return f->opts.n_threads;
	return c == IMA_FAN_PLAIN ? DEFAULT_THREADS : DEFAULT_SIDE_THREADS;
}

static int fan_begin(struct ima_hook *h)
{
	struct ima_fan *f = to_fan(h);
	struct ima_fan_worker *w = calloc(1, sizeof(*w));
	int r = 0;

	if (!w)
		return -ENOMEM;
	set_signals();
	w->fan = f;
	pthread_mutex_init(&w->exec_lock, NULL);
	pthread_mutex_init(&w->ready_lock, NULL);
	pthread_cond_init(&w->ready_cond, NULL);
	w->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->proc_fd < 0) {
		r = -errno;
		free(w);
		return r;
	}
	f->worker = w;
	/* every reader before any other thread: whatever those open is answered */
	for (int c = 0; r == 0 && c < IMA_FAN__LAST; c++) {
		w->pools[c].w = w;
		w->pools[c].class = (enum ima_fan_class)c;
		r = ima_fan_reader_start(&w->pools[c]);
	}
	for (int c = 0; r == 0 && c < IMA_FAN__LAST; c++)
		r = ima_fan_pool_start(&w->pools[c], n_threads(f, (enum ima_fan_class)c));
	return r;
}

static int fan_start(struct ima_hook *h, const struct ima_hook_worker *env, struct ima_diag *diag)
{
	struct ima_fan *f = to_fan(h);
	struct ima_fan_worker *w = f->worker;
	const uint64_t last = env->last_event;
	int r;

	w->env = *env;
	if (atomic_load(&f->shared->next_number) < last)
		atomic_store(&f->shared->next_number, last);
	r = ima_marks_new(f, &w->env, &w->marks, diag);
	if (r == 0 && f->gate)
		r = ima_fan_told_start(w, &w->told); /* it needs the mounts */
	if (r < 0) {
		w->env.monitor = NULL;
		return r;
	}
	set_ready(w);
	return ima_marks_watch(w->marks);
}

static int fan_refresh(struct ima_hook *h)
{
	struct ima_fan *f = to_fan(h);
	int r = f->gate ? ima_gate_void(f->gate) : 0;

	if (r == 0 && f->worker && f->worker->marks)
		r = ima_marks_rescan(f->worker->marks);
	for (int c = 0; c < IMA_FAN__LAST; c++)
		if (fanotify_mark(f->group[c], FAN_MARK_FLUSH, 0, AT_FDCWD, "/") < 0 && r == 0)
			r = -errno;
	return r;
}

static void fan_stats(struct ima_hook *h, struct ima_hook_stats *ret)
{
	struct ima_fan_shared *s = to_fan(h)->shared;

	*ret = (struct ima_hook_stats){
		.seen = atomic_load(&s->seen),
		.measured = atomic_load(&s->measured),
		.allowed_late = atomic_load(&s->allowed_late),
		.lost = atomic_load(&s->lost),
		.retried = atomic_load(&s->retried),
		.ignored = atomic_load(&s->ignored),
	};
}

static void fan_each_fs(struct ima_hook *h, void (*fn)(void *user, const struct ima_hook_fs *fs),
			void *user)
{
	struct ima_fan *f = to_fan(h);

	if (f->worker && f->worker->marks)
		ima_marks_each(f->worker->marks, fn, user);
}

/* the two tiers differ in how they open */
#define OPS_AFTER_OPEN                                                                             \
	.expire = fan_expire, .recover = fan_recover, .begin = fan_begin, .start = fan_start,      \
	.refresh = fan_refresh, .stop = fan_stop, .exempt = fan_exempt, .leave = fan_leave, .stats = fan_stats,        \
	.each_fs = fan_each_fs, .free = fan_free

const struct ima_hook_ops ima_hook_fanotify = {
	.name = "fanotify",
	.open = fan_open,
	OPS_AFTER_OPEN,
};

const struct ima_hook_ops ima_hook_gate = {
	.name = "gate",
	.open = gate_open,
	OPS_AFTER_OPEN,
};
