/* SPDX-License-Identifier: BSD-2-Clause */
/* The file "evm": which keys EVM uses, by the control socket. */
#pragma once

#include "base/buffer.h"

/** ima_evm_file_read() - append the mode as the kernel prints it. -EIO no daemon answers */
ima_must_check int ima_evm_file_read(const char *control_path, struct ima_buffer *out);

/** ima_evm_file_write() - 0, -EINVAL no mode, -EPERM setup is complete, -ENOENT there is no key, -EIO */
ima_must_check int ima_evm_file_write(const char *control_path, struct ima_bytes text);
