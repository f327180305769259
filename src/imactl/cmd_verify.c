/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl verify: what appraisal would say of a file, without a daemon. */
#include <errno.h>
#include <string.h>

#include "core/appraise/appraise.h"
#include "core/sig/modsig.h"
#include "imactl/label_file.h"
#include "imactl/label_opts.h"
#include "imactl/sigfile.h"

struct verify_args {
	struct imactl_label_opts o;
	struct ima_evm *rules;
};

static int read_label(const struct verify_args *a, const struct imactl_file *file, const struct imactl_label_file *f,
		      uint8_t **ret, size_t *ret_len)
{
	if (a->o.sigfile)
		return imactl_sigfile_read(file, IMACTL_SIGFILE_IMA, ret, ret_len);
	return imactl_label_get(f, "ima", ret, ret_len);
}

/* a label of type 6 is about the fs-verity digest; its options are those of fsverity(1) unless the file system keeps others */
static int collect(const struct verify_args *a, struct ima_hasher *h, struct imactl_label_file *f,
		   struct ima_bytes label, uint32_t *opts, struct ima_digest *ret)
{
	const enum ima_hash_algo algo = ima_label_algo(label, IMA_HASH_SHA256, ima_profile_number(a->o.profile));
	const struct ima_verity_opts verity = { .algo = algo };

	if (!label.len || label.data[0] != IMA_XATTR_VERITY)
		return imactl_label_hash(f, h, algo, NULL, ret);
	*opts |= IMA_OPT_VERITY_REQUIRED;
	return imactl_label_hash(f, h, algo, &verity, ret);
}

struct modsig_call {
	struct ima_modsig *modsig;
	struct ima_hasher *h;
	unsigned int version;
};

static enum ima_sig_verdict judge_modsig(void *user, const struct ima_keyring *ring)
{
	struct modsig_call *call = user;

	return ima_modsig_verify(call->modsig, call->h, ring, call->version);
}

/* a tail that is no signature is content, as for the kernel */
static int find_modsig(const struct imactl_label_file *f, struct ima_modsig **ret)
{
	const int r = ima_modsig_open_fd(f->fd, (uint64_t)f->st.st_size, ret);

	return r == -ENODATA || r == -EBADMSG || r == -E2BIG ? 0 : r;
}

static int show(const struct verify_args *a, const char *path, const struct ima_appraisal *v,
		struct imactl_file_result *res)
{
	const char *status = ima_integrity_name(v->status), *detail = v->cause;
	char text[128];

	if (v->sig != IMA_SIG_UNCHECKED && v->sig != IMA_SIG_GOOD)
		detail = ima_sig_verdict_text(v->sig);
	if (v->status != IMA_INTEGRITY_PASS)
		res->status = IMACTL_FILE_BAD;
	if (a->o.files.json)
		return imactl_file_json(&res->out, path,
					json_pack("{s:s, s:s*, s:s*, s:b}", "status", status, "cause", v->cause, "signature",
						  v->sig == IMA_SIG_UNCHECKED ? NULL : ima_sig_verdict_text(v->sig),
						  "signed", (int)v->is_signed));
	if (res->status == IMACTL_FILE_BAD)
		snprintf(text, sizeof(text), ": %s (%s)", status, detail ? detail : "no attributes here");
	else
		snprintf(text, sizeof(text), ": pass%s", v->is_signed ? " (signature)" : "");
	return a->o.files.quiet && res->status != IMACTL_FILE_BAD ? 0 : imactl_file_line(&res->out, path, text);
}

/* the metadata as it is, with the labels that stand beside the file where those are asked for */
static int judge_evm(const struct verify_args *a, struct ima_hasher *h, const struct imactl_file *file,
		     struct imactl_label_file *f, struct ima_bytes ima, enum ima_integrity *ret)
{
	ima_cleanup(ima_freep) uint8_t *evm = NULL;
	struct ima_evm_result result;
	struct ima_evm_file metadata;
	size_t len = 0;
	int r = 0;

	if (a->o.sigfile) {
		r = imactl_sigfile_read(file, IMACTL_SIGFILE_EVM, &evm, &len);
		f->pending_ima = ima;
		f->pending_evm = (struct ima_bytes){ evm, len };
	}
	if (r < 0 && r != -ENODATA)
		return r;
	metadata = imactl_label_evm_file(f);
	ima_evm_judge(a->rules, h, &metadata, &result);
	*ret = result.status;
	return 0;
}

static int verify_open(const struct verify_args *a, struct ima_hasher *h, const struct imactl_file *file,
		       struct imactl_label_file *f, struct imactl_file_result *res)
{
	ima_cleanup(ima_freep) uint8_t *label = NULL;
	struct ima_digest content;
	struct ima_appraisal v;
	struct modsig_call call = { .h = h, .version = ima_profile_number(a->o.profile) };
	struct ima_appraise_in in = { .opts = a->o.signature ? IMA_OPT_DIGSIG_REQUIRED : 0,
				      .version = ima_profile_number(a->o.profile), .content = &content,
				      .evm = IMA_INTEGRITY_UNKNOWN, .size = (uint64_t)f->st.st_size, .keys = a->o.keys,
				      .h = h };
	int r;

	in.label_error = read_label(a, file, f, &label, &in.label.len);
	in.label.data = label;
	r = collect(a, h, f, in.label, &in.opts, &content);
	if (r == 0 && a->o.evm)
		r = judge_evm(a, h, file, f, in.label, &in.evm);
	if (r == 0 && a->o.modsig)
		r = find_modsig(f, &call.modsig);
	if (r == 0) {
		res->bytes = in.size;
		in.modsig = call.modsig ? judge_modsig : NULL;
		in.modsig_user = &call;
		ima_appraise(&in, &v);
		v.is_signed |= call.modsig && v.status == IMA_INTEGRITY_PASS;
		r = show(a, file->path, &v, res);
	}
	ima_modsig_free(call.modsig);
	return r;
}

static void verify_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct verify_args *a = user;
	struct imactl_label_file f;
	int r = imactl_label_open_file(file, a->o.user_names, &f);

	if (r == 0) {
		r = verify_open(a, h, file, &f, res);
		imactl_label_close(&f);
	}
	if (r == -ENOPKG)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, file->path, "the crypto library has not the label's hash algorithm");
	else if (r < 0)
		imactl_file_errno(res, file->path, r);
}

static int verify_archive(const struct verify_args *a)
{
	const struct imactl_archive_check job = { .from = &a->o.from, .keys = a->o.keys, .files = &a->o.files,
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
