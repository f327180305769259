/* SPDX-License-Identifier: BSD-2-Clause */
/* The list reader's inside: a bounded window on the input, and one parser a form. */
#pragma once

#include <ima/mlist.h>

#include "base/buffer.h"

#define IMA_READER_CUSTOM_MAX 64 /* different custom formats in one list */

struct ima_list_reader {
	int fd;
	struct ima_list_reader_opts opts;
	enum ima_list_format format;
	enum ima_hash_algo digest_algo;
	bool decided;              /* format and algorithm are known */
	struct ima_buffer window;  /* bytes of the input from @base on */
	uint64_t base;
	size_t used;
	bool ended;                /* read(2) said so */
	bool in_memory;            /* the window is the whole list, and the caller's */
	struct ima_buffer scratch; /* data of the current record where it is built */
	uint8_t digest[IMA_DIGEST_MAX];
	uint64_t line;             /* text: of the last record */
	uint64_t position;
	uint64_t kexec_left;       /* records that the header still promises */
	uint64_t kexec_end;        /* size of the blob, bytes */
	struct ima_template *custom[IMA_READER_CUSTOM_MAX];
	size_t n_custom;
	const struct ima_template *last; /* most lists have one */
	size_t slots_len;          /* journal */
	uint64_t skip_to;          /* journal: offset of the next record behind deleted ones */
	uint64_t n_deleted;        /* journal: records that were deleted before the first one left */
};

/** ima_list_reader_keeps() - does the last record stay as it is when the next one is read? So it is where it stands in the caller's memory as it is */
bool ima_list_reader_keeps(const struct ima_list_reader *r, const struct ima_record *rec);

/** ima_reader_more() - read on; 1 more bytes are in the window, 0 end of input, errno, -ENOMEM */
ima_must_check int ima_reader_more(struct ima_list_reader *r);

/** ima_reader_left() - bytes of the window that are not used yet */
struct ima_bytes ima_reader_rest(const struct ima_list_reader *r);

/** ima_reader_template() - descriptor of a name as lists show it; unknown names are tried as a format. -EBADMSG with @diag */
ima_must_check int ima_reader_template(struct ima_list_reader *r, struct ima_bytes name,
				       const struct ima_template **ret, struct ima_diag *diag);

/* the forms: 1 record, 0 clean end, -EBADMSG with @diag, errno */
ima_must_check int ima_reader_binary_next(struct ima_list_reader *r, struct ima_record *ret,
					  const struct ima_template **ret_t, struct ima_diag *diag);
ima_must_check int ima_reader_text_next(struct ima_list_reader *r, struct ima_record *ret,
					const struct ima_template **ret_t, struct ima_diag *diag);
ima_must_check int ima_reader_journal_next(struct ima_list_reader *r, struct ima_record *ret,
					   const struct ima_template **ret_t, struct ima_diag *diag);

/** ima_reader_begin() - look at the first bytes: form and digest size; skips a header. -EBADMSG with @diag */
ima_must_check int ima_reader_begin(struct ima_list_reader *r, struct ima_diag *diag);
