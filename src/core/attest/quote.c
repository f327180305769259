/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Quotes, as bytes. What a quote does not say in the one way it can be said is refused.
 *
 *   TPMS_ATTEST   be32 0xff544347 | be16 0x8018 | name | nonce | clock | be64 firmware | selections | digest
 *                 name, nonce, digest: be16 length, bytes; clock: be64 ms, be32 resets, be32 restarts, u8 safe
 *                 selections: be32 n, n x { be16 algorithm, u8 length, mask }
 *
 * Source: TPM 2.0 Library Specification, part 2, "Attestation Structures"
 */
#include <ima/quote.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/reader.h"

#define MAGIC 0xff544347U
#define TYPE_QUOTE 0x8018U
#define BLOB_BANKS 16
#define BLOB_PER_BLOCK 8
#define BLOB_VALUE 64
#define BLOB_MAX_BLOCKS (IMA_PCR_MAX_BANKS * IMA_PCR_COUNT / BLOB_PER_BLOCK)

static int read_sized(struct ima_reader *in, size_t max, struct ima_bytes *ret)
{
	uint16_t len;

	if (ima_read_u16(in, &len) < 0 || len > max)
		return -EBADMSG;
	return ima_read_bytes(in, len, ret);
}

static int read_clock(struct ima_reader *in, struct ima_quote *q)
{
	uint8_t safe;

	if (ima_read_u64(in, &q->clock) < 0 || ima_read_u32(in, &q->reset_count) < 0 ||
	    ima_read_u32(in, &q->restart_count) < 0 || ima_read_u8(in, &safe) < 0 || safe > 1)
		return -EBADMSG;
	q->clock_is_safe = safe;
	return 0;
}

static int read_selection(struct ima_reader *in, uint16_t *ret_alg, uint32_t *ret_mask)
{
	struct ima_bytes mask;
	uint8_t len;

	if (ima_read_u16(in, ret_alg) < 0 || ima_read_u8(in, &len) < 0 || ima_read_bytes(in, len, &mask) < 0)
		return -EBADMSG;
	*ret_mask = 0;
	for (size_t i = 0; i < len; i++) {
		if (i >= IMA_PCR_COUNT / 8 && mask.data[i])
			return -EBADMSG;
		if (i < IMA_PCR_COUNT / 8)
			*ret_mask |= (uint32_t)mask.data[i] << (8 * i);
	}
	return 0;
}

static int read_selections(struct ima_reader *in, struct ima_quote *q)
{
	uint32_t n;

	if (ima_read_u32(in, &n) < 0 || n > IMA_QUOTE_MAX_BANKS)
		return -EBADMSG;
	for (q->n_selections = 0; q->n_selections < n; q->n_selections++)
		if (read_selection(in, &q->selections[q->n_selections].tpm_alg, &q->selections[q->n_selections].mask) < 0)
			return -EBADMSG;
	return 0;
}

int ima_quote_parse(struct ima_bytes attest, struct ima_quote *ret, struct ima_diag *diag)
{
	struct ima_reader in = ima_reader_init(attest, IMA_ORDER_BIG);
	struct ima_quote q = { 0 };
	uint32_t magic;
	uint16_t type;

	if (attest.len > IMA_QUOTE_MAX || ima_read_u32(&in, &magic) < 0 || magic != MAGIC)
		return ima_diag_at(diag, -EBADMSG, 0, "no TPM made this: it does not begin with TPM_GENERATED_VALUE");
	if (ima_read_u16(&in, &type) < 0 || type != TYPE_QUOTE)
		return ima_diag_at(diag, -EBADMSG, 4, "not a quote but another attestation");
	if (read_sized(&in, IMA_QUOTE_MAX, &q.signer) < 0 || read_sized(&in, IMA_QUOTE_NONCE_MAX, &q.nonce) < 0 ||
	    read_clock(&in, &q) < 0 || ima_read_u64(&in, &q.firmware) < 0 || read_selections(&in, &q) < 0 ||
	    read_sized(&in, IMA_DIGEST_MAX, &q.pcr_digest) < 0)
		return ima_diag_at(diag, -EBADMSG, ima_reader_offset(&in), "the quote is damaged");
	if (ima_reader_left(&in))
		return ima_diag_at(diag, -EBADMSG, ima_reader_offset(&in), "bytes follow the quote");
	*ret = q;
	return 0;
}

int ima_quote_digest(struct ima_hasher *h, const struct ima_quote *q, const struct ima_pcrs *values,
		     enum ima_hash_algo algo, struct ima_digest *ret)
{
	struct ima_bytes parts[IMA_QUOTE_MAX_BANKS * IMA_PCR_COUNT];
	size_t n = 0;

	for (size_t i = 0; i < q->n_selections; i++) {
		const struct ima_pcr_bank *b;
		enum ima_hash_algo bank;

		if (!q->selections[i].mask)
			continue;
		if (ima_hash_by_tpm_alg(q->selections[i].tpm_alg, &bank) < 0)
			return -ENODATA;
		b = ima_pcrs_bank_const(values, bank);
		if (!b || (b->known & q->selections[i].mask) != q->selections[i].mask)
			return -ENODATA;
		for (unsigned int p = 0; p < IMA_PCR_COUNT; p++)
			if (q->selections[i].mask >> p & 1)
				parts[n++] = (struct ima_bytes){ b->value[p], ima_hash_len(bank) };
	}
	return n ? ima_hash_parts(h, algo, parts, n, ret) : -ENODATA;
}

/* the place of one value in the blob that is being written or read */
struct value_order {
	const struct ima_pcrs *pcrs;
	size_t bank;
	unsigned int pcr;
};

static bool next_value(struct value_order *o)
{
	for (; o->bank < o->pcrs->n_banks; o->bank++, o->pcr = 0)
		for (; o->pcr < IMA_PCR_COUNT; o->pcr++)
			if (o->pcrs->banks[o->bank].known >> o->pcr & 1)
				return true;
	return false;
}

static int write_selections(struct ima_buffer *out, const struct ima_pcrs *pcrs)
{
	int r = ima_buffer_append_u32(out, (uint32_t)pcrs->n_banks);

	for (size_t i = 0; i < BLOB_BANKS && r == 0; i++) {
		const struct ima_pcr_bank *b = i < pcrs->n_banks ? &pcrs->banks[i] : NULL;

		if (b && !ima_hash_tpm_alg(b->algo))
			return -ENOENT;
		r = ima_buffer_append_u16(out, b ? ima_hash_tpm_alg(b->algo) : 0);
		/* size, then a mask of three bytes */
		if (r == 0)
			r = ima_buffer_append_u32(out, b ? b->known << 8 | IMA_PCR_COUNT / 8 : 0);
		if (r == 0)
			r = ima_buffer_append_u16(out, 0);
	}
	return r;
}

static int write_value(struct ima_buffer *out, const struct ima_pcr_bank *b, unsigned int pcr)
{
	uint8_t value[BLOB_VALUE] = { 0 };
	const size_t len = b ? ima_hash_len(b->algo) : 0;
	int r = ima_buffer_append_u16(out, (uint16_t)len);

	if (b)
		memcpy(value, b->value[pcr], len);
	return r < 0 ? r : ima_buffer_append(out, value, sizeof(value));
}

int ima_quote_pcrs_write(struct ima_buffer *out, const struct ima_pcrs *pcrs)
{
	struct value_order o = { .pcrs = pcrs };
	const size_t at = out->len;
	size_t n = 0, block;
	int r;

	for (size_t i = 0; i < pcrs->n_banks; i++)
		n += (size_t)__builtin_popcount(pcrs->banks[i].known);
	r = write_selections(out, pcrs);
	if (r == 0)
		r = ima_buffer_append_u32(out, (uint32_t)((n + BLOB_PER_BLOCK - 1) / BLOB_PER_BLOCK));
	for (; n && r == 0; n -= block) {
		block = n < BLOB_PER_BLOCK ? n : BLOB_PER_BLOCK;
		r = ima_buffer_append_u32(out, (uint32_t)block);
		for (size_t i = 0; i < BLOB_PER_BLOCK && r == 0; i++) {
			const bool used = i < block && next_value(&o);

			r = write_value(out, used ? &pcrs->banks[o.bank] : NULL, o.pcr);
			o.pcr += used;
		}
	}
	if (r < 0)
		out->len = at;
	return r;
}

static int read_blob_bank(struct ima_reader *in, struct ima_pcrs *p, bool used)
{
	enum ima_hash_algo algo;
	struct ima_pcr_bank *b;
	struct ima_bytes rest;
	uint16_t alg;
	uint8_t len;
	int r;

	if (ima_read_u16(in, &alg) < 0 || ima_read_u8(in, &len) < 0 || ima_read_bytes(in, 5, &rest) < 0)
		return -EBADMSG;
	if (!used)
		return 0;
	if (len != IMA_PCR_COUNT / 8 || ima_hash_by_tpm_alg(alg, &algo) < 0 || ima_pcrs_bank_const(p, algo))
		return -EBADMSG;
	r = ima_pcrs_add_bank(p, algo, &b);
	if (r == 0)
		b->known = (uint32_t)rest.data[0] | (uint32_t)rest.data[1] << 8 | (uint32_t)rest.data[2] << 16;
	return r;
}

static int read_blob_block(struct ima_reader *in, struct value_order *o, struct ima_pcrs *p)
{
	struct ima_bytes value;
	uint32_t n;
	uint16_t len;

	if (ima_read_u32(in, &n) < 0 || n > BLOB_PER_BLOCK)
		return -EBADMSG;
	for (uint32_t i = 0; i < BLOB_PER_BLOCK; i++) {
		if (ima_read_u16(in, &len) < 0 || ima_read_bytes(in, BLOB_VALUE, &value) < 0)
			return -EBADMSG;
		if (i >= n)
			continue;
		if (!next_value(o) || len != ima_hash_len(p->banks[o->bank].algo))
			return -EBADMSG;
		memcpy(p->banks[o->bank].value[o->pcr], value.data, len);
		o->pcr++;
	}
	return 0;
}

static int read_blob(struct ima_reader *in, struct ima_pcrs *p)
{
	struct value_order o = { .pcrs = p };
	uint32_t n_banks, n_blocks;

	if (ima_read_u32(in, &n_banks) < 0 || n_banks > IMA_PCR_MAX_BANKS)
		return -EBADMSG;
	for (uint32_t i = 0; i < BLOB_BANKS; i++)
		if (read_blob_bank(in, p, i < n_banks) < 0)
			return -EBADMSG;
	if (ima_read_u32(in, &n_blocks) < 0 || n_blocks > BLOB_MAX_BLOCKS)
		return -EBADMSG;
	for (uint32_t i = 0; i < n_blocks; i++)
		if (read_blob_block(in, &o, p) < 0)
			return -EBADMSG;
	return next_value(&o) || ima_reader_left(in) ? -EBADMSG : 0;
}

int ima_quote_pcrs_parse(struct ima_bytes blob, struct ima_pcrs *ret, struct ima_diag *diag)
{
	struct ima_reader in = ima_reader_init(blob, IMA_ORDER_LITTLE);
	struct ima_buffer again = { 0 };
	struct ima_pcrs p = { 0 };
	int r;

	if (read_blob(&in, &p) < 0)
		return ima_diag_at(diag, -EBADMSG, ima_reader_offset(&in), "not PCR values as tpm2_quote writes them");
	r = ima_quote_pcrs_write(&again, &p);
	if (r == 0 && (again.len != blob.len || memcmp(again.data, blob.data, blob.len)))
		r = ima_diag_text(diag, -EBADMSG, "the PCR values are written in an unusual way: bytes that must be zero are not");
	ima_buffer_done(&again);
	if (r == 0)
		*ret = p;
	return r;
}
