/* SPDX-License-Identifier: BSD-2-Clause */
/* Indexes are read whole and kept sorted; a package that two of them list is kept once, with the first one's name. */
#include "imactl/apt_index.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "core/archive/deb.h"
#include "imactl/command.h"
#include "imactl/walk.h"

#define INDEX_MAX (1U << 30) /* bytes, decompressed */

struct stanza {
	struct ima_bytes file, size, sha256;
};

static bool take_size(struct ima_bytes text, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || n > UINT64_MAX / 10 - 1)
			return false;
		n = 10 * n + (uint64_t)(text.data[i] - '0');
	}
	*ret = n;
	return text.len;
}

static int add_package(struct imactl_apt_index *x, const struct stanza *s, const char *repository)
{
	struct imactl_apt_package p = { 0 };
	const uint8_t *file = s->file.data;
	size_t len = s->file.len;

	if (!len || !take_size(s->size, &p.size) || s->sha256.len != 64 ||
	    ima_hex_decode((const char *)s->sha256.data, 64, p.sha256) < 0)
		return -EBADMSG;
	for (; len > 2 && file[0] == '.' && file[1] == '/'; len -= 2)
		file += 2;
	if (x->n == x->cap) {
		const size_t cap = x->cap ? 2 * x->cap : 1024;
		struct imactl_apt_package *more = reallocarray(x->packages, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		x->packages = more;
		x->cap = cap;
	}
	p.file = strndup((const char *)file, len);
	p.repository = strdup(repository);
	x->packages[x->n++] = p; /* also when half of it is missing: freed with the rest */
	return p.file && p.repository ? 0 : -ENOMEM;
}

/* 1 a package, 0 the end of the text */
static int take_stanza(struct ima_bytes *text, struct stanza *ret)
{
	struct ima_bytes name, value;
	bool any = false;
	int r;

	*ret = (struct stanza){ 0 };
	do {
		while ((r = ima_deb_field(text, &name, &value)) > 0) {
			any = true;
			if (ima_deb_field_is(name, "Filename"))
				ret->file = value;
			else if (ima_deb_field_is(name, "Size"))
				ret->size = value;
			else if (ima_deb_field_is(name, "SHA256"))
				ret->sha256 = value;
		}
	} while (r == 0 && !any && text->len);
	return r < 0 ? r : any;
}

static int parse(struct imactl_apt_index *x, struct ima_bytes text, const char *path, const char *repository)
{
	const struct ima_bytes whole = text;
	struct stanza s;
	int r;

	while ((r = take_stanza(&text, &s)) > 0) {
		r = add_package(x, &s, repository);
		if (r < 0)
			break;
	}
	if (r == -EBADMSG)
		return imactl_fail(EXIT_UNABLE, "%s: offset %zu: no stanza of a package with Filename, Size and SHA256", path, whole.len - text.len);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(-r)) : EXIT_GOOD;
}

static int read_index(struct imactl_apt_index *x, const struct imactl_walk_entry *e, const char *repository)
{
	ima_cleanup(ima_closep) int fd = openat(imactl_dir_fd(e->dir), e->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ima_cleanup(ima_buffer_done) struct ima_buffer text = { 0 };
	const struct ima_entry *member;
	struct ima_stream *s = NULL;
	struct ima_diag diag = { 0 };
	int r = fd < 0 ? -errno : ima_stream_open(fd, 0, IMA_STREAM_RAW, &s, &diag);

	if (r == 0)
		r = ima_stream_next(s, &member, &diag);
	if (r > 0)
		r = ima_stream_slurp(s, INDEX_MAX, &text, &diag);
	ima_stream_free(s);
	if (r < 0)
		return imactl_fail_diag(EXIT_UNABLE, e->path, &diag, r);
	return parse(x, ima_buffer_bytes(&text), e->path, repository);
}

/* dists/bookworm/main/binary-amd64/Packages.xz: "bookworm/main". @ret malloc'd */
static char *repository_of(const char *below)
{
	const char *end = strstr(below, "/binary-");

	return strndup(below, end ? (size_t)(end - below) : 0);
}

static bool is_index(const char *name)
{
	static const char *const ends[] = { "", ".gz", ".xz", ".bz2", ".zst", ".lz4", ".lzma" };

	if (strncmp(name, "Packages", 8))
		return false;
	for (size_t i = 0; i < IMA_N_ELEMENTS(ends); i++)
		if (!strcmp(name + 8, ends[i]))
			return true;
	return false;
}

/* @is_flat: only what is in the folder itself */
static int walk(struct imactl_apt_index *x, const char *folder, bool is_flat)
{
	const struct imactl_walk_opts opts = { 0 };
	const size_t skip = strlen(folder) + 1;
	struct imactl_walk *w = NULL;
	struct imactl_walk_entry e;
	int r = imactl_walk_new(folder, &opts, &w), n = 0;

	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", folder, strerror(-r));
	r = EXIT_GOOD;
	while (r == EXIT_GOOD && (n = imactl_walk_next(w, &e)) > 0) {
		ima_cleanup(ima_freep) char *repository = NULL;

		if (e.error || !is_index(e.name) || (is_flat && strchr(e.path + skip, '/')))
			continue;
		repository = repository_of(is_flat ? "" : e.path + skip);
		r = repository ? read_index(x, &e, repository) : imactl_fail(EXIT_UNABLE, "out of memory");
	}
	imactl_walk_free(w);
	return n < 0 && r == EXIT_GOOD ? imactl_fail(EXIT_UNABLE, "%s: %s", folder, strerror(-n)) : r;
}

static int compare(const void *a, const void *b)
{
	const struct imactl_apt_package *pa = a, *pb = b;
	const int c = strcmp(pa->file, pb->file);

	return c ? c : strcmp(pa->repository, pb->repository);
}

int imactl_apt_read(const char *folder, struct imactl_apt_index *ret)
{
	ima_cleanup(ima_freep) char *root = strdup(folder), *dists = NULL;
	struct stat st;
	int r;

	*ret = (struct imactl_apt_index){ 0 };
	for (size_t len = root ? strlen(root) : 0; len > 1 && root[len - 1] == '/'; len--)
		root[len - 1] = 0;
	if (!root || asprintf(&dists, "%s/dists", root) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	r = stat(dists, &st) == 0 && S_ISDIR(st.st_mode) ? walk(ret, dists, false) : walk(ret, root, true);
	if (r == EXIT_GOOD && ret->n)
		qsort(ret->packages, ret->n, sizeof(*ret->packages), compare);
	return r;
}

void imactl_apt_done(struct imactl_apt_index *x)
{
	for (size_t i = 0; i < x->n; i++) {
		free(x->packages[i].file);
		free(x->packages[i].repository);
	}
	free(x->packages);
	*x = (struct imactl_apt_index){ 0 };
}

const struct imactl_apt_package *imactl_apt_find(const struct imactl_apt_index *x, const char *file)
{
	size_t low = 0, high = x->n;

	/* the first of several */
	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (strcmp(x->packages[mid].file, file) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < x->n && !strcmp(x->packages[low].file, file) ? &x->packages[low] : NULL;
}
