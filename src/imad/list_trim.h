/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking the oldest records off the list: at once, or in two steps, staged first and deleted later. The journal stays the same
 * file: the space of what is deleted is given back. A worker that dies half-way leaves a redo file, which the next one finishes.
 */
#pragma once

#include "imad/state.h"

/** imad_trim() - delete the @n oldest records. -EINVAL zero, -ENOENT fewer than that, -EEXIST something is staged, -ENOSPC, errno */
ima_must_check int imad_trim(struct imad_worker *w, uint64_t n, struct ima_diag *diag);

/** imad_trim_stage() - all present records become the staged list. -EEXIST something is staged, -ENOENT the list is empty */
ima_must_check int imad_trim_stage(struct imad_worker *w, struct ima_diag *diag);

/** imad_trim_drop() - delete the staged records. -ENOENT nothing is staged */
ima_must_check int imad_trim_drop(struct imad_worker *w, struct ima_diag *diag);

/** imad_trim_resume() - finish what an earlier worker began; before the journal is read */
ima_must_check int imad_trim_resume(struct imad_worker *w, struct ima_diag *diag);
