/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl sign: signatures of content (security.ima) and of metadata (security.evm). The key is read once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/appraise/label.h"
#include "imactl/label_file.h"
#include "imactl/label_opts.h"

struct sign_args {
	struct imactl_label_opts o;
	struct ima_signer *signer;
	struct ima_evm *rules; /* names that EVM covers */
};

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
	const enum ima_xattr_type type = a->o.by_verity ? IMA_XATTR_VERITY : IMA_XATTR_SIGNATURE;
	const bool v3 = a->o.by_verity || a->o.v3;
	struct ima_digest d;
	int r = a->o.by_verity ? ima_verity_digest_fd(h, &a->o.verity, f->fd, &d) :
			       ima_hash_fd(h, a->o.algo, f->fd, &d, NULL);

	if (r == 0 && a->o.by_hash) {
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
	const enum ima_xattr_type type = strcmp(a->o.evm_kind, "portable") ? IMA_XATTR_SIGNATURE : IMA_XATTR_PORTABLE;
	const struct ima_evm_file file = imactl_label_evm_file(f);
	struct ima_digest d;
	int r;

	f->pending_ima = view(ima);
	r = ima_evm_digest(a->rules, h, type, a->o.v3 ? 3 : 2, a->o.algo, &file, &d);
	return r < 0 ? r : ima_signer_sign(a->signer, type, a->o.v3 ? 3 : 2, &d, ret->bytes, &ret->len);
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

	if (r == 0 && a->o.evm_kind)
		r = make_evm(a, h, f, ima, &evm);
	if (r < 0 || a->o.dry_run)
		return r;
	if (a->o.sigfile)
		r = write_sigfile(path, view(ima));
	if (r == 0)
		r = imactl_label_set(f, "ima", view(ima));
	return r == 0 && a->o.evm_kind ? imactl_label_set(f, "evm", view(&evm)) : r;
}

static void sign_one(void *user, struct ima_hasher *h, const char *path, struct imactl_file_result *res)
{
	const struct sign_args *a = user;
	struct imactl_label_file f;
	struct value ima;
	int r = imactl_label_open(path, a->o.user_names, &f);

	if (r < 0) {
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", r == -EINVAL ? "not a regular file" : strerror(-r));
		return;
	}
	r = label(a, h, path, &f, &ima);
	imactl_label_close(&f);
	if (r == -ENOPKG)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "the key cannot sign over %s", ima_hash_name(a->o.algo));
	else if (r < 0)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", strerror(-r));
	else if (res->status == IMACTL_FILE_DONE)
		show(&ima, path, res);
}

/* labels that go into an archive or a manifest in place of the files */
static int sign_elsewhere(struct sign_args *a)
{
	const struct imactl_archive_label job = {
		.from = &a->o.from, .signer = a->signer, .algo = a->o.algo,
		.opts = { .kind = a->o.by_hash ? IMA_LABEL_DIGEST : IMA_LABEL_SIGNATURE, .v3 = a->o.v3,
			  .evm = !a->o.evm_kind ? IMA_LABEL_NO_EVM :
				 strcmp(a->o.evm_kind, "portable") ? IMA_LABEL_IMMUTABLE : IMA_LABEL_PORTABLE },
	};

	return a->o.from.archive ? imactl_archive_label(&job) : imactl_tree_manifest(&job, a->o.paths[0], &a->o.files);
}

int cmd_sign(int argc, char **argv)
{
	struct sign_args a = { 0 };
	struct imactl_files_counts counts;
	int r = imactl_label_opts_parse(argc, argv, IMACTL_SIGN, &a.o);

	if (r == EXIT_GOOD)
		r = imactl_key_open(&a.o.key, &a.signer);
	if (r == EXIT_GOOD && ima_evm_new(ima_profile_number(IMA_PROFILE_NEWEST), &a.rules) < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	if (r == EXIT_GOOD && (a.o.from.archive || a.o.from.manifest))
		r = sign_elsewhere(&a);
	else if (r == EXIT_GOOD)
		r = imactl_files_run(a.o.paths, a.o.n_paths, &a.o.files, sign_one, &a, &counts);
	ima_signer_free(a.signer);
	ima_evm_free(a.rules);
	imactl_label_opts_done(&a.o);
	return r;
}
