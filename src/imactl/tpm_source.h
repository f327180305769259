/* SPDX-License-Identifier: BSD-2-Clause */
/* The TPM that a command works with: one that was named, the daemon's, or the machine's. */
#pragma once

#include "core/pcr/tpm.h"
#include "imactl/command.h"

/**
 * imactl_tpm_open() - @spec: a TCTI as for --tpm; NULL: the daemon's TPM when one answers, else /dev/tpmrm0
 * Return: 0, -errno with @diag
 */
ima_must_check int imactl_tpm_open(const char *spec, const char *control, struct ima_tpm **ret, struct ima_diag *diag);

/** imactl_tpm_control() - the daemon's TPM over its control socket. -ENOENT, -ECONNREFUSED no daemon; errors of ima_tpm_open() */
ima_must_check int imactl_tpm_control(const char *control, struct ima_tpm **ret, struct ima_diag *diag);
