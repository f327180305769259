/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing /proc/PID/mountinfo in place. */
#include "base/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

#define MOUNTINFO_MAX (64U << 20)

static int read_all(int fd, struct ima_buffer *text)
{
	off_t at = 0;

	text->limit = MOUNTINFO_MAX;
	for (;;) {
		ssize_t n;
		int r = ima_buffer_reserve(text, 16384);

		if (r < 0)
			return r;
		n = pread(fd, text->data + text->len, 16384, at);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		text->len += (size_t)n;
		at += n;
	}
	text->data[text->len] = 0;
	return 0;
}

/* \040 and friends */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = 0;
}

static int parse_line(char *line, struct ima_mount *ret)
{
	char *rest = NULL, *word, *dash;
	struct ima_mount m = { 0 };
	int field;

	dash = strstr(line, " - ");
	if (!dash)
		return -EBADMSG;
	*dash = 0;
	if (sscanf(line, "%u %*u %u:%u", &m.id, &m.major, &m.minor) != 3)
		return -EBADMSG;
	for (field = 1, word = strtok_r(line, " ", &rest); word && field < 5; field++) {
		if (field == 4)
			m.root = word;
		word = strtok_r(NULL, " ", &rest);
	}
	m.fstype = strtok_r(dash + 3, " ", &rest);
	if (!word || !m.fstype)
		return -EBADMSG;
	m.point = word;
	unescape(m.root);
	unescape(m.point);
	unescape(m.fstype);
	m.subtype = strchr(m.fstype, '.');
	if (m.subtype)
		*m.subtype++ = 0;
	*ret = m;
	return 0;
}

static uint64_t hash_text(const uint8_t *p, size_t n)
{
	uint64_t h = 14695981039346656037ULL;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211ULL;
	return h;
}

static int parse_all(struct ima_mounts *m)
{
	size_t lines = 0;
	char *rest = NULL;

	for (const char *p = m->text; (p = strchr(p, '\n')); p++)
		lines++;
	m->items = calloc(lines + 1, sizeof(*m->items));
	if (!m->items)
		return -ENOMEM;
	for (char *line = strtok_r(m->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		int r = parse_line(line, &m->items[m->n]);

		if (r < 0)
			return r;
		m->n++;
	}
	return 0;
}

int ima_mounts_read(int fd, struct ima_mounts *ret)
{
	struct ima_buffer text = { 0 };
	struct ima_mounts m = { 0 };
	int r = read_all(fd, &text);

	if (r < 0) {
		ima_buffer_done(&text);
		return r;
	}
	m.hash = hash_text(text.data, text.len);
	m.text = (char *)text.data;
	r = parse_all(&m);
	if (r < 0) {
		ima_mounts_done(&m);
		return r;
	}
	*ret = m;
	return 0;
}

void ima_mounts_done(struct ima_mounts *m)
{
	free(m->items);
	free(m->text);
	*m = (struct ima_mounts){ 0 };
}
