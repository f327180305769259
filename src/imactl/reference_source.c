/* SPDX-License-Identifier: BSD-2-Clause */
/* Trees and measurement lists, and what they share with archives. */
#include "imactl/reference_source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <ima/mlist.h>

#include "base/diag.h"
#include "core/attest/verify.h"
#include "imactl/label_file.h"
#include "imactl/reference_archive.h"

int imactl_reference_put(struct imactl_reference_maker *m, struct ima_reference_value *v)
{
	int r;

	if (!v->repository)
		v->repository = m->repository;
	v->expiry = m->expiry;
	pthread_mutex_lock(&m->lock);
	r = ima_reference_add(m->builder, v);
	pthread_mutex_unlock(&m->lock);
	return r;
}

void imactl_reference_leave_out(struct imactl_reference_maker *m, const char *where, const char *path, const char *why)
{
	pthread_mutex_lock(&m->lock);
	m->n_left_out++;
	fprintf(stderr, "imactl: %s: ", where);
	imactl_print_path(stderr, path);
	fprintf(stderr, ": %s\n", why);
	pthread_mutex_unlock(&m->lock);
}

/* trees */

struct tree {
	struct imactl_reference_maker *m;
	size_t strip;     /* bytes of the walk's path that are not part of a name */
	const char *base; /* what comes before the rest; "" */
};

static int put_file(const struct tree *t, const char *path, const struct ima_digest *d, uint64_t size)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer name = { 0 };
	struct ima_reference_value v = { .digest = *d, .size = size, .has_size = true };
	int r = ima_buffer_printf(&name, "%s%s", t->base, path + t->strip);

	v.path = ima_buffer_bytes(&name);
	return r < 0 ? r : imactl_reference_put(t->m, &v);
}

static void hash_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct tree *t = user;
	struct imactl_label_file f;
	struct ima_digest d;
	int r = imactl_label_open_file(file, false, &f);

	if (r == 0) {
		r = imactl_label_hash(&f, h, t->m->algo, NULL, &d);
		res->bytes = (uint64_t)f.st.st_size;
		imactl_label_close(&f);
	}
	if (r == 0)
		r = put_file(t, file->path, &d, res->bytes);
	if (r == -ENOPKG)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, file->path, "the crypto library has no %s", ima_hash_name(t->m->algo));
	else if (r < 0)
		imactl_file_errno(res, file->path, r);
}

/* what the kernel makes up is no file of a system */
static int leave_out_virtual(struct imactl_globs *g)
{
	static const char *const folders[] = { "/proc/**", "/sys/**", "/dev/**", "/run/**" };
	int r = 0;

	for (size_t i = 0; i < IMA_N_ELEMENTS(folders) && r == 0; i++)
		r = imactl_globs_add(g, folders[i], true);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-r)) : EXIT_GOOD;
}

int imactl_reference_tree(struct imactl_reference_maker *m, const char *folder, bool is_root)
{
	ima_cleanup(ima_freep) char *real = realpath(folder, NULL), *path = strdup(folder);
	const bool is_whole = is_root || (real && !strcmp(real, "/"));
	struct imactl_files_counts counts;
	struct tree t = { .m = m, .base = "" };
	size_t len = path ? strlen(path) : 0;
	const size_t n_globs = m->files.globs.n;
	struct stat st;
	int r = EXIT_GOOD;

	if (!real || !path)
		return imactl_fail(EXIT_UNABLE, "%s: %s", folder, strerror(errno));
	if (stat(real, &st) < 0 || !S_ISDIR(st.st_mode))
		return imactl_fail(EXIT_UNABLE, "%s: not a folder", folder);
	while (len && path[len - 1] == '/')
		len--;
	t.strip = len; /* of "/" nothing: what follows begins with the slash */
	if (!is_whole)
		t.base = real;
	else
		r = leave_out_virtual(&m->files.globs);
	m->files.recursive = true;
	m->files.verb = "hashed";
	if (r == EXIT_GOOD)
		r = imactl_files_run(&path, 1, &m->files, hash_one, &t, &counts);
	m->files.globs.n = n_globs;
	return r;
}

/* measurement lists */

static int put_record(struct imactl_reference_maker *m, const char *file, const struct ima_record *rec, const struct ima_template *t,
		      uint64_t number)
{
	struct ima_bytes fields[IMA_TEMPLATE_MAX_FIELDS];
	struct ima_reference_value v = { 0 };
	char where[32];

	snprintf(where, sizeof(where), "entry %llu", (unsigned long long)number);
	if (ima_record_is_violation(rec)) {
		imactl_reference_leave_out(m, file, where, "a violation: what was read then is not known");
		return 0;
	}
	if (ima_entry_fields(t, rec->data, &v.path, &v.digest, fields) < 0 || !v.path.len) {
		imactl_reference_leave_out(m, file, where, "its template names no file and digest");
		return 0;
	}
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i] == IMA_FIELD_SIG)
			v.signature = fields[i];
	return imactl_reference_put(m, &v);
}

static int put_records(struct imactl_reference_maker *m, const char *file, struct ima_list_reader *in, struct ima_diag *diag)
{
	const struct ima_template *t;
	struct ima_record rec;
	uint64_t number = 0;
	int r;

	while ((r = ima_list_reader_next(in, &rec, &t, diag)) > 0) {
		r = put_record(m, file, &rec, t, ++number);
		if (r < 0)
			return ima_diag_text(diag, r, "entry %llu: %s", (unsigned long long)number, strerror(-r));
	}
	return r;
}

int imactl_reference_list(struct imactl_reference_maker *m, const char *file)
{
	ima_cleanup(ima_closep) int fd = open(file, O_RDONLY | O_CLOEXEC);
	const uint64_t before = m->n_left_out;
	struct ima_list_reader *in = NULL;
	struct ima_diag diag = { 0 };
	int r = fd < 0 ? -errno : ima_list_reader_new(fd, NULL, &in);

	if (r == 0)
		r = put_records(m, file, in, &diag);
	ima_list_reader_free(in);
	if (r < 0)
		return imactl_fail_diag(EXIT_UNABLE, file, &diag, r);
	return m->n_left_out == before ? EXIT_GOOD : EXIT_BAD;
}
