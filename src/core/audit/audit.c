/* SPDX-License-Identifier: BSD-2-Clause */
/* Audit text, in the kernel's order of keys. */
#include "core/audit/audit.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"

const char *ima_audit_type_name(enum ima_audit_type type)
{
	static const char *const names[] = {
		[IMA_AUDIT_DATA - IMA_AUDIT_DATA] = "INTEGRITY_DATA",
		[IMA_AUDIT_METADATA - IMA_AUDIT_DATA] = "INTEGRITY_METADATA",
		[IMA_AUDIT_STATUS - IMA_AUDIT_DATA] = "INTEGRITY_STATUS",
		[IMA_AUDIT_PCR - IMA_AUDIT_DATA] = "INTEGRITY_PCR",
		[IMA_AUDIT_RULE - IMA_AUDIT_DATA] = "INTEGRITY_RULE",
		[IMA_AUDIT_EVM_XATTR - IMA_AUDIT_DATA] = "INTEGRITY_EVM_XATTR",
		[IMA_AUDIT_POLICY_RULE - IMA_AUDIT_DATA] = "INTEGRITY_POLICY_RULE",
		[IMA_AUDIT_USERSPACE - IMA_AUDIT_DATA] = "INTEGRITY_USERSPACE",
	};
	const size_t i = (size_t)type - IMA_AUDIT_DATA;

	return i < IMA_N_ELEMENTS(names) ? names[i] : NULL;
}

static bool is_odd(struct ima_bytes v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.data[i] == '"' || v.data[i] < 0x21 || v.data[i] > 0x7e)
			return true;
	return false;
}

static int append_upper_hex(struct ima_buffer *out, struct ima_bytes value)
{
	static const char digits[16] = "0123456789ABCDEF";
	int r = ima_buffer_reserve(out, 2 * value.len);

	for (size_t i = 0; r == 0 && i < value.len; i++) {
		const char pair[2] = { digits[value.data[i] >> 4], digits[value.data[i] & 15] };

		r = ima_buffer_append(out, pair, 2);
	}
	return r;
}

int ima_audit_quote(struct ima_buffer *out, struct ima_bytes value)
{
	int r;

	if (is_odd(value))
		return append_upper_hex(out, value);
	r = ima_buffer_append_u8(out, '"');
	if (r == 0)
		r = ima_buffer_append(out, value.data, value.len);
	return r < 0 ? r : ima_buffer_append_u8(out, '"');
}

static struct ima_bytes text_bytes(const char *s)
{
	return (struct ima_bytes){ (const uint8_t *)s, strlen(s) };
}

/* " key=" and a value that users control */
static int append_quoted(struct ima_buffer *out, const char *key, struct ima_bytes value)
{
	int r = ima_buffer_printf(out, " %s=", key);

	return r < 0 ? r : ima_audit_quote(out, value);
}

static int append_label(struct ima_buffer *out, const struct ima_audit_subject *s)
{
	int r = s->label.len ? ima_buffer_append_str(out, " subj=") : 0;

	return r < 0 ? r : ima_buffer_append(out, s->label.data, s->label.len);
}

static int format_inode(struct ima_buffer *out, const struct ima_audit_record *rec)
{
	int r;

	if (!rec->dev)
		return 0;
	r = append_quoted(out, "dev", text_bytes(rec->dev));
	return r < 0 ? r : ima_buffer_printf(out, " ino=%" PRIu64, rec->ino);
}

int ima_audit_format(struct ima_buffer *out, const struct ima_audit_record *rec)
{
	const struct ima_audit_subject *s = rec->subject;
	int r;

	r = ima_buffer_printf(out, "pid=%d uid=%u auid=%u ses=%u", s->pid, s->uid, s->auid, s->ses);
	if (r == 0)
		r = append_label(out, s);
	if (r == 0)
		r = ima_buffer_printf(out, " op=%s cause=%s", rec->op, rec->cause);
	if (r == 0)
		r = append_quoted(out, "comm", text_bytes(s->comm));
	if (r == 0 && rec->name.len)
		r = append_quoted(out, "name", rec->name);
	if (r == 0)
		r = format_inode(out, rec);
	if (r < 0)
		return r;
	return ima_buffer_printf(out, " res=%d errno=%d", rec->result == 0, rec->error);
}

static int format_file(struct ima_buffer *out, const struct ima_audit_rule *rec)
{
	int r = ima_buffer_append_str(out, "file=");

	if (r == 0)
		r = ima_audit_quote(out, rec->file);
	if (r == 0)
		r = ima_buffer_printf(out, " hash=\"%s:", ima_hash_name(rec->digest->algo));
	if (r == 0)
		r = ima_buffer_append_hex(out, rec->digest->data, rec->digest->len);
	return r < 0 ? r : ima_buffer_append_u8(out, '"');
}

int ima_audit_format_rule(struct ima_buffer *out, const struct ima_audit_rule *rec)
{
	const struct ima_audit_subject *s = rec->subject;
	const struct ima_audit_task *t = rec->task;
	int r = format_file(out, rec);

	if (r == 0)
		r = ima_buffer_printf(out,
				      " ppid=%d pid=%d auid=%u uid=%u gid=%u euid=%u suid=%u fsuid=%u egid=%u "
				      "sgid=%u fsgid=%u tty=%s ses=%u",
				      t->ppid, t->tgid, s->auid, rec->uid, rec->gid, rec->euid, rec->suid, t->fsuid,
				      rec->egid, rec->sgid, t->fsgid, t->tty[0] ? t->tty : "(none)", s->ses);
	if (r == 0)
		r = append_quoted(out, "comm", text_bytes(s->comm));
	if (r == 0)
		r = t->exe[0] ? append_quoted(out, "exe", text_bytes(t->exe)) :
				ima_buffer_append_str(out, " exe=(null)");
	return r < 0 ? r : append_label(out, s);
}

int ima_audit_format_xattr(struct ima_buffer *out, struct ima_bytes name, int result)
{
	int r = ima_buffer_append_str(out, "xattr=");

	if (r == 0)
		r = ima_audit_quote(out, name);
	return r < 0 ? r : ima_buffer_printf(out, " res=%d", result);
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

/* a key begins the next field; anything else belongs to the value before it */
static size_t key_len(const char *p)
{
	size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz_");

	return n && p[n] == '=' ? n : 0;
}

static size_t value_len(const char *p)
{
	const char *end = p;

	if (*p == '"') {
		end = strchr(p + 1, '"');
		return end ? (size_t)(end - p) + 1 : strlen(p);
	}
	do {
		end += strcspn(end, " ");
		if (!*end || key_len(end + 1))
			break;
		end++;
	} while (*end);
	return (size_t)(end - p);
}

static bool is_users(struct ima_bytes key)
{
	static const char *const keys[] = { "comm", "name", "dev", "file", "exe", "xattr" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(keys); i++)
		if (strlen(keys[i]) == key.len && !memcmp(keys[i], key.data, key.len))
			return true;
	return false;
}

int ima_audit_field_next(const char **at, struct ima_audit_field *ret)
{
	const char *p = *at + strspn(*at, " ");
	const size_t n_key = key_len(p);
	size_t n;

	if (!n_key)
		return 0;
	ret->key = (struct ima_bytes){ (const uint8_t *)p, n_key };
	p += n_key + 1;
	n = value_len(p);
	ret->raw = (struct ima_bytes){ (const uint8_t *)p, n };
	ret->hex = *p != '"' && *p != '(' && is_users(ret->key);
	if (n >= 2 && p[0] == '"' && p[n - 1] == '"') {
		ret->raw.data++;
		ret->raw.len -= 2;
	}
	*at = p + n;
	return 1;
}

int ima_audit_unapostrophe(struct ima_buffer *out, const char *text)
{
	int r = 0;

	while (*text && r == 0) {
		const size_t plain = strcspn(text, "\"");
		const char *value = text + plain + (text[plain] != 0);
		const size_t n = text[plain] ? strcspn(value, "\"") : 0;

		r = ima_buffer_append(out, text, plain);
		if (r < 0 || !text[plain])
			return r;
		if (memchr(value, '\'', n))
			r = append_upper_hex(out, (struct ima_bytes){ (const uint8_t *)value, n });
		else
			r = ima_audit_quote(out, (struct ima_bytes){ (const uint8_t *)value, n });
		text = value + n + (value[n] != 0);
	}
	return r;
}
