/* SPDX-License-Identifier: BSD-2-Clause */
/* ima_sign, ima_hash, ima_setxattr, ima_verify: security.ima. Nothing is set before all of it is made. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/appraise/label.h"
#include "imactl/sigfile.h"

#define SIGFILE_MAX 4096 /* bytes */

int evmctl_open(const struct evmctl *e, const struct imactl_file *file, struct imactl_label_file *ret,
		struct imactl_file_result *res)
{
	const int r = imactl_label_open_file(file, e->user_names, ret);

	if (r < 0)
		evmctl_file_fail(res, r, "Failed to open: %s", file->path);
	return r;
}

int evmctl_label_set(const struct evmctl *e, const char *path, const struct imactl_label_file *f, const char *which,
		     struct ima_bytes value, struct imactl_file_result *res)
{
	const int r = e->dry_run ? 0 : imactl_label_set(f, which, value);

	if (r < 0)
		evmctl_file_fail(res, r, "setxattr failed: %s", path);
	return r;
}

static int hash_file(const struct evmctl *e, struct ima_hasher *h, const char *path, struct imactl_label_file *f,
		     enum ima_hash_algo algo, bool verity, struct ima_digest *ret, struct imactl_file_result *res)
{
	const struct ima_verity_opts opts = { .algo = algo };
	const int r = imactl_label_hash(f, h, algo, verity ? &opts : NULL, ret);

	if (r == -ENOPKG || (r == -EINVAL && verity)) {
		evmctl_file_fail(res, 0, "%s: the crypto library has no %s", path, e->algo_name);
		res->status = IMACTL_FILE_BAD; /* evmctl ends with 1 */
	} else if (r < 0) {
		evmctl_file_fail(res, r, "Failed to read: %s", path);
	}
	return r;
}

static int save(const struct evmctl *e, const struct imactl_file *file, struct ima_bytes value, struct imactl_file_result *res)
{
	int r;

	if (!e->sigfile)
		return 0;
	evmctl_say(res, "Writing to %s.sig\n", file->path);
	r = imactl_sigfile_write(file, IMACTL_SIGFILE_IMA, value);
	if (r < 0)
		evmctl_file_fail(res, r, "Failed to write: %s.sig", file->path);
	return r;
}

int evmctl_label_sign(const struct evmctl *e, const struct ima_signer *s, struct ima_hasher *h,
		      const struct imactl_file *file, struct imactl_label_file *f, struct evmctl_value *ret,
		      struct imactl_file_result *res)
{
	const enum ima_xattr_type type = e->verity ? IMA_XATTR_VERITY : IMA_XATTR_SIGNATURE;
	const bool v3 = e->v3 || e->verity;
	struct ima_digest d;
	int r = hash_file(e, h, file->path, f, e->algo, e->verity, &d, res);

	if (r < 0)
		return r;
	evmctl_say_digest(e, res, &d);
	r = v3 ? ima_signature_file_id(h, (uint8_t)type, &d, &d) : 0;
	if (r == 0)
		r = ima_signer_sign(s, type, v3 ? 3 : 2, &d, ret->bytes, &ret->len);
	if (r < 0) {
		evmctl_file_fail(res, r, "%s: signing failed", file->path);
		return r;
	}
	evmctl_say(res, "evm/ima signature: %zu bytes\n", ret->len - 1);
	if (!e->recursive)
		evmctl_print_hex(res, evmctl_value_bytes(ret));
	r = save(e, file, evmctl_value_bytes(ret), res);
	return r < 0 ? r : evmctl_label_set(e, file->path, f, "ima", evmctl_value_bytes(ret), res);
}

int evmctl_label_hash(const struct evmctl *e, struct ima_hasher *h, const struct imactl_file *file,
		      struct imactl_label_file *f, struct evmctl_value *ret, struct imactl_file_result *res)
{
	struct ima_digest d;
	int r = hash_file(e, h, file->path, f, e->algo, false, &d, res);

	if (r < 0)
		return r;
	evmctl_say(res, "hash(%s): ", e->algo_name);
	ret->len = ima_label_of_digest(&d, ret->bytes);
	evmctl_print_hex(res, evmctl_value_bytes(ret));
	return evmctl_label_set(e, file->path, f, "ima", evmctl_value_bytes(ret), res);
}

struct sign_job {
	const struct evmctl *e;
	struct ima_signer *signer;
};

static void sign_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct sign_job *j = user;
	struct imactl_label_file f;
	struct evmctl_value v;

	if (evmctl_open(j->e, file, &f, res) < 0)
		return;
	ima_ignore(evmctl_label_sign(j->e, j->signer, h, file, &f, &v, res));
	imactl_label_close(&f);
}

int evmctl_ima_sign(struct evmctl *e, int argc, char **argv)
{
	struct sign_job j = { .e = e };
	int r;

	if (!argc)
		return evmctl_usage(e);
	r = evmctl_signer(e, &j.signer);
	if (r == 0)
		r = evmctl_files(e, argc, argv, false, sign_one, &j);
	ima_signer_free(j.signer);
	return r;
}

static void hash_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct evmctl *e = user;
	struct imactl_label_file f;
	struct evmctl_value v;

	if (evmctl_open(e, file, &f, res) < 0)
		return;
	ima_ignore(evmctl_label_hash(e, h, file, &f, &v, res));
	imactl_label_close(&f);
}

int evmctl_ima_hash(struct evmctl *e, int argc, char **argv)
{
	return argc ? evmctl_files(e, argc, argv, false, hash_one, e) : evmctl_usage(e);
}

/* an empty one is none */
static int judge_sigfile(const char *name, int r, size_t len, struct imactl_file_result *res)
{
	if (r == 0 && !len)
		r = -ENODATA;
	if (r < 0)
		evmctl_say(res, "Failed to open: %s\n", name);
	return r;
}

/* FILE takes FILE.sig; with -f: SIGFILE FILE */
int evmctl_ima_setxattr(struct evmctl *e, int argc, char **argv)
{
	ima_cleanup(ima_freep) char *name = NULL;
	ima_cleanup(ima_freep) uint8_t *value = NULL;
	struct imactl_label_file f;
	const char *path;
	size_t len = 0;
	int r;

	if (argc < (e->sigfile ? 2 : 1))
		return evmctl_usage(e);
	path = argv[e->sigfile ? 1 : 0];
	if (asprintf(&name, "%s%s", argv[0], e->sigfile ? "" : ".sig") < 0)
		return evmctl_fail(-ENOMEM, "%s", path);
	evmctl_say(NULL, "Reading to %s\n", name);
	r = imactl_read_file(name, SIGFILE_MAX, &value, &len);
	r = judge_sigfile(name, r, len, NULL);
	if (r < 0)
		return evmctl_fail(r, "Failed reading: %s", name);
	r = imactl_label_open(path, e->user_names, &f);
	if (r < 0)
		return evmctl_fail(r, "Failed to open: %s", path);
	if (!e->dry_run)
		r = imactl_label_set(&f, "ima", (struct ima_bytes){ value, len });
	imactl_label_close(&f);
	return r < 0 ? evmctl_fail(r, "setxattr failed: %s", path) : 0;
}

struct verify_job {
	const struct evmctl *e;
	struct evmctl_keys keys;
};

/* every failure of ima_verify is "checked and bad" */
static void bad(struct imactl_file_result *res)
{
	if (res->status != IMACTL_FILE_LEFT && res->status != IMACTL_FILE_SKIPPED)
		res->status = IMACTL_FILE_BAD;
}

static int read_label(const struct evmctl *e, const struct imactl_file *file, const struct imactl_label_file *f,
		      uint8_t **ret, size_t *ret_len, struct imactl_file_result *res)
{
	ima_cleanup(ima_freep) char *name = NULL;
	int r;

	if (!e->sigfile) {
		r = imactl_label_get(f, "ima", ret, ret_len);
		if (r < 0)
			evmctl_file_fail(res, r, "getxattr failed: %s", file->path);
		return r;
	}
	if (asprintf(&name, "%s" IMACTL_SIGFILE_IMA, file->path) < 0)
		return -ENOMEM;
	evmctl_say(res, "Reading to %s\n", name);
	r = imactl_sigfile_read(file, IMACTL_SIGFILE_IMA, ret, ret_len);
	r = judge_sigfile(name, r, *ret_len, res);
	if (r < 0)
		evmctl_file_fail(res, r, "Failed reading: %s", file->path);
	return r;
}

static bool check_label(const struct verify_job *j, struct ima_hasher *h, const char *path,
			struct imactl_label_file *f, struct ima_bytes label, struct imactl_file_result *res)
{
	const bool verity = label.len && label.data[0] == IMA_XATTR_VERITY;
	struct ima_signature s;
	struct ima_digest d;

	if (!label.len || (label.data[0] != IMA_XATTR_SIGNATURE && !verity)) {
		evmctl_say(res, "%s: xattr ima has no signature\n", path);
		return false;
	}
	if (ima_signature_parse(label, &s) < 0 || (verity && s.version != 3)) {
		evmctl_say(res, "%s: Invalid signature\n", path);
		return false;
	}
	if (hash_file(j->e, h, path, f, s.algo, verity, &d, res) < 0)
		return false;
	if (j->e->verbose)
		evmctl_say_digest(j->e, res, &d);
	if (s.version == 3 && ima_signature_file_id(h, s.type, &d, &d) < 0)
		return false;
	if (evmctl_keys_check(j->e, &j->keys, path, &s, &d, res) != IMA_SIG_GOOD)
		return false;
	evmctl_say(res, "%s: verification is OK\n", path);
	return true;
}

static void verify_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct verify_job *j = user;
	ima_cleanup(ima_freep) uint8_t *label = NULL;
	struct imactl_label_file f;
	size_t len = 0;

	if (evmctl_open(j->e, file, &f, res) < 0) {
		bad(res);
		return;
	}
	if (read_label(j->e, file, &f, &label, &len, res) < 0 ||
	    !check_label(j, h, file->path, &f, (struct ima_bytes){ label, len }, res))
		bad(res);
	imactl_label_close(&f);
}

int evmctl_ima_verify(struct evmctl *e, int argc, char **argv)
{
	struct verify_job j = { .e = e };
	int r;

	evmctl_keys_load(e, &j.keys);
	r = argc ? evmctl_files(e, argc, argv, true, verify_one, &j) : evmctl_usage(e);
	evmctl_keys_free(&j.keys);
	return r && argc ? EVMCTL_BAD : r;
}
