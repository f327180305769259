/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk fills a batch, the threads empty it, the results go out in its order. */
#include "imactl/files.h"

#include <errno.h>
#include <fts.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH 1024
#define MAX_THREADS 64

struct batch {
	char *paths[BATCH];
	struct imactl_file_result results[BATCH];
	size_t n;
	_Atomic size_t next;
};

struct run {
	const struct imactl_files_opts *opts;
	imactl_file_fn fn;
	void *user;
	struct imactl_files_counts *counts;
	struct ima_hasher *hashers[MAX_THREADS];
	unsigned int n_threads;
	struct batch *batch;
};

struct thread_arg {
	struct run *r;
	struct ima_hasher *h;
};

void imactl_file_fail(struct imactl_file_result *res, int status, const char *path, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	res->status = status;
	if (ima_buffer_printf(&res->err, "%s: %s", path, text) < 0)
		res->err.len = 0;
}

static void *thread_main(void *arg)
{
	struct thread_arg *a = arg;
	struct batch *b = a->r->batch;
	size_t i;

	while ((i = atomic_fetch_add(&b->next, 1)) < b->n)
		a->r->fn(a->r->user, a->h, b->paths[i], &b->results[i]);
	return NULL;
}

static void hand_over(struct run *r, struct imactl_file_result *res)
{
	if (res->out.len)
		fwrite(res->out.data, 1, res->out.len, r->opts->out ? r->opts->out : stdout);
	if (res->err.len)
		fprintf(stderr, "imactl: %s\n", (const char *)res->err.data);
	else if (res->status == IMACTL_FILE_UNABLE)
		fputs("imactl: out of memory\n", stderr);
	r->counts->done += res->status == IMACTL_FILE_DONE;
	r->counts->skipped += res->status == IMACTL_FILE_SKIPPED;
	r->counts->bad += res->status == IMACTL_FILE_BAD;
	r->counts->unable += res->status == IMACTL_FILE_UNABLE;
	ima_buffer_done(&res->out);
	ima_buffer_done(&res->err);
	*res = (struct imactl_file_result){ 0 };
}

static void flush(struct run *r)
{
	struct batch *b = r->batch;
	struct thread_arg args[MAX_THREADS];
	pthread_t threads[MAX_THREADS];
	unsigned int n = 0;

	atomic_store(&b->next, 0);
	args[0] = (struct thread_arg){ r, r->hashers[0] };
	/* a thread that cannot be made leaves its work to the others */
	for (unsigned int i = 1; i < r->n_threads && i < b->n; i++) {
		args[n + 1] = (struct thread_arg){ r, r->hashers[i] };
		if (pthread_create(&threads[n], NULL, thread_main, &args[n + 1]) == 0)
			n++;
	}
	thread_main(&args[0]);
	for (unsigned int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < b->n; i++) {
		hand_over(r, &b->results[i]);
		free(b->paths[i]);
	}
	b->n = 0;
}

static int push(struct run *r, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	r->batch->paths[r->batch->n++] = copy;
	if (r->batch->n == BATCH)
		flush(r);
	return 0;
}

static void cannot(struct run *r, const char *path, int error)
{
	fprintf(stderr, "imactl: %s: %s\n", path, strerror(error));
	r->counts->unable++;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk(struct run *r, char *path)
{
	char *const roots[] = { path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | (r->opts->one_fs ? FTS_XDEV : 0), by_name);
	FTSENT *e;
	int e_no = 0;

	if (!tree)
		return -errno;
	while (e_no == 0 && (errno = 0, e = fts_read(tree)) != NULL) {
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
			cannot(r, e->fts_path, e->fts_errno);
		else if (e->fts_info == FTS_F)
			e_no = push(r, e->fts_path);
	}
	if (e_no == 0 && errno)
		e_no = -errno;
	fts_close(tree);
	return e_no;
}

static int take_path(struct run *r, char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		cannot(r, path, errno);
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return push(r, path);
	if (r->opts->recursive)
		return walk(r, path);
	cannot(r, path, EISDIR);
	return 0;
}

static int prepare(struct run *r)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	r->n_threads = r->opts->threads ? r->opts->threads : cpus > 0 ? (unsigned int)cpus : 1;
	if (r->n_threads > MAX_THREADS)
		r->n_threads = MAX_THREADS;
	r->batch = calloc(1, sizeof(*r->batch));
	if (!r->batch)
		return -ENOMEM;
	for (unsigned int i = 0; i < r->n_threads; i++) {
		const int e = ima_hasher_new(&r->hashers[i]);

		if (e < 0)
			return e;
	}
	return 0;
}

int imactl_files_run(char *const *paths, int n_paths, const struct imactl_files_opts *opts,
		     imactl_file_fn fn, void *user, struct imactl_files_counts *ret)
{
	struct run r = { .opts = opts, .fn = fn, .user = user, .counts = ret };
	int e;

	*ret = (struct imactl_files_counts){ 0 };
	e = prepare(&r);
	for (int i = 0; e == 0 && i < n_paths; i++)
		e = take_path(&r, paths[i]);
	if (e == 0 && r.batch->n)
		flush(&r);
	for (unsigned int i = 0; i < r.n_threads; i++)
		ima_hasher_free(r.hashers[i]);
	free(r.batch);
	if (e < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-e));
	if (imactl_output_failed())
		return EXIT_UNABLE;
	return ret->unable ? EXIT_UNABLE : ret->bad ? EXIT_BAD : EXIT_GOOD;
}
