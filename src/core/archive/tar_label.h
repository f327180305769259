/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A copy of a tar whose members have attributes: PAX records "SCHILY.xattr.NAME" in front of their headers. Every other byte, and the
 * compression, stays; equal input makes equal output. Source: docs/FORMATS.md "Archives".
 */
#pragma once

#include "core/archive/archive.h"

#define IMA_TAR_MAX_LABELS 4                  /* attributes of one member */
#define IMA_TAR_MAX_EXTENDED (16U << 20)      /* bytes of one extended header */

/** struct ima_tar_label - what the member at @position gets; borrowed until the next call */
struct ima_tar_label {
	uint64_t position; /* of struct ima_member */
	struct ima_xattr xattrs[IMA_TAR_MAX_LABELS];
	size_t n_xattrs;
};

/** ima_tar_labels - the next one, in the order of the archive; 1, 0 no more, errno */
typedef int (*ima_tar_labels)(void *user, struct ima_tar_label *ret);

/**
 * ima_tar_label() - @in: a regular file that ima_archive_next() has read to its end; @end: ima_archive_end() of it; @out: anything writable
 * Return: 0, -EBADMSG the tar is not what it was, or something follows its end mark, -EFBIG, -ENOTSUP, errno; with a sentence in @diag
 */
ima_must_check int ima_tar_label(int in, uint64_t end, int out, ima_tar_labels next, void *user, struct ima_diag *diag);
