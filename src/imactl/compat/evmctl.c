/* SPDX-License-Identifier: BSD-2-Clause */
/* The command table, the option table, help. Options may stand anywhere; command names are not case-sensitive. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define COMPATIBLE_WITH "1.6.2" /* scripts compare the second word of --version */

static int help(struct evmctl *e, int argc, char **argv);
static int version(struct evmctl *e, int argc, char **argv);

static const struct evmctl_command commands[] = {
	{ "--version", version, "", NULL },
	{ "help", help, "<command>", NULL },
	{ "import", evmctl_import, "[--rsa] pubkey keyring", "A certificate into a keyring of the kernel." },
	{ "convert", evmctl_convert, "key", "A public key in the form of version 1 signatures." },
	{ "sign", evmctl_sign, "[-r] [--imahash | --imasig ] [--key key] [--pass [password] file",
	  "Signature of a file's metadata." },
	{ "verify", evmctl_verify, "file", "Check the signature of a file's metadata." },
	{ "ima_sign", evmctl_ima_sign, "[--sigfile] [--key key] [--pass [password] file",
	  "Signature of a file's content." },
	{ "ima_verify", evmctl_ima_verify, "file", "Check the signature of a file's content." },
	{ "ima_setxattr", evmctl_ima_setxattr, "[--sigfile file]", "A detached signature into the file's attribute." },
	{ "ima_hash", evmctl_ima_hash, "file", "Digest of a file's content." },
	{ "ima_measurement", evmctl_ima_measurement,
	  "[--ignore-violations] [--verify-sig [--key key1, key2, ...]] [--pcrs [hash-algorithm,]file [--pcrs hash-algorithm,file] ...] "
	  "[--verify-bank hash-algorithm] file",
	  "Check a measurement list against PCR values." },
	{ "ima_boot_aggregate", evmctl_ima_boot_aggregate, "[--pcrs hash-algorithm,file] [TPM 1.2 BIOS event log]",
	  "The boot aggregate of each bank." },
	{ "ima_fix", evmctl_ima_fix, "[-t fdsxm] path", "Open files, for a kernel in fix mode to label them." },
	{ "ima_clear", evmctl_ima_clear, "[-t fdsxm] path", "Remove labels." },
	{ "sign_hash", evmctl_sign_hash, "[--key key] [--pass [password]",
	  "Signatures of the digests that sha*sum or fsverity printed." },
	{ "hmac", evmctl_hmac, "[--imahash | --imasig ] file", "HMAC of a file's metadata, for tests." },
	{ 0 },
};

static const char options_text[] =
	"\n"
	"  -a, --hashalgo NAME   sha1, sha224, sha256, sha384, sha512, sm3, streebog256, ... (default: sha256)\n"
	"  -s, --imasig          with sign and hmac: first the signature of the content\n"
	"  -d, --imahash         with sign and hmac: first the digest of the content\n"
	"  -f, --sigfile         the content's signature to FILE.sig as well as to the attribute; ima_verify reads it there\n"
	"      --xattr-user      user.ima and user.evm, for tests without privilege\n"
	"  -k, --key KEY         private key, or certificates to check with (a,b c), or a pkcs11: URI\n"
	"                        (default: " EVMCTL_KEY_PRIVATE ", " EVMCTL_KEY_PUBLIC ")\n"
	"      --keyid HEX       key id in signatures\n"
	"      --keyid-from-cert FILE   take it from a certificate\n"
	"  -p, --pass[=PW]       password of the key, or PIN of the token; asked for when PW is missing\n"
	"  -r, --recursive       everything below a folder; for every command that takes files\n"
	"  -t, --type fxm        with -r: f files, x skip what has both labels, m stay on the file system\n"
	"  -n                    print, set nothing\n"
	"  -o, --portable        metadata signature without inode and file system\n"
	"  -i, --immutable       metadata signature of owner and mode\n"
	"  -u, --uuid[=UUID]     UUID of the file system in metadata; without a value: none\n"
	"      --ino, --uid, --gid, --mode, --generation N   in place of the file's own\n"
	"      --ima, --selinux, --caps VALUE                in place of the file's own attribute\n"
	"      --smack           also Smack's further attributes\n"
	"      --m32, --m64      metadata as 32-bit or 64-bit kernels lay it out\n"
	"      --veritysig       sign_hash: fs-verity digests; ima_sign: the file's fs-verity digest\n"
	"      --v2, --v3        version of signatures (default: 2, fs-verity 3)\n"
	"      --pcrs [ALG,]FILE PCR values; once for each bank\n"
	"      --verify-bank ALG only this bank\n"
	"      --verify-sig      check the signatures that the list holds\n"
	"      --ignore-violations   a list with violations may match\n"
	"      --hwtpm           only the machine's own TPM\n"
	"      --hmackey FILE    raw HMAC key of up to 128 bytes (default: " EVMCTL_KEY_HMAC ")\n"
	"      --engine E        OpenSSL engine for the key\n"
	"      --provider P      OpenSSL provider for the key\n"
	"  -v                    say more; twice: each step of a replay\n"
	"  -h, --help            this text\n"
	"\n"
	"Environment variables:\n"
	"\n"
	"EVMCTL_KEY_PASSWORD  : password of the private key, when --pass gives none\n"
	"\n";

static const struct evmctl_command *find_command(const char *name)
{
	for (const struct evmctl_command *c = commands; c->name; c++)
		if (!strcasecmp(c->name, name))
			return c;
	return NULL;
}

static void print_usage(void)
{
	printf("Usage: evmctl [-v] <command> [OPTIONS]\ncommands:\n");
	for (const struct evmctl_command *c = commands; c->name; c++)
		printf(" %s %s\n", c->name, c->args);
	fputs(options_text, stdout);
}

int evmctl_usage(const struct evmctl *e)
{
	const struct evmctl_command *c = find_command(e->command);

	fputs("Parameters missing\n", stderr);
	printf("usage: %s %s\n", c->name, c->args);
	return EVMCTL_UNABLE;
}

static int version(struct evmctl *e, int argc, char **argv)
{
	printf("evmctl " COMPATIBLE_WITH " (imactl %s)\n", IMA_VERSION);
	return 0;
}

static int help(struct evmctl *e, int argc, char **argv)
{
	const struct evmctl_command *c = argc ? find_command(argv[0]) : find_command("help");

	if (!c) {
		printf("invalid command: %s\n", argv[0]);
		return EVMCTL_UNABLE;
	}
	if (c->run == version)
		return version(e, 0, NULL);
	printf("usage: %s %s\n", c->name, c->args);
	if (c->summary)
		printf("%s\n", c->summary);
	return 0;
}

enum {
	OPT_RSA = 256, OPT_USER, OPT_KEYID, OPT_KEYID_CERT, OPT_INO, OPT_UID, OPT_GID, OPT_MODE, OPT_GENERATION, OPT_IMA,
	OPT_SELINUX, OPT_CAPS, OPT_SMACK, OPT_M32, OPT_M64, OPT_VERITY, OPT_V2, OPT_V3, OPT_PCRS, OPT_BANK, OPT_VERIFY_SIG,
	OPT_VIOLATIONS, OPT_HWTPM, OPT_HMACKEY, OPT_ENGINE, OPT_PROVIDER, OPT_VERSION,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, OPT_VERSION },
	{ "hashalgo", required_argument, NULL, 'a' }, { "imasig", no_argument, NULL, 's' },
	{ "imahash", no_argument, NULL, 'd' }, { "sigfile", no_argument, NULL, 'f' },
	{ "xattr-user", no_argument, NULL, OPT_USER }, { "rsa", no_argument, NULL, OPT_RSA },
	{ "key", required_argument, NULL, 'k' }, { "keyid", required_argument, NULL, OPT_KEYID },
	{ "keyid-from-cert", required_argument, NULL, OPT_KEYID_CERT }, { "pass", optional_argument, NULL, 'p' },
	{ "recursive", no_argument, NULL, 'r' }, { "type", required_argument, NULL, 't' },
	{ "portable", no_argument, NULL, 'o' }, { "immutable", no_argument, NULL, 'i' },
	{ "uuid", optional_argument, NULL, 'u' }, { "smack", no_argument, NULL, OPT_SMACK },
	{ "m32", no_argument, NULL, OPT_M32 }, { "m64", no_argument, NULL, OPT_M64 },
	{ "ino", required_argument, NULL, OPT_INO }, { "uid", required_argument, NULL, OPT_UID },
	{ "gid", required_argument, NULL, OPT_GID }, { "mode", required_argument, NULL, OPT_MODE },
	{ "generation", required_argument, NULL, OPT_GENERATION }, { "ima", required_argument, NULL, OPT_IMA },
	{ "selinux", required_argument, NULL, OPT_SELINUX }, { "caps", required_argument, NULL, OPT_CAPS },
	{ "veritysig", no_argument, NULL, OPT_VERITY }, { "v2", no_argument, NULL, OPT_V2 },
	{ "v3", no_argument, NULL, OPT_V3 }, { "pcrs", required_argument, NULL, OPT_PCRS },
	{ "verify-bank", required_argument, NULL, OPT_BANK }, { "verify-sig", no_argument, NULL, OPT_VERIFY_SIG },
	{ "ignore-violations", no_argument, NULL, OPT_VIOLATIONS }, { "hwtpm", no_argument, NULL, OPT_HWTPM },
	{ "hmackey", required_argument, NULL, OPT_HMACKEY }, { "engine", required_argument, NULL, OPT_ENGINE },
	{ "provider", required_argument, NULL, OPT_PROVIDER }, { 0 },
};

/* names of the crypto library that the kernel spells otherwise */
static int take_algo(struct evmctl *e, const char *name)
{
	static const struct {
		const char *name;
		enum ima_hash_algo algo;
	} others[] = { { "ripemd160", IMA_HASH_RMD160 }, { "md_gost12_256", IMA_HASH_STREEBOG256 },
		       { "md_gost12_512", IMA_HASH_STREEBOG512 } };

	e->algo_name = name;
	if (ima_hash_by_name(name, strlen(name), &e->algo) == 0)
		return 0;
	for (size_t i = 0; i < IMA_N_ELEMENTS(others); i++) {
		if (strcmp(others[i].name, name))
			continue;
		e->algo = others[i].algo;
		return 0;
	}
	return evmctl_fail(0, "Unknown hash algo: %s", name);
}

static int take_number(const char *what, const char *text, struct evmctl_number *ret)
{
	char *end;

	errno = 0;
	ret->given = true;
	ret->value = strtoull(text, &end, 10);
	if (!*end && !errno && *text != '-')
		return 0; /* an empty value is zero */
	evmctl_fail(0, "Invalid %s value: %s", what, text);
	return 1;
}

static int take_types(struct evmctl *e, const char *letters)
{
	for (const char *c = letters; *c; c++) {
		switch (*c) {
		case 'f': case 'd': case 's': break; /* files are all that there is a label for */
		case 'x': e->skip_labelled = true; break;
		case 'm': e->one_fs = true; break;
		default:
			evmctl_fail(0, "Unknown file type '%c' in -t %s: f, x, m", *c, letters);
			return 1;
		}
	}
	return 0;
}

static int take_keyid(struct evmctl *e, const char *text)
{
	char *end;
	const unsigned long id = strtoul(text, &end, 16);

	e->keyid = text;
	if (!*end && id && id <= UINT32_MAX)
		return 0;
	fputs("Invalid keyid value.\n", stderr);
	return 1;
}

static int take_pcrs(struct evmctl *e, const char *text)
{
	if (e->n_pcrs == EVMCTL_MAX_PCRS) {
		fputs("too many --pcrs options\n", stderr);
		return 1;
	}
	e->pcrs[e->n_pcrs++] = text;
	return 0;
}

static int take_metadata_option(struct evmctl *e, int opt)
{
	switch (opt) {
	case 'o': e->portable = true; break;
	case 'i': e->immutable = true; break;
	case 'u': e->uuid = optarg; e->no_uuid = !optarg; break;
	case OPT_SMACK: e->smack = true; break;
	case OPT_M32: e->m32 = true; break;
	case OPT_M64: e->m32 = false; break;
	case OPT_INO: return take_number("ino", optarg, &e->ino);
	case OPT_UID: return take_number("uid", optarg, &e->uid);
	case OPT_GID: return take_number("gid", optarg, &e->gid);
	case OPT_MODE: return take_number("mode", optarg, &e->mode);
	case OPT_GENERATION: return take_number("generation", optarg, &e->generation);
	case OPT_IMA: e->ima = optarg; break;
	case OPT_SELINUX: e->selinux = optarg; break;
	case OPT_CAPS: e->caps = optarg; break;
	default: return 1;
	}
	return 0;
}

static int take_key_option(struct evmctl *e, int opt)
{
	switch (opt) {
	case 'k': e->key = optarg; break;
	case 'p': e->password = optarg; e->ask_password = !optarg; break;
	case OPT_KEYID: return take_keyid(e, optarg);
	case OPT_KEYID_CERT: e->keyid_cert = optarg; break;
	case OPT_ENGINE: e->engine = optarg; break;
	case OPT_PROVIDER: e->provider = optarg; break;
	case OPT_HMACKEY: e->hmackey = optarg; break;
	case OPT_RSA: e->sig_v1 = true; break;
	case OPT_PCRS: return take_pcrs(e, optarg);
	case OPT_BANK: e->verify_bank = optarg; break;
	case OPT_VERIFY_SIG: e->verify_sig = true; break;
	case OPT_VIOLATIONS: e->ignore_violations = true; break;
	case OPT_HWTPM: e->hardware = true; break;
	default: return take_metadata_option(e, opt);
	}
	return 0;
}

static int take_option(struct evmctl *e, int opt)
{
	switch (opt) {
	case 'a': return take_algo(e, optarg);
	case 's': e->imasig = true; break;
	case 'd': e->imahash = true; break;
	case 'f': e->sigfile = true; break;
	case 'n': e->dry_run = true; break;
	case 'r': e->recursive = true; break;
	case 't': return take_types(e, optarg);
	case 'v': e->verbose++; break;
	case OPT_USER: e->user_names = true; break;
	case OPT_VERITY: e->verity = true; break;
	case OPT_V2: e->v3 = false; break;
	case OPT_V3: e->v3 = true; break;
	default: return take_key_option(e, opt);
	}
	return 0;
}

static int check_options(struct evmctl *e)
{
	if (e->sig_v1) {
		evmctl_fail(0, "--rsa: signatures of version 1 are not made or checked here");
		return 1;
	}
	if (e->portable && e->immutable) {
		fputs("Portable and immutable options are exclusive, ignoring immutable option.\n", stderr);
		e->immutable = false;
	}
	return 0;
}

int evmctl_main(int argc, char **argv)
{
	struct evmctl e = { .algo = IMA_HASH_SHA256, .algo_name = "sha256" };
	const struct evmctl_command *c;
	int opt, r = 0;

	imactl_set_name("evmctl");

	while (r == 0 && (opt = getopt_long(argc, argv, "a:sdfk:p::rt:nou::ivh", long_options, NULL)) != -1) {
		if (opt == 'h') {
			print_usage();
			return 0;
		}
		if (opt == OPT_VERSION)
			return version(&e, 0, NULL);
		r = take_option(&e, opt);
	}
	if (r == 0)
		r = check_options(&e);
	if (r)
		return r;
	if (optind == argc) {
		print_usage();
		return 0;
	}
	e.command = argv[optind++];
	c = find_command(e.command);
	if (!c) {
		printf("Invalid command: %s\n", e.command);
		return EVMCTL_UNABLE;
	}
	r = c->run(&e, argc - optind, argv + optind);
	return imactl_output_failed() ? EVMCTL_UNABLE : r;
}
