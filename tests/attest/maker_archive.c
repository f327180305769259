/* SPDX-License-Identifier: BSD-2-Clause */
/* The archive around it, by the library's own writer. */
#include <stdlib.h>

#include "attest/maker.h"
#include "core/attest/evidence.h"

void maker_archive(const struct maker *m, uint64_t first_entry, struct ima_buffer *out)
{
	const struct ima_evidence_parts p = {
		.first_entry = first_entry,
		.part = {
			[IMA_PART_QUOTE] = ima_buffer_bytes(&m->attest),     [IMA_PART_SIGNATURE] = ima_buffer_bytes(&m->signature),
			[IMA_PART_PCRS] = ima_buffer_bytes(&m->pcrs),        [IMA_PART_AK] = ima_buffer_bytes(&m->pub),
			[IMA_PART_LIST] = ima_buffer_bytes(&m->list),        [IMA_PART_EVENT_LOG] = ima_buffer_bytes(&m->log),
		},
	};
	struct ima_hasher *h;

	if (ima_hasher_new(&h) < 0 || ima_evidence_write(&p, h, out, NULL) < 0)
		abort();
	ima_hasher_free(h);
}
