/* SPDX-License-Identifier: BSD-2-Clause */
/* Results as an EAT Attestation Result (EAR), with AR4SI's trustworthiness vector: docs/ATTESTATION.md has the table. */
#pragma once

#include "imactl/evidence_batch.h"
#include "imactl/key_source.h"

struct evidence_ear;

/** evidence_ear_new() - the key is opened before anything is checked. EXIT_GOOD, or said why */
int evidence_ear_new(const struct imactl_key_opts *key, struct evidence_ear **ret);
struct evidence_ear *evidence_ear_free(struct evidence_ear *e);

/** evidence_ear_add() - one evidence is one submodule */
void evidence_ear_add(struct evidence_ear *e, const struct evidence_item *it);

/** evidence_ear_print() - the token and a newline to standard output. @status, or EXIT_UNABLE and said why */
int evidence_ear_print(struct evidence_ear *e, const struct evidence_sources *src, int status);
