/* SPDX-License-Identifier: BSD-2-Clause */
/* Layouts of security.ima: docs/FORMATS.md "Labels". */
#include "core/monitor/label.h"

#include <string.h>

#define TYPE_DIGEST 1
#define TYPE_SIGNATURE 3
#define TYPE_DIGEST_NG 4
#define TYPE_VERITY 6
#define SIG_HEADER 9 /* with the type byte: 10 */
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

enum ima_hash_algo ima_label_algo(struct ima_bytes label, enum ima_hash_algo def)
{
	uint8_t version;

	if (label.len < 2)
		return def;
	version = label.data[SIG_AT_VERSION];
	switch (label.data[0]) {
	case TYPE_DIGEST:
		return legacy_algo(label, def);
	case TYPE_DIGEST_NG:
		return known(label.data[1], def);
	case TYPE_SIGNATURE:
		return label.len > SIG_HEADER && version == 2 ? known(label.data[SIG_AT_ALGO], def) :
								def;
	case TYPE_VERITY:
		return label.len > SIG_HEADER && version == 3 ? known(label.data[SIG_AT_ALGO], def) :
								def;
	default:
		return def;
	}
}

static enum ima_integrity judge_digest(struct ima_bytes good, bool digsig,
				       const struct ima_digest *content, const char **cause)
{
	if (digsig) {
		*cause = "IMA-signature-required";
		return IMA_INTEGRITY_FAIL;
	}
	if (content->len && good.len >= content->len &&
	    !memcmp(good.data, content->data, content->len))
		return IMA_INTEGRITY_PASS;
	*cause = "invalid-hash";
	return IMA_INTEGRITY_FAIL;
}

enum ima_integrity ima_label_judge(struct ima_bytes label, bool digsig,
				   const struct ima_digest *content, const char **cause)
{
	*cause = "unknown";
	if (!label.len) {
		*cause = digsig ? "IMA-signature-required" : "missing-hash";
		return IMA_INTEGRITY_NOLABEL;
	}
	switch (label.data[0]) {
	case TYPE_DIGEST:
		return judge_digest((struct ima_bytes){ label.data + 1, label.len - 1 }, digsig,
				    content, cause);
	case TYPE_DIGEST_NG:
		if (label.len < 2)
			break;
		return judge_digest((struct ima_bytes){ label.data + 2, label.len - 2 }, digsig,
				    content, cause);
	case TYPE_SIGNATURE:
		*cause = "invalid-signature";
		return IMA_INTEGRITY_FAIL;
	case TYPE_VERITY:
		*cause = "invalid-verity-signature";
		return IMA_INTEGRITY_FAIL;
	default:
		*cause = "unknown-ima-data";
		return IMA_INTEGRITY_UNKNOWN;
	}
	*cause = "invalid-hash";
	return IMA_INTEGRITY_FAIL;
}
