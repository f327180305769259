/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enforcing begins on trial: unless somebody confirms that the machine still serves them, it ends by itself, as a network change over ssh does.
 * What was confirmed is remembered by the rules' text: the same rules need no second confirmation, other rules do.
 */
#pragma once

#include "imad/state.h"

/** imad_grace_begin() - the rules in force are new: a trial begins unless they were confirmed before. 0 or -errno */
ima_must_check int imad_grace_begin(struct imad_worker *w);

/** imad_grace_turn() - from time to time: ends enforcing when the trial is over */
void imad_grace_turn(struct imad_worker *w);

/** imad_grace_confirm() - 1 confirmed, 0 nothing was on trial; -ETIME too late; -errno the confirmation cannot be kept */
int imad_grace_confirm(struct imad_worker *w);

/** imad_grace_left() - seconds of the trial that is running, 0: none */
unsigned int imad_grace_left(const struct imad_worker *w);
