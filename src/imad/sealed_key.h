/* SPDX-License-Identifier: BSD-2-Clause */
/* An EVM key that the machine's TPM alone opens (imactl evm-key). */
#pragma once

#include <ima/types.h>

#include "imad/config.h"

/**
 * imad_sealed_key_open() - @text, which ima_sealed_is(), by the TPM of the settings; "auto" never means the embedded one here
 * @ret: malloc'd key, to be wiped
 * Return: 0, -EINVAL with @diag: damaged, of another TPM, or its PCRs have other values; -ENOMEM, -EIO, -ENODEV with @diag
 */
ima_must_check int imad_sealed_key_open(const struct imad_config *c, struct ima_bytes text, uint8_t **ret, size_t *ret_len,
					struct ima_diag *diag);
