/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measurement list: one record, its binary and text forms, reading lists, replaying them to PCR values.
 */
#pragma once

#include <ima/digest.h>
#include <ima/template.h>
#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMA_RECORD_MAX (16U << 20) /* bytes of one record that a reader accepts */

/**
 * struct ima_record - one entry, as views into the buffer that it was read from or built in
 * @pcr: PCR index
 * @digest: template digest in the list's algorithm; all zero marks a violation
 * @name: template name as the list shows it (custom formats: the format)
 * @data: template data, u32 length | bytes a field, also for template "ima"
 */
struct ima_record {
	uint32_t pcr;
	struct ima_bytes digest;
	struct ima_bytes name;
	struct ima_bytes data;
};

/** ima_record_is_violation() - is the template digest all zero? */
bool ima_record_is_violation(const struct ima_record *rec);

struct ima_buffer; /* src/base/buffer.h; opaque to users of the installed library */

/** ima_record_write() - append the kernel's binary form to @out; @digest of the record decides the digest's size */
ima_must_check int ima_record_write(struct ima_buffer *out, const struct ima_record *rec);

/** ima_record_print() - append the kernel's text line, newline included. -EBADMSG when @rec->data does not fit @t */
ima_must_check int ima_record_print(struct ima_buffer *out, const struct ima_record *rec,
				    const struct ima_template *t);

#define IMA_KEXEC_HEAD_LEN 24
#define IMA_KEXEC_NAME_MAX 68 /* bytes of a template name that the kernel restores */

/**
 * ima_kexec_head_write() - append the header of the blob that a kernel hands to the next one over kexec
 * Shape: u16 version = 1 | u16 0 | u32 0 | u64 size of the blob, header included | u64 records; little-endian
 * @n_bytes: of the records that follow, as ima_record_write() makes them, with sha1 template digests
 */
ima_must_check int ima_kexec_head_write(struct ima_buffer *out, uint64_t n_bytes, uint64_t n_records);

/** ima_kexec_can_carry() - would a kernel restore such a record? Not of template "ima", nor of a name over 68 bytes */
bool ima_kexec_can_carry(const struct ima_record *rec);

enum ima_list_format {
	IMA_LIST_AUTO = 0,
	IMA_LIST_BINARY,
	IMA_LIST_TEXT,
	IMA_LIST_KEXEC,
	IMA_LIST_JOURNAL,
	IMA_LIST__LAST
};

/**
 * struct ima_list_reader - reads any form of list from a descriptor, streaming: memory is bounded by the longest record
 *
 * The template-digest algorithm of per-bank lists is found from the first record, unless given: sha1, sha256, sha384 or sha512,
 * by size. Lists are little-endian; one made on a big-endian machine without ima_canonical_fmt is refused.
 */
struct ima_list_reader;

struct ima_list_reader_opts {
	enum ima_list_format format;      /* AUTO: decided from the first bytes */
	enum ima_hash_algo digest_algo;   /* used when has_digest_algo */
	bool has_digest_algo;
	uint8_t reserved[16];             /* zero */
};

/** ima_list_reader_new() - @fd is borrowed, read from its current position. -EINVAL reserved not zero, -ENOMEM */
ima_must_check int ima_list_reader_new(int fd, const struct ima_list_reader_opts *opts,
				       struct ima_list_reader **ret);

/** ima_list_reader_new_bytes() - of a list in memory, which is borrowed until the reader is freed. -EINVAL, -ENOMEM */
ima_must_check int ima_list_reader_new_bytes(struct ima_bytes list, const struct ima_list_reader_opts *opts,
					     struct ima_list_reader **ret);
struct ima_list_reader *ima_list_reader_free(struct ima_list_reader *r);

/**
 * ima_list_reader_next() - next record; views are valid until the next call
 * @ret_template: descriptor for the record's data, owned by the reader
 * Return: 1 record, 0 clean end, -EBADMSG with @diag (offset or line), or the errno of read(2)
 */
ima_must_check int ima_list_reader_next(struct ima_list_reader *r, struct ima_record *ret,
					const struct ima_template **ret_template,
					struct ima_diag *diag);

enum ima_list_format ima_list_reader_format(const struct ima_list_reader *r);   /* after the first record */
enum ima_hash_algo ima_list_reader_digest_algo(const struct ima_list_reader *r); /* after the first record */
uint64_t ima_list_reader_deleted(const struct ima_list_reader *r); /* a journal's records that were deleted before the first one left */
uint64_t ima_list_reader_position(const struct ima_list_reader *r); /* line, or byte offset, of the last record */

#ifdef __cplusplus
}
#endif
