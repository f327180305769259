/* SPDX-License-Identifier: BSD-2-Clause */
/* There is one way to write an entry, and only that is read: what was parsed prints as the same line. */
#include "core/archive/manifest.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"

static const char first_line[] = "imad-manifest 1";

struct ima_manifest_reader {
	FILE *in;
	unsigned int line;
	uint64_t n;
	bool ended;
	struct ima_manifest_entry entry;
	char path[IMA_MANIFEST_MAX_PATH + 1];
	uint8_t ima[IMA_SIGNER_MAX_VALUE], evm[IMA_SIGNER_MAX_VALUE];
	char text[IMA_MANIFEST_MAX_LINE];
};

int ima_manifest_begin(struct ima_buffer *out)
{
	return ima_buffer_printf(out, "%s\n", first_line);
}

int ima_manifest_end(uint64_t n, struct ima_buffer *out)
{
	return ima_buffer_printf(out, "end %llu\n", (unsigned long long)n);
}

static bool is_plain(unsigned char c)
{
	return c > 0x1f && c != 0x7f && c != '\\';
}

/* no empty component, no "." and no "..": the same name for everybody */
static bool is_path(const char *path)
{
	size_t len;

	if (path[0] != '/' || !path[1] || strlen(path) > IMA_MANIFEST_MAX_PATH)
		return false;
	for (const char *at = path; *at; at += len) {
		at++;
		len = strcspn(at, "/");
		if (!len || (len == 1 && at[0] == '.') || (len == 2 && !memcmp(at, "..", 2)))
			return false;
	}
	return true;
}

static int add_value(struct ima_bytes v, struct ima_buffer *out)
{
	int r = v.len ? ima_buffer_append_hex(out, v.data, v.len) : ima_buffer_append(out, "-", 1);

	return r == 0 ? ima_buffer_append(out, " ", 1) : r;
}

int ima_manifest_add(const struct ima_manifest_entry *e, struct ima_buffer *out)
{
	const size_t before = out->len;
	int r;

	if (!is_path(e->path))
		return -EINVAL;
	r = ima_buffer_printf(out, "%s:", ima_hash_name(e->content.algo));
	if (r == 0)
		r = ima_buffer_append_hex(out, e->content.data, e->content.len);
	if (r == 0)
		r = ima_buffer_printf(out, " %06o %u %u ", e->mode, e->uid, e->gid);
	if (r == 0)
		r = add_value(e->ima, out);
	if (r == 0)
		r = add_value(e->evm, out);
	for (const char *c = e->path; r == 0 && *c; c++)
		r = is_plain((unsigned char)*c) ? ima_buffer_append(out, c, 1) :
						  ima_buffer_printf(out, "\\x%02x", (unsigned char)*c);
	if (r == 0)
		r = ima_buffer_append(out, "\n", 1);
	if (r < 0)
		out->len = before;
	return r;
}

int ima_manifest_reader_new(FILE *in, struct ima_manifest_reader **ret)
{
	struct ima_manifest_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->in = in;
	*ret = r;
	return 0;
}

struct ima_manifest_reader *ima_manifest_reader_free(struct ima_manifest_reader *r)
{
	free(r);
	return NULL;
}

struct cursor {
	struct ima_manifest_reader *r;
	char *at;
	struct ima_diag *diag;
};

static int bad(const struct cursor *c, const char *at, const char *what)
{
	return ima_diag_set(c->diag, -EBADMSG, c->r->line, at ? (unsigned int)(at - c->r->text) + 1 : 0,
			    (struct ima_bytes){ 0 }, "%s", what);
}

/* 1 a line without its newline, 0 the end of the file */
static int read_line(struct ima_manifest_reader *r, struct ima_diag *diag)
{
	const struct cursor c = { r, r->text, diag };
	size_t n = 0;
	int ch;

	r->line++;
	while ((ch = getc_unlocked(r->in)) != EOF && ch != '\n') {
		if (!ch)
			return bad(&c, r->text + n, "a zero byte");
		if (n + 1 == sizeof(r->text))
			return bad(&c, NULL, "a line of more than 65535 bytes");
		r->text[n++] = (char)ch;
	}
	r->text[n] = 0;
	if (ch == EOF && ferror(r->in))
		return ima_diag_text(diag, -EIO, "%s", strerror(EIO));
	if (ch == EOF && n)
		return bad(&c, NULL, "cut off: the last line has no end");
	return ch != EOF;
}

/* the next word, ended by one blank; the blank becomes its end */
static int word(struct cursor *c, char **ret)
{
	char *blank = strchr(c->at, ' ');

	if (!blank || blank == c->at)
		return bad(c, c->at, "digest, mode, uid, gid, security.ima, security.evm and path are wanted, one blank between them");
	*blank = 0;
	*ret = c->at;
	c->at = blank + 1;
	return 0;
}

static int number(struct cursor *c, unsigned int base, uint32_t *ret)
{
	uint64_t v = 0;
	char *w = NULL;
	int r = word(c, &w);

	if (r < 0)
		return r;
	for (const char *d = w; *d; d++) {
		if (*d < '0' || *d >= (char)('0' + base) || (v = v * base + (uint64_t)(*d - '0')) > UINT32_MAX)
			return bad(c, w, "not a number");
	}
	/* one way to write it: mode has six digits, ids no zeros in front */
	if (base == 8 ? strlen(w) != 6 : w[0] == '0' && w[1])
		return bad(c, w, base == 8 ? "a mode has six octal digits" : "a zero in front of a number");
	*ret = (uint32_t)v;
	return 0;
}

static bool is_hex(const char *s)
{
	return strspn(s, "0123456789abcdef") == strlen(s);
}

static int value(struct cursor *c, uint8_t *room, struct ima_bytes *ret)
{
	char *w = NULL;
	int r = word(c, &w);

	if (r < 0)
		return r;
	*ret = (struct ima_bytes){ room, 0 };
	if (!strcmp(w, "-"))
		return 0;
	if (!is_hex(w) || strlen(w) % 2 || strlen(w) > 2 * IMA_SIGNER_MAX_VALUE || ima_hex_decode(w, strlen(w), room) < 0)
		return bad(c, w, "neither - nor a value in hexadecimal digits");
	ret->len = strlen(w) / 2;
	return 0;
}

static int digest(struct cursor *c, struct ima_digest *ret)
{
	char *w = NULL, *colon;
	int r = word(c, &w);

	if (r < 0)
		return r;
	colon = strchr(w, ':');
	if (!colon || ima_hash_by_name(w, (size_t)(colon - w), &ret->algo) < 0)
		return bad(c, w, "no digest: ALGORITHM:HEX");
	ret->len = ima_hash_len(ret->algo);
	if (!is_hex(colon + 1) || strlen(colon + 1) != 2 * ret->len || ima_hex_decode(colon + 1, 2 * ret->len, ret->data) < 0)
		return bad(c, colon + 1, "not a digest of this algorithm");
	return 0;
}

static int path(struct cursor *c, char *ret)
{
	uint8_t byte;
	size_t n = 0;

	for (const char *at = c->at; *at; at++) {
		if (n == IMA_MANIFEST_MAX_PATH)
			return bad(c, c->at, "a path of more than 4095 bytes");
		if (is_plain((unsigned char)*at)) {
			ret[n++] = *at;
			continue;
		}
		if (at[0] != '\\' || at[1] != 'x' || strspn(at + 2, "0123456789abcdef") < 2 || ima_hex_decode(at + 2, 2, &byte) < 0 || !byte ||
		    is_plain(byte))
			return bad(c, at, "backslash and control characters are written \\xNN, and nothing else is");
		ret[n++] = (char)byte;
		at += 3;
	}
	ret[n] = 0;
	return is_path(ret) ? 0 : bad(c, c->at, "a path begins with a slash and has no empty, \".\" or \"..\" component");
}

static int parse(struct ima_manifest_reader *r, struct ima_diag *diag)
{
	struct cursor c = { r, r->text, diag };
	struct ima_manifest_entry *e = &r->entry;
	int ret = digest(&c, &e->content);

	if (ret == 0)
		ret = number(&c, 8, &e->mode);
	if (ret == 0)
		ret = number(&c, 10, &e->uid);
	if (ret == 0)
		ret = number(&c, 10, &e->gid);
	if (ret == 0)
		ret = value(&c, r->ima, &e->ima);
	if (ret == 0)
		ret = value(&c, r->evm, &e->evm);
	if (ret == 0)
		ret = path(&c, r->path);
	if (ret == 0 && !S_ISREG(e->mode))
		ret = bad(&c, NULL, "the mode is no regular file's");
	e->path = r->path;
	return ret;
}

static int check_end(struct ima_manifest_reader *r, struct ima_diag *diag)
{
	const struct cursor c = { r, r->text, diag };
	char want[32];
	int ret;

	snprintf(want, sizeof(want), "end %llu", (unsigned long long)r->n);
	if (strcmp(r->text, want))
		return bad(&c, NULL, "the last line says another number of files than there are");
	ret = read_line(r, diag);
	if (ret > 0)
		return bad(&c, NULL, "something follows the last line");
	r->ended = ret == 0;
	return ret;
}

int ima_manifest_next(struct ima_manifest_reader *r, const struct ima_manifest_entry **ret, struct ima_diag *diag)
{
	const struct cursor c = { r, r->text, diag };
	int n;

	if (r->ended)
		return 0;
	if (!r->line) {
		n = read_line(r, diag);
		if (n < 0)
			return n;
		if (!n || strcmp(r->text, first_line))
			return bad(&c, NULL, "no manifest: it begins with the line \"imad-manifest 1\"");
	}
	n = read_line(r, diag);
	if (n <= 0)
		return n < 0 ? n : bad(&c, NULL, "cut off: the line \"end COUNT\" is missing");
	if (!strncmp(r->text, "end ", 4))
		return check_end(r, diag);
	n = parse(r, diag);
	if (n < 0)
		return n;
	r->n++;
	*ret = &r->entry;
	return 1;
}
