/* SPDX-License-Identifier: BSD-2-Clause */
/* From containers to the members of a tree: what kind of thing it is, which stream holds the files, what their names are. */
#include "core/archive/archive.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "core/archive/deb.h"
#include "core/archive/image.h"
#include "core/archive/layout.h"
#include "core/archive/links.h"
#include "core/archive/rpm.h"

#define DAMAGED_STATEMENT "its digest or signature in the package's header is damaged"

struct ima_archive {
	enum ima_archive_format format;
	struct ima_archive_opts opts;
	int fd; /* borrowed */
	struct ima_layer layer; /* where members come from; of what is no image the only one */
	struct ima_layout layout;
	struct ima_image_layers layers;
	size_t n_layers_left;
	struct ima_upper *upper;
	struct ima_rpm *rpm;
	uint8_t *rpm_head;
	bool payload_waits; /* the RPM's is not open yet */
	struct ima_package package; /* without a name: none */
	struct ima_links links;
	uint64_t n_members, n_bytes;
	bool has_content; /* of the current member */
	struct ima_member member;
	struct ima_buffer path, target, signature;
	struct ima_digest digest;
};

const char *ima_archive_format_name(enum ima_archive_format f)
{
	static const char *const names[IMA_ARCHIVE__LAST] = {
		[IMA_ARCHIVE_TAR] = "tar", [IMA_ARCHIVE_CPIO] = "cpio", [IMA_ARCHIVE_DEB] = "deb",
		[IMA_ARCHIVE_RPM] = "rpm", [IMA_ARCHIVE_IMAGE] = "image",
	};

	return (unsigned int)f < IMA_ARCHIVE__LAST ? names[f] : NULL;
}

struct ima_archive *ima_archive_free(struct ima_archive *a)
{
	if (!a)
		return NULL;
	ima_layer_done(&a->layer);
	ima_image_layers_done(&a->layers);
	ima_upper_free(a->upper);
	ima_rpm_free(a->rpm);
	free(a->rpm_head);
	ima_links_done(&a->links);
	ima_buffer_done(&a->path);
	ima_buffer_done(&a->target);
	ima_buffer_done(&a->signature);
	free(a);
	return NULL;
}

enum ima_archive_format ima_archive_format(const struct ima_archive *a)
{
	return a->format;
}

static bool is_merged(const char *component, size_t len)
{
	static const char *const names[] = { "bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++)
		if (strlen(names[i]) == len && !memcmp(names[i], component, len))
			return true;
	return false;
}

int ima_archive_path(const char *name, bool merge_usr, struct ima_buffer *ret, bool *ret_leaves_root)
{
	bool leaves = false;
	int r = 0;

	ret->len = 0;
	ret->limit = IMA_ARCHIVE_MAX_PATH;
	for (const char *at = name; r == 0 && *at;) {
		const size_t len = strcspn(at, "/");
		const bool is_last = !at[len + strspn(at + len, "/")];

		if (len && !(len == 1 && at[0] == '.')) {
			if (merge_usr && !ret->len && !is_last && is_merged(at, len))
				r = ima_buffer_append_str(ret, "/usr");
			if (r == 0)
				r = ima_buffer_append(ret, "/", 1);
			if (r == 0)
				r = ima_buffer_append(ret, at, len);
			leaves |= len == 2 && !memcmp(at, "..", 2);
		}
		at += len + strspn(at + len, "/");
	}
	if (r == 0 && !ret->len)
		r = ima_buffer_append(ret, "/", 1);
	if (r == 0)
		*ret_leaves_root = leaves;
	return r;
}

static int open_deb(struct ima_archive *a, struct ima_diag *diag)
{
	const struct ima_entry *e;
	int r = ima_stream_open(a->fd, 0, IMA_STREAM_AR, &a->layer.outer, diag);

	if (r < 0)
		return r;
	while (r == 0 && (r = ima_stream_next(a->layer.outer, &e, diag)) > 0) {
		if (!strncmp(e->name, "data.tar", 8))
			return ima_stream_open_member(a->layer.outer, IMA_STREAM_TAR, &a->layer.stream, diag);
		r = strncmp(e->name, "control.tar", 11) ? 0 : ima_deb_control(a->layer.outer, &a->package, diag);
	}
	return r < 0 ? r : ima_diag_text(diag, -EBADMSG, "no Debian package: it has no data.tar");
}

/* both headers, however long they say they are */
static int read_rpm_head(struct ima_archive *a, struct ima_diag *diag)
{
	uint64_t need = 64U << 10;
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(a->fd, &st) < 0)
		return -errno;
	do {
		if (need > (uint64_t)st.st_size)
			need = (uint64_t)st.st_size;
		free(a->rpm_head);
		a->rpm_head = malloc(need ? need : 1);
		if (!a->rpm_head)
			return -ENOMEM;
		n = pread(a->fd, a->rpm_head, need, 0);
		if (n < 0)
			return ima_diag_text(diag, -errno, "%s", strerror(errno));
		r = ima_rpm_parse((struct ima_bytes){ a->rpm_head, (size_t)n }, &a->rpm, &need, diag);
	} while (r == -EAGAIN && (uint64_t)n < need && need <= (uint64_t)st.st_size);
	return r == -EAGAIN ? ima_diag_at(diag, -EBADMSG, (uint64_t)n, "the package is cut off in its header") : r;
}

static int take_identity(struct ima_archive *a, struct ima_diag *diag)
{
	const char *name = ima_rpm_name(a->rpm);
	struct ima_package *p = &a->package;
	char version[sizeof(p->version)];
	int r = ima_deb_word((struct ima_bytes){ (const uint8_t *)name, strlen(name) }, p->name, sizeof(p->name));

	if (r == 0)
		r = ima_rpm_version(a->rpm, version, sizeof(version));
	if (r == 0)
		r = ima_deb_word((struct ima_bytes){ (const uint8_t *)version, strlen(version) }, p->version, sizeof(p->version));
	return r < 0 ? ima_diag_text(diag, r, "the header has no name or version that a package could have") : 0;
}

static int open_rpm(struct ima_archive *a, struct ima_diag *diag)
{
	int r = read_rpm_head(a, diag);

	if (r == 0)
		r = take_identity(a, diag);

	/* a package without files has no payload that a reader would know */
	a->payload_waits = r == 0 && ima_rpm_n_files(a->rpm);
	return r;
}

/* who asks only what the header states never reads it */
static int open_payload(struct ima_archive *a, struct ima_diag *diag)
{
	if (!a->payload_waits)
		return 0;
	a->payload_waits = false;
	return ima_stream_open(a->fd, ima_rpm_payload(a->rpm), IMA_STREAM_CPIO, &a->layer.stream, diag);
}

static int open_image(struct ima_archive *a, struct ima_diag *diag)
{
	int r = ima_image_layers(ima_layout_fetch, &a->layout, a->opts.image, &a->layers, diag);

	if (r == 0)
		r = ima_upper_new(&a->upper);
	a->n_layers_left = a->layers.n;
	return r;
}

/* a tar is an image when it begins like one and its index is there */
static int open_plain(struct ima_archive *a, struct ima_diag *diag)
{
	const struct ima_entry *e;
	int r = ima_stream_open(a->fd, 0, IMA_STREAM_TAR | IMA_STREAM_CPIO, &a->layer.stream, diag);

	if (r == 0)
		r = ima_stream_next(a->layer.stream, &e, diag);
	if (r < 0)
		return r;
	a->format = r && ima_stream_is_cpio(a->layer.stream) ? IMA_ARCHIVE_CPIO : IMA_ARCHIVE_TAR;
	if (r && a->format == IMA_ARCHIVE_TAR && ima_layout_may_be(e->name)) {
		r = open_image(a, diag);
		if (r == 0)
			a->format = IMA_ARCHIVE_IMAGE;
		if (r != -ENOENT)
			a->layer.stream = ima_stream_free(a->layer.stream);
		if (r != -ENOENT)
			return r;
	}
	ima_stream_free(a->layer.stream);
	a->layer.stream = NULL;
	return ima_stream_open(a->fd, 0, IMA_STREAM_TAR | IMA_STREAM_CPIO, &a->layer.stream, diag);
}

static int open_by_kind(struct ima_archive *a, struct ima_diag *diag)
{
	uint8_t magic[8] = { 0 };
	struct stat st;
	int r;

	if (fstat(a->fd, &st) < 0)
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	a->layout = (struct ima_layout){ .fd = a->fd, .is_folder = S_ISDIR(st.st_mode) };
	if (a->layout.is_folder) {
		a->format = IMA_ARCHIVE_IMAGE;
		r = open_image(a, diag);
		return r == -ENOENT ? ima_diag_text(diag, -EBADMSG, "no image layout: neither index.json nor manifest.json is there") : r;
	}
	if (!S_ISREG(st.st_mode))
		return ima_diag_text(diag, -EINVAL, "neither a regular file nor a folder");
	if (pread(a->fd, magic, sizeof(magic), 0) < 0)
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	if (!memcmp(magic, "!<arch>\n", 8)) {
		a->format = IMA_ARCHIVE_DEB;
		return open_deb(a, diag);
	}
	if (!memcmp(magic, "\xed\xab\xee\xdb", 4)) {
		a->format = IMA_ARCHIVE_RPM;
		return open_rpm(a, diag);
	}
	return open_plain(a, diag);
}

int ima_archive_open(int fd, const struct ima_archive_opts *opts, struct ima_archive **ret, struct ima_diag *diag)
{
	struct ima_archive *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	a->fd = fd;
	a->layer.fd = -EBADF;
	if (opts)
		a->opts = *opts;
	if (!a->opts.max_members)
		a->opts.max_members = IMA_ARCHIVE_MAX_MEMBERS;
	if (!a->opts.max_bytes)
		a->opts.max_bytes = IMA_ARCHIVE_MAX_BYTES;
	r = open_by_kind(a, diag);
	if (r < 0) {
		ima_archive_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

/* 1 a member of the layer at hand, or of the next one below it */
static int next_entry(struct ima_archive *a, const struct ima_entry **ret, struct ima_diag *diag)
{
	int r = open_payload(a, diag);

	if (r == 0 && a->layer.stream)
		r = ima_stream_next(a->layer.stream, ret, diag);
	while (r == 0 && a->upper) {
		if (a->layer.stream)
			r = ima_upper_layer_done(a->upper);
		ima_layer_done(&a->layer);
		if (r < 0 || !a->n_layers_left)
			return r;
		r = ima_layout_open_layer(&a->layout, a->layers.names[--a->n_layers_left], &a->layer, diag);
		if (r == 0)
			r = ima_stream_next(a->layer.stream, ret, diag);
	}
	return r;
}

static int count(struct ima_archive *a, const struct ima_entry *e, struct ima_diag *diag)
{
	const struct ima_bytes name = { (const uint8_t *)e->name, strlen(e->name) };

	if (++a->n_members > a->opts.max_members)
		return ima_diag_set(diag, -EFBIG, 0, 0, name, "more than %llu members", (unsigned long long)a->opts.max_members);
	if (e->size > a->opts.max_bytes - a->n_bytes)
		return ima_diag_set(diag, -EFBIG, 0, 0, name, "more than %llu bytes of content",
				    (unsigned long long)a->opts.max_bytes);
	a->n_bytes += e->size;
	return 0;
}

static enum ima_member_type type_of(const struct ima_entry *e)
{
	if (e->hardlink && !e->size)
		return IMA_MEMBER_HARDLINK;
	switch (e->mode & S_IFMT) {
	case S_IFREG: return IMA_MEMBER_FILE;
	case S_IFDIR: return IMA_MEMBER_DIRECTORY;
	case S_IFLNK: return IMA_MEMBER_SYMLINK;
	default: return IMA_MEMBER_OTHER;
	}
}

static int take_stated_file(struct ima_archive *a, const struct ima_rpm_file f)
{
	struct ima_member *m = &a->member;
	int r;

	if (f.digest.len && ima_rpm_digest_algo(a->rpm, &a->digest.algo) == 0) {
		a->digest.len = ima_hash_len(a->digest.algo);
		if (f.digest.len != 2 * a->digest.len || ima_hex_decode((const char *)f.digest.data, f.digest.len, a->digest.data) < 0)
			return -EBADMSG;
		m->digest = &a->digest;
	}
	if (!f.signature.len)
		return 0;
	a->signature.len = 0;
	r = ima_buffer_reserve(&a->signature, f.signature.len / 2);
	if (r == 0 && f.signature.len > 2 * IMA_ARCHIVE_MAX_XATTR)
		r = -EBADMSG;
	if (r == 0)
		r = ima_hex_decode((const char *)f.signature.data, f.signature.len, a->signature.data);
	m->signature = (struct ima_bytes){ a->signature.data, f.signature.len / 2 };
	return r < 0 && r != -ENOMEM ? -EBADMSG : r;
}

static int take_stated(struct ima_archive *a, const char *stored_path)
{
	const size_t i = a->rpm ? ima_rpm_find(a->rpm, stored_path) : 0;

	return !a->rpm || i == ima_rpm_n_files(a->rpm) ? 0 : take_stated_file(a, ima_rpm_file(a->rpm, i));
}

static int fail(const struct ima_entry *e, int error, const char *text, struct ima_diag *diag)
{
	return ima_diag_set(diag, error, 0, 0, (struct ima_bytes){ (const uint8_t *)e->name, strlen(e->name) }, "%s", text);
}

/* the package's own name of it, before names are merged */
static int take_package(struct ima_archive *a, const struct ima_entry *e, struct ima_diag *diag)
{
	bool ignored;
	int r = a->rpm ? ima_archive_path(e->name, false, &a->path, &ignored) : 0;

	if (r == 0 && a->rpm)
		r = take_stated(a, (const char *)a->path.data);
	return r < 0 ? fail(e, r, DAMAGED_STATEMENT, diag) : 0;
}

static int take_names(struct ima_archive *a, const struct ima_entry *e, struct ima_diag *diag)
{
	struct ima_member *m = &a->member;
	bool ignored;
	int r = ima_archive_path(e->name, a->opts.merge_usr, &a->path, &m->leaves_root);

	if (r == 0 && m->type == IMA_MEMBER_HARDLINK)
		r = ima_archive_path(e->hardlink, a->opts.merge_usr, &a->target, &ignored);
	if (r < 0)
		return r == -EFBIG ? fail(e, r, "a name of more than 4095 bytes", diag) : r;
	m->path = (const char *)a->path.data;
	m->target = m->type == IMA_MEMBER_HARDLINK ? (const char *)a->target.data :
		    m->type == IMA_MEMBER_SYMLINK  ? e->symlink :
						     NULL;
	return 0;
}

/* 1 a member, 0 nothing yet: its content is to come under another name */
static int take_links(struct ima_archive *a, const struct ima_entry *e, struct ima_diag *diag)
{
	const char *target = NULL;
	int r;

	if (!ima_stream_is_cpio(a->layer.stream) || e->nlink < 2 || !S_ISREG(e->mode))
		return 1;
	a->member.type = IMA_MEMBER_FILE;
	r = ima_links_see(&a->links, e, a->member.path, &target);
	if (r == -EFBIG)
		return fail(e, r, "too many names of files whose content has not come", diag);
	if (r == 2) {
		a->member.type = IMA_MEMBER_HARDLINK;
		a->member.target = target;
		a->has_content = false;
	}
	return r < 0 ? r : r != 0;
}

static int take_entry(struct ima_archive *a, const struct ima_entry *e, struct ima_diag *diag)
{
	int r;

	a->member = (struct ima_member){ .type = type_of(e), .mode = e->mode, .uid = e->uid, .gid = e->gid,
					 .size = e->size, .xattrs = e->xattrs, .n_xattrs = e->n_xattrs,
					 .position = e->position };
	a->has_content = a->member.type == IMA_MEMBER_FILE;
	r = take_package(a, e, diag);
	if (r == 0)
		r = take_names(a, e, diag);
	if (r < 0)
		return r;
	if (a->upper) {
		r = ima_upper_see(a->upper, a->member.path, a->member.type == IMA_MEMBER_DIRECTORY);
		if (r <= 0)
			return r;
	}
	return take_links(a, e, diag);
}

static void take_waiting(struct ima_archive *a, const struct ima_link *l, const char *target)
{
	a->has_content = false;
	a->member = (struct ima_member){ .path = l->path, .type = target ? IMA_MEMBER_HARDLINK : IMA_MEMBER_FILE,
					 .mode = l->mode, .uid = l->uid, .gid = l->gid, .target = target };
}

static bool take_rest(struct ima_archive *a)
{
	const struct ima_link *l = ima_links_rest(&a->links);

	if (l)
		take_waiting(a, l, NULL);
	return l;
}

int ima_archive_next(struct ima_archive *a, const struct ima_member **ret, struct ima_diag *diag)
{
	const struct ima_entry *e;
	const char *target = NULL;
	const struct ima_link *l = ima_links_next(&a->links, &target);
	int r = 0;

	*ret = &a->member;
	if (l) {
		take_waiting(a, l, target);
		return 1;
	}
	while (r == 0) {
		r = next_entry(a, &e, diag);
		if (r == 0)
			return take_rest(a);
		if (r > 0)
			r = count(a, e, diag);
		if (r == 0)
			r = take_entry(a, e, diag);
	}
	return r;
}

uint64_t ima_archive_end(const struct ima_archive *a)
{
	return a->layer.stream ? ima_stream_position(a->layer.stream) : 0;
}

int ima_archive_read(struct ima_archive *a, struct ima_bytes *ret, struct ima_diag *diag)
{
	return a->has_content ? ima_stream_read(a->layer.stream, ret, diag) : 0;
}

const struct ima_package *ima_archive_package(const struct ima_archive *a)
{
	return a->package.name[0] ? &a->package : NULL;
}

static bool is_brought(const struct ima_rpm_file *f)
{
	return S_ISREG(f->mode) && !(f->flags & IMA_RPM_GHOST);
}

bool ima_archive_states(const struct ima_archive *a, enum ima_hash_algo algo)
{
	enum ima_hash_algo stated;

	if (!a->rpm || ima_rpm_digest_algo(a->rpm, &stated) < 0 || stated != algo)
		return false;
	for (size_t i = 0; i < ima_rpm_n_files(a->rpm); i++) {
		const struct ima_rpm_file f = ima_rpm_file(a->rpm, i);

		if (!f.mode || (is_brought(&f) && !f.digest.len))
			return false;
	}
	return true;
}

static int take_stated_member(struct ima_archive *a, const struct ima_rpm_file *f, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *name = NULL;
	struct ima_entry e = { .mode = f->mode };
	int r;

	if (asprintf(&name, "%s%s", f->dir, f->base) < 0)
		return -ENOMEM;
	e.name = name;
	a->member = (struct ima_member){ .type = IMA_MEMBER_FILE, .mode = f->mode, .size = f->size };
	r = take_stated_file(a, *f);
	return r < 0 ? fail(&e, r, DAMAGED_STATEMENT, diag) : take_names(a, &e, diag);
}

int ima_archive_next_stated(struct ima_archive *a, size_t *at, const struct ima_member **ret, struct ima_diag *diag)
{
	const size_t n = a->rpm ? ima_rpm_n_files(a->rpm) : 0;
	int r = 0;

	*ret = &a->member;
	while (r == 0 && *at < n) {
		const struct ima_rpm_file f = ima_rpm_file(a->rpm, (*at)++);

		if (is_brought(&f))
			r = take_stated_member(a, &f, diag);
		if (r == 0 && is_brought(&f))
			return 1;
	}
	return r;
}

int ima_archive_hash(struct ima_archive *a, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret,
		     struct ima_diag *diag)
{
	struct ima_bytes piece;
	int r = ima_hash_begin(h, algo);

	while (r == 0 && (r = ima_archive_read(a, &piece, diag)) > 0)
		r = ima_hash_add(h, algo, piece);
	return r < 0 ? r : ima_hash_end(h, algo, ret);
}

const struct ima_xattr *ima_member_xattr(const struct ima_member *m, const char *name)
{
	for (size_t i = 0; i < m->n_xattrs; i++)
		if (!strcmp(m->xattrs[i].name, name))
			return &m->xattrs[i];
	return NULL;
}
