/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of evidence: their names in the archive, and which must be there. */
#include "core/attest/evidence.h"

static const struct {
	const char *name;
	bool needed;
} parts_table[IMA_PART__LAST] = {
	[IMA_PART_MANIFEST] = { "manifest.json", true }, [IMA_PART_QUOTE] = { "quote.msg", true },
	[IMA_PART_SIGNATURE] = { "quote.sig", true },    [IMA_PART_PCRS] = { "quote.pcrs", true },
	[IMA_PART_AK] = { "ak.pub", true },              [IMA_PART_AK_CERT] = { "ak.crt", false },
	[IMA_PART_EK_CERT] = { "ek.crt", false },        [IMA_PART_LIST] = { "list", false },
	[IMA_PART_EVENT_LOG] = { "eventlog", false },
};

const char *ima_evidence_part_name(enum ima_evidence_part p)
{
	return (unsigned int)p < IMA_PART__LAST ? parts_table[p].name : NULL;
}

bool ima_evidence_part_is_needed(enum ima_evidence_part p)
{
	return (unsigned int)p < IMA_PART__LAST && parts_table[p].needed;
}
