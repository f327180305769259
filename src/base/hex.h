/* SPDX-License-Identifier: BSD-2-Clause */
/* Hexadecimal text: output is always lowercase, input takes both cases. */
#pragma once

#include <ima/types.h>

/** ima_hex_value() - of one digit, 0 to 15; -1 not a digit */
int ima_hex_value(char c);

/** ima_hex_encode() - writes 2 * @len characters to @ret, without NUL */
void ima_hex_encode(const void *data, size_t len, char *ret);

/** ima_hex_uuid() - 32 digits, dashes between them anywhere or nowhere, to 16 bytes. -EINVAL */
ima_must_check int ima_hex_uuid(const char *text, uint8_t ret[static 16]);

/** ima_hex_decode() - @n_chars characters to @n_chars / 2 bytes; -EINVAL on odd length or a non-hex character */
ima_must_check int ima_hex_decode(const char *text, size_t n_chars, uint8_t *ret);
