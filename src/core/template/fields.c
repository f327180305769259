/* SPDX-License-Identifier: BSD-2-Clause */
/* What each field holds: one function a field, one row a function. Bytes: docs/FORMATS.md "Template fields". */
#include <ima/template.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "core/template/fields.h"

#define LEGACY_NAME_MAX 255
#define XATTR_DIGSIG 0x03
#define XATTR_PORTABLE_DIGSIG 0x05
#define XATTR_VERITY_DIGSIG 0x06

/* string fields: blanks become underscores before anything is hashed, one NUL ends them */
static int put_string(struct ima_buffer *out, struct ima_bytes s)
{
	const size_t at = out->len;
	int r = ima_buffer_append(out, s.data, s.len);

	if (r == 0)
		r = ima_buffer_append_u8(out, 0);
	if (r < 0)
		return r;
	for (size_t i = at; i < out->len; i++)
		if (out->data[i] == ' ')
			out->data[i] = '_';
	return 0;
}

static bool fits_legacy(enum ima_hash_algo a)
{
	return a == IMA_HASH_SHA1 || a == IMA_HASH_MD5;
}

static int put_d(const struct ima_template_in *in, struct ima_buffer *out)
{
	static const uint8_t zero[20];

	if (in->violation)
		return ima_buffer_append(out, zero, sizeof(zero));
	if (in->digest.len && fits_legacy(in->digest.algo))
		return ima_buffer_append(out, in->digest.data, in->digest.len);
	if (!in->legacy_digest.len || !fits_legacy(in->legacy_digest.algo))
		return -EINVAL;
	return ima_buffer_append(out, in->legacy_digest.data, in->legacy_digest.len);
}

static int put_n(const struct ima_template_in *in, struct ima_buffer *out)
{
	struct ima_bytes name = in->name;

	if (name.len > LEGACY_NAME_MAX && in->name_last.len)
		name = in->name_last;
	if (name.len > LEGACY_NAME_MAX)
		name.len = LEGACY_NAME_MAX;
	return put_string(out, name);
}

static int put_n_ng(const struct ima_template_in *in, struct ima_buffer *out)
{
	return put_string(out, in->name);
}

/* "algo:" NUL digest, with "type:" before it in the second version */
static int put_digest(struct ima_buffer *out, const char *type, const struct ima_digest *d)
{
	const char *name = ima_hash_name(d->algo);
	int r;

	if (!name || !d->len)
		return -EINVAL;
	r = ima_buffer_printf(out, "%s%s:", type, name);
	if (r == 0)
		r = ima_buffer_append_u8(out, 0);
	return r < 0 ? r : ima_buffer_append(out, d->data, d->len);
}

static struct ima_digest digest_of(const struct ima_template_in *in)
{
	if (!in->violation)
		return in->digest;
	return (struct ima_digest){ .algo = in->default_algo, .len = ima_hash_len(in->default_algo) };
}

static int put_d_ng(const struct ima_template_in *in, struct ima_buffer *out)
{
	const struct ima_digest d = digest_of(in);

	return put_digest(out, "", &d);
}

static int put_d_ngv2(const struct ima_template_in *in, struct ima_buffer *out)
{
	const struct ima_digest d = digest_of(in);

	return put_digest(out, in->verity && !in->violation ? "verity:" : "ima:", &d);
}

static int put_bytes(struct ima_buffer *out, struct ima_bytes b)
{
	return ima_buffer_append(out, b.data, b.len);
}

static int put_evmsig(const struct ima_template_in *in, struct ima_buffer *out)
{
	if (!in->evm_xattr.len || in->evm_xattr.data[0] != XATTR_PORTABLE_DIGSIG)
		return 0;
	return put_bytes(out, in->evm_xattr);
}

static int put_sig(const struct ima_template_in *in, struct ima_buffer *out)
{
	if (in->ima_xattr.len && (in->ima_xattr.data[0] == XATTR_DIGSIG ||
				  in->ima_xattr.data[0] == XATTR_VERITY_DIGSIG))
		return put_bytes(out, in->ima_xattr);
	return put_evmsig(in, out);
}

static int put_buf(const struct ima_template_in *in, struct ima_buffer *out)
{
	return put_bytes(out, in->buf);
}

static int put_d_modsig(const struct ima_template_in *in, struct ima_buffer *out)
{
	return in->modsig.len ? put_digest(out, "", &in->modsig_digest) : 0;
}

static int put_modsig(const struct ima_template_in *in, struct ima_buffer *out)
{
	return put_bytes(out, in->modsig);
}

static int put_iuid(const struct ima_template_in *in, struct ima_buffer *out)
{
	return in->has_inode ? ima_buffer_append_u32(out, in->uid) : 0;
}

static int put_igid(const struct ima_template_in *in, struct ima_buffer *out)
{
	return in->has_inode ? ima_buffer_append_u32(out, in->gid) : 0;
}

static int put_imode(const struct ima_template_in *in, struct ima_buffer *out)
{
	return in->has_inode ? ima_buffer_append_u16(out, in->mode) : 0;
}

static int put_xattrnames(const struct ima_template_in *in, struct ima_buffer *out)
{
	return in->xattr_names.len ? put_string(out, in->xattr_names) : 0;
}

static int put_xattrlengths(const struct ima_template_in *in, struct ima_buffer *out)
{
	return put_bytes(out, in->xattr_lengths);
}

static int put_xattrvalues(const struct ima_template_in *in, struct ima_buffer *out)
{
	return put_bytes(out, in->xattr_values);
}

const struct ima_field_ops ima_field_ops[IMA_FIELD__LAST] = {
	[IMA_FIELD_D] = { put_d, IMA_SHOW_HEX },
	[IMA_FIELD_N] = { put_n, IMA_SHOW_STRING },
	[IMA_FIELD_D_NG] = { put_d_ng, IMA_SHOW_DIGEST },
	[IMA_FIELD_D_NGV2] = { put_d_ngv2, IMA_SHOW_DIGEST },
	[IMA_FIELD_N_NG] = { put_n_ng, IMA_SHOW_STRING },
	[IMA_FIELD_SIG] = { put_sig, IMA_SHOW_HEX },
	[IMA_FIELD_BUF] = { put_buf, IMA_SHOW_HEX },
	[IMA_FIELD_D_MODSIG] = { put_d_modsig, IMA_SHOW_DIGEST },
	[IMA_FIELD_MODSIG] = { put_modsig, IMA_SHOW_HEX },
	[IMA_FIELD_EVMSIG] = { put_evmsig, IMA_SHOW_HEX },
	[IMA_FIELD_IUID] = { put_iuid, IMA_SHOW_NUMBER },
	[IMA_FIELD_IGID] = { put_igid, IMA_SHOW_NUMBER },
	[IMA_FIELD_IMODE] = { put_imode, IMA_SHOW_NUMBER },
	[IMA_FIELD_XATTRNAMES] = { put_xattrnames, IMA_SHOW_STRING },
	[IMA_FIELD_XATTRLENGTHS] = { put_xattrlengths, IMA_SHOW_HEX },
	[IMA_FIELD_XATTRVALUES] = { put_xattrvalues, IMA_SHOW_HEX },
};
