/* SPDX-License-Identifier: BSD-2-Clause */
/* Metadata in the kernel's order of attributes; comparison of HMACs in fixed time. */
#include "core/evm/evm.h"

#include <errno.h>
#include <string.h>

#include "core/sig/key.h"

static const char ima_name[] = "security.ima";
static const char evm_name[] = "security.evm";

int ima_evm_new(unsigned int version, struct ima_evm **ret)
{
	struct ima_evm *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->version = version;
	ima_evm_default_names(e);
	*ret = e;
	return 0;
}

struct ima_evm *ima_evm_free(struct ima_evm *e)
{
	if (e) {
		ima_keyring_free(e->keys);
		explicit_bzero(e->key, sizeof(e->key));
		free(e);
	}
	return NULL;
}

int ima_evm_set_key(struct ima_evm *e, struct ima_bytes key)
{
	if (!key.len || key.len > sizeof(e->key))
		return -EINVAL;
	if (e->mode & IMA_EVM_INIT_HMAC)
		return -EBUSY;
	memset(e->key, 0, sizeof(e->key));
	memcpy(e->key, key.data, key.len);
	e->mode |= IMA_EVM_INIT_HMAC;
	e->mode &= ~IMA_EVM_ALLOW_METADATA_WRITES;
	return 0;
}

/* 1 appended, 0 the file has none */
static int append_xattr(const struct ima_evm_file *file, const char *name, struct ima_buffer *out)
{
	ima_cleanup(ima_freep) uint8_t *value = NULL;
	size_t len = 0;
	int r = file->xattr(file->user, name, &value, &len);

	if (r == -ENODATA)
		return 0;
	if (r == 0)
		r = ima_buffer_append(out, value, len);
	return r < 0 ? r : 1;
}

static int append_misc(const struct ima_evm_file *file, bool portable, struct ima_buffer *out)
{
	int r = 0;

	if (file->layout == IMA_EVM_LAYOUT_64)
		r = ima_buffer_append_u64(out, portable ? 0 : file->ino);
	else if (file->layout == IMA_EVM_LAYOUT_32)
		r = ima_buffer_append_u32(out, portable ? 0 : (uint32_t)file->ino);
	if (r == 0 && file->layout != IMA_EVM_LAYOUT_OWNER)
		r = ima_buffer_append_u32(out, portable ? 0 : file->generation);
	if (r == 0)
		r = ima_buffer_append_u32(out, file->uid);
	if (r == 0)
		r = ima_buffer_append_u32(out, file->gid);
	if (r == 0)
		r = ima_buffer_append_u16(out, file->mode);
	return r == 0 ? ima_buffer_append_u16(out, 0) : r;
}

int ima_evm_data(const struct ima_evm *e, enum ima_xattr_type type, const struct ima_evm_file *file,
		 struct ima_buffer *out)
{
	const bool portable = type == IMA_XATTR_PORTABLE;
	bool has_ima = false, any = false;
	int r;

	for (size_t i = 0; i < e->n_names; i++) {
		if (!portable && !e->names[i].enabled)
			continue;
		r = append_xattr(file, e->names[i].name, out);
		if (r < 0)
			return r;
		any |= r;
		has_ima |= r && !strcmp(e->names[i].name, ima_name);
	}
	if (!any && !file->any)
		return -ENODATA;
	if (portable && !has_ima && !file->any)
		return -EPERM;
	r = append_misc(file, portable, out);
	if (r < 0 || portable || e->no_fsuuid || file->layout == IMA_EVM_LAYOUT_OWNER)
		return r;
	return ima_buffer_append(out, file->fsuuid, sizeof(file->fsuuid));
}

int ima_evm_hmac(const struct ima_evm *e, struct ima_hasher *h, const struct ima_evm_file *file,
		 uint8_t ret[static 1 + IMA_EVM_HMAC_LEN])
{
	struct ima_buffer data = { 0 };
	struct ima_digest mac;
	int r = e->mode & IMA_EVM_INIT_HMAC ? 0 : -ENOKEY;

	if (r == 0)
		r = ima_evm_data(e, IMA_XATTR_HMAC, file, &data);
	if (r == 0)
		r = ima_hash_hmac(h, IMA_HASH_SHA1, (struct ima_bytes){ e->key, sizeof(e->key) },
				  ima_buffer_bytes(&data), &mac);
	ima_buffer_done(&data);
	if (r < 0)
		return r;
	ret[0] = IMA_XATTR_HMAC;
	memcpy(ret + 1, mac.data, IMA_EVM_HMAC_LEN);
	return 0;
}

int ima_evm_digest(const struct ima_evm *e, struct ima_hasher *h, enum ima_xattr_type type,
		   unsigned int header, enum ima_hash_algo algo, const struct ima_evm_file *file,
		   struct ima_digest *ret)
{
	struct ima_buffer data = { 0 };
	struct ima_digest d;
	int r = ima_evm_data(e, type, file, &data);

	if (r == 0)
		r = ima_hash_bytes(h, algo, ima_buffer_bytes(&data), &d);
	if (r == 0 && header == 3 && e->version >= 701)
		r = ima_signature_file_id(h, (uint8_t)type, &d, &d);
	ima_buffer_done(&data);
	if (r == 0)
		*ret = d;
	return r;
}

static bool same_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= (uint8_t)(a[i] ^ b[i]);
	return !diff;
}

static int check_hmac(const struct ima_evm *e, struct ima_hasher *h, const struct ima_evm_file *file,
		      struct ima_bytes value, struct ima_evm_result *res)
{
	uint8_t want[1 + IMA_EVM_HMAC_LEN];
	int r;

	if (value.len != sizeof(want))
		return -EINVAL;
	r = ima_evm_hmac(e, h, file, want);
	if (r < 0)
		return r;
	if (!same_bytes(want, value.data, sizeof(want)))
		return -EKEYREJECTED;
	res->status = IMA_INTEGRITY_PASS;
	return 0;
}

static int check_signature(const struct ima_evm *e, struct ima_hasher *h,
			   const struct ima_evm_file *file, struct ima_bytes value,
			   struct ima_evm_result *res)
{
	const enum ima_xattr_type type = (enum ima_xattr_type)value.data[0];
	struct ima_signature s;
	struct ima_digest d;
	int r;

	/* not even looked at: whatever its type says, it makes no file immutable (seen on 6.1) */
	if (value.len <= IMA_SIGNATURE_HEADER || ((e->mode & IMA_EVM_SIGV3_REQUIRED) && value.data[1] != 3)) {
		res->status = IMA_INTEGRITY_FAIL;
		return 0;
	}
	r = ima_signature_parse(value, &s);
	if (r < 0) {
		res->sig = IMA_SIG_MALFORMED;
		return r;
	}
	r = ima_evm_digest(e, h, type, s.version, s.algo, file, &d);
	if (r < 0)
		return r;
	res->sig = ima_keyring_verify_as(e->keys, e->version, &s, &d);
	if (res->sig != IMA_SIG_GOOD)
		return -EKEYREJECTED;
	res->status = IMA_INTEGRITY_PASS;
	if (type == IMA_XATTR_PORTABLE)
		res->status = IMA_INTEGRITY_PASS_IMMUTABLE;
	else
		res->rewrite = e->mode & IMA_EVM_INIT_HMAC;
	return 0;
}

static bool has_covered(const struct ima_evm *e, const struct ima_evm_file *file)
{
	struct ima_buffer scratch = { 0 };
	bool has = false;

	for (size_t i = 0; i < e->n_names && !has; i++)
		has = append_xattr(file, e->names[i].name, &scratch) != 0;
	ima_buffer_done(&scratch);
	return has;
}

static enum ima_integrity judge_missing(const struct ima_evm *e, const struct ima_evm_file *file,
					int error)
{
	if (error == -EOPNOTSUPP)
		return IMA_INTEGRITY_UNKNOWN;
	if (error != -ENODATA)
		return IMA_INTEGRITY_FAIL;
	return has_covered(e, file) ? IMA_INTEGRITY_NOLABEL : IMA_INTEGRITY_NOXATTRS;
}

static enum ima_integrity status_of(int error, uint8_t type)
{
	if (error == -ENODATA)
		return IMA_INTEGRITY_NOXATTRS;
	return type == IMA_XATTR_PORTABLE ? IMA_INTEGRITY_FAIL_IMMUTABLE : IMA_INTEGRITY_FAIL;
}

static void judge_value(const struct ima_evm *e, struct ima_hasher *h, const struct ima_evm_file *file,
			struct ima_bytes value, struct ima_evm_result *res)
{
	int r = -EINVAL;

	if (!value.len) {
		res->status = IMA_INTEGRITY_FAIL;
		return;
	}
	if (value.data[0] == IMA_XATTR_HMAC)
		r = check_hmac(e, h, file, value, res);
	else if (value.data[0] == IMA_XATTR_SIGNATURE || value.data[0] == IMA_XATTR_PORTABLE)
		r = check_signature(e, h, file, value, res);
	if (r < 0)
		res->status = status_of(r, value.data[0]);
}

void ima_evm_judge(const struct ima_evm *e, struct ima_hasher *h, const struct ima_evm_file *file,
		   struct ima_evm_result *ret)
{
	ima_cleanup(ima_freep) uint8_t *value = NULL;
	size_t len = 0;
	int r;

	*ret = (struct ima_evm_result){ .status = IMA_INTEGRITY_UNKNOWN };
	if (!(e->mode & (IMA_EVM_INIT_HMAC | IMA_EVM_INIT_X509)) || !ima_evm_covers(e, ima_name))
		return;
	if (file->is_overlay && e->version >= 608 && !(e->mode & IMA_EVM_INIT_X509))
		return;
	r = file->xattr(file->user, evm_name, &value, &len);
	if (r < 0)
		ret->status = judge_missing(e, file, r);
	else
		judge_value(e, h, file, (struct ima_bytes){ value, len }, ret);
}
