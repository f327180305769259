/* SPDX-License-Identifier: BSD-2-Clause */
/* The compiled-in rules, as text in the policy language, in the order of the kernel's default list. */
#include <stdio.h>

#include "base/cleanup.h"
#include "core/policy/rule.h"

/* file systems that hold no programs of their own: magic numbers of <linux/magic.h> */
static const struct {
	const char *magic;
	bool measure;  /* in the dont_measure prefix */
	int appraise;  /* place in the dont_appraise list, 0: not there */
} quiet[] = {
	{ "0x9fa0", true, 1 },      /* proc */
	{ "0x62656572", true, 2 },  /* sysfs */
	{ "0x64626720", true, 3 },  /* debugfs */
	{ "0x1021994", true, 4 },   /* tmpfs */
	{ "0x858458f6", false, 5 }, /* ramfs */
	{ "0x1cd1", true, 6 },      /* devpts */
	{ "0x42494e4d", true, 7 },  /* binfmt_misc */
	{ "0x73636673", true, 8 },  /* securityfs */
	{ "0xf97cff8c", true, 9 },  /* selinuxfs */
	{ "0x43415d53", true, 10 }, /* smackfs */
	{ "0x27e0eb", true, 13 },   /* cgroup */
	{ "0x63677270", true, 14 }, /* cgroup2 */
	{ "0x6e736673", true, 11 }, /* nsfs */
	{ "0xde5e81e4", true, 12 }, /* efivarfs */
};

#define TMPFS_INDEX 3

static const char *const original_tcb[] = {
	"measure func=MMAP_CHECK mask=MAY_EXEC",
	"measure func=BPRM_CHECK mask=MAY_EXEC",
	"measure func=FILE_CHECK mask=MAY_READ uid=0",
	"measure func=MODULE_CHECK",
	"measure func=FIRMWARE_CHECK",
	NULL,
};

static const char *const default_tcb[] = {
	"measure func=MMAP_CHECK mask=MAY_EXEC",
	"measure func=BPRM_CHECK mask=MAY_EXEC",
	"measure func=FILE_CHECK mask=^MAY_READ euid=0",
	"measure func=FILE_CHECK mask=^MAY_READ uid=0",
	"measure func=MODULE_CHECK",
	"measure func=FIRMWARE_CHECK",
	"measure func=POLICY_CHECK",
	NULL,
};

static const char *const secure_boot_tail[] = {
	"appraise func=FIRMWARE_CHECK appraise_type=imasig",
	"appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig",
	"appraise func=POLICY_CHECK appraise_type=imasig",
	NULL,
};

struct sink {
	int (*fn)(void *user, const char *text);
	void *user;
	unsigned int version;
};

static int each(const struct sink *s, const char *const *list)
{
	int r = 0;

	for (; *list && r == 0; list++)
		r = s->fn(s->user, *list);
	return r;
}

static int quiet_measure(const struct sink *s)
{
	int r = 0;

	for (size_t i = 0; i < IMA_N_ELEMENTS(quiet) && r == 0; i++) {
		/* since 6.14 programs on tmpfs are measured: only plain reads are not */
		const bool reads_only = i == TMPFS_INDEX && s->version >= 614;
		char text[80];

		if (!quiet[i].measure)
			continue;
		snprintf(text, sizeof(text), "dont_measure %sfsmagic=%s",
			 reads_only ? "func=FILE_CHECK " : "", quiet[i].magic);
		r = s->fn(s->user, text);
	}
	return r;
}

static int quiet_appraise(const struct sink *s)
{
	int r = 0;

	for (int place = 1; place <= (int)IMA_N_ELEMENTS(quiet) && r == 0; place++) {
		for (size_t i = 0; i < IMA_N_ELEMENTS(quiet) && r == 0; i++) {
			char text[80];

			if (quiet[i].appraise != place)
				continue;
			snprintf(text, sizeof(text), "dont_appraise fsmagic=%s", quiet[i].magic);
			r = s->fn(s->user, text);
		}
	}
	return r;
}

static int secure_boot(const struct sink *s)
{
	int r = s->fn(s->user, s->version >= 619
				       ? "appraise func=MODULE_CHECK appraise_type=imasig|modsig"
				       : "appraise func=MODULE_CHECK appraise_type=imasig");

	return r < 0 ? r : each(s, secure_boot_tail);
}

static int appraise_tcb(const struct sink *s, const struct ima_policy_opts *opts)
{
	int r = quiet_appraise(s);

	if (r == 0 && !opts->no_write_policy)
		r = s->fn(s->user, "appraise func=POLICY_CHECK appraise_type=imasig");
	return r < 0 ? r : s->fn(s->user, "appraise fowner=0");
}

int ima_builtin_each(const struct ima_builtin_sets *sets, const struct ima_policy_opts *opts,
		     int (*fn)(void *user, const char *text), void *user)
{
	const struct sink s = { .fn = fn, .user = user,
				.version = ima_profile_number(opts->profile) };
	int r = 0;

	if (sets->tcb || sets->original_tcb) {
		r = quiet_measure(&s);
		if (r == 0)
			r = each(&s, sets->tcb ? default_tcb : original_tcb);
	}
	if (r == 0 && sets->secure_boot)
		r = secure_boot(&s);
	if (r == 0 && sets->appraise_tcb)
		r = appraise_tcb(&s, opts);
	if (r == 0 && sets->critical_data)
		r = fn(user, "measure func=CRITICAL_DATA");
	return r;
}
