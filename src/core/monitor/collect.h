/* SPDX-License-Identifier: BSD-2-Clause */
/* What one event needs to know of its file, read at most once, whichever rules ask. */
#pragma once

#include "base/buffer.h"
#include "core/appraise/appraise.h"
#include "core/evm/evm.h"
#include "core/monitor/monitor.h"
#include "core/sig/modsig.h"

#define IMA_COLLECTED_VERDICTS 4

/** struct ima_collected_verdict - what was found for one set of options: rules that ask for the same share it */
struct ima_collected_verdict {
	uint32_t opts;
	bool kexec;
	bool revoked; /* the content is; not appraised */
	int error; /* of the digest that was asked for */
	struct ima_appraisal found;
};

struct ima_collected {
	const struct ima_evm *covered; /* borrowed; NULL: what EVM covers without settings */
	bool has_digest;
	int error;                    /* of the digest: then it is zeros of its algorithm */
	bool error_said, verity_error_said; /* ... and audited */
	struct ima_digest digest;
	bool has_verity;
	int verity_error;
	struct ima_digest verity;     /* of the fs-verity descriptor */
	bool has_modsig;
	struct ima_modsig *modsig;    /* NULL: none */
	bool has_evm;
	struct ima_evm_result evm;
	struct ima_collected_verdict verdicts[IMA_COLLECTED_VERDICTS];
	size_t n_verdicts;
	struct ima_digest legacy;     /* for field "d" */
	bool has_ima_xattr, has_evm_xattr, has_evm_fields;
	uint8_t *ima_xattr, *evm_xattr;
	int ima_xattr_error;
	size_t ima_xattr_len, evm_xattr_len;
	struct ima_buffer xattr_names, xattr_lengths, xattr_values;
};

void ima_collected_done(struct ima_collected *c);

/** ima_collect_digest() - read the content once; the same answer from then on. Errors as ima_hash_fd() */
ima_must_check int ima_collect_digest(struct ima_collected *c, struct ima_hasher *h,
				      const struct ima_file_event *ev, enum ima_hash_algo algo);

/** ima_collect_anew() - the digest by @algo, also when one by another algorithm was collected; kept on success only */
ima_must_check int ima_collect_anew(struct ima_collected *c, struct ima_hasher *h,
				    const struct ima_file_event *ev, enum ima_hash_algo algo);

/** ima_collect_verity() - digest of the file's fs-verity descriptor. -ENODATA the file has none, -EOPNOTSUPP, errno */
ima_must_check int ima_collect_verity(struct ima_collected *c, const struct ima_file_event *ev);

/** ima_collect_modsig() - the signature at the file's end; NULL: none that can be parsed. Owned by @c */
struct ima_modsig *ima_collect_modsig(struct ima_collected *c, const struct ima_file_event *ev);

/** ima_collect_label_changed() - the label was written: what was found by the old one is void */
void ima_collect_label_changed(struct ima_collected *c);

/** ima_collect_label() - security.ima; empty: none, or not readable */
struct ima_bytes ima_collect_label(struct ima_collected *c, const struct ima_file_event *ev);

/** ima_collect_wants_modsig() - has the template fields of an appended signature? */
bool ima_collect_wants_modsig(const struct ima_template *t);

/** ima_collect_template() - everything that the fields of @t need; @ret borrows from @c and @ev */
ima_must_check int ima_collect_template(struct ima_collected *c, struct ima_hasher *h,
					const struct ima_file_event *ev,
					const struct ima_template *t, uint32_t action,
					struct ima_template_in *ret);
