/* SPDX-License-Identifier: BSD-2-Clause */
/* The FUSE side of the view: requests to nodes; mounting and unmounting. The one owner of libfuse. */
#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "securityfs/evm_file.h"
#include "securityfs/list_command.h"
#include "securityfs/policy_file.h"
#include "securityfs/tree.h"

#define ATTR_SECONDS 0.0

struct view {
	const struct ima_view_opts *opts;
	struct ima_view_lists *lists;
	struct ima_tree *tree;
	struct ima_buffer out;
	struct timespec since; /* shown as every own file's time */
	unsigned int list_readers, list_writers; /* open list files: many readers, or one writing process */
	pid_t list_writer;
};

/* what an open file of ours keeps */
struct handle {
	struct ima_policy_handle policy;
	struct ima_buffer text; /* counters and EVM's files: taken at the first read from the start */
	int fd;                 /* passed through */
	bool reads_list, writes_list;
};

static struct view *view_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* a list of names that is locked can still be read */
static bool is_locked(const struct view *v, const struct ima_node *n)
{
	return n->kind == IMA_NODE_EVM_XATTRS && v->opts->evm_names_locked &&
	       atomic_load(v->opts->evm_names_locked);
}

static mode_t mode_of(const struct view *v, const struct ima_node *n)
{
	const mode_t type = n->kind == IMA_NODE_DIR	? S_IFDIR
			    : n->kind == IMA_NODE_LINK ? S_IFLNK
						       : S_IFREG;

	return type | (is_locked(v, n) ? n->mode & 0444 : n->mode);
}

static int fill_attr(struct view *v, fuse_ino_t ino, struct stat *ret)
{
	const struct ima_node *n = ima_tree_node(v->tree, ino);

	if (!n)
		return -ENOENT;
	*ret = (struct stat){ 0 };
	if (n->kind == IMA_NODE_REAL) {
		if (fstat(n->fd, ret) < 0)
			return -errno;
	} else {
		ret->st_mode = mode_of(v, n);
		ret->st_nlink = n->kind == IMA_NODE_DIR ? 2 : 1;
		ret->st_atim = ret->st_mtim = ret->st_ctim = v->since;
		ret->st_size = n->kind == IMA_NODE_LINK ? (off_t)strlen(n->target) : 0;
	}
	ret->st_ino = ino;
	return 0;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .attr_timeout = ATTR_SECONDS, .entry_timeout = ATTR_SECONDS };
	struct view *v = view_of(req);
	uint64_t ino = 0;
	int r = ima_tree_lookup(v->tree, parent, name, &ino);

	if (r == 0)
		r = fill_attr(v, ino, &e.attr);
	e.ino = ino;
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_entry(req, &e);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;
	int r = fill_attr(view_of(req), ino, &st);

	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_attr(req, &st, ATTR_SECONDS);
}

/* O_TRUNC of a shell's redirection: nothing to cut, nothing to refuse */
static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	if (to_set & ~(FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW |
		       FUSE_SET_ATTR_CTIME | FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW))
		fuse_reply_err(req, EPERM);
	else
		op_getattr(req, ino, fi);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	const struct ima_node *n = ima_tree_node(view_of(req)->tree, ino);
	char target[4096];
	ssize_t len;

	if (n && n->kind == IMA_NODE_LINK) {
		fuse_reply_readlink(req, n->target);
		return;
	}
	len = n && n->kind == IMA_NODE_REAL ? readlinkat(n->fd, "", target, sizeof(target) - 1) : -1;
	if (len < 0) {
		fuse_reply_err(req, n ? errno : ENOENT);
		return;
	}
	target[len] = 0;
	fuse_reply_readlink(req, target);
}

struct listing {
	fuse_req_t req;
	char *buf;
	size_t size, used;
	off_t at, from;
};

static int list_one(void *user, const char *name, uint64_t number, mode_t type)
{
	struct listing *l = user;
	const struct stat st = { .st_ino = number, .st_mode = type };
	size_t n;

	if (l->at++ < l->from)
		return 0;
	n = fuse_add_direntry(l->req, l->buf + l->used, l->size - l->used, name, &st, l->at);
	if (n > l->size - l->used)
		return 1;
	l->used += n;
	return 0;
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct view *v = view_of(req);
	struct listing l = { .req = req, .size = size, .from = off, .buf = malloc(size) };

	if (!l.buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	if (!list_one(&l, ".", ino, S_IFDIR) && !list_one(&l, "..", ino, S_IFDIR))
		ima_ignore(ima_tree_each(v->tree, ino, list_one, &l));
	fuse_reply_buf(req, l.buf, l.used);
	free(l.buf);
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fuse_reply_open(req, fi);
}

static bool may_read_policy(fuse_req_t req)
{
	return fuse_req_ctx(req)->uid == 0;
}

static int open_policy(struct view *v, fuse_req_t req, int flags, struct handle *h)
{
	if ((flags & O_ACCMODE) == O_WRONLY)
		return ima_policy_file_begin(v->opts->control_path, fuse_req_ctx(req)->pid, &h->policy);
	if ((flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	if (!may_read_policy(req))
		return -EPERM;
	return ima_policy_file_read(v->opts->control_path, &h->policy);
}

static int open_real(const struct ima_node *n, int flags, struct handle *h)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", n->fd);
	h->fd = open(path, (flags & (O_ACCMODE | O_APPEND | O_TRUNC)) | O_CLOEXEC);
	return h->fd < 0 ? -errno : 0;
}

static int open_list(struct view *v, fuse_req_t req, int flags, struct handle *h)
{
	const struct fuse_ctx *c = fuse_req_ctx(req);

	if ((flags & O_ACCMODE) == O_RDONLY) {
		if (v->list_writers)
			return -EBUSY;
		h->reads_list = true;
		v->list_readers++;
		return 0;
	}
	if (!v->opts->lists_writable)
		return -EACCES;
	if (c->uid)
		return -EPERM;
	if (v->list_readers || (v->list_writers && v->list_writer != c->pid))
		return -EBUSY;
	h->writes_list = true;
	v->list_writers++;
	v->list_writer = c->pid;
	return 0;
}

static int open_node(struct view *v, fuse_req_t req, const struct ima_node *n, int flags,
		     struct handle *h)
{
	switch (n->kind) {
	case IMA_NODE_POLICY:
		return open_policy(v, req, flags, h);
	case IMA_NODE_REAL:
		return open_real(n, flags, h);
	case IMA_NODE_EVM:
	case IMA_NODE_EVM_XATTRS:
		return 0;
	case IMA_NODE_LIST:
		return open_list(v, req, flags, h);
	default:
		return (flags & O_ACCMODE) == O_RDONLY ? 0 : -EACCES;
	}
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct view *v = view_of(req);
	const struct ima_node *n = ima_tree_node(v->tree, ino);
	struct handle *h = n ? calloc(1, sizeof(*h)) : NULL;
	int r;

	if (!h) {
		fuse_reply_err(req, n ? ENOMEM : ENOENT);
		return;
	}
	h->fd = -EBADF;
	r = open_node(v, req, n, fi->flags, h);
	if (r < 0) {
		free(h);
		fuse_reply_err(req, -r);
		return;
	}
	fi->fh = (uint64_t)(uintptr_t)h;
	fi->direct_io = 1; /* every read(2) asks: the files grow without a size */
	fuse_reply_open(req, fi);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *h = (struct handle *)(uintptr_t)fi->fh;

	view_of(req)->list_readers -= h->reads_list;
	view_of(req)->list_writers -= h->writes_list;
	ima_policy_file_close(&h->policy);
	ima_buffer_done(&h->text);
	ima_close(h->fd);
	free(h);
	fuse_reply_err(req, 0);
}

static void reply_part(fuse_req_t req, const struct ima_buffer *b, size_t size, off_t off)
{
	const size_t len = (uint64_t)off < b->len ? b->len - (size_t)off : 0;

	fuse_reply_buf(req, len ? (const char *)b->data + off : NULL, len < size ? len : size);
}

static int fill_text(struct view *v, const struct ima_node *n, struct handle *h)
{
	const uint64_t value = n->kind == IMA_NODE_COUNT ? ima_view_lists_count(v->lists)
							 : ima_view_lists_violations(v->lists);

	h->text.len = 0;
	if (n->kind == IMA_NODE_EVM)
		return ima_evm_file_read(v->opts->control_path, &h->text);
	if (n->kind == IMA_NODE_EVM_XATTRS)
		return ima_evm_names_file_read(v->opts->control_path, &h->text);
	return ima_buffer_printf(&h->text, "%llu\n", (unsigned long long)value);
}

static void read_real(fuse_req_t req, struct handle *h, size_t size, off_t off)
{
	char *buf = malloc(size);
	ssize_t n = buf ? pread(h->fd, buf, size, off) : -1;

	if (n < 0)
		fuse_reply_err(req, buf ? errno : ENOMEM);
	else
		fuse_reply_buf(req, buf, (size_t)n);
	free(buf);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct view *v = view_of(req);
	const struct ima_node *n = ima_tree_node(v->tree, ino);
	struct handle *h = (struct handle *)(uintptr_t)fi->fh;
	int r = 0;

	if (n->kind == IMA_NODE_REAL) {
		read_real(req, h, size, off);
		return;
	}
	if (n->kind == IMA_NODE_POLICY) {
		reply_part(req, &h->policy.text, size, off);
		return;
	}
	/* records before a damaged one can still be read */
	ima_ignore(ima_view_lists_refresh(v->lists));
	if (n->kind == IMA_NODE_LIST) {
		r = ima_view_lists_read(v->lists, n->slot, n->text,
					n->staged ? IMA_VIEW_STAGED : IMA_VIEW_CURRENT, (uint64_t)off, size, &v->out);
		if (r < 0)
			fuse_reply_err(req, -r);
		else
			reply_part(req, &v->out, size, 0);
		return;
	}
	if (off == 0)
		r = fill_text(v, n, h);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		reply_part(req, &h->text, size, off);
}

/* the kernel asks for the capability, whoever opened the file */
static bool may_administer(fuse_req_t req)
{
	char path[40], line[256];
	uint64_t caps = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)fuse_req_ctx(req)->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7))
			caps = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	return caps >> CAP_SYS_ADMIN & 1;
}

static ssize_t write_evm(struct view *v, const struct ima_node *n, struct ima_bytes text, off_t off)
{
	int r;

	if (is_locked(v, n))
		r = -EPERM;
	else if (n->kind == IMA_NODE_EVM)
		r = ima_evm_file_write(v->opts->control_path, text);
	else
		r = off ? -EINVAL : ima_evm_names_file_write(v->opts->control_path, text);
	return r < 0 ? r : (ssize_t)text.len;
}

static ssize_t write_node(struct view *v, const struct ima_node *n, struct handle *h, const char *buf,
			  size_t size, off_t off)
{
	ssize_t r;

	switch (n->kind) {
	case IMA_NODE_POLICY:
		if (!h->policy.control)
			return -EBADF;
		return ima_policy_file_write(&h->policy,
					     (struct ima_bytes){ (const uint8_t *)buf, size });
	case IMA_NODE_REAL:
		r = pwrite(h->fd, buf, size, off);
		return r < 0 ? -errno : r;
	case IMA_NODE_LIST:
		r = ima_list_command(v->opts->control_path, n->staged,
				     (struct ima_bytes){ (const uint8_t *)buf, size });
		return r < 0 ? r : (ssize_t)size;
	case IMA_NODE_EVM:
	case IMA_NODE_EVM_XATTRS:
		return write_evm(v, n, (struct ima_bytes){ (const uint8_t *)buf, size }, off);
	default:
		return -EACCES;
	}
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	struct view *v = view_of(req);
	const struct ima_node *n = ima_tree_node(v->tree, ino);
	const bool evm = n->kind == IMA_NODE_EVM || n->kind == IMA_NODE_EVM_XATTRS;
	ssize_t r = -EPERM;

	if (!evm || may_administer(req))
		r = write_node(v, n, (struct handle *)(uintptr_t)fi->fh, buf, size, off);
	if (r < 0)
		fuse_reply_err(req, (int)-r);
	else
		fuse_reply_write(req, (size_t)r);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct statvfs sv = { .f_bsize = 4096, .f_frsize = 4096, .f_namemax = 255 };

	fuse_reply_statfs(req, &sv);
}

static void op_init(void *user, struct fuse_conn_info *conn)
{
	struct view *v = user;

	if (v->opts->mounted)
		atomic_store(v->opts->mounted, 1);
	if (v->opts->ready_fd >= 0)
		ima_ignore(write(v->opts->ready_fd, "1", 1));
}

static const struct fuse_lowlevel_ops ops = {
	.init = op_init,
	.lookup = op_lookup,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.open = op_open,
	.release = op_release,
	.read = op_read,
	.write = op_write,
	.statfs = op_statfs,
};

/* a view that was killed leaves a mount that answers ENOTCONN: take that one away, and no other */
static void detach_stale(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 && errno == ENOTCONN)
		ima_ignore(umount2(path, MNT_DETACH));
}

/* what the mount will hide: the folder, or the kernel's securityfs where nobody mounted it yet */
static int open_underneath(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fs, mnt;
	struct statfs sf;

	if (strcmp(path, "/sys/kernel/security"))
		return fd;
	if (fd >= 0 && fstatfs(fd, &sf) == 0 && sf.f_type == SECURITYFS_MAGIC)
		return fd;
	fs = fsopen("securityfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return fd;
	mnt = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -1 : fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	if (mnt < 0)
		return fd;
	ima_close(fd);
	return mnt;
}

static int prepare_mount_point(const char *path, int *ret_under, struct ima_diag *diag)
{
	struct statfs sf;
	int ima;

	detach_stale(path);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return ima_diag_text(diag, -errno, "the mount point %s cannot be made: %s", path,
				     strerror(errno));
	*ret_under = open_underneath(path);
	ima = *ret_under < 0 ? -1
			     : openat(*ret_under, "integrity/ima", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ima < 0)
		return 0;
	if (fstatfs(ima, &sf) == 0 && sf.f_type == SECURITYFS_MAGIC) {
		close(ima);
		return ima_diag_text(diag, -EEXIST,
				     "the kernel's own IMA shows its files at %s: choose another place with --mount-point",
				     path);
	}
	close(ima);
	return 0;
}

static int open_lists(struct view *v, struct ima_diag *diag)
{
	int fd = -1, r = -ENODATA;

	/* the first worker writes the header: wait for it, ten seconds at most */
	for (int i = 0; i < 100 && r < 0; i++) {
		if (fd < 0)
			fd = open(v->opts->journal_path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			r = ima_view_lists_new(fd, v->opts->journal_path, &v->lists, diag);
		if (r < 0)
			usleep(100000);
	}
	if (r < 0) {
		ima_close(fd);
		return fd < 0 ? ima_diag_text(diag, -ENOENT, "%s cannot be opened",
					      v->opts->journal_path)
			      : r;
	}
	return 0;
}

static int serve(struct view *v, struct ima_diag *diag)
{
	char *argv[] = { (char[]){ "imad" },
			 (char[]){ "-ofsname=securityfs,allow_other,default_permissions" }, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);
	struct fuse_session *se = fuse_session_new(&args, &ops, sizeof(ops), v);
	int r = 0;

	if (!se)
		return ima_diag_text(diag, -EINVAL, "libfuse refuses its options");
	if (fuse_set_signal_handlers(se) < 0 || fuse_session_mount(se, v->opts->mount_point) < 0) {
		r = access("/dev/fuse", R_OK | W_OK) < 0
			    ? ima_diag_text(diag, -ENODEV, "/dev/fuse: %s", strerror(errno))
			    : ima_diag_text(diag, -EIO, "FUSE cannot be mounted at %s",
					    v->opts->mount_point);
	} else {
		fuse_session_loop(se);
		fuse_session_unmount(se);
	}
	fuse_remove_signal_handlers(se);
	fuse_session_destroy(se);
	fuse_opt_free_args(&args);
	return r;
}

int ima_view_run(const struct ima_view_opts *opts, struct ima_diag *diag)
{
	struct view v = { .opts = opts };
	int under = -EBADF;
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	clock_gettime(CLOCK_REALTIME, &v.since);
	r = prepare_mount_point(opts->mount_point, &under, diag);
	if (r == 0)
		r = open_lists(&v, diag);
	if (r == 0)
		r = ima_tree_new(ima_view_lists_head(v.lists), opts, under, &v.tree);
	if (r < 0) {
		ima_close(under);
		ima_view_lists_free(v.lists);
		return r;
	}
	r = serve(&v, diag);
	ima_tree_free(v.tree);
	ima_view_lists_free(v.lists);
	ima_buffer_done(&v.out);
	return r;
}
