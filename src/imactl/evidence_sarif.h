/* SPDX-License-Identifier: BSD-2-Clause */
/* Results as SARIF 2.1.0: checks that did not pass, and the records that are why. */
#pragma once

#include "imactl/evidence_batch.h"

/** evidence_sarif_new() - a log without results. NULL without memory */
json_t *evidence_sarif_new(void);

void evidence_sarif_add(json_t *log, const struct evidence_item *it, const struct ima_reference *ref);

/** evidence_sarif_finish() - with the exit status of the run */
void evidence_sarif_finish(json_t *log, int status);
