/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a firmware event log. */
#include <stdint.h>
#include <stdlib.h>

#include <ima/eventlog.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ima_hasher *h;
	struct ima_pcrs pcrs = { 0 };
	struct ima_diag diag = { 0 };

	if (!h && ima_hasher_new(&h) < 0)
		abort();
	if (ima_eventlog_replay(h, (struct ima_bytes){ data, size }, &pcrs, &diag) < 0 && !diag.text[0])
		abort(); /* a refusal says why */
	return 0;
}
