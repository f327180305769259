/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening what a path means to a task. From our own root, when it has the same: the task's working directory or descriptor is where
 * relative paths begin. In another root (chroot, mount namespace) the kernel resolves in that root (RESOLVE_IN_ROOT). The magic links
 * of /proc mean the task's own files: "self" is spelled out; one that cannot be is -EXDEV.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/trace/call.h"

static int open_how(int dir, const char *path, uint64_t flags, mode_t mode, uint64_t resolve)
{
	const struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	const long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* "cwd", "root", "fd/N" of the task, as an O_PATH descriptor */
static int open_link(const struct ima_trace_call *c, const char *link)
{
	char name[96];
	int fd;

	snprintf(name, sizeof(name), "%d/%s", c->task.tid, link);
	fd = openat(c->t->proc_fd, name, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_base(const struct ima_trace_call *c, int dirfd)
{
	char link[32];
	int fd;

	if (dirfd == AT_FDCWD)
		return open_link(c, "cwd");
	snprintf(link, sizeof(link), "fd/%d", dirfd);
	fd = open_link(c, link);
	return fd == -ENOENT ? -EBADF : fd;
}

static bool same_place(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
	       a->stx_mnt_id == b->stx_mnt_id;
}

static bool has_our_root(const struct ima_trace_call *c)
{
	struct statx its;
	char name[64];

	if (!atomic_load(&c->t->changed))
		return true;
	snprintf(name, sizeof(name), "%d/root", c->task.tid);
	return statx(c->t->proc_fd, name, AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &its) == 0 && same_place(&c->t->root, &its);
}

/* @path begins with @prefix: the rest, else NULL */
static const char *after(const char *path, const char *prefix)
{
	const size_t n = strlen(prefix);

	return strncmp(path, prefix, n) ? NULL : path + n;
}

/* leads to the files of whoever follows it: ours must not be looked at */
static bool is_about_self(const char *path)
{
	return after(path, "/proc/self/") || after(path, "/proc/thread-self/") || after(path, "/dev/fd/") || after(path, "/dev/std");
}

/* what "self" and the links in /dev mean to the task; 0: @ret was written */
static int spell_out(struct ima_trace_call *c, const char *path, char *ret, size_t size)
{
	static const char *const streams[] = { "/dev/stdin", "/dev/stdout", "/dev/stderr" };
	const char *rest;
	int r;

	r = ima_trace_task_read(c);
	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++) {
		if (!strcmp(path, streams[i])) {
			snprintf(ret, size, "/proc/%d/fd/%d", c->task.subject.tgid, i);
			return 0;
		}
	}
	if ((rest = after(path, "/proc/self/")))
		snprintf(ret, size, "/proc/%d/%s", c->task.subject.tgid, rest);
	else if ((rest = after(path, "/proc/thread-self/")))
		snprintf(ret, size, "/proc/%d/task/%d/%s", c->task.subject.tgid, c->task.tid, rest);
	else if ((rest = after(path, "/dev/fd/")))
		snprintf(ret, size, "/proc/%d/fd/%s", c->task.subject.tgid, rest);
	else if (after(path, "/proc/") && path[6] >= '1' && path[6] <= '9')
		snprintf(ret, size, "%s", path);
	else
		return -EXDEV;
	return 0;
}

static bool may_create(uint64_t flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

/* all that says where the path begins was looked at: was it the task's? Its number may be another's by now, where nothing is to be made */
static int begin_creating(const struct ima_trace_call *c, uint64_t flags)
{
	return may_create(flags) && !ima_trace_still_waits(c) ? -ESRCH : 0;
}

static int open_magic(struct ima_trace_call *c, const char *path, uint64_t flags, mode_t mode)
{
	char real[PATH_MAX + 64];
	int r = spell_out(c, path, real, sizeof(real));

	if (r == 0)
		r = begin_creating(c, flags);
	return r < 0 ? r : open_how(AT_FDCWD, real, flags, mode, 0);
}

static int open_in_our_root(struct ima_trace_call *c, int dirfd, const char *path, uint64_t flags, mode_t mode)
{
	ima_cleanup(ima_closep) int dir = path[0] == '/' ? -EBADF : open_base(c, dirfd);
	int fd;

	if (dir < 0 && path[0] != '/')
		return dir;
	if (is_about_self(path))
		return open_magic(c, path, flags, mode);
	fd = begin_creating(c, flags);
	if (fd < 0)
		return fd;
	fd = open_how(path[0] == '/' ? AT_FDCWD : dir, path, flags, mode, RESOLVE_NO_MAGICLINKS);
	return fd == -ELOOP && !(flags & O_NOFOLLOW) ? open_magic(c, path, flags, mode) : fd;
}

/* where @fd is below @root, as text; both as the kernel names them */
static int path_below(const struct ima_trace_call *c, int root, int fd, char *ret, size_t size)
{
	char top[PATH_MAX], at[PATH_MAX], name[32];
	ssize_t n_top, n;

	snprintf(name, sizeof(name), "self/fd/%d", root);
	n_top = readlinkat(c->t->proc_fd, name, top, sizeof(top) - 1);
	snprintf(name, sizeof(name), "self/fd/%d", fd);
	n = readlinkat(c->t->proc_fd, name, at, sizeof(at) - 1);
	if (n_top <= 0 || n <= 0)
		return -EXDEV;
	at[n] = 0;
	if (n_top == 1) /* "/" */
		n_top = 0;
	if (n < n_top || memcmp(top, at, (size_t)n_top) || (at[n_top] && at[n_top] != '/'))
		return -EXDEV;
	snprintf(ret, size, "%s", at + n_top);
	return 0;
}

static int open_in_its_root(struct ima_trace_call *c, int dirfd, const char *path, uint64_t flags, mode_t mode)
{
	ima_cleanup(ima_closep) int root = open_link(c, "root");
	ima_cleanup(ima_closep) int dir = -EBADF;
	char below[PATH_MAX], whole[2 * PATH_MAX + 2];
	int r;

	if (root < 0)
		return root;
	if (path[0] == '/') {
		snprintf(whole, sizeof(whole), "%s", path);
	} else {
		dir = open_base(c, dirfd);
		if (dir < 0)
			return dir;
		r = path_below(c, root, dir, below, sizeof(below));
		if (r < 0)
			return r;
		snprintf(whole, sizeof(whole), "%s/%s", below, path);
	}
	r = begin_creating(c, flags);
	if (r < 0)
		return r;
	r = open_how(root, whole, flags, mode, RESOLVE_IN_ROOT);
	return r == -ELOOP && !(flags & O_NOFOLLOW) ? -EXDEV : r;
}

static int open_path(struct ima_trace_call *c, int dirfd, const char *path, int at_flags, uint64_t flags, mode_t mode)
{
	if (!path[0])
		return at_flags & AT_EMPTY_PATH ? open_base(c, dirfd) : -ENOENT;
	return has_our_root(c) ? open_in_our_root(c, dirfd, path, flags, mode) : open_in_its_root(c, dirfd, path, flags, mode);
}

/* what openat(2) takes no notice of, openat2(2) refuses */
static const uint64_t known_flags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC |
				    O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE;

int ima_trace_open_as(struct ima_trace_call *c, int dirfd, const char *path, int at_flags, uint64_t flags, mode_t mode)
{
	mode_t mask = 0;
	int r = may_create(flags) ? ima_trace_task_read(c) : 0;

	if (r == 0)
		r = ima_trace_act_as(c);
	if (r < 0)
		return r;
	if (may_create(flags))
		mask = umask(c->task.umask);
	r = open_path(c, dirfd, path, at_flags, flags & known_flags, may_create(flags) ? mode & 07777 : 0);
	if (may_create(flags))
		umask(mask);
	ima_trace_act_self(c);
	return r;
}

int ima_trace_reopen(struct ima_trace_call *c, int fd, int flags)
{
	char name[32];
	int r = ima_trace_act_as(c);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "self/fd/%d", fd);
	r = openat(c->t->proc_fd, name, flags | O_CLOEXEC | O_NOCTTY);
	r = r < 0 ? -errno : r;
	ima_trace_act_self(c);
	return r;
}
