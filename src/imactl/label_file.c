/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes through the descriptor. */
#include "imactl/label_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fsuuid.h"

int imactl_label_open(const char *path, bool user_names, struct imactl_label_file *ret)
{
	struct imactl_label_file f = { .user_names = user_names };

	f.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (f.fd < 0)
		return -errno;
	if (fstat(f.fd, &f.st) < 0 || !S_ISREG(f.st.st_mode)) {
		close(f.fd);
		return -EINVAL;
	}
	*ret = f;
	return 0;
}

void imactl_label_close(struct imactl_label_file *f)
{
	f->fd = ima_close(f->fd);
}

static int get(int fd, const char *name, uint8_t **ret, size_t *ret_len)
{
	ssize_t n = fgetxattr(fd, name, NULL, 0);
	uint8_t *value;

	if (n < 0)
		return -errno;
	value = malloc((size_t)n + 1);
	if (!value)
		return -ENOMEM;
	n = fgetxattr(fd, name, value, (size_t)n);
	if (n < 0) {
		free(value);
		return -errno;
	}
	*ret = value;
	*ret_len = (size_t)n;
	return 0;
}

static void name_of(const struct imactl_label_file *f, const char *which, char ret[32])
{
	snprintf(ret, 32, "%s.%s", f->user_names ? "user" : "security", which);
}

int imactl_label_get(const struct imactl_label_file *f, const char *which, uint8_t **ret, size_t *ret_len)
{
	char name[32];

	name_of(f, which, name);
	return get(f->fd, name, ret, ret_len);
}

int imactl_label_set(const struct imactl_label_file *f, const char *which, struct ima_bytes value)
{
	char name[32];

	name_of(f, which, name);
	return fsetxattr(f->fd, name, value.data, value.len, 0) < 0 ? -errno : 0;
}

int imactl_label_remove(const struct imactl_label_file *f, const char *which)
{
	char name[32];

	name_of(f, which, name);
	return fremovexattr(f->fd, name) < 0 && errno != ENODATA ? -errno : 0;
}

static int evm_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct imactl_label_file *f = user;

	if (!strcmp(name, "security.ima") && f->pending_ima.len) {
		*ret = malloc(f->pending_ima.len);
		if (!*ret)
			return -ENOMEM;
		memcpy(*ret, f->pending_ima.data, f->pending_ima.len);
		*ret_len = f->pending_ima.len;
		return 0;
	}
	if (!strcmp(name, "security.ima") || !strcmp(name, "security.evm"))
		return imactl_label_get(f, name + strlen("security."), ret, ret_len);
	return get(f->fd, name, ret, ret_len);
}

struct ima_evm_file imactl_label_evm_file(struct imactl_label_file *f)
{
	struct ima_evm_file e = { .ino = f->st.st_ino, .uid = f->st.st_uid, .gid = f->st.st_gid,
				  .mode = (uint16_t)f->st.st_mode, .xattr = evm_xattr, .user = f };
	struct statfs sf;
	int generation = 0;

	if (ioctl(f->fd, FS_IOC_GETVERSION, &generation) == 0)
		e.generation = (uint32_t)generation;
	e.is_overlay = fstatfs(f->fd, &sf) == 0 && sf.f_type == OVERLAYFS_SUPER_MAGIC;
	ima_fs_uuid(f->fd, e.fsuuid);
	return e;
}
