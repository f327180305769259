/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's loop: children, heartbeat, deadlines. */
#include "imad/supervisor.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "imad/handover.h"
#include "imad/setup.h"
#include "imad/worker.h"
#include "securityfs/view.h"

#define TICK_MS 100
#define HANG_TICKS 20       /* a worker whose heart stands still this long is replaced */
#define START_TICKS 100     /* a start beats as well, with each piece of the list that it loads */
#define MAX_EARLY_DEATHS 5  /* workers in a row that died before they were ready */
#define STOP_TICKS 50
#define VIEW_RESTARTS 10

struct supervisor {
	struct imad_host host;
	struct imad_config *config;
	pid_t worker, view;
	uint64_t last_beat;
	unsigned int still_ticks;
	unsigned int early_deaths;
	unsigned int view_starts;
	bool announced;
	bool stopping;
	bool replacing; /* the stop makes way for a new supervisor in this process */
	unsigned int stop_ticks;
	int status;
};

static void say(const char *text)
{
	fprintf(stderr, "imad: %s\n", text);
}

/* fork, but with one descriptor table for both */
static pid_t fork_sharing_descriptors(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, 0);
}

static void start_worker(struct supervisor *s)
{
	struct imad_shared *sh = s->host.setup.shared;
	pid_t pid;

	atomic_store(&sh->phase, IMAD_STARTING);
	pid = fork_sharing_descriptors();
	if (pid == 0)
		_exit(imad_worker_run(&s->host.setup));
	if (pid < 0) {
		say("a worker cannot be started: accesses go on unmeasured");
		s->stopping = true;
		s->status = 3;
		return;
	}
	s->host.setup.hook->ops->exempt(s->host.setup.hook, pid);
	atomic_store(&sh->worker_pid, pid);
	s->worker = pid;
	s->still_ticks = 0;
}

/* descriptors that stay: sorted, so that the gaps between them can be closed */
struct keep {
	int *fds;
	size_t n, cap;
	bool failed;
};

static void keep_fd(void *user, int fd)
{
	struct keep *k = user;

	if (fd < 0)
		return;
	if (k->n == k->cap) {
		int *p = reallocarray(k->fds, k->cap ? 2 * k->cap : 256, sizeof(*p));

		if (!p) {
			k->failed = true;
			return;
		}
		k->fds = p;
		k->cap = k->cap ? 2 * k->cap : 256;
	}
	k->fds[k->n++] = fd;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_others(struct keep *k)
{
	unsigned int from = 0;

	if (k->failed)
		return;
	qsort(k->fds, k->n, sizeof(*k->fds), by_number);
	for (size_t i = 0; i < k->n; i++) {
		const unsigned int fd = (unsigned int)k->fds[i];

		if (fd > from)
			close_range(from, fd - 1, 0);
		from = fd + 1;
	}
	close_range(from, ~0U, 0);
}

static void keep_own(struct supervisor *s, struct keep *k)
{
	keep_fd(k, STDIN_FILENO);
	keep_fd(k, STDOUT_FILENO);
	keep_fd(k, STDERR_FILENO);
	keep_fd(k, s->host.lock_fd);
	keep_fd(k, s->host.setup.journal_fd);
	keep_fd(k, s->host.setup.control_fd);
}

/* what the dead worker had open is closed, but for the accesses that still wait */
static unsigned int recover(struct supervisor *s)
{
	struct keep k = { 0 };
	unsigned int n;

	keep_own(s, &k);
	n = s->host.setup.hook->ops->recover(s->host.setup.hook, keep_fd, &k);
	close_others(&k);
	free(k.fds);
	if (s->view > 0)
		s->host.setup.hook->ops->exempt(s->host.setup.hook, s->view);
	return n;
}

static void describe_end(int status, char *ret, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(ret, size, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(ret, size, "exit status %d", WEXITSTATUS(status));
}

static void worker_ended(struct supervisor *s, int status)
{
	struct imad_shared *sh = s->host.setup.shared;
	const int phase = atomic_load(&sh->phase);
	char why[64], text[160];
	unsigned int waiting;

	s->worker = 0;
	if (s->stopping)
		return;
	waiting = recover(s);
	s->early_deaths = phase == IMAD_READY ? 0 : s->early_deaths + 1;
	if (phase == IMAD_FAILED || s->early_deaths >= MAX_EARLY_DEATHS) {
		if (phase != IMAD_FAILED)
			say("no worker comes up: giving up, accesses go on unmeasured");
		s->stopping = true;
		s->status = 3;
		return;
	}
	describe_end(status, why, sizeof(why));
	snprintf(text, sizeof(text), "the worker ended (%s): a new one takes over %u waiting accesses",
		 why, waiting);
	say(text);
	atomic_fetch_add(&sh->restarts, 1);
	start_worker(s);
}

static void close_all_but_output(void)
{
	close_range(STDERR_FILENO + 1, ~0U, 0);
}

static int run_view(struct supervisor *s)
{
	const struct imad_config *c = s->config;
	struct imad_shared *sh = s->host.setup.shared;
	const struct ima_view_opts opts = {
		.mount_point = c->mount_point,
		.journal_path = s->host.setup.journal_path,
		.control_path = s->host.control_path,
		.legacy_lists = c->profile == IMA_PROFILE_6_1,
		.lists_writable = c->profile == IMA_PROFILE_NEWEST, /* since 7.2 */
		.ready_fd = -1,
		.mounted = &sh->view_mounted,
		.evm_names_locked = &sh->evm_names_locked,
	};
	struct ima_diag diag = { 0 };
	int r;

	s->host.setup.hook->ops->exempt(s->host.setup.hook, getpid());
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "imad-view");
	close_all_but_output();
	r = ima_view_run(&opts, &diag);
	atomic_store(&sh->view_mounted, 0);
	if (r == 0)
		return 0;
	snprintf(sh->view_reason, sizeof(sh->view_reason), "%s",
		 diag.text[0] ? diag.text : strerror(-r));
	fprintf(stderr, "imad: no securityfs view: %s; the list is read with imactl list\n",
		sh->view_reason);
	return 3;
}

static void start_view(struct supervisor *s)
{
	pid_t pid;

	if (!strcmp(s->config->mount_point, "none")) {
		strcpy(s->host.setup.shared->view_reason, "switched off");
		return;
	}
	s->view_starts++;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(run_view(s));
	if (pid < 0) {
		strcpy(s->host.setup.shared->view_reason, "fork failed");
		return;
	}
	s->host.setup.hook->ops->exempt(s->host.setup.hook, pid);
	s->view = pid;
	atomic_store(&s->host.setup.shared->view_pid, pid);
}

/* killed by a signal: again; ended by itself: it has said why */
static void view_ended(struct supervisor *s, int status)
{
	s->view = 0;
	atomic_store(&s->host.setup.shared->view_pid, 0);
	atomic_store(&s->host.setup.shared->view_mounted, 0);
	if (s->stopping || !WIFSIGNALED(status) || s->view_starts >= VIEW_RESTARTS)
		return;
	say("the securityfs view ended: it is mounted again");
	start_view(s);
}

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->worker)
			worker_ended(s, status);
		else if (pid == s->view)
			view_ended(s, status);
	}
}

static void announce(struct supervisor *s)
{
	if (s->announced || atomic_load(&s->host.setup.shared->phase) != IMAD_READY)
		return;
	/* readers may come as soon as we say so: wait for the view, but not for ever */
	if (s->view && !atomic_load(&s->host.setup.shared->view_mounted) && s->still_ticks < 30) {
		s->still_ticks++;
		return;
	}
	s->announced = true;
	s->still_ticks = 0;
	say("ready");
	sd_notify(0, "READY=1");
}

static void check_heart(struct supervisor *s)
{
	struct imad_shared *sh = s->host.setup.shared;
	const uint64_t beat = atomic_load(&sh->heartbeat);
	const bool ready = atomic_load(&sh->phase) == IMAD_READY;

	if (!s->worker || (ready && !s->announced))
		return;
	s->still_ticks = beat == s->last_beat ? s->still_ticks + 1 : 0;
	s->last_beat = beat;
	if (s->still_ticks < (ready ? HANG_TICKS : START_TICKS))
		return;
	say("the worker's heart stands still: it is replaced");
	s->still_ticks = 0;
	kill(s->worker, SIGKILL);
}

static void begin_stop(struct supervisor *s)
{
	s->stopping = true;
	/* systemd kills who says that it stops and does not */
	sd_notify(0, s->replacing ? "RELOADING=1" : "STOPPING=1");
	if (s->worker)
		kill(s->worker, SIGTERM);
	if (s->view)
		kill(s->view, SIGTERM);
}

/* marks first, then the view, then the list: the worker removes marks before anything else */
static void press_stop(struct supervisor *s)
{
	if (++s->stop_ticks == 1)
		begin_stop(s);
	if (s->stop_ticks != STOP_TICKS)
		return;
	if (s->worker)
		kill(s->worker, SIGKILL);
	if (s->view)
		kill(s->view, SIGKILL);
}

static void loop(struct supervisor *s)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	while (!s->stopping || s->worker || s->view) {
		int sig = sigtimedwait(&set, NULL, &tick);

		if (sig == SIGTERM || sig == SIGINT)
			s->stopping = true;
		reap(s);
		s->host.setup.hook->ops->expire(s->host.setup.hook);
		if (atomic_load(&s->host.setup.shared->replace) && !s->stopping)
			s->replacing = s->stopping = true;
		if (s->stopping) {
			press_stop(s);
			continue;
		}
		announce(s);
		if (sig != SIGCHLD)
			check_heart(s);
	}
}

/* returns only when the new program could not be run: what was left in force for it ends */
static void make_way(struct supervisor *s, char **argv)
{
	const struct imad_setup *setup = &s->host.setup;
	struct ima_diag diag = { 0 };
	char text[256];
	int r = setup->hook->ops->leave(setup->hook, setup->program, &diag);

	if (r == 0 && imad_handover_leave(setup) < 0)
		say("what is known of files is lost: labels do not follow what is being written now");
	if (r == 0) {
		execv(setup->program, argv);
		r = -errno;
	}
	snprintf(text, sizeof(text), "the new program was not started: %s",
		 diag.text[0] ? diag.text : strerror(-r));
	say(text);
	s->status = 3;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int imad_supervise(struct imad_config *c, char **argv)
{
	struct supervisor s = { .config = c };
	struct ima_diag diag = { 0 };
	int r = imad_host_open(c, &s.host, &diag);

	if (r < 0) {
		fprintf(stderr, "imad: %s\n", diag.text);
		if (s.host.no_hook)
			say("without fanotify nothing can be measured here; imactl list, replay and policy work on files");
		imad_host_close(&s.host);
		return 3;
	}
	block_signals();
	start_worker(&s);
	start_view(&s);
	loop(&s);
	if (s.replacing && s.status == 0)
		make_way(&s, argv);
	else if (s.status == 0 && imad_config_appraises(c) && imad_handover_keep(&s.host.setup) < 0)
		say("what is known of files is lost: labels do not follow what is being written now");
	imad_host_close(&s.host);
	return s.status;
}
