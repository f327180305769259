/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl verify: what appraisal would say of a file, without a daemon. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/appraise/appraise.h"
#include "core/sig/modsig.h"
#include "imactl/label_file.h"
#include "imactl/label_opts.h"

#define SIGFILE_MAX 4096

struct verify_args {
	struct imactl_label_opts o;
	struct ima_evm *rules;
};

static int read_label(const struct verify_args *a, const char *path, const struct imactl_label_file *f,
		      uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_freep) char *name = NULL;
	int r;

	if (!a->o.sigfile)
		return imactl_label_get(f, "ima", ret, ret_len);
	if (asprintf(&name, "%s.sig", path) < 0)
		return -ENOMEM;
	r = imactl_read_file(name, SIGFILE_MAX, ret, ret_len);
	return r == -ENOENT ? -ENODATA : r;
}

/* a label of type 6 is about the fs-verity digest; its options are those of fsverity(1) unless the file system keeps others */
static int collect(const struct verify_args *a, struct ima_hasher *h, const struct imactl_label_file *f,
		   struct ima_bytes label, uint32_t *opts, struct ima_digest *ret)
{
	const enum ima_hash_algo algo = ima_label_algo(label, IMA_HASH_SHA256, ima_profile_number(a->o.profile));
	const struct ima_verity_opts verity = { .algo = algo };

	if (!label.len || label.data[0] != IMA_XATTR_VERITY)
		return ima_hash_fd(h, algo, f->fd, ret, NULL);
	*opts |= IMA_OPT_VERITY_REQUIRED;
	return ima_verity_digest_fd(h, &verity, f->fd, ret);
}

struct modsig_call {
	struct ima_modsig *modsig;
	struct ima_hasher *h;
};

static enum ima_sig_verdict judge_modsig(void *user, const struct ima_keyring *ring)
{
	struct modsig_call *call = user;

	return ima_modsig_verify(call->modsig, call->h, ring);
}

/* a tail that is no signature is content, as for the kernel */
static int find_modsig(const struct imactl_label_file *f, struct ima_modsig **ret)
{
	const int r = ima_modsig_open_fd(f->fd, (uint64_t)f->st.st_size, ret);

	return r == -ENODATA || r == -EBADMSG || r == -E2BIG ? 0 : r;
}

static void show(const struct verify_args *a, const char *path, const struct ima_appraisal *v,
		 struct imactl_file_result *res)
{
	const char *status = ima_integrity_name(v->status), *detail = v->cause;
	char *text = NULL;
	json_t *o;
	int r = 0;

	if (v->sig != IMA_SIG_UNCHECKED && v->sig != IMA_SIG_GOOD)
		detail = ima_sig_verdict_text(v->sig);
	if (v->status != IMA_INTEGRITY_PASS)
		res->status = IMACTL_FILE_BAD;
	if (a->o.json) {
		o = json_pack("{s:s, s:s, s:s*, s:s*, s:b}", "path", path, "status", status, "cause", v->cause, "signature",
			      v->sig == IMA_SIG_UNCHECKED ? NULL : ima_sig_verdict_text(v->sig), "signed", (int)v->is_signed);
		text = o ? json_dumps(o, JSON_COMPACT) : NULL;
		r = text ? ima_buffer_printf(&res->out, "%s\n", text) : -EILSEQ;
		free(text);
		json_decref(o);
	} else if (res->status == IMACTL_FILE_BAD) {
		r = ima_buffer_printf(&res->out, "%s: %s (%s)\n", path, status, detail ? detail : "no attributes here");
	} else if (!a->o.quiet) {
		r = ima_buffer_printf(&res->out, "%s: pass%s\n", path, v->is_signed ? " (signature)" : "");
	}
	if (r < 0)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", strerror(-r));
}

static void verify_one(void *user, struct ima_hasher *h, const char *path, struct imactl_file_result *res)
{
	const struct verify_args *a = user;
	ima_cleanup(ima_freep) uint8_t *label = NULL;
	struct imactl_label_file f;
	struct ima_evm_result evm = { .status = IMA_INTEGRITY_UNKNOWN };
	struct ima_evm_file file;
	struct ima_digest content;
	struct ima_appraisal v;
	struct modsig_call call = { .h = h };
	struct ima_appraise_in in = { .opts = a->o.signature ? IMA_OPT_DIGSIG_REQUIRED : 0,
				      .version = ima_profile_number(a->o.profile), .content = &content,
				      .keys = a->o.keys, .h = h };
	int r = imactl_label_open(path, a->o.user_names, &f);

	if (r < 0) {
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", r == -EINVAL ? "not a regular file" : strerror(-r));
		return;
	}
	in.label_error = read_label(a, path, &f, &label, &in.label.len);
	in.label.data = label;
	in.size = (uint64_t)f.st.st_size;
	r = collect(a, h, &f, in.label, &in.opts, &content);
	if (r == 0 && a->o.evm) {
		file = imactl_label_evm_file(&f);
		ima_evm_judge(a->rules, h, &file, &evm);
	}
	if (r == 0 && a->o.modsig)
		r = find_modsig(&f, &call.modsig);
	if (r < 0) {
		imactl_file_fail(res, IMACTL_FILE_UNABLE, path, "%s", strerror(-r));
	} else {
		in.evm = evm.status;
		in.modsig = call.modsig ? judge_modsig : NULL;
		in.modsig_user = &call;
		ima_appraise(&in, &v);
		v.is_signed |= call.modsig && v.status == IMA_INTEGRITY_PASS;
		show(a, path, &v, res);
	}
	ima_modsig_free(call.modsig);
	imactl_label_close(&f);
}

static int verify_archive(const struct verify_args *a)
{
	const struct imactl_archive_check job = { .from = &a->o.from, .keys = a->o.keys, .quiet = a->o.quiet, .json = a->o.json,
						  .wish = { .signature = a->o.signature, .evm = a->o.evm } };

	return imactl_archive_check(&job);
}

int cmd_verify(int argc, char **argv)
{
	struct verify_args a = { 0 };
	struct imactl_files_counts counts;
	int r = imactl_label_opts_parse(argc, argv, IMACTL_VERIFY, &a.o);

	if (r == EXIT_GOOD && ima_evm_new(ima_profile_number(a.o.profile), &a.rules) < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	if (r == EXIT_GOOD && a.o.from.archive) {
		r = verify_archive(&a);
	} else if (r == EXIT_GOOD) {
		a.rules->mode = IMA_EVM_INIT_X509;
		a.rules->keys = a.o.keys; /* both verify with the same certificates */
		r = imactl_files_run(a.o.paths, a.o.n_paths, &a.o.files, verify_one, &a, &counts);
		a.rules->keys = NULL;
	}
	ima_evm_free(a.rules);
	imactl_label_opts_done(&a.o);
	return r;
}
