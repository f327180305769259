/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The embedded TPM's folder.
 *
 * Promise: a file holds either its old contents or its new contents, never a part; a file that was damaged is refused; one
 * process at a time. The files hold the seeds of the TPM: folder 0700, files 0600.
 *
 * Shape:  magic[8] "IMATPM1\n" | sha256 of data [32] | data
 * Source: docs/FORMATS.md "Embedded TPM state"
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/reader.h"
#include "core/pcr/tpm_internal.h"

#define STATE_MAX (1U << 20) /* bytes of one file; the TPM's is some 10 KiB */
#define STATE_NAME_MAX 64

static const char state_magic[8] = "IMATPM1\n";

/* the first failure is the one that explains the rest */
static int fail(struct ima_tpm_state *s, int error, const char *name, const char *what)
{
	if (s->error)
		return error;
	s->error = error;
	return ima_diag_text(&s->diag, error, "%s/%s: %s", s->path, name, what);
}

static int check_folder(int fd, const char *path, struct ima_diag *diag)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ima_diag_text(diag, -errno, "%s: %s", path, strerror(errno));
	if (st.st_uid != geteuid())
		return ima_diag_text(diag, -EPERM, "%s: belongs to another user", path);
	if (st.st_mode & 022)
		return ima_diag_text(diag, -EPERM, "%s: others may write to it", path);
	return 0;
}

int ima_tpm_state_open(struct ima_tpm_state *s, const char *path, struct ima_diag *diag)
{
	int r;

	*s = (struct ima_tpm_state){ .dir_fd = -EBADF, .lock_fd = -EBADF };
	snprintf(s->path, sizeof(s->path), "%s", path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return ima_diag_text(diag, -errno, "%s: %s", s->path, strerror(errno));
	s->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0)
		return ima_diag_text(diag, -errno, "%s: %s", s->path, strerror(errno));
	r = check_folder(s->dir_fd, s->path, diag);
	if (r < 0)
		return r;
	s->lock_fd = openat(s->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return ima_diag_text(diag, -errno, "%s/lock: %s", s->path, strerror(errno));
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return ima_diag_text(diag, errno == EWOULDBLOCK ? -EBUSY : -errno,
				     "%s: in use by another process", s->path);
	return ima_hasher_new(&s->hasher);
}

void ima_tpm_state_close(struct ima_tpm_state *s)
{
	s->lock_fd = ima_close(s->lock_fd);
	s->dir_fd = ima_close(s->dir_fd);
	s->hasher = ima_hasher_free(s->hasher);
}

/* names come from libtpms, but they become paths */
static bool name_ok(const char *name)
{
	return *name && *name != '.' && strlen(name) < STATE_NAME_MAX && !strchr(name, '/');
}

static int read_file(struct ima_tpm_state *s, int fd, const char *name, struct ima_buffer *b)
{
	for (;;) {
		ssize_t n;

		if (ima_buffer_reserve(b, 65536) < 0)
			return fail(s, -EBADMSG, name, "too long for a TPM's state");
		n = read(fd, b->data + b->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(s, -errno, name, strerror(errno));
		if (n == 0)
			return 0;
		b->len += (size_t)n;
	}
}

/* the view in @ret is of @file */
static int open_frame(struct ima_tpm_state *s, const char *name, struct ima_bytes file,
		      struct ima_bytes *ret)
{
	struct ima_reader in = ima_reader_init(file, IMA_ORDER_LITTLE);
	struct ima_bytes magic, sum, data;
	struct ima_digest digest;
	int r;

	if (ima_read_bytes(&in, sizeof(state_magic), &magic) < 0 ||
	    memcmp(magic.data, state_magic, sizeof(state_magic)) != 0)
		return fail(s, -EBADMSG, name, "not a TPM's state");
	if (ima_read_bytes(&in, 32, &sum) < 0)
		return fail(s, -EBADMSG, name, "cut short");
	data = (struct ima_bytes){ in.pos, ima_reader_left(&in) };
	r = ima_hash_bytes(s->hasher, IMA_HASH_SHA256, data, &digest);
	if (r < 0)
		return fail(s, r, name, "sha256 failed");
	if (data.len == 0 || memcmp(digest.data, sum.data, sum.len) != 0)
		return fail(s, -EBADMSG, name, "damaged: its checksum does not match");
	*ret = data;
	return 0;
}

int ima_tpm_state_load(struct ima_tpm_state *s, const char *name, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct ima_buffer b = { .limit = STATE_MAX };
	struct ima_bytes data = { 0 };
	uint8_t *copy = NULL;
	int r;

	if (!name_ok(name))
		return fail(s, -EINVAL, "", "odd file name");
	fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail(s, -errno, name, strerror(errno));
	r = read_file(s, fd, name, &b);
	if (r == 0)
		r = open_frame(s, name, ima_buffer_bytes(&b), &data);
	if (r == 0) {
		copy = malloc(data.len);
		if (!copy)
			r = fail(s, -ENOMEM, name, "no memory");
	}
	if (r == 0) {
		memcpy(copy, data.data, data.len);
		*ret = copy;
		*ret_len = data.len;
	}
	if (b.data)
		explicit_bzero(b.data, b.len);
	ima_buffer_done(&b);
	return r;
}

static int write_file(int fd, const struct ima_digest *sum, struct ima_bytes data)
{
	int r;

	r = ima_file_write(fd, state_magic, sizeof(state_magic));
	if (r < 0)
		return r;
	r = ima_file_write(fd, sum->data, sum->len);
	if (r < 0)
		return r;
	r = ima_file_write(fd, data.data, data.len);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

int ima_tpm_state_store(struct ima_tpm_state *s, const char *name, struct ima_bytes data)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	char tmp[STATE_NAME_MAX + 8];
	struct ima_digest sum;
	int r;

	if (!name_ok(name))
		return fail(s, -EINVAL, "", "odd file name");
	r = ima_hash_bytes(s->hasher, IMA_HASH_SHA256, data, &sum);
	if (r < 0)
		return fail(s, r, name, "sha256 failed");
	snprintf(tmp, sizeof(tmp), ".%s.new", name);
	fd = openat(s->dir_fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(s, -errno, tmp, strerror(errno));
	r = write_file(fd, &sum, data);
	if (r == 0 && renameat(s->dir_fd, tmp, s->dir_fd, name) < 0)
		r = -errno;
	if (r == 0 && fsync(s->dir_fd) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(s->dir_fd, tmp, 0);
		return fail(s, r, name, strerror(-r));
	}
	return 0;
}

int ima_tpm_state_delete(struct ima_tpm_state *s, const char *name, bool must_exist)
{
	if (!name_ok(name))
		return fail(s, -EINVAL, "", "odd file name");
	if (unlinkat(s->dir_fd, name, 0) < 0 && (must_exist || errno != ENOENT))
		return fail(s, -errno, name, strerror(errno));
	return 0;
}
