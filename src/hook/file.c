/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptor operations: digest of a file that may change meanwhile, lease probe for writers, labels, path. */
#include "hook/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define HASH_TRIES 3

/*
 * A read lease is refused while anybody has the file open for writing or mapped from a writable descriptor. It is given back
 * at once; SIGIO, which a broken lease would raise, is ignored by the worker.
 */
static int fd_has_writers(void *user)
{
	struct ima_fd_file *f = user;

	if (fcntl(f->fd, F_SETLEASE, F_RDLCK) == 0) {
		ima_ignore(fcntl(f->fd, F_SETLEASE, F_UNLCK));
		return 0;
	}
	return errno == EAGAIN ? 1 : -errno;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* a file that changes while it is read is read again; one that never rests is listed as it was read last */
static int fd_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo,
		     struct ima_digest *ret)
{
	struct ima_fd_file *f = user;
	struct stat before, after;
	int r = -EIO;

	for (int i = 0; i < HASH_TRIES; i++) {
		if (fstat(f->fd, &before) < 0)
			return -errno;
		r = ima_hash_fd(h, algo, f->fd, ret, NULL);
		if (fstat(f->fd, &after) < 0)
			return -errno;
		if (same_state(&before, &after))
			break;
	}
	return r;
}

static int fd_read(void *user, uint64_t at, uint8_t *ret, size_t len)
{
	struct ima_fd_file *f = user;

	return ima_file_pread(f->fd, at, ret, len);
}

static int fd_digest_head(void *user, struct ima_hasher *h, enum ima_hash_algo algo, uint64_t len,
			  struct ima_digest *ret)
{
	struct ima_fd_file *f = user;

	return ima_hash_fd_head(h, algo, f->fd, len, ret);
}

static int fd_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	struct ima_fd_file *f = user;
	ima_cleanup(ima_freep) uint8_t *value = NULL;
	ssize_t n = fgetxattr(f->fd, name, NULL, 0);

	if (n < 0)
		return -errno;
	value = malloc((size_t)n + 1);
	if (!value)
		return -ENOMEM;
	n = fgetxattr(f->fd, name, value, (size_t)n + 1);
	if (n < 0)
		return -errno;
	*ret = ima_take(value);
	*ret_len = (size_t)n;
	return 0;
}

static int fd_set_xattr(void *user, const char *name, struct ima_bytes value)
{
	struct ima_fd_file *f = user;
	const int r = value.len ? fsetxattr(f->fd, name, value.data, value.len, 0) :
				  fremovexattr(f->fd, name);

	return r < 0 ? -errno : 0;
}

/* the file system keeps it; where it cannot be told the file counts as one without */
static int fd_verity(void *user, struct ima_digest *ret)
{
	struct ima_fd_file *f = user;
	struct {
		struct fsverity_digest head;
		uint8_t bytes[IMA_DIGEST_MAX];
	} d = { .head.digest_size = IMA_DIGEST_MAX };

	if (ioctl(f->fd, FS_IOC_MEASURE_VERITY, &d) < 0)
		return errno == ENOTTY ? -EOPNOTSUPP : -errno;
	if (d.head.digest_algorithm == FS_VERITY_HASH_ALG_SHA256)
		ret->algo = IMA_HASH_SHA256;
	else if (d.head.digest_algorithm == FS_VERITY_HASH_ALG_SHA512)
		ret->algo = IMA_HASH_SHA512;
	else
		return -ENOPKG;
	ret->len = ima_hash_len(ret->algo);
	if (d.head.digest_size != ret->len)
		return -EIO;
	memcpy(ret->data, d.head.digest, ret->len);
	return 0;
}

static int fd_generation(void *user, uint32_t *ret)
{
	struct ima_fd_file *f = user;
	int generation = 0;

	if (ioctl(f->fd, FS_IOC_GETVERSION, &generation) < 0)
		return -errno;
	*ret = (uint32_t)generation;
	return 0;
}

const struct ima_file_ops ima_fd_file_ops = {
	.has_writers = fd_has_writers,
	.digest = fd_digest,
	.read = fd_read,
	.digest_head = fd_digest_head,
	.xattr = fd_xattr,
	.set_xattr = fd_set_xattr,
	.verity = fd_verity,
	.generation = fd_generation,
};

/* is there really a file of that name, suffix and all? */
static bool path_is_file(const char *path, const struct stat *st)
{
	struct stat have;

	return lstat(path, &have) == 0 && have.st_ino == st->st_ino && have.st_dev == st->st_dev;
}

/* a file that no directory ever held: the kernel names it by its own entry alone */
static int drop_memfd_slash(const struct ima_fd_file *f, char *path, int n)
{
	static const char prefix[] = "/memfd:";

	if (f->st.st_nlink || strncmp(path, prefix, sizeof(prefix) - 1))
		return n;
	memmove(path, path + 1, (size_t)n);
	return n - 1;
}

int ima_fd_path(int proc_fd, const struct ima_fd_file *f, char *ret, size_t size)
{
	static const char deleted[] = " (deleted)";
	const size_t suffix = sizeof(deleted) - 1;
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "self/fd/%d", f->fd);
	n = readlinkat(proc_fd, link, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = 0;
	if ((size_t)n > suffix && !strcmp(ret + n - suffix, deleted) &&
	    (!f->st.st_nlink || !path_is_file(ret, &f->st))) {
		n -= (ssize_t)suffix;
		ret[n] = 0;
	}
	return drop_memfd_slash(f, ret, (int)n);
}
