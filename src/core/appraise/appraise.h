/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From label, content, metadata verdict and keys to the kernel's verdict and audit cause. Pure: reads no file, changes nothing.
 * Source: docs/FORMATS.md "Appraisal".
 */
#pragma once

#include <ima/policy.h>
#include <ima/sig.h>

#include "core/evm/integrity.h"
#include "core/appraise/label.h"

/**
 * struct ima_appraise_in - everything that the verdict depends on; borrowed for the call
 * @opts: IMA_OPT_* of the rule that asks
 * @version: of the behaviour profile
 * @label_error: 0, -ENODATA no label, -EOPNOTSUPP no attributes on this file system, else why it cannot be read
 * @content: digest of the content (of the fs-verity descriptor when the rule asks for that), with the label's algorithm
 * @evm: what ima_evm_judge() said of security.ima
 * @new_file: made by the open that is judged, or since then not closed by its last writer
 * @modsig: judges the signature appended to the file by a keyring; NULL: none, or the rule does not allow it
 * @platform: tried as well for a kernel that is to be booted; may be NULL
 */
struct ima_appraise_in {
	uint32_t opts;
	unsigned int version;
	enum ima_func func;
	struct ima_bytes label;
	int label_error;
	const struct ima_digest *content;
	uint64_t size; /* bytes */
	enum ima_integrity evm;
	bool new_file;
	bool unverifiable;      /* the file system cannot vouch for what it shows (FUSE, ...) */
	bool untrusted_mounter; /* ... and was mounted without privilege */
	enum ima_sig_verdict (*modsig)(void *user, const struct ima_keyring *ring);
	void *modsig_user;
	const struct ima_keyring *keys, *platform;
	struct ima_hasher *h;
};

/**
 * struct ima_appraisal - the verdict
 * @cause: the kernel's audit word; NULL: nothing is audited (PASS, or no attributes at all)
 * @is_signed: the kernel marks the inode as signed: writers are refused, the label is not rewritten at close
 * @sig: what verification said, IMA_SIG_UNCHECKED when no signature was looked at; for tools
 */
struct ima_appraisal {
	enum ima_integrity status;
	const char *cause;
	bool is_signed;
	enum ima_sig_verdict sig;
};

void ima_appraise(const struct ima_appraise_in *in, struct ima_appraisal *ret);
