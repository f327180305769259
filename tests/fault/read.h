/* SPDX-License-Identifier: BSD-2-Clause */
/* Vectors for scenarios: read once, before anything fails. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

#include "inject.h"

static inline struct ima_buffer read_vector(const char *name)
{
	struct ima_buffer b = { 0 };
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", getenv("IMA_TEST_VECTORS"), name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	do {
		assert_int_equal(ima_buffer_reserve(&b, 65536), 0);
		n = fread(b.data + b.len, 1, 65536, f);
		b.len += n;
	} while (n);
	fclose(f);
	b.data[b.len] = 0;
	return b;
}

/* some call was made to fail in every kind that the scenario has anything of */
static inline void all_turns(int (*scenario)(void), unsigned long memory, unsigned long crypto)
{
	assert_true(fault_turns(FAULT_MEMORY, scenario) >= memory);
	assert_true(fault_turns(FAULT_CRYPTO, scenario) >= crypto);
}
