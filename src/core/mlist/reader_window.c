/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers of all forms share: the window of bytes, and the templates met so far. */
#include "core/mlist/reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"

#define READ_AHEAD (256U << 10)

struct ima_bytes ima_reader_rest(const struct ima_list_reader *r)
{
	return (struct ima_bytes){ r->window.data ? r->window.data + r->used : NULL,
				   r->window.len - r->used };
}

static bool is_within(struct ima_bytes all, struct ima_bytes part)
{
	return part.data >= all.data && part.data + part.len <= all.data + all.len;
}

bool ima_list_reader_keeps(const struct ima_list_reader *r, const struct ima_record *rec)
{
	const struct ima_bytes all = { r->window.data, r->window.len };

	return r->in_memory && is_within(all, rec->digest) && is_within(all, rec->name) && is_within(all, rec->data);
}

int ima_reader_more(struct ima_list_reader *r)
{
	ssize_t n;
	int e;

	if (r->in_memory)
		return 0;
	if (r->used) {
		memmove(r->window.data, r->window.data + r->used, r->window.len - r->used);
		r->window.len -= r->used;
		r->base += r->used;
		r->used = 0;
	}
	/* text takes two characters a byte */
	if (r->window.len > (r->format == IMA_LIST_TEXT ? 2 : 1) * (size_t)IMA_RECORD_MAX + READ_AHEAD)
		return -EBADMSG;
	e = ima_buffer_reserve(&r->window, READ_AHEAD);
	if (e < 0)
		return e;
	do {
		n = read(r->fd, r->window.data + r->window.len, READ_AHEAD);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r->window.len += (size_t)n;
	r->ended = n == 0;
	return n > 0;
}

static bool is_name(const char *have, struct ima_bytes name)
{
	return strlen(have) == name.len && !memcmp(have, name.data, name.len);
}

static int find_template(struct ima_list_reader *r, struct ima_bytes name,
			 const struct ima_template **ret, struct ima_diag *diag)
{
	const char *text = (const char *)name.data;
	struct ima_template *t;

	/* by name only: a custom format "d|n" is not the template named "ima", which alone is hashed without lengths */
	*ret = ima_template_builtin(text, name.len);
	if (*ret && is_name((*ret)->name, name))
		return 0;
	for (size_t i = 0; i < r->n_custom; i++) {
		if (strlen(r->custom[i]->fmt) != name.len ||
		    memcmp(r->custom[i]->fmt, text, name.len))
			continue;
		*ret = r->custom[i];
		return 0;
	}
	if (r->n_custom == IMA_READER_CUSTOM_MAX)
		return ima_diag_at(diag, -EBADMSG, r->position, "more than %d template formats",
				   IMA_READER_CUSTOM_MAX);
	if (ima_template_parse(text, name.len, &t) < 0)
		return ima_diag_at(diag, -EBADMSG, r->position, "unknown template \"%.*s\"",
				   (int)(name.len > 64 ? 64 : name.len), text);
	r->custom[r->n_custom++] = t;
	*ret = t;
	return 0;
}

int ima_reader_template(struct ima_list_reader *r, struct ima_bytes name,
			const struct ima_template **ret, struct ima_diag *diag)
{
	int e = 0;

	if (!r->last || !is_name(ima_template_display_name(r->last), name))
		e = find_template(r, name, &r->last, diag);
	if (e < 0)
		r->last = NULL;
	else
		*ret = r->last;
	return e;
}
