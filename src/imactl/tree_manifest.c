/* SPDX-License-Identifier: BSD-2-Clause */
/* The labels that the files of a tree would get, as a manifest: for a build root that cannot carry them, or must not be touched. */
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "core/archive/manifest.h"
#include "imactl/archive_job.h"
#include "imactl/label_file.h"
#include "imactl/outfile.h"

#define MAX_NAMES 4096 /* bytes of attribute names */
#define MAX_XATTRS 32

struct tree {
	const struct imactl_archive_label *job;
	size_t root_len;
};

struct attributes {
	char names[MAX_NAMES];
	struct ima_xattr items[MAX_XATTRS];
	size_t n;
};

static void attributes_done(struct attributes *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(ima_unconst(x->items[i].value.data));
}

/* those that security.evm may cover; a file system without attributes has none */
static int read_attributes(int fd, struct attributes *x)
{
	const ssize_t len = flistxattr(fd, x->names, sizeof(x->names));

	x->n = 0;
	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *name = x->names; name < x->names + len; name += strlen(name) + 1) {
		uint8_t *value;
		ssize_t n;

		if (strncmp(name, "security.", 9))
			continue;
		if (x->n == MAX_XATTRS)
			return -E2BIG;
		n = fgetxattr(fd, name, NULL, 0);
		value = n < 0 ? NULL : malloc((size_t)n + 1);
		if (n < 0 || !value)
			return n < 0 ? -errno : -ENOMEM;
		x->items[x->n++] = (struct ima_xattr){ name, { value, (size_t)n } };
		if (fgetxattr(fd, name, value, (size_t)n) != n)
			return -EBUSY;
	}
	return 0;
}

static int make_entry(const struct tree *t, struct ima_hasher *h, struct imactl_label_file *f, const char *path,
		      struct ima_buffer *out)
{
	struct ima_manifest_entry e = { .path = path, .mode = f->st.st_mode, .uid = f->st.st_uid, .gid = f->st.st_gid };
	const struct ima_evm_file facts = imactl_label_evm_file(f);
	struct ima_label_file file = { .content = &e.content, .mode = e.mode, .uid = e.uid, .gid = e.gid, .ino = facts.ino,
				       .generation = facts.generation };
	struct attributes x = { .n = 0 };
	struct ima_label label;
	int r = imactl_label_hash(f, h, t->job->algo, NULL, &e.content);

	file.size = (uint64_t)f->st.st_size;
	memcpy(file.fsuuid, facts.fsuuid, sizeof(file.fsuuid));
	if (r == 0)
		r = read_attributes(f->fd, &x);
	file.xattrs = x.items;
	file.n_xattrs = x.n;
	if (r == 0)
		r = ima_label_make(t->job->signer, h, &t->job->opts, &file, &label);
	attributes_done(&x);
	if (r < 0)
		return r;
	e.ima = (struct ima_bytes){ label.ima, label.ima_len };
	e.evm = (struct ima_bytes){ label.evm, label.evm_len };
	return ima_manifest_add(&e, out);
}

static void list_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct tree *t = user;
	struct imactl_label_file f;
	int r = imactl_label_open_file(file, false, &f);

	if (r == 0) {
		r = make_entry(t, h, &f, file->path + t->root_len, &res->out);
		res->bytes = (uint64_t)f.st.st_size;
		imactl_label_close(&f);
	}
	if (r == -ENOPKG)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, file->path, "the key cannot sign over %s", ima_hash_name(t->job->algo));
	else if (r < 0)
		imactl_file_errno(res, file->path, r);
}

static int write_text(struct imactl_outfile *out, int error, struct ima_buffer *text)
{
	if (error == 0)
		fwrite(text->data, 1, text->len, out->f);
	ima_buffer_done(text);
	return error < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-error)) : EXIT_GOOD;
}

int imactl_tree_manifest(const struct imactl_archive_label *job, char *root)
{
	struct imactl_files_opts opts = *job->files;
	struct tree t = { .job = job };
	struct imactl_files_counts counts = { 0 };
	struct imactl_outfile out = { 0 };
	struct ima_buffer text = { 0 };
	int r = imactl_outfile_open(job->from->manifest, &out), e;

	if (r)
		return r;
	for (t.root_len = strlen(root); t.root_len && root[t.root_len - 1] == '/'; t.root_len--)
		;
	if (t.root_len)
		root[t.root_len] = 0;
	opts.recursive = true;
	opts.out = out.f;
	r = write_text(&out, ima_manifest_begin(&text), &text);
	if (r == EXIT_GOOD)
		r = imactl_files_run(&root, 1, &opts, list_one, &t, &counts);
	if (r == EXIT_GOOD)
		r = write_text(&out, ima_manifest_end(counts.done, &text), &text);
	if (r == EXIT_BAD)
		ima_ignore(imactl_fail(r, "%s: not written: it would lack what failed", job->from->manifest));
	e = imactl_outfile_done(&out, r == EXIT_GOOD);
	return r == EXIT_GOOD ? e : r;
}
