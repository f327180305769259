/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl label: a manifest's labels onto the files of a tree, each on the content and metadata that it was made for. Names are looked up
 * below the tree only, as if it were the root. Several files are under way at once; what is said keeps the manifest's order.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "core/archive/manifest.h"
#include "imactl/interrupt.h"
#include "imactl/jobs.h"
#include "imactl/label_file.h"
#include "imactl/outfile.h"
#include "imactl/progress.h"

struct label_args {
	const char *manifest, *root;
	bool dry_run, quiet;
};

struct label_run {
	const struct label_args *args;
	int root;
	struct imactl_jobs *jobs;
	struct imactl_progress progress;
	struct imactl_amount all, done;
	uint64_t n_set, n_had, n_left;
};

static int parse_args(int argc, char **argv, struct label_args *a)
{
	static const struct option options[] = { { "manifest", required_argument, NULL, 'm' }, { "dry-run", no_argument, NULL, 'n' },
						 { "quiet", no_argument, NULL, 'q' }, { 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "nq", options, NULL)) != -1) {
		switch (opt) {
		case 'm': a->manifest = optarg; break;
		case 'n': a->dry_run = true; break;
		case 'q': a->quiet = true; break;
		default: return imactl_usage("label");
		}
	}
	if (!a->manifest)
		return imactl_misuse("label", "--manifest FILE is missing");
	if (optind != argc - 1)
		return imactl_misuse("label", "one tree");
	a->root = argv[optind];
	return EXIT_GOOD;
}

/* the tree is a root of its own: neither a link nor ".." leads out of it */
static int open_below(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	const long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static const char *check_file(struct ima_hasher *h, const struct ima_manifest_entry *e, struct imactl_label_file *f, int *ret_error)
{
	struct ima_digest d;

	if (e->evm.len && (f->st.st_mode != e->mode || f->st.st_uid != e->uid || f->st.st_gid != e->gid))
		return "another mode or owner than security.evm was made for";
	*ret_error = imactl_label_hash(f, h, e->content.algo, NULL, &d);
	if (*ret_error == -ENOPKG)
		return "a hash algorithm that this system does not have";
	return *ret_error == 0 && memcmp(d.data, e->content.data, d.len) ? "another content than the label was made for" : NULL;
}

static bool has(const struct imactl_label_file *f, const char *which, struct ima_bytes want)
{
	ima_cleanup(ima_freep) uint8_t *have = NULL;
	size_t len = 0;

	return !want.len || (imactl_label_get(f, which, &have, &len) == 0 && len == want.len && !memcmp(have, want.data, len));
}

static int set(const struct ima_manifest_entry *e, const struct imactl_label_file *f)
{
	int r = e->ima.len ? imactl_label_set(f, "ima", e->ima) : 0;

	return r == 0 && e->evm.len ? imactl_label_set(f, "evm", e->evm) : r;
}

static void label_open(const struct label_run *r, struct ima_hasher *h, const struct imactl_file *file, struct imactl_label_file *f,
		       struct imactl_file_result *res)
{
	const struct ima_manifest_entry *e = file->item;
	int error = 0;
	const char *why = check_file(h, e, f, &error);

	res->bytes = (uint64_t)f->st.st_size;
	if (why)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, file->path, "%s", why);
	else if (error == 0 && has(f, "ima", e->ima) && has(f, "evm", e->evm))
		res->status = IMACTL_FILE_SKIPPED;
	else if (error == 0 && !r->args->dry_run)
		error = set(e, f);
	if (!why && error < 0)
		imactl_file_errno(res, file->path, error);
}

static void label_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct label_run *r = user;
	struct imactl_label_file f;
	const int fd = open_below(r->root, file->path);
	int error;

	if (fd < 0) {
		imactl_file_fail(res, IMACTL_FILE_UNABLE, file->path, "%s", strerror(-fd));
		return;
	}
	error = imactl_label_take(fd, false, &f);
	if (error < 0) {
		imactl_file_errno(res, file->path, error);
		return;
	}
	label_open(r, h, file, &f, res);
	imactl_label_close(&f);
}

static void label_done(void *user, const char *path, void *item, struct imactl_file_result *res)
{
	struct label_run *r = user;

	r->n_set += res->status == IMACTL_FILE_DONE;
	r->n_had += res->status == IMACTL_FILE_SKIPPED;
	r->n_left += res->status == IMACTL_FILE_UNABLE;
	r->done.files++;
	r->done.bytes += res->bytes;
	if (res->status != IMACTL_FILE_UNABLE)
		return;
	imactl_progress_hide(&r->progress);
	imactl_fail(EXIT_BAD, "%s", res->err.len ? (const char *)res->err.data : "out of memory");
}

static void draw(void *user)
{
	struct label_run *r = user;

	imactl_progress_draw(&r->progress, &r->done, &r->all);
}

/* the entry with its values after it */
static int push(struct label_run *r, const struct ima_manifest_entry *e)
{
	struct ima_manifest_entry *copy = malloc(sizeof(*copy) + e->ima.len + e->evm.len);
	uint8_t *values = (uint8_t *)(copy + 1);
	int n;

	if (!copy)
		return -ENOMEM;
	*copy = *e;
	copy->path = NULL; /* the job has it */
	if (e->ima.len)
		copy->ima.data = memcpy(values, e->ima.data, e->ima.len);
	if (e->evm.len)
		copy->evm.data = memcpy(values + e->ima.len, e->evm.data, e->evm.len);
	n = imactl_jobs_push_item(r->jobs, e->path, copy);
	if (n < 0)
		free(copy);
	draw(r);
	return n;
}

static int take_all(struct label_run *r, FILE *in)
{
	struct ima_manifest_reader *reader;
	const struct ima_manifest_entry *e;
	struct ima_diag diag = { 0 };
	int n = ima_manifest_reader_new(in, &reader), pushed = 0;

	if (n < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-n));
	while (pushed == 0 && !imactl_interrupt_signal() && (n = ima_manifest_next(reader, &e, &diag)) > 0)
		pushed = push(r, e);
	imactl_jobs_drain(r->jobs);
	imactl_progress_hide(&r->progress);
	ima_manifest_reader_free(reader);
	if (pushed < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-pushed));
	return n < 0 ? imactl_fail_diag(EXIT_UNABLE, r->args->manifest, &diag, n) : EXIT_GOOD;
}

/* a damaged manifest is found before the first label is set */
static int check_manifest(const struct label_args *a, FILE *in, uint64_t *ret_n)
{
	struct ima_manifest_reader *reader;
	const struct ima_manifest_entry *e;
	struct ima_diag diag = { 0 };
	int n = ima_manifest_reader_new(in, &reader);

	if (n < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-n));
	while ((n = ima_manifest_next(reader, &e, &diag)) > 0)
		++*ret_n;
	ima_manifest_reader_free(reader);
	if (n == 0 && fseeko(in, 0, SEEK_SET) < 0)
		n = -errno;
	return n < 0 ? imactl_fail_diag(EXIT_UNABLE, a->manifest, &diag, n) : EXIT_GOOD;
}

static int run(struct label_run *r, const struct label_args *a)
{
	const struct imactl_jobs_ops ops = { .work = label_one, .work_user = r, .done = label_done, .idle = draw, .user = r,
					     .stop = imactl_interrupt_flag() };
	const int fd = imactl_open_input(a->manifest);
	ima_cleanup(ima_fclosep) FILE *in = fd < 0 ? NULL : fdopen(fd, "re");
	struct stat st;
	int e;

	if (!in)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->manifest, strerror(fd < 0 ? -fd : errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->manifest, strerror(EISDIR));
	r->root = open(a->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->root < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->root, strerror(errno));
	e = check_manifest(a, in, &r->all.files);
	if (e)
		return e;
	imactl_interrupt_catch();
	imactl_progress_begin(&r->progress);
	e = imactl_jobs_new(0, &ops, &r->jobs);
	return e < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-e)) : take_all(r, in);
}

static void summarize(const struct label_run *r)
{
	const bool cut = imactl_interrupt_signal();

	fprintf(cut ? stderr : stdout, "%s%llu labelled, %llu were so already, %llu left%s\n", cut ? "imactl: interrupted: " : "",
		(unsigned long long)r->n_set, (unsigned long long)r->n_had, (unsigned long long)r->n_left,
		cut ? "; all others are as they were" : "");
}

int cmd_label(int argc, char **argv)
{
	struct label_args a = { 0 };
	struct label_run r = { .args = &a, .root = -EBADF };
	int e = parse_args(argc, argv, &a);

	if (e)
		return e;
	e = run(&r, &a);
	if (e == EXIT_GOOD && (!a.quiet || imactl_interrupt_signal()))
		summarize(&r);
	imactl_jobs_free(r.jobs);
	ima_close(r.root);
	if (e == EXIT_GOOD)
		e = imactl_interrupt_signal() ? EXIT_UNABLE : r.n_left ? EXIT_BAD : EXIT_GOOD;
	return e;
}
