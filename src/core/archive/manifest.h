/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Labels beside the files that they are of: text, one file a line, first and last line say what it is and how long.
 * Source: docs/FORMATS.md "Manifest".
 */
#pragma once

#include <stdio.h>

#include <ima/digest.h>
#include <ima/signer.h>
#include <ima/types.h>

#include "base/buffer.h"

#define IMA_MANIFEST_MAX_PATH 4095
#define IMA_MANIFEST_MAX_LINE (64U << 10)

/** struct ima_manifest_entry - one file; borrowed until the next call */
struct ima_manifest_entry {
	const char *path; /* from the root: begins with a slash, no "." or ".." */
	struct ima_digest content;
	uint32_t mode, uid, gid;
	struct ima_bytes ima, evm; /* values; empty: none */
};

/** ima_manifest_begin() - the first line. -ENOMEM */
ima_must_check int ima_manifest_begin(struct ima_buffer *out);

/** ima_manifest_add() - one line. -EINVAL the path is none that a manifest can have, -ENOMEM */
ima_must_check int ima_manifest_add(const struct ima_manifest_entry *e, struct ima_buffer *out);

/** ima_manifest_end() - the last line; without it a manifest counts as cut off. -ENOMEM */
ima_must_check int ima_manifest_end(uint64_t n, struct ima_buffer *out);

struct ima_manifest_reader;

/** ima_manifest_reader_new() - @in borrowed, at its start. -ENOMEM */
ima_must_check int ima_manifest_reader_new(FILE *in, struct ima_manifest_reader **ret);
struct ima_manifest_reader *ima_manifest_reader_free(struct ima_manifest_reader *r);

/** ima_manifest_next() - 1 an entry, 0 the end; -EBADMSG with line, column and reason in @diag, errno of reading */
ima_must_check int ima_manifest_next(struct ima_manifest_reader *r, const struct ima_manifest_entry **ret,
				     struct ima_diag *diag);
