/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's word to the log. */
#include "imad/state.h"

#include <stdarg.h>
#include <stdio.h>

void imad_say(struct imad_worker *w, int level, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	imad_log_put(w->log, level, text);
}
