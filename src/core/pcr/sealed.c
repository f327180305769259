/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of a sealed key: four lines, nothing else. */
#include "core/pcr/sealed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/hex.h"

static const char header[] = "imad-sealed-key 1\n";

bool ima_sealed_is(struct ima_bytes text)
{
	return text.len >= sizeof(header) - 1 && !memcmp(text.data, header, sizeof(header) - 1);
}

static int parse_numbers(const char *p, uint32_t *ret)
{
	uint32_t mask = 0;

	for (;;) {
		char *end;
		unsigned long n;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		n = strtoul(p, &end, 10);
		if (n >= IMA_PCR_COUNT)
			return -EINVAL;
		mask |= UINT32_C(1) << n;
		if (!*end)
			break;
		if (*end != ',')
			return -EINVAL;
		p = end + 1;
	}
	*ret = mask;
	return 0;
}

int ima_sealed_pcrs_parse(const char *text, struct ima_sealed *ret)
{
	const char *colon = strchr(text, ':');
	enum ima_hash_algo bank = IMA_HASH_SHA256;
	uint32_t mask = 0;
	int r = 0;

	if (colon)
		r = ima_hash_by_name(text, (size_t)(colon - text), &bank);
	if (r == 0 && strcmp(text, "-"))
		r = parse_numbers(colon ? colon + 1 : text, &mask);
	if (r < 0 || !ima_hash_tpm_alg(bank))
		return -EINVAL;
	ret->bank = bank;
	ret->pcrs = mask;
	return 0;
}

static int parse_part(const char *hex, uint8_t ret[static IMA_SEALED_MAX_PART], size_t *ret_len)
{
	const size_t len = strlen(hex);

	if (!len || len > 2 * IMA_SEALED_MAX_PART || ima_hex_decode(hex, len, ret) < 0)
		return -EINVAL;
	*ret_len = len / 2;
	return 0;
}

static int parse_line(unsigned int line, char *text, struct ima_sealed *s)
{
	static const char *const words[] = { NULL, "pcrs ", "public ", "private " };
	const size_t len = strlen(words[line]);

	if (strncmp(text, words[line], len))
		return -EINVAL;
	text += len;
	switch (line) {
	case 1:
		return ima_sealed_pcrs_parse(text, s);
	case 2:
		return parse_part(text, s->public_part, &s->public_len);
	default:
		return parse_part(text, s->private_part, &s->private_len);
	}
}

int ima_sealed_parse(struct ima_bytes text, struct ima_sealed *ret, struct ima_diag *diag)
{
	char copy[IMA_SEALED_MAX_TEXT], *p = copy;
	struct ima_sealed s = { 0 };

	if (!ima_sealed_is(text) || text.len >= sizeof(copy) || memchr(text.data, 0, text.len))
		return ima_diag_text(diag, -EBADMSG, "not a sealed key");
	memcpy(copy, text.data, text.len);
	copy[text.len] = 0;
	p += sizeof(header) - 1;
	for (unsigned int line = 1; line < 4; line++) {
		char *nl = strchr(p, '\n');

		if (nl)
			*nl = 0;
		if (!nl || parse_line(line, p, &s) < 0)
			return ima_diag_text(diag, -EBADMSG, "line %u of the sealed key is damaged", line + 1);
		p = nl + 1;
	}
	if (*p)
		return ima_diag_text(diag, -EBADMSG, "line 5 of the sealed key is one too many");
	*ret = s;
	return 0;
}

static int print_pcrs(const struct ima_sealed *s, struct ima_buffer *out)
{
	const char *before = "";
	int r;

	if (!s->pcrs)
		return ima_buffer_append_str(out, "pcrs -");
	r = ima_buffer_printf(out, "pcrs %s:", ima_hash_name(s->bank));
	for (unsigned int i = 0; r == 0 && i < IMA_PCR_COUNT; i++)
		if (s->pcrs >> i & 1) {
			r = ima_buffer_printf(out, "%s%u", before, i);
			before = ",";
		}
	return r;
}

int ima_sealed_print(const struct ima_sealed *s, struct ima_buffer *out)
{
	int r = ima_buffer_append_str(out, header);

	if (r == 0)
		r = print_pcrs(s, out);
	if (r == 0)
		r = ima_buffer_append_str(out, "\npublic ");
	if (r == 0)
		r = ima_buffer_append_hex(out, s->public_part, s->public_len);
	if (r == 0)
		r = ima_buffer_append_str(out, "\nprivate ");
	if (r == 0)
		r = ima_buffer_append_hex(out, s->private_part, s->private_len);
	return r < 0 ? r : ima_buffer_append_str(out, "\n");
}
