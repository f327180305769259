/* SPDX-License-Identifier: BSD-2-Clause */
/* Records to the journal: the text as MESSAGE, and each key as a field of its own, IMA_OP=, IMA_NAME=, with the value as it was before quoting. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hex.h"
#include "imad/audit_target.h"

#define SOCKET "/run/systemd/journal/socket"
#define MAX_FIELDS 40

struct entry {
	struct ima_buffer field[MAX_FIELDS];
	size_t n;
};

/* the library takes a missing journal for success */
static int open_journal(const char *path, void **ret_self)
{
	*ret_self = NULL;
	return access(SOCKET, W_OK) < 0 ? -errno : 0;
}

static int add_text(struct entry *e, const char *name, const char *value)
{
	return e->n < MAX_FIELDS ? ima_buffer_printf(&e->field[e->n++], "%s=%s", name, value) : -E2BIG;
}

static int append_value(struct ima_buffer *b, const struct ima_audit_field *f)
{
	int r;

	if (!f->hex)
		return ima_buffer_append(b, f->raw.data, f->raw.len);
	r = ima_buffer_reserve(b, f->raw.len / 2);
	if (r == 0 && ima_hex_decode((const char *)f->raw.data, f->raw.len, b->data + b->len) == 0)
		b->len += f->raw.len / 2;
	return r;
}

static int add_field(struct entry *e, const struct ima_audit_field *f)
{
	struct ima_buffer *b;
	int r;

	if (e->n == MAX_FIELDS)
		return -E2BIG;
	b = &e->field[e->n++];
	r = ima_buffer_append_str(b, "IMA_");
	for (size_t i = 0; r == 0 && i < f->key.len; i++)
		r = ima_buffer_append_u8(b, (uint8_t)toupper(f->key.data[i]));
	if (r == 0)
		r = ima_buffer_append_u8(b, '=');
	return r < 0 ? r : append_value(b, f);
}

static int fill(struct entry *e, enum ima_audit_type type, const char *text)
{
	const char *name = ima_audit_type_name(type);
	struct ima_buffer message = { 0 };
	struct ima_audit_field f;
	int r = ima_buffer_printf(&message, "audit: type=%s %s", name, text);

	if (r == 0)
		r = add_text(e, "MESSAGE", (const char *)message.data);
	ima_buffer_done(&message);
	if (r == 0)
		r = add_text(e, "PRIORITY", strstr(text, " res=0") ? "4" : "5");
	if (r == 0)
		r = add_text(e, "SYSLOG_IDENTIFIER", "imad");
	if (r == 0)
		r = add_text(e, "IMA_TYPE", name);
	/* a rule's words are not fields: any of them may come twice */
	while (r == 0 && type != IMA_AUDIT_POLICY_RULE && ima_audit_field_next(&text, &f) == 1)
		r = add_field(e, &f);
	return r;
}

static int write_journal(void *self, enum ima_audit_type type, const char *text)
{
	struct iovec iov[MAX_FIELDS];
	struct entry e = { .n = 0 };
	int r = open_journal(NULL, &self);

	if (r == 0)
		r = fill(&e, type, text);
	for (size_t i = 0; i < e.n; i++)
		iov[i] = (struct iovec){ e.field[i].data, e.field[i].len };
	if (r == 0)
		r = sd_journal_sendv(iov, (int)e.n);
	for (size_t i = 0; i < e.n; i++)
		ima_buffer_done(&e.field[i]);
	return r;
}

static void close_journal(void *self)
{
}

const struct imad_audit_target imad_audit_journal = {
	.name = "journal", .open = open_journal, .write = write_journal, .close = close_journal
};
