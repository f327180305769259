/* SPDX-License-Identifier: BSD-2-Clause */
/* The same code for files as for the caller's facts of one. */
#include "core/appraise/label_make.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/appraise/appraise.h"

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

int ima_label_part_ima(struct ima_hasher *h, const struct ima_label_opts *o, const struct ima_digest *content, struct ima_label_part *ret)
{
	struct ima_label_part p = { .digest = *content };
	int r = 0;

	if (o->kind == IMA_LABEL_DIGEST) {
		p.type = IMA_XATTR_DIGEST_NG;
	} else {
		p.type = o->kind == IMA_LABEL_VERITY ? IMA_XATTR_VERITY : IMA_XATTR_SIGNATURE;
		p.version = o->v3 || o->kind == IMA_LABEL_VERITY ? 3 : 2;
	}
	if (p.version == 3)
		r = ima_signature_file_id(h, (uint8_t)p.type, content, &p.digest);
	if (r == 0)
		*ret = p;
	return r;
}

int ima_label_part_evm(const struct ima_evm *rules, struct ima_hasher *h, const struct ima_label_opts *o, enum ima_hash_algo algo,
		       const struct ima_evm_file *file, struct ima_label_part *ret)
{
	struct ima_label_part p = { .type = o->evm == IMA_LABEL_PORTABLE ? IMA_XATTR_PORTABLE : IMA_XATTR_SIGNATURE, .version = o->v3 ? 3 : 2 };
	int r = ima_evm_digest(rules, h, p.type, p.version, algo, file, &p.digest);

	if (r == 0)
		*ret = p;
	return r;
}

int ima_label_part_make(const struct ima_signer *s, const struct ima_label_part *p, uint8_t *ret, size_t *ret_len)
{
	if (p->type != IMA_XATTR_DIGEST_NG)
		return ima_signer_sign(s, p->type, p->version, &p->digest, ret, ret_len);
	*ret_len = ima_label_of_digest(&p->digest, ret);
	return 0;
}

bool ima_label_part_is(const struct ima_signer *s, const struct ima_label_part *p, struct ima_bytes value)
{
	uint8_t digest[2 + IMA_DIGEST_MAX];
	struct ima_signature sig;

	if (p->type == IMA_XATTR_DIGEST_NG)
		return value.len == ima_label_of_digest(&p->digest, digest) && !memcmp(value.data, digest, value.len);
	return ima_signature_parse(value, &sig) == 0 && sig.type == p->type && sig.version == p->version &&
	       ima_signer_verify(s, &sig, &p->digest) == IMA_SIG_GOOD;
}

static int make_ima(const struct ima_signer *s, struct ima_hasher *h, const struct ima_label_opts *o,
		    const struct ima_digest *content, struct ima_label *ret)
{
	struct ima_label_part p;
	int r = ima_label_part_ima(h, o, content, &p);

	return r < 0 ? r : ima_label_part_make(s, &p, ret->ima, &ret->ima_len);
}

static int make_evm(const struct ima_signer *s, struct ima_hasher *h, const struct ima_label_opts *o,
		    const struct ima_label_file *file, struct ima_label *ret)
{
	struct facts facts = { file, ret };
	const struct ima_evm_file e = evm_file(file, &facts);
	struct ima_evm *rules = NULL;
	struct ima_label_part p;
	int r = ima_evm_new(ima_profile_number(IMA_PROFILE_NEWEST), &rules);

	if (r == 0)
		r = ima_label_part_evm(rules, h, o, file->content->algo, &e, &p);
	ima_evm_free(rules);
	return r < 0 ? r : ima_label_part_make(s, &p, ret->evm, &ret->evm_len);
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
