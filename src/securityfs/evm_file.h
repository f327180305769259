/* SPDX-License-Identifier: BSD-2-Clause */
/* The files "evm" (which keys EVM uses) and "evm_xattrs" (what it covers), by the control socket. */
#pragma once

#include "base/buffer.h"

#define IMA_EVM_NAME_LEN 255 /* bytes that one write may have */

/** ima_evm_file_read() - append the mode as the kernel prints it. -EIO no daemon answers */
ima_must_check int ima_evm_file_read(const char *control_path, struct ima_buffer *out);

/** ima_evm_file_write() - 0, -EINVAL no mode, -EPERM setup is complete, -ENOENT there is no key, -EIO */
ima_must_check int ima_evm_file_write(const char *control_path, struct ima_bytes text);

/** ima_evm_names_file_read() - append the names that are covered, a line each. -EIO no daemon answers */
ima_must_check int ima_evm_names_file_read(const char *control_path, struct ima_buffer *out);

/**
 * ima_evm_names_file_write() - one more name, or "."
 * Return: 0, -EPERM locked, -E2BIG, -EINVAL not "security.", -EEXIST, -ENOSPC, -EIO
 */
ima_must_check int ima_evm_names_file_write(const char *control_path, struct ima_bytes text);
