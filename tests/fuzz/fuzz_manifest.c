/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a manifest: what is accepted prints as exactly what was read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/archive/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int copy(FILE *in, struct ima_buffer *out)
{
	const struct ima_manifest_entry *e;
	struct ima_manifest_reader *reader;
	struct ima_diag diag = { 0 };
	uint64_t n = 0;
	int r = ima_manifest_reader_new(in, &reader);

	if (r < 0 || ima_manifest_begin(out) < 0)
		return -1;
	while ((r = ima_manifest_next(reader, &e, &diag)) > 0) {
		if (ima_manifest_add(e, out) < 0)
			abort();
		n++;
	}
	ima_manifest_reader_free(reader);
	if (r < 0 && !diag.text[0])
		abort();
	return r == 0 ? ima_manifest_end(n, out) : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ima_cleanup(ima_fclosep) FILE *in = size ? fmemopen(ima_unconst(data), size, "r") : NULL;
	struct ima_buffer out = { 0 };

	if (in && copy(in, &out) == 0 && (out.len != size || memcmp(out.data, data, size)))
		abort();
	ima_buffer_done(&out);
	return 0;
}
