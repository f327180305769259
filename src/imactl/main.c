/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl: the command table. Exit status: 0 good, 1 checked and bad, 2 usage, 3 could not check. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "imactl/command.h"
#include "imactl/compat/evmctl.h"
#include "imactl/help.h"
#include "imactl/interrupt.h"

#ifndef IMA_VERSION
#define IMA_VERSION "unknown"
#endif

/* what hash, sign, verify and clear share */
#define FILE_OPTIONS "[-r] [-x] [--include GLOB] [--exclude GLOB] [--files-from FILE [-0]] [--user] [--threads N] [-q] [--json] PATH..."

const struct imactl_command imactl_commands[] = {
	{ "status", cmd_status, "status [--json] [--control SOCKET]",
	  "what the daemon does, in which tier, and why" },
	{ "list", cmd_list,
	  "list [FILE] [--follow] [--json] [--format text|binary|json|kexec|cel-json|cel-cbor] "
	  "[--from text|binary|kexec|journal|cel-json|cel-cbor] [--tail N] [--bank ALG] [--control SOCKET]",
	  "the measurement list, live or from a file, in any form" },
	{ "replay", cmd_replay,
	  "replay [FILE] [--pcrs FILE] [--tpm SPEC] [--bank ALG] [--format text|binary|kexec|journal] [--threads N] [--json] [--control SOCKET]",
	  "does the list lead to the PCR values?" },
	{ "boot-aggregate", cmd_boot_aggregate,
	  "boot-aggregate [--pcrs FILE | --eventlog FILE] [--tpm SPEC] [--list FILE | --live-list] [--json] [--control SOCKET]",
	  "the boot aggregate of each bank; with a list, whether its first record is that" },
	{ "eventlog", cmd_eventlog, "eventlog [FILE] [--json]",
	  "the firmware's event log and the PCR values it leads to" },
	{ "hash", cmd_hash,
	  "hash [-a ALG] [-n] [--changed-only] " FILE_OPTIONS "; hash -n --verity [--block-size N] [-a ALG] " FILE_OPTIONS "; "
	  "hash --archive FILE [--image NAME] [--merge-usr] [--max-bytes N] [-a ALG] [-o TAR] [--manifest FILE] [--json]; hash --manifest FILE [-x] [-a ALG] ROOT",
	  "digest labels; with -n only the digests" },
	{ "sign", cmd_sign,
	  "sign -k KEY [--cert CERT | --keyid HEX] [--pass-file FILE | --pass-fd N] [--engine E | --provider P] [-a ALG] "
	  "[--evm portable|immutable] [--hash-label] [--verity] [--v3] [-f | --detached] [-n] [--changed-only] " FILE_OPTIONS "; "
	  "sign -k KEY [...] --archive FILE [--image NAME] [--merge-usr] [--max-bytes N] [-o TAR] [--manifest FILE]; "
	  "sign -k KEY [...] --manifest FILE [-x] ROOT",
	  "signature labels, of content and of metadata" },
	{ "verify", cmd_verify,
	  "verify [-k CERT|DIR]... [--signature] [--modsig] [--evm] [-f] [--profile VERSION] " FILE_OPTIONS "; "
	  "verify [-k CERT|DIR]... [--signature] [--evm] --archive FILE [--image NAME] [--merge-usr] [--max-bytes N] [-q] [--json]",
	  "what appraisal says of files" },
	{ "label", cmd_label, "label --manifest FILE [-n] [-q] ROOT", "put the labels of a manifest on the files of a tree" },
	{ "clear", cmd_clear, "clear [--ima] [--evm] [-n] " FILE_OPTIONS, "labels away" },
	{ "evm-key seal", cmd_evm_key_seal, "evm-key seal [--pcrs [BANK:]N,...] [--key FILE|-] [--tpm SPEC] FILE",
	  "a new HMAC key of EVM, or the one in a file, that this TPM alone opens" },
	{ "evm-key check", cmd_evm_key_check, "evm-key check [--tpm SPEC] FILE", "does this TPM open the sealed key now?" },
	{ "keys list", cmd_keys_list, "keys list [--json] [FILE|FOLDER|KEYRING]...",
	  "ids, kinds and names of the keys in files and in the kernel's keyrings" },
	{ "keys id", cmd_keys_id, "keys id [--pass-file FILE | --pass-fd N] FILE...", "the id that signatures by a key carry" },
	{ "keys import", cmd_keys_import, "keys import CERT KEYRING", "a certificate into a keyring of the kernel" },
	{ "keys generate", cmd_keys_generate,
	  "keys generate [--kind KIND] [--evm] [--name NAME] [--days N] [--ca-key KEY --ca-cert CERT | --ca-kind KIND] "
	  "[--no-passphrase | --pass-file FILE | --pass-fd N] FOLDER",
	  "a signing key, its certificate, and a CA unless one is given" },
	{ "run", cmd_run,
	  "run [--policy FILE | --builtin WORDS] [--list FILE] [--pcrs FILE] [--template T] [--hash ALG] [--reference FILE [--deny-unknown]] "
	  "[--evidence FILE [--ak FOLDER] [--nonce HEX]] [--best-effort] [--allow-io-uring] [--tpm SPEC] [--json | --quiet] -- COMMAND [ARGUMENT...]",
	  "measure one command and what it starts, without privileges" },
	{ "evmctl", evmctl_main, "evmctl COMMAND [OPTION...]", "evmctl(1)'s commands, as under the name evmctl" },
	{ "measure", cmd_measure,
	  "measure (--label LABEL --name NAME [--by-hash] | --keyring KEYRING) [FILE|-] [--json] [--control SOCKET]",
	  "have a program's own critical data, or a key, measured" },
	{ "restart", cmd_restart, "restart [--json] [--control SOCKET]",
	  "the imad now installed takes over from the running one, without a gap" },
	{ "trim", cmd_trim, "trim --export FILE [--json] [--control SOCKET]",
	  "write the list to a file, then take what was written off the live list" },
	{ "policy check", cmd_policy_check,
	  "policy check FILE|- [--profile VERSION] [--strict] [--no-lint] [--json | --sarif]; policy check --list-ids",
	  "is it a policy, and one that its author can want?" },
	{ "policy show", cmd_policy_show,
	  "policy show [--builtin WORDS] [--profile VERSION] [--control SOCKET]",
	  "the rules in force, or a builtin set" },
	{ "policy explain", cmd_policy_explain,
	  "policy explain PATH [--policy FILE | --builtin WORDS] [--func F] [--mask M] [--uid N] [--euid N] [--suid N] [--gid N] [--egid N] [--sgid N] "
	  "[--fowner N] [--fgroup N] [--fsmagic HEX] [--fsname NAME] [--fs-subtype NAME] [--fsuuid UUID] [--data-name NAME] [--no-caps] [--profile VERSION] [--json] [--control SOCKET]",
	  "which rule decides, and why each other one does not" },
	{ "policy simulate", cmd_policy_simulate,
	  "policy simulate (-r ROOT | --events FILE) [--policy FILE | --builtin WORDS] [--template T] [--hash ALG] [-k CERT|DIR] [--uid N ...] "
	  "[--list] [--profile VERSION] [--json] [--control SOCKET]",
	  "what a policy would measure, appraise and refuse" },
	{ "appraise plan", cmd_appraise_plan,
	  "appraise plan -r ROOT [--policy FILE | --builtin WORDS] [-k CERT|DIR] [--uid N ...] [--profile VERSION] [--json] [--control SOCKET]",
	  "what a policy would refuse in a tree, and why" },
	{ "appraise confirm", cmd_appraise_confirm, "appraise confirm [--json] [--control SOCKET]",
	  "keep refusing: without it imad stops enforcing after a while" },
	{ "ak create", cmd_ak_create, "ak create [FOLDER] [--alg rsa|ecc] [--force] [--tpm SPEC] [--control SOCKET]",
	  "a new attestation key below the endorsement key" },
	{ "ak enroll", cmd_ak_enroll,
	  "ak enroll FOLDER --ak AK.PUB --ek EK.PUB [--ek-cert CERT [--ca CERT]...]; ak enroll FOLDER --answer FILE",
	  "challenge the TPM that claims an attestation key; check its answer" },
	{ "ak activate", cmd_ak_activate, "ak activate [FOLDER] --challenge FILE [--out FILE] [--tpm SPEC] [--control SOCKET]",
	  "answer a challenge: proves that the key is in this TPM" },
	{ "quote", cmd_quote,
	  "quote (--nonce HEX | --nonce-text TEXT) (--out FOLDER | --format keylime) [--ak FOLDER] [--pcrs LIST] [--bank ALG] [--tpm SPEC] [--control SOCKET]",
	  "PCR values under the attestation key's signature" },
	{ "evidence create", cmd_evidence_create,
	  "evidence create (--nonce HEX | --nonce-text TEXT) --out FILE|- [--ak FOLDER] [--from N] [--list FILE] [--eventlog FILE | --no-eventlog] [--ak-cert FILE] "
	  "[--pcrs LIST] [--bank ALG] [--format archive|keylime] [--runtime-policy FILE] [--tpm SPEC] [--control SOCKET]",
	  "a quote, the list, the firmware's log in one file" },
	{ "evidence verify", cmd_evidence_verify,
	  "evidence verify (--nonce HEX | --nonce-text TEXT | --nonces FILE) [--ak KEY|FOLDER]... [--ak-ca CERT]... [--reference FILE]... [-k CERT|DIR]... "
	  "[--rules FILE] [--state FOLDER] [--skip CHECK]... [--threads N] [--json | --format text|json|sarif | --format ear --ear-key KEY [--pass-file FILE | --pass-fd N]] "
	  "[-q] EVIDENCE|FOLDER|-...",
	  "may it be believed, and is everything in it allowed?" },
	{ "report", cmd_report,
	  "report EVIDENCE|FOLDER... -o FILE.html [--entries N] and the options of evidence verify: (--nonce HEX | --nonce-text TEXT | --nonces FILE) "
	  "[--ak KEY|FOLDER]... [--ak-ca CERT]... [--reference FILE]... [-k CERT|DIR]... [--rules FILE] [--state FOLDER] [--skip CHECK]... [--threads N]",
	  "verify, and tell everything in one HTML file" },
	{ "reference create", cmd_reference_create,
	  "reference create -o FILE [--force] [-r TREE]... [--root ROOT]... [--list FILE]... [-a ALG] [--expires DATE] [--repository NAME] [--image NAME] "
	  "[--no-merge-usr] [-k CERT|DIR]... [-x] [--include GLOB] [--exclude GLOB] [--threads N] [-q] [PACKAGE|FOLDER|IMAGE|VALUES]...",
	  "what files may be, from trees, packages, repositories, images, lists" },
	{ "reference merge", cmd_reference_merge, "reference merge -o FILE [--force] [--expires-old DATE] [-k CERT|DIR]... [-q] OLD NEW...",
	  "one set of several; what only the old one has may end on a day" },
	{ "reference diff", cmd_reference_diff, "reference diff [-k CERT|DIR]... [--json | -q] OLD NEW", "paths that came, went, or may have other digests" },
	{ "reference query", cmd_reference_query, "reference query [-k CERT|DIR]... [--json] [-q] FILE PATH|DIGEST...",
	  "what is known of a path or a digest, and which package it comes from" },
	{ "reference convert", cmd_reference_convert,
	  "reference convert --to database|keylime|dsse|coswid|corim|cyclonedx|spdx|sums|fapolicyd [--from FORM] [-o FILE] [--force] [-k CERT|DIR]... "
	  "[--sign KEY [--pass-file FILE | --pass-fd N] [--engine E | --provider P]] [-q] FILE",
	  "reference values in the form of another tool" },
	{ "policy load", cmd_policy_load, "policy load FILE [--control SOCKET]",
	  "give the daemon new rules: all of them or none" },
	{ 0 },
};

/* words of the command line that the row's name takes; 0: another command */
static int match(const struct imactl_command *c, int argc, char **argv)
{
	const char *blank = strchr(c->name, ' ');
	const size_t len = blank ? (size_t)(blank - c->name) : strlen(c->name);

	if (argc < 2 || strlen(argv[1]) != len || memcmp(argv[1], c->name, len))
		return 0;
	if (!blank)
		return 1;
	return argc > 2 && !strcmp(argv[2], blank + 1) ? 2 : 0;
}

static bool asks_for_help(const char *word)
{
	return word && (!strcmp(word, "--help") || !strcmp(word, "-h"));
}

static int unknown(int argc, char **argv)
{
	if (argc < 2) {
		imactl_help_all(stderr);
		return EXIT_USAGE;
	}
	if (argc == 3 && asks_for_help(argv[2]) && imactl_help_group(stdout, argv[1]))
		return EXIT_GOOD;
	if (imactl_help_group(stderr, argv[1]))
		return argc > 2 ? imactl_fail(EXIT_USAGE, "unknown command \"%s %s\"", argv[1], argv[2]) : EXIT_USAGE;
	return imactl_fail(EXIT_USAGE, "unknown command \"%s\"; see imactl --help", argv[1]);
}

/* behind other options, too; a command of run's and evmctl's words are their own, and so are names behind "--" */
static bool wants_help(const struct imactl_command *c, int argc, char **argv)
{
	if (argc < 2 || c->run == evmctl_main)
		return false;
	if (argc == 2)
		return asks_for_help(argv[1]);
	for (int i = 1; i < argc - 1; i++)
		if (!strcmp(argv[i], "--"))
			return false;
	return c->run != cmd_run && !strcmp(argv[argc - 1], "--help");
}

static int run(const struct imactl_command *c, int argc, char **argv)
{
	char name[64];

	if (c->run != evmctl_main) {
		snprintf(name, sizeof(name), "imactl: %s", c->name);
		argv[0] = name;
	}
	if (wants_help(c, argc, argv)) {
		imactl_help_one(stdout, c);
		return EXIT_GOOD;
	}
	return c->run(argc, argv);
}

/* names that imactl answers to as the programs that it replaces */
static int (*other_name(const char *path))(int, char **)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return !strcmp(name, "evmctl") ? evmctl_main : !strcmp(name, "ima_boot_aggregate") ? ima_boot_aggregate_main : NULL;
}

/* a shell's loop ends only when its command died of the signal */
static int end(int status)
{
	const int sig = imactl_interrupt_signal();

	if (sig) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	return status;
}

/* what standard output did not take was not done */
static int finish(int status)
{
	const bool lost = imactl_output_failed();

	return end(lost ? EXIT_UNABLE : status);
}

int main(int argc, char **argv)
{
	int (*other)(int, char **) = argc ? other_name(argv[0]) : NULL;

	setenv("TSS2_LOG", "all+none", 0);
	if (other)
		return end(other(argc, argv));
	if (argc == 2 && (asks_for_help(argv[1]) || !strcmp(argv[1], "help"))) {
		imactl_help_all(stdout);
		return finish(EXIT_GOOD);
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("imactl %s\n", IMA_VERSION);
		return finish(EXIT_GOOD);
	}
	for (const struct imactl_command *c = imactl_commands; c->name; c++) {
		const int words = match(c, argc, argv);

		if (words)
			return finish(run(c, argc - words, argv + words));
	}
	return finish(unknown(argc, argv));
}
