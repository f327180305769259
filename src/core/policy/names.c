/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of funcs and behaviour profiles. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/policy/rule.h"

static const char *const func_names[IMA_FUNC__LAST] = {
	[IMA_FUNC_NONE] = "NONE",
	[IMA_FUNC_FILE_CHECK] = "FILE_CHECK",
	[IMA_FUNC_MMAP_CHECK] = "MMAP_CHECK",
	[IMA_FUNC_MMAP_CHECK_REQPROT] = "MMAP_CHECK_REQPROT",
	[IMA_FUNC_BPRM_CHECK] = "BPRM_CHECK",
	[IMA_FUNC_CREDS_CHECK] = "CREDS_CHECK",
	[IMA_FUNC_POST_SETATTR] = "POST_SETATTR",
	[IMA_FUNC_MODULE_CHECK] = "MODULE_CHECK",
	[IMA_FUNC_FIRMWARE_CHECK] = "FIRMWARE_CHECK",
	[IMA_FUNC_KEXEC_KERNEL_CHECK] = "KEXEC_KERNEL_CHECK",
	[IMA_FUNC_KEXEC_INITRAMFS_CHECK] = "KEXEC_INITRAMFS_CHECK",
	[IMA_FUNC_POLICY_CHECK] = "POLICY_CHECK",
	[IMA_FUNC_KEXEC_CMDLINE] = "KEXEC_CMDLINE",
	[IMA_FUNC_KEY_CHECK] = "KEY_CHECK",
	[IMA_FUNC_CRITICAL_DATA] = "CRITICAL_DATA",
	[IMA_FUNC_SETXATTR_CHECK] = "SETXATTR_CHECK",
};

const char *ima_func_name(enum ima_func f)
{
	return (unsigned int)f < IMA_FUNC__LAST ? func_names[f] : NULL;
}

static bool is_word(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(name, word, len);
}

/* NONE and POST_SETATTR are the kernel's own: no rule can name them */
int ima_func_by_name(const char *name, size_t len, enum ima_func *ret)
{
	for (unsigned int f = IMA_FUNC_FILE_CHECK; f < IMA_FUNC__LAST; f++) {
		if (f == IMA_FUNC_POST_SETATTR || !is_word(name, len, func_names[f]))
			continue;
		*ret = (enum ima_func)f;
		return 0;
	}
	if (is_word(name, len, "PATH_CHECK"))
		*ret = IMA_FUNC_FILE_CHECK;
	else if (is_word(name, len, "FILE_MMAP"))
		*ret = IMA_FUNC_MMAP_CHECK;
	else
		return -ENOENT;
	return 0;
}

static const char *const mask_names[] = { "MAY_EXEC", "MAY_WRITE", "MAY_READ", "MAY_APPEND" };

int ima_mask_parse(const char *text, unsigned int *ret)
{
	unsigned int mask = 0;

	while (*text) {
		const size_t len = strcspn(text, "|");
		size_t i;

		for (i = 0; i < IMA_N_ELEMENTS(mask_names); i++)
			if (is_word(text, len, mask_names[i]))
				break;
		if (i == IMA_N_ELEMENTS(mask_names))
			return -EINVAL;
		mask |= 1U << i;
		text += len + (text[len] == '|');
	}
	*ret = mask;
	return 0;
}

void ima_mask_text(unsigned int mask, char ret[48])
{
	size_t n = 0;

	ret[0] = 0;
	for (unsigned int i = 0; i < IMA_N_ELEMENTS(mask_names); i++)
		if (mask >> i & 1)
			n += (size_t)snprintf(ret + n, 48 - n, "%s%s", n ? "|" : "", mask_names[i]);
}

static const struct {
	const char *name;
	unsigned int version;
} profiles[IMA_PROFILE__LAST] = {
	[IMA_PROFILE_NEWEST] = { "newest", 702 },
	[IMA_PROFILE_6_1] = { "6.1", 601 },
	[IMA_PROFILE_6_12] = { "6.12", 612 },
	[IMA_PROFILE_7_1] = { "7.1", 701 },
};

int ima_profile_by_name(const char *name, enum ima_profile *ret)
{
	for (unsigned int p = 0; p < IMA_PROFILE__LAST; p++) {
		if (strcmp(name, profiles[p].name))
			continue;
		*ret = (enum ima_profile)p;
		return 0;
	}
	return -ENOENT;
}

const char *ima_profile_name(enum ima_profile p)
{
	return (unsigned int)p < IMA_PROFILE__LAST ? profiles[p].name : NULL;
}

unsigned int ima_profile_number(enum ima_profile p)
{
	return (unsigned int)p < IMA_PROFILE__LAST ? profiles[p].version : 702;
}
