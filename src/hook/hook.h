/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hook backend: where events come from. One vtable; the monitor does not know which backend calls it.
 *
 * Two processes use one hook object. The supervisor opens it (descriptors and shared memory from before the fork), expires
 * late events and keeps what a dead worker left. The worker starts it, and only there threads run.
 */
#pragma once

#include "core/monitor/monitor.h"
#include "hook/lsm.h"

struct ima_hook;

/** struct ima_hook_stats - counters that survive a worker */
struct ima_hook_stats {
	uint64_t seen;         /* events read */
	uint64_t measured;     /* events that a rule wanted measured */
	uint64_t allowed_late; /* answered by the fail mode after their deadline */
	uint64_t lost;         /* accesses that went unmeasured: given up, no memory, failed measurement */
	uint64_t retried;      /* events handled again after a worker died */
	uint64_t ignored;      /* ignore marks set */
};

/** struct ima_hook_fs - one file system as the hook sees it */
struct ima_hook_fs {
	const char *fstype;
	const char *where;  /* a mount point */
	const char *reason; /* NULL: marked; else why not */
};

/** struct ima_hook_opts - fixed for the life of the hook */
struct ima_hook_opts {
	const char *const *scope_mounts; /* only mounts at or under these paths; NULL terminated; NULL: the machine */
	const char *view_mount;          /* our own view: never hooked */
	int list_fd;                     /* the journal: reading the list is not measured; -EBADF: none */
	uint64_t deadline_ms;            /* of one event, plus the time to hash its size at 20 MB/s */
	uint64_t settle_ms;              /* files changed more recently are not cached */
	size_t n_threads;                /* per class of file system, 0: default */
	bool violations_once;            /* one ToMToU for each measured reader */
	bool fail_closed;                /* gate: what has no verdict is refused, imad running or not */
	bool outlives;                   /* gate: verdicts stay in force when imad is killed */
	bool appraises;                  /* appraise rules are carried out in this life of the hook */
	unsigned int guard;              /* gate: IMA_GATE_GUARD_*: who may end it */
	bool init_module_data;           /* since 6.10: the buffer of init_module(2) is critical data */
	enum ima_lsm lsm;                /* whose labels rules may name */
};

/** struct ima_hook_worker - what the worker lends to the hook; outlives it */
struct ima_hook_worker {
	struct ima_monitor *monitor;
	uint64_t last_event; /* highest event number that the list knows: numbers go on from there */
	void (*log)(void *user, int level, const char *text); /* level as syslog(3); any thread */
	void *user;
};

struct ima_hook_ops {
	const char *name; /* tier: "fanotify", "gate", "trace", "replay" */

	/* supervisor, before any worker; -EPERM, -ENOSYS ... with @diag in the kernel's own words */
	int (*open)(const struct ima_hook_opts *opts, struct ima_hook **ret, struct ima_diag *diag);

	/* supervisor, from time to time: answers events past their deadline by the fail mode; returns how many */
	unsigned int (*expire)(struct ima_hook *h);

	/* supervisor, after the worker died: prepares the outstanding events for the next worker, gives up those tried too often.
	 * Calls @keep for each descriptor that must stay open. Returns how many events are outstanding */
	unsigned int (*recover)(struct ima_hook *h, void (*keep)(void *user, int fd), void *user);

	/* worker, before it opens any file: from now on imad's own accesses pass and all others queue. 0 or -errno */
	int (*begin)(struct ima_hook *h);

	/* worker: marks, then the queue is handled; @w is copied */
	int (*start)(struct ima_hook *h, const struct ima_hook_worker *w, struct ima_diag *diag);

	/* worker: the policy changed: forget cached answers, mark and unmark file systems */
	int (*refresh)(struct ima_hook *h);

	/* worker: marks are removed first, then outstanding events are finished, then threads end */
	void (*stop)(struct ima_hook *h);

	/* supervisor, after the worker stopped: @next_program is about to replace this one; what can stay in force does. 0 or -errno */
	int (*leave)(struct ima_hook *h, const char *next_program, struct ima_diag *diag);

	/* either: a task of imad itself, never measured and never made to wait; recover() forgets all but the caller's */
	void (*exempt)(struct ima_hook *h, int tid);

	void (*stats)(struct ima_hook *h, struct ima_hook_stats *ret);
	/* worker: calls @fn for each file system known */
	void (*each_fs)(struct ima_hook *h, void (*fn)(void *user, const struct ima_hook_fs *fs),
			void *user);

	struct ima_hook *(*free)(struct ima_hook *h);
};

/** struct ima_hook - the common head of every backend */
struct ima_hook {
	const struct ima_hook_ops *ops;
};

extern const struct ima_hook_ops ima_hook_fanotify;
extern const struct ima_hook_ops ima_hook_gate; /* fanotify and the programs of hook/gate */
