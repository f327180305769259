/* SPDX-License-Identifier: BSD-2-Clause */
/* A line that would be passed over leaves its host without an answer, and nobody knows why: each is checked. Found by name in a sorted table. */
#include "imactl/nonces.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "imactl/command.h"
#include "imactl/ak_files.h"

#define NONCES_MAX (64U << 20)

struct imactl_nonce_line {
	struct ima_bytes name, hex; /* views of the text */
};

/* a file's name, which may have blanks, one blank, and the nonce */
static bool take_line(struct ima_bytes line, struct imactl_nonce_line *ret)
{
	const uint8_t *blank = memrchr(line.data, ' ', line.len);
	uint8_t nonce[IMA_QUOTE_NONCE_MAX];

	if (!blank || blank == line.data || blank[-1] == ' ' || memchr(line.data, 0, line.len))
		return false;
	ret->name = (struct ima_bytes){ line.data, (size_t)(blank - line.data) };
	ret->hex = (struct ima_bytes){ blank + 1, line.len - ret->name.len - 1 };
	return ret->hex.len && ret->hex.len <= 2 * sizeof(nonce) && ima_hex_decode((const char *)ret->hex.data, ret->hex.len, nonce) == 0;
}

static int compare_names(struct ima_bytes a, struct ima_bytes b)
{
	const int r = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return r ? r : a.len < b.len ? -1 : a.len > b.len;
}

static int compare(const void *a, const void *b)
{
	const struct imactl_nonce_line *x = a, *y = b;
	const int r = compare_names(x->name, y->name);

	return r ? r : x->name.data < y->name.data ? -1 : x->name.data > y->name.data;
}

static int take_lines(struct imactl_nonces *n, const char *path)
{
	struct ima_bytes rest = ima_buffer_bytes(&n->text);

	for (unsigned long number = 1; rest.len; number++) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		const struct ima_bytes line = { rest.data, end ? (size_t)(end - rest.data) : rest.len };
		const size_t used = line.len + (end != NULL);

		if (line.len && !take_line(line, &n->lines[n->n++]))
			return imactl_fail(EXIT_UNABLE, "%s:%lu: not a file name, one blank, and a nonce of 1 to %d bytes in hexadecimal", path, number,
					   IMA_QUOTE_NONCE_MAX);
		rest = (struct ima_bytes){ rest.data + used, rest.len - used };
	}
	return EXIT_GOOD;
}

static size_t count_lines(struct ima_bytes text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++)
		n += text.data[i] == '\n';
	return n;
}

int imactl_nonces_read(struct imactl_nonces *n, const char *path)
{
	int r;

	imactl_nonces_done(n);
	r = imactl_read_named(NULL, path, NONCES_MAX, &n->text);
	if (r)
		return r;
	n->lines = calloc(count_lines(ima_buffer_bytes(&n->text)), sizeof(*n->lines));
	if (!n->lines)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	r = take_lines(n, path);
	if (!r)
		qsort(n->lines, n->n, sizeof(*n->lines), compare);
	return r;
}

void imactl_nonces_done(struct imactl_nonces *n)
{
	ima_buffer_done(&n->text);
	free(n->lines);
	*n = (struct imactl_nonces){ 0 };
}

size_t imactl_nonces_find(const struct imactl_nonces *n, const char *name, uint8_t ret[static IMA_QUOTE_NONCE_MAX])
{
	const struct ima_bytes want = { (const uint8_t *)name, strlen(name) };
	size_t from = 0, to = n->n;

	/* the first that is not before it */
	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (compare_names(n->lines[middle].name, want) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == n->n || compare_names(n->lines[from].name, want) ||
	    ima_hex_decode((const char *)n->lines[from].hex.data, n->lines[from].hex.len, ret) < 0)
		return 0;
	return n->lines[from].hex.len / 2;
}
