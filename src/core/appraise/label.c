/* SPDX-License-Identifier: BSD-2-Clause */
/* Layouts of security.ima: docs/FORMATS.md "Labels". */
#include "core/appraise/label.h"

#include <string.h>

#define SIG_AT_VERSION 1
#define SIG_AT_ALGO 2

/* the oldest layout holds md5 in sha1's room, the rest zeros */
static enum ima_hash_algo legacy_algo(struct ima_bytes label, enum ima_hash_algo def)
{
	static const uint8_t zeros[4];

	if (label.len == 17)
		return IMA_HASH_MD5;
	if (label.len != 21)
		return def;
	return memcmp(label.data + 17, zeros, sizeof(zeros)) ? IMA_HASH_SHA1 : IMA_HASH_MD5;
}

static enum ima_hash_algo known(uint8_t algo, enum ima_hash_algo def)
{
	return algo < IMA_HASH__LAST ? (enum ima_hash_algo)algo : def;
}

static bool names_algo(struct ima_bytes label, unsigned int version)
{
	const uint8_t v = label.data[SIG_AT_VERSION];

	if (label.len <= IMA_SIGNATURE_HEADER)
		return false;
	if (label.data[0] == IMA_XATTR_VERITY)
		return v == 3;
	return v == 2 || (v == 3 && version >= 702);
}

enum ima_hash_algo ima_label_algo(struct ima_bytes label, enum ima_hash_algo def, unsigned int version)
{
	if (label.len < 2)
		return def;
	switch (label.data[0]) {
	case IMA_XATTR_DIGEST:
		return legacy_algo(label, def);
	case IMA_XATTR_DIGEST_NG:
		return known(label.data[1], def);
	case IMA_XATTR_SIGNATURE:
	case IMA_XATTR_VERITY:
		return names_algo(label, version) ? known(label.data[SIG_AT_ALGO], def) : def;
	default:
		return def;
	}
}

bool ima_label_is_signature(struct ima_bytes label)
{
	return label.len > 2 && (label.data[0] == IMA_XATTR_SIGNATURE || label.data[0] == IMA_XATTR_VERITY);
}

size_t ima_label_of_digest(const struct ima_digest *content, uint8_t ret[static 2 + IMA_DIGEST_MAX])
{
	size_t head = 1;

	ret[0] = IMA_XATTR_DIGEST;
	if (content->algo > IMA_HASH_SHA1) {
		ret[0] = IMA_XATTR_DIGEST_NG;
		ret[1] = (uint8_t)content->algo;
		head = 2;
	}
	memcpy(ret + head, content->data, content->len);
	return head + content->len;
}
