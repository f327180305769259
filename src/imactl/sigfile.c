/* SPDX-License-Identifier: BSD-2-Clause */
/* A new file gets its name when it is whole; one that is there is replaced in one step. */
#include "imactl/sigfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define SIGFILE_MAX 4096

int imactl_sigfile_read(const struct imactl_file *f, const char *suffix, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_freep) char *name = NULL;
	ima_cleanup(ima_closep) int fd = -EBADF;

	if (asprintf(&name, "%s%s", f->name, suffix) < 0)
		return -ENOMEM;
	fd = openat(f->at, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (f->is_walked ? O_NOFOLLOW : 0));
	if (fd < 0)
		return errno == ENOENT ? -ENODATA : -errno;
	return ima_file_read_fd(fd, SIGFILE_MAX, ret, ret_len);
}

static int fill(int fd, struct ima_bytes value)
{
	const ssize_t n = write(fd, value.data, value.len);

	if (n < 0)
		return -errno;
	return n == (ssize_t)value.len ? 0 : -ENOSPC;
}

/* a name for a file without one; -EEXIST there is one */
static int give_name(int fd, int at, const char *name)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, at, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int replace(int at, const char *tmp, const char *name)
{
	int r = renameat(at, tmp, at, name) < 0 ? -errno : 0;

	if (r < 0)
		unlinkat(at, tmp, 0);
	return r;
}

/* file systems without files that have no name */
static int write_named(int at, const char *tmp, const char *name, struct ima_bytes value)
{
	ima_cleanup(ima_closep) int fd = openat(at, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fill(fd, value);

	if (fd >= 0 && r < 0)
		unlinkat(at, tmp, 0);
	return r < 0 ? r : replace(at, tmp, name);
}

static int write_unnamed(int fd, int at, const char *tmp, const char *name, struct ima_bytes value)
{
	int r = fill(fd, value);

	if (r == 0)
		r = give_name(fd, at, name);
	if (r != -EEXIST)
		return r;
	r = give_name(fd, at, tmp);
	if (r == -EEXIST && unlinkat(at, tmp, 0) == 0)
		r = give_name(fd, at, tmp);
	return r < 0 ? r : replace(at, tmp, name);
}

static char *folder_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == name ? strdup("/") : slash ? strndup(name, (size_t)(slash - name)) : strdup(".");
}

int imactl_sigfile_write(const struct imactl_file *f, const char *suffix, struct ima_bytes value)
{
	ima_cleanup(ima_freep) char *name = NULL, *tmp = NULL, *folder = folder_of(f->name);
	ima_cleanup(ima_closep) int fd = -EBADF;

	if (!folder || asprintf(&name, "%s%s", f->name, suffix) < 0 || asprintf(&tmp, "%s.new", name) < 0)
		return -ENOMEM;
	fd = openat(f->at, folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
	if (fd >= 0)
		return write_unnamed(fd, f->at, tmp, name, value);
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return -errno;
	return write_named(f->at, tmp, name, value);
}
