/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields are taken apart as text; a value that could not be a package's name or version is refused, not cut. */
#include "core/archive/deb.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/diag.h"

#define CONTROL_MAX (1U << 20) /* bytes */

static struct ima_bytes trim(struct ima_bytes b)
{
	while (b.len && (b.data[0] == ' ' || b.data[0] == '\t'))
		b = (struct ima_bytes){ b.data + 1, b.len - 1 };
	while (b.len && (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\t' || b.data[b.len - 1] == '\r'))
		b.len--;
	return b;
}

int ima_deb_word(struct ima_bytes value, char *ret, size_t size)
{
	value = trim(value);
	if (!value.len || value.len >= size)
		return -EBADMSG;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] <= ' ' || value.data[i] >= 0x7f)
			return -EBADMSG;
	memcpy(ret, value.data, value.len);
	ret[value.len] = 0;
	return 0;
}

static struct ima_bytes take_line(struct ima_bytes *text)
{
	const uint8_t *nl = memchr(text->data, '\n', text->len);
	const struct ima_bytes line = { text->data, nl ? (size_t)(nl - text->data) : text->len };
	const size_t used = line.len + (nl != NULL);

	*text = (struct ima_bytes){ text->data + used, text->len - used };
	return line;
}

static bool is_folded(struct ima_bytes text)
{
	return text.len && (text.data[0] == ' ' || text.data[0] == '\t');
}

int ima_deb_field(struct ima_bytes *text, struct ima_bytes *ret_name, struct ima_bytes *ret_value)
{
	struct ima_bytes line;
	const uint8_t *colon;

	do {
		if (!text->len)
			return 0;
		line = take_line(text);
	} while (line.len && line.data[0] == '#');
	if (!trim(line).len)
		return 0;
	colon = memchr(line.data, ':', line.len);
	if (!colon || colon == line.data)
		return -EBADMSG;
	*ret_name = (struct ima_bytes){ line.data, (size_t)(colon - line.data) };
	*ret_value = trim((struct ima_bytes){ colon + 1, line.len - ret_name->len - 1 });
	while (is_folded(*text))
		take_line(text);
	return 1;
}

bool ima_deb_field_is(struct ima_bytes name, const char *want)
{
	return name.len == strlen(want) && !strncasecmp((const char *)name.data, want, name.len);
}

static int parse_control(struct ima_bytes text, struct ima_package *ret, struct ima_diag *diag)
{
	struct ima_bytes name, value;
	int r;

	while ((r = ima_deb_field(&text, &name, &value)) > 0) {
		if (ima_deb_field_is(name, "Package"))
			r = ima_deb_word(value, ret->name, sizeof(ret->name));
		else if (ima_deb_field_is(name, "Version"))
			r = ima_deb_word(value, ret->version, sizeof(ret->version));
		if (r < 0)
			return ima_diag_set(diag, r, 0, 0, value, "the package's control file: no name or version of a package");
	}
	if (r < 0 || !ret->name[0] || !ret->version[0])
		return ima_diag_text(diag, -EBADMSG, "the package's control file is damaged: no fields Package and Version");
	return 0;
}

int ima_deb_control(struct ima_stream *outer, struct ima_package *ret, struct ima_diag *diag)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer text = { 0 };
	const struct ima_entry *e;
	struct ima_stream *s = NULL;
	bool found = false;
	int r = ima_stream_open_member(outer, IMA_STREAM_TAR, &s, diag);

	while (r == 0 && !found && (r = ima_stream_next(s, &e, diag)) > 0) {
		found = !strcmp(e->name, "./control") || !strcmp(e->name, "control");
		r = found ? ima_stream_slurp(s, CONTROL_MAX, &text, diag) : 0;
	}
	ima_stream_free(s);
	if (r == 0 && !found)
		r = ima_diag_text(diag, -EBADMSG, "the package has no control file");
	return r < 0 ? r : parse_control(ima_buffer_bytes(&text), ret, diag);
}
