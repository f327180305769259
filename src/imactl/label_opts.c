/* SPDX-License-Identifier: BSD-2-Clause */
/* An option is a row: who takes it, and the field that it sets or the function that reads its argument. */
#include "imactl/label_opts.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "imactl/keyring_source.h"

#define ALL (IMACTL_HASH | IMACTL_SIGN | IMACTL_VERIFY | IMACTL_CLEAR)
#define FIELD(f) offsetof(struct imactl_label_opts, f)

static int take_algo(struct imactl_label_opts *o, const char *arg)
{
	if (ima_hash_by_name(arg, strlen(arg), &o->algo) < 0)
		return imactl_fail(EXIT_USAGE, "%s: not a hash algorithm", arg);
	return EXIT_GOOD;
}

static int take_block(struct imactl_label_opts *o, const char *arg)
{
	char *end;
	const unsigned long n = strtoul(arg, &end, 10);

	if (*end || n < 1024 || n > 65536 || (n & (n - 1)))
		return imactl_fail(EXIT_USAGE, "--block-size %s: a power of two from 1024 to 65536", arg);
	o->verity.block_size = (uint32_t)n;
	return EXIT_GOOD;
}

static int take_evm_kind(struct imactl_label_opts *o, const char *arg)
{
	if (strcmp(arg, "portable") && strcmp(arg, "immutable"))
		return imactl_fail(EXIT_USAGE, "--evm %s: portable or immutable", arg);
	o->evm_kind = arg;
	return EXIT_GOOD;
}

static int take_keys(struct imactl_label_opts *o, const char *arg)
{
	o->named_keys = true;
	return imactl_keyring_add(o->keys, arg);
}

static int take_profile(struct imactl_label_opts *o, const char *arg)
{
	if (ima_profile_by_name(arg, &o->profile) < 0)
		return imactl_fail(EXIT_USAGE, "--profile %s: 6.1, 6.12, 7.1 or newest", arg);
	o->named_profile = true;
	return EXIT_GOOD;
}

static int take_max_bytes(struct imactl_label_opts *o, const char *arg)
{
	static const char units[] = "KMGT";
	char *end;
	const unsigned long long n = strtoull(arg, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	const unsigned int shift = unit ? 10U * (unsigned int)(unit - units + 1) : 0;

	if (end == arg || arg[0] == '-' || (*end && (!unit || end[1])) || !n || n > UINT64_MAX >> shift)
		return imactl_fail(EXIT_USAGE, "--max-bytes %s: a number, or one with K, M, G or T", arg);
	o->from.max_bytes = n << shift;
	return EXIT_GOOD;
}

static int take_threads(struct imactl_label_opts *o, const char *arg)
{
	char *end;
	const unsigned long n = strtoul(arg, &end, 10);

	if (*end || !n || n > 64 || *arg < '0' || *arg > '9')
		return imactl_fail(EXIT_USAGE, "--threads %s: a number from 1 to 64", arg);
	o->files.threads = (unsigned int)n;
	return EXIT_GOOD;
}

static int take_glob(struct imactl_label_opts *o, const char *arg, bool exclude)
{
	const int r = imactl_globs_add(&o->files.globs, arg, exclude);

	if (r == -EINVAL)
		return imactl_fail(EXIT_USAGE, "--%s: an empty pattern", exclude ? "exclude" : "include");
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-r)) : EXIT_GOOD;
}

static int take_include(struct imactl_label_opts *o, const char *arg)
{
	return take_glob(o, arg, false);
}

static int take_exclude(struct imactl_label_opts *o, const char *arg)
{
	return take_glob(o, arg, true);
}

static const struct row {
	const char *name;
	char letter; /* 0: none */
	unsigned int commands;
	enum { FLAG, TEXT, CALL } kind;
	size_t field;
	int (*call)(struct imactl_label_opts *o, const char *arg);
} rows[] = {
	{ "recursive", 'r', ALL, FLAG, FIELD(files.recursive) },
	{ "one-file-system", 'x', ALL, FLAG, FIELD(files.one_fs) },
	{ "include", 0, ALL, CALL, 0, take_include },
	{ "exclude", 0, ALL, CALL, 0, take_exclude },
	{ "files-from", 0, ALL, TEXT, FIELD(files.list) },
	{ "null", '0', ALL, FLAG, FIELD(files.by_nul) },
	{ "threads", 0, ALL, CALL, 0, take_threads },
	{ "quiet", 'q', ALL, FLAG, FIELD(files.quiet) },
	{ "json", 0, ALL, FLAG, FIELD(files.json) },
	{ "user", 0, ALL, FLAG, FIELD(user_names) },
	{ "dry-run", 'n', IMACTL_HASH | IMACTL_SIGN | IMACTL_CLEAR, FLAG, FIELD(dry_run) },
	{ "algo", 'a', IMACTL_HASH | IMACTL_SIGN, CALL, 0, take_algo },
	{ "changed-only", 0, IMACTL_HASH | IMACTL_SIGN, FLAG, FIELD(changed_only) },
	{ "verity", 0, IMACTL_HASH | IMACTL_SIGN, FLAG, FIELD(by_verity) },
	{ "block-size", 0, IMACTL_HASH, CALL, 0, take_block },
	{ "key", 'k', IMACTL_SIGN, TEXT, FIELD(key.key) },
	{ "cert", 0, IMACTL_SIGN, TEXT, FIELD(key.cert) },
	{ "keyid", 0, IMACTL_SIGN, TEXT, FIELD(key.keyid) },
	{ "pass-file", 0, IMACTL_SIGN, TEXT, FIELD(key.pass_file) },
	{ "pass-fd", 0, IMACTL_SIGN, TEXT, FIELD(key.pass_fd) },
	{ "engine", 0, IMACTL_SIGN, TEXT, FIELD(key.engine) },
	{ "provider", 0, IMACTL_SIGN, TEXT, FIELD(key.provider) },
	{ "evm", 0, IMACTL_SIGN, CALL, 0, take_evm_kind },
	{ "hash-label", 0, IMACTL_SIGN, FLAG, FIELD(by_hash) },
	{ "v3", 0, IMACTL_SIGN, FLAG, FIELD(v3) },
	{ "sigfile", 'f', IMACTL_SIGN | IMACTL_VERIFY, FLAG, FIELD(sigfile) },
	{ "detached", 0, IMACTL_SIGN, FLAG, FIELD(detached) },
	{ "keys", 'k', IMACTL_VERIFY, CALL, 0, take_keys },
	{ "signature", 0, IMACTL_VERIFY, FLAG, FIELD(signature) },
	{ "modsig", 0, IMACTL_VERIFY, FLAG, FIELD(modsig) },
	{ "profile", 0, IMACTL_VERIFY, CALL, 0, take_profile },
	{ "evm", 0, IMACTL_VERIFY | IMACTL_CLEAR, FLAG, FIELD(evm) },
	{ "ima", 0, IMACTL_CLEAR, FLAG, FIELD(ima) },
	{ "archive", 0, IMACTL_HASH | IMACTL_SIGN | IMACTL_VERIFY, TEXT, FIELD(from.archive) },
	{ "image", 0, IMACTL_HASH | IMACTL_SIGN | IMACTL_VERIFY, TEXT, FIELD(from.image) },
	{ "merge-usr", 0, IMACTL_HASH | IMACTL_SIGN | IMACTL_VERIFY, FLAG, FIELD(from.merge_usr) },
	{ "max-bytes", 0, IMACTL_HASH | IMACTL_SIGN | IMACTL_VERIFY, CALL, 0, take_max_bytes },
	{ "output", 'o', IMACTL_HASH | IMACTL_SIGN, TEXT, FIELD(from.output) },
	{ "manifest", 0, IMACTL_HASH | IMACTL_SIGN, TEXT, FIELD(from.manifest) },
};

#define FIRST_LONG 256 /* getopt's value of row 0; letters are below */

/* what getopt_long() wants to know of one command's rows */
struct getopt_rows {
	struct option options[IMA_N_ELEMENTS(rows) + 1];
	char letters[2 * IMA_N_ELEMENTS(rows) + 1];
};

static void make_getopt_rows(unsigned int command, struct getopt_rows *g)
{
	size_t n = 0, at = 0;

	memset(g, 0, sizeof(*g));
	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		const bool takes_arg = rows[i].kind != FLAG;

		if (!(rows[i].commands & command))
			continue;
		g->options[n++] = (struct option){ rows[i].name, takes_arg ? required_argument : no_argument, NULL,
						   FIRST_LONG + (int)i };
		if (!rows[i].letter)
			continue;
		g->letters[at++] = rows[i].letter;
		if (takes_arg)
			g->letters[at++] = ':';
	}
}

static const struct row *row_of(unsigned int command, int opt)
{
	if (opt >= FIRST_LONG)
		return &rows[opt - FIRST_LONG];
	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++)
		if ((rows[i].commands & command) && rows[i].letter == opt)
			return &rows[i];
	return NULL;
}

static int take(const struct row *row, const char *arg, struct imactl_label_opts *o)
{
	char *const field = (char *)o + row->field;

	if (row->kind == CALL)
		return row->call(o, arg);
	if (row->kind == TEXT)
		memcpy(field, &arg, sizeof(arg));
	else
		*(bool *)field = true;
	return EXIT_GOOD;
}

static const char *name_of(enum imactl_label_command command)
{
	return command == IMACTL_HASH ? "hash" :
	       command == IMACTL_SIGN ? "sign" :
	       command == IMACTL_VERIFY ? "verify" : "clear";
}

/* a device or a pipe may take both */
static bool is_one_place(const char *a, const char *b)
{
	struct stat st;

	return a && b && !strcmp(a, b) && (!strcmp(a, "-") || stat(a, &st) < 0 || S_ISREG(st.st_mode));
}

/* what does not go together, in one sentence; NULL: all does */
static const char *wrong_archive(enum imactl_label_command command, const struct imactl_label_opts *o)
{
	if (o->files.recursive || o->files.one_fs)
		return "-r and -x are for folders: an archive is taken whole";
	if (command == IMACTL_VERIFY && o->files.threads)
		return "--threads: an archive is verified by one thread";
	if (command == IMACTL_VERIFY && o->named_profile)
		return "--profile: labels in an archive are judged alike by all";
	if (o->evm_kind && strcmp(o->evm_kind, "portable"))
		return "what is in an archive has no inode: --evm portable";
	if (is_one_place(o->from.output, o->from.manifest))
		return "-o and --manifest are two places";
	return o->n_paths ? "--archive takes no further path" : NULL;
}

/* an archive has no file system, and labels of an archive or in a manifest have no other place */
static const char *wrong_place(enum imactl_label_command command, const struct imactl_label_opts *o)
{
	const struct imactl_archive_opts *a = &o->from;

	if (!a->archive && (a->output || a->image || a->merge_usr || a->max_bytes))
		return "-o, --image, --merge-usr and --max-bytes go with --archive";
	if (!a->archive && !a->manifest)
		return o->n_paths || o->files.list ? NULL : "no file is named";
	if (o->dry_run && (a->output || a->manifest))
		return "-n writes nothing, neither -o nor --manifest";
	if (o->sigfile || o->detached || o->files.list || o->user_names || o->modsig || o->by_verity || o->changed_only)
		return "-f, --detached, --files-from, --user, --modsig, --verity and --changed-only are for files, not for --archive and --manifest";
	if (a->archive)
		return wrong_archive(command, o);
	return o->n_paths != 1 ? "--manifest takes one folder" : NULL;
}

/* the second would find nothing, and nothing would be done without a word */
static unsigned int n_from_stdin(const struct imactl_label_opts *o)
{
	const char *const names[] = { o->key.key, o->key.cert, o->key.pass_file, o->files.list, o->from.archive };
	unsigned int n = o->key.pass_fd && !strcmp(o->key.pass_fd, "0");

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++)
		n += names[i] && !strcmp(names[i], "-");
	return n;
}

static const char *wrong_label(enum imactl_label_command command, const struct imactl_label_opts *o)
{
	if (n_from_stdin(o) > 1)
		return "standard input can be one thing only";
	if (o->files.by_nul && !o->files.list)
		return "-0 goes with --files-from";
	if (command == IMACTL_HASH && o->by_verity && !o->dry_run)
		return "--verity only prints digests: -n";
	if (o->verity.block_size && !o->by_verity)
		return "--block-size goes with --verity";
	if (command != IMACTL_SIGN)
		return NULL;
	if (!o->key.key)
		return "-k KEY is missing";
	if (o->key.cert && o->key.keyid)
		return "--cert and --keyid: one of the two";
	if (o->sigfile && o->detached)
		return "-f and --detached: one of the two";
	if (o->by_hash && (!o->evm_kind || o->by_verity))
		return "--hash-label is a digest of the content that --evm covers";
	return NULL;
}

static int finish(enum imactl_label_command command, struct imactl_label_opts *o)
{
	static const char *const verbs[] = { [IMACTL_HASH] = "hashed", [IMACTL_SIGN] = "signed",
					     [IMACTL_VERIFY] = "passed", [IMACTL_CLEAR] = "cleared" };

	o->verity.algo = o->algo;
	o->files.verb = verbs[command];
	o->files.skip_sigfiles = o->sigfile || o->detached;
	if (command == IMACTL_CLEAR && !o->ima && !o->evm)
		o->ima = o->evm = true;
	o->signature |= o->modsig;
	if (command == IMACTL_VERIFY && !o->named_keys)
		return imactl_keyring_defaults(o->keys);
	return EXIT_GOOD;
}

int imactl_label_opts_parse(int argc, char **argv, enum imactl_label_command command,
			    struct imactl_label_opts *ret)
{
	struct getopt_rows g;
	const struct row *row;
	const char *why;
	int opt, r = EXIT_GOOD;

	*ret = (struct imactl_label_opts){ .algo = IMA_HASH_SHA256 };
	if (command == IMACTL_VERIFY && ima_keyring_new(&ret->keys) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	make_getopt_rows(command, &g);
	while (r == EXIT_GOOD && (opt = getopt_long(argc, argv, g.letters, g.options, NULL)) != -1) {
		row = row_of(command, opt);
		r = row ? take(row, optarg, ret) : imactl_usage(name_of(command));
	}
	ret->paths = argv + optind;
	ret->n_paths = argc - optind;
	if (r == EXIT_GOOD) {
		why = wrong_label(command, ret);
		if (!why)
			why = wrong_place(command, ret);
		if (why)
			r = imactl_misuse(name_of(command), "%s", why);
	}
	if (r == EXIT_GOOD)
		r = finish(command, ret);
	return r;
}

void imactl_label_opts_done(struct imactl_label_opts *o)
{
	o->keys = ima_keyring_free(o->keys);
	imactl_globs_done(&o->files.globs);
}
