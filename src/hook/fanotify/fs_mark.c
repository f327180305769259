/* SPDX-License-Identifier: BSD-2-Clause */
/* Which events a file system's rules need, and the mark for them. */
#include "hook/fanotify/fs_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"

static enum ima_fan_class classify(const struct ima_mount *mnt)
{
	static const char *const stacked[] = { "overlay", "aufs", "ecryptfs" };
	static const char *const remote[] = { "fuse", "fuseblk", "virtiofs", "nfs", "nfs4", "cifs",
					      "smb3", "9p", "ceph", "afs", "lustre", "gfs2",
					      "ocfs2", "orangefs", "coda" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(stacked); i++)
		if (!strcmp(mnt->fstype, stacked[i]))
			return IMA_FAN_STACKED;
	for (size_t i = 0; i < IMA_N_ELEMENTS(remote); i++)
		if (!strcmp(mnt->fstype, remote[i]))
			return IMA_FAN_REMOTE;
	return IMA_FAN_PLAIN;
}

static void fs_facts(const struct ima_mount *mnt, const char *path, struct ima_policy_event *ret)
{
	struct statfs sf;

	*ret = (struct ima_policy_event){ .fsname = mnt->fstype, .fs_subtype = mnt->subtype };
	if (statfs(path, &sf) == 0)
		ret->fsmagic = (uint64_t)sf.f_type;
}

/* @appraised: what the kernel reads by itself is judged when it is opened: without a verdict the gate refuses the read */
static uint64_t wanted_events(uint32_t scope, uint32_t appraised)
{
	const uint32_t execs = 1U << IMA_FUNC_BPRM_CHECK | 1U << IMA_FUNC_CREDS_CHECK;
	const uint32_t reads = 1U << IMA_FUNC_MODULE_CHECK | 1U << IMA_FUNC_KEXEC_KERNEL_CHECK |
			       1U << IMA_FUNC_KEXEC_INITRAMFS_CHECK;

	if (appraised & reads)
		scope |= 1U << IMA_FUNC_FILE_CHECK;
	scope &= execs | 1U << IMA_FUNC_FILE_CHECK | 1U << IMA_FUNC_MMAP_CHECK |
		 1U << IMA_FUNC_MMAP_CHECK_REQPROT | 1U << IMA_FUNC_FIRMWARE_CHECK;
	if (!scope)
		return 0;
	return scope & ~execs ? FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM : FAN_OPEN_EXEC_PERM;
}

/* labels follow what is written where opens are appraised */
static uint64_t closing_events(uint64_t events, uint32_t appraised)
{
	return (events & FAN_OPEN_PERM) && (appraised & 1U << IMA_FUNC_FILE_CHECK) ? FAN_CLOSE_WRITE : 0;
}

static const char *mark_reason(int error)
{
	switch (error) {
	case EINVAL:
	case EOPNOTSUPP:
	case ENODEV:
		return "the kernel takes no permission mark there";
	case EACCES:
	case EPERM:
		return "not permitted";
	case ENOMEM:
		return "out of memory";
	default:
		return "marking failed";
	}
}

void ima_fs_mark(const struct ima_fan *f, struct ima_monitor *m, const struct ima_mount *mnt, const char *path,
		 struct ima_fs_mark *ret)
{
	const uint64_t all = FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM | FAN_CLOSE_WRITE;
	const int group = f->group[classify(mnt)];
	struct ima_policy_event facts;
	uint64_t events;

	*ret = (struct ima_fs_mark){ 0 };
	fs_facts(mnt, path, &facts);
	ret->scope = ima_monitor_scope(m, &facts);
	ret->appraised = ima_monitor_appraises(m, &facts);
	events = wanted_events(ret->scope, f->gate ? ret->appraised : 0);
	events |= closing_events(events, ret->appraised);
	if (all & ~events)
		ima_ignore(fanotify_mark(group, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM,
					 all & ~events, AT_FDCWD, path));
	if (!events)
		ret->reason = "no rule can match there";
	else if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, events, AT_FDCWD, path) < 0)
		ret->reason = mark_reason(errno);
}
