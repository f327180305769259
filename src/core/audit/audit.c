/* SPDX-License-Identifier: BSD-2-Clause */
/* Audit text, in the kernel's order of keys. */
#include "core/audit/audit.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"

static bool is_odd(struct ima_bytes v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.data[i] == '"' || v.data[i] < 0x21 || v.data[i] > 0x7e)
			return true;
	return false;
}

int ima_audit_quote(struct ima_buffer *out, struct ima_bytes value)
{
	static const char digits[16] = "0123456789ABCDEF";
	int r;

	if (!is_odd(value)) {
		r = ima_buffer_append_u8(out, '"');
		if (r == 0)
			r = ima_buffer_append(out, value.data, value.len);
		return r < 0 ? r : ima_buffer_append_u8(out, '"');
	}
	r = ima_buffer_reserve(out, 2 * value.len);
	for (size_t i = 0; r == 0 && i < value.len; i++) {
		const char pair[2] = { digits[value.data[i] >> 4], digits[value.data[i] & 15] };

		r = ima_buffer_append(out, pair, 2);
	}
	return r;
}

static struct ima_bytes text_bytes(const char *s)
{
	return (struct ima_bytes){ (const uint8_t *)s, strlen(s) };
}

static int format_inode(struct ima_buffer *out, const struct ima_audit_record *rec)
{
	int r;

	if (!rec->dev)
		return 0;
	r = ima_buffer_append_str(out, " dev=");
	if (r == 0)
		r = ima_audit_quote(out, text_bytes(rec->dev));
	return r < 0 ? r : ima_buffer_printf(out, " ino=%" PRIu64, rec->ino);
}

static int format_name(struct ima_buffer *out, const struct ima_audit_record *rec)
{
	int r;

	if (!rec->name.len)
		return 0;
	r = ima_buffer_append_str(out, " name=");
	return r < 0 ? r : ima_audit_quote(out, rec->name);
}

int ima_audit_format(struct ima_buffer *out, const struct ima_audit_record *rec)
{
	const struct ima_audit_subject *s = rec->subject;
	int r;

	r = ima_buffer_printf(out, "pid=%d uid=%u auid=%u ses=%u op=%s cause=%s comm=", s->pid,
			      s->uid, s->auid, s->ses, rec->op, rec->cause);
	if (r == 0)
		r = ima_audit_quote(out, text_bytes(s->comm));
	if (r == 0)
		r = format_name(out, rec);
	if (r == 0)
		r = format_inode(out, rec);
	if (r < 0)
		return r;
	return ima_buffer_printf(out, " res=%d errno=%d", rec->result == 0, rec->error);
}

void ima_audit_emit(const struct ima_audit_sink *sink, const struct ima_audit_record *rec)
{
	struct ima_buffer text = { 0 };

	if (!sink || !sink->emit || (rec->info && !sink->info))
		return;
	if (ima_audit_format(&text, rec) == 0)
		sink->emit(sink->user, rec->type, (const char *)text.data);
	ima_buffer_done(&text);
}
