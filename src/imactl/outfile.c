/* SPDX-License-Identifier: BSD-2-Clause */
/* Temporary files have no name, or one that goes when the work fails. What is there and is no file, a device or a pipe, is written to, never replaced. */
#include "imactl/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot(const char *path)
{
	return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
}

/* beside @path: what it has at the end is whole */
static int open_beside(struct imactl_outfile *o)
{
	mode_t mask;
	int fd;

	if (asprintf(&o->tmp, "%s.XXXXXX", o->path) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	fd = mkostemp(o->tmp, O_CLOEXEC);
	mask = umask(0);
	umask(mask);
	if (fd >= 0 && fchmod(fd, 0666 & ~mask) == 0)
		o->f = fdopen(fd, "we");
	if (!o->f) {
		const int r = cannot(o->path);

		if (fd >= 0) {
			close(fd);
			unlink(o->tmp);
		}
		free(o->tmp);
		return r;
	}
	return EXIT_GOOD;
}

static int open_itself(struct imactl_outfile *o)
{
	const int fd = open(o->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	o->f = fd < 0 ? NULL : fdopen(fd, "we");
	if (o->f)
		return EXIT_GOOD;
	ima_close(fd);
	return cannot(o->path);
}

int imactl_outfile_open(const char *path, struct imactl_outfile *ret)
{
	struct imactl_outfile o = { .path = path };
	struct stat st;
	int r = EXIT_GOOD;

	if (!strcmp(path, "-"))
		o.f = stdout;
	else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		r = open_itself(&o);
	else
		r = open_beside(&o);
	if (r == EXIT_GOOD)
		*ret = o;
	return r;
}

static int keep_it(struct imactl_outfile *o)
{
	if (fflush(o->f) != 0 || ferror(o->f) || (o->tmp && (fsync(fileno(o->f)) < 0 || rename(o->tmp, o->path) < 0)))
		return cannot(o->f != stdout ? o->path : "standard output");
	return EXIT_GOOD;
}

int imactl_outfile_done(struct imactl_outfile *o, bool keep)
{
	int r = EXIT_GOOD;

	if (!o->f)
		return r;
	if (keep)
		r = keep_it(o);
	if (o->tmp && (!keep || r))
		unlink(o->tmp);
	if (o->f != stdout)
		fclose(o->f);
	free(o->tmp);
	*o = (struct imactl_outfile){ 0 };
	return r;
}

static int copy_to_unnamed(int from)
{
	const char *dir = getenv("TMPDIR");
	ima_cleanup(ima_closep) int to = open(dir && *dir ? dir : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char block[65536];
	ssize_t n;

	if (to < 0)
		return -errno;
	while ((n = read(from, block, sizeof(block))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		for (ssize_t at = 0, w; at < n; at += w) {
			w = write(to, block + at, (size_t)(n - at));
			if (w < 0)
				return -errno;
		}
	}
	return ima_take_fd(to);
}

int imactl_open_input(const char *path)
{
	ima_cleanup(ima_closep) int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : dup(STDIN_FILENO);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ? copy_to_unnamed(fd) : ima_take_fd(fd);
}
