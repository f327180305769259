/* SPDX-License-Identifier: BSD-2-Clause */
/* The UUID of the file system that a descriptor is on. */
#pragma once

#include <ima/types.h>

/** ima_fs_uuid() - @ret untouched where the kernel (before 6.9) or the file system tells none */
void ima_fs_uuid(int fd, uint8_t ret[static 16]);
