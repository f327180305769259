/* SPDX-License-Identifier: BSD-2-Clause */
/* The nonces that a fleet was asked with: lines of a file's name, one blank, and its nonce in hexadecimal. */
#pragma once

#include <ima/quote.h>

#include "base/buffer.h"

/** struct imactl_nonces - zeroed: none */
struct imactl_nonces {
	struct ima_buffer text;
	struct imactl_nonce_line *lines; /* by name, the first of several with one name first */
	size_t n;
};

/** imactl_nonces_read() - instead of what was there. EXIT_GOOD; EXIT_UNABLE and said why: a line that is none, too */
int imactl_nonces_read(struct imactl_nonces *n, const char *path);
void imactl_nonces_done(struct imactl_nonces *n);

/** imactl_nonces_find() - of the file called @name, without folders; length, 0 there is none */
size_t imactl_nonces_find(const struct imactl_nonces *n, const char *name, uint8_t ret[static IMA_QUOTE_NONCE_MAX]);
