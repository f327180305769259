/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl ak: an attestation key is made on the host (create), the verifier challenges the TPM that claims it (enroll), the host answers
 * (activate), the verifier compares (enroll --answer). Only then is the key's public half trusted.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "core/attest/ak.h"
#include "core/attest/public.h"
#include "imactl/ak_files.h"
#include "imactl/outfile.h"
#include "imactl/tpm_source.h"

struct ak_args {
	const char *tpm, *control, *folder, *ak, *ek, *ek_cert, *challenge, *answer, *out;
	const char *cas[16];
	size_t n_cas;
	enum ima_ak_kind kind;
	bool force;
	const char *command, *options; /* options: getopt's values of those that the command takes */
};

static int take_kind(struct ak_args *a, const char *text)
{
	if (!strcmp(text, "rsa"))
		a->kind = IMA_AK_RSA2048;
	else if (!strcmp(text, "ecc"))
		a->kind = IMA_AK_P256;
	else
		return imactl_fail(EXIT_USAGE, "--alg %s: rsa or ecc", text);
	return 0;
}

static int take_option(struct ak_args *a, int opt)
{
	const char **const words[] = {
		['t'] = &a->tpm, ['c'] = &a->control, ['k'] = &a->ak, ['e'] = &a->ek, ['E'] = &a->ek_cert,
		['C'] = &a->challenge, ['a'] = &a->answer, ['o'] = &a->out,
	};

	if (opt == 'g')
		return take_kind(a, optarg);
	if (opt == 'f') {
		a->force = true;
	} else if (opt == 'A') {
		if (a->n_cas == IMA_N_ELEMENTS(a->cas))
			return imactl_fail(EXIT_USAGE, "too many --ca");
		a->cas[a->n_cas++] = optarg;
	} else if (opt > 0 && (size_t)opt < IMA_N_ELEMENTS(words) && words[opt]) {
		*words[opt] = optarg;
	} else {
		return imactl_usage(a->command);
	}
	return 0;
}

static int parse_args(int argc, char **argv, struct ak_args *a)
{
	static const struct option all[] = {
		{ "tpm", required_argument, NULL, 't' },   { "control", required_argument, NULL, 'c' },
		{ "ak", required_argument, NULL, 'k' },    { "ek", required_argument, NULL, 'e' },
		{ "ek-cert", required_argument, NULL, 'E' }, { "challenge", required_argument, NULL, 'C' },
		{ "answer", required_argument, NULL, 'a' }, { "out", required_argument, NULL, 'o' },
		{ "alg", required_argument, NULL, 'g' },   { "ca", required_argument, NULL, 'A' },
		{ "force", no_argument, NULL, 'f' },
	};
	struct option options[IMA_N_ELEMENTS(all) + 1] = { 0 };
	size_t n = 0;
	int opt, r = 0;

	for (size_t i = 0; i < IMA_N_ELEMENTS(all); i++)
		if (strchr(a->options, all[i].val))
			options[n++] = all[i];

	while (!r && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		r = take_option(a, opt);
	if (!r && optind < argc)
		a->folder = argv[optind++];
	return r ? r : optind != argc ? imactl_misuse(a->command, "%s: one folder is enough", argv[optind]) : 0;
}

static int open_tpm(const struct ak_args *a, struct ima_tpm **ret)
{
	struct ima_diag diag = { 0 };
	const int r = imactl_tpm_open(a->tpm, a->control, ret, &diag);

	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, a->tpm ? a->tpm : "TPM", &diag, r) : EXIT_GOOD;
}

static int make_folder(const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	return EXIT_GOOD;
}

static bool exists(const char *folder, const char *name)
{
	ima_cleanup(ima_freep) char *path = NULL;

	return asprintf(&path, "%s/%s", folder, name) >= 0 && access(path, F_OK) == 0;
}

static int write_key(const char *folder, const struct ima_ak_blobs *ak, const struct ima_buffer *ek, const struct ima_buffer *cert)
{
	struct ima_buffer pem = { 0 };
	struct ima_ak *k = NULL;
	int r = ima_ak_parse(ima_buffer_bytes(&ak->pub), &k, NULL);

	if (r == 0)
		r = ima_ak_pem(k, &pem);
	r = r < 0 ? imactl_fail(EXIT_UNABLE, "the new key cannot be read: %s", strerror(-r)) : EXIT_GOOD;
	if (!r)
		r = imactl_write_file(folder, "ak.pem", ima_buffer_bytes(&pem), 0644);
	if (!r)
		r = imactl_write_file(folder, "ek.pub", ima_buffer_bytes(ek), 0644);
	if (!r && cert->len)
		r = imactl_write_file(folder, "ek.crt", ima_buffer_bytes(cert), 0644);
	if (!r)
		r = imactl_write_file(folder, "ak.priv", ima_buffer_bytes(&ak->priv), 0600);
	/* last: a folder with it is whole */
	if (!r)
		r = imactl_write_file(folder, "ak.pub", ima_buffer_bytes(&ak->pub), 0644);
	if (!r)
		printf("%s: %s, restricted signing key; endorsement certificate: %s\n", folder, ima_ak_algorithm(k),
		       cert->len ? "ek.crt" : "none in the TPM");
	ima_buffer_done(&pem);
	ima_ak_free(k);
	return r;
}

int cmd_ak_create(int argc, char **argv)
{
	struct ak_args a = { .command = "ak create", .options = "tcgf" };
	struct ima_buffer ek = { 0 }, cert = { 0 };
	struct ima_ak_blobs ak = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_tpm *tpm = NULL;
	int r = parse_args(argc, argv, &a), e;

	if (r)
		return r;
	if (!a.folder)
		a.folder = IMACTL_AK_FOLDER;
	if (!a.force && exists(a.folder, "ak.pub"))
		return imactl_fail(EXIT_UNABLE, "%s has a key already; --force replaces it", a.folder);
	r = open_tpm(&a, &tpm);
	if (!r) {
		e = ima_tpm_ak_create(tpm, a.kind, &ak, &diag);
		if (e == 0)
			e = ima_tpm_ek(tpm, &ek, &cert, &diag);
		r = e < 0 ? imactl_fail_diag(EXIT_UNABLE, "TPM", &diag, e) : make_folder(a.folder);
	}
	if (!r)
		r = write_key(a.folder, &ak, &ek, &cert);
	ima_tpm_free(tpm);
	ima_ak_blobs_done(&ak);
	ima_buffer_done(&ek);
	ima_buffer_done(&cert);
	return r;
}

static int activate(const struct ak_args *a, const struct ima_ak_blobs *ak, const struct ima_buffer *challenge)
{
	struct ima_buffer secret = { 0 }, hex = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_tpm *tpm = NULL;
	int r = open_tpm(a, &tpm), e;

	if (r)
		return r;
	e = ima_tpm_ak_activate(tpm, ak, ima_buffer_bytes(challenge), &secret, &diag);
	if (e < 0)
		r = imactl_fail_diag(e == -EIO ? EXIT_UNABLE : EXIT_BAD, a->challenge, &diag, e);
	else if (ima_buffer_append_hex(&hex, secret.data, secret.len) < 0 || ima_buffer_append_u8(&hex, '\n') < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	else if (a->out)
		r = imactl_outfile_write(a->out, ima_buffer_bytes(&hex), 0600);
	else
		printf("%s", (char *)hex.data);
	ima_tpm_free(tpm);
	ima_buffer_done(&secret);
	ima_buffer_done(&hex);
	return r;
}

int cmd_ak_activate(int argc, char **argv)
{
	struct ak_args a = { .command = "ak activate", .options = "tcCo" };
	struct ima_buffer challenge = { 0 };
	struct ima_ak_blobs ak = { 0 };
	int r = parse_args(argc, argv, &a);

	if (r || !a.challenge)
		return r ? r : imactl_misuse(a.command, "--challenge FILE is missing");
	r = imactl_ak_read(a.folder ? a.folder : IMACTL_AK_FOLDER, &ak);
	if (!r)
		r = imactl_read_named(NULL, a.challenge, IMA_QUOTE_MAX, &challenge);
	if (!r)
		r = activate(&a, &ak, &challenge);
	ima_ak_blobs_done(&ak);
	ima_buffer_done(&challenge);
	return r;
}

/* the certificate must be of the endorsement key that the challenge is made for, and lead to one that is trusted */
static int check_ek_cert(const struct ak_args *a, struct ima_bytes ek_public)
{
	struct ima_buffer cert = { 0 };
	struct ima_ak_chain *chain = NULL;
	struct ima_ak *of_cert = NULL, *ek = NULL;
	struct ima_diag diag = { 0 };
	int r = imactl_read_named(NULL, a->ek_cert, 64U << 10, &cert), e;

	e = ima_ak_chain_new(&chain);
	for (size_t i = 0; !r && e == 0 && i < a->n_cas; i++) {
		struct ima_buffer ca = { 0 };

		r = imactl_read_named(NULL, a->cas[i], 64U << 10, &ca);
		if (!r && ima_ak_chain_add(chain, ima_buffer_bytes(&ca), &diag) < 0)
			r = imactl_fail_diag(EXIT_UNABLE, a->cas[i], &diag, -EBADMSG);
		ima_buffer_done(&ca);
	}
	if (!r && e == 0)
		e = ima_ak_parse(ima_buffer_bytes(&cert), &of_cert, &diag);
	if (!r && e == 0)
		e = ima_ak_parse(ek_public, &ek, &diag);
	if (!r && e < 0)
		r = imactl_fail_diag(EXIT_UNABLE, a->ek_cert, &diag, e);
	if (!r && !ima_ak_is_same_key(of_cert, ek))
		r = imactl_fail(EXIT_BAD, "%s: the certificate is of another key than %s", a->ek_cert, a->ek);
	if (!r && a->n_cas && ima_ak_chain_verify(chain, of_cert, &diag) != IMA_QUOTE_GOOD)
		r = imactl_fail(EXIT_BAD, "%s: the certificate is not trusted: %s", a->ek_cert, diag.text);
	ima_ak_free(of_cert);
	ima_ak_free(ek);
	ima_ak_chain_free(chain);
	ima_buffer_done(&cert);
	return r;
}

static int write_challenge(const char *folder, struct ima_bytes ek, struct ima_bytes ak_public, const struct ima_ak *ak)
{
	uint8_t secret[IMA_CREDENTIAL_LEN];
	struct ima_buffer challenge = { 0 };
	int e = ima_credential_random(secret, sizeof(secret)), r;

	if (e == 0)
		e = ima_credential_make(ek, ima_ak_name(ak), secret, &challenge);
	r = e < 0 ? imactl_fail(EXIT_UNABLE, "no challenge can be made for this endorsement key: %s",
				e == -EBADMSG ? "it is no storage key that stays in its TPM" : strerror(-e)) :
		    make_folder(folder);
	if (!r)
		r = imactl_write_file(folder, "ak.pub", ak_public, 0644);
	if (!r)
		r = imactl_write_file(folder, "secret", (struct ima_bytes){ secret, sizeof(secret) }, 0600);
	if (!r)
		r = imactl_write_file(folder, "challenge", ima_buffer_bytes(&challenge), 0644);
	explicit_bzero(secret, sizeof(secret));
	ima_buffer_done(&challenge);
	return r;
}

static int enroll(const struct ak_args *a)
{
	struct ima_buffer ek = { 0 }, pub = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_ak *ak = NULL;
	int r = imactl_read_named(NULL, a->ek, IMA_QUOTE_MAX, &ek), e;

	if (!r)
		r = imactl_read_named(NULL, a->ak, IMA_QUOTE_MAX, &pub);
	if (!r && (e = ima_ak_parse(ima_buffer_bytes(&pub), &ak, &diag)) < 0)
		r = imactl_fail_diag(EXIT_BAD, a->ak, &diag, e);
	if (!r && !ima_ak_is_restricted(ak))
		r = imactl_fail(EXIT_BAD, "%s: not a restricted signing key that stays in its TPM: it could sign anything", a->ak);
	if (!r && a->ek_cert)
		r = check_ek_cert(a, ima_buffer_bytes(&ek));
	if (!r)
		r = write_challenge(a->folder, ima_buffer_bytes(&ek), ima_buffer_bytes(&pub), ak);
	if (!r)
		printf("%s/challenge: have the host run  imactl ak activate --challenge challenge  and give its answer to  imactl ak enroll %s --answer ANSWER\n"
		       "endorsement key: %s\n", a->folder, a->folder,
		       a->ek_cert && a->n_cas ? "certified" : "NOT certified: this key proves one TPM, not whose (--ek-cert with --ca)");
	ima_ak_free(ak);
	ima_buffer_done(&ek);
	ima_buffer_done(&pub);
	return r;
}

static int read_answer(const char *path, uint8_t ret[static IMA_CREDENTIAL_LEN])
{
	struct ima_buffer text = { 0 };
	int r = imactl_read_named(NULL, path, 1024, &text);

	while (!r && text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
		text.len--;
	if (!r && (text.len != 2 * IMA_CREDENTIAL_LEN || ima_hex_decode((char *)text.data, text.len, ret) < 0))
		r = imactl_fail(EXIT_BAD, "%s: not an answer: %d hexadecimal digits are one", path, 2 * IMA_CREDENTIAL_LEN);
	ima_buffer_done(&text);
	return r;
}

static int confirm(const struct ak_args *a)
{
	struct ima_buffer secret = { 0 }, pub = { 0 };
	ima_cleanup(ima_freep) char *secret_path = NULL;
	uint8_t answer[IMA_CREDENTIAL_LEN];
	int r = imactl_read_named(a->folder, "secret", IMA_CREDENTIAL_LEN, &secret);

	if (!r)
		r = imactl_read_named(a->folder, "ak.pub", IMA_QUOTE_MAX, &pub);
	if (!r)
		r = read_answer(a->answer, answer);
	if (!r && (secret.len != sizeof(answer) || !ima_credential_is_same(answer, secret.data)))
		r = imactl_fail(EXIT_BAD, "%s: the wrong answer: this attestation key is not in the TPM of that endorsement key", a->answer);
	if (!r)
		r = imactl_write_file(a->folder, "trusted.pub", ima_buffer_bytes(&pub), 0644);
	if (!r && (asprintf(&secret_path, "%s/secret", a->folder) < 0 || unlink(secret_path) < 0))
		r = imactl_fail(EXIT_UNABLE, "%s/secret cannot be removed", a->folder);
	if (!r)
		printf("%s/trusted.pub: enrolled\n", a->folder);
	ima_buffer_done(&secret);
	ima_buffer_done(&pub);
	return r;
}

int cmd_ak_enroll(int argc, char **argv)
{
	struct ak_args a = { .command = "ak enroll", .options = "keEAa" };
	const int r = parse_args(argc, argv, &a);

	if (r)
		return r;
	if (!a.folder)
		return imactl_misuse(a.command, "no folder is named");
	if (a.answer)
		return a.ak || a.ek || a.ek_cert || a.n_cas ? imactl_misuse(a.command, "--answer stands alone: the folder knows the keys") : confirm(&a);
	if (!a.ak || !a.ek)
		return imactl_misuse(a.command, "--ak and --ek are both needed, or --answer");
	if (a.n_cas && !a.ek_cert)
		return imactl_misuse(a.command, "--ca goes with --ek-cert: what should it vouch for?");
	return enroll(&a);
}
