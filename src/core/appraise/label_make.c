/* SPDX-License-Identifier: BSD-2-Clause */
/* The same code as for files, with the caller's facts in place of a file's. */
#include <ima/label.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/appraise/appraise.h"
#include "core/evm/evm.h"

static const char ima_name[] = "security.ima";

struct facts {
	const struct ima_label_file *file;
	const struct ima_label *made; /* in place of the file's own labels; NULL: those count */
};

static struct ima_bytes find(const struct ima_label_file *f, const char *name)
{
	for (size_t i = 0; i < f->n_xattrs; i++)
		if (!strcmp(f->xattrs[i].name, name))
			return f->xattrs[i].value;
	return (struct ima_bytes){ 0 };
}

static int get_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct facts *f = user;
	const struct ima_bytes v = f->made && !strcmp(name, ima_name) ? (struct ima_bytes){ f->made->ima, f->made->ima_len } :
									find(f->file, name);
	uint8_t *copy;

	if (!v.data)
		return -ENODATA;
	copy = malloc(v.len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, v.data, v.len);
	*ret = copy;
	*ret_len = v.len;
	return 0;
}

static struct ima_evm_file evm_file(const struct ima_label_file *f, struct facts *facts)
{
	struct ima_evm_file e = { .ino = f->ino, .generation = f->generation, .uid = f->uid, .gid = f->gid,
				  .mode = (uint16_t)f->mode, .xattr = get_xattr, .user = facts };

	memcpy(e.fsuuid, f->fsuuid, sizeof(e.fsuuid));
	return e;
}

static int make_ima(const struct ima_signer *s, struct ima_hasher *h, const struct ima_label_opts *o,
		    const struct ima_digest *content, struct ima_label *ret)
{
	const enum ima_xattr_type type = o->kind == IMA_LABEL_VERITY ? IMA_XATTR_VERITY : IMA_XATTR_SIGNATURE;
	const bool v3 = o->v3 || type == IMA_XATTR_VERITY;
	struct ima_digest d = *content;
	int r = 0;

	if (o->kind == IMA_LABEL_DIGEST) {
		ret->ima_len = ima_label_of_digest(content, ret->ima);
		return 0;
	}
	if (v3)
		r = ima_signature_file_id(h, (uint8_t)type, content, &d);
	return r < 0 ? r : ima_signer_sign(s, type, v3 ? 3 : 2, &d, ret->ima, &ret->ima_len);
}

static int make_evm(const struct ima_signer *s, struct ima_hasher *h, const struct ima_label_opts *o,
		    const struct ima_label_file *file, struct ima_label *ret)
{
	const enum ima_xattr_type type = o->evm == IMA_LABEL_PORTABLE ? IMA_XATTR_PORTABLE : IMA_XATTR_SIGNATURE;
	struct facts facts = { file, ret };
	const struct ima_evm_file e = evm_file(file, &facts);
	struct ima_evm *rules = NULL;
	struct ima_digest d;
	int r = ima_evm_new(ima_profile_number(IMA_PROFILE_NEWEST), &rules);

	if (r == 0)
		r = ima_evm_digest(rules, h, type, o->v3 ? 3 : 2, file->content->algo, &e, &d);
	ima_evm_free(rules);
	return r < 0 ? r : ima_signer_sign(s, type, o->v3 ? 3 : 2, &d, ret->evm, &ret->evm_len);
}

int ima_label_make(const struct ima_signer *s, struct ima_hasher *h, const struct ima_label_opts *opts,
		   const struct ima_label_file *file, struct ima_label *ret)
{
	static const struct ima_label_opts none;
	int r;

	if (!opts)
		opts = &none;
	if (!s && (opts->kind != IMA_LABEL_DIGEST || opts->evm))
		return -EINVAL;
	ret->ima_len = ret->evm_len = 0;
	r = make_ima(s, h, opts, file->content, ret);
	if (r == 0 && opts->evm)
		r = make_evm(s, h, opts, file, ret);
	if (r < 0)
		ret->ima_len = ret->evm_len = 0;
	return r;
}

enum ima_hash_algo ima_label_content_algo(struct ima_bytes security_ima)
{
	return ima_label_algo(security_ima, IMA_HASH_SHA256, ima_profile_number(IMA_PROFILE_NEWEST));
}

static int judge_evm(const struct ima_keyring *keys, struct ima_hasher *h, const struct ima_label_file *file,
		     enum ima_integrity *ret)
{
	struct facts facts = { file, NULL };
	const struct ima_evm_file e = evm_file(file, &facts);
	struct ima_evm_result res;
	struct ima_evm *rules;
	int r = ima_evm_new(ima_profile_number(IMA_PROFILE_NEWEST), &rules);

	if (r < 0)
		return r;
	rules->mode = IMA_EVM_INIT_X509;
	rules->keys = ima_unconst(keys); /* lent: taken back before the rules go */
	ima_evm_judge(rules, h, &e, &res);
	rules->keys = NULL;
	ima_evm_free(rules);
	*ret = res.status;
	return 0;
}

int ima_label_check(const struct ima_keyring *keys, struct ima_hasher *h, const struct ima_label_wish *wish,
		    const struct ima_label_file *file, struct ima_label_answer *ret)
{
	const struct ima_bytes label = find(file, ima_name);
	struct ima_appraise_in in = { .version = ima_profile_number(IMA_PROFILE_NEWEST), .label = label,
				      .label_error = label.data ? 0 : -ENODATA, .content = file->content, .size = file->size,
				      .evm = IMA_INTEGRITY_UNKNOWN, .keys = keys, .h = h };
	struct ima_appraisal v;
	int r = 0;

	if (wish && wish->signature)
		in.opts |= IMA_OPT_DIGSIG_REQUIRED;
	if (label.len && label.data[0] == IMA_XATTR_VERITY)
		in.opts |= IMA_OPT_VERITY_REQUIRED;
	if (wish && wish->evm)
		r = judge_evm(keys, h, file, &in.evm);
	if (r < 0)
		return r;
	ima_appraise(&in, &v);
	*ret = (struct ima_label_answer){ .verdict = v.status == IMA_INTEGRITY_PASS ? IMA_LABEL_GOOD : IMA_LABEL_BAD,
					  .cause = v.cause, .sig = v.sig, .is_signed = v.is_signed };
	return 0;
}
