/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading what is kept of deleted records: as a whole, and one by one. */
#include "core/mlist/journal_base.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/reader.h"

size_t ima_journal_base_stub_len(const struct ima_journal_head *h)
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
	if (one != ima_journal_base_stub_len(head) || !b.deleted || b.deleted > IMA_JOURNAL_BASE_MAX / one ||
	    b.deleted * one != len - IMA_JOURNAL_BASE_HEAD || b.violations > b.deleted ||
	    ima_read_bytes(&in, (size_t)b.deleted * one, &b.stubs) < 0)
		return -EBADMSG;
	*ret = b;
	return 0;
}

void ima_journal_base_stub(const struct ima_journal_head *head, const struct ima_journal_base *b, uint64_t i,
			   struct ima_journal_record *ret)
{
	const size_t one = ima_journal_base_stub_len(head);
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
