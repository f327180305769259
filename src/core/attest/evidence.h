/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Evidence as one file: a tar archive with a manifest. There is one way to write given parts, byte for byte, and no other way is read: a changed byte
 * changes a part, and each part is held by the manifest's digest. docs/FORMATS.md "Evidence".
 */
#pragma once

#include <ima/attest.h>

#include "base/buffer.h"

enum ima_evidence_part {
	IMA_PART_MANIFEST = 0,
	IMA_PART_QUOTE,
	IMA_PART_SIGNATURE,
	IMA_PART_PCRS,
	IMA_PART_AK,
	IMA_PART_AK_CERT,
	IMA_PART_EK_CERT,
	IMA_PART_LIST,
	IMA_PART_EVENT_LOG,
	IMA_PART__LAST
};
const char *ima_evidence_part_name(enum ima_evidence_part p); /* "manifest.json", "quote.msg", ... */
bool ima_evidence_part_is_needed(enum ima_evidence_part p);

#define IMA_EVIDENCE_MAX (UINT64_C(4) << 30) /* bytes of an archive */

/** struct ima_evidence_parts - len 0: not there; the manifest is made, not given */
struct ima_evidence_parts {
	struct ima_bytes part[IMA_PART__LAST];
	uint64_t first_entry;
};

/** ima_evidence_write() - append the archive. -EINVAL a needed part is missing, -ENOMEM, -EIO */
ima_must_check int ima_evidence_write(const struct ima_evidence_parts *parts, struct ima_hasher *h, struct ima_buffer *out,
				      struct ima_diag *diag);

/**
 * ima_evidence_read() - take an archive apart; everything is a view into @archive
 * Memory: the manifest's, and nothing in proportion to the archive
 * Return: 0, -EBADMSG with @diag, -ENOMEM, -EIO
 */
ima_must_check int ima_evidence_read(struct ima_bytes archive, struct ima_hasher *h, struct ima_evidence *ret,
				     struct ima_diag *diag);

/* evidence_tar.c: one of the owners of libarchive */

/** ima_evidence_tar_write() - append a tar of the parts that have bytes, in their order. -ENOMEM, -EIO */
ima_must_check int ima_evidence_tar_write(const struct ima_bytes part[static IMA_PART__LAST], struct ima_buffer *out);

/** ima_evidence_tar_read() - views of the parts. -EBADMSG not such a tar, or written in another way than ima_evidence_tar_write() does; -ENOMEM */
ima_must_check int ima_evidence_tar_read(struct ima_bytes archive, struct ima_bytes ret[static IMA_PART__LAST], struct ima_diag *diag);

/* manifest_json.c */

/** ima_manifest_write() - append the manifest of the parts. -ENOMEM, -EIO */
ima_must_check int ima_manifest_write(const struct ima_evidence_parts *parts, struct ima_hasher *h, struct ima_buffer *out);

/** ima_manifest_check() - is @parts->part[MANIFEST] the manifest of the others? Sets first_entry. -EBADMSG with @diag, -ENOMEM, -EIO */
ima_must_check int ima_manifest_check(struct ima_evidence_parts *parts, struct ima_hasher *h, struct ima_diag *diag);
