/* SPDX-License-Identifier: BSD-2-Clause */
/* Deleting the oldest records of a journal. */
#pragma once

#include "base/buffer.h"
#include "core/mlist/journal_base.h"

/**
 * ima_journal_base_make() - what will stand for all that is deleted already and the @n oldest records
 * @out: emptied and filled with the bytes that go where the first record stands: never more than they replace
 * @ret_next: offset of the first record that is left
 * Return: 0, -ENOENT there are fewer records, -EFBIG more than IMA_JOURNAL_BASE_MAX, errors of the reader
 */
ima_must_check int ima_journal_base_make(int fd, uint64_t n, struct ima_buffer *out, uint64_t *ret_next,
					 struct ima_diag *diag);
