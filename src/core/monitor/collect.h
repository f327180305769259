/* SPDX-License-Identifier: BSD-2-Clause */
/* What one event needs to know of its file, read at most once, whichever rules ask. */
#pragma once

#include "base/buffer.h"
#include "core/monitor/monitor.h"

struct ima_collected {
	bool has_digest;
	int error;                    /* of the digest: then it is zeros of its algorithm */
	struct ima_digest digest;
	struct ima_digest legacy;     /* for field "d" */
	bool has_ima_xattr, has_evm_xattr, has_evm_fields;
	uint8_t *ima_xattr, *evm_xattr;
	size_t ima_xattr_len, evm_xattr_len;
	struct ima_buffer xattr_names, xattr_lengths, xattr_values;
};

void ima_collected_done(struct ima_collected *c);

/** ima_collect_digest() - read the content once; the same answer from then on. Errors as ima_hash_fd() */
ima_must_check int ima_collect_digest(struct ima_collected *c, struct ima_hasher *h,
				      const struct ima_file_event *ev, enum ima_hash_algo algo);

/** ima_collect_label() - security.ima; empty: none, or not readable */
struct ima_bytes ima_collect_label(struct ima_collected *c, const struct ima_file_event *ev);

/** ima_collect_template() - everything that the fields of @t need; @ret borrows from @c and @ev */
ima_must_check int ima_collect_template(struct ima_collected *c, struct ima_hasher *h,
					const struct ima_file_event *ev,
					const struct ima_template *t, uint32_t action,
					struct ima_template_in *ret);

/** ima_collect_audit_text() - the text of an audit-action record */
ima_must_check int ima_collect_audit_text(const struct ima_collected *c,
					  const struct ima_file_event *ev, struct ima_buffer *out);
