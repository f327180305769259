/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of imad. Long options are the settings' names with dashes; NAME=VALUE takes any setting. */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "imad/config.h"

#ifndef IMA_VERSION
#define IMA_VERSION "unknown"
#endif

enum { OPT_HELP = 'h', OPT_VERSION = 'V', OPT_CONFIG = 256, OPT_POLICY, OPT_SETTING };

static const struct option options[] = {
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "tpm", required_argument, NULL, OPT_SETTING },
	{ "audit", required_argument, NULL, OPT_SETTING },
	{ "state-dir", required_argument, NULL, OPT_SETTING },
	{ "kexec-buffer", required_argument, NULL, OPT_SETTING },
	{ "run-dir", required_argument, NULL, OPT_SETTING },
	{ "mount-point", required_argument, NULL, OPT_SETTING },
	{ "scope-mount", required_argument, NULL, OPT_SETTING },
	{ "behaviour", required_argument, NULL, OPT_SETTING },
	{ "pcr", required_argument, NULL, OPT_SETTING },
	{ "allow-kernel-ima", required_argument, NULL, OPT_SETTING },
	{ "deadline-ms", required_argument, NULL, OPT_SETTING },
	{ "settle-ms", required_argument, NULL, OPT_SETTING },
	{ "threads", required_argument, NULL, OPT_SETTING },
	{ "tier", required_argument, NULL, OPT_SETTING },
	{ "guard", required_argument, NULL, OPT_SETTING },
	{ "keys", required_argument, NULL, OPT_SETTING },
	{ "evm-keys", required_argument, NULL, OPT_SETTING },
	{ "trusted-keys", required_argument, NULL, OPT_SETTING },
	{ "evm-key", required_argument, NULL, OPT_SETTING },
	{ "evm-master-key", required_argument, NULL, OPT_SETTING },
	{ "fail-mode", required_argument, NULL, OPT_SETTING },
	{ "grace", required_argument, NULL, OPT_SETTING },
	{ 0 },
};

static void print_help(FILE *f)
{
	fputs("usage: imad [OPTION...] [NAME=VALUE...]\n"
	      "\n"
	      "Measures every program, library and file that the policy names before it is used.\n"
	      "\n"
	      "  --policy WORDS|FILE   builtin sets (tcb, appraise_tcb, secure_boot, critical_data,\n"
	      "                        fail_securely), or a file with rules\n"
	      "  --tpm SPEC            auto, none, embedded, or a TCTI such as swtpm:path=SOCKET\n"
	      "  --audit TO            audit records: auto (default), kernel, journal, log, or a file\n"
	      "  --config FILE         settings file (default " IMAD_CONFIG_FILE ")\n"
	      "  --state-dir DIR       journal and embedded TPM (default " IMAD_STATE_DIR ")\n"
	      "  --kexec-buffer FILE   list of before a kexec: goes in front of a new list\n"
	      "  --run-dir DIR         lock and control socket (default " IMAD_RUN_DIR ")\n"
	      "  --mount-point DIR     securityfs view, or none (default " IMAD_VIEW_MOUNT ")\n"
	      "  --scope-mount PATH    hook only mounts at or under PATH; may be repeated\n"
	      "  --behaviour VERSION   kernel to behave like: 6.1, 6.12, 7.1, newest\n"
	      "  --pcr N               PCR of the list (default 10)\n"
	      "  --allow-kernel-ima 1  extend PCR 10 although the kernel's own IMA does\n"
	      "  --deadline-ms N       longest wait of one access, without the time to hash\n"
	      "  --settle-ms N         files changed more recently are measured at each use\n"
	      "  --tier NAME           auto (default), gate (BPF LSM and fanotify) or fanotify\n"
	      "  --fail-mode MODE      gate: open (default) lets uses without a verdict pass, closed refuses\n"
	      "  --grace SECONDS       enforcing new rules ends after this unless it is confirmed (default 300; 0: never)\n"
	      "  --guard LEVEL         gate: off (default); on: imad cannot be killed, traced or unpinned; sealed: nor stopped\n"
	      "  --keys PATH           certificates that verify files (default /etc/keys/x509_ima.der, /etc/keys/ima)\n"
	      "  --evm-keys PATH       certificates that verify metadata (default /etc/keys/x509_evm.der, /etc/keys/evm)\n"
	      "  --trusted-keys PATH   use only certificates that these signed\n"
	      "  --evm-key FILE        HMAC key of EVM, plain or an encrypted key of the kernel's\n"
	      "  --evm-master-key FILE the user key that encrypted it\n"
	      "  --threads N           hashing threads for local file systems\n"
	      "  NAME=VALUE            a kernel parameter (ima_policy=, ima_template=, ima_hash=, ...)\n"
	      "                        or any setting of imad.conf(5)\n",
	      f);
}

static int complain(const char *text)
{
	fprintf(stderr, "imad: %s\n", text);
	return -EINVAL;
}

static int set_named(struct imad_config *c, const char *name, const char *value)
{
	struct ima_diag diag = { 0 };
	char key[64];
	int r;

	snprintf(key, sizeof(key), "%s", name);
	for (char *p = key; *p; p++)
		if (*p == '-')
			*p = '_';
	r = imad_config_set(c, IMAD_FROM_ARGS, key, value, &diag);
	return r < 0 ? complain(diag.text) : 0;
}

static int set_policy_arg(struct imad_config *c, const char *value)
{
	return set_named(c, strchr(value, '/') ? "policy_file" : "ima_policy", value);
}

/* @word stays whole: an imad that takes over is given it again */
static int set_word(struct imad_config *c, const char *word)
{
	const char *eq = strchr(word, '=');
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)(eq ? eq - word : (ptrdiff_t)strlen(word)), word);
	return set_named(c, name, eq ? eq + 1 : "");
}

static int one_option(struct imad_config *c, int opt, int index, char **ret_config_file)
{
	switch (opt) {
	case OPT_HELP:
		print_help(stdout);
		return 1;
	case OPT_VERSION:
		printf("imad %s\n", IMA_VERSION);
		return 1;
	case OPT_CONFIG:
		*ret_config_file = optarg;
		return 0;
	case OPT_POLICY:
		return c ? set_policy_arg(c, optarg) : 0;
	case OPT_SETTING:
		return c ? set_named(c, options[index].name, optarg) : 0;
	default:
		fputs("imad: see imad --help\n", stderr);
		return -EINVAL;
	}
}

/* @c NULL: only help, version and the settings file's name */
int imad_config_args(struct imad_config *c, int argc, char **argv, char **ret_config_file)
{
	int opt, index = 0, r = 0;

	optind = 1;
	while (r == 0 && (opt = getopt_long(argc, argv, "hV", options, &index)) != -1)
		r = one_option(c, opt, index, ret_config_file);
	for (int i = optind; c && r == 0 && i < argc; i++)
		r = set_word(c, argv[i]);
	return r;
}
