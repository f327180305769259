/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of deleted records: made, read, one by one. */
#include "core/mlist/trim.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/reader.h"

static size_t stub_len(const struct ima_journal_head *h)
{
	size_t len = 8;

	for (size_t i = 0; i < h->n_slots; i++)
		len += h->slots[i].digest_len;
	return len;
}

bool ima_journal_base_peek(struct ima_bytes raw, uint64_t *ret_next, uint64_t *ret_deleted)
{
	struct ima_reader in = ima_reader_init(raw, IMA_ORDER_LITTLE);
	uint32_t marker, len;

	return ima_read_u32(&in, &marker) == 0 && marker == IMA_JOURNAL_DELETED &&
	       ima_read_u32(&in, &len) == 0 && ima_read_u64(&in, ret_next) == 0 &&
	       ima_read_u64(&in, ret_deleted) == 0;
}

int ima_journal_base_parse(const struct ima_journal_head *head, struct ima_bytes raw,
			   struct ima_journal_base *ret)
{
	struct ima_reader in = ima_reader_init(raw, IMA_ORDER_LITTLE);
	struct ima_journal_base b = { 0 };
	uint32_t marker, len, one;

	if (ima_read_u32(&in, &marker) < 0 || marker != IMA_JOURNAL_DELETED ||
	    ima_read_u32(&in, &len) < 0 || len > raw.len || len < IMA_JOURNAL_BASE_HEAD ||
	    ima_read_u64(&in, &b.next) < 0 || ima_read_u64(&in, &b.deleted) < 0 ||
	    ima_read_u64(&in, &b.violations) < 0 || ima_read_u64(&in, &b.last_event) < 0 ||
	    ima_read_u32(&in, &one) < 0)
		return -EBADMSG;
	if (one != stub_len(head) || !b.deleted || b.deleted > IMA_JOURNAL_BASE_MAX / one ||
	    b.deleted * one != len - IMA_JOURNAL_BASE_HEAD || b.violations > b.deleted ||
	    ima_read_bytes(&in, (size_t)b.deleted * one, &b.stubs) < 0)
		return -EBADMSG;
	*ret = b;
	return 0;
}

void ima_journal_base_stub(const struct ima_journal_head *head, const struct ima_journal_base *b, uint64_t i,
			   struct ima_journal_record *ret)
{
	const size_t one = stub_len(head);
	struct ima_reader in = ima_reader_init(
		(struct ima_bytes){ b->stubs.data + i * one, one }, IMA_ORDER_LITTLE);
	struct ima_journal_record rec = { 0 };

	/* lengths were checked when the base was parsed */
	ima_ignore(ima_read_u32(&in, &rec.rec.pcr));
	ima_ignore(ima_read_u32(&in, &rec.flags));
	for (size_t k = 0; k < head->n_slots; k++)
		ima_ignore(ima_read_bytes(&in, head->slots[k].digest_len, &rec.slot[k]));
	*ret = rec;
}

struct counters {
	uint64_t deleted, violations, last_event;
};

static int add_stub(const struct ima_journal_head *h, const struct ima_journal_record *rec,
		    struct counters *c, struct ima_buffer *out)
{
	int r = ima_buffer_append_u32(out, rec->rec.pcr);

	if (r == 0)
		r = ima_buffer_append_u32(out, rec->flags);
	for (size_t k = 0; k < h->n_slots && r == 0; k++)
		r = ima_buffer_append(out, rec->slot[k].data, rec->slot[k].len);
	c->deleted++;
	c->violations += (rec->flags & (IMA_JOURNAL_VIOLATION | IMA_JOURNAL_RESTORED)) == IMA_JOURNAL_VIOLATION;
	if (rec->event > c->last_event)
		c->last_event = rec->event;
	return r;
}

static void put(uint8_t *at, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static void put_head(struct ima_buffer *out, uint64_t next, const struct counters *c, size_t one)
{
	put(out->data, IMA_JOURNAL_DELETED, 4);
	put(out->data + 4, out->len, 4);
	put(out->data + 8, next, 8);
	put(out->data + 16, c->deleted, 8);
	put(out->data + 24, c->violations, 8);
	put(out->data + 32, c->last_event, 8);
	put(out->data + 40, one, 4);
}

static int add_all(struct ima_journal_reader *rd, uint64_t n, struct counters *c, struct ima_buffer *out,
		   struct ima_diag *diag)
{
	const struct ima_journal_head *h = ima_journal_reader_head(rd);
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++) {
		struct ima_journal_record rec;

		r = ima_journal_reader_next(rd, &rec, diag);
		if (r == 0)
			return -ENOENT;
		r = r == 1 ? add_stub(h, &rec, c, out) : r;
		if (r == 0 && out->len > IMA_JOURNAL_BASE_MAX)
			return ima_diag_text(diag, -EFBIG, "too many records were deleted in one boot");
	}
	return r;
}

int ima_journal_base_make(int fd, uint64_t n, struct ima_buffer *out, uint64_t *ret_next,
			  struct ima_diag *diag)
{
	static const uint8_t zeros[IMA_JOURNAL_BASE_HEAD];
	const struct ima_journal_base *old;
	struct ima_journal_reader *rd = NULL;
	struct counters c = { 0 };
	int r = ima_journal_reader_new(fd, &rd, diag);

	if (r < 0)
		return r;
	out->len = 0;
	r = ima_buffer_append(out, zeros, sizeof(zeros));
	old = ima_journal_reader_base(rd);
	if (old) {
		c = (struct counters){ old->deleted, old->violations, old->last_event };
		if (r == 0)
			r = ima_buffer_append(out, old->stubs.data, old->stubs.len);
	}
	if (r == 0)
		r = add_all(rd, n, &c, out, diag);
	*ret_next = ima_journal_reader_offset(rd);
	if (r == 0)
		put_head(out, *ret_next, &c, stub_len(ima_journal_reader_head(rd)));
	ima_journal_reader_free(rd);
	return r;
}
