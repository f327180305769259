/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pass over the members; for a labelled tar a second one over its blocks. Outputs are whole or not there. One thread reads, unpacks and
 * hashes, the others sign; labels come back in the members' order.
 */
#include "imactl/archive_job.h"

#include <errno.h>
#include <string.h>

#include "core/archive/manifest.h"
#include "core/archive/tar_label.h"
#include "imactl/files.h"
#include "imactl/jobs.h"
#include "imactl/label_spool.h"
#include "imactl/outfile.h"
#include "imactl/progress.h"

#define XATTRS_MAX (4U << 20) /* bytes of attributes that wait with their members */

/* an archive that is being read, and what its files come to */
struct run {
	const struct imactl_archive_opts *from;
	int fd;
	struct ima_archive *a;
	struct ima_hasher *h;
	struct imactl_spool *spool;
	struct ima_diag diag;
	uint64_t n_bad, n_unable;
};

static int say(struct run *r, int error)
{
	return imactl_fail_diag(EXIT_UNABLE, r->from->archive, &r->diag, error);
}

static int open_run(struct run *r, const struct imactl_archive_opts *from)
{
	const struct ima_archive_opts opts = { .image = from->image, .merge_usr = from->merge_usr,
					       .max_bytes = from->max_bytes };
	int e;

	*r = (struct run){ .from = from };
	r->fd = imactl_open_input(from->archive);
	e = r->fd < 0 ? r->fd : ima_hasher_new(&r->h);
	if (e == 0)
		e = imactl_spool_new(r->h, &r->spool);
	if (e == 0)
		e = ima_archive_open(r->fd, &opts, &r->a, &r->diag);
	return e < 0 ? say(r, e) : EXIT_GOOD;
}

static void close_run(struct run *r)
{
	ima_archive_free(r->a);
	imactl_spool_free(r->spool);
	ima_hasher_free(r->h);
	ima_close(r->fd);
}

/* a pattern is of a path below the archive's top */
static bool is_taken(const struct imactl_files_opts *files, const char *path)
{
	return imactl_globs_take_file(&files->globs, path + (path[0] == '/'));
}

static int status_of(const struct run *r)
{
	return r->n_unable ? EXIT_UNABLE : r->n_bad ? EXIT_BAD : EXIT_GOOD;
}

static void cannot(struct run *r, const char *path, const char *why)
{
	fprintf(stderr, "imactl: %s: ", r->from->archive);
	imactl_print_path(stderr, path);
	fprintf(stderr, ": %s\n", why);
	r->n_unable++;
}

static void print_hex(FILE *f, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02x", data[i]);
}

struct label_run {
	struct run run;
	const struct imactl_archive_label *job;
	struct imactl_jobs *jobs;
	struct imactl_outfile manifest, output;
	struct ima_buffer line;
	uint64_t n_listed;
	size_t waiting; /* bytes of attributes */
	int status;     /* of what came back; the first that is not EXIT_GOOD ends it */
	volatile int stop;
	struct imactl_progress progress;
	struct imactl_amount done;
};

/* a member on its way to a signer: its facts, then the attributes that count, then their values; of a hard link the target */
struct item {
	struct imactl_spooled f;
	struct ima_label_file facts;
	char *target; /* in it as well; NULL: a file */
	bool leaves_root;
	int error;
	struct ima_xattr xattrs[];
};

static int print_json(const struct imactl_spooled *f, const char *path)
{
	char digest[2 * IMA_DIGEST_MAX + 1] = "", ima[2 * IMA_SIGNER_MAX_VALUE + 1] = "";

	for (size_t i = 0; i < f->content.len; i++)
		snprintf(digest + 2 * i, 3, "%02x", f->content.data[i]);
	for (size_t i = 0; i < f->label.ima_len; i++)
		snprintf(ima + 2 * i, 3, "%02x", f->label.ima[i]);
	return imactl_print_json(imactl_json_named("path", path, json_pack("{s:s, s:s, s:s}", "algo", ima_hash_name(f->content.algo), "digest", digest, "ima", ima)),
				 EXIT_GOOD, false);
}

static int print_plain(const struct label_run *l, const struct imactl_spooled *f, const char *path)
{
	if (l->job->signer) {
		print_hex(stdout, f->label.ima, f->label.ima_len);
	} else {
		printf("%s:", ima_hash_name(f->content.algo));
		print_hex(stdout, f->content.data, f->content.len);
	}
	putchar(' ');
	imactl_print_path(stdout, path);
	putchar('\n');
	return EXIT_GOOD;
}

static int list_file(struct label_run *l, const char *path, const struct imactl_spooled *f)
{
	const struct ima_manifest_entry e = { .path = path, .content = f->content, .mode = f->mode, .uid = f->uid, .gid = f->gid,
					      .ima = { f->label.ima, f->label.ima_len }, .evm = { f->label.evm, f->label.evm_len } };
	int r;

	if (!l->manifest.f && (l->output.f || l->job->files->quiet))
		return EXIT_GOOD;
	if (!l->manifest.f)
		return l->job->files->json ? print_json(f, path) : print_plain(l, f, path);
	l->line.len = 0;
	r = ima_manifest_add(&e, &l->line);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-r));
	l->n_listed++;
	fwrite(l->line.data, 1, l->line.len, l->manifest.f);
	return EXIT_GOOD;
}

static bool counts(const struct label_run *l, const struct ima_xattr *x)
{
	return l->job->opts.evm && !strncmp(x->name, "security.", 9);
}

/* bytes behind the item: an array of attributes, their names and values, a name */
static size_t size_of_rest(const struct label_run *l, const struct ima_member *m, size_t *ret_n)
{
	size_t n = 0, size = m->type == IMA_MEMBER_HARDLINK ? strlen(m->target) + 1 : 0;

	for (size_t i = 0; i < m->n_xattrs; i++) {
		if (!counts(l, &m->xattrs[i]))
			continue;
		n++;
		size += sizeof(m->xattrs[i]) + strlen(m->xattrs[i].name) + 1 + m->xattrs[i].value.len;
	}
	*ret_n = n;
	return size;
}

static void copy_xattrs(const struct label_run *l, const struct ima_member *m, struct item *it, char *at)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_xattrs; i++) {
		const struct ima_xattr *x = &m->xattrs[i];

		if (!counts(l, x))
			continue;
		it->xattrs[n].name = strcpy(at, x->name);
		at += strlen(x->name) + 1;
		if (x->value.len)
			memcpy(at, x->value.data, x->value.len);
		it->xattrs[n++].value = (struct ima_bytes){ (uint8_t *)at, x->value.len };
		at += x->value.len;
	}
}

static struct item *new_item(struct label_run *l, const struct ima_member *m)
{
	size_t n, rest = size_of_rest(l, m, &n);
	struct item *it = calloc(1, sizeof(*it) + rest);

	if (!it)
		return NULL;
	it->f.position = m->position;
	it->f.mode = m->mode;
	it->f.uid = m->uid;
	it->f.gid = m->gid;
	it->leaves_root = m->leaves_root;
	it->facts = (struct ima_label_file){ .content = &it->f.content, .size = m->size, .mode = m->mode, .uid = m->uid, .gid = m->gid,
					     .xattrs = it->xattrs, .n_xattrs = n };
	if (m->type == IMA_MEMBER_HARDLINK)
		it->target = strcpy((char *)it->xattrs, m->target);
	else
		copy_xattrs(l, m, it, (char *)(it->xattrs + n));
	l->waiting += rest;
	return it;
}

static void make_label(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct label_run *l = user;
	struct item *it = file->item;

	if (!it->target)
		it->error = ima_label_make(l->job->signer, h, &l->job->opts, &it->facts, &it->f.label);
}

static int end_file(struct label_run *l, const char *path, const struct item *it)
{
	int e;

	if (it->error == -ENOPKG)
		return imactl_fail(EXIT_UNABLE, "the key cannot sign over %s", ima_hash_name(l->job->algo));
	if (it->error < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(-it->error));
	e = imactl_spool_add(l->run.spool, path, &it->f);
	if (e < 0)
		return imactl_fail(EXIT_UNABLE, "temporary file: %s", strerror(-e));
	if (it->leaves_root && !l->output.f) {
		cannot(&l->run, path, "a name that leaves the archive: not listed");
		return EXIT_GOOD;
	}
	return list_file(l, path, &it->f);
}

/* the other name of a file has the file's label; a labelled tar needs no second one */
static int end_link(struct label_run *l, const char *path, const struct item *it)
{
	struct imactl_spooled f;
	int r;

	if (l->output.f && !l->manifest.f)
		return EXIT_GOOD;
	r = imactl_spool_find(l->run.spool, it->target, &f);
	if (r == -ENOENT || it->leaves_root) {
		cannot(&l->run, path, it->leaves_root ? "a name that leaves the archive: not listed" :
							"a hard link to a file that the archive does not show, or that is left out");
		return EXIT_GOOD;
	}
	return r < 0 ? imactl_fail(EXIT_UNABLE, "temporary file: %s", strerror(-r)) : list_file(l, path, &f);
}

static void end_member(void *user, const char *path, void *item, struct imactl_file_result *res)
{
	struct label_run *l = user;
	const struct item *it = item;

	if (l->status != EXIT_GOOD)
		return;
	if (it->target || it->error || it->leaves_root || (!l->manifest.f && !l->output.f))
		imactl_progress_hide(&l->progress); /* something may be said */
	l->status = it->target ? end_link(l, path, it) : end_file(l, path, it);
	l->done.files++;
	l->done.bytes += it->facts.size;
	l->stop = l->status != EXIT_GOOD;
}

static void draw(void *user)
{
	struct label_run *l = user;

	imactl_progress_draw(&l->progress, &l->done, NULL);
}

static int take_member(struct label_run *l, const struct ima_member *m)
{
	struct item *it = new_item(l, m);
	int r = it ? 0 : -ENOMEM;

	if (r == 0 && !it->target)
		r = ima_archive_hash(l->run.a, l->run.h, l->job->algo, &it->f.content, &l->run.diag);
	if (r == 0)
		r = imactl_jobs_push_item(l->jobs, m->path, it);
	if (r < 0) {
		free(it);
		return r;
	}
	if (l->waiting > XATTRS_MAX) {
		imactl_jobs_drain(l->jobs);
		l->waiting = 0;
	}
	draw(l);
	return 0;
}

static bool wants(const struct label_run *l, const struct ima_member *m)
{
	return (m->type == IMA_MEMBER_FILE || m->type == IMA_MEMBER_HARDLINK) && is_taken(l->job->files, m->path);
}

static int take_members(struct label_run *l)
{
	const struct imactl_jobs_ops ops = { .work = make_label, .work_user = l, .done = end_member, .idle = draw, .user = l, .stop = &l->stop };
	const struct ima_member *m;
	int n = imactl_jobs_new(l->job->files->threads, &ops, &l->jobs);

	if (n < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-n));
	imactl_progress_begin(&l->progress);
	while (n == 0 && !l->stop && (n = ima_archive_next(l->run.a, &m, &l->run.diag)) > 0)
		n = wants(l, m) ? take_member(l, m) : 0;
	imactl_jobs_drain(l->jobs);
	imactl_jobs_free(l->jobs);
	imactl_progress_hide(&l->progress);
	return l->status != EXIT_GOOD ? l->status : n < 0 ? say(&l->run, n) : EXIT_GOOD;
}

static int open_outputs(struct label_run *l)
{
	const struct imactl_archive_opts *from = l->run.from;
	int r = EXIT_GOOD;

	if (from->output && ima_archive_format(l->run.a) != IMA_ARCHIVE_TAR)
		return imactl_fail(EXIT_USAGE, "%s: only a tar carries labels to where it is unpacked, and this is a %s: write a --manifest",
				   from->archive, ima_archive_format_name(ima_archive_format(l->run.a)));
	if (from->output)
		r = imactl_outfile_open(from->output, &l->output);
	if (r == EXIT_GOOD && from->manifest) {
		r = imactl_outfile_open(from->manifest, &l->manifest);
		if (r == EXIT_GOOD && ima_manifest_begin(&l->line) == 0)
			fwrite(l->line.data, 1, l->line.len, l->manifest.f);
	}
	return r;
}

static int write_outputs(struct label_run *l)
{
	int r = 0;

	if (l->manifest.f) {
		l->line.len = 0;
		r = ima_manifest_end(l->n_listed, &l->line);
		if (r < 0)
			return imactl_fail(EXIT_UNABLE, "%s", strerror(-r));
		fwrite(l->line.data, 1, l->line.len, l->manifest.f);
	}
	if (l->output.f) {
		fflush(l->output.f);
		r = ima_tar_label(l->run.fd, ima_archive_end(l->run.a), fileno(l->output.f), imactl_spool_label, l->run.spool,
				  &l->run.diag);
	}
	return r < 0 ? say(&l->run, r) : EXIT_GOOD;
}

int imactl_archive_label(const struct imactl_archive_label *job)
{
	struct label_run l = { .job = job };
	int r = open_run(&l.run, job->from), e;

	if (r == EXIT_GOOD)
		r = open_outputs(&l);
	if (r == EXIT_GOOD)
		r = take_members(&l);
	if (r == EXIT_GOOD)
		r = write_outputs(&l);
	e = imactl_outfile_done(&l.output, r == EXIT_GOOD);
	if (r == EXIT_GOOD)
		r = e;
	e = imactl_outfile_done(&l.manifest, r == EXIT_GOOD);
	if (r == EXIT_GOOD)
		r = e;
	if (r == EXIT_GOOD)
		r = status_of(&l.run);
	ima_buffer_done(&l.line);
	close_run(&l.run);
	return r;
}

struct check_run {
	struct run run;
	const struct imactl_archive_check *job;
};

static int show_check(struct check_run *c, const char *path, const struct ima_label_answer *v, bool as_stated)
{
	const bool good = v->verdict == IMA_LABEL_GOOD && as_stated;
	const char *why = !as_stated ? "not the digest that the package states" :
			  v->sig != IMA_SIG_UNCHECKED && v->sig != IMA_SIG_GOOD ? ima_sig_verdict_text(v->sig) :
										 v->cause;

	c->run.n_bad += !good;
	if (c->job->files->json)
		return imactl_print_json(imactl_json_named("path", path, json_pack("{s:s, s:s*, s:b}", "status", good ? "pass" : "fail", "cause",
									   good ? NULL : why, "signed", (int)v->is_signed)), EXIT_GOOD, false);
	if (good && c->job->files->quiet)
		return EXIT_GOOD;
	imactl_print_path(stdout, path);
	if (good)
		printf(": pass%s\n", v->is_signed ? " (signature)" : "");
	else
		printf(": fail (%s)\n", why ? why : "unknown");
	return EXIT_GOOD;
}

/* an RPM states digests in its header; one in another algorithm than the label's costs a reading of its own and is left to rpm */
static bool is_as_stated(const struct ima_member *m, const struct ima_digest *d)
{
	return !m->digest || m->digest->algo != d->algo || !memcmp(m->digest->data, d->data, d->len);
}

static int check_file(struct check_run *c, const struct ima_member *m)
{
	struct ima_xattr xattrs[IMA_ARCHIVE_MAX_XATTRS + 1];
	const struct ima_xattr *label = ima_member_xattr(m, "security.ima");
	struct ima_label_file file = { .size = m->size, .mode = m->mode, .uid = m->uid, .gid = m->gid, .xattrs = xattrs };
	struct ima_label_answer v;
	struct ima_digest d;
	int r;

	if (m->n_xattrs)
		memcpy(xattrs, m->xattrs, m->n_xattrs * sizeof(*xattrs));
	file.n_xattrs = m->n_xattrs;
	if (!label && m->signature.len) {
		xattrs[file.n_xattrs] = (struct ima_xattr){ "security.ima", m->signature };
		label = &xattrs[file.n_xattrs++];
	}
	if (label && label->value.len && label->value.data[0] == IMA_XATTR_VERITY) {
		cannot(&c->run, m->path, "signatures of fs-verity digests are not checked in an archive");
		return EXIT_GOOD;
	}
	r = ima_archive_hash(c->run.a, c->run.h, ima_label_content_algo(label ? label->value : (struct ima_bytes){ 0 }), &d,
			     &c->run.diag);
	if (r < 0)
		return say(&c->run, r);
	file.content = &d;
	r = ima_label_check(c->job->keys, c->run.h, &c->job->wish, &file, &v);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-r)) : show_check(c, m->path, &v, is_as_stated(m, &d));
}

int imactl_archive_check(const struct imactl_archive_check *job)
{
	struct check_run c = { .job = job };
	const struct ima_member *m;
	int r = open_run(&c.run, job->from), n;

	while (r == EXIT_GOOD && (n = ima_archive_next(c.run.a, &m, &c.run.diag)) != 0) {
		if (n < 0)
			r = say(&c.run, n);
		else if (m->type == IMA_MEMBER_FILE && is_taken(job->files, m->path))
			r = check_file(&c, m);
	}
	if (r == EXIT_GOOD)
		r = status_of(&c.run);
	close_run(&c.run);
	return r;
}
