/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl reference convert: the same values in the form of another tool. What cannot go along is named and counted. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/attest/reference_forms.h"
#include "imactl/key_source.h"
#include "imactl/keyring_source.h"
#include "imactl/outfile.h"
#include "imactl/reference_opts.h"

struct args {
	const char *output, *input;
	enum ima_reference_form to, from; /* to AUTO: a database */
	bool has_to, force, quiet;
	struct imactl_key_opts key;
	struct ima_keyring *keys; /* owned */
};

struct job {
	struct ima_signer *signer;
	uint64_t n_lost;
};

static int parse_form(const char *option, const char *text, bool database, enum ima_reference_form *ret)
{
	if (database && !strcmp(text, "database")) {
		*ret = IMA_FORM_AUTO;
		return EXIT_GOOD;
	}
	if (ima_reference_form_by_name(text, ret) == 0)
		return EXIT_GOOD;
	return imactl_fail(EXIT_USAGE, "%s %s: not one of %skeylime, dsse, coswid, corim, cyclonedx, spdx, sums, fapolicyd", option, text,
			   database ? "database, " : "");
}

static int add_keys(struct args *a, const char *path)
{
	if (!a->keys && ima_keyring_new(&a->keys) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return imactl_keyring_add(a->keys, path);
}

static int take_option(struct args *a, int opt)
{
	switch (opt) {
	case 't': a->has_to = true; return parse_form("--to", optarg, true, &a->to);
	case 'F': return parse_form("--from", optarg, false, &a->from);
	case 'o': a->output = optarg; return EXIT_GOOD;
	case 'f': a->force = true; return EXIT_GOOD;
	case 'k': return add_keys(a, optarg);
	case 's': a->key.key = optarg; return EXIT_GOOD;
	case 'p': a->key.pass_file = optarg; return EXIT_GOOD;
	case 'P': a->key.pass_fd = optarg; return EXIT_GOOD;
	case 'e': a->key.engine = optarg; return EXIT_GOOD;
	case 'v': a->key.provider = optarg; return EXIT_GOOD;
	case 'q': a->quiet = true; return EXIT_GOOD;
	default: return imactl_usage("reference convert");
	}
}

static int parse_args(int argc, char **argv, struct args *a)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },	       { "from", required_argument, NULL, 'F' },
		{ "output", required_argument, NULL, 'o' },    { "force", no_argument, NULL, 'f' },
		{ "keys", required_argument, NULL, 'k' },      { "sign", required_argument, NULL, 's' },
		{ "pass-file", required_argument, NULL, 'p' }, { "pass-fd", required_argument, NULL, 'P' },
		{ "engine", required_argument, NULL, 'e' },    { "provider", required_argument, NULL, 'v' },
		{ "quiet", no_argument, NULL, 'q' },	       { 0 },
	};
	int opt, r = EXIT_GOOD;

	while (r == EXIT_GOOD && (opt = getopt_long(argc, argv, "o:k:q", options, NULL)) != -1)
		r = take_option(a, opt);
	if (r)
		return r;
	if (!a->has_to)
		return imactl_misuse("reference convert", "--to FORM is missing");
	if (argc - optind != 1)
		return imactl_misuse("reference convert", "one file");
	a->input = argv[optind];
	if ((a->to == IMA_FORM_DSSE) != (a->key.key != NULL))
		return imactl_fail(EXIT_USAGE, "--to dsse goes with --sign KEY, and only with it");
	if (!a->key.key && (a->key.pass_file || a->key.pass_fd || a->key.engine || a->key.provider))
		return imactl_misuse("reference convert", "--pass-file, --pass-fd, --engine and --provider go with --sign");
	if (a->to == IMA_FORM_AUTO && (!a->output || !strcmp(a->output, "-")))
		return imactl_fail(EXIT_USAGE, "--to database needs -o FILE");
	return a->output && strcmp(a->output, "-") ? imactl_reference_may_write(a->output, a->force) : EXIT_GOOD;
}

static void lose(void *user, const struct ima_reference_value *v, const char *why)
{
	struct job *j = user;
	ima_cleanup(ima_freep) char *name = strndup((const char *)v->path.data, v->path.len);

	j->n_lost++;
	fputs("imactl: ", stderr);
	imactl_print_path(stderr, name && *name ? name : "(any path)");
	fprintf(stderr, ": left out: %s\n", why);
}

/* an attribute's value is a header before the bare signature */
static int sign(void *user, const struct ima_digest *d, struct ima_buffer *ret)
{
	const struct job *j = user;
	uint8_t value[IMA_SIGNER_MAX_VALUE];
	size_t len = 0;
	int r = ima_signer_sign(j->signer, IMA_XATTR_SIGNATURE, 2, d, value, &len);

	if (r == 0 && len <= IMA_SIGNATURE_HEADER)
		r = -EIO;
	return r < 0 ? r : ima_buffer_append(ret, value + IMA_SIGNATURE_HEADER, len - IMA_SIGNATURE_HEADER);
}

static int64_t present(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	return epoch && *epoch ? (int64_t)strtoll(epoch, NULL, 10) : (int64_t)time(NULL);
}

static int put_out(const struct args *a, const struct ima_buffer *text)
{
	struct imactl_outfile o;
	const int r = imactl_outfile_open(a->output ? a->output : "-", &o);

	if (r)
		return r;
	if (text->len)
		fwrite(text->data, 1, text->len, o.f);
	return imactl_outfile_done(&o, true);
}

static int write_form(const struct args *a, const struct ima_reference *set, struct ima_form_opts *opts, struct job *j)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer text = { 0 };
	char keyid[16] = "";
	int r = ima_hasher_new(&opts->h);

	if (j->signer)
		snprintf(keyid, sizeof(keyid), "%08x", ima_signer_keyid(j->signer));
	opts->keyid = keyid;
	if (r == 0)
		r = ima_reference_write(set, a->to, opts, &text);
	ima_hasher_free(opts->h);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->input, r == -ENOPKG ? "the key cannot sign sha256 digests" : strerror(-r));
	r = put_out(a, &text);
	if (opts->n_expired)
		fprintf(stderr, "imactl: %llu values that have expired were left out\n", (unsigned long long)opts->n_expired);
	if (j->n_lost)
		fprintf(stderr, "imactl: %llu values cannot be said in the form %s and were left out\n", (unsigned long long)j->n_lost,
			ima_reference_form_name(a->to));
	return r == EXIT_GOOD && j->n_lost ? EXIT_BAD : r;
}

static int convert(const struct args *a)
{
	struct job j = { 0 };
	struct ima_form_opts opts = { .now = present(), .lost = lose, .sign = sign, .user = &j };
	struct ima_reference_builder *b = NULL;
	struct ima_reference *set = NULL;
	struct ima_diag diag = { 0 };
	int e = ima_reference_builder_new(&b), r = EXIT_GOOD;

	if (e == 0)
		e = ima_reference_load_form(b, imactl_reference_path(a->input), a->from, a->keys, &diag);
	if (e < 0)
		r = imactl_fail_diag(EXIT_UNABLE, a->input, &diag, e);
	if (r == EXIT_GOOD && a->key.key)
		r = imactl_key_open(&a->key, &j.signer);
	if (r == EXIT_GOOD && a->to == IMA_FORM_AUTO)
		r = imactl_reference_write(b, a->output, a->force, a->quiet);
	else if (r == EXIT_GOOD)
		r = ima_reference_finish(b, &set) < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : write_form(a, set, &opts, &j);
	ima_reference_builder_free(b);
	ima_reference_free(set);
	ima_signer_free(j.signer);
	return r;
}

int cmd_reference_convert(int argc, char **argv)
{
	struct args a = { 0 };
	int r = parse_args(argc, argv, &a);

	if (r == EXIT_GOOD)
		r = convert(&a);
	ima_keyring_free(a.keys);
	return r;
}
