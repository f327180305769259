/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCR values from text. Three forms, which may be mixed:
 *
 *   sha256 10 HEX              bank, index, value
 *   PCR-10: AA BB CC ...       as evmctl takes them; the bank is the caller's
 *     sha256:                  as tpm2_pcrread prints them
 *       10: 0xHEX
 */
#include <ima/pcr.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/hex.h"

struct state {
	struct ima_pcrs pcrs;
	enum ima_hash_algo algo; /* of the lines that name none */
	unsigned int line;
	size_t n_values;
	struct ima_diag *diag;
};

static int refuse(struct state *s, struct ima_bytes line, size_t at, const char *why)
{
	return ima_diag_set(s->diag, -EINVAL, s->line, (unsigned int)at + 1,
			    (struct ima_bytes){ line.data + at, line.len - at }, "%s", why);
}

static size_t skip_blanks(struct ima_bytes line, size_t at)
{
	while (at < line.len && isblank(line.data[at]))
		at++;
	return at;
}

static size_t word_len(struct ima_bytes line, size_t at)
{
	size_t n = 0;

	while (at + n < line.len && !isspace(line.data[at + n]) && line.data[at + n] != ':')
		n++;
	return n;
}

static bool read_index(struct ima_bytes line, size_t at, size_t len, unsigned int *ret)
{
	unsigned int n = 0;

	if (!len || len > 3)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit(line.data[at + i]))
			return false;
		n = n * 10 + (unsigned int)(line.data[at + i] - '0');
	}
	*ret = n;
	return n < IMA_PCR_COUNT;
}

/* hex digits, blanks between them allowed, 0x before them allowed */
static int take_value(struct state *s, struct ima_bytes line, size_t at, enum ima_hash_algo algo,
		      unsigned int index)
{
	char digits[2 * IMA_DIGEST_MAX];
	struct ima_pcr_bank *b;
	size_t n = 0, start;

	at = start = skip_blanks(line, at);
	if (at + 1 < line.len && line.data[at] == '0' && (line.data[at + 1] | 32) == 'x')
		at += 2;
	for (; at < line.len; at++) {
		if (isspace(line.data[at]))
			continue;
		if (n == sizeof(digits))
			return refuse(s, line, start, "the value is too long");
		digits[n++] = (char)line.data[at];
	}
	if (n != 2 * ima_hash_len(algo))
		return refuse(s, line, start, "the value does not have the length of its bank");
	if (ima_pcrs_add_bank(&s->pcrs, algo, &b) < 0)
		return refuse(s, line, start, "too many banks");
	if (ima_hex_decode(digits, n, b->value[index]) < 0)
		return refuse(s, line, start, "the value is not hexadecimal");
	b->known |= 1U << index;
	s->n_values++;
	return 0;
}

static int take_evmctl(struct state *s, struct ima_bytes line, size_t at)
{
	const size_t len = word_len(line, at + 4);
	unsigned int index;

	at += 4;
	if (!read_index(line, at, len, &index))
		return refuse(s, line, at, "not a PCR number");
	at += len;
	if (at < line.len && line.data[at] == ':')
		at++;
	return take_value(s, line, at, s->algo, index);
}

static int take_line(struct state *s, struct ima_bytes line)
{
	size_t at = skip_blanks(line, 0), len = word_len(line, at), next;
	enum ima_hash_algo algo;
	unsigned int index;

	if (at == line.len || line.data[at] == '#')
		return 0;
	if (line.len - at > 4 && !memcmp(line.data + at, "PCR-", 4))
		return take_evmctl(s, line, at);
	if (ima_hash_by_name((const char *)line.data + at, len, &algo) == 0) {
		next = at + len;
		if (next < line.len && line.data[next] == ':') {
			s->algo = algo;
			if (skip_blanks(line, next + 1) != line.len)
				return refuse(s, line, next, "nothing may follow the bank's name");
			return 0;
		}
		next = skip_blanks(line, next);
		len = word_len(line, next);
		if (!read_index(line, next, len, &index))
			return refuse(s, line, next, "not a PCR number");
		return take_value(s, line, next + len, algo, index);
	}
	if (read_index(line, at, len, &index)) {
		next = skip_blanks(line, at + len);
		if (next < line.len && line.data[next] == ':')
			return take_value(s, line, next + 1, s->algo, index);
	}
	return refuse(s, line, at, "not a PCR value (BANK INDEX HEX, PCR-NN: HEX, or NN: 0xHEX)");
}

int ima_pcrs_parse(struct ima_bytes text, enum ima_hash_algo default_algo, struct ima_pcrs *ret,
		   struct ima_diag *diag)
{
	struct state s = { .algo = default_algo, .diag = diag };
	const uint8_t *at = text.data, *end = text.data + text.len;

	while (at < end) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		struct ima_bytes line = { at, (size_t)((nl ? nl : end) - at) };
		int r;

		s.line++;
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		r = take_line(&s, line);
		if (r < 0)
			return r;
		at = nl ? nl + 1 : end;
	}
	if (!s.n_values)
		return ima_diag_text(diag, -ENODATA, "there is no PCR value in it");
	*ret = s.pcrs;
	return 0;
}
