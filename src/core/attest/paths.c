/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole paths stand in a set of bytes that is asked once for each segment of a path. A glob is a row of tokens; a path runs through it with
 * the set of places that it may have reached, one bit a token, so that no pattern makes it try again and again.
 */
#include <ima/paths.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/diag.h"

enum token_kind { ONE = 0, ANY_ONE, CLASS, STAR, STARSTAR };

struct token {
	enum token_kind kind;
	uint8_t c;
	uint32_t class[8]; /* bitmap of 256 characters */
};

struct glob {
	char *literal; /* what the path must begin with */
	size_t literal_len, n;
	uint64_t literal_end; /* its last eight bytes, when it has as many: what tells globs of one folder apart */
	struct token *tokens; /* of what comes after the literal */
};

struct ima_paths {
	uint64_t *slots; /* offset in the arena + 1 */
	size_t mask, n_whole;
	struct ima_buffer arena; /* u16 length, path */
	struct glob *globs;
	size_t n_globs;
	bool everything; /* the path "/" */
};

#define MIN_SLOTS 64
#define HASH_START UINT64_C(14695981039346656037)

/* FNV-1a: a path is hashed once, and asked for at each of its segments on the way */
static uint64_t hash_byte(uint64_t h, uint8_t c)
{
	return (h ^ c) * UINT64_C(1099511628211);
}

static uint64_t hash_all(const uint8_t *p, size_t len)
{
	uint64_t h = HASH_START;

	for (size_t i = 0; i < len; i++)
		h = hash_byte(h, p[i]);
	return h;
}

int ima_paths_new(struct ima_paths **ret)
{
	struct ima_paths *p = calloc(1, sizeof(*p));

	if (p)
		p->slots = calloc(MIN_SLOTS, sizeof(*p->slots));
	if (!p || !p->slots) {
		free(p);
		return -ENOMEM;
	}
	p->mask = MIN_SLOTS - 1;
	*ret = p;
	return 0;
}

struct ima_paths *ima_paths_free(struct ima_paths *p)
{
	if (p) {
		for (size_t i = 0; i < p->n_globs; i++) {
			free(p->globs[i].literal);
			free(p->globs[i].tokens);
		}
		free(p->globs);
		free(p->slots);
		ima_buffer_done(&p->arena);
		free(p);
	}
	return NULL;
}

static struct ima_bytes whole_at(const struct ima_paths *p, uint64_t slot)
{
	const uint8_t *at = p->arena.data + slot - 1;

	return (struct ima_bytes){ at + 2, (size_t)at[0] | (size_t)at[1] << 8 };
}

static size_t find_slot(const struct ima_paths *p, uint64_t hash, const uint8_t *path, size_t len)
{
	size_t i = (hash ^ hash >> 32) & p->mask;

	for (; p->slots[i]; i = (i + 1) & p->mask) {
		const struct ima_bytes have = whole_at(p, p->slots[i]);

		if (have.len == len && !memcmp(have.data, path, len))
			break;
	}
	return i;
}

static int grow(struct ima_paths *p)
{
	const size_t n = p->mask + 1;
	uint64_t *old = p->slots, *fresh;

	if (p->n_whole * 2 < n)
		return 0;
	fresh = calloc(2 * n, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	p->slots = fresh;
	p->mask = 2 * n - 1;
	for (size_t i = 0; i < n; i++) {
		struct ima_bytes b;

		if (!old[i])
			continue;
		b = whole_at(p, old[i]);
		p->slots[find_slot(p, hash_all(b.data, b.len), b.data, b.len)] = old[i];
	}
	free(old);
	return 0;
}

static int add_whole(struct ima_paths *p, const char *path, size_t len)
{
	const size_t at = p->arena.len;
	size_t slot;
	int r;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len == 1) {
		p->everything = true;
		return 0;
	}
	r = grow(p);
	if (r < 0)
		return r;
	slot = find_slot(p, hash_all((const uint8_t *)path, len), (const uint8_t *)path, len);
	if (p->slots[slot])
		return 0;
	r = ima_buffer_append_u16(&p->arena, (uint16_t)len);
	if (r == 0)
		r = ima_buffer_append(&p->arena, path, len);
	if (r < 0) {
		p->arena.len = at;
		return r;
	}
	p->slots[slot] = at + 1;
	p->n_whole++;
	return 0;
}

/* after the [; characters used, 0 when it is not closed */
static size_t read_class(const char *at, struct token *t)
{
	const bool negated = *at == '!' || *at == '^';
	size_t i = negated;

	for (; at[i] && (at[i] != ']' || i == negated); i++) {
		unsigned int from = (uint8_t)at[i], to = from;

		if (at[i + 1] == '-' && at[i + 2] && at[i + 2] != ']') {
			to = (uint8_t)at[i + 2];
			i += 2;
		}
		for (unsigned int c = from; c <= to; c++)
			t->class[c / 32] |= 1U << c % 32;
	}
	if (negated)
		for (size_t k = 0; k < 8; k++)
			t->class[k] = ~t->class[k];
	t->class['/' / 32] &= ~(1U << '/' % 32);
	return at[i] ? i + 1 : 0;
}

static int read_token(const char **at, struct token *ret)
{
	struct token t = { .c = (uint8_t)**at };
	size_t used = 1;

	if (**at == '?') {
		t.kind = ANY_ONE;
	} else if (**at == '*') {
		used = strspn(*at, "*");
		t.kind = used > 1 ? STARSTAR : STAR;
	} else if (**at == '[') {
		t.kind = CLASS;
		used = read_class(*at + 1, &t);
		if (!used++)
			return -EINVAL;
	}
	*at += used;
	*ret = t;
	return 0;
}

static int add_glob(struct ima_paths *p, const char *pattern)
{
	struct glob *more = reallocarray(p->globs, p->n_globs + 1, sizeof(*more));
	struct glob g = { .literal_len = strcspn(pattern, "*?[") };
	const char *at = pattern + g.literal_len;
	int r = 0;

	if (!more)
		return -ENOMEM;
	p->globs = more;
	g.literal = strndup(pattern, g.literal_len);
	if (g.literal_len >= 8)
		memcpy(&g.literal_end, pattern + g.literal_len - 8, 8);
	g.tokens = calloc(strlen(at), sizeof(*g.tokens));
	while (*at && r == 0 && g.literal && g.tokens)
		r = read_token(&at, &g.tokens[g.n++]);
	if (r == 0 && g.literal && g.tokens) {
		p->globs[p->n_globs++] = g;
		return 0;
	}
	r = g.literal && g.tokens ? r : -ENOMEM;
	free(g.literal);
	free(g.tokens);
	return r;
}

static const char *fault_of(const char *pattern, bool is_glob)
{
	if (pattern[0] != '/' && strncmp(pattern, "**", 2))
		return "a pattern begins with / or **";
	if (strlen(pattern) > (is_glob ? IMA_PATHS_MAX_GLOB : IMA_PATHS_MAX_MATCHED))
		return "the pattern is too long";
	if (strstr(pattern, "//") || strstr(pattern, "/./") || strstr(pattern, "/../"))
		return "the pattern has a segment that no path has";
	return NULL;
}

int ima_paths_add(struct ima_paths *p, const char *pattern, struct ima_diag *diag)
{
	const struct ima_bytes token = { (const uint8_t *)pattern, strlen(pattern) };
	const bool is_glob = pattern[strcspn(pattern, "*?[")];
	const char *fault = fault_of(pattern, is_glob);
	ima_cleanup(ima_freep) char *copy = NULL;
	int r;

	if (fault)
		return ima_diag_set(diag, -EINVAL, 0, 0, token, "%s", fault);
	if (p->n_whole + p->n_globs >= IMA_PATHS_MAX)
		return ima_diag_set(diag, -E2BIG, 0, 0, token, "more than %d patterns", IMA_PATHS_MAX);
	copy = strdup(pattern);
	if (!copy)
		return -ENOMEM;
	for (char *c = copy; *c; c++)
		*c = *c == ' ' ? '_' : *c;
	r = is_glob ? add_glob(p, copy) : add_whole(p, copy, strlen(copy));
	return r == -EINVAL ? ima_diag_set(diag, r, 0, 0, token, "a [ that no ] closes") : r;
}

static bool is_below(const struct ima_paths *p, struct ima_bytes path)
{
	uint64_t h = HASH_START;

	if (!p->n_whole)
		return false;
	for (size_t i = 0; i < path.len; i++) {
		if (i && path.data[i] == '/' && p->slots[find_slot(p, h, path.data, i)])
			return true;
		h = hash_byte(h, path.data[i]);
	}
	return p->slots[find_slot(p, h, path.data, path.len)] != 0;
}

static bool token_takes(const struct token *t, uint8_t c)
{
	switch (t->kind) {
	case ONE:
		return t->c == c;
	case CLASS:
		return t->class[c / 32] >> c % 32 & 1;
	case STARSTAR:
		return true;
	default:
		return c != '/';
	}
}

/* places[i]: the path so far may have used up the first i tokens; stars may be passed over */
static void pass_stars(const struct glob *g, bool *places)
{
	for (size_t i = 0; i < g->n; i++)
		if (places[i] && g->tokens[i].kind >= STAR)
			places[i + 1] = true;
}

static bool begins(const struct glob *g, struct ima_bytes path)
{
	uint64_t end;

	if (path.len < g->literal_len)
		return false;
	if (g->literal_len >= 8) {
		memcpy(&end, path.data + g->literal_len - 8, 8);
		if (end != g->literal_end)
			return false;
	}
	return !memcmp(path.data, g->literal, g->literal_len);
}

/* places of a path in a glob's tokens, for a path that begins as it should */
static bool glob_takes(const struct glob *g, struct ima_bytes path)
{
	bool places[IMA_PATHS_MAX_GLOB + 2] = { true }, alive = true;

	pass_stars(g, places);
	for (size_t at = g->literal_len; at < path.len && alive; at++) {
		alive = false;
		for (size_t i = g->n + 1; i-- > 0;) {
			const bool stays = i < g->n && places[i] && g->tokens[i].kind >= STAR && token_takes(&g->tokens[i], path.data[at]);

			places[i] = stays || (i && places[i - 1] && g->tokens[i - 1].kind < STAR &&
					      token_takes(&g->tokens[i - 1], path.data[at]));
			alive |= places[i];
		}
		pass_stars(g, places);
	}
	return alive && places[g->n];
}

bool ima_paths_has(const struct ima_paths *p, struct ima_bytes path)
{
	if (!p || !path.len || path.data[0] != '/' || path.len > IMA_PATHS_MAX_MATCHED)
		return false;
	if (p->everything || is_below(p, path))
		return true;
	for (size_t i = 0; i < p->n_globs; i++)
		if (begins(&p->globs[i], path) && glob_takes(&p->globs[i], path))
			return true;
	return false;
}

size_t ima_paths_size(const struct ima_paths *p)
{
	return p ? p->n_whole + p->n_globs + p->everything : 0;
}
