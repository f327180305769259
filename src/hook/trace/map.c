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

static void unmeasured(struct ima_trace_call *c, const char *what, int why)
{
	answer(c, ima_trace_unmeasured(c, what, why) ? 0 : -EPERM);
}

/* @name: of the descriptor, below /proc */
static void measure_mapping(struct ima_trace_call *c, const char *name, const struct ima_trace_stat *st)
{
	ima_cleanup(ima_closep) int fd = -EBADF;

	atomic_fetch_add(&c->t->n.maps, 1);
	ima_trace_begin_file(c, st);
	ima_trace_add_mmap(c);
	if (ima_trace_known(c) >= 0) {
		ima_trace_go_on(c);
		return;
	}
	fd = openat(c->t->proc_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		unmeasured(c, "a mapping", -errno);
	else
		answer(c, ima_trace_wants(c, fd) ? ima_trace_measure(c, fd) : 0);
}

void ima_trace_mmap(struct ima_trace_call *c)
{
	struct ima_trace_stat st;
	char name[64];
	int r;

	snprintf(name, sizeof(name), "%d/fd/%d", c->task.tid, (int)c->req->data.args[4]);
	r = ima_trace_stat(c->t->proc_fd, name, &st);
	/* not a descriptor: the kernel says so. One that we may not look at is another thing */
	if (r < 0 && r != -ENOENT)
		unmeasured(c, "a mapping", r);
	else if (r < 0 || !S_ISREG(st.st.st_mode))
		ima_trace_go_on(c);
	else
		measure_mapping(c, name, &st);
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
static int open_area(struct ima_trace_call *c, const struct area *a, struct ima_trace_stat *st)
{
	int fd = ima_trace_open_as(c, AT_FDCWD, a->path, 0, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0)
		return fd;
	if (ima_trace_stat(fd, "", st) == 0 && S_ISREG(st->st.st_mode) && st->st.st_ino == a->ino)
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
		struct ima_trace_stat st;

		file = open_area(c, &a, &st);
		if (file < 0)
			continue;
		ima_trace_begin_file(c, &st);
		ima_trace_add_mmap(c);
		r = ima_trace_use(c, file);
	}
	answer(c, r);
}
