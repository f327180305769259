/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace tier: one command and its children, without privileges. A seccomp filter, which they cannot shed, makes execve, open,
 * executable mappings and mprotect wait for this process (seccomp_unotify(2)); the monitor measures, then the call goes on.
 *
 * An open is carried out here, as its task would have, and handed over as a descriptor: what was hashed is what is read. An execve and
 * a mapping are let go on by the task's own arguments after they were looked at: a command that changes them in between is not
 * caught (docs/SECURITY.md "The trace tier"). Nothing is ever refused for its content, unless @admit says so.
 */
#pragma once

#include "core/monitor/monitor.h"
#include "hook/lsm.h"

struct ima_trace;

/** struct ima_trace_opts - fixed for the life of the trace; borrowed until ima_trace_free() */
struct ima_trace_opts {
	struct ima_monitor *monitor; /* its policy stays as it is */
	enum ima_lsm lsm;
	int list_fd;            /* where the list is written: reading it is not measured; -EBADF: none */
	uint64_t settle_ms;     /* files changed more recently are hashed at each use; 0: default */
	unsigned int n_threads; /* 0: default */
	bool best_effort;       /* what cannot be measured runs, and the list says so; else it is refused */
	bool io_uring;          /* io_uring is left to the command: what it opens is not seen */
	/* a program or library that was measured is about to be used: false refuses it. Any thread; NULL: all are admitted */
	bool (*admit)(void *user, const struct ima_file_event *ev, const struct ima_digest *content);
	/* one line about something that the user should know; level as syslog(3); any thread; NULL: dropped */
	void (*log)(void *user, int level, const char *text);
	void *user;
};

/** struct ima_trace_stats - counts of what happened so far */
struct ima_trace_stats {
	uint64_t calls;      /* that waited for us */
	uint64_t programs;   /* execve calls that were let go on */
	uint64_t opens;      /* descriptors handed over */
	uint64_t maps;       /* executable mappings of files */
	uint64_t measured;   /* uses that a rule wanted measured, cached ones included */
	uint64_t hashed;     /* of these, how often the content was read */
	uint64_t unmeasured; /* uses that could not be measured: refused, or marked in the list */
	uint64_t refused;    /* by @admit */
};

/**
 * ima_trace_start() - run a command under the filter
 * @argv: NULL-terminated; argv[0] is looked for in PATH
 *
 * The caller should ignore SIGINT and SIGQUIT, which a terminal sends to the command as well, and become the reaper of orphans
 * (PR_SET_CHILD_SUBREAPER), so that nothing of the tree outlives the trace unseen.
 *
 * Return: 0, -ENOSYS no seccomp user notification in this kernel, -EBUSY another program has put a filter with a listener on this
 * process, -ENOENT/-EACCES/... what execve(2) of the command failed with, -ENOMEM, errno; @diag says which
 */
ima_must_check int ima_trace_start(const struct ima_trace_opts *opts, char *const argv[], struct ima_trace **ret, struct ima_diag *diag);

/**
 * ima_trace_wait() - until the command and all its descendants are gone
 * @ret_status: of the command, as waitpid(2) reports it
 */
ima_must_check int ima_trace_wait(struct ima_trace *t, int *ret_status);

/** ima_trace_signal() - hand a signal on to the command; async-signal-safe */
void ima_trace_signal(struct ima_trace *t, int sig);

struct ima_trace_stats ima_trace_stats(const struct ima_trace *t);

/** ima_trace_free() - after ima_trace_wait(), or when starting failed */
struct ima_trace *ima_trace_free(struct ima_trace *t);
