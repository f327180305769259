/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SELinux labels are user:role:type[:level], the same for tasks and files. Smack has one word, which rules call user. AppArmor
 * labels tasks only, "profile (mode)", which rules call subj_role.
 */
#include "hook/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static bool exists(const char *sys, const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", sys, path);
	return access(whole, F_OK) == 0;
}

static bool says_yes(const char *sys, const char *path)
{
	char whole[256], c = 0;
	ima_cleanup(ima_closep) int fd = -EBADF;

	snprintf(whole, sizeof(whole), "%s%s", sys, path);
	fd = open(whole, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &c, 1) == 1 && c == 'Y';
}

enum ima_lsm ima_lsm_detect(const char *sys)
{
	if (exists(sys, "/fs/selinux/enforce"))
		return IMA_LSM_SELINUX;
	if (exists(sys, "/fs/smackfs/load2"))
		return IMA_LSM_SMACK;
	return says_yes(sys, "/module/apparmor/parameters/enabled") ? IMA_LSM_APPARMOR : IMA_LSM_NONE;
}

static const struct {
	const char *name, *xattr;
	uint8_t slots;
} modules[IMA_LSM__LAST] = {
	[IMA_LSM_NONE] = { "none", NULL, 0 },
	[IMA_LSM_SELINUX] = { "selinux", "security.selinux", 0x3f },
	[IMA_LSM_SMACK] = { "smack", "security.SMACK64", 1U << 0 | 1U << 3 },
	[IMA_LSM_APPARMOR] = { "apparmor", NULL, 1U << 4 },
};

const char *ima_lsm_name(enum ima_lsm lsm)
{
	return modules[lsm].name;
}

uint8_t ima_lsm_slots(enum ima_lsm lsm)
{
	return modules[lsm].slots;
}

const char *ima_lsm_xattr(enum ima_lsm lsm)
{
	return modules[lsm].xattr;
}

static void split_selinux(struct ima_bytes text, struct ima_bytes ret[static 3])
{
	for (size_t i = 0; i < 3 && text.len; i++) {
		const uint8_t *colon = memchr(text.data, ':', text.len);
		const size_t len = colon ? (size_t)(colon - text.data) : text.len;

		ret[i] = (struct ima_bytes){ text.data, len };
		text.data += len + (colon != NULL);
		text.len -= len + (colon != NULL);
	}
}

/* "profile (enforce)"; a profile's name may have blanks and parentheses of its own */
static struct ima_bytes without_mode(struct ima_bytes text)
{
	const uint8_t *blank;

	if (!text.len || text.data[text.len - 1] != ')')
		return text;
	blank = memrchr(text.data, ' ', text.len);
	if (blank && blank[1] == '(')
		text.len = (size_t)(blank - text.data);
	return text;
}

struct ima_bytes ima_lsm_trim(struct ima_bytes text)
{
	while (text.len && (text.data[text.len - 1] == 0 || text.data[text.len - 1] == '\n'))
		text.len--;
	return text;
}

void ima_lsm_split(enum ima_lsm lsm, bool object, struct ima_bytes text, struct ima_bytes ret[static 3])
{
	for (size_t i = 0; i < 3; i++)
		ret[i] = (struct ima_bytes){ 0 };
	text = ima_lsm_trim(text);
	if (lsm == IMA_LSM_SELINUX)
		split_selinux(text, ret);
	else if (lsm == IMA_LSM_SMACK)
		ret[0] = text;
	else if (lsm == IMA_LSM_APPARMOR && !object)
		ret[1] = without_mode(text);
}
