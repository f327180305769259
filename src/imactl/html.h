/* SPDX-License-Identifier: BSD-2-Clause */
/* Text into HTML: whatever bytes a host sent, they come out as text that a reader sees, never as markup, and never as characters that hide others. */
#pragma once

#include <stdio.h>

#include <ima/types.h>

/** html_bytes() - escaped; bytes that are no UTF-8, controls, and characters without a shape or that turn the direction of text as \xHH or \u{H} */
void html_bytes(FILE *f, struct ima_bytes text);
void html_text(FILE *f, const char *text); /* NULL: nothing */
