/* SPDX-License-Identifier: BSD-2-Clause */
/* Journal header, records, and a reader that follows a growing file with a bounded buffer. */
#include "core/mlist/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "core/mlist/journal_base.h"
#include "core/mlist/record_parse.h"

#define UNMAPPED 0xffff
#define READ_AHEAD (256U << 10)
#define FIXED_HEAD 40 /* magic .. n_slots */

static int format_head(struct ima_buffer *out, const struct ima_journal_head *h)
{
	const uint32_t len = (uint32_t)(FIXED_HEAD + 8 * h->n_slots);
	int r = ima_buffer_append(out, IMA_JOURNAL_MAGIC, 8);

	if (r == 0)
		r = ima_buffer_append_u32(out, IMA_JOURNAL_VERSION);
	if (r == 0)
		r = ima_buffer_append_u32(out, len);
	if (r == 0)
		r = ima_buffer_append(out, h->boot_id, sizeof(h->boot_id));
	if (r == 0)
		r = ima_buffer_append_u32(out, (uint32_t)h->default_algo);
	if (r == 0)
		r = ima_buffer_append_u32(out, (uint32_t)h->n_slots);
	for (size_t i = 0; i < h->n_slots && r == 0; i++) {
		const struct ima_journal_slot *s = &h->slots[i];

		r = ima_buffer_append_u16(out, s->tpm_alg);
		if (r == 0)
			r = ima_buffer_append_u16(out, s->algo == IMA_HASH__LAST
							       ? UNMAPPED
							       : (uint16_t)s->algo);
		if (r == 0)
			r = ima_buffer_append_u32(out, s->digest_len);
	}
	return r;
}

int ima_journal_create(int fd, const struct ima_journal_head *head)
{
	struct ima_buffer out = { 0 };
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size)
		return -EEXIST;
	if (!head->n_slots || head->n_slots > IMA_JOURNAL_MAX_SLOTS)
		return -EINVAL;
	r = format_head(&out, head);
	if (r == 0) {
		n = write(fd, out.data, out.len);
		r = n < 0 ? -errno : n == (ssize_t)out.len ? 0 : -ENOSPC;
		if (r < 0 && ftruncate(fd, 0) < 0)
			r = -EIO;
	}
	ima_buffer_done(&out);
	return r;
}

int ima_journal_format(struct ima_buffer *out, const struct ima_journal_head *head, uint32_t flags,
		       uint64_t event, uint64_t time_ns, const struct ima_digest *slots,
		       const struct ima_record *rec)
{
	const size_t at = out->len;
	size_t body;
	int r = ima_buffer_append_u32(out, 0);

	if (r == 0)
		r = ima_buffer_append_u32(out, flags);
	if (r == 0)
		r = ima_buffer_append_u64(out, event);
	if (r == 0)
		r = ima_buffer_append_u64(out, time_ns);
	for (size_t i = 0; i < head->n_slots && r == 0; i++)
		r = ima_buffer_append(out, slots[i].data, head->slots[i].digest_len);
	if (r == 0)
		r = ima_record_write(out, rec);
	body = out->len - at - 4;
	if (r == 0 && body > IMA_RECORD_MAX)
		r = -EFBIG;
	if (r < 0) {
		out->len = at;
		return r;
	}
	for (size_t i = 0; i < 4; i++)
		out->data[at + i] = (uint8_t)(body >> (8 * i));
	return 0;
}

struct ima_journal_reader {
	int fd;
	struct ima_journal_head head;
	size_t slots_len;
	struct ima_buffer in;   /* bytes of the file from @base on */
	uint64_t base;
	size_t used;            /* bytes of @in already returned */
	struct ima_buffer scratch;
	struct ima_buffer base_raw;
	struct ima_journal_base deleted;
	bool has_base;
};

static int parse_slot(struct ima_reader *in, struct ima_journal_slot *ret)
{
	uint16_t tpm_alg, algo;
	uint32_t len;

	if (ima_read_u16(in, &tpm_alg) < 0 || ima_read_u16(in, &algo) < 0 ||
	    ima_read_u32(in, &len) < 0)
		return -EBADMSG;
	if (!len || len > IMA_DIGEST_MAX || (algo != UNMAPPED && algo >= IMA_HASH__LAST))
		return -EBADMSG;
	if (algo != UNMAPPED && ima_hash_len((enum ima_hash_algo)algo) != len)
		return -EBADMSG;
	*ret = (struct ima_journal_slot){
		.tpm_alg = tpm_alg,
		.algo = algo == UNMAPPED ? IMA_HASH__LAST : (enum ima_hash_algo)algo,
		.digest_len = len,
	};
	return 0;
}

static int parse_head(struct ima_bytes raw, struct ima_journal_head *ret, size_t *ret_len,
		      struct ima_diag *diag)
{
	struct ima_reader in = ima_reader_init(raw, IMA_ORDER_LITTLE);
	struct ima_journal_head h = { 0 };
	uint32_t version, len, algo, n;
	struct ima_bytes b;

	if (ima_read_bytes(&in, 8, &b) < 0 || memcmp(b.data, IMA_JOURNAL_MAGIC, 8))
		return ima_diag_at(diag, -EBADMSG, 0, "this is not a journal");
	if (ima_read_u32(&in, &version) < 0 || version != IMA_JOURNAL_VERSION)
		return ima_diag_at(diag, -EBADMSG, 8, "unknown journal version");
	if (ima_read_u32(&in, &len) < 0 || ima_read_bytes(&in, 16, &b) < 0 ||
	    ima_read_u32(&in, &algo) < 0 || ima_read_u32(&in, &n) < 0)
		return ima_diag_at(diag, -EBADMSG, 12, "the journal's header is cut");
	if (!n || n > IMA_JOURNAL_MAX_SLOTS || algo >= IMA_HASH__LAST ||
	    len != FIXED_HEAD + 8 * n)
		return ima_diag_at(diag, -EBADMSG, 12, "the journal's header is damaged");
	memcpy(h.boot_id, b.data, 16);
	h.default_algo = (enum ima_hash_algo)algo;
	h.n_slots = n;
	for (size_t i = 0; i < n; i++)
		if (parse_slot(&in, &h.slots[i]) < 0)
			return ima_diag_at(diag, -EBADMSG, ima_reader_offset(&in),
					   "the journal's header names a bad digest");
	if (h.slots[0].algo != IMA_HASH_SHA1)
		return ima_diag_at(diag, -EBADMSG, FIXED_HEAD, "the journal's first digest is not sha1");
	*ret = h;
	*ret_len = len;
	return 0;
}

static int refuse_base(const struct ima_journal_reader *r, struct ima_diag *diag)
{
	return ima_diag_at(diag, -EBADMSG, r->base, "what stands for deleted records is damaged");
}

/* where the first record would be may stand what is left of deleted ones */
static int read_base(struct ima_journal_reader *r, struct ima_diag *diag)
{
	uint8_t start[8];
	struct ima_reader in = ima_reader_init((struct ima_bytes){ start, sizeof(start) }, IMA_ORDER_LITTLE);
	ssize_t n = pread(r->fd, start, sizeof(start), (off_t)r->base);
	uint32_t marker, len;
	struct stat st;
	int e;

	if (n < (ssize_t)sizeof(start) || ima_read_u32(&in, &marker) < 0 ||
	    marker != IMA_JOURNAL_DELETED || ima_read_u32(&in, &len) < 0)
		return 0;
	if (fstat(r->fd, &st) < 0)
		return -errno;
	if (len < IMA_JOURNAL_BASE_HEAD || len > (uint64_t)st.st_size - r->base)
		return refuse_base(r, diag);
	e = ima_buffer_reserve(&r->base_raw, len);
	if (e < 0)
		return e;
	n = pread(r->fd, r->base_raw.data, len, (off_t)r->base);
	if (n != (ssize_t)len || ima_journal_base_parse(&r->head, (struct ima_bytes){ r->base_raw.data, len },
						       &r->deleted) < 0 ||
	    r->deleted.next < r->base + len)
		return refuse_base(r, diag);
	r->has_base = true;
	r->base = r->deleted.next;
	return 0;
}

int ima_journal_reader_new(int fd, struct ima_journal_reader **ret, struct ima_diag *diag)
{
	uint8_t raw[FIXED_HEAD + 8 * IMA_JOURNAL_MAX_SLOTS];
	struct ima_journal_head head;
	struct ima_journal_reader *r;
	size_t len = 0;
	ssize_t n = pread(fd, raw, sizeof(raw), 0);
	int e;

	if (n < 0)
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	e = parse_head((struct ima_bytes){ raw, (size_t)n }, &head, &len, diag);
	if (e < 0)
		return e;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->fd = fd;
	r->head = head;
	r->base = len;
	for (size_t i = 0; i < head.n_slots; i++)
		r->slots_len += head.slots[i].digest_len;
	e = read_base(r, diag);
	if (e < 0) {
		ima_journal_reader_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

const struct ima_journal_base *ima_journal_reader_base(const struct ima_journal_reader *r)
{
	return r->has_base ? &r->deleted : NULL;
}

size_t ima_journal_head_len(const struct ima_journal_head *head)
{
	return FIXED_HEAD + 8 * head->n_slots;
}

struct ima_journal_reader *ima_journal_reader_free(struct ima_journal_reader *r)
{
	if (r) {
		ima_buffer_done(&r->in);
		ima_buffer_done(&r->scratch);
		ima_buffer_done(&r->base_raw);
		free(r);
	}
	return NULL;
}

const struct ima_journal_head *ima_journal_reader_head(const struct ima_journal_reader *r)
{
	return &r->head;
}

uint64_t ima_journal_reader_offset(const struct ima_journal_reader *r)
{
	return r->base + r->used;
}

/* 1 more bytes came, 0 the file ends here for now */
static int fill(struct ima_journal_reader *r)
{
	ssize_t n;
	int e;

	if (r->used)
		memmove(r->in.data, r->in.data + r->used, r->in.len - r->used);
	r->in.len -= r->used;
	r->base += r->used;
	r->used = 0;
	e = ima_buffer_reserve(&r->in, READ_AHEAD);
	if (e < 0)
		return e;
	n = pread(r->fd, r->in.data + r->in.len, READ_AHEAD, (off_t)(r->base + r->in.len));
	if (n < 0)
		return -errno;
	/* what is cut now may be taken back and written anew: it is read again next time */
	if (n == 0)
		r->in.len = 0;
	r->in.len += (size_t)n;
	return n > 0;
}

int ima_journal_open_binary(struct ima_bytes binary, struct ima_buffer *scratch,
			    struct ima_record *ret)
{
	struct ima_reader in = ima_reader_init(binary, IMA_ORDER_LITTLE);
	struct ima_record rec;
	int e = ima_record_parse(&in, ima_hash_len(IMA_HASH_SHA1), scratch, &rec);

	if (e < 0)
		return e == -ENODATA ? -EBADMSG : e;
	if (ima_reader_left(&in))
		return -EBADMSG;
	*ret = rec;
	return 0;
}

static int parse_body(struct ima_journal_reader *r, struct ima_bytes body,
		      struct ima_journal_record *ret)
{
	struct ima_reader in = ima_reader_init(body, IMA_ORDER_LITTLE);
	struct ima_journal_record rec = { 0 };

	if (ima_read_u32(&in, &rec.flags) < 0 || ima_read_u64(&in, &rec.event) < 0 ||
	    ima_read_u64(&in, &rec.time_ns) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < r->head.n_slots; i++)
		if (ima_read_bytes(&in, r->head.slots[i].digest_len, &rec.slot[i]) < 0)
			return -EBADMSG;
	rec.binary = (struct ima_bytes){ in.pos, ima_reader_left(&in) };
	if (ima_journal_open_binary(rec.binary, &r->scratch, &rec.rec) < 0)
		return -EBADMSG;
	*ret = rec;
	return 0;
}

/* 1 a record, 0 not whole yet */
static int take_record(struct ima_journal_reader *r, struct ima_journal_record *ret,
		       struct ima_diag *diag)
{
	const uint64_t offset = ima_journal_reader_offset(r);
	struct ima_bytes body;
	struct ima_reader in;
	uint32_t len;

	if (r->in.len == r->used)
		return 0;
	in = ima_reader_init((struct ima_bytes){ r->in.data + r->used, r->in.len - r->used },
			     IMA_ORDER_LITTLE);
	if (ima_read_u32(&in, &len) < 0)
		return 0;
	if (len > IMA_RECORD_MAX || len < 20 + r->slots_len)
		return ima_diag_at(diag, -EBADMSG, offset, "a record of %u bytes cannot be", len);
	if (ima_read_bytes(&in, len, &body) < 0)
		return 0;
	if (parse_body(r, body, ret) < 0)
		return ima_diag_at(diag, -EBADMSG, offset, "the record is damaged");
	r->used += 4 + len;
	return 1;
}

int ima_journal_reader_next(struct ima_journal_reader *r, struct ima_journal_record *ret,
			    struct ima_diag *diag)
{
	for (;;) {
		int e = take_record(r, ret, diag);

		if (e)
			return e;
		e = fill(r);
		if (e <= 0)
			return e;
	}
}
