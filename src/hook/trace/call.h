/* SPDX-License-Identifier: BSD-2-Clause */
/* One system call that waits: what is known of its task, what is done about it, how it is answered. On one thread. */
#pragma once

#include <limits.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "hook/file.h"
#include "hook/subject.h"
#include "hook/trace/cache.h"
#include "hook/trace/crew.h"
#include "hook/trace/mount_types.h"
#include "hook/trace/stat.h"
#include "hook/trace/trace.h"

/** struct ima_trace_task - who calls, as far as it is needed: see ima_trace_task_read() */
struct ima_trace_task {
	int tid;
	bool known;     /* the rest was read */
	struct ima_subject subject;
	uint64_t caps;  /* effective, in our user namespace */
	mode_t umask;
	bool acts;      /* this thread has its credentials now */
	char groups[1024]; /* text of /proc/TID/status */
};

/** struct ima_trace - shared by the threads; counters are atomic, the rest is fixed or locks by itself */
struct ima_trace {
	struct ima_trace_opts opts;
	int listener; /* -EBADF: none yet */
	int pid;      /* of the command */
	int proc_fd;
	struct ima_trace_task self; /* our own credentials */
	struct statx root;          /* our own root */
	struct ima_trace_cache *cache;
	struct ima_mount_types *mounts;
	struct ima_trace_thread *threads;
	struct ima_trace_crew *crew;
	unsigned int n_threads;
	bool labels;         /* rules ask for a security module's labels */
	atomic_bool changed; /* some task may be of another user, root or namespace than we are */
	atomic_bool owes_mark; /* something ran unmeasured when the list could not be written to */
	atomic_bool stop;
	atomic_uint ending; /* calls that were answered and whose descriptors may not all be closed yet */
	atomic_bool wakes_here; /* the kernel can be told where to wake: answer.c */
	struct {
		_Atomic uint64_t calls, programs, opens, maps, measured, hashed, unmeasured, refused;
	} n;
};

/** struct ima_trace_file - the file as the monitor asks about it, with what was found */
struct ima_trace_file {
	struct ima_fd_file fd;      /* first: ima_fd_file_ops take it; readable */
	struct ima_digest content;  /* the last digest that was made */
	bool has_content;
};

struct ima_trace_call {
	struct ima_trace *t;
	struct ima_hasher *h;
	const struct seccomp_notif *req;
	struct ima_trace_task task;
	struct ima_trace_file file;
	struct ima_file_event ev;
	uint64_t mount; /* that the file was found on */
	bool answered;
	bool lent; /* it took long: another thread was called for the time */
	char text[PATH_MAX];      /* of the call */
	char path[PATH_MAX + 16]; /* of the file, as it is listed */
	char dev[32];
	char fstype[32], subtype[32];
	char subject_label[512], object_label[512];
};

/* ---- serve.c ---- */

/** ima_trace_calls_pending() - does a call wait that nobody has taken? */
bool ima_trace_calls_pending(const struct ima_trace *t);

/* ---- answer.c ---- */

/** ima_trace_wake_here() - is whoever is woken by a call, or by its answer, to run on the processor of the one that wakes it? Kernels before 6.6 do not know of it */
void ima_trace_wake_here(struct ima_trace *t, bool here);
/** ima_trace_still_waits() - the task has not been killed: what /proc/TID showed was its own */
bool ima_trace_still_waits(const struct ima_trace_call *c);
void ima_trace_go_on(struct ima_trace_call *c);            /* with the task's own arguments */
void ima_trace_fail(struct ima_trace_call *c, int error);  /* @error: -errno for the task */
void ima_trace_unmount(struct ima_trace_call *c);          /* goes on when no descriptor of ours is in its way */
/**
 * ima_trace_hand_over() - the task gets a descriptor of its own for @fd, which is closed; when it cannot take one, that error
 * @flags: that the task asked for: O_CLOEXEC is looked at
 */
void ima_trace_hand_over(struct ima_trace_call *c, int *fd, uint64_t flags);

/* ---- unmeasured.c ---- */

/** ima_trace_say() - one line for the user */
void ima_trace_say(struct ima_trace_call *c, int level, const char *fmt, ...) ima_printf(3, 4);
/** ima_trace_unmeasured() - @what could not be measured because of @why (-errno). Goes on, marked, or is refused: true when it goes on */
bool ima_trace_unmeasured(struct ima_trace_call *c, const char *what, int why);

/** ima_trace_pay_mark() - the list can be written to again: it is told what it missed */
void ima_trace_pay_mark(struct ima_trace_call *c);

/* ---- task.c ---- */

/** ima_trace_status() - what /proc/TID/status says of @t->tid. -ESRCH gone, errno */
ima_must_check int ima_trace_status(int proc_fd, struct ima_trace_task *t);
/** ima_trace_task_read() - credentials and umask of the caller; once a call. -ESRCH gone, errno */
ima_must_check int ima_trace_task_read(struct ima_trace_call *c);
/** ima_trace_read_text() - a NUL-terminated path from the task's memory into @c->text. -EFAULT, -ENAMETOOLONG, -EPERM not ours to read */
ima_must_check int ima_trace_read_text(struct ima_trace_call *c, uint64_t address);
/** ima_trace_read_memory() - exactly @size bytes. -EFAULT, -EPERM */
ima_must_check int ima_trace_read_memory(const struct ima_trace_call *c, uint64_t address, void *ret, size_t size);
/** ima_trace_act_as() - this thread takes on the task's credentials for opening files; undone by ima_trace_act_self() */
ima_must_check int ima_trace_act_as(struct ima_trace_call *c);
void ima_trace_act_self(struct ima_trace_call *c);

/* ---- resolve.c ---- */

/**
 * ima_trace_open_as() - openat2(2) as the task would: from its root and working directory, with its credentials
 * @dirfd: of the task; @path: "" with AT_EMPTY_PATH in @at_flags: the descriptor itself
 * Return: a descriptor of ours, -EXDEV the path leads through what only the task itself can follow, errno as the task would get it
 */
ima_must_check int ima_trace_open_as(struct ima_trace_call *c, int dirfd, const char *path, int at_flags, uint64_t flags, mode_t mode);
/** ima_trace_reopen() - another descriptor, opened as the task would open it, for the file behind @fd (O_PATH will do). errno */
ima_must_check int ima_trace_reopen(struct ima_trace_call *c, int fd, int flags);

/* ---- measure.c ---- */

/** ima_trace_begin_file() - the event's facts from what stat says of a regular file; checks are added next */
void ima_trace_begin_file(struct ima_trace_call *c, const struct ima_trace_stat *st);
void ima_trace_add_check(struct ima_trace_call *c, enum ima_func func, unsigned int mask);
void ima_trace_add_mmap(struct ima_trace_call *c);
/** ima_trace_known() - what an unchanged file's use was found to be before: 1 measured, 0 wanted by no rule, -ENOENT not known */
int ima_trace_known(struct ima_trace_call *c);
/**
 * ima_trace_wants() - does a rule ask for anything? The list itself is never asked for
 * @fd: readable; of an O_PATH one neither the file system's UUID nor a label can be told
 */
bool ima_trace_wants(struct ima_trace_call *c, int fd);
/**
 * ima_trace_measure() - through the monitor, unless it was done before and the file is the same
 * @fd: readable; borrowed. Return: 0, -EACCES @admit refused it, -EPERM it cannot be measured and is not to run so, -ESRCH the task was killed
 */
ima_must_check int ima_trace_measure(struct ima_trace_call *c, int fd);
/** ima_trace_use() - what of the three above is needed; as ima_trace_measure() */
ima_must_check int ima_trace_use(struct ima_trace_call *c, int fd);

/* ---- one file each ---- */
void ima_trace_exec(struct ima_trace_call *c);
void ima_trace_open(struct ima_trace_call *c);
void ima_trace_mmap(struct ima_trace_call *c);
void ima_trace_mprotect(struct ima_trace_call *c);
void ima_trace_change(struct ima_trace_call *c); /* task.c */
