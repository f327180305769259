/* SPDX-License-Identifier: BSD-2-Clause */
/* A result of verification for people and for programs: both from the same struct. */
#pragma once

#include <ima/attest.h>

#include "imactl/command.h"

/** imactl_attestation_text() - to standard output; @quiet: one line */
void imactl_attestation_text(const char *name, const struct ima_attestation *a, const struct ima_reference *ref, bool quiet);

/** imactl_attestation_json() - a new object; NULL without memory */
json_t *imactl_attestation_json(const char *name, const struct ima_attestation *a, const struct ima_reference *ref);

/** imactl_unable_json() - the same of an evidence that could not be checked at all */
json_t *imactl_unable_json(const char *name, const char *error);

/** imactl_attestation_word() - "trusted", "refused", "not checked" */
const char *imactl_attestation_word(const struct ima_attestation *a);

/** imactl_attestation_status() - EXIT_GOOD, EXIT_BAD, EXIT_UNABLE */
int imactl_attestation_status(const struct ima_attestation *a);
