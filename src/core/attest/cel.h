/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measurement lists as TCG Canonical Event Logs (CEL 1.1), content type ima_template, in JSON and in CBOR. docs/FORMATS.md "Canonical event logs" has
 * the shape. A list that went there and back is the same, byte for byte.
 */
#pragma once

#include <ima/mlist.h>
#include <ima/pcr.h>

#include "base/buffer.h"

enum ima_cel_form { IMA_CEL_JSON = 0, IMA_CEL_CBOR, IMA_CEL__LAST };

#define IMA_CEL_IMA_TEMPLATE 7 /* content type */

/** struct ima_cel_record - @digests: what the PCR was extended with; @data: what is hashed */
struct ima_cel_record {
	uint64_t recnum;
	uint32_t pcr;
	struct ima_digest digests[IMA_PCR_MAX_BANKS];
	size_t n_digests;
	struct ima_bytes name, data;
};

/** struct ima_cel_writer - zeroed but for @form; records of each PCR are numbered from 0 */
struct ima_cel_writer {
	enum ima_cel_form form;
	uint64_t n;
	uint64_t recnum[IMA_PCR_COUNT];
	struct ima_buffer data;
};

/**
 * ima_cel_write() - append one record, without what stands between records
 * @digests: of the record's own algorithm first; of a violation all of them are written as the ones that extend a PCR
 * Return: 0, -EBADMSG it cannot be said and read back the same (@diag), -ENOMEM
 */
ima_must_check int ima_cel_write(struct ima_cel_writer *w, const struct ima_record *rec, const struct ima_template *t, const struct ima_digest *digests,
				 size_t n_digests, struct ima_buffer *out, struct ima_diag *diag);

/** ima_cel_head(), ima_cel_between(), ima_cel_tail() - around @n records, and between two. -ENOMEM */
ima_must_check int ima_cel_head(enum ima_cel_form form, uint64_t n, struct ima_buffer *out);
ima_must_check int ima_cel_between(enum ima_cel_form form, struct ima_buffer *out);
ima_must_check int ima_cel_tail(enum ima_cel_form form, struct ima_buffer *out);
void ima_cel_writer_done(struct ima_cel_writer *w);

/** ima_cel_is_one() - by the first byte, with which no other form of a measurement list begins */
bool ima_cel_is_one(struct ima_bytes in, enum ima_cel_form *ret);

/**
 * ima_cel_read() - append the list in its binary form
 * @in: an array of records, or records one after another
 * @ret_algo: of the template digests: the first of the first record's
 * Memory: the binary form, which is shorter than @in, and what the longest record takes
 * Return: 0, -EBADMSG with @diag (offset and number of the record), -ENOMEM
 */
ima_must_check int ima_cel_read(struct ima_bytes in, enum ima_cel_form form, struct ima_buffer *out, enum ima_hash_algo *ret_algo, struct ima_diag *diag);

/** struct ima_cel_brackets - how far a reader is in what surrounds records; zeroed before the first */
struct ima_cel_brackets {
	bool begun, array, ended;
	uint64_t n;    /* records that were begun */
	uint64_t left; /* CBOR: records that the array's head still promises */
};

/* what stands before, between and behind records. 1 a record comes, 0 the clean end, -EBADMSG with @diag (text) */
ima_must_check int ima_cel_json_step(struct ima_bytes *in, struct ima_cel_brackets *b, struct ima_diag *diag);
ima_must_check int ima_cel_cbor_step(struct ima_bytes *in, struct ima_cel_brackets *b, struct ima_diag *diag);
ima_must_check int ima_cel_cbor_head(uint64_t n, struct ima_buffer *out);

/* the forms, for cel.c; each reads one record at *in, and moves past it, or past what it could read. -EBADMSG with @diag (text), -ENOMEM */
ima_must_check int ima_cel_json_write(const struct ima_cel_record *rec, struct ima_buffer *out);
ima_must_check int ima_cel_json_read(struct ima_bytes *in, struct ima_buffer *scratch, struct ima_cel_record *ret, struct ima_diag *diag);
ima_must_check int ima_cel_cbor_write(const struct ima_cel_record *rec, struct ima_buffer *out);
ima_must_check int ima_cel_cbor_read(struct ima_bytes *in, struct ima_cel_record *ret, struct ima_diag *diag);
