/* SPDX-License-Identifier: BSD-2-Clause */
/* A list with one bad line is no list: what it meant to revoke would be let through. */
#include "core/sig/revoked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/byteset.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"

struct ima_revoked {
	struct ima_byteset *digests;
};

int ima_revoked_new(struct ima_revoked **ret)
{
	struct ima_revoked *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (ima_byteset_new(&s->digests) < 0) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

struct ima_revoked *ima_revoked_free(struct ima_revoked *s)
{
	if (s) {
		ima_byteset_free(s->digests);
		free(s);
	}
	return NULL;
}

static bool is_digest_len(size_t len)
{
	for (unsigned int i = 0; i < IMA_HASH__LAST; i++)
		if (ima_hash_len((enum ima_hash_algo)i) == len)
			return true;
	return false;
}

/* @word: "HEX" or "bin:HEX"; NULL: good, else what is wrong with it */
static const char *decode(struct ima_bytes word, uint8_t ret[static IMA_DIGEST_MAX], size_t *ret_len)
{
	static const char bin[] = "bin:", tbs[] = "tbs:";
	const size_t head = sizeof(bin) - 1;

	if (word.len >= head && !memcmp(word.data, tbs, head))
		return "tbs: names a certificate; those are revoked by revoked_keys";
	if (word.len >= head && !memcmp(word.data, bin, head)) {
		word.data += head;
		word.len -= head;
	}
	if (word.len / 2 > IMA_DIGEST_MAX || ima_hex_decode((const char *)word.data, word.len, ret) < 0)
		return "not a digest in hexadecimal";
	if (!is_digest_len(word.len / 2))
		return "no hash algorithm has digests of that length";
	*ret_len = word.len / 2;
	return NULL;
}

static struct ima_bytes first_word(struct ima_bytes line)
{
	size_t n = 0;

	while (n < line.len && line.data[n] != ' ' && line.data[n] != '\t')
		n++;
	return (struct ima_bytes){ line.data, n };
}

/* @into: NULL: only looked at */
static int load_line(struct ima_bytes line, unsigned int number, struct ima_revoked *into,
		     struct ima_diag *diag)
{
	uint8_t digest[IMA_DIGEST_MAX];
	const char *wrong;
	size_t len;

	while (line.len && (*line.data == ' ' || *line.data == '\t')) {
		line.data++;
		line.len--;
	}
	if (!line.len || *line.data == '#')
		return 0;
	line = first_word(line);
	wrong = decode(line, digest, &len);
	if (wrong)
		return ima_diag_set(diag, -EINVAL, number, 0, line, "%s", wrong);
	return into ? ima_byteset_add(into->digests, 0, (struct ima_bytes){ digest, len }) : 0;
}

static int each_line(struct ima_bytes text, struct ima_revoked *into, struct ima_diag *diag)
{
	unsigned int number = 1;
	int r = 0;

	for (; r == 0 && text.len; number++) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		const size_t len = end ? (size_t)(end - text.data) : text.len;
		const size_t step = end ? len + 1 : len;

		r = load_line((struct ima_bytes){ text.data, len }, number, into, diag);
		text.data += step;
		text.len -= step;
	}
	return r;
}

int ima_revoked_load(struct ima_revoked *s, struct ima_bytes text, struct ima_diag *diag)
{
	int r = each_line(text, NULL, diag);

	return r < 0 ? r : each_line(text, s, diag);
}

int ima_revoked_add(struct ima_revoked *s, const char *description)
{
	const struct ima_bytes word = { (const uint8_t *)description, strlen(description) };
	uint8_t digest[IMA_DIGEST_MAX];
	size_t len;

	if (strncmp(description, "bin:", 4) || decode(word, digest, &len))
		return -EINVAL;
	return ima_byteset_add(s->digests, 0, (struct ima_bytes){ digest, len });
}

bool ima_revoked_has(const struct ima_revoked *s, const struct ima_digest *d)
{
	return s && d->len && ima_byteset_has(s->digests, 0, (struct ima_bytes){ d->data, d->len });
}

size_t ima_revoked_size(const struct ima_revoked *s)
{
	return s ? ima_byteset_size(s->digests) : 0;
}
