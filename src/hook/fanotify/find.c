/* SPDX-License-Identifier: BSD-2-Clause */
/* By the path that was told, by the task's program, by its descriptors: whatever is found must be the inode that was told. */
#include "hook/fanotify/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

/* device numbers of btrfs and overlay differ between super block and stat(2): there the inode number must do */
static bool same_file(int fd, const struct ima_gate_record *r, struct stat *st)
{
	const __u32 dev_major = r->c.dev >> 20, dev_minor = r->c.dev & 0xfffff;

	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode) || st->st_ino != r->c.ino)
		return false;
	return r->c.fsmagic == BTRFS_SUPER_MAGIC || r->c.fsmagic == OVERLAYFS_SUPER_MAGIC ||
	       (major(st->st_dev) == dev_major && minor(st->st_dev) == dev_minor);
}

static int try_open(const char *path, int flags, const struct ima_gate_record *r, struct stat *st)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (same_file(fd, r, st))
		return fd;
	close(fd);
	return -ESTALE;
}

/* an unlinked file, or one that no path names: some descriptor of the task has it */
static int find_descriptor(const struct ima_gate_record *r, int flags, struct stat *st)
{
	char dir[64], path[400];
	struct dirent *d;
	int fd = -ESRCH;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%u/fd", r->c.tgid);
	fds = opendir(dir);
	while (fd < 0 && fds && (d = readdir(fds))) {
		struct stat have;

		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		if (stat(path, &have) == 0 && S_ISREG(have.st_mode) && have.st_ino == r->c.ino)
			fd = try_open(path, flags, r, st);
	}
	if (fds)
		closedir(fds);
	return fd;
}

int ima_fan_find_file(const struct ima_gate_record *r, int flags, struct stat *st)
{
	char path[IMA_GATE_PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/root%s", r->c.tgid, r->path);
	fd = try_open(path, flags | O_NOFOLLOW, r, st);
	if (fd < 0 && r->path_len)
		fd = try_open(r->path, flags | O_NOFOLLOW, r, st);
	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/%u/exe", r->c.tgid);
		fd = try_open(path, flags, r, st);
	}
	return fd < 0 ? find_descriptor(r, flags, st) : fd;
}

#define XFS_SUPER_MAGIC 0x58465342
#define HANDLE_INO32 1     /* u32 inode, u32 generation */
#define HANDLE_XFS_64 0x81 /* u64 inode, u32 generation */

struct inode_handle {
	struct file_handle head;
	uint8_t bytes[16];
};

/* the handle that the file system would give; false: it makes others */
static bool make_handle(const struct ima_gate_record *r, struct inode_handle *ret)
{
	const uint32_t ino32 = (uint32_t)r->c.ino, generation = r->c.generation;
	uint8_t *at = ret->head.f_handle;

	*ret = (struct inode_handle){ 0 };
	if (r->c.fsmagic != EXT4_SUPER_MAGIC && r->c.fsmagic != XFS_SUPER_MAGIC)
		return false;
	if (r->c.ino == ino32) {
		ret->head.handle_type = HANDLE_INO32;
		memcpy(at, &ino32, sizeof(ino32));
		at += sizeof(ino32);
	} else if (r->c.fsmagic == XFS_SUPER_MAGIC) {
		ret->head.handle_type = HANDLE_XFS_64;
		memcpy(at, &r->c.ino, sizeof(r->c.ino));
		at += sizeof(r->c.ino);
	} else {
		return false;
	}
	memcpy(at, &generation, sizeof(generation));
	ret->head.handle_bytes = (unsigned int)(at - ret->head.f_handle + sizeof(generation));
	return true;
}

/* whatever it is called by now */
static int by_handle(const char *mount, const struct ima_gate_record *r, int flags, struct stat *st)
{
	ima_cleanup(ima_closep) int dir = -EBADF;
	struct inode_handle h;
	int fd;

	if (!make_handle(r, &h))
		return -EOPNOTSUPP;
	dir = open(mount, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (dir < 0)
		return -errno;
	fd = open_by_handle_at(dir, &h.head, flags | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (same_file(fd, r, st))
		return fd;
	close(fd);
	return -ESTALE;
}

/* by its path from the file system's root, through a mount that shows it */
static int through_mount(const struct ima_mount_place *m, const struct ima_gate_record *r, int flags, struct stat *st)
{
	const size_t n = strcmp(m->root, "/") ? strlen(m->root) : 0;
	char path[IMA_GATE_PATH_MAX + sizeof(m->point)];

	if (strncmp(r->path, m->root, n) || (r->path[n] && r->path[n] != '/'))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s%s", m->point, r->path + n);
	return try_open(path, flags | O_NOFOLLOW, r, st);
}

int ima_fan_find_inode(struct ima_marks *marks, const struct ima_gate_record *r, int flags, struct stat *st)
{
	struct ima_mount_place m;
	int fd = -ENOENT;

	if (ima_marks_place(marks, r->c.dev >> 20, r->c.dev & 0xfffff, &m)) {
		fd = by_handle(m.point, r, flags, st);
		if (fd < 0)
			fd = through_mount(&m, r, flags, st);
	}
	return fd < 0 ? ima_fan_find_file(r, flags, st) : fd;
}
