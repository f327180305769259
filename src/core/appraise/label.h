/* SPDX-License-Identifier: BSD-2-Clause */
/* What a value of security.ima says of its file: the algorithm that the content is hashed with. */
#pragma once

#include <ima/digest.h>
#include <ima/sig.h>
#include <ima/types.h>

/**
 * ima_label_algo() - algorithm that a file with this label is hashed with; @def when the label names none
 * @version: of the behaviour profile (601, 612, 701, 702): from 702 on a version 3 signature under type 3 names one too
 */
enum ima_hash_algo ima_label_algo(struct ima_bytes label, enum ima_hash_algo def,
				  unsigned int version);

/** ima_label_is_signature() - would the kernel mark the inode as signed: neither rewritten at close nor opened for writing */
bool ima_label_is_signature(struct ima_bytes label);

/**
 * ima_label_of_digest() - the value that the kernel writes for a content: type 1 for md4, md5 and sha1, else type 4
 * @ret: 2 + IMA_DIGEST_MAX bytes. Return: length
 */
size_t ima_label_of_digest(const struct ima_digest *content, uint8_t ret[static 2 + IMA_DIGEST_MAX]);
