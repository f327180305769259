/* SPDX-License-Identifier: BSD-2-Clause */
/* Detached labels: NAME.sig beside NAME holds security.ima, NAME.evmsig holds security.evm. */
#pragma once

#include "imactl/files.h"

#define IMACTL_SIGFILE_IMA ".sig"
#define IMACTL_SIGFILE_EVM ".evmsig"

/** imactl_sigfile_read() - @ret malloc'd. -ENODATA none, -EFBIG, errno */
ima_must_check int imactl_sigfile_read(const struct imactl_file *f, const char *suffix, uint8_t **ret, size_t *ret_len);

/** imactl_sigfile_write() - whole or not at all. errno */
ima_must_check int imactl_sigfile_write(const struct imactl_file *f, const char *suffix, struct ima_bytes value);
