/* SPDX-License-Identifier: BSD-2-Clause */
/* What "imactl policy explain" and "simulate" share: which rules, and who does what to which file. */
#pragma once

#include <ima/policy.h>

#include "imactl/command.h"

/** struct policy_source - from the command line */
struct policy_source {
	const char *file, *builtin, *control;
	enum ima_profile profile;
};

/** imactl_policy_open() - the rules of a file, a builtin set, or those that the daemon has in force
 * @ret: freed with ima_policy_free(). Return: 0, or an EXIT_ value after a message
 */
int imactl_policy_open(const struct policy_source *s, struct ima_policy **ret);

/** struct event_facts - one event, as far as the command line says it; the rest is taken from the file */
struct event_facts {
	struct ima_policy_event ev;
	bool has_func, has_mask, has_fowner, has_fgroup, has_fsmagic, has_fsuuid;
	bool has[6]; /* uid euid suid gid egid sgid */
	bool has_caps;
	char fsname[64], fs_subtype[64];
};

/** option values of the facts, for getopt_long(): hand 'val' and optarg to imactl_facts_option() */
enum { FACT_FUNC = 256, FACT_MASK, FACT_UID, FACT_EUID, FACT_SUID, FACT_GID, FACT_EGID, FACT_SGID, FACT_FOWNER,
       FACT_FGROUP, FACT_FSMAGIC, FACT_FSNAME, FACT_FS_SUBTYPE, FACT_FSUUID, FACT_DATA, FACT_NO_CAPS };

#define FACT_OPTIONS                                                                               \
	{ "func", required_argument, NULL, FACT_FUNC }, { "mask", required_argument, NULL, FACT_MASK },         \
	{ "uid", required_argument, NULL, FACT_UID }, { "euid", required_argument, NULL, FACT_EUID },           \
	{ "suid", required_argument, NULL, FACT_SUID }, { "gid", required_argument, NULL, FACT_GID },           \
	{ "egid", required_argument, NULL, FACT_EGID }, { "sgid", required_argument, NULL, FACT_SGID },         \
	{ "fowner", required_argument, NULL, FACT_FOWNER }, { "fgroup", required_argument, NULL, FACT_FGROUP }, \
	{ "fsmagic", required_argument, NULL, FACT_FSMAGIC }, { "fsname", required_argument, NULL, FACT_FSNAME }, \
	{ "fs-subtype", required_argument, NULL, FACT_FS_SUBTYPE },                                             \
	{ "fsuuid", required_argument, NULL, FACT_FSUUID }, { "data-name", required_argument, NULL, FACT_DATA }, \
	{ "no-caps", no_argument, NULL, FACT_NO_CAPS }

/** imactl_facts_option() - 0, or EXIT_USAGE after a message */
int imactl_facts_option(struct event_facts *f, int val, const char *text);

/** imactl_facts_subject() - fill in what follows: euid from uid and so on, capabilities from euid 0 */
void imactl_facts_subject(struct event_facts *f);

/** imactl_facts_file() - owner and file system of an open file, where the command line does not say them. -errno */
ima_must_check int imactl_facts_file(struct event_facts *f, int fd);
