/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker: policy, TPM, list, monitor, hook threads, control socket. It can die at any moment and be replaced. */
#pragma once

#include "imad/state.h"

/** imad_worker_run() - never returns to the supervisor's code: the exit status of the process */
int imad_worker_run(const struct imad_setup *setup);

/* parts, one file each */

/** imad_policy_setup() - builtin words, then @file (NULL: none; missing and not @required: none) into a new policy */
ima_must_check int imad_policy_setup(const struct imad_config *c, const char *file, bool required,
				     struct ima_policy **ret, bool *ret_custom,
				     struct ima_diag *diag);

/** imad_list_open() - TPM, journal, list: everything that the PCR says is missing is extended. @diag says what is wrong */
ima_must_check int imad_list_open(struct imad_worker *w, struct ima_diag *diag);

/** imad_list_first_records() - boot_aggregate on a fresh list, else a gap when the supervisor is new; kernel version */
ima_must_check int imad_list_first_records(struct imad_worker *w, struct ima_diag *diag);

/** imad_control_run() - the main loop: control socket, heartbeat, signals; returns when told to stop */
ima_must_check int imad_control_run(struct imad_worker *w);

/** imad_keylime_warn() - keylime_warn.c: says what of template, rules and PCR a Keylime verifier would not take */
void imad_keylime_warn(struct imad_worker *w);
