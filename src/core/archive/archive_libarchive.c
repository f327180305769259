/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libarchive behind struct ima_stream. Only formats and compressions that the library carries itself are turned on: none that runs a
 * program. Members are read, never extracted.
 */
#include "core/archive/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/cleanup.h"
#include "base/diag.h"

#define BLOCK_LEN (64U << 10)
#define MAX_FILTERS 2 /* a compression, and the reader of bytes below it */
#define TAR_END 512   /* bytes at least that close a tar */

struct ima_stream {
	struct archive *a;
	struct archive_entry *entry; /* borrowed from a */
	int fd;                      /* borrowed; -1: outer */
	struct ima_stream *outer;    /* borrowed */
	uint64_t at, end;            /* bytes of fd that are left to read */
	uint64_t read;               /* bytes of the current member that were handed out */
	uint8_t *block;
	struct ima_bytes piece; /* what the library gave and is not handed out yet */
	uint64_t piece_at;
	struct ima_entry facts;
	char last[64]; /* begin of the name, for messages: the library drops the name before it finds what is wrong behind it */
	struct ima_xattr xattrs[IMA_ARCHIVE_MAX_XATTRS];
};

static struct ima_bytes name_of(const char *s)
{
	return (struct ima_bytes){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

/* the library's words, and the member that they are about */
static int explain(struct ima_stream *s, struct ima_diag *diag)
{
	const char *text = archive_error_string(s->a);
	const int no = archive_errno(s->a);
	int r = -EBADMSG;

	if (no == ENOMEM || no == EIO || no == ENXIO)
		r = -no;
	return ima_diag_set(diag, r, 0, 0, name_of(s->last), "%s", text ? text : "damaged");
}

static la_ssize_t read_fd(struct archive *a, struct ima_stream *s)
{
	ssize_t n;

	do
		n = pread(s->fd, s->block, s->end - s->at < BLOCK_LEN ? (size_t)(s->end - s->at) : BLOCK_LEN,
			  (off_t)s->at);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		archive_set_error(a, EIO, "%s", strerror(errno));
		return ARCHIVE_FATAL;
	}
	s->at += (uint64_t)n;
	return n;
}

static la_ssize_t on_read(struct archive *a, void *user, const void **ret)
{
	struct ima_stream *s = user;
	struct ima_diag diag = { 0 };
	struct ima_bytes piece;
	int r;

	*ret = s->block;
	if (!s->outer)
		return read_fd(a, s);
	r = ima_stream_read(s->outer, &piece, &diag);
	if (r < 0) {
		archive_set_error(a, -r, "%s", diag.text);
		return ARCHIVE_FATAL;
	}
	*ret = piece.data;
	return r ? (la_ssize_t)piece.len : 0;
}

static la_int64_t on_skip(struct archive *a, void *user, la_int64_t want)
{
	struct ima_stream *s = user;

	if (s->outer || want < 0)
		return 0;
	if ((uint64_t)want > s->end - s->at)
		want = (la_int64_t)(s->end - s->at);
	s->at += (uint64_t)want;
	return want;
}

/* without those that would run a program */
static void support(struct archive *a, unsigned int kinds)
{
	static int (*const filters[])(struct archive *) = {
		archive_read_support_filter_none,  archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
		archive_read_support_filter_xz,    archive_read_support_filter_lzma, archive_read_support_filter_lzip,
		archive_read_support_filter_zstd,  archive_read_support_filter_lz4,  archive_read_support_filter_compress,
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(filters); i++)
		ima_ignore(filters[i](a));
	if (kinds & IMA_STREAM_TAR) {
		archive_read_support_format_tar(a);
		archive_read_support_format_gnutar(a);
	}
	if (kinds & IMA_STREAM_CPIO)
		archive_read_support_format_cpio(a);
	if (kinds & IMA_STREAM_AR)
		archive_read_support_format_ar(a);
	if (kinds & IMA_STREAM_RAW) {
		archive_read_support_format_raw(a);
		archive_read_support_format_empty(a);
	}
}

static int check_open(struct ima_stream *s, struct ima_diag *diag)
{
	const int r = archive_read_open2(s->a, s, NULL, on_read, on_skip, NULL);

	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return explain(s, diag);
	if (archive_filter_count(s->a) > MAX_FILTERS)
		return ima_diag_text(diag, -ENOTSUP, "compressed more than once");
	for (int i = 0; i < archive_filter_count(s->a); i++)
		if (archive_filter_code(s->a, i) == ARCHIVE_FILTER_PROGRAM)
			return ima_diag_text(diag, -ENOTSUP, "compressed by %s, which this system's libarchive does not read itself",
					     archive_filter_name(s->a, i));
	return 0;
}

static int open_stream(struct ima_stream *s, unsigned int kinds, struct ima_stream **ret, struct ima_diag *diag)
{
	int r;

	s->a = archive_read_new();
	s->block = malloc(BLOCK_LEN);
	if (!s->a || !s->block) {
		ima_stream_free(s);
		return -ENOMEM;
	}
	support(s->a, kinds);
	r = check_open(s, diag);
	if (r < 0) {
		ima_stream_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int ima_stream_open(int fd, uint64_t offset, unsigned int kinds, struct ima_stream **ret, struct ima_diag *diag)
{
	struct ima_stream *s;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ima_diag_text(diag, -EINVAL, "not a regular file");
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->end = (uint64_t)st.st_size;
	s->at = offset < s->end ? offset : s->end;
	return open_stream(s, kinds, ret, diag);
}

int ima_stream_open_member(struct ima_stream *outer, unsigned int kinds, struct ima_stream **ret,
			   struct ima_diag *diag)
{
	struct ima_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->outer = outer;
	return open_stream(s, kinds, ret, diag);
}

struct ima_stream *ima_stream_free(struct ima_stream *s)
{
	if (s) {
		if (s->a)
			archive_read_free(s->a);
		free(s->block);
		free(s);
	}
	return NULL;
}

static int take_xattrs(struct ima_stream *s, struct ima_diag *diag)
{
	struct ima_entry *f = &s->facts;
	const char *name;
	const void *value;
	size_t len;

	f->n_xattrs = 0;
	f->xattrs = s->xattrs;
	archive_entry_xattr_reset(s->entry);
	while (archive_entry_xattr_next(s->entry, &name, &value, &len) == ARCHIVE_OK) {
		if (f->n_xattrs == IMA_ARCHIVE_MAX_XATTRS || len > IMA_ARCHIVE_MAX_XATTR)
			return ima_diag_set(diag, -EFBIG, 0, 0, name_of(f->name),
					    "more than %d attributes, or one of more than %u bytes", IMA_ARCHIVE_MAX_XATTRS,
					    IMA_ARCHIVE_MAX_XATTR);
		s->xattrs[f->n_xattrs++] = (struct ima_xattr){ name, { value, len } };
	}
	return 0;
}

/* a name that is not in the locale's characters comes as the bytes that it is */
static const char *text_of(const char *plain, const char *utf8)
{
	return plain ? plain : utf8;
}

static int take_entry(struct ima_stream *s, struct ima_diag *diag)
{
	struct archive_entry *e = s->entry;
	struct ima_entry *f = &s->facts;

	*f = (struct ima_entry){
		.name = text_of(archive_entry_pathname(e), archive_entry_pathname_utf8(e)),
		.symlink = text_of(archive_entry_symlink(e), archive_entry_symlink_utf8(e)),
		.hardlink = text_of(archive_entry_hardlink(e), archive_entry_hardlink_utf8(e)),
		.mode = archive_entry_mode(e), .nlink = archive_entry_nlink(e),
		.dev = (uint64_t)archive_entry_dev(e), .ino = (uint64_t)archive_entry_ino64(e),
		.position = (uint64_t)archive_read_header_position(s->a),
	};
	if (!f->name)
		return ima_diag_text(diag, -EBADMSG, "a member without a name");
	snprintf(s->last, sizeof(s->last), "%s", f->name);
	if (archive_entry_uid(e) < 0 || archive_entry_uid(e) > UINT32_MAX || archive_entry_gid(e) < 0 ||
	    archive_entry_gid(e) > UINT32_MAX || archive_entry_size(e) < 0)
		return ima_diag_set(diag, -EBADMSG, 0, 0, name_of(f->name), "an owner or a size that cannot be");
	f->uid = (uint32_t)archive_entry_uid(e);
	f->gid = (uint32_t)archive_entry_gid(e);
	f->size = (uint64_t)archive_entry_size(e);
	s->read = 0;
	s->piece = (struct ima_bytes){ 0 };
	return take_xattrs(s, diag);
}

/* a tar that just ends is cut off: the library takes that for its end */
static int check_end(struct ima_stream *s, int64_t before, struct ima_diag *diag)
{
	if ((archive_format(s->a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
	    archive_filter_bytes(s->a, 0) - before < TAR_END)
		return ima_diag_set(diag, -EBADMSG, 0, 0, name_of(s->last), "cut off after this member: the end mark is missing");
	return 0;
}

int ima_stream_next(struct ima_stream *s, const struct ima_entry **ret, struct ima_diag *diag)
{
	int64_t before;
	int r;

	if (s->entry && archive_read_data_skip(s->a) < ARCHIVE_WARN)
		return explain(s, diag);
	before = archive_filter_bytes(s->a, 0);
	r = archive_read_next_header(s->a, &s->entry);
	if (r == ARCHIVE_EOF) {
		s->entry = NULL;
		return check_end(s, before, diag);
	}
	/* a warning: characters that the locale has not; the bytes are there */
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return explain(s, diag);
	r = take_entry(s, diag);
	if (r < 0)
		return r;
	*ret = &s->facts;
	return 1;
}

/* 1 zeros before the next stored piece or the end, 0 none are due */
static int fill_hole(struct ima_stream *s, uint64_t until, struct ima_bytes *ret)
{
	static const uint8_t zeros[BLOCK_LEN];
	const uint64_t left = until > s->read ? until - s->read : 0;

	if (!left)
		return 0;
	*ret = (struct ima_bytes){ zeros, left < sizeof(zeros) ? (size_t)left : sizeof(zeros) };
	s->read += ret->len;
	return 1;
}

int ima_stream_read(struct ima_stream *s, struct ima_bytes *ret, struct ima_diag *diag)
{
	const void *data = NULL;
	la_int64_t offset = 0;
	size_t len = 0;
	int r = ARCHIVE_OK;

	while (!s->piece.len && r == ARCHIVE_OK) {
		r = archive_read_data_block(s->a, &data, &len, &offset);
		if (r < ARCHIVE_WARN)
			return explain(s, diag);
		if (r == ARCHIVE_EOF || !len)
			continue;
		s->piece = (struct ima_bytes){ data, len };
		s->piece_at = (uint64_t)offset;
	}
	if (!s->piece.len)
		return fill_hole(s, archive_entry_size_is_set(s->entry) ? s->facts.size : 0, ret);
	if (fill_hole(s, s->piece_at, ret))
		return 1;
	*ret = s->piece;
	s->read += s->piece.len;
	s->piece.len = 0;
	return 1;
}

int ima_stream_slurp(struct ima_stream *s, size_t max, struct ima_buffer *ret, struct ima_diag *diag)
{
	struct ima_bytes piece;
	int r;

	ret->limit = max;
	while ((r = ima_stream_read(s, &piece, diag)) > 0) {
		r = ima_buffer_append(ret, piece.data, piece.len);
		if (r < 0)
			return ima_diag_set(diag, r, 0, 0, name_of(s->facts.name), "more than %zu bytes", max);
	}
	return r;
}

bool ima_stream_is_cpio(const struct ima_stream *s)
{
	return (archive_format(s->a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_CPIO;
}

uint64_t ima_stream_position(const struct ima_stream *s)
{
	return (uint64_t)archive_filter_bytes(s->a, 0);
}

int ima_stream_compression(const struct ima_stream *s)
{
	return archive_filter_count(s->a) > 1 ? archive_filter_code(s->a, 0) : ARCHIVE_FILTER_NONE;
}

struct ima_packer {
	struct archive *a;
	int fd; /* borrowed */
};

static la_ssize_t on_write(struct archive *a, void *user, const void *data, size_t len)
{
	const struct ima_packer *p = user;
	ssize_t n;

	do
		n = write(p->fd, data, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "%s", strerror(errno));
	return n;
}

static int explain_write(const struct ima_packer *p, struct ima_diag *diag)
{
	const char *text = archive_error_string(p->a);
	const int no = archive_errno(p->a);

	return ima_diag_text(diag, no > 0 ? -no : -EIO, "%s", text ? text : "it cannot be written");
}

static int begin_packing(struct ima_packer *p)
{
	struct archive_entry *e = archive_entry_new();
	int r = ARCHIVE_FATAL;

	if (e) {
		archive_entry_set_filetype(e, AE_IFREG);
		r = archive_write_header(p->a, e);
	}
	archive_entry_free(e);
	return r;
}

static bool is_written_here(int compression)
{
	return compression != ARCHIVE_FILTER_PROGRAM && compression != ARCHIVE_FILTER_LRZIP &&
	       compression != ARCHIVE_FILTER_LZOP && compression != ARCHIVE_FILTER_GRZIP;
}

int ima_packer_new(int fd, int compression, struct ima_packer **ret, struct ima_diag *diag)
{
	struct ima_packer *p = calloc(1, sizeof(*p));
	int r = 0;

	if (!p)
		return -ENOMEM;
	p->fd = fd;
	p->a = archive_write_new();
	if (!p->a)
		r = -ENOMEM;
	else if (!is_written_here(compression) || archive_write_add_filter(p->a, compression) != ARCHIVE_OK)
		r = ima_diag_text(diag, -ENOTSUP, "this compression is read and not written");
	else if (archive_write_set_format_raw(p->a) != ARCHIVE_OK || archive_write_set_bytes_in_last_block(p->a, 1) != ARCHIVE_OK)
		r = explain_write(p, diag);
	/* the time of writing would make each output another one */
	else if (compression == ARCHIVE_FILTER_GZIP &&
		 archive_write_set_filter_option(p->a, "gzip", "timestamp", NULL) != ARCHIVE_OK)
		r = explain_write(p, diag);
	else if (archive_write_open(p->a, p, NULL, on_write, NULL) != ARCHIVE_OK || begin_packing(p) != ARCHIVE_OK)
		r = explain_write(p, diag);
	if (r < 0) {
		ima_packer_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int ima_packer_write(struct ima_packer *p, struct ima_bytes data, struct ima_diag *diag)
{
	while (data.len) {
		const la_ssize_t n = archive_write_data(p->a, data.data, data.len);

		if (n <= 0)
			return explain_write(p, diag);
		data.data += n;
		data.len -= (size_t)n;
	}
	return 0;
}

int ima_packer_finish(struct ima_packer *p, struct ima_diag *diag)
{
	return archive_write_close(p->a) == ARCHIVE_OK ? 0 : explain_write(p, diag);
}

struct ima_packer *ima_packer_free(struct ima_packer *p)
{
	if (p) {
		if (p->a)
			archive_write_free(p->a);
		free(p);
	}
	return NULL;
}
