/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads: each takes a waiting call from the listener, handles it, answers exactly once. A call that nobody answered fails with
 * EPERM: nothing goes on by an oversight.
 */
#include "hook/trace/serve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define WAKE SIGRTMIN
#define LOOK_EVERY 4 /* calls, then one look at how many wait: a look is a system call */

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
	ima_trace_wake_here(t, true);
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
