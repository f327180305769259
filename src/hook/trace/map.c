/* SPDX-License-Identifier: BSD-2-Clause */
/* mmap of a file with PROT_EXEC, and mprotect that adds it: MMAP_CHECK, before the mapping can be run. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/trace/call.h"

static void answer(struct ima_trace_call *c, int r)
{
	if (r < 0)
		ima_trace_fail(c, r);
	else
		ima_trace_go_on(c);
}

static void measure_mapping(struct ima_trace_call *c, int fd, const struct stat *st)
{
	atomic_fetch_add(&c->t->n.maps, 1);
	ima_trace_begin_file(c, fd, st);
	ima_trace_add_mmap(c);
	answer(c, ima_trace_wants(c) ? ima_trace_measure(c, fd) : 0);
}

static void unmeasured(struct ima_trace_call *c, const char *what, int why)
{
	answer(c, ima_trace_unmeasured(c, what, why) ? 0 : -EPERM);
}

void ima_trace_mmap(struct ima_trace_call *c)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	char name[64];
	struct stat st;

	snprintf(name, sizeof(name), "%d/fd/%d", c->task.tid, (int)c->req->data.args[4]);
	if (fstatat(c->t->proc_fd, name, &st, 0) < 0) {
		/* not a descriptor: the kernel says so. One that we may not look at is another thing */
		if (errno == ENOENT)
			ima_trace_go_on(c);
		else
			unmeasured(c, "a mapping", -errno);
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		ima_trace_go_on(c);
		return;
	}
	fd = openat(c->t->proc_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		unmeasured(c, "a mapping", -errno);
	else
		measure_mapping(c, fd, &st);
}

struct area {
	uint64_t from, to, ino;
	unsigned int major, minor;
	char path[PATH_MAX + 16];
};

/* the next file-backed area of the task's memory that begins before @end and ends after @start */
static bool next_area(FILE *maps, uint64_t start, uint64_t end, struct area *ret)
{
	char line[PATH_MAX + 128];

	while (fgets(line, sizeof(line), maps)) {
		int at = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %x:%x %" SCNu64 " %n", &ret->from, &ret->to, &ret->major,
			   &ret->minor, &ret->ino, &at) < 5)
			continue;
		if (ret->to <= start || ret->from >= end || !ret->ino)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(ret->path, sizeof(ret->path), "%s", at ? line + at : "");
		return true;
	}
	return false;
}

/* the name must still be that file; a mapping of what has no name any more was measured when it was mapped or opened */
static int open_area(struct ima_trace_call *c, const struct area *a, struct stat *st)
{
	int fd = ima_trace_open_as(c, AT_FDCWD, a->path, 0, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0)
		return fd;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_ino == a->ino)
		return fd;
	close(fd);
	return -ESTALE;
}

/* anonymous memory, which just-in-time compilers make executable, is nobody's file */
void ima_trace_mprotect(struct ima_trace_call *c)
{
	const uint64_t start = c->req->data.args[0], end = start + c->req->data.args[1];
	ima_cleanup(ima_fclosep) FILE *maps = NULL;
	struct area a;
	char name[64];
	int r = 0, fd;

	snprintf(name, sizeof(name), "%d/maps", c->task.tid);
	fd = openat(c->t->proc_fd, name, O_RDONLY | O_CLOEXEC);
	maps = fd < 0 ? NULL : fdopen(fd, "r");
	if (!maps) {
		ima_ignore(ima_close(fd));
		unmeasured(c, "a change of protection", fd < 0 ? -EACCES : -ENOMEM);
		return;
	}
	while (r == 0 && next_area(maps, start, end, &a)) {
		ima_cleanup(ima_closep) int file = -EBADF;
		struct stat st;

		file = open_area(c, &a, &st);
		if (file < 0)
			continue;
		ima_trace_begin_file(c, file, &st);
		ima_trace_add_mmap(c);
		if (ima_trace_wants(c))
			r = ima_trace_measure(c, file);
	}
	answer(c, r);
}
