/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl sign: signatures of content (security.ima) and of metadata (security.evm). The key is read once. */
#include <errno.h>
#include <string.h>

#include "core/appraise/label_make.h"
#include "imactl/label_file.h"
#include "imactl/label_opts.h"
#include "imactl/sigfile.h"

struct sign_args {
	struct imactl_label_opts o;
	struct ima_label_opts label;
	struct ima_signer *signer;
	struct ima_evm *rules; /* names that EVM covers */
};

struct value {
	uint8_t bytes[IMA_SIGNER_MAX_VALUE];
	size_t len;
};

struct labels {
	struct value ima, evm;
	bool ima_is_current, evm_is_current;
};

static struct ima_bytes view(const struct value *v)
{
	return (struct ima_bytes){ v->bytes, v->len };
}

static struct ima_label_opts label_opts(const struct imactl_label_opts *o)
{
	return (struct ima_label_opts){
		.kind = o->by_hash ? IMA_LABEL_DIGEST : o->by_verity ? IMA_LABEL_VERITY : IMA_LABEL_SIGNATURE,
		.evm = !o->evm_kind ? IMA_LABEL_NO_EVM : strcmp(o->evm_kind, "portable") ? IMA_LABEL_IMMUTABLE : IMA_LABEL_PORTABLE,
		.v3 = o->v3,
	};
}

static int existing(const struct imactl_file *file, const struct imactl_label_file *f, const char *which, bool beside,
		    struct value *ret)
{
	const char *suffix = strcmp(which, "ima") ? IMACTL_SIGFILE_EVM : IMACTL_SIGFILE_IMA;
	ima_cleanup(ima_freep) uint8_t *have = NULL;
	size_t len = 0;
	int r = beside ? imactl_sigfile_read(file, suffix, &have, &len) : imactl_label_get(f, which, &have, &len);

	if (r < 0 || len > sizeof(ret->bytes))
		return r < 0 ? r : -ENODATA;
	memcpy(ret->bytes, have, len);
	ret->len = len;
	return 0;
}

/* a label that would be made anew as it is: this key, this algorithm, this content. It is @ret then */
static bool is_current(const struct sign_args *a, const struct imactl_file *file, const struct imactl_label_file *f,
		       const char *which, const struct ima_label_part *part, struct value *ret)
{
	struct value there, beside;

	if (!a->o.changed_only)
		return false;
	if (!a->o.detached && (existing(file, f, which, false, &there) < 0 || !ima_label_part_is(a->signer, part, view(&there))))
		return false;
	if (!a->o.sigfile && !a->o.detached) {
		*ret = there;
		return true;
	}
	if (existing(file, f, which, true, &beside) < 0 || !ima_label_part_is(a->signer, part, view(&beside)) ||
	    (!a->o.detached && (beside.len != there.len || memcmp(beside.bytes, there.bytes, there.len))))
		return false;
	*ret = beside;
	return true;
}

/* security.ima: a signature of the content or of its fs-verity digest, or the digest alone */
static int make_ima(const struct sign_args *a, struct ima_hasher *h, const struct imactl_file *file,
		    struct imactl_label_file *f, struct labels *ret)
{
	struct ima_label_part part;
	struct ima_digest d;
	int r = imactl_label_hash(f, h, a->o.algo, a->o.by_verity ? &a->o.verity : NULL, &d);

	if (r == 0)
		r = ima_label_part_ima(h, &a->label, &d, &part);
	if (r < 0)
		return r;
	ret->ima_is_current = is_current(a, file, f, "ima", &part, &ret->ima);
	return ret->ima_is_current ? 0 : ima_label_part_make(a->signer, &part, ret->ima.bytes, &ret->ima.len);
}

static int make_evm(const struct sign_args *a, struct ima_hasher *h, const struct imactl_file *file,
		    struct imactl_label_file *f, struct labels *ret)
{
	const struct ima_evm_file metadata = imactl_label_evm_file(f);
	struct ima_label_part part;
	int r;

	f->pending_ima = view(&ret->ima);
	r = ima_label_part_evm(a->rules, h, &a->label, a->o.algo, &metadata, &part);
	if (r < 0)
		return r;
	ret->evm_is_current = is_current(a, file, f, "evm", &part, &ret->evm);
	return ret->evm_is_current ? 0 : ima_label_part_make(a->signer, &part, ret->evm.bytes, &ret->evm.len);
}

static int write_labels(const struct sign_args *a, const struct imactl_file *file, const struct imactl_label_file *f,
			const struct labels *l)
{
	const bool beside = a->o.sigfile || a->o.detached;
	int r = 0;

	if (beside && !l->ima_is_current)
		r = imactl_sigfile_write(file, IMACTL_SIGFILE_IMA, view(&l->ima));
	if (r == 0 && beside && l->evm.len && !l->evm_is_current)
		r = imactl_sigfile_write(file, IMACTL_SIGFILE_EVM, view(&l->evm));
	if (r < 0 || a->o.detached)
		return r;
	if (!l->ima_is_current)
		r = imactl_label_set(f, "ima", view(&l->ima));
	return r == 0 && l->evm.len && !l->evm_is_current ? imactl_label_set(f, "evm", view(&l->evm)) : r;
}

static int show(const struct sign_args *a, const struct labels *l, const char *path, struct imactl_file_result *res)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer ima = { 0 }, evm = { 0 };
	int r = a->o.files.quiet ? 0 : ima_buffer_append_hex(&ima, l->ima.bytes, l->ima.len);

	if (r == 0 && a->o.files.json)
		r = ima_buffer_append_hex(&evm, l->evm.bytes, l->evm.len);
	if (r < 0 || a->o.files.quiet)
		return r;
	if (!a->o.files.json) {
		r = ima_buffer_printf(&res->out, "%s ", (char *)ima.data);
		return r < 0 ? r : imactl_file_line(&res->out, path, "");
	}
	return imactl_file_json(&res->out, path,
				json_pack("{s:s, s:s, s:s*}", "status", "done", "ima", (char *)ima.data, "evm",
					  l->evm.len ? (char *)evm.data : NULL));
}

static int sign_open(const struct sign_args *a, struct ima_hasher *h, const struct imactl_file *file,
		     struct imactl_label_file *f, struct imactl_file_result *res)
{
	struct labels l = { .ima.len = 0 };
	int r = make_ima(a, h, file, f, &l);

	if (r == 0 && a->o.evm_kind)
		r = make_evm(a, h, file, f, &l);
	if (r < 0)
		return r;
	res->bytes = (uint64_t)f->st.st_size;
	if (l.ima_is_current && (!a->o.evm_kind || l.evm_is_current)) {
		res->status = IMACTL_FILE_SKIPPED;
		return 0;
	}
	if (!a->o.dry_run)
		r = write_labels(a, file, f, &l);
	return r < 0 ? r : show(a, &l, file->path, res);
}

static void sign_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	const struct sign_args *a = user;
	struct imactl_label_file f;
	int r = imactl_label_open_file(file, a->o.user_names, &f);

	if (r == 0) {
		r = sign_open(a, h, file, &f, res);
		imactl_label_close(&f);
	}
	if (r == -ENOPKG)
		imactl_file_fail(res, IMACTL_FILE_UNABLE, file->path, "the key cannot sign over %s", ima_hash_name(a->o.algo));
	else if (r < 0)
		imactl_file_errno(res, file->path, r);
}

/* labels that go into an archive or a manifest in place of the files */
static int sign_elsewhere(struct sign_args *a)
{
	const struct imactl_archive_label job = { .from = &a->o.from, .signer = a->signer, .algo = a->o.algo, .opts = a->label,
						  .files = &a->o.files };

	return a->o.from.archive ? imactl_archive_label(&job) : imactl_tree_manifest(&job, a->o.paths[0]);
}

int cmd_sign(int argc, char **argv)
{
	struct sign_args a = { 0 };
	struct imactl_files_counts counts;
	int r = imactl_label_opts_parse(argc, argv, IMACTL_SIGN, &a.o);

	a.label = label_opts(&a.o);
	a.o.key.many = a.o.files.recursive || a.o.files.list || a.o.from.archive || a.o.from.manifest;
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
