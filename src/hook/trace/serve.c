/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads: each takes a waiting call from the listener, handles it, answers exactly once. A call that nobody answered fails with
 * EPERM: nothing goes on by an oversight.
 */
#include "hook/trace/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define WAKE SIGRTMIN
#define ENDING_TRIES 1000
#define ENDING_WAIT_US 100
#define LOOK_EVERY 4 /* calls, then one look at how many wait: a look is a system call */

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* since 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct ima_trace_thread {
	pthread_t id;
	struct ima_trace *t;
	struct ima_hasher *h;
	struct ima_trace_call *call;
	struct seccomp_notif *req; /* of the size that this kernel has */
	size_t req_size;
	unsigned int handled;
	bool runs;
	atomic_bool ended;
	sem_t begun; /* then @error is set */
	int error;
};

bool ima_trace_still_waits(const struct ima_trace_call *c)
{
	return ioctl(c->t->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->req->id) == 0;
}

/* is whoever is woken by a call, or by its answer, to run on the processor of the one that wakes it? Kernels before 6.6 do not know of it */
static void wake_here(struct ima_trace *t, bool here)
{
	if (t->wakes_here && ioctl(t->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, here ? SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP : 0) < 0)
		t->wakes_here = false;
}

/* from now on the task may unmount a file system that a descriptor of ours is still on: ima_trace_unmount() waits for the end of handle() */
static void begin_answer(struct ima_trace_call *c)
{
	if (!c->answered)
		atomic_fetch_add(&c->t->ending, 1);
	c->answered = true;
}

/*
 * A task that was killed meanwhile needs no answer. The task goes on where a processor is free: this one is ours until there is no further
 * call. Whoever calls next does nothing but wait, so the thread that takes the call has that one's processor.
 */
static void send(struct ima_trace_call *c, struct seccomp_notif_resp *resp)
{
	begin_answer(c);
	resp->id = c->req->id;
	wake_here(c->t, false);
	ima_ignore(ioctl(c->t->listener, SECCOMP_IOCTL_NOTIF_SEND, resp));
	wake_here(c->t, true);
}

void ima_trace_go_on(struct ima_trace_call *c)
{
	struct seccomp_notif_resp resp = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	send(c, &resp);
}

void ima_trace_fail(struct ima_trace_call *c, int error)
{
	struct seccomp_notif_resp resp = { .error = error };

	send(c, &resp);
}

/* its number in the task, or -errno; with SECCOMP_ADDFD_FLAG_SEND the task goes on with it */
static int give(struct ima_trace_call *c, int fd, uint64_t flags, uint32_t how)
{
	struct seccomp_notif_addfd add = {
		.id = c->req->id,
		.flags = how,
		.srcfd = (uint32_t)fd,
		.newfd_flags = flags & O_CLOEXEC ? O_CLOEXEC : 0,
	};
	const int its = ioctl(c->t->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	return its < 0 ? -errno : its;
}

static void give_at_once(struct ima_trace_call *c, int *fd, uint64_t flags)
{
	int its;

	begin_answer(c);
	wake_here(c->t, false);
	its = give(c, *fd, flags, SECCOMP_ADDFD_FLAG_SEND);
	wake_here(c->t, true);
	*fd = ima_close(*fd);
	if (its < 0)
		ima_trace_fail(c, its);
	else
		atomic_fetch_add(&c->t->n.opens, 1);
}

/* what can be written to is closed here before the task goes on: it may run the file next */
void ima_trace_hand_over(struct ima_trace_call *c, int *fd, uint64_t flags)
{
	struct seccomp_notif_resp resp = { 0 };
	int its;

	if ((flags & O_ACCMODE) == O_RDONLY) {
		give_at_once(c, fd, flags);
		return;
	}
	its = give(c, *fd, flags, 0);
	if (its < 0) {
		ima_trace_fail(c, its);
		return;
	}
	*fd = ima_close(*fd);
	atomic_fetch_add(&c->t->n.opens, 1);
	resp.val = its;
	send(c, &resp);
}

void ima_trace_unmount(struct ima_trace_call *c)
{
	for (int i = 0; i < ENDING_TRIES && atomic_load(&c->t->ending); i++)
		usleep(ENDING_WAIT_US);
	ima_trace_go_on(c);
}

void ima_trace_say(struct ima_trace_call *c, int level, const char *fmt, ...)
{
	char text[PATH_MAX + 256];
	va_list args;

	if (!c->t->opts.log)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	c->t->opts.log(c->t->opts.user, level, text);
}

/* the list says that something ran which it does not have */
static void mark_list(struct ima_trace_call *c, const char *what)
{
	char name[PATH_MAX + 32];

	snprintf(name, sizeof(name), "imactl_run_unmeasured:%s", what);
	if (ima_monitor_gap(c->t->opts.monitor, c->h, name) < 0)
		atomic_store(&c->t->owes_mark, true);
}

void ima_trace_pay_mark(struct ima_trace_call *c)
{
	if (atomic_load(&c->t->owes_mark) && atomic_exchange(&c->t->owes_mark, false))
		mark_list(c, "(while the list could not be written)");
}

bool ima_trace_unmeasured(struct ima_trace_call *c, const char *what, int why)
{
	const bool runs = c->t->opts.best_effort;

	atomic_fetch_add(&c->t->n.unmeasured, 1);
	ima_trace_say(c, LOG_WARNING, "%s: cannot be measured (%s): %s", what,
		      why == -EXDEV ? "only its own process can follow the path" : strerror(-why), runs ? "allowed, and the list says so" : "refused");
	if (runs)
		mark_list(c, what);
	return runs;
}

static void dispatch(struct ima_trace_call *c)
{
	switch (c->req->data.nr) {
	case SYS_execve:
	case SYS_execveat:
		ima_trace_exec(c);
		break;
	case SYS_mmap:
		ima_trace_mmap(c);
		break;
	case SYS_mprotect:
	case SYS_pkey_mprotect:
		ima_trace_mprotect(c);
		break;
#ifdef SYS_uselib
	case SYS_uselib:
		ima_trace_fail(c, -ENOSYS);
		break;
#endif
#ifdef SYS_open
	case SYS_open:
	case SYS_creat:
#endif
	case SYS_openat:
	case SYS_openat2:
		ima_trace_open(c);
		break;
	case SYS_umount2:
		ima_trace_unmount(c);
		break;
	default:
		ima_trace_change(c);
	}
}

static void handle(struct ima_trace_thread *th)
{
	struct ima_trace_call *c = th->call;

	atomic_fetch_add(&th->t->n.calls, 1);
	c->t = th->t;
	c->h = th->h;
	c->req = th->req;
	c->answered = false;
	c->text[0] = c->path[0] = 0;
	c->lent = false;
	c->task = (struct ima_trace_task){ .tid = (int)th->req->pid };
	c->ev.n_checks = 0;
	dispatch(c);
	if (!c->answered)
		ima_trace_fail(c, -EPERM);
	atomic_fetch_sub(&c->t->ending, 1);
}

bool ima_trace_calls_pending(const struct ima_trace *t)
{
	struct pollfd p = { .fd = t->listener, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

static bool may_rest(struct ima_trace_thread *th)
{
	if (++th->handled % LOOK_EVERY && !th->call->lent)
		return false;
	return ima_trace_crew_may_rest(th->t->crew, ima_trace_calls_pending(th->t));
}

/* until the thread may rest, or is to end */
static void take_calls(struct ima_trace_thread *th)
{
	bool goes_on = true;

	while (goes_on && !atomic_load(&th->t->stop)) {
		memset(th->req, 0, th->req_size);
		if (ioctl(th->t->listener, SECCOMP_IOCTL_NOTIF_RECV, th->req) == 0) {
			handle(th);
			goes_on = !may_rest(th);
		} else if (errno == ENOENT) {
			sched_yield(); /* killed in between, or the last task is gone: then we are told to stop */
		} else if (errno != EINTR && errno != EAGAIN) {
			atomic_store(&th->t->stop, true); /* the listener is of no more use */
			ima_trace_crew_end(th->t->crew);
		}
	}
}

static void *run(void *arg)
{
	struct ima_trace_thread *th = arg;

	/* the umask is a thread's own from now on */
	th->error = unshare(CLONE_FS) < 0 ? -errno : 0;
	sem_post(&th->begun);
	while (!th->error && !atomic_load(&th->t->stop) && ima_trace_crew_join(th->t->crew))
		take_calls(th);
	atomic_store(&th->ended, true);
	return NULL;
}

static void wake(int sig)
{
}

static int new_thread(struct ima_trace *t, struct ima_trace_thread *th, size_t req_size)
{
	int r;

	*th = (struct ima_trace_thread){ .t = t, .req_size = req_size };
	th->call = calloc(1, sizeof(*th->call));
	th->req = calloc(1, req_size);
	if (!th->call || !th->req)
		return -ENOMEM;
	r = ima_hasher_new(&th->h);
	return r;
}

/* 0 once it serves: calls that nobody takes would wait for ever */
static int begin_thread(struct ima_trace_thread *th)
{
	int r = sem_init(&th->begun, 0, 0) < 0 ? errno : pthread_create(&th->id, NULL, run, th);

	if (r)
		return -r;
	th->runs = true;
	while (sem_wait(&th->begun) < 0 && errno == EINTR)
		;
	sem_destroy(&th->begun);
	return th->error;
}

/* more only wake each other: a task does other things than to open files. Two, so that no processor waits for the calls of another one's task */
static unsigned int useful_threads(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 4 ? (unsigned int)n / 2 : n > 1 ? 2 : 1;
}

int ima_trace_serve(struct ima_trace *t)
{
	struct sigaction interrupt = { .sa_handler = wake }; /* no SA_RESTART */
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -errno;
	if (sizes.seccomp_notif < sizeof(struct seccomp_notif))
		sizes.seccomp_notif = sizeof(struct seccomp_notif);
	t->threads = calloc(t->n_threads, sizeof(*t->threads));
	if (!t->threads || ima_trace_crew_new(t->n_threads, useful_threads(), &t->crew) < 0)
		return -ENOMEM;
	sigaction(WAKE, &interrupt, NULL);
	atomic_store(&t->wakes_here, true);
	wake_here(t, true);
	for (unsigned int i = 0; i < t->n_threads; i++) {
		struct ima_trace_thread *th = &t->threads[i];
		int r = new_thread(t, th, sizes.seccomp_notif);

		if (r < 0)
			return r;
		r = begin_thread(th);
		if (r < 0)
			return r;
	}
	return 0;
}

/* a thread may just be about to wait: it is woken until it has ended */
static void end_thread(struct ima_trace_thread *th)
{
	const struct timespec pause = { .tv_nsec = 200000 };

	if (!th->runs)
		return;
	while (!atomic_load(&th->ended)) {
		pthread_kill(th->id, WAKE);
		nanosleep(&pause, NULL);
	}
	pthread_join(th->id, NULL);
	th->runs = false;
}

void ima_trace_serve_end(struct ima_trace *t)
{
	atomic_store(&t->stop, true);
	if (t->crew)
		ima_trace_crew_end(t->crew);
	for (unsigned int i = 0; t->threads && i < t->n_threads; i++)
		end_thread(&t->threads[i]);
	for (unsigned int i = 0; t->threads && i < t->n_threads; i++) {
		free(t->threads[i].call);
		free(t->threads[i].req);
		ima_hasher_free(t->threads[i].h);
	}
	free(t->threads);
	t->threads = NULL;
	t->crew = ima_trace_crew_free(t->crew);
}
