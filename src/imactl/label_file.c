/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes through the descriptor. */
#include "imactl/label_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/fsuuid.h"

/*
 * Two names of one file may be under way at once, and each sets two attributes that belong together. Files with several names take turns, by
 * their inode; a thread has one file at a time. What was last read in a turn is known to the next: a file is read once for all its names.
 */
struct imactl_label_turn {
	pthread_mutex_t lock;
	/* st: the file as the digest was made, or as the label set for it left it; digest.len 0: none */
	struct stat st;
	struct ima_digest digest;
};

#define N_TURNS 64
static struct imactl_label_turn turns[N_TURNS] = { [0 ... N_TURNS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER } };

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same_content(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && is_same_time(&a->st_mtim, &b->st_mtim);
}

static int take_turn(struct imactl_label_file *f)
{
	if (f->st.st_nlink < 2)
		return 0;
	f->turn = &turns[f->st.st_ino % N_TURNS];
	pthread_mutex_lock(&f->turn->lock);
	return fstat(f->fd, &f->st) < 0 ? -errno : 0;
}

static bool is_known(const struct imactl_label_file *f, enum ima_hash_algo algo)
{
	const struct imactl_label_turn *t = f->turn;

	return t && t->digest.len && t->digest.algo == algo && is_same_content(&t->st, &f->st) && is_same_time(&t->st.st_ctim, &f->st.st_ctim);
}

static void keep(const struct imactl_label_file *f, const struct ima_digest *d)
{
	if (f->turn) {
		f->turn->st = f->st;
		f->turn->digest = *d;
	}
}

/* a label of ours changed the inode, nothing else of the file */
static void follow(const struct imactl_label_file *f)
{
	struct stat now;

	if (f->turn && is_same_content(&f->turn->st, &f->st) && fstat(f->fd, &now) == 0 && is_same_content(&now, &f->st))
		f->turn->st = now;
}

int imactl_label_take(int fd, bool user_names, struct imactl_label_file *ret)
{
	struct imactl_label_file f = { .fd = fd, .user_names = user_names };
	int r = 0;

	if (fstat(fd, &f.st) < 0)
		r = -errno;
	else if (!S_ISREG(f.st.st_mode))
		r = -EINVAL;
	if (r == 0)
		r = take_turn(&f);
	if (r < 0)
		imactl_label_close(&f);
	else
		*ret = f;
	return r;
}

static int open_at(int at, const char *name, int flags, bool user_names, struct imactl_label_file *ret)
{
	const int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);

	if (fd < 0)
		return errno == ELOOP && flags ? -EINVAL : -errno;
	return imactl_label_take(fd, user_names, ret);
}

int imactl_label_open(const char *path, bool user_names, struct imactl_label_file *ret)
{
	return open_at(AT_FDCWD, path, 0, user_names, ret);
}

int imactl_label_open_file(const struct imactl_file *file, bool user_names, struct imactl_label_file *ret)
{
	struct imactl_label_file f;
	int r = open_at(file->at, file->name, file->is_walked ? O_NOFOLLOW : 0, user_names, &f);

	if (r == 0 && file->dev && f.st.st_dev != file->dev) {
		imactl_label_close(&f);
		return -EXDEV;
	}
	if (r == 0)
		*ret = f;
	return r;
}

/*
 * Times of files advance with the kernel's tick. A file whose time is the present tick could change once more without showing it: the next
 * tick is waited for, once, also by a clock that was set back.
 */
static int settle(struct imactl_label_file *f)
{
	struct timespec now, tick = { 0 };

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (f->st.st_ctim.tv_sec < now.tv_sec ||
	    (f->st.st_ctim.tv_sec == now.tv_sec && f->st.st_ctim.tv_nsec < now.tv_nsec))
		return 0;
	clock_getres(CLOCK_REALTIME_COARSE, &tick);
	tick.tv_nsec *= 2;
	nanosleep(&tick, NULL);
	return fstat(f->fd, &f->st) < 0 ? -errno : 0;
}

/* 0, -ETXTBSY it changed; 1 only the inode did, which a label written under another name of the file explains */
static int compare(struct imactl_label_file *f)
{
	struct stat now;

	if (fstat(f->fd, &now) < 0)
		return -errno;
	if (now.st_size != f->st.st_size || !is_same_time(&now.st_mtim, &f->st.st_mtim))
		return -ETXTBSY;
	if (is_same_time(&now.st_ctim, &f->st.st_ctim))
		return 0;
	f->st = now;
	return now.st_nlink > 1 ? 1 : -ETXTBSY;
}

static int read_content(struct imactl_label_file *f, struct ima_hasher *h, enum ima_hash_algo algo,
			const struct ima_verity_opts *verity, struct ima_digest *ret)
{
	struct ima_digest d = { 0 }, before;
	int r = settle(f), changed = 1;

	for (int round = 0; r == 0 && changed == 1; round++) {
		before = d;
		r = verity ? ima_verity_digest_fd(h, verity, f->fd, &d) : ima_hash_fd(h, algo, f->fd, &d, NULL);
		if (r == -ECANCELED)
			return r;
		changed = compare(f);
		if (changed < 0)
			return changed;
		/* read a second time, it is the same */
		if (round && r == 0 && d.len == before.len && !memcmp(d.data, before.data, d.len))
			changed = 0;
	}
	if (r == 0)
		*ret = d;
	return r;
}

int imactl_label_hash(struct imactl_label_file *f, struct ima_hasher *h, enum ima_hash_algo algo,
		      const struct ima_verity_opts *verity, struct ima_digest *ret)
{
	int r;

	if (!verity && is_known(f, algo)) {
		*ret = f->turn->digest;
		return 0;
	}
	r = read_content(f, h, algo, verity, ret);
	if (r == 0 && !verity)
		keep(f, ret);
	return r;
}

void imactl_label_close(struct imactl_label_file *f)
{
	if (f->turn)
		pthread_mutex_unlock(&f->turn->lock);
	f->turn = NULL;
	f->fd = ima_close(f->fd);
}

/* most values are short: one call does */
static int get(int fd, const char *name, uint8_t **ret, size_t *ret_len)
{
	uint8_t small[512], *value;
	ssize_t n = fgetxattr(fd, name, small, sizeof(small));
	const bool fits = n >= 0;

	if (!fits && errno == ERANGE)
		n = fgetxattr(fd, name, NULL, 0);
	if (n < 0)
		return -errno;
	value = malloc((size_t)n + 1);
	if (!value)
		return -ENOMEM;
	if (fits)
		memcpy(value, small, (size_t)n);
	else
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
	if (fsetxattr(f->fd, name, value.data, value.len, 0) < 0)
		return -errno;
	follow(f);
	return 0;
}

int imactl_label_remove(const struct imactl_label_file *f, const char *which)
{
	char name[32];

	name_of(f, which, name);
	if (fremovexattr(f->fd, name) < 0)
		return errno == ENODATA ? 0 : -errno;
	follow(f);
	return 0;
}

/* what is pending stands for what is there */
static int give(struct ima_bytes value, uint8_t **ret, size_t *ret_len)
{
	uint8_t *copy = malloc(value.len);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, value.data, value.len);
	*ret = copy;
	*ret_len = value.len;
	return 0;
}

static int evm_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct imactl_label_file *f = user;

	if (!strcmp(name, "security.ima") && f->pending_ima.len)
		return give(f->pending_ima, ret, ret_len);
	if (!strcmp(name, "security.evm") && f->pending_evm.len)
		return give(f->pending_evm, ret, ret_len);
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
