/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a quote, its signature, its PCR values, a key: parsed strictly, and written again where there is a writer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ima/quote.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_values(struct ima_bytes in)
{
	struct ima_buffer again = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_pcrs p;

	if (ima_quote_pcrs_parse(in, &p, &diag) < 0) {
		if (!diag.text[0])
			abort();
		return;
	}
	if (ima_quote_pcrs_write(&again, &p) < 0 || again.len != in.len || memcmp(again.data, in.data, in.len))
		abort();
	ima_buffer_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ima_bytes in = { data, size };
	struct ima_diag diag = { 0 };
	struct ima_ak *k = NULL;
	struct ima_quote q;

	if (ima_quote_parse(in, &q, &diag) < 0 && !diag.text[0])
		abort();
	as_values(in);
	if (ima_ak_parse(in, &k, &diag) == 0) {
		if (ima_ak_verify(k, in, in, NULL, &diag) == IMA_QUOTE_GOOD)
			abort();
		ima_ak_free(k);
	}
	return 0;
}
