/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One record on the wire and as text.
 *
 *   u32 pcr | template digest | u32 name_len | name | u32 data_len | data
 *
 * Template "ima" has no data_len: the bare digest, then u32 name length | name without NUL.
 */
#include <ima/mlist.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "core/template/fields.h"

bool ima_record_is_violation(const struct ima_record *rec)
{
	for (size_t i = 0; i < rec->digest.len; i++)
		if (rec->digest.data[i])
			return false;
	return true;
}

static bool is_legacy(const struct ima_record *rec)
{
	return rec->name.len == 3 && !memcmp(rec->name.data, "ima", 3);
}

static int write_legacy_data(struct ima_buffer *out, struct ima_bytes data)
{
	const struct ima_template *t = ima_template_builtin("ima", 3);
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	size_t len;
	int r = ima_template_split(t, data, f);

	if (r < 0)
		return r;
	len = strnlen((const char *)f[1].data, f[1].len);
	r = ima_buffer_append(out, f[0].data, f[0].len);
	if (r == 0)
		r = ima_buffer_append_u32(out, (uint32_t)len);
	return r < 0 ? r : ima_buffer_append(out, f[1].data, len);
}

int ima_record_write(struct ima_buffer *out, const struct ima_record *rec)
{
	const size_t at = out->len;
	int r = ima_buffer_append_u32(out, rec->pcr);

	if (r == 0)
		r = ima_buffer_append(out, rec->digest.data, rec->digest.len);
	if (r == 0)
		r = ima_buffer_append_u32(out, (uint32_t)rec->name.len);
	if (r == 0)
		r = ima_buffer_append(out, rec->name.data, rec->name.len);
	if (r == 0 && is_legacy(rec)) {
		r = write_legacy_data(out, rec->data);
	} else if (r == 0) {
		r = ima_buffer_append_u32(out, (uint32_t)rec->data.len);
		if (r == 0)
			r = ima_buffer_append(out, rec->data.data, rec->data.len);
	}
	if (r < 0)
		out->len = at;
	return r;
}

int ima_kexec_head_write(struct ima_buffer *out, uint64_t n_bytes, uint64_t n_records)
{
	const size_t at = out->len;
	int r = ima_buffer_append_u16(out, 1);

	if (r == 0)
		r = ima_buffer_append_u16(out, 0);
	if (r == 0)
		r = ima_buffer_append_u32(out, 0);
	if (r == 0)
		r = ima_buffer_append_u64(out, n_bytes + IMA_KEXEC_HEAD_LEN);
	if (r == 0)
		r = ima_buffer_append_u64(out, n_records);
	if (r < 0)
		out->len = at;
	return r;
}

bool ima_kexec_can_carry(const struct ima_record *rec)
{
	return !is_legacy(rec) && rec->name.len <= IMA_KEXEC_NAME_MAX && rec->digest.len == 20;
}

static int print_fields(struct ima_buffer *out, const struct ima_record *rec,
			const struct ima_template *t)
{
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	int r = ima_template_split(t, rec->data, f);

	for (size_t i = 0; i < t->n_fields && r == 0; i++) {
		r = ima_buffer_append_u8(out, ' ');
		if (r == 0)
			r = ima_field_print(t->fields[i], f[i], out);
	}
	return r < 0 ? r : ima_buffer_append_u8(out, '\n');
}

int ima_record_print(struct ima_buffer *out, const struct ima_record *rec,
		     const struct ima_template *t)
{
	const size_t at = out->len;
	int r = ima_buffer_printf(out, "%2u ", rec->pcr);

	if (r == 0)
		r = ima_buffer_append_hex(out, rec->digest.data, rec->digest.len);
	if (r == 0)
		r = ima_buffer_append_u8(out, ' ');
	if (r == 0)
		r = ima_buffer_append(out, rec->name.data, rec->name.len);
	if (r == 0)
		r = print_fields(out, rec, t);
	if (r < 0)
		out->len = at;
	return r;
}
