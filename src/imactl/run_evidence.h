/* SPDX-License-Identifier: BSD-2-Clause */
/* Evidence of a run: a quote by the TPM that the run extended, with its list. */
#pragma once

#include "imactl/run_list.h"

struct run_evidence_opts {
	const char *out;
	const char *ak;    /* folder of an attestation key of that TPM; NULL: one is made for this evidence */
	const char *nonce; /* hexadecimal, NULL: none */
};

/** run_evidence_check() - are the options good, and is the key there? Before the command runs. EXIT_GOOD, or EXIT_USAGE or EXIT_UNABLE after a message */
int run_evidence_check(const struct run_evidence_opts *o);

/** run_evidence_write() - EXIT_GOOD, or EXIT_UNABLE after a message */
int run_evidence_write(const struct run_evidence_opts *o, struct run_list *l, struct ima_hasher *h);
