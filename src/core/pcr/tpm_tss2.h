/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TPM reached by the TSS's ESYS interface: the part that a device, a simulator and the embedded TPM have in common, and
 * the way for a quote to use the same connection.
 */
#pragma once

#include <tss2/tss2_esys.h>

#include "core/pcr/tpm.h"

struct ima_tpm_tss2 {
	struct ima_tpm head;
	ESYS_CONTEXT *esys;      /* owned */
	TSS2_TCTI_CONTEXT *tcti; /* owned by the opener's free() */
};

/** ima_tpm_esys() - the ESYS context of a TPM, borrowed; NULL for "none". Same locking as the TPM itself */
ESYS_CONTEXT *ima_tpm_esys(struct ima_tpm *t);

/** ima_tpm_adopt_tss2() - a TPM behind a TCTI of the caller's making; @tcti is malloc'd and taken on success. Errors of ima_tpm_open() */
ima_must_check int ima_tpm_adopt_tss2(TSS2_TCTI_CONTEXT *tcti, const char *where, struct ima_tpm **ret,
				      struct ima_diag *diag);

/* for the owners of a TCTI */

/** ima_tpm_tss2_fail() - remember @rc, fill @diag with "@what: words of rc", return -EIO */
int ima_tpm_tss2_fail(struct ima_tpm *t, TSS2_RC rc, struct ima_diag *diag, const char *what);

/** ima_tpm_tss2_start() - ESYS over t->tcti. -ENOMEM, -EIO */
ima_must_check int ima_tpm_tss2_start(struct ima_tpm_tss2 *t, struct ima_diag *diag);
void ima_tpm_tss2_stop(struct ima_tpm_tss2 *t);

/** ima_tpm_tss2_banks() - find the active banks and the vendor. -EIO none is active, or one that cannot be extended */
ima_must_check int ima_tpm_tss2_banks(struct ima_tpm_tss2 *t, struct ima_diag *diag);

int ima_tpm_tss2_extend(struct ima_tpm *t, unsigned int pcr, const struct ima_tpm_digests *d);
int ima_tpm_tss2_read(struct ima_tpm *t, uint32_t mask, struct ima_pcr_bank *bank);
int ima_tpm_tss2_command(struct ima_tpm *t, struct ima_bytes command, uint8_t *response, size_t *ret_len);
