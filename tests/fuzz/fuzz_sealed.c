/* SPDX-License-Identifier: BSD-2-Clause */
/* Sealed keys: what is parsed prints as text that parses to the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/pcr/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ima_diag diag = { 0 };
	struct ima_buffer text = { 0 };
	struct ima_sealed s, again;

	if (ima_sealed_parse((struct ima_bytes){ data, size }, &s, &diag) < 0) {
		if (!diag.text[0])
			abort();
		return 0;
	}
	if (ima_sealed_print(&s, &text) < 0 || ima_sealed_parse(ima_buffer_bytes(&text), &again, &diag) < 0 ||
	    s.pcrs != again.pcrs || s.public_len != again.public_len || s.private_len != again.private_len ||
	    memcmp(s.public_part, again.public_part, s.public_len) || memcmp(s.private_part, again.private_part, s.private_len))
		abort();
	ima_buffer_done(&text);
	return 0;
}
