/* SPDX-License-Identifier: BSD-2-Clause */
/* Packages, images and tars: digests of their members, or those that a header states. An archive is taken whole or not at all. */
#include "imactl/reference_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <ima/label.h>

#include "core/archive/archive.h"
#include "imactl/apt_index.h"
#include "imactl/reference_batch.h"

/* one run over many archives; @index and @root: of an apt repository */
struct job {
	struct imactl_reference_maker *m;
	const struct imactl_apt_index *index;
	size_t root_len; /* of the paths that the index does not have, with the slash */
};

/* one archive */
struct work {
	const struct job *job;
	struct ima_hasher *h;
	const char *path;
	struct ima_archive *a;
	struct imactl_batch *batch;
	struct ima_diag diag;
	char *repository; /* owned; NULL: the maker's */
};

static struct ima_bytes signature_of(const struct ima_member *m)
{
	const struct ima_xattr *x = ima_member_xattr(m, "security.ima");

	if (m->signature.len)
		return m->signature;
	return x && x->value.len && x->value.data[0] == IMA_XATTR_SIGNATURE ? x->value : (struct ima_bytes){ 0 };
}

/* NULL: good, or there is none, or no keys are given */
static const char *judge_signature(const struct work *w, const struct ima_reference_value *v)
{
	const struct ima_xattr x = { "security.ima", v->signature };
	const struct ima_label_file file = { .content = &v->digest, .size = v->size, .mode = S_IFREG, .xattrs = &x, .n_xattrs = 1 };
	static const struct ima_label_wish wish = { .signature = true };
	struct ima_label_answer a;

	if (!w->job->m->keys || !v->signature.len)
		return NULL;
	if (ima_label_content_algo(v->signature) != v->digest.algo)
		return "its signature is of a digest by another algorithm, and was not checked: left out";
	if (ima_label_check(w->job->m->keys, w->h, &wish, &file, &a) < 0)
		return "its signature could not be checked: left out";
	return a.verdict == IMA_LABEL_GOOD ? NULL : a.sig == IMA_SIG_NO_KEY ? "signed by a key that is not given: left out" :
						    "its signature is not that of its content: left out";
}

static void leave_out(const struct work *w, const char *path, const char *why)
{
	imactl_reference_leave_out(w->job->m, w->path, path, why);
}

static int add_member(struct work *w, const struct ima_member *m, const struct ima_digest *d)
{
	struct ima_reference_value v = { .path = { (const uint8_t *)m->path, strlen(m->path) }, .digest = *d, .size = m->size };
	const char *why;

	v.signature = signature_of(m);
	why = m->leaves_root ? "a name that leaves the archive: left out" : judge_signature(w, &v);
	if (!why)
		return imactl_batch_add(w->batch, &v);
	leave_out(w, m->path, why);
	return 0;
}

static int take_member(struct work *w, const struct ima_member *m)
{
	struct ima_digest d;
	int r;

	switch (m->type) {
	case IMA_MEMBER_FILE:
		r = ima_archive_hash(w->a, w->h, w->job->m->algo, &d, &w->diag);
		return r < 0 ? r : add_member(w, m, &d);
	case IMA_MEMBER_HARDLINK:
		if (!m->leaves_root)
			return imactl_batch_link(w->batch, m->path, m->target);
		leave_out(w, m->path, "a name that leaves the archive: left out");
		return 0;
	case IMA_MEMBER_SYMLINK:
		if (!w->job->m->keep_names && m->target)
			imactl_batch_see_symlink(w->batch, m->path, m->target);
		return 0;
	default:
		return 0;
	}
}

static int take_members(struct work *w)
{
	const bool is_stated = ima_archive_states(w->a, w->job->m->algo);
	const struct ima_member *m;
	size_t at = 0;
	int r;

	do {
		r = is_stated ? ima_archive_next_stated(w->a, &at, &m, &w->diag) : ima_archive_next(w->a, &m, &w->diag);
		if (r > 0)
			r = is_stated ? add_member(w, m, m->digest) : take_member(w, m);
		else if (r == 0)
			return 0;
	} while (r == 0 && !ima_hasher_is_stopped(w->h));
	return r < 0 ? r : -ECANCELED;
}

static int put_value(void *user, const struct ima_reference_value *value)
{
	const struct work *w = user;
	const struct ima_package *p = ima_archive_package(w->a);
	const char *slash = strrchr(w->path, '/');
	struct ima_reference_value v = *value;

	v.package = p ? p->name : w->job->m->image ? w->job->m->image : slash ? slash + 1 : w->path;
	v.version = p ? p->version : NULL;
	v.repository = w->repository;
	return imactl_reference_put(w->job->m, &v);
}

static void lose_link(void *user, const char *path)
{
	leave_out(user, path, "a hard link to a file that the archive does not show: left out");
}

static int read_archive(struct work *w, int fd)
{
	/* a package is for systems whose /bin is a link; anything else says itself whether it is */
	struct ima_archive_opts opts = { .image = w->job->m->image };
	uint8_t magic[4] = { 0 };
	int r = imactl_batch_new(&w->batch);

	if (pread(fd, magic, sizeof(magic), 0) == sizeof(magic))
		opts.merge_usr = !w->job->m->keep_names && (!memcmp(magic, "!<ar", 4) || !memcmp(magic, "\xed\xab\xee\xdb", 4));
	if (r == 0)
		r = ima_archive_open(fd, &opts, &w->a, &w->diag);
	if (r == 0)
		r = take_members(w);
	if (r == 0)
		r = imactl_batch_finish(w->batch, put_value, lose_link, w);
	return r;
}

/* NULL: it is what the index lists, or there is no index */
static const char *check_index(struct work *w, int fd, const struct stat *st, bool *ret_is_listed)
{
	const struct imactl_apt_index *x = w->job->index;
	const struct imactl_apt_package *p = x && x->n ? imactl_apt_find(x, w->path + w->job->root_len) : NULL;
	const char *name = w->job->m->repository;
	struct ima_digest d;

	*ret_is_listed = p || !x || !x->n;
	if (!p)
		return NULL;
	if (p->size != (uint64_t)st->st_size)
		return "it has another size than the repository's index says";
	if (ima_hash_fd(w->h, IMA_HASH_SHA256, fd, &d, NULL) < 0)
		return "it could not be read";
	if (memcmp(d.data, p->sha256, d.len))
		return "it has another digest than the repository's index says";
	return asprintf(&w->repository, "%s%s%s", name ? name : "", name && *p->repository ? " " : "", p->repository) < 0 ?
		       "out of memory" : NULL;
}

static void say(const struct work *w, int error, struct imactl_file_result *res)
{
	const char *text = w->diag.text[0] ? w->diag.text : strerror(-error);

	if (error == -ECANCELED)
		res->status = IMACTL_FILE_LEFT;
	else if (w->diag.token[0])
		imactl_file_fail(res, IMACTL_FILE_UNABLE, w->path, "%s: %s", w->diag.token, text);
	else if (w->diag.has_offset)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, w->path, "offset %llu: %s", (unsigned long long)w->diag.offset, text);
	else
		imactl_file_fail(res, IMACTL_FILE_UNABLE, w->path, "%s", text);
}

static void read_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	ima_cleanup(ima_closep) int fd = openat(file->at, file->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (file->is_walked ? O_NOFOLLOW : 0));
	struct work w = { .job = user, .h = h, .path = file->path };
	bool is_listed = true;
	const char *why = NULL;
	struct stat st = { 0 };
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		r = -errno;
	res->bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	if (r == 0)
		why = check_index(&w, fd, &st, &is_listed);
	if (why)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, file->path, "%s", why);
	else if (!is_listed)
		res->status = IMACTL_FILE_SKIPPED;
	else if (r == 0)
		r = read_archive(&w, fd);
	if (r < 0)
		say(&w, r, res);
	ima_archive_free(w.a);
	imactl_batch_free(w.batch);
	free(w.repository);
}

/* folders */

static bool is_image_folder(const char *path)
{
	static const char *const names[] = { "index.json", "manifest.json" };
	bool found = false;

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++) {
		ima_cleanup(ima_freep) char *name = NULL;

		if (asprintf(&name, "%s/%s", path, names[i]) >= 0)
			found |= access(name, F_OK) == 0;
	}
	return found;
}

static int read_image_folder(const struct job *job, const char *path)
{
	const struct imactl_file file = { .path = path, .name = path, .at = AT_FDCWD };
	struct imactl_file_result res = { 0 };
	struct ima_hasher *h = NULL;
	int r = ima_hasher_new(&h);

	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-r));
	read_one(ima_unconst(job), h, &file, &res);
	ima_hasher_free(h);
	r = res.status == IMACTL_FILE_DONE ? EXIT_GOOD : imactl_fail(EXIT_BAD, "%s", res.err.len ? (char *)res.err.data : "left out");
	ima_buffer_done(&res.err);
	ima_buffer_done(&res.out);
	return r;
}

static int read_package_folder(struct imactl_reference_maker *m, const char *path)
{
	static const char *const patterns[] = { "*.deb", "*.udeb", "*.rpm" };
	struct imactl_apt_index index;
	struct job job = { .m = m, .index = &index, .root_len = strlen(path) };
	struct imactl_files_counts counts;
	const size_t n_globs = m->files.globs.n;
	const bool had_include = m->files.globs.has_include;
	char *paths[] = { ima_unconst(path) };
	int r = imactl_apt_read(path, &index), e = 0;

	while (job.root_len > 1 && path[job.root_len - 1] == '/')
		job.root_len--;
	job.root_len += path[job.root_len - 1] != '/';
	for (size_t i = 0; i < IMA_N_ELEMENTS(patterns) && e == 0; i++)
		e = imactl_globs_add(&m->files.globs, patterns[i], false);
	if (r == EXIT_GOOD && e < 0)
		r = imactl_fail(EXIT_UNABLE, "%s", strerror(-e));
	m->files.recursive = true;
	m->files.verb = "packages";
	if (r == EXIT_GOOD)
		r = imactl_files_run(paths, 1, &m->files, read_one, &job, &counts);
	m->files.globs.n = n_globs;
	m->files.globs.has_include = had_include;
	imactl_apt_done(&index);
	if (r == EXIT_GOOD && counts.done + counts.skipped == 0)
		r = imactl_fail(EXIT_BAD, "%s: no package in it", path);
	return r;
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int read_folder(struct imactl_reference_maker *m, const char *path)
{
	const struct job job = { .m = m };

	return is_image_folder(path) ? read_image_folder(&job, path) : read_package_folder(m, path);
}

/* a file and how much of it there is to unpack */
struct sized {
	char *path;
	off_t size;
	int at; /* on the command line */
};

static int by_size(const void *a, const void *b)
{
	const struct sized *x = a, *y = b;

	return x->size != y->size ? (x->size > y->size ? -1 : 1) : x->at - y->at;
}

/* an archive is one thread's work, which decompression bounds: the largest go first, or one of them is left for the end */
static int put_largest_first(char **files, int n)
{
	ima_cleanup(ima_freep) struct sized *all = calloc((size_t)n + 1, sizeof(*all));
	struct stat st;

	if (!all)
		return -ENOMEM;
	for (int i = 0; i < n; i++)
		all[i] = (struct sized){ files[i], stat(files[i], &st) == 0 ? st.st_size : 0, i };
	qsort(all, (size_t)n, sizeof(*all), by_size);
	for (int i = 0; i < n; i++)
		files[i] = all[i].path;
	return 0;
}

int imactl_reference_archives(struct imactl_reference_maker *m, char *const *paths, int n_paths)
{
	ima_cleanup(ima_freep) char **files = calloc((size_t)n_paths + 1, sizeof(*files));
	const uint64_t before = m->n_left_out;
	struct job job = { .m = m };
	struct imactl_files_counts counts;
	int n_files = 0, r = EXIT_GOOD;
	struct stat st;

	if (!files)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	for (int i = 0; i < n_paths && r != EXIT_UNABLE; i++) {
		if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			r = worse(r, read_folder(m, paths[i]));
		else
			files[n_files++] = paths[i];
	}
	if (put_largest_first(files, n_files) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	m->files.recursive = false;
	m->files.verb = "archives";
	if (n_files && r != EXIT_UNABLE)
		r = worse(r, imactl_files_run(files, n_files, &m->files, read_one, &job, &counts));
	return r == EXIT_GOOD && m->n_left_out != before ? EXIT_BAD : r;
}
