/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records to a file, a line each, as auditd writes them, so that ausearch and aureport read it. A line is whole or not there: what a full disk
 * cuts is taken back. A file that was moved away is made anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "imad/audit_target.h"

struct audit_file {
	char *path;
	int fd;
	uint64_t serial;
};

static int open_once(struct audit_file *f)
{
	struct stat st;
	/* a pipe must not make the thread wait before it is looked at */
	int fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	ima_close(f->fd);
	f->fd = fd;
	return 0;
}

static void close_file(void *self)
{
	struct audit_file *f = self;

	ima_close(f->fd);
	free(f->path);
	free(f);
}

static int open_file(const char *path, void **ret_self)
{
	struct audit_file *f = calloc(1, sizeof(*f));
	int r = -ENOMEM;

	if (!f)
		return r;
	f->fd = -EBADF;
	f->path = strdup(path);
	if (f->path)
		r = open_once(f);
	if (r < 0) {
		close_file(f);
		return r;
	}
	*ret_self = f;
	return 0;
}

static bool was_moved(const struct audit_file *f)
{
	struct stat now, then;

	return fstat(f->fd, &then) < 0 || stat(f->path, &now) < 0 || now.st_ino != then.st_ino ||
	       now.st_dev != then.st_dev;
}

static int append(int fd, const struct ima_buffer *line)
{
	struct stat before;
	ssize_t n;

	if (fstat(fd, &before) < 0)
		return -errno;
	n = write(fd, line->data, line->len);
	if (n == (ssize_t)line->len)
		return 0;
	if (n > 0)
		ima_ignore(ftruncate(fd, before.st_size));
	return n < 0 ? -errno : -ENOSPC;
}

static int write_file(void *self, enum ima_audit_type type, const char *text)
{
	struct audit_file *f = self;
	struct ima_buffer line = { 0 };
	struct timespec now;
	int r = was_moved(f) ? open_once(f) : 0;

	clock_gettime(CLOCK_REALTIME, &now);
	if (r == 0)
		r = ima_buffer_printf(&line, "type=%s msg=audit(%lld.%03ld:%llu): %s\n", ima_audit_type_name(type),
				      (long long)now.tv_sec, now.tv_nsec / 1000000, (unsigned long long)++f->serial,
				      text);
	if (r == 0)
		r = append(f->fd, &line);
	ima_buffer_done(&line);
	return r;
}

const struct imad_audit_target imad_audit_file = {
	.name = "file", .open = open_file, .write = write_file, .close = close_file
};
