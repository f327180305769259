/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small values that every header shares: byte views, diagnostics, attributes.
 *
 * Errors are 0 or -errno. Verdicts never travel as errors.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ima_must_check __attribute__((warn_unused_result))
#define ima_printf(f, a) __attribute__((format(printf, f, a)))
#else
#define ima_must_check
#define ima_printf(f, a)
#endif

/** struct ima_bytes - a borrowed view of bytes; its doc says of what it is a view */
struct ima_bytes {
	const uint8_t *data;
	size_t len; /* bytes */
};

/** struct ima_xattr - an extended attribute that the caller holds; borrowed */
struct ima_xattr {
	const char *name; /* "security.ima" */
	struct ima_bytes value;
};

/**
 * struct ima_diag - where and why an input was refused
 * @line: 1-based line of a text input, 0 when the input has no lines
 * @column: 1-based byte column in that line, 0 when unknown
 * @offset: byte offset in a binary input, meaningful when @has_offset
 * @token: the offending token or value, cut to fit, never NULL-unterminated
 * @text: one sentence without newline: what is wrong
 *
 * Filled only when a function fails; a zeroed object means "nothing to say".
 */
struct ima_diag {
	unsigned int line;
	unsigned int column;
	uint64_t offset;
	bool has_offset;
	char token[64];
	char text[192];
};

#ifdef __cplusplus
}
#endif
