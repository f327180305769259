/* SPDX-License-Identifier: BSD-2-Clause */
/* The UUID of the file system that a descriptor is on. */
#pragma once

#include <ima/types.h>

/** ima_fs_uuid() - @ret untouched where the kernel tells none (before 6.9: all but ext4, XFS and btrfs) */
void ima_fs_uuid(int fd, uint8_t ret[static 16]);
