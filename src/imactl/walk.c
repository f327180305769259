/* SPDX-License-Identifier: BSD-2-Clause */
/* A stack of folders; each keeps its names in one piece of memory and an index in their order. */
#include "imactl/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"

#define WINDOW (16U << 20)
#define LEAST_WINDOW (64U << 10)
#define NAME_COST (1 + sizeof(uint32_t)) /* bytes a name besides itself */

struct imactl_dir {
	int fd;
	_Atomic unsigned int refs;
	char *path;
	dev_t dev;
	ino_t ino;
};

struct level {
	struct imactl_dir *dir;
	/* names: u8 kind (DT_*), text, NUL */
	char *names;
	size_t len, cap;
	uint32_t *order; /* offsets into names */
	size_t n, n_cap, at;
	char *floor, *ceiling; /* only names between them are collected; NULL: no bound */
	bool more; /* names above the ceiling were left out */
};

struct imactl_walk {
	struct imactl_walk_opts opts;
	struct level *levels;
	size_t n_levels, cap;
	size_t root_len; /* of the root's path, with the slash after it */
	dev_t dev;
	struct ima_buffer path;
	bool waited; /* for descriptors, once */
};

struct imactl_dir *imactl_dir_ref(struct imactl_dir *d)
{
	atomic_fetch_add(&d->refs, 1);
	return d;
}

struct imactl_dir *imactl_dir_unref(struct imactl_dir *d)
{
	if (d && atomic_fetch_sub(&d->refs, 1) == 1) {
		close(d->fd);
		free(d->path);
		free(d);
	}
	return NULL;
}

int imactl_dir_fd(const struct imactl_dir *d)
{
	return d->fd;
}

/* a root may be a link, what is below it may not */
static int dir_open(int at, const char *name, const char *path, int flags, struct imactl_dir **ret)
{
	struct imactl_dir *d = calloc(1, sizeof(*d));
	struct stat st;

	if (!d)
		return -ENOMEM;
	d->refs = 1;
	d->path = strdup(path);
	d->fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	if (!d->path || d->fd < 0 || fstat(d->fd, &st) < 0) {
		const int r = d->path ? -errno : -ENOMEM;

		if (d->fd >= 0)
			close(d->fd);
		free(d->path);
		free(d);
		return r;
	}
	d->dev = st.st_dev;
	d->ino = st.st_ino;
	*ret = d;
	return 0;
}

/* names of one folder */

static int compare(const void *a, const void *b, void *names)
{
	return strcmp((char *)names + *(const uint32_t *)a + 1, (char *)names + *(const uint32_t *)b + 1);
}

static void sort(struct level *l)
{
	if (l->n > 1)
		qsort_r(l->order, l->n, sizeof(*l->order), compare, l->names);
}

static int grow(void *array, size_t *cap, size_t need, size_t item)
{
	size_t want = *cap ? *cap : 64;
	void *p;

	while (want < need)
		want += want / 2;
	if (want == *cap)
		return 0;
	p = reallocarray(*(void **)array, want, item);
	if (!p)
		return -ENOMEM;
	*(void **)array = p;
	*cap = want;
	return 0;
}

static int set_bound(char **bound, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	free(*bound);
	*bound = copy;
	return 0;
}

/* the lower half stays; the rest is for another pass */
static int halve(struct level *l)
{
	const size_t keep = l->n / 2;
	char *names;
	size_t len = 0;
	int r;

	sort(l);
	r = set_bound(&l->ceiling, l->names + l->order[keep - 1] + 1);
	names = r == 0 ? malloc(l->cap) : NULL;
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < keep; i++) {
		const char *name = l->names + l->order[i];
		const size_t size = strlen(name + 1) + 2;

		memcpy(names + len, name, size);
		l->order[i] = (uint32_t)len;
		len += size;
	}
	free(l->names);
	l->names = names;
	l->len = len;
	l->n = keep;
	l->more = true;
	return 0;
}

static int add_name(struct level *l, const char *name, unsigned char kind, size_t window)
{
	const size_t size = strlen(name) + 2;
	int r = 0;

	if (l->floor && strcmp(name, l->floor) <= 0)
		return 0;
	if (l->ceiling && strcmp(name, l->ceiling) > 0) {
		l->more = true;
		return 0;
	}
	if (l->n > 1 && l->len + size + (l->n + 1) * NAME_COST > window)
		r = halve(l);
	if (r == 0 && l->ceiling && strcmp(name, l->ceiling) > 0)
		return 0;
	if (r == 0)
		r = grow(&l->names, &l->cap, l->len + size, 1);
	if (r == 0)
		r = grow(&l->order, &l->n_cap, l->n + 1, sizeof(*l->order));
	if (r < 0)
		return r;
	l->order[l->n++] = (uint32_t)l->len;
	l->names[l->len] = (char)kind;
	memcpy(l->names + l->len + 1, name, size - 1);
	l->len += size;
	return 0;
}

static unsigned char kind_of(int fd, const struct dirent64 *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type;
	if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_REG; /* opening it will say why not */
	return (unsigned char)IFTODT(st.st_mode);
}

static int read_chunk(struct level *l, const char *chunk, ssize_t len, size_t window)
{
	int r = 0;

	for (ssize_t at = 0; at < len && r == 0;) {
		const struct dirent64 *e = (const void *)(chunk + at);
		unsigned char kind;

		at += e->d_reclen;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		kind = kind_of(l->dir->fd, e);
		if (kind == DT_REG || kind == DT_DIR)
			r = add_name(l, e->d_name, kind, window);
	}
	return r;
}

/* one pass: the next names in order, as many as fit */
static int read_names(struct level *l, size_t window)
{
	union {
		struct dirent64 align;
		char bytes[32U << 10];
	} chunk;
	ssize_t n;
	int r = 0;

	l->n = l->len = l->at = 0;
	l->more = false;
	free(l->ceiling);
	l->ceiling = NULL;
	if (lseek(l->dir->fd, 0, SEEK_SET) < 0)
		return -errno;
	while (r == 0 && (n = getdents64(l->dir->fd, chunk.bytes, sizeof(chunk.bytes))) != 0)
		r = n < 0 ? -errno : read_chunk(l, chunk.bytes, n, window);
	sort(l);
	return r;
}

/* the walk */

static size_t window_left(const struct imactl_walk *w)
{
	const size_t all = w->opts.window ? w->opts.window : WINDOW;
	size_t used = 0;

	for (size_t i = 0; i < w->n_levels; i++)
		used += w->levels[i].len + w->levels[i].n * NAME_COST;
	return used < all && (all - used) / 2 > LEAST_WINDOW ? (all - used) / 2 : all < LEAST_WINDOW ? all : LEAST_WINDOW;
}

static void pop(struct imactl_walk *w)
{
	struct level *l = &w->levels[--w->n_levels];

	imactl_dir_unref(l->dir);
	free(l->names);
	free(l->order);
	free(l->floor);
	free(l->ceiling);
}

/* @d is taken on success */
static int push(struct imactl_walk *w, struct imactl_dir *d)
{
	struct level l = { .dir = d };
	int r = 0;

	for (size_t i = 0; i < w->n_levels; i++)
		if (w->levels[i].dir->dev == d->dev && w->levels[i].dir->ino == d->ino)
			return -ELOOP;
	r = grow(&w->levels, &w->cap, w->n_levels + 1, sizeof(*w->levels));
	if (r == 0)
		r = read_names(&l, window_left(w));
	if (r < 0) {
		free(l.names);
		free(l.order);
		free(l.ceiling);
		return r;
	}
	w->levels[w->n_levels++] = l;
	return 0;
}

struct imactl_walk *imactl_walk_free(struct imactl_walk *w)
{
	if (!w)
		return NULL;
	while (w->n_levels)
		pop(w);
	free(w->levels);
	ima_buffer_done(&w->path);
	free(w);
	return NULL;
}

int imactl_walk_new(const char *root, const struct imactl_walk_opts *opts, struct imactl_walk **ret)
{
	struct imactl_walk *w = calloc(1, sizeof(*w));
	size_t len = strlen(root);
	struct imactl_dir *d = NULL;
	int r;

	if (!w)
		return -ENOMEM;
	w->opts = *opts;
	while (len > 1 && root[len - 1] == '/')
		len--;
	w->root_len = len + (root[len - 1] != '/');
	r = ima_buffer_append(&w->path, root, len);
	if (r == 0)
		r = dir_open(AT_FDCWD, root, (const char *)w->path.data, 0, &d);
	if (r == 0) {
		w->dev = d->dev;
		r = push(w, d);
		if (r < 0)
			imactl_dir_unref(d);
	}
	if (r < 0)
		imactl_walk_free(w);
	else
		*ret = w;
	return r;
}

static int set_path(struct imactl_walk *w, const struct level *l, const char *name)
{
	const char *dir = l->dir->path;

	w->path.len = 0;
	return ima_buffer_printf(&w->path, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name);
}

/* 1: a folder that cannot be gone into; 0: it is on the stack, or left out */
static int go_into(struct imactl_walk *w, struct level *l, const char *name, struct imactl_walk_entry *ret)
{
	const char *path = (const char *)w->path.data;
	struct imactl_dir *d = NULL;
	int r;

	if (w->opts.globs && !imactl_globs_take_folder(w->opts.globs, path + w->root_len))
		return 0;
	r = dir_open(l->dir->fd, name, path, O_NOFOLLOW, &d);
	if (r == -EMFILE && !w->waited) {
		w->waited = true;
		return r;
	}
	w->waited = false;
	if (r == 0 && w->opts.one_fs && d->dev != w->dev) {
		imactl_dir_unref(d);
		return 0;
	}
	if (r == 0)
		r = push(w, d); /* l may have moved */
	if (r < 0)
		imactl_dir_unref(d);
	if (r == 0 || r == -ENOMEM)
		return r;
	*ret = (struct imactl_walk_entry){ .path = path, .error = -r };
	return 1;
}

/* 1: @ret; 0: nothing to tell of this name */
static int take_name(struct imactl_walk *w, struct imactl_walk_entry *ret)
{
	struct level *l = &w->levels[w->n_levels - 1];
	const char *entry = l->names + l->order[l->at];
	int r = set_path(w, l, entry + 1);

	if (r < 0)
		return r;
	if (*entry == DT_DIR) {
		l->at++;
		r = go_into(w, l, entry + 1, ret);
		if (r == -EMFILE)
			l->at--;
		return r;
	}
	l->at++;
	if (w->opts.globs && !imactl_globs_take_file(w->opts.globs, (const char *)w->path.data + w->root_len))
		return 0;
	*ret = (struct imactl_walk_entry){ .dir = l->dir, .name = entry + 1, .path = (const char *)w->path.data,
					   .dev = w->opts.one_fs ? w->dev : 0 };
	return 1;
}

/* the folder's names that did not fit */
static int next_names(struct imactl_walk *w, struct level *l)
{
	int r = set_bound(&l->floor, l->names + l->order[l->n - 1] + 1);

	l->n = l->len = 0;
	return r < 0 ? r : read_names(l, window_left(w));
}

/* what is left of the folder is not seen */
static int give_up_folder(struct imactl_walk *w, struct level *l, int error, struct imactl_walk_entry *ret)
{
	w->path.len = 0;
	if (ima_buffer_append_str(&w->path, l->dir->path) < 0)
		return -ENOMEM;
	pop(w);
	*ret = (struct imactl_walk_entry){ .path = (const char *)w->path.data, .error = -error };
	return 1;
}

int imactl_walk_next(struct imactl_walk *w, struct imactl_walk_entry *ret)
{
	int r = 0;

	while (r == 0 && w->n_levels) {
		struct level *l = &w->levels[w->n_levels - 1];

		if (l->at < l->n) {
			r = take_name(w, ret);
		} else if (l->more && l->n) {
			r = next_names(w, l);
			if (r < 0 && r != -ENOMEM)
				r = give_up_folder(w, l, r, ret);
		} else {
			pop(w);
		}
	}
	return r;
}
