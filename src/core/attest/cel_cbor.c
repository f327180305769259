/* SPDX-License-Identifier: BSD-2-Clause */
/* {0: recnum, 1: pcr, 3: [{0: TPM algorithm, 1: digest}], 9: 7, 10: {0: template name, 1: template data}}, keys in this order or any other */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "core/attest/cbor.h"
#include "core/attest/cel.h"

enum { RECNUM = 0, PCR = 1, DIGESTS = 3, CONTENT_TYPE = 9, CONTENT = 10 };

int ima_cel_cbor_head(uint64_t n, struct ima_buffer *out)
{
	return ima_cbor_put(out, IMA_CBOR_ARRAY, n);
}

static int put_number(struct ima_buffer *out, uint64_t key, uint64_t value)
{
	int r = ima_cbor_put(out, IMA_CBOR_UINT, key);

	return r < 0 ? r : ima_cbor_put(out, IMA_CBOR_UINT, value);
}

static int put_digests(struct ima_buffer *out, const struct ima_cel_record *rec)
{
	int r = ima_cbor_put(out, IMA_CBOR_UINT, DIGESTS);

	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_ARRAY, rec->n_digests);
	for (size_t i = 0; i < rec->n_digests && r == 0; i++) {
		const struct ima_digest *d = &rec->digests[i];
		const uint16_t alg = ima_hash_tpm_alg(d->algo);

		r = alg ? ima_cbor_put(out, IMA_CBOR_MAP, 2) : -EBADMSG;
		if (r == 0)
			r = put_number(out, 0, alg);
		if (r == 0)
			r = ima_cbor_put(out, IMA_CBOR_UINT, 1);
		if (r == 0)
			r = ima_cbor_put_bytes(out, (struct ima_bytes){ d->data, d->len });
	}
	return r;
}

static int put_content(struct ima_buffer *out, const struct ima_cel_record *rec)
{
	int r = ima_cbor_put(out, IMA_CBOR_UINT, CONTENT);

	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_MAP, 2);
	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_UINT, 0);
	if (r == 0)
		r = ima_cbor_put_text(out, rec->name);
	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_UINT, 1);
	return r < 0 ? r : ima_cbor_put_bytes(out, rec->data);
}

int ima_cel_cbor_write(const struct ima_cel_record *rec, struct ima_buffer *out)
{
	const size_t start = out->len;
	int r = ima_cbor_put(out, IMA_CBOR_MAP, 5);

	for (size_t i = 0; i < rec->name.len && r == 0; i++)
		r = rec->name.data[i] >= 0x20 && rec->name.data[i] < 0x7f ? 0 : -EBADMSG; /* what template names are made of */
	if (r == 0)
		r = put_number(out, RECNUM, rec->recnum);
	if (r == 0)
		r = put_number(out, PCR, rec->pcr);
	if (r == 0)
		r = put_digests(out, rec);
	if (r == 0)
		r = put_number(out, CONTENT_TYPE, IMA_CEL_IMA_TEMPLATE);
	if (r == 0)
		r = put_content(out, rec);
	if (r < 0)
		out->len = start;
	return r;
}

/* an array of known length; or records one after another (RFC 8742) */
int ima_cel_cbor_step(struct ima_bytes *in, struct ima_cel_brackets *b, struct ima_diag *diag)
{
	struct ima_cbor_item item;

	if (!b->begun) {
		b->begun = true;
		b->array = in->len && in->data[0] >> 5 == IMA_CBOR_ARRAY;
		if (b->array && ima_cbor_next(in, &item) < 0)
			return ima_diag_text(diag, -EBADMSG, "the array's head is damaged, of indefinite length, or promises more than there is");
		b->left = b->array ? item.number : 0;
	}
	if (b->array && !b->left)
		return in->len ? ima_diag_text(diag, -EBADMSG, "something follows the array") : 0;
	if (!in->len)
		return b->array ? ima_diag_text(diag, -EBADMSG, "the array is cut off") : 0;
	b->left -= b->array;
	b->n++;
	return 1;
}

static int next_of(struct ima_bytes *in, enum ima_cbor_kind kind, struct ima_cbor_item *ret)
{
	return ima_cbor_next(in, ret) < 0 || ret->kind != kind ? -EBADMSG : 0;
}

static int read_digest(struct ima_bytes *in, struct ima_cel_record *ret)
{
	struct ima_cbor_item item, key;
	struct ima_digest d = { .algo = IMA_HASH__LAST };
	struct ima_bytes value = { 0 };

	if (next_of(in, IMA_CBOR_MAP, &item) < 0 || item.number != 2)
		return -EBADMSG;
	for (unsigned int i = 0; i < 2; i++) {
		if (next_of(in, IMA_CBOR_UINT, &key) < 0 || ima_cbor_next(in, &item) < 0)
			return -EBADMSG;
		if (key.number == 0 && item.kind == IMA_CBOR_UINT && item.number <= UINT16_MAX && d.algo == IMA_HASH__LAST &&
		    ima_hash_by_tpm_alg((uint16_t)item.number, &d.algo) == 0)
			continue;
		if (key.number != 1 || item.kind != IMA_CBOR_BYTES || value.data)
			return -EBADMSG;
		value = item.bytes;
	}
	if (d.algo == IMA_HASH__LAST || value.len != ima_hash_len(d.algo) || ret->n_digests == IMA_PCR_MAX_BANKS)
		return -EBADMSG;
	for (size_t i = 0; i < ret->n_digests; i++)
		if (ret->digests[i].algo == d.algo)
			return -EBADMSG;
	d.len = value.len;
	memcpy(d.data, value.data, d.len);
	ret->digests[ret->n_digests++] = d;
	return 0;
}

static int read_digests(struct ima_bytes *in, struct ima_cel_record *ret, struct ima_diag *diag)
{
	struct ima_cbor_item item;

	if (next_of(in, IMA_CBOR_ARRAY, &item) < 0 || !item.number || item.number > IMA_PCR_MAX_BANKS)
		return ima_diag_text(diag, -EBADMSG, "digests is not an array of 1 to %d", IMA_PCR_MAX_BANKS);
	for (uint64_t i = 0; i < item.number; i++)
		if (read_digest(in, ret) < 0)
			return ima_diag_text(diag, -EBADMSG, "digest %llu is not {0: algorithm, 1: digest} of its length, or there twice", (unsigned long long)i + 1);
	return 0;
}

static int read_content(struct ima_bytes *in, struct ima_cel_record *ret, struct ima_diag *diag)
{
	struct ima_cbor_item item, key;
	bool has_name = false, has_data = false;

	if (next_of(in, IMA_CBOR_MAP, &item) < 0 || item.number != 2)
		return ima_diag_text(diag, -EBADMSG, "content is not {0: template name, 1: template data}");
	for (unsigned int i = 0; i < 2; i++) {
		if (next_of(in, IMA_CBOR_UINT, &key) < 0 || ima_cbor_next(in, &item) < 0)
			return ima_diag_text(diag, -EBADMSG, "content is damaged");
		if (key.number == 0 && item.kind == IMA_CBOR_TEXT && !has_name) {
			ret->name = item.bytes;
			has_name = true;
		} else if (key.number == 1 && item.kind == IMA_CBOR_BYTES && !has_data) {
			ret->data = item.bytes;
			has_data = true;
		} else {
			return ima_diag_text(diag, -EBADMSG, "content is not {0: template name, 1: template data}");
		}
	}
	return 0;
}

static int read_number(struct ima_bytes *in, const char *what, uint64_t *ret, struct ima_diag *diag)
{
	struct ima_cbor_item item;

	if (next_of(in, IMA_CBOR_UINT, &item) < 0)
		return ima_diag_text(diag, -EBADMSG, "%s is not a number from 0 on", what);
	*ret = item.number;
	return 0;
}

static int read_member(struct ima_bytes *in, uint64_t key, struct ima_cel_record *ret, struct ima_diag *diag)
{
	uint64_t number = 0;
	int r;

	switch (key) {
	case RECNUM:
		return read_number(in, "recnum", &ret->recnum, diag);
	case PCR:
		r = read_number(in, "pcr", &number, diag);
		if (r == 0 && number >= IMA_PCR_COUNT)
			return ima_diag_text(diag, -EBADMSG, "there is no PCR %llu", (unsigned long long)number);
		ret->pcr = (uint32_t)number;
		return r;
	case DIGESTS:
		return read_digests(in, ret, diag);
	case CONTENT_TYPE:
		r = read_number(in, "content type", &number, diag);
		return r == 0 && number != IMA_CEL_IMA_TEMPLATE ? ima_diag_text(diag, -EBADMSG, "content type %llu, not ima_template", (unsigned long long)number) : r;
	case CONTENT:
		return read_content(in, ret, diag);
	default:
		return ima_diag_text(diag, -EBADMSG, "unknown key %llu", (unsigned long long)key);
	}
}

int ima_cel_cbor_read(struct ima_bytes *in, struct ima_cel_record *ret, struct ima_diag *diag)
{
	struct ima_cbor_item item;
	uint64_t seen = 0;

	if (next_of(in, IMA_CBOR_MAP, &item) < 0 || item.number != 5)
		return ima_diag_text(diag, -EBADMSG, "it is not a map of recnum, pcr, digests, content type and content");
	for (unsigned int i = 0; i < 5; i++) {
		int r = next_of(in, IMA_CBOR_UINT, &item) < 0 || item.number > CONTENT ? ima_diag_text(diag, -EBADMSG, "key %u is none of a record", i + 1) : 0;

		if (r == 0 && seen >> item.number & 1)
			r = ima_diag_text(diag, -EBADMSG, "key %llu is there twice", (unsigned long long)item.number);
		if (r == 0)
			r = read_member(in, item.number, ret, diag);
		if (r < 0)
			return r;
		seen |= UINT64_C(1) << item.number;
	}
	return 0;
}
