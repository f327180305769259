/* SPDX-License-Identifier: BSD-2-Clause */
/* What may be written to list files (7.2): "A" and "D" to a staged one, a number to another; each with a newline, 2 to 21 bytes. */
#pragma once

#include <ima/types.h>

/** ima_list_command() - carried out by the daemon. -EINVAL anything else, -EEXIST, -ENOENT, -EIO no daemon, errno */
ima_must_check int ima_list_command(const char *control_path, bool staged, struct ima_bytes text);
