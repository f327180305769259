/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl sign: signatures of content (security.ima) and of metadata (security.evm). The key is read once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <ima/policy.h>
#include <ima/signer.h>

#include "core/appraise/label.h"
#include "imactl/label_file.h"

#define KEY_MAX (1U << 20)

struct sign_args {
	struct imactl_files_opts files;
	enum ima_hash_algo algo;
	struct ima_verity_opts verity;
	const char *key, *cert, *keyid, *password_file, *evm;
	bool by_verity, by_hash, v3, sigfile, user_names, dry_run;
	struct ima_signer *signer;
	struct ima_evm *rules; /* names that EVM covers */
};

static const struct option options[] = {
	{ "recursive", no_argument, NULL, 'r' }, { "one-file-system", no_argument, NULL, 'x' },
	{ "algo", required_argument, NULL, 'a' }, { "key", required_argument, NULL, 'k' },
	{ "cert", required_argument, NULL, 'C' }, { "keyid", required_argument, NULL, 'K' },
	{ "password-file", required_argument, NULL, 'p' }, { "evm", required_argument, NULL, 'e' },
	{ "hash-label", no_argument, NULL, 'd' }, { "verity", no_argument, NULL, 'v' },
	{ "v3", no_argument, NULL, '3' }, { "sigfile", no_argument, NULL, 'f' },
	{ "user", no_argument, NULL, 'u' }, { "dry-run", no_argument, NULL, 'n' },
	{ 0 },
};

static int take_option(struct sign_args *a, int opt)
{
	switch (opt) {
	case 'r': a->files.recursive = true; break;
	case 'x': a->files.one_fs = true; break;
	case 'a':
		if (ima_hash_by_name(optarg, strlen(optarg), &a->algo) < 0)
			return imactl_fail(EXIT_USAGE, "%s: not a hash algorithm", optarg);
		break;
	case 'k': a->key = optarg; break;
	case 'C': a->cert = optarg; break;
	case 'K': a->keyid = optarg; break;
	case 'p': a->password_file = optarg; break;
	case 'e': a->evm = optarg; break;
	case 'd': a->by_hash = true; break;
	case 'v': a->by_verity = true; break;
	case '3': a->v3 = true; break;
	case 'f': a->sigfile = true; break;
	case 'u': a->user_names = true; break;
	case 'n': a->dry_run = true; break;
	default: return imactl_usage("sign");
	}
	return 0;
}

static int parse_args(int argc, char **argv, struct sign_args *a)
{
	int opt, r = 0;

	while (r == 0 && (opt = getopt_long(argc, argv, "rxa:k:fn", options, NULL)) != -1)
		r = take_option(a, opt);
	if (r)
		return r;
	if (!a->key || optind == argc || (a->by_hash && (!a->evm || a->by_verity)))
		return imactl_usage("sign");
	if (a->evm && strcmp(a->evm, "portable") && strcmp(a->evm, "immutable"))
		return imactl_fail(EXIT_USAGE, "--evm %s: portable or immutable", a->evm);
	a->verity.algo = a->algo;
	return 0;
}

static int read_password(const struct sign_args *a, char ret[256])
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	const char *env = getenv("IMACTL_KEY_PASSWORD");
	size_t len = 0;
	int r;

	if (!a->password_file) {
		snprintf(ret, 256, "%s", env ? env : "");
		return 0;
	}
	r = imactl_read_file(a->password_file, 255, &text, &len);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->password_file, strerror(-r));
	snprintf(ret, 256, "%.*s", (int)strcspn((char *)text, "\n"), (char *)text);
	explicit_bzero(text, len);
	return 0;
}

static int set_keyid(struct sign_args *a)
{
	char *end;
	unsigned long id;

	if (!a->keyid)
		return 0;
	id = strtoul(a->keyid, &end, 16);
	if (*end || !a->keyid[0] || id > UINT32_MAX)
		return imactl_fail(EXIT_USAGE, "--keyid %s: up to eight hex digits", a->keyid);
	ima_signer_set_keyid(a->signer, (uint32_t)id);
	return 0;
}

static int set_cert(struct sign_args *a)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_diag diag = { 0 };
	size_t len = 0;
	int r = a->cert ? imactl_read_file(a->cert, KEY_MAX, &bytes, &len) : 0;

	if (r == 0 && a->cert)
		r = ima_signer_set_cert(a->signer, (struct ima_bytes){ bytes, len }, &diag);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, a->cert, &diag, r) : 0;
}

static int load_key(struct sign_args *a)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_diag diag = { 0 };
	char password[256] = "";
	size_t len = 0;
	int r = read_password(a, password);

	if (r)
		return r;
	r = imactl_read_file(a->key, KEY_MAX, &bytes, &len);
	if (r == 0)
		r = ima_signer_parse((struct ima_bytes){ bytes, len }, password[0] ? password : NULL, &a->signer,
				     &diag);
	explicit_bzero(password, sizeof(password));
	if (bytes)
		explicit_bzero(bytes, len);
	if (r < 0)
		return imactl_fail_diag(EXIT_UNABLE, a->key, &diag, r);
	r = set_cert(a);
	return r ? r : set_keyid(a);
}

struct value {
	uint8_t bytes[IMA_SIGNER_MAX_VALUE];
	size_t len;
};

static struct ima_bytes view(const struct value *v)
{
	return (struct ima_bytes){ v->bytes, v->len };
}

/* security.ima: a signature of the content or of its fs-verity digest, or the digest alone */
static int make_ima(const struct sign_args *a, struct ima_hasher *h, const struct imactl_label_file *f,
		    struct value *ret)
{
	const enum ima_xattr_type type = a->by_verity ? IMA_XATTR_VERITY : IMA_XATTR_SIGNATURE;
	const bool v3 = a->by_verity || a->v3;
	struct ima_digest d;
	int r = a->by_verity ? ima_verity_digest_fd(h, &a->verity, f->fd, &d) :
			       ima_hash_fd(h, a->algo, f->fd, &d, NULL);

	if (r == 0 && a->by_hash) {
		ret->len = ima_label_of_digest(&d, ret->bytes);
		return 0;
	}
	if (r == 0 && v3)
		r = ima_signature_file_id(h, (uint8_t)type, &d, &d);
	return r < 0 ? r : ima_signer_sign(a->signer, type, v3 ? 3 : 2, &d, ret->bytes, &ret->len);
}

static int make_evm(const struct sign_args *a, struct ima_hasher *h, struct imactl_label_file *f,
		    const struct value *ima, struct value *ret)
{
	const enum ima_xattr_type type = strcmp(a->evm, "portable") ? IMA_XATTR_SIGNATURE : IMA_XATTR_PORTABLE;
	const struct ima_evm_file file = imactl_label_evm_file(f);
	struct ima_digest d;
	int r;

	f->pending_ima = view(ima);
	r = ima_evm_digest(a->rules, h, type, a->v3 ? 3 : 2, a->algo, &file, &d);
	return r < 0 ? r : ima_signer_sign(a->signer, type, a->v3 ? 3 : 2, &d, ret->bytes, &ret->len);
}

/* beside the file, whole or not at all */
static int write_sigfile(const char *path, struct ima_bytes value)
{
	ima_cleanup(ima_freep) char *name = NULL, *tmp = NULL;
	ima_cleanup(ima_closep) int fd = -EBADF;
	int r = 0;

	if (asprintf(&name, "%s.sig", path) < 0 || asprintf(&tmp, "%s.sig.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value.data, value.len) != (ssize_t)value.len || fchmod(fd, 0644) < 0 || rename(tmp, name) < 0)
		r = errno ? -errno : -EIO;
	if (r < 0)
		unlink(tmp);
	return r;
}

static void show(const struct value *v, const char *path, struct imactl_file_result *res)
{
	int r = ima_buffer_append_hex(&res->out, v->bytes, v->len);

	if (r == 0)
		r = ima_buffer_printf(&res->out, " %s\n", path);
	if (r < 0)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", strerror(-r));
}

static int label(const struct sign_args *a, struct ima_hasher *h, const char *path, struct imactl_label_file *f,
		 struct value *ima)
{
	struct value evm = { .len = 0 };
	int r = make_ima(a, h, f, ima);

	if (r == 0 && a->evm)
		r = make_evm(a, h, f, ima, &evm);
	if (r < 0 || a->dry_run)
		return r;
	if (a->sigfile)
		r = write_sigfile(path, view(ima));
	if (r == 0)
		r = imactl_label_set(f, "ima", view(ima));
	return r == 0 && a->evm ? imactl_label_set(f, "evm", view(&evm)) : r;
}

static void sign_one(void *user, struct ima_hasher *h, const char *path, struct imactl_file_result *res)
{
	const struct sign_args *a = user;
	struct imactl_label_file f;
	struct value ima;
	int r = imactl_label_open(path, a->user_names, &f);

	if (r < 0) {
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", r == -EINVAL ? "not a regular file" : strerror(-r));
		return;
	}
	r = label(a, h, path, &f, &ima);
	imactl_label_close(&f);
	if (r == -ENOPKG)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "the key cannot sign over %s", ima_hash_name(a->algo));
	else if (r < 0)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", strerror(-r));
	else if (res->status == IMACTL_FILE_DONE)
		show(&ima, path, res);
}

int cmd_sign(int argc, char **argv)
{
	struct sign_args a = { .algo = IMA_HASH_SHA256 };
	struct imactl_files_counts counts;
	int r = parse_args(argc, argv, &a);

	if (r == 0)
		r = load_key(&a);
	if (r == 0 && ima_evm_new(ima_profile_number(IMA_PROFILE_NEWEST), &a.rules) < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	if (r == 0)
		r = imactl_files_run(argv + optind, argc - optind, &a.files, sign_one, &a, &counts);
	ima_signer_free(a.signer);
	ima_evm_free(a.rules);
	return r;
}
