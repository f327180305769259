/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling a struct ima_diag; every call takes NULL as "the caller does not care". */
#pragma once

#include <ima/types.h>

/** ima_diag_set() - text input: @line and @column 1-based, 0 unknown; @token may be NULL. Returns @error. */
int ima_diag_set(struct ima_diag *d, int error, unsigned int line, unsigned int column,
		 struct ima_bytes token, const char *fmt, ...) ima_printf(6, 7);

/** ima_diag_at() - binary input at byte @offset. Returns @error. */
int ima_diag_at(struct ima_diag *d, int error, uint64_t offset, const char *fmt, ...)
	ima_printf(4, 5);

/** ima_diag_text() - no position known. Returns @error. */
int ima_diag_text(struct ima_diag *d, int error, const char *fmt, ...) ima_printf(3, 4);
