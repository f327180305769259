/* SPDX-License-Identifier: BSD-2-Clause */
/* One container format read or written through libarchive. Only archive_libarchive.c knows the library. */
#pragma once

#include "core/archive/archive.h"

/* what a stream may be; nothing else is tried on its bytes */
enum ima_stream_kind {
	IMA_STREAM_TAR = 1U << 0,
	IMA_STREAM_CPIO = 1U << 1,
	IMA_STREAM_AR = 1U << 2,
	IMA_STREAM_RAW = 1U << 3, /* one member: the decompressed bytes */
};

/** struct ima_entry - a member as the format has it; borrowed until the next call */
struct ima_entry {
	const char *name;
	const char *symlink, *hardlink; /* NULL: none */
	uint32_t mode, uid, gid, nlink;
	uint64_t size, dev, ino, position;
	const struct ima_xattr *xattrs;
	size_t n_xattrs;
};

struct ima_stream;

/** ima_stream_open() - bytes from @offset on of a regular file; @fd borrowed, its position untouched. Errors as ima_archive_open() */
ima_must_check int ima_stream_open(int fd, uint64_t offset, unsigned int kinds, struct ima_stream **ret,
				   struct ima_diag *diag);

/** ima_stream_open_member() - the content of @outer's current member; @outer borrowed */
ima_must_check int ima_stream_open_member(struct ima_stream *outer, unsigned int kinds, struct ima_stream **ret,
					  struct ima_diag *diag);
struct ima_stream *ima_stream_free(struct ima_stream *s);

/** ima_stream_next() - 1 a member, 0 the end, errors as ima_archive_next() */
ima_must_check int ima_stream_next(struct ima_stream *s, const struct ima_entry **ret, struct ima_diag *diag);

/** ima_stream_read() - 1 a piece of the current member's content, 0 its end */
ima_must_check int ima_stream_read(struct ima_stream *s, struct ima_bytes *ret, struct ima_diag *diag);

/** ima_stream_slurp() - the current member's content, at most @max bytes; -EFBIG */
ima_must_check int ima_stream_slurp(struct ima_stream *s, size_t max, struct ima_buffer *ret, struct ima_diag *diag);

/** ima_stream_is_cpio() - known once a member was read */
bool ima_stream_is_cpio(const struct ima_stream *s);

/** ima_stream_position() - decompressed bytes that the format has taken so far */
uint64_t ima_stream_position(const struct ima_stream *s);

/** ima_stream_compression() - a number for ima_packer_new(); known once a member was read */
int ima_stream_compression(const struct ima_stream *s);

/** struct ima_packer - compresses what is written, to a descriptor */
struct ima_packer;

/** ima_packer_new() - @fd borrowed. -ENOTSUP a compression that is only read */
ima_must_check int ima_packer_new(int fd, int compression, struct ima_packer **ret, struct ima_diag *diag);
ima_must_check int ima_packer_write(struct ima_packer *p, struct ima_bytes data, struct ima_diag *diag);

/** ima_packer_finish() - everything is written. -EIO, errno */
ima_must_check int ima_packer_finish(struct ima_packer *p, struct ima_diag *diag);
struct ima_packer *ima_packer_free(struct ima_packer *p);
