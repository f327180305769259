/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl under the name evmctl: its commands, options, texts and exit statuses, over the calls that imactl's own commands use. What
 * differs on purpose is listed in docs/EVMCTL.md.
 *
 * Exit status: 0, 1 checked and bad, 125 could not be done.
 */
#pragma once

#include <ima/pcr.h>
#include <ima/signer.h>

#include "imactl/label_file.h"

enum { EVMCTL_BAD = 1, EVMCTL_UNABLE = 125 };

#define EVMCTL_MAX_KEYS 64
#define EVMCTL_MAX_PCRS 8
#define EVMCTL_KEY_PRIVATE "/etc/keys/privkey_evm.pem"
#define EVMCTL_KEY_PUBLIC "/etc/keys/x509_evm.der"
#define EVMCTL_KEY_HMAC "/etc/keys/evm-key-plain"

/** struct evmctl_number - a number of the metadata block given on the command line */
struct evmctl_number {
	bool given;
	uint64_t value;
};

/** struct evmctl - what the command line says */
struct evmctl {
	const char *command; /* as typed */
	enum ima_hash_algo algo;
	const char *algo_name; /* as typed, for messages */
	unsigned int verbose;

	/* keys */
	const char *key, *keyid, *keyid_cert, *engine, *provider, *hmackey;
	const char *password;
	bool ask_password, sig_v1;

	/* labels */
	bool imasig, imahash, sigfile, dry_run, user_names, verity, v3;
	bool recursive, one_fs, skip_labelled;

	/* metadata */
	bool portable, immutable, smack, m32, no_uuid;
	const char *uuid, *ima, *selinux, *caps;
	struct evmctl_number ino, uid, gid, mode, generation;

	/* lists and PCRs */
	const char *pcrs[EVMCTL_MAX_PCRS];
	size_t n_pcrs;
	const char *verify_bank;
	bool verify_sig, ignore_violations, hardware;
};

/** struct evmctl_command - a row of the table in evmctl.c */
struct evmctl_command {
	const char *name;
	int (*run)(struct evmctl *e, int argc, char **argv); /* the words behind the command; an exit status */
	const char *args;
	const char *summary;
};

/** evmctl_main() - the whole program; argv[0] is its name */
int evmctl_main(int argc, char **argv);

/** ima_boot_aggregate_main() - the standalone program of that name */
int ima_boot_aggregate_main(int argc, char **argv);

int evmctl_convert(struct evmctl *e, int argc, char **argv);
int evmctl_hmac(struct evmctl *e, int argc, char **argv);
int evmctl_ima_boot_aggregate(struct evmctl *e, int argc, char **argv);
int evmctl_ima_clear(struct evmctl *e, int argc, char **argv);
int evmctl_ima_fix(struct evmctl *e, int argc, char **argv);
int evmctl_ima_hash(struct evmctl *e, int argc, char **argv);
int evmctl_ima_measurement(struct evmctl *e, int argc, char **argv);
int evmctl_ima_setxattr(struct evmctl *e, int argc, char **argv);
int evmctl_ima_sign(struct evmctl *e, int argc, char **argv);
int evmctl_ima_verify(struct evmctl *e, int argc, char **argv);
int evmctl_import(struct evmctl *e, int argc, char **argv);
int evmctl_sign(struct evmctl *e, int argc, char **argv);
int evmctl_sign_hash(struct evmctl *e, int argc, char **argv);
int evmctl_verify(struct evmctl *e, int argc, char **argv);

/** evmctl_usage() - words are missing; EVMCTL_UNABLE */
int evmctl_usage(const struct evmctl *e);

/* say.c: text for stderr, into the result of a file where there is one */

void evmctl_say(struct imactl_file_result *res, const char *fmt, ...) ima_printf(2, 3);

#define EVMCTL_HEX (2 * IMA_DIGEST_MAX + 1)

/** evmctl_hex() - a digest's bytes as text; returns @ret */
const char *evmctl_hex(const uint8_t *digest, size_t len, char ret[static EVMCTL_HEX]);

/** evmctl_say_hex() - "PREFIXhex\n" */
void evmctl_say_hex(struct imactl_file_result *res, const char *prefix, struct ima_bytes bytes);

/** evmctl_print_hex() - a line of hex for stdout */
void evmctl_print_hex(struct imactl_file_result *res, struct ima_bytes bytes);

/** evmctl_say_digest() - "hash(sha256): hex" */
void evmctl_say_digest(const struct evmctl *e, struct imactl_file_result *res, const struct ima_digest *d);

/** evmctl_fail() - text, then "errno: ..." where @error is one; EVMCTL_UNABLE */
int evmctl_fail(int error, const char *fmt, ...) ima_printf(2, 3);

/** evmctl_file_fail() - the same for one file of many; it counts as not done, or as left when the user interrupted, without a word */
void evmctl_file_fail(struct imactl_file_result *res, int error, const char *fmt, ...) ima_printf(3, 4);

/* key.c */

/** evmctl_signer() - the private key that the command line names; 0, or said why and EVMCTL_UNABLE */
int evmctl_signer(const struct evmctl *e, struct ima_signer **ret);

/** struct evmctl_keys - certificates in the order of -k */
struct evmctl_keys {
	size_t n;
	struct ima_key *keys[EVMCTL_MAX_KEYS];
};

/** evmctl_keys_load() - those of -k, else the default one; what cannot be read is named and left out */
void evmctl_keys_load(const struct evmctl *e, struct evmctl_keys *ret);
void evmctl_keys_free(struct evmctl_keys *k);

/** evmctl_keys_check() - by the key that the signature names; says what is wrong with it */
enum ima_sig_verdict evmctl_keys_check(const struct evmctl *e, const struct evmctl_keys *k, const char *path,
				       const struct ima_signature *s, const struct ima_digest *digest,
				       struct imactl_file_result *res);

/* files.c */

/** evmctl_files() - @fn for each file of @argv, below them with -r; an exit status */
int evmctl_files(const struct evmctl *e, int argc, char **argv, bool follow, imactl_file_fn fn, void *user);

/* content.c: security.ima of one file; 0, or said why and -errno */

struct evmctl_value {
	uint8_t bytes[IMA_SIGNER_MAX_VALUE];
	size_t len;
};

static inline struct ima_bytes evmctl_value_bytes(const struct evmctl_value *v)
{
	return (struct ima_bytes){ v->bytes, v->len };
}

ima_must_check int evmctl_label_sign(const struct evmctl *e, const struct ima_signer *s, struct ima_hasher *h,
				     const struct imactl_file *file, struct imactl_label_file *f,
				     struct evmctl_value *ret, struct imactl_file_result *res);
ima_must_check int evmctl_label_hash(const struct evmctl *e, struct ima_hasher *h, const struct imactl_file *file,
				     struct imactl_label_file *f, struct evmctl_value *ret,
				     struct imactl_file_result *res);

/** evmctl_label_set() - unless -n */
ima_must_check int evmctl_label_set(const struct evmctl *e, const char *path, const struct imactl_label_file *f,
				    const char *which, struct ima_bytes value, struct imactl_file_result *res);

/** evmctl_open() - -errno and said why */
ima_must_check int evmctl_open(const struct evmctl *e, const struct imactl_file *file,
			       struct imactl_label_file *ret, struct imactl_file_result *res);

/* pcrs.c */

/** evmctl_pcrs() - from --pcrs, else a TPM; 0, or said why and EVMCTL_UNABLE */
int evmctl_pcrs(const struct evmctl *e, struct ima_pcrs *ret);

/** evmctl_pcrs_found() - without --pcrs; false: there is no source */
bool evmctl_pcrs_found(const struct evmctl *e, struct ima_pcrs *ret);
