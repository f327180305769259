/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as PCR values. */
#include <stdint.h>
#include <stdlib.h>

#include <ima/pcr.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ima_pcrs pcrs = { 0 };
	struct ima_diag diag = { 0 };

	if (ima_pcrs_parse((struct ima_bytes){ data, size }, IMA_HASH_SHA256, &pcrs, &diag) < 0 &&
	    !diag.text[0])
		abort();
	return 0;
}
