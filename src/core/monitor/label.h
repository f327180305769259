/* SPDX-License-Identifier: BSD-2-Clause */
/* What a value of security.ima says: which algorithm hashes the file, and whether its content is the good one. Digests only. */
#pragma once

#include <ima/digest.h>
#include <ima/types.h>

/** enum ima_integrity - the kernel's status numbers */
enum ima_integrity {
	IMA_INTEGRITY_PASS = 0,
	IMA_INTEGRITY_PASS_IMMUTABLE,
	IMA_INTEGRITY_FAIL,
	IMA_INTEGRITY_FAIL_IMMUTABLE,
	IMA_INTEGRITY_NOLABEL,
	IMA_INTEGRITY_NOXATTRS,
	IMA_INTEGRITY_UNKNOWN,
};

/** ima_label_algo() - algorithm that a file with this label is hashed with; @def when the label names none */
enum ima_hash_algo ima_label_algo(struct ima_bytes label, enum ima_hash_algo def);

/**
 * ima_label_judge() - is @content what the label says?
 * @digsig: a rule wants a signature
 * @cause: the kernel's audit word, "unknown" when it has none. A signature is not verified here: FAIL, invalid-signature
 */
enum ima_integrity ima_label_judge(struct ima_bytes label, bool digsig,
				   const struct ima_digest *content, const char **cause);
