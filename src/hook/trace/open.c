/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open, openat, openat2, creat: looked up and opened here as the task would, measured, handed over. What is no regular file, and what
 * no rule asks for, the task opens by itself.
 *
 * The order is the kernel's: permission to open first, then the measurement, O_TRUNC after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/trace/call.h"

struct open_args {
	int dirfd;
	uint64_t path; /* address */
	uint64_t flags;
	mode_t mode;
	uint64_t resolve; /* of openat2 */
};

static int read_how(struct ima_trace_call *c, struct open_args *a)
{
	const uint64_t *arg = (const uint64_t *)c->req->data.args;
	struct open_how how = { 0 };
	int r;

	if (arg[3] < sizeof(how))
		return -EINVAL;
	r = ima_trace_read_memory(c, arg[2], &how, sizeof(how));
	if (r == 0)
		*a = (struct open_args){ (int)arg[0], arg[1], how.flags, (mode_t)how.mode, how.resolve };
	return r;
}

static int read_args(struct ima_trace_call *c, struct open_args *a)
{
	const uint64_t *arg = (const uint64_t *)c->req->data.args;

	switch (c->req->data.nr) {
#ifdef SYS_open
	case SYS_open:
		*a = (struct open_args){ AT_FDCWD, arg[0], (unsigned int)arg[1], (mode_t)arg[2], 0 };
		return 0;
#endif
#ifdef SYS_creat
	case SYS_creat:
		*a = (struct open_args){ AT_FDCWD, arg[0], O_CREAT | O_WRONLY | O_TRUNC, (mode_t)arg[1], 0 };
		return 0;
#endif
	case SYS_openat:
		*a = (struct open_args){ (int)arg[0], arg[1], (unsigned int)arg[2], (mode_t)arg[3], 0 };
		return 0;
	default:
		return read_how(c, a);
	}
}

static bool is_proc(int fd)
{
	struct statfs sf;

	return fstatfs(fd, &sf) == 0 && sf.f_type == PROC_SUPER_MAGIC;
}

/* flags of a descriptor for a file that is there, and has been found already */
static int flags_for_reopen(uint64_t flags)
{
	return (int)(flags & ~(uint64_t)(O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW | O_DIRECTORY));
}

static void add_checks(struct ima_trace_call *c, uint64_t flags)
{
	ima_trace_add_check(c, IMA_FUNC_FILE_CHECK, ima_subject_mask((unsigned int)flags));
	c->ev.opened_for_write = (flags & O_ACCMODE) != O_RDONLY;
	c->ev.direct_io = flags & O_DIRECT;
}

static int truncate_it(struct ima_trace_call *c, int fd, uint64_t flags)
{
	ima_cleanup(ima_closep) int other = -EBADF;

	if (!(flags & O_TRUNC))
		return 0;
	if (!ima_trace_still_waits(c)) /* its number may be another task's by now */
		return -ESRCH;
	if ((flags & O_ACCMODE) != O_RDONLY)
		return ftruncate(fd, 0) < 0 ? -errno : 0;
	other = ima_trace_reopen(c, fd, O_WRONLY | O_TRUNC); /* the kernel wants permission to write for it */
	return other < 0 ? other : 0;
}

/* what was measured; @r: of the measurement */
static void hand_over_measured(struct ima_trace_call *c, int r, int *fd, uint64_t flags)
{
	if (r == 0)
		r = truncate_it(c, *fd, flags);
	if (r < 0)
		ima_trace_fail(c, r);
	else
		ima_trace_hand_over(c, fd, flags);
}

static void give_up(struct ima_trace_call *c, int why)
{
	if (ima_trace_unmeasured(c, c->text[0] ? c->text : "an open", why))
		ima_trace_go_on(c);
	else
		ima_trace_fail(c, -EPERM);
}

/* nothing is known of it */
static void open_unknown(struct ima_trace_call *c, int path_fd, uint64_t flags)
{
	ima_cleanup(ima_closep) int readable = ima_trace_reopen(c, path_fd, O_RDONLY | O_NONBLOCK);
	ima_cleanup(ima_closep) int fd = -EBADF;

	if (!ima_trace_wants(c, readable >= 0 ? readable : path_fd)) {
		ima_trace_go_on(c);
		return;
	}
	fd = ima_trace_reopen(c, path_fd, flags_for_reopen(flags));
	/* somebody's lease was in the way, and the task's own open waited for it */
	if (fd >= 0 && readable == -EAGAIN)
		readable = ima_trace_reopen(c, path_fd, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		ima_trace_fail(c, fd);
	else if (readable < 0)
		give_up(c, readable);
	else
		hand_over_measured(c, ima_trace_measure(c, readable), &fd, flags);
}

static void open_measured(struct ima_trace_call *c, int path_fd, uint64_t flags)
{
	ima_cleanup(ima_closep) int fd = ima_trace_reopen(c, path_fd, flags_for_reopen(flags));

	hand_over_measured(c, fd < 0 ? fd : 0, &fd, flags);
}

/* nothing has that name yet: made here, so that it can be looked at before its task has it */
static void open_new(struct ima_trace_call *c, const struct open_args *a)
{
	ima_cleanup(ima_closep) int fd = ima_trace_open_as(c, a->dirfd, c->text, 0, a->flags, a->mode);
	ima_cleanup(ima_closep) int readable = -EBADF;
	struct ima_trace_stat st;

	if (fd < 0) {
		ima_trace_go_on(c); /* nothing was made: the kernel has the better word for it */
		return;
	}
	readable = ima_trace_reopen(c, fd, O_RDONLY | O_NONBLOCK);
	if (ima_trace_stat(fd, "", &st) < 0 || !S_ISREG(st.st.st_mode)) {
		ima_trace_hand_over(c, &fd, a->flags);
		return;
	}
	ima_trace_begin_file(c, &st);
	add_checks(c, a->flags);
	c->ev.new_file = true;
	if (ima_trace_wants(c, readable >= 0 ? readable : fd) && readable >= 0)
		hand_over_measured(c, ima_trace_measure(c, readable), &fd, a->flags & ~(uint64_t)O_TRUNC);
	else
		ima_trace_hand_over(c, &fd, a->flags);
}

static bool is_tmpfile(uint64_t flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

static void open_found(struct ima_trace_call *c, int path_fd, uint64_t flags)
{
	struct ima_trace_stat st;
	int known;

	if (ima_trace_stat(path_fd, "", &st) < 0 || !S_ISREG(st.st.st_mode) || (flags & O_EXCL && flags & O_CREAT)) {
		ima_trace_go_on(c);
		return;
	}
	ima_trace_begin_file(c, &st);
	add_checks(c, flags);
	known = ima_trace_known(c);
	if (known == 1)
		open_measured(c, path_fd, flags);
	else if (known == 0 || is_proc(path_fd))
		ima_trace_go_on(c);
	else
		open_unknown(c, path_fd, flags);
}

/*
 * openat2's own restrictions are the task's to keep: what they would forbid fails when the task opens it. Only where it goes on
 * by itself; so a restricted open is looked at, and then repeated by the task.
 */
static void open_restricted(struct ima_trace_call *c, int path_fd, uint64_t flags)
{
	ima_cleanup(ima_closep) int readable = -EBADF;
	struct ima_trace_stat st;

	if (ima_trace_stat(path_fd, "", &st) == 0 && S_ISREG(st.st.st_mode) && !is_proc(path_fd)) {
		readable = ima_trace_reopen(c, path_fd, O_RDONLY | O_NONBLOCK);
		ima_trace_begin_file(c, &st);
		add_checks(c, flags);
		if (readable >= 0 && ima_trace_use(c, readable) < 0) {
			ima_trace_fail(c, -EPERM);
			return;
		}
	}
	ima_trace_go_on(c);
}

void ima_trace_open(struct ima_trace_call *c)
{
	ima_cleanup(ima_closep) int path_fd = -EBADF;
	struct open_args a = { 0 };
	int r = read_args(c, &a);

	if (r == 0)
		r = ima_trace_read_text(c, a.path);
	if (r == -EPERM) {
		give_up(c, r);
		return;
	}
	/* the kernel has the better word for what cannot be an open, and O_PATH opens no content */
	if (r < 0 || a.flags & O_PATH || (a.flags & O_DIRECTORY && !is_tmpfile(a.flags))) {
		ima_trace_go_on(c);
		return;
	}
	if (is_tmpfile(a.flags) && !a.resolve) {
		open_new(c, &a);
		return;
	}
	path_fd = ima_trace_open_as(c, a.dirfd, c->text, 0, O_PATH | (a.flags & O_NOFOLLOW), 0);
	if (path_fd == -EXDEV)
		give_up(c, path_fd);
	else if (path_fd == -ENOENT && a.flags & O_CREAT && !a.resolve)
		open_new(c, &a);
	else if (path_fd < 0)
		ima_trace_go_on(c);
	else if (a.resolve)
		open_restricted(c, path_fd, a.flags);
	else
		open_found(c, path_fd, a.flags);
}
