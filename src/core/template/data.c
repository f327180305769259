/* SPDX-License-Identifier: BSD-2-Clause */
/* Template data as a whole: filled, split, hashed. */
#include <ima/template.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "base/reader.h"
#include "core/template/fields.h"

static int append_field(struct ima_buffer *out, enum ima_field field,
			const struct ima_template_in *in)
{
	const size_t at = out->len;
	size_t len;
	int r = ima_buffer_append_u32(out, 0);

	if (r == 0)
		r = ima_field_ops[field].put(in, out);
	if (r < 0)
		return r;
	len = out->len - at - 4;
	for (size_t i = 0; i < 4; i++)
		out->data[at + i] = (uint8_t)(len >> (8 * i));
	return 0;
}

int ima_template_fill(const struct ima_template *t, const struct ima_template_in *in,
		      uint8_t **ret, size_t *ret_len)
{
	struct ima_buffer out = { 0 };
	int r = 0;

	for (size_t i = 0; i < t->n_fields && r == 0; i++)
		r = append_field(&out, t->fields[i], in);
	if (r < 0) {
		ima_buffer_done(&out);
		return r;
	}
	*ret = out.data;
	*ret_len = out.len;
	return 0;
}

int ima_template_split(const struct ima_template *t, struct ima_bytes data,
		       struct ima_bytes ret_fields[IMA_TEMPLATE_MAX_FIELDS])
{
	struct ima_reader in = ima_reader_init(data, IMA_ORDER_LITTLE);

	for (size_t i = 0; i < t->n_fields; i++) {
		uint32_t len;

		if (ima_read_u32(&in, &len) < 0 || ima_read_bytes(&in, len, &ret_fields[i]) < 0)
			return -EBADMSG;
	}
	return ima_reader_left(&in) ? -EBADMSG : 0;
}

/* no lengths; the digest as it is; the name as 256 bytes, filled up with zeros */
static int legacy_digest(struct ima_hasher *h, const struct ima_template *t,
			 enum ima_hash_algo algo, struct ima_bytes data, struct ima_digest *ret)
{
	struct ima_bytes fields[IMA_TEMPLATE_MAX_FIELDS];
	uint8_t name[IMA_TEMPLATE_LEGACY_NAME_LEN] = { 0 };
	struct ima_bytes parts[2];
	int r = ima_template_split(t, data, fields);

	if (r < 0)
		return r;
	if (fields[1].len > sizeof(name))
		return -EBADMSG;
	memcpy(name, fields[1].data, fields[1].len);
	parts[0] = fields[0];
	parts[1] = (struct ima_bytes){ name, sizeof(name) };
	return ima_hash_parts(h, algo, parts, 2, ret);
}

int ima_template_digest(struct ima_hasher *h, const struct ima_template *t,
			enum ima_hash_algo algo, struct ima_bytes data, struct ima_digest *ret)
{
	if (ima_template_is_legacy(t))
		return legacy_digest(h, t, algo, data, ret);
	return ima_hash_bytes(h, algo, data, ret);
}
