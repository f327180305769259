/* SPDX-License-Identifier: BSD-2-Clause */
/* Making what is kept of deleted records. */
#include "core/mlist/trim.h"

#include <errno.h>

#include "base/diag.h"

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
		put_head(out, *ret_next, &c, ima_journal_base_stub_len(ima_journal_reader_head(rd)));
	ima_journal_reader_free(rd);
	return r;
}
