/* SPDX-License-Identifier: BSD-2-Clause */
/* FS_IOC_GETFSUUID, also where the C library's headers are older than it. */
#include "base/fsuuid.h"

#include <string.h>
#include <sys/ioctl.h>

#ifndef FS_IOC_GETFSUUID
struct ima_fsuuid2 {
	uint8_t len;
	uint8_t uuid[16];
};
#define FS_IOC_GETFSUUID _IOR(0x15, 0, struct ima_fsuuid2)
#endif

void ima_fs_uuid(int fd, uint8_t ret[static 16])
{
	struct ima_fsuuid2 id = { 0 };

	if (ioctl(fd, FS_IOC_GETFSUUID, &id) == 0 && id.len == sizeof(id.uuid))
		memcpy(ret, id.uuid, sizeof(id.uuid));
}
