/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of 512 bytes go through; only the extended header of a member that gets labels is written anew. */
#include "core/archive/tar_label.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/archive/stream.h"

#define BLOCK 512
#define RECORD 10240 /* tar's own unit: an archive that fills it before does so afterwards */
#define PREFIX "SCHILY.xattr."

/* offsets and lengths in a header block */
enum { NAME_AT = 0, NAME_LEN = 100, MODE_AT = 100, UID_AT = 108, GID_AT = 116, SIZE_AT = 124, SIZE_LEN = 12, MTIME_AT = 136,
       MTIME_LEN = 12, SUM_AT = 148, SUM_LEN = 8, TYPE_AT = 156, MAGIC_AT = 257 };

struct copy {
	struct ima_stream *in;
	struct ima_packer *out;
	struct ima_diag *diag;
	struct ima_bytes piece; /* of in, not yet taken */
	uint64_t at, written;   /* decompressed bytes */
};

static int damaged(const struct copy *c, const char *what)
{
	return ima_diag_at(c->diag, -EBADMSG, c->at, "%s", what);
}

/* 1 some bytes, at most @max; 0 the end */
static int take(struct copy *c, uint64_t max, struct ima_bytes *ret)
{
	int r = c->piece.len ? 1 : ima_stream_read(c->in, &c->piece, c->diag);

	if (r <= 0)
		return r;
	*ret = (struct ima_bytes){ c->piece.data, c->piece.len < max ? c->piece.len : (size_t)max };
	c->piece.data += ret->len;
	c->piece.len -= ret->len;
	c->at += ret->len;
	return 1;
}

static int put(struct copy *c, struct ima_bytes b)
{
	c->written += b.len;
	return ima_packer_write(c->out, b, c->diag);
}

static int put_zeros(struct copy *c, size_t n)
{
	static const uint8_t zeros[RECORD];

	return put(c, (struct ima_bytes){ zeros, n });
}

static int pass(struct copy *c, uint64_t n)
{
	struct ima_bytes b;
	int r = 0;

	while (r == 0 && n) {
		r = take(c, n, &b);
		if (r <= 0)
			return r < 0 ? r : damaged(c, "it is shorter than when it was read first");
		n -= b.len;
		r = put(c, b);
	}
	return r;
}

static int read_all(struct copy *c, uint8_t *ret, size_t n)
{
	struct ima_bytes b;

	while (n) {
		int r = take(c, n, &b);

		if (r <= 0)
			return r < 0 ? r : damaged(c, "it is shorter than when it was read first");
		memcpy(ret, b.data, b.len);
		ret += b.len;
		n -= b.len;
	}
	return 0;
}

static unsigned int checksum(const uint8_t block[static BLOCK])
{
	unsigned int sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : block[i];
	return sum;
}

static int octal(const struct copy *c, const uint8_t *field, size_t len, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(field[i] - '0');
	if (i < len && field[i] && field[i] != ' ')
		return damaged(c, "a number in a header that is none");
	*ret = v;
	return 0;
}

static void set_octal(uint8_t *field, size_t len, uint64_t v)
{
	field[len - 1] = 0;
	for (size_t i = len - 1; i-- > 0; v >>= 3)
		field[i] = (uint8_t)('0' + (v & 7));
}

/* size and checksum of an extended header */
static void seal(uint8_t block[static BLOCK], size_t size)
{
	set_octal(block + SIZE_AT, SIZE_LEN, size);
	snprintf((char *)block + SUM_AT, SUM_LEN, "%06o", checksum(block));
	block[SUM_AT + 7] = ' ';
}

static bool is_extended(uint8_t type)
{
	return type == 'x' || type == 'X';
}

/* what stands in front of a member's own header */
static bool is_in_front(uint8_t type)
{
	return is_extended(type) || type == 'g' || type == 'L' || type == 'K' || type == 'N' || type == 'V';
}

static size_t padding(uint64_t size)
{
	return (size_t)((BLOCK - size % BLOCK) % BLOCK);
}

/* "LENGTH KEY=VALUE\n", the length counting itself */
static int add_record(struct ima_buffer *out, const struct ima_xattr *x)
{
	const size_t rest = sizeof(" " PREFIX "=\n") - 1 + strlen(x->name) + x->value.len;
	size_t len = rest + 1;
	int r;

	while (len != rest + (size_t)snprintf(NULL, 0, "%zu", len))
		len = rest + (size_t)snprintf(NULL, 0, "%zu", len);
	r = ima_buffer_printf(out, "%zu " PREFIX "%s=", len, x->name);
	if (r == 0)
		r = ima_buffer_append(out, x->value.data, x->value.len);
	return r == 0 ? ima_buffer_append(out, "\n", 1) : r;
}

static bool is_replaced(const uint8_t *key, size_t len, const struct ima_tar_label *l)
{
	static const char *const prefixes[] = { PREFIX, "LIBARCHIVE.xattr." };

	for (size_t p = 0; p < IMA_N_ELEMENTS(prefixes); p++) {
		const size_t n = strlen(prefixes[p]);

		for (size_t i = 0; len > n && !memcmp(key, prefixes[p], n) && i < l->n_xattrs; i++)
			if (strlen(l->xattrs[i].name) == len - n && !memcmp(key + n, l->xattrs[i].name, len - n))
				return true;
	}
	return false;
}

/* the records of an extended header without those that are replaced */
static int keep_records(const struct copy *c, const uint8_t *data, size_t len, const struct ima_tar_label *l,
			struct ima_buffer *out)
{
	const uint8_t *end = data + len;
	int r = 0;

	while (r == 0 && data < end) {
		size_t n = 0, digits = 0;
		const uint8_t *eq;

		while (data + digits < end && data[digits] >= '0' && data[digits] <= '9' && digits < 9)
			n = n * 10 + (size_t)(data[digits++] - '0');
		if (!digits || n <= digits + 2 || n > (size_t)(end - data) || data[digits] != ' ' || data[n - 1] != '\n')
			return damaged(c, "an extended header whose records do not fit");
		eq = memchr(data + digits + 1, '=', n - digits - 1);
		if (!eq)
			return damaged(c, "a record of an extended header without a value");
		if (!is_replaced(data + digits + 1, (size_t)(eq - data) - digits - 1, l))
			r = ima_buffer_append(out, data, n);
		data += n;
	}
	return r;
}

static int put_extended(struct copy *c, uint8_t block[static BLOCK], const struct ima_buffer *data)
{
	int r;

	seal(block, data->len);
	r = put(c, (struct ima_bytes){ block, BLOCK });
	if (r == 0)
		r = put(c, ima_buffer_bytes(data));
	return r == 0 ? put_zeros(c, padding(data->len)) : r;
}

static int add_records(const struct ima_tar_label *l, struct ima_buffer *out)
{
	int r = 0;

	for (size_t i = 0; i < l->n_xattrs && r == 0; i++)
		r = add_record(out, &l->xattrs[i]);
	return r;
}

/* an extended header that is there already; @add: no other of this member has the labels yet */
static int change_extended(struct copy *c, uint8_t block[static BLOCK], const struct ima_tar_label *l, bool add)
{
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	struct ima_buffer out = { 0 };
	uint64_t size = 0;
	int r = octal(c, block + SIZE_AT, SIZE_LEN, &size);

	if (r == 0 && size > IMA_TAR_MAX_EXTENDED)
		return ima_diag_at(c->diag, -EFBIG, c->at, "an extended header of more than %u bytes", IMA_TAR_MAX_EXTENDED);
	if (r < 0)
		return r;
	data = malloc((size_t)size + BLOCK);
	if (!data)
		return -ENOMEM;
	r = read_all(c, data, (size_t)size + padding(size));
	if (r == 0)
		r = keep_records(c, data, (size_t)size, l, &out);
	if (r == 0 && add)
		r = add_records(l, &out);
	if (r == 0)
		r = put_extended(c, block, &out);
	ima_buffer_done(&out);
	return r;
}

/* the time is the member's: the clock would make each output another one */
static int new_extended(struct copy *c, const uint8_t member[static BLOCK], const struct ima_tar_label *l)
{
	struct ima_buffer out = { 0 };
	uint8_t block[BLOCK] = { 0 };
	int r = add_records(l, &out);

	snprintf((char *)block + NAME_AT, NAME_LEN, "PaxHeaders/%.80s", (const char *)member + NAME_AT);
	set_octal(block + MODE_AT, 8, 0644);
	set_octal(block + UID_AT, 8, 0);
	set_octal(block + GID_AT, 8, 0);
	memcpy(block + MTIME_AT, member + MTIME_AT, MTIME_LEN);
	block[TYPE_AT] = 'x';
	memcpy(block + MAGIC_AT, "ustar\00000", 8);
	if (r == 0)
		r = put_extended(c, block, &out);
	ima_buffer_done(&out);
	return r;
}

/* everything in front of the member's own header, the labels, and that header */
static int label_member(struct copy *c, const struct ima_tar_label *l)
{
	uint8_t block[BLOCK];
	bool has_labels = false;
	uint64_t size = 0;
	int r;

	for (;;) {
		r = read_all(c, block, sizeof(block));
		if (r == 0)
			r = octal(c, block + SUM_AT, SUM_LEN, &size);
		if (r == 0 && size != checksum(block))
			r = damaged(c, "no header where one was");
		if (r < 0 || !is_in_front(block[TYPE_AT]))
			break;
		if (is_extended(block[TYPE_AT])) {
			r = change_extended(c, block, l, !has_labels);
			has_labels = true;
		} else {
			r = octal(c, block + SIZE_AT, SIZE_LEN, &size);
			if (r == 0)
				r = put(c, (struct ima_bytes){ block, BLOCK });
			if (r == 0)
				r = pass(c, size + padding(size));
		}
		if (r < 0)
			break;
	}
	if (r == 0 && !has_labels)
		r = new_extended(c, block, l);
	return r == 0 ? put(c, (struct ima_bytes){ block, BLOCK }) : r;
}

static bool is_zero(struct ima_bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i])
			return false;
	return true;
}

/* behind the end mark are zeros: members there would be unpacked by some and seen by none */
static int pass_end(struct copy *c, uint64_t end)
{
	struct ima_bytes b;
	int r = end >= c->at ? pass(c, end - c->at) : damaged(c, "it ends before its last member");

	while (r == 0 && (r = take(c, UINT64_MAX, &b)) > 0)
		r = is_zero(b) ? put(c, b) : damaged(c, "something follows the archive's end mark");
	if (r == 0 && c->at % RECORD == 0 && c->written % RECORD)
		r = put_zeros(c, RECORD - c->written % RECORD);
	return r;
}

static int copy_all(struct copy *c, uint64_t end, ima_tar_labels next, void *user)
{
	struct ima_tar_label l = { 0 };
	int r;

	while ((r = next(user, &l)) > 0) {
		r = l.position >= c->at ? pass(c, l.position - c->at) : damaged(c, "its members are not where they were");
		if (r == 0)
			r = label_member(c, &l);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = pass_end(c, end);
	return r == 0 ? ima_packer_finish(c->out, c->diag) : r;
}

int ima_tar_label(int in, uint64_t end, int out, ima_tar_labels next, void *user, struct ima_diag *diag)
{
	struct copy c = { .diag = diag };
	const struct ima_entry *e;
	int r = ima_stream_open(in, 0, IMA_STREAM_RAW, &c.in, diag);

	if (r == 0)
		r = ima_stream_next(c.in, &e, diag);
	if (r >= 0)
		r = ima_packer_new(out, ima_stream_compression(c.in), &c.out, diag);
	if (r == 0)
		r = copy_all(&c, end, next, user);
	ima_packer_free(c.out);
	ima_stream_free(c.in);
	return r;
}
