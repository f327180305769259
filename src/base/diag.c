/* SPDX-License-Identifier: BSD-2-Clause */
/* Diagnostics: one position, one token, one sentence. Tokens are made printable here, once. */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

static void set_token(struct ima_diag *d, struct ima_bytes token)
{
	size_t n = 0;

	for (size_t i = 0; i < token.len && n + 1 < sizeof(d->token); i++) {
		uint8_t c = token.data[i];

		d->token[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	d->token[n] = 0;
}

int ima_diag_set(struct ima_diag *d, int error, unsigned int line, unsigned int column,
		 struct ima_bytes token, const char *fmt, ...)
{
	va_list ap;

	if (!d)
		return error;
	*d = (struct ima_diag){ .line = line, .column = column };
	set_token(d, token);
	va_start(ap, fmt);
	vsnprintf(d->text, sizeof(d->text), fmt, ap);
	va_end(ap);
	return error;
}

int ima_diag_at(struct ima_diag *d, int error, uint64_t offset, const char *fmt, ...)
{
	va_list ap;

	if (!d)
		return error;
	*d = (struct ima_diag){ .offset = offset, .has_offset = true };
	va_start(ap, fmt);
	vsnprintf(d->text, sizeof(d->text), fmt, ap);
	va_end(ap);
	return error;
}

int ima_diag_text(struct ima_diag *d, int error, const char *fmt, ...)
{
	va_list ap;

	if (!d)
		return error;
	*d = (struct ima_diag){ 0 };
	va_start(ap, fmt);
	vsnprintf(d->text, sizeof(d->text), fmt, ap);
	va_end(ap);
	return error;
}
