/* SPDX-License-Identifier: BSD-2-Clause */
/* The two steps of a label, what it is made of and its value, for those who look between them whether it is there already. */
#pragma once

#include <ima/label.h>

#include "core/evm/evm.h"

/** struct ima_label_part - security.ima or security.evm: a signature of @digest, or for digest labels that itself */
struct ima_label_part {
	enum ima_xattr_type type;
	uint8_t version; /* of a signature's header */
	struct ima_digest digest;
};

/** ima_label_part_ima() - @content: as in struct ima_label_file. Errors of ima_hash_parts() */
ima_must_check int ima_label_part_ima(struct ima_hasher *h, const struct ima_label_opts *opts,
				      const struct ima_digest *content, struct ima_label_part *ret);

/** ima_label_part_evm() - @file shows the security.ima that the file will have. Errors of ima_evm_digest() */
ima_must_check int ima_label_part_evm(const struct ima_evm *rules, struct ima_hasher *h, const struct ima_label_opts *opts,
				      enum ima_hash_algo algo, const struct ima_evm_file *file, struct ima_label_part *ret);

/** ima_label_part_make() - @ret: IMA_SIGNER_MAX_VALUE bytes. Errors of ima_signer_sign() */
ima_must_check int ima_label_part_make(const struct ima_signer *s, const struct ima_label_part *p, uint8_t *ret, size_t *ret_len);

/** ima_label_part_is() - is @value what this signer made of it, or could have? */
bool ima_label_part_is(const struct ima_signer *s, const struct ima_label_part *p, struct ima_bytes value);
