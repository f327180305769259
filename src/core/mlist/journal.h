/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal: this boot's list on disk, append-only, one write(2) a record, written before the PCR is extended.
 *
 * Layout, integers little-endian:
 *
 *   header   "IMADJRNL" | u32 version = 1 | u32 header_len | u8 boot_id[16] | u32 default_algo | u32 n_slots
 *            | n_slots x { u16 tpm_alg | u16 hash_algo (0xffff: unmapped) | u32 digest_len }
 *   record   u32 body_len | u32 flags | u64 event | u64 time_ns | slot digests, in header order | kernel binary record
 *            body_len counts everything after itself
 *
 * Deleted records have left something behind in the place of the first of them: core/mlist/journal_base.h.
 *
 * The kernel binary record carries the sha1 template digest; the slot digests carry all of them (slot 0 is sha1).
 * A reader takes whole records only: a cut last record is "not there yet".
 */
#pragma once

#include <ima/mlist.h>

#define IMA_JOURNAL_MAGIC "IMADJRNL"
#define IMA_JOURNAL_VERSION 1
#define IMA_JOURNAL_MAX_SLOTS 10
#define IMA_JOURNAL_RECORD_HEAD 24 /* body_len .. time_ns */

enum {
	IMA_JOURNAL_VIOLATION = 1U << 0,
	IMA_JOURNAL_GAP = 1U << 1, /* the violation stands for a time without measurement */
	IMA_JOURNAL_RESTORED = 1U << 2, /* of the list before a kexec: keeps no duplicate out, counts as no violation */
};

/** struct ima_journal_slot - one kept template digest a record */
struct ima_journal_slot {
	uint16_t tpm_alg;        /* 0: no TPM bank */
	enum ima_hash_algo algo; /* IMA_HASH__LAST: unmapped bank, sha1 padded with zeros */
	uint32_t digest_len;     /* bytes */
};

/** struct ima_journal_head - what the header says */
struct ima_journal_head {
	uint8_t boot_id[16];
	enum ima_hash_algo default_algo;
	size_t n_slots; /* at least 1; slot 0 is sha1 */
	struct ima_journal_slot slots[IMA_JOURNAL_MAX_SLOTS];
};

/** struct ima_journal_record - views into the reader's buffer, valid until its next call */
struct ima_journal_record {
	uint32_t flags;
	uint64_t event;   /* number of the event that caused it, unique in the boot; 0: none */
	uint64_t time_ns; /* CLOCK_REALTIME when it was appended */
	struct ima_bytes slot[IMA_JOURNAL_MAX_SLOTS];
	struct ima_bytes binary; /* the kernel's binary record with the sha1 digest */
	struct ima_record rec;   /* the same, parsed; rec.digest is sha1 */
};

/** ima_journal_create() - write the header to an empty file. -EEXIST not empty, errno of write */
ima_must_check int ima_journal_create(int fd, const struct ima_journal_head *head);

/** ima_journal_format() - one record as it goes to write(2), appended to @out */
ima_must_check int ima_journal_format(struct ima_buffer *out, const struct ima_journal_head *head,
				      uint32_t flags, uint64_t event, uint64_t time_ns,
				      const struct ima_digest *slots, const struct ima_record *rec);

/** struct ima_journal_reader - follows a journal that another process appends to; @fd borrowed, read with pread(2) */
struct ima_journal_reader;

ima_must_check int ima_journal_reader_new(int fd, struct ima_journal_reader **ret,
					  struct ima_diag *diag); /* -EBADMSG, errno */
struct ima_journal_reader *ima_journal_reader_free(struct ima_journal_reader *r);
const struct ima_journal_head *ima_journal_reader_head(const struct ima_journal_reader *r);

/**
 * ima_journal_reader_next() - the next whole record
 * Return: 1 record, 0 none yet (call again later), -EBADMSG damaged (@diag: offset), errno of pread
 */
ima_must_check int ima_journal_reader_next(struct ima_journal_reader *r,
					   struct ima_journal_record *ret, struct ima_diag *diag);

struct ima_journal_base;

/** ima_journal_reader_base() - what stands for deleted records, NULL: none were; valid until the reader is freed */
const struct ima_journal_base *ima_journal_reader_base(const struct ima_journal_reader *r);

/** ima_journal_head_len() - bytes of the header: the offset of the first record */
size_t ima_journal_head_len(const struct ima_journal_head *head);

/** ima_journal_reader_offset() - file offset after the last whole record returned */
uint64_t ima_journal_reader_offset(const struct ima_journal_reader *r);

/**
 * ima_journal_open_binary() - parse a kernel binary record with sha1 template digest
 * @scratch: backs the data of a template "ima" record
 * Return: 0, -EBADMSG, -ENOMEM
 */
ima_must_check int ima_journal_open_binary(struct ima_bytes binary, struct ima_buffer *scratch,
					   struct ima_record *ret);
