/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a record's text: taken apart it ends, its views lie inside, and what may stand in '...' has no quoted apostrophe. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/audit/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ima_cleanup(ima_freep) char *text = strndup((const char *)data, size);
	struct ima_buffer out = { 0 };
	struct ima_audit_field f;
	const char *at = text;

	if (!text)
		return 0;
	while (ima_audit_field_next(&at, &f) == 1)
		if (f.key.data < (uint8_t *)text || f.raw.data + f.raw.len > (uint8_t *)text + strlen(text))
			abort();
	if (ima_audit_unapostrophe(&out, text) < 0 || (!strchr(text, '\'') && out.len && memchr(out.data, '\'', out.len)))
		abort();
	ima_buffer_done(&out);
	return 0;
}
