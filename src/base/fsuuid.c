/* SPDX-License-Identifier: BSD-2-Clause */
/* FS_IOC_GETFSUUID; before 6.9 each file system has a call of its own. Layouts: <linux/fs.h>, <linux/btrfs.h>, xfs_fs.h of xfsprogs, ext4's ioctl list. */
#include "base/fsuuid.h"

#include <linux/btrfs.h>
#include <linux/types.h>
#include <string.h>
#include <sys/ioctl.h>

#ifndef FS_IOC_GETFSUUID
struct ima_fsuuid2 {
	uint8_t len;
	uint8_t uuid[16];
};
#define FS_IOC_GETFSUUID _IOR(0x15, 0, struct ima_fsuuid2)
#endif

struct ima_ext4_head {
	__u32 len, flags;
};

struct ima_ext4_uuid {
	struct ima_ext4_head head;
	uint8_t uuid[16];
};
#define IMA_EXT4_GETFSUUID _IOR('f', 44, struct ima_ext4_head)

struct ima_xfs_geometry {
	__u32 sizes[8];
	__u64 blocks[4];
	uint8_t uuid[16];
	__u32 more[7];
};
#define IMA_XFS_GEOMETRY _IOR('X', 100, struct ima_xfs_geometry)

_Static_assert(sizeof(struct ima_xfs_geometry) == 112, "the size is part of the call's number");

void ima_fs_uuid(int fd, uint8_t ret[static 16])
{
	struct ima_fsuuid2 id = { 0 };
	struct ima_ext4_uuid ext4 = { .head.len = sizeof(ext4.uuid) };
	struct ima_xfs_geometry xfs;
	struct btrfs_ioctl_fs_info_args btrfs;

	if (ioctl(fd, FS_IOC_GETFSUUID, &id) == 0 && id.len == sizeof(id.uuid))
		memcpy(ret, id.uuid, 16);
	else if (ioctl(fd, IMA_EXT4_GETFSUUID, &ext4) == 0)
		memcpy(ret, ext4.uuid, 16);
	else if (ioctl(fd, IMA_XFS_GEOMETRY, &xfs) == 0)
		memcpy(ret, xfs.uuid, 16);
	else if (memset(&btrfs, 0, sizeof(btrfs)), ioctl(fd, BTRFS_IOC_FS_INFO, &btrfs) == 0)
		memcpy(ret, btrfs.fsid, 16);
}
