/* SPDX-License-Identifier: BSD-2-Clause */
/* One character at a time: decoded, judged, written. */
#include "imactl/html.h"

#include <string.h>

#include "base/cleanup.h"

/* length of the UTF-8 character at @p, 0: none. Overlong forms, surrogates and what is above the last character are none */
static size_t decode(const uint8_t *p, size_t left, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t c = p[0];
	const size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
	uint32_t v = n == 1 ? c : n == 2 ? c & 0x1fU : n == 3 ? c & 0x0fU : c & 0x07U;

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3fU);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	*ret = v;
	return n;
}

/* would it be seen where it stands, and as what it is? */
static bool is_visible(uint32_t v)
{
	static const struct { uint32_t first, last; } hidden[] = {
		{ 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xffff }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(hidden); i++)
		if (v >= hidden[i].first && v <= hidden[i].last)
			return false;
	return true;
}

static const char *entity(uint32_t v)
{
	return v == '&' ? "&amp;" : v == '<' ? "&lt;" : v == '>' ? "&gt;" : v == '"' ? "&quot;" : v == '\'' ? "&#39;" : NULL;
}

void html_bytes(FILE *f, struct ima_bytes text)
{
	for (size_t i = 0; i < text.len;) {
		uint32_t v = 0;
		const size_t n = decode(text.data + i, text.len - i, &v);

		if (!n)
			fprintf(f, "\\x%02x", text.data[i]);
		else if (entity(v))
			fputs(entity(v), f);
		else if (is_visible(v))
			fwrite(text.data + i, 1, n, f);
		else
			fprintf(f, "\\u{%x}", (unsigned int)v);
		i += n ? n : 1;
	}
}

void html_text(FILE *f, const char *text)
{
	if (text)
		html_bytes(f, (struct ima_bytes){ (const uint8_t *)text, strlen(text) });
}
