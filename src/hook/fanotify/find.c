/* SPDX-License-Identifier: BSD-2-Clause */
/* By the path that was told, by the task's program, by its descriptors: whatever is found must be the inode that was told. */
#include "hook/fanotify/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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
