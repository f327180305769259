/* SPDX-License-Identifier: BSD-2-Clause */
/* The command lines of hash, sign, verify and clear: one table, one struct. */
#pragma once

#include <ima/policy.h>
#include <ima/sig.h>

#include "imactl/archive_job.h"
#include "imactl/files.h"
#include "imactl/key_source.h"

enum imactl_label_command {
	IMACTL_HASH = 1U << 0,
	IMACTL_SIGN = 1U << 1,
	IMACTL_VERIFY = 1U << 2,
	IMACTL_CLEAR = 1U << 3,
};

struct imactl_label_opts {
	struct imactl_files_opts files;
	enum ima_hash_algo algo;
	struct ima_verity_opts verity;
	struct imactl_key_opts key; /* sign */
	const char *evm_kind;       /* sign: "portable", "immutable" or NULL */
	enum ima_profile profile;   /* verify */
	struct ima_keyring *keys;   /* verify; owned */
	bool by_verity, by_hash, v3, user_names, dry_run, changed_only;
	bool sigfile;               /* labels beside the file; sign: besides the attributes */
	bool detached;              /* sign: in place of them */
	bool signature, evm, ima;   /* verify: what must be there; clear: what goes */
	bool modsig;                /* verify: an appended signature will do */
	bool named_keys, named_profile; /* verify: -k, --profile were given */
	struct imactl_archive_opts from; /* .archive NULL: files */
	char *const *paths;
	int n_paths;
};

/** imactl_label_opts_parse() - EXIT_GOOD, or said why. @ret is freed with imactl_label_opts_done() in any case */
int imactl_label_opts_parse(int argc, char **argv, enum imactl_label_command command,
			    struct imactl_label_opts *ret);
void imactl_label_opts_done(struct imactl_label_opts *o);
