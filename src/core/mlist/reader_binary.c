/* SPDX-License-Identifier: BSD-2-Clause */
/* Binary lists, kexec blobs (the same records behind a header) and journals (the same records in an envelope). */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "core/mlist/reader.h"
#include "core/mlist/record_parse.h"
#include "core/mlist/journal_base.h"

static int check_record(struct ima_list_reader *r, const struct ima_record *rec,
			const struct ima_template **ret_t, struct ima_diag *diag)
{
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	int e = ima_reader_template(r, rec->name, ret_t, diag);

	if (e < 0)
		return e;
	if (ima_template_split(*ret_t, rec->data, f) < 0)
		return ima_diag_at(diag, -EBADMSG, r->position,
				   "the data is not the fields of template %s",
				   ima_template_display_name(*ret_t));
	return 0;
}

static int parse(struct ima_list_reader *r, struct ima_reader *in, struct ima_record *ret)
{
	return ima_record_parse(in, ima_hash_len(r->digest_algo), &r->scratch, ret);
}

static int kexec_end(struct ima_list_reader *r, struct ima_diag *diag)
{
	if (r->kexec_left)
		return ima_diag_at(diag, -EBADMSG, r->base + r->used,
				   "the blob ends %llu records early",
				   (unsigned long long)r->kexec_left);
	if (r->base + r->used != r->kexec_end)
		return ima_diag_at(diag, -EBADMSG, r->base + r->used,
				   "the last record ends here, the header says at %llu",
				   (unsigned long long)r->kexec_end);
	return 0;
}

int ima_reader_binary_next(struct ima_list_reader *r, struct ima_record *ret,
			   const struct ima_template **ret_t, struct ima_diag *diag)
{
	const bool kexec = r->format == IMA_LIST_KEXEC;

	r->position = r->base + r->used;
	if (kexec && (!r->kexec_left || r->position >= r->kexec_end))
		return kexec_end(r, diag);
	for (;;) {
		struct ima_bytes rest = ima_reader_rest(r);
		struct ima_reader in = ima_reader_init(rest, IMA_ORDER_LITTLE);
		struct ima_record rec;
		int e = rest.len ? parse(r, &in, &rec) : -ENODATA;

		if (e == 0) {
			e = check_record(r, &rec, ret_t, diag);
			if (e < 0)
				return e;
			r->used += (size_t)(in.pos - rest.data);
			r->kexec_left -= kexec;
			*ret = rec;
			return 1;
		}
		if (e != -ENODATA)
			return e == -EBADMSG ? ima_diag_at(diag, e, r->position,
							   "the record is damaged: a length is too large")
					     : e;
		e = ima_reader_more(r);
		if (e < 0)
			return e;
		if (e == 0 && !ima_reader_rest(r).len)
			return kexec ? kexec_end(r, diag) : 0;
		if (e == 0)
			return ima_diag_at(diag, -EBADMSG, r->position,
					   "the last record is cut: %zu bytes are left",
					   ima_reader_rest(r).len);
	}
}

static int journal_record(struct ima_list_reader *r, struct ima_bytes body, struct ima_record *ret,
			  const struct ima_template **ret_t, struct ima_diag *diag)
{
	struct ima_reader in = ima_reader_init(body, IMA_ORDER_LITTLE);
	struct ima_bytes head;

	if (ima_read_bytes(&in, 20 + r->slots_len, &head) < 0 ||
	    ima_record_parse(&in, ima_hash_len(IMA_HASH_SHA1), &r->scratch, ret) < 0 ||
	    ima_reader_left(&in))
		return ima_diag_at(diag, -EBADMSG, r->position, "the record is damaged");
	return check_record(r, ret, ret_t, diag);
}

/* true: moved on, look again; what is skipped may be longer than the window */
static bool skip_deleted(struct ima_list_reader *r, struct ima_bytes rest)
{
	uint64_t next, n;

	if (!rest.len)
		return false;
	if (r->position < r->skip_to) {
		const uint64_t left = r->skip_to - r->position;

		r->used += left < rest.len ? (size_t)left : rest.len;
		return true;
	}
	if (r->skip_to || !ima_journal_base_peek(rest, &next, &n) || next <= r->position)
		return false;
	r->skip_to = next;
	r->n_deleted = n;
	return true;
}

int ima_reader_journal_next(struct ima_list_reader *r, struct ima_record *ret,
			    const struct ima_template **ret_t, struct ima_diag *diag)
{
	for (;;) {
		struct ima_bytes rest = ima_reader_rest(r), body;
		struct ima_reader in = ima_reader_init(rest, IMA_ORDER_LITTLE);
		uint32_t len;
		int e;

		r->position = r->base + r->used;
		if (skip_deleted(r, rest))
			continue;
		if (r->position >= r->skip_to && rest.len && ima_read_u32(&in, &len) == 0) {
			if (len > IMA_RECORD_MAX)
				return ima_diag_at(diag, -EBADMSG, r->position,
						   "a record of %u bytes cannot be", len);
			if (ima_read_bytes(&in, len, &body) == 0) {
				e = journal_record(r, body, ret, ret_t, diag);
				r->used += 4 + len;
				return e < 0 ? e : 1;
			}
		}
		e = ima_reader_more(r);
		if (e < 0)
			return e;
		/* a journal that is being written may end inside a record: that one is not there yet */
		if (e == 0)
			return 0;
	}
}
