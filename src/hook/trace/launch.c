/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command's first process puts itself under the filter, hands the listener over, and executes: that execve is the first call that
 * waits. When we are killed the listener closes, and every call that would wait fails with ENOSYS: nothing goes on unmeasured.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "hook/trace/filter.h"
#include "hook/trace/serve.h"

#define DEFAULT_THREADS 8
#define DEFAULT_SETTLE_MS 100
#define REAP_MS 100
#define STUCK_MS 50 /* a call waits so long, and no other was taken: whoever should take it is held up */

/* what the first process tells before it is the command */
struct report {
	int error; /* 0: the listener comes along */
	enum { STAGE_FILTER, STAGE_EXEC } stage;
};

static int send_report(int sock, const struct report *what, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { ima_unconst(what), sizeof(*what) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* 1: a report, and @ret_fd where it brought one; 0: the other side closed: it runs the command */
static int receive_report(int sock, struct report *ret, int *ret_fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { ret, sizeof(*ret) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room) };
	const struct cmsghdr *head;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	head = CMSG_FIRSTHDR(&msg);
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(head), sizeof(*ret_fd));
	return n == sizeof(*ret) ? 1 : -EPROTO;
}

/*
 * In the new process: only what is safe after fork(2) of a process with threads. @other: the supervisor's end, which must be its alone: the
 * listener that is under way in it is to close with the supervisor.
 */
static void become_command(int sock, int other, const struct sock_fprog *filter, char *const argv[], const sigset_t *mask)
{
	struct report report = { .stage = STAGE_FILTER };
	int listener;

	close(other);
	listener = ima_trace_filter_install(filter);
	if (listener < 0)
		report.error = listener;
	if (send_report(sock, &report, listener) < 0 || listener < 0)
		_exit(127);
	close(listener);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	report = (struct report){ .error = -errno, .stage = STAGE_EXEC };
	ima_ignore(send_report(sock, &report, -EBADF));
	_exit(report.error == -ENOENT ? 127 : 126);
}

static int explain_filter(int error, struct ima_diag *diag)
{
	if (error == -EBUSY)
		return ima_diag_text(diag, error, "this process is under a seccomp filter with a listener already (a container's, or another "
						  "\"imactl run\"): the kernel allows one");
	if (error == -EINVAL || error == -ENOSYS)
		return ima_diag_text(diag, -ENOSYS, "this kernel has no seccomp user notification as it is since Linux 5.19");
	return ima_diag_text(diag, error, "the kernel refuses the seccomp filter: %s", strerror(-error));
}

static int take_listener(struct ima_trace *t, int sock, struct ima_diag *diag)
{
	struct report report;
	int r = receive_report(sock, &report, &t->listener);

	if (r <= 0)
		return ima_diag_text(diag, r < 0 ? r : -EPROTO, "the command's process ended before it began");
	return report.error ? explain_filter(report.error, diag) : 0;
}

/* until the socket closes, which execve does, or the command could not be run */
static int wait_for_exec(int sock, const char *name, struct ima_diag *diag)
{
	struct report report;
	int none = -EBADF;
	int r = receive_report(sock, &report, &none);

	ima_ignore(ima_close(none));
	if (r < 0)
		return ima_diag_text(diag, r, "%s: %s", name, strerror(-r));
	if (r == 1)
		return ima_diag_text(diag, report.error, "%s: %s", name, strerror(-report.error));
	return 0;
}

static int launch(struct ima_trace *t, char *const argv[], struct ima_diag *diag)
{
	ima_cleanup(ima_closep) int ours = -EBADF, theirs = -EBADF;
	struct sock_fprog filter = { 0 };
	sigset_t mask;
	int pair[2], r;

	r = ima_trace_filter_build(t->opts.best_effort, t->opts.io_uring, &filter);
	if (r < 0)
		return ima_diag_text(diag, r, "the seccomp filter cannot be built: %s", strerror(-r));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		ima_trace_filter_done(&filter);
		return -errno;
	}
	ours = pair[0];
	theirs = pair[1];
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	t->pid = fork();
	if (t->pid == 0)
		become_command(theirs, ours, &filter, argv, &mask);
	r = t->pid < 0 ? -errno : 0;
	theirs = ima_close(theirs);
	ima_trace_filter_done(&filter);
	if (r < 0)
		return ima_diag_text(diag, r, "fork: %s", strerror(-r));
	r = take_listener(t, ours, diag);
	if (r == 0)
		r = ima_trace_serve(t);
	if (r == 0)
		r = wait_for_exec(ours, argv[0], diag);
	return r;
}

static int set_up(struct ima_trace *t)
{
	int r;

	t->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->proc_fd < 0)
		return -errno;
	if (statx(AT_FDCWD, "/", AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &t->root) < 0)
		return -errno;
	t->self.tid = getpid();
	r = ima_trace_status(t->proc_fd, &t->self);
	if (r == 0)
		r = ima_trace_cache_new(t->opts.settle_ms ? t->opts.settle_ms : DEFAULT_SETTLE_MS, &t->cache);
	if (r == 0)
		r = ima_mount_types_new(&t->mounts);
	t->n_threads = t->opts.n_threads ? t->opts.n_threads : DEFAULT_THREADS;
	return r;
}

int ima_trace_start(const struct ima_trace_opts *opts, char *const argv[], struct ima_trace **ret, struct ima_diag *diag)
{
	struct ima_trace *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->opts = *opts;
	t->labels = opts->lsm != IMA_LSM_NONE && ima_monitor_names_labels(opts->monitor);
	t->listener = t->proc_fd = -EBADF;
	r = set_up(t);
	if (r < 0)
		ima_ignore(ima_diag_text(diag, r, "%s", strerror(-r)));
	else
		r = launch(t, argv, diag);
	if (r < 0) {
		ima_trace_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

/* whoever ended: the command, or an orphan of its tree that came to us */
static void reap(struct ima_trace *t, int *status, bool *ended)
{
	int st, pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		if (pid != t->pid)
			continue;
		*status = st;
		*ended = true;
	}
}

/* calls that wait, and none was taken since the last look: help. Until when to look again */
static int watch(struct ima_trace *t, uint64_t *seen, bool *waited)
{
	const uint64_t calls = atomic_load(&t->n.calls);
	const bool waits = ima_trace_calls_pending(t);

	if (waits && *waited && calls == *seen)
		ima_trace_crew_help(t->crew);
	*seen = calls;
	*waited = waits;
	return waits ? STUCK_MS : REAP_MS;
}

/* POLLHUP: no task is under the filter any more */
int ima_trace_wait(struct ima_trace *t, int *ret_status)
{
	struct pollfd p = { .fd = t->listener };
	bool ended = false, waited = false;
	int status = 0, pause_ms = REAP_MS;
	uint64_t seen = 0;

	while (!(p.revents & POLLHUP)) {
		if (poll(&p, 1, pause_ms) < 0 && errno != EINTR)
			return -errno;
		reap(t, &status, &ended);
		pause_ms = watch(t, &seen, &waited);
	}
	while (!ended) {
		const int r = waitpid(t->pid, &status, 0);

		if (r < 0 && errno != EINTR)
			return -errno;
		ended = r == t->pid;
	}
	ima_trace_serve_end(t);
	*ret_status = status;
	return 0;
}

void ima_trace_signal(struct ima_trace *t, int sig)
{
	if (t->pid > 0)
		kill(t->pid, sig);
}

struct ima_trace_stats ima_trace_stats(const struct ima_trace *t)
{
	return (struct ima_trace_stats){
		.calls = t->n.calls,
		.programs = t->n.programs,
		.opens = t->n.opens,
		.maps = t->n.maps,
		.measured = t->n.measured,
		.hashed = t->n.hashed,
		.unmeasured = t->n.unmeasured,
		.refused = t->n.refused,
	};
}

/* a listener that closes ends what still waits, and the threads with it */
struct ima_trace *ima_trace_free(struct ima_trace *t)
{
	if (t) {
		ima_trace_serve_end(t);
		ima_ignore(ima_close(t->listener));
		ima_ignore(ima_close(t->proc_fd));
		ima_trace_cache_free(t->cache);
		ima_mount_types_free(t->mounts);
		free(t);
	}
	return NULL;
}
