/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is being written has no name where the file system can do that, so that whatever ends the program leaves nothing; elsewhere one that goes when the
 * work fails. What is there and is no file, a device or a pipe, is written to, never replaced.
 */
#include "imactl/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_FILES "/proc/self/fd"

static int cannot(const char *path)
{
	return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
}

/* a file without a name in the folder of @path, which only /proc can give one later; errno */
static int open_unnamed(const char *path)
{
	const char *slash = strrchr(path, '/');
	ima_cleanup(ima_freep) char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	return folder && access(OWN_FILES, X_OK) == 0 ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
}

/* a name beside @o->path, which is where the file moves from */
static int open_named(struct imactl_outfile *o)
{
	const mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (asprintf(&o->tmp, "%s.XXXXXX", o->path) < 0) {
		o->tmp = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(o->tmp, O_CLOEXEC);
	if (fd >= 0 && fchmod(fd, 0666 & ~mask) == 0)
		return fd;
	if (fd >= 0) {
		unlink(o->tmp);
		close(fd);
	}
	return -1;
}

/* beside @path: what it has at the end is whole */
static int open_beside(struct imactl_outfile *o)
{
	int fd = open_unnamed(o->path), r;

	o->is_unnamed = fd >= 0;
	if (fd < 0)
		fd = open_named(o);
	o->f = fd < 0 ? NULL : fdopen(fd, "we");
	if (o->f)
		return EXIT_GOOD;
	r = cannot(o->path);
	if (fd >= 0 && o->tmp)
		unlink(o->tmp);
	ima_close(fd);
	free(o->tmp);
	return r;
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

/* a name at last, beside @o->path: links replace nothing */
static int name_it(struct imactl_outfile *o)
{
	char own[32];
	uint32_t number;

	snprintf(own, sizeof(own), OWN_FILES "/%d", fileno(o->f));
	for (unsigned int i = 0; i < 100; i++) {
		ima_cleanup(ima_freep) char *name = NULL;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number) || asprintf(&name, "%s.%08x", o->path, number) < 0)
			return -1;
		if (linkat(AT_FDCWD, own, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
			o->tmp = ima_take(name);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return -1;
}

static bool move_it(struct imactl_outfile *o)
{
	return fsync(fileno(o->f)) == 0 && (!o->is_unnamed || name_it(o) == 0) && rename(o->tmp, o->path) == 0;
}

static int keep_it(struct imactl_outfile *o)
{
	if (o->f == stdout)
		return imactl_output_failed() ? EXIT_UNABLE : EXIT_GOOD;
	if (fflush(o->f) != 0 || ferror(o->f) || ((o->is_unnamed || o->tmp) && !move_it(o)))
		return cannot(o->path);
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

int imactl_outfile_write(const char *path, struct ima_bytes data, mode_t mode)
{
	struct imactl_outfile o = { 0 };
	int r = imactl_outfile_open(path, &o);

	if (r)
		return r;
	if ((o.is_unnamed || o.tmp) && fchmod(fileno(o.f), mode) < 0) {
		r = cannot(path);
		imactl_outfile_done(&o, false);
		return r;
	}
	fwrite(data.data, 1, data.len, o.f);
	return imactl_outfile_done(&o, true);
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
