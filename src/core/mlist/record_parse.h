/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing one binary record. */
#pragma once

#include <ima/mlist.h>

#include "base/buffer.h"
#include "base/reader.h"

#define IMA_TEMPLATE_NAME_MAX 256 /* bytes of a template name or custom format on the wire */

/**
 * ima_record_parse() - read one binary record
 * @in: cursor; moves past the record on success, otherwise untouched
 * @digest_len: bytes of the template digest in this list
 * @scratch: holds the data of a template "ima" record in the length-prefixed form; valid until its next use
 * @ret: views into the input, or into @scratch
 * Return: 0, -ENODATA the record goes on after the end of @in, -EBADMSG damaged or oversized, -ENOMEM
 */
ima_must_check int ima_record_parse(struct ima_reader *in, size_t digest_len,
				    struct ima_buffer *scratch, struct ima_record *ret);
