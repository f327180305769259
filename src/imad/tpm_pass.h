/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of local programs to the worker's TPM: what quoting and enrolment need, one connection at a time. */
#pragma once

#include <jansson.h>

#include "imad/state.h"

/** imad_tpm_pass() - the "tpm" operation: a new reply object. @owns: does this connection have the TPM? */
json_t *imad_tpm_pass(struct imad_worker *w, bool *owns, const json_t *request);

/** imad_tpm_release() - the connection is over: what it left in the TPM is removed */
void imad_tpm_release(struct imad_worker *w, bool *owns);
