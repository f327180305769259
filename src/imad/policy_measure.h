/* SPDX-License-Identifier: BSD-2-Clause */
/* A rule file given by path: read once, and what was read is what is measured and appraised. */
#pragma once

#include "imad/state.h"

/**
 * imad_policy_read() - contents of @path, measured and appraised as POLICY_CHECK when rules want it
 * @ret: malloc'd
 * Return: 0, -EKEYREJECTED with @diag: the rules in force refuse it; -EFBIG, -EINVAL no regular file, errno
 */
ima_must_check int imad_policy_read(struct imad_worker *w, const char *path, uint8_t **ret,
				    size_t *ret_len, struct ima_diag *diag);

/**
 * imad_policy_start() - the settings' rule file at the first start: measured and appraised under the builtin rules, then in force
 * One that these refuse is said, and they stay: a machine without rules would be worse off.
 */
ima_must_check int imad_policy_start(struct imad_worker *w, struct ima_diag *diag);

/**
 * imad_policy_keep() - append accepted rules to the copy that the next worker loads: all of them or none
 * @ret_size: of the copy before, for imad_policy_unkeep()
 * Return: 0, errno, -ENOSPC
 */
ima_must_check int imad_policy_keep(struct imad_worker *w, struct ima_bytes text, int64_t *ret_size);

/** imad_policy_unkeep() - the copy as it was before: the rules did not come into force */
void imad_policy_unkeep(struct imad_worker *w, int64_t size);

/** imad_policy_needs_signature() - does an active rule appraise POLICY_CHECK? Then rules are taken by path only */
bool imad_policy_needs_signature(struct imad_worker *w);
