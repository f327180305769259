/* SPDX-License-Identifier: BSD-2-Clause */
/* What one imad leaves to the next, in the same process (imactl restart) or after a stop: what the monitor knows of files. */
#pragma once

#include "imad/state.h"

/**
 * imad_handover_leave() - what @s->memory holds goes into a file without a name, whose descriptor outlives execve(2)
 * Only with no worker running. The environment names the descriptor.
 * Return: 0; errno: the next one begins without
 */
ima_must_check int imad_handover_leave(const struct imad_setup *s);

/**
 * imad_handover_keep() - the same at a stop, in the run folder, for the next imad of this boot: whoever is writing a file now may go on, and its
 * label follows then
 * Return: 0; errno: nothing is kept
 */
ima_must_check int imad_handover_keep(const struct imad_setup *s);

/**
 * imad_handover_take() - what was left goes into @s->memory, which is empty, and into @s->gate_was_left
 * Return: 1 taken; 0 nothing was left; -EBADMSG: left by one whose memory looks otherwise; errno; @s->memory is empty then
 */
ima_must_check int imad_handover_take(struct imad_setup *s);
