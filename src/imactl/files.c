/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the files come from, and what is said of them. */
#include "imactl/files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "imactl/interrupt.h"
#include "imactl/jobs.h"
#include "imactl/path_list.h"
#include "imactl/progress.h"

/* what there is to do, counted beside the work */
struct census {
	const struct imactl_files_opts *opts;
	char *const *paths;
	int n_paths;
	pthread_t thread;
	bool runs;
	struct imactl_amount amount;
	_Atomic bool complete, give_up;
};

struct run {
	const struct imactl_files_opts *opts;
	struct imactl_files_counts *counts;
	struct imactl_jobs *jobs;
	struct imactl_progress progress;
	struct census census;
};

void imactl_file_fail(struct imactl_file_result *res, int status, const char *path, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	res->status = status;
	res->err.len = 0;
	if (ima_buffer_printf(&res->err, "%s: %s", path, text) < 0)
		res->err.len = 0;
}

void imactl_file_errno(struct imactl_file_result *res, const char *path, int error)
{
	const char *text = strerror(-error);

	switch (error) {
	case -ECANCELED:
		res->status = IMACTL_FILE_LEFT;
		return;
	case -EXDEV:
		res->status = IMACTL_FILE_SKIPPED;
		return;
	case -EINVAL:
		text = "not a regular file";
		break;
	case -ETXTBSY:
		text = "it changed while it was read";
		break;
	case -EOPNOTSUPP:
		text = "the file system takes no such attributes";
		break;
	}
	imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", text);
}

int imactl_file_line(struct ima_buffer *out, const char *path, const char *text)
{
	const int r = imactl_append_path(out, path);

	return r < 0 ? r : ima_buffer_printf(out, "%s\n", text);
}

int imactl_file_json(struct ima_buffer *out, const char *path, json_t *o)
{
	ima_cleanup(ima_freep) char *line = NULL;
	json_t *whole = imactl_json_named("path", path, o);

	if (!whole)
		return -ENOMEM;
	line = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	return line ? ima_buffer_printf(out, "%s\n", line) : -EILSEQ;
}

/* what is said of one */

static void print_failure(const struct run *r, const char *path, const char *err)
{
	struct ima_buffer line = { 0 };
	const char *text = err ? err : "out of memory";
	const size_t len = strlen(path);

	imactl_fail(EXIT_BAD, "%s", text);
	if (!r->opts->json)
		return;
	if (!strncmp(text, path, len) && !strncmp(text + len, ": ", 2))
		text += len + 2;
	if (imactl_file_json(&line, path, json_pack("{s:s, s:s}", "status", "failed", "error", text)) == 0)
		fwrite(line.data, 1, line.len, stdout);
	ima_buffer_done(&line);
}

static void file_done(void *user, const char *path, void *item, struct imactl_file_result *res)
{
	struct run *r = user;
	struct imactl_files_counts *c = r->counts;

	if (res->out.len || res->err.len || res->status == IMACTL_FILE_UNABLE)
		imactl_progress_hide(&r->progress);
	if (res->out.len)
		fwrite(res->out.data, 1, res->out.len, r->opts->out ? r->opts->out : stdout);
	if (res->err.len && r->opts->whole_lines)
		fwrite(res->err.data, 1, res->err.len, stderr);
	else if (res->status == IMACTL_FILE_UNABLE)
		print_failure(r, path, res->err.len ? (const char *)res->err.data : NULL);
	c->done += res->status == IMACTL_FILE_DONE;
	c->skipped += res->status == IMACTL_FILE_SKIPPED;
	c->bad += res->status == IMACTL_FILE_BAD;
	c->unable += res->status == IMACTL_FILE_UNABLE;
	c->left += res->status == IMACTL_FILE_LEFT;
	c->bytes += res->bytes;
}

static void draw(void *user)
{
	struct run *r = user;
	const struct imactl_files_counts *c = r->counts;
	const struct imactl_amount done = { c->done + c->skipped + c->bad + c->unable, c->bytes };

	imactl_progress_draw(&r->progress, &done, atomic_load(&r->census.complete) ? &r->census.amount : NULL);
}

static void cannot(struct run *r, const char *path, int error)
{
	struct imactl_file_result res = { 0 };

	/* in its place among the others */
	imactl_jobs_drain(r->jobs);
	imactl_file_fail(&res, IMACTL_FILE_UNABLE, path, r->opts->whole_lines ? "%s\n" : "%s", strerror(error));
	file_done(r, path, NULL, &res);
	ima_buffer_done(&res.err);
}

/* where they come from */

static bool belongs_to_another(const struct imactl_walk_entry *e)
{
	/* .new: what SIGKILL may leave */
	static const char *const suffixes[] = { ".sig", ".evmsig", ".sig.new", ".evmsig.new" };
	const size_t len = strlen(e->name);
	char stem[256];

	for (size_t i = 0; i < IMA_N_ELEMENTS(suffixes); i++) {
		const size_t n = strlen(suffixes[i]);

		if (len <= n || strcmp(e->name + len - n, suffixes[i]))
			continue;
		snprintf(stem, sizeof(stem), "%.*s", (int)(len - n), e->name);
		if (faccessat(imactl_dir_fd(e->dir), stem, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

static struct imactl_walk_opts walk_opts(const struct imactl_files_opts *o)
{
	return (struct imactl_walk_opts){ .one_fs = o->one_fs, .globs = o->globs.n ? &o->globs : NULL };
}

static int take_entry(struct run *r, const struct imactl_walk_entry *e)
{
	if (e->error)
		cannot(r, e->path, e->error);
	else if (!r->opts->skip_sigfiles || !belongs_to_another(e))
		return imactl_jobs_push(r->jobs, e->dir, e->path, e->dev);
	return 0;
}

static int walk(struct run *r, const char *root)
{
	const struct imactl_walk_opts opts = walk_opts(r->opts);
	struct imactl_walk_entry e;
	struct imactl_walk *w = NULL;
	int n, result = imactl_walk_new(root, &opts, &w);

	if (result < 0 && result != -ENOMEM) {
		cannot(r, root, -result);
		return 0;
	}
	while (result == 0 && !imactl_interrupt_signal() && (n = imactl_walk_next(w, &e)) != 0) {
		if (n == -EMFILE)
			imactl_jobs_drain(r->jobs);
		else
			result = n < 0 ? n : take_entry(r, &e);
		draw(r);
	}
	imactl_walk_free(w);
	return result;
}

static int take_path(struct run *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		cannot(r, path, errno);
	else if (!S_ISDIR(st.st_mode))
		return imactl_jobs_push(r->jobs, NULL, path, 0);
	else if (r->opts->recursive)
		return walk(r, path);
	else
		cannot(r, path, EISDIR);
	return 0;
}

static const char *relative(const char *path)
{
	while (*path == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	return path;
}

static int take_list(struct run *r)
{
	struct imactl_path_list *l;
	const char *path;
	int n, result = imactl_path_list_open(r->opts->list, r->opts->by_nul, &l);

	if (result < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", r->opts->list, strerror(-result));
	while (result == 0 && !imactl_interrupt_signal() && (n = imactl_path_list_next(l, &path)) != 0) {
		if (n == -EBADMSG)
			result = imactl_fail(EXIT_UNABLE, "%s: a NUL in a list of lines: --null takes lists whose paths end in NUL", r->opts->list);
		else if (n < 0)
			result = imactl_fail(EXIT_UNABLE, "%s: %s", r->opts->list, strerror(-n));
		else if (imactl_globs_take_file(&r->opts->globs, relative(path)))
			result = take_path(r, path);
		draw(r);
	}
	imactl_path_list_free(l);
	return result;
}

/* how many there are */

static void count_entry(struct census *c, const struct imactl_walk_entry *e)
{
	struct stat st;

	if (e->error || fstatat(imactl_dir_fd(e->dir), e->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	c->amount.files++;
	c->amount.bytes += (uint64_t)st.st_size;
}

static void *count_main(void *arg)
{
	struct census *c = arg;
	const struct imactl_walk_opts opts = walk_opts(c->opts);
	struct imactl_walk_entry e;

	for (int i = 0; i < c->n_paths; i++) {
		struct imactl_walk *w = NULL;

		if (imactl_walk_new(c->paths[i], &opts, &w) < 0)
			continue;
		while (!atomic_load(&c->give_up) && imactl_walk_next(w, &e) > 0)
			count_entry(c, &e);
		imactl_walk_free(w);
	}
	if (!atomic_load(&c->give_up))
		atomic_store(&c->complete, true);
	return NULL;
}

static void census_begin(struct run *r, char *const *paths, int n_paths)
{
	struct census *c = &r->census;

	if (!r->progress.on || !r->opts->recursive || r->opts->list)
		return;
	c->opts = r->opts;
	c->paths = paths;
	c->n_paths = n_paths;
	c->runs = pthread_create(&c->thread, NULL, count_main, c) == 0;
}

static void census_end(struct census *c)
{
	atomic_store(&c->give_up, true);
	if (c->runs)
		pthread_join(c->thread, NULL);
}

/* the whole */

static void raise_limit(void)
{
	struct rlimit l;

	/* a descriptor for each folder on the way and of files under way */
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max && l.rlim_cur < 65536) {
		l.rlim_cur = l.rlim_max < 65536 ? l.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static void summarize(const struct run *r)
{
	const struct imactl_files_counts *c = r->counts;
	char bytes[16];

	fflush(stdout);
	fprintf(stderr, "imactl: %s%llu %s", imactl_interrupt_signal() ? "interrupted: " : "", (unsigned long long)c->done,
		r->opts->verb ? r->opts->verb : "done");
	if (c->skipped)
		fprintf(stderr, ", %llu skipped", (unsigned long long)c->skipped);
	if (c->bad)
		fprintf(stderr, ", %llu bad", (unsigned long long)c->bad);
	fprintf(stderr, ", %llu failed, %s in %.1f s%s\n", (unsigned long long)c->unable, imactl_bytes_text(c->bytes, bytes),
		imactl_progress_seconds(&r->progress), imactl_interrupt_signal() ? "; all others are as they were" : "");
}

static int take_all(struct run *r, char *const *paths, int n_paths)
{
	int result = 0;

	for (int i = 0; result == 0 && i < n_paths && !imactl_interrupt_signal(); i++)
		result = take_path(r, paths[i]);
	if (result == 0 && r->opts->list)
		result = take_list(r);
	imactl_jobs_drain(r->jobs);
	imactl_progress_hide(&r->progress);
	return result < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-result)) : result;
}

int imactl_files_run(char *const *paths, int n_paths, const struct imactl_files_opts *opts,
		     imactl_file_fn fn, void *user, struct imactl_files_counts *ret)
{
	struct run r = { .opts = opts, .counts = ret };
	const struct imactl_jobs_ops ops = { .work = fn, .work_user = user, .done = file_done, .idle = draw, .user = &r,
					     .stop = imactl_interrupt_flag() };
	int result;

	*ret = (struct imactl_files_counts){ 0 };
	raise_limit();
	imactl_interrupt_catch();
	imactl_progress_begin(&r.progress);
	result = imactl_jobs_new(opts->threads, &ops, &r.jobs);
	if (result < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-result));
	census_begin(&r, paths, n_paths);
	result = take_all(&r, paths, n_paths);
	census_end(&r.census);
	imactl_jobs_free(r.jobs);
	if (imactl_interrupt_signal() || (!opts->quiet && (opts->recursive || opts->list || n_paths > 1)))
		summarize(&r);
	if (imactl_output_failed())
		return EXIT_UNABLE;
	if (result || imactl_interrupt_signal())
		return result ? result : EXIT_UNABLE;
	return ret->unable || ret->bad ? EXIT_BAD : EXIT_GOOD;
}
