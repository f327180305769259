/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings: kernel parameters by their kernel names, and imad's own. Sources in this order, a later one wins: the kernel command
 * line, the settings file, the command line. A wrong kernel parameter is reported and ignored, as the kernel does; anything
 * else that is wrong is refused.
 */
#pragma once

#include <ima/policy.h>

#include "hook/lsm.h"

#define IMAD_MAX_SCOPES 64
#define IMAD_GRACE_S 300
#define IMAD_AUDIT_RATE 1000
#define IMAD_CONFIG_FILE "/etc/imad/imad.conf"
#define IMAD_POLICY_FILE "/etc/ima/ima-policy"
#define IMAD_STATE_DIR "/var/lib/imad"
#define IMAD_RUN_DIR "/run/imad"
#define IMAD_VIEW_MOUNT "/sys/kernel/security"

enum imad_source { IMAD_FROM_DEFAULT = 0, IMAD_FROM_KERNEL, IMAD_FROM_FILE, IMAD_FROM_ARGS };

#define IMAD_KEYRING "keyring:"

struct imad_config {
	/* kernel parameters */
	char *policy_names; /* ima_policy=, ima_tcb, ima_appraise_tcb: words for ima_policy_builtin(); NULL: none */
	enum imad_source policy_source;
	char *template_name; /* name or format; NULL: default */
	char *template_fmt;
	enum ima_hash_algo hash;
	bool hash_given;
	char appraise[8];    /* "enforce", "fix", "log", "off" */
	bool appraise_given; /* without it appraise rules are not carried out */
	bool emergency;      /* imad.appraise=log on the kernel command line: nothing is refused, whatever else is set */
	bool evm_fix;        /* evm=fix */
	unsigned int grace_s; /* enforcing new rules ends after this unless it is confirmed; 0: never */
	bool canonical;
	bool flush_htable;   /* deleting staged records lets what they said be listed again */
	bool audit_info;     /* integrity_audit=1 or ima_audit=1 */
	/* imad's own */
	char *policy_file;
	bool policy_file_given;
	char *keys;         /* certificates of .ima: a file or a folder; NULL: /etc/keys/x509_ima.der and /etc/keys/ima */
	char *evm_keys;     /* the same for .evm */
	char *trusted_keys; /* only what these signed may enter: a place, or IMAD_KEYRING and a keyring of the kernel; NULL: every certificate */
	bool kernel_keyrings; /* keys that the kernel keeps verify too */
	char *revoked_keys;   /* certificates whose signatures are refused: a file or a folder */
	char *revoked_hashes; /* contents that are refused: a file of digests */
	char *evm_key;      /* HMAC key, a file that root alone can read: its bytes, or an encrypted key of the kernel's; NULL: none */
	char *evm_master_key; /* what decrypts that */
	char *kexec_buffer; /* list of the kernel before a kexec; NULL: none */
	char *audit;         /* where audit records go: "auto", "kernel", "journal", "log", or a path */
	unsigned int audit_rate; /* records a second; 0: any number */
	char *tpm;
	bool fail_closed;    /* gate: uses without a verdict are refused */
	unsigned int guard;  /* gate: IMA_GATE_GUARD_* */
	char tier[9];        /* "auto", "gate", "fanotify" */
	char *state_dir;
	char *run_dir;
	char *mount_point; /* of the view; "none": no view */
	char *scopes[IMAD_MAX_SCOPES + 1];
	size_t n_scopes;
	enum ima_profile profile;
	unsigned int pcr;
	bool pcr_given;
	bool allow_kernel_ima; /* share PCR 10 with an active kernel IMA */
	enum ima_lsm lsm;      /* not a setting: what the running kernel has, found at start */
	uint64_t deadline_ms;
	uint64_t settle_ms;
	unsigned int threads;
	/* one line each; printed once at start */
	char *warnings;
};

void imad_config_init(struct imad_config *c);
void imad_config_done(struct imad_config *c);

/** imad_config_appraises() - appraise rules are carried out: ima_appraise= was given and is not off */
bool imad_config_appraises(const struct imad_config *c);
bool imad_config_enforces(const struct imad_config *c);
bool imad_config_fixes(const struct imad_config *c);

/** imad_config_violations_once() - later kernels (6.12.117 seen) list a file's readers and writers once, not each time */
bool imad_config_violations_once(const struct imad_config *c);

/** imad_config_kernel() - take the parameters of a kernel command line text; problems become warnings */
ima_must_check int imad_config_kernel(struct imad_config *c, const char *cmdline);

/** imad_config_file() - read an ini file; @required: a missing file is an error. -EINVAL with @diag (line) */
ima_must_check int imad_config_file(struct imad_config *c, const char *path, bool required,
				    struct ima_diag *diag);

/** imad_config_set() - one setting by name. -ENOENT unknown name, -EINVAL bad value with @diag */
ima_must_check int imad_config_set(struct imad_config *c, enum imad_source source, const char *key,
				   const char *value, struct ima_diag *diag);

/** imad_config_args() - the program's arguments. Return: 0, 1 said all (help, version), -EINVAL usage (message printed) */
ima_must_check int imad_config_args(struct imad_config *c, int argc, char **argv,
				    char **ret_config_file);
