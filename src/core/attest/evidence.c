/* SPDX-License-Identifier: BSD-2-Clause */
/* Evidence from its parts, and into them: what must be there. */
#include "core/attest/evidence.h"

#include <errno.h>

#include "base/diag.h"

int ima_evidence_write(const struct ima_evidence_parts *parts, struct ima_hasher *h, struct ima_buffer *out, struct ima_diag *diag)
{
	struct ima_buffer manifest = { 0 };
	struct ima_evidence_parts all = *parts;
	int r;

	for (unsigned int i = IMA_PART_QUOTE; i < IMA_PART__LAST; i++)
		if (ima_evidence_part_is_needed((enum ima_evidence_part)i) && !parts->part[i].len)
			return ima_diag_text(diag, -EINVAL, "%s is missing", ima_evidence_part_name((enum ima_evidence_part)i));
	r = ima_manifest_write(parts, h, &manifest);
	all.part[IMA_PART_MANIFEST] = ima_buffer_bytes(&manifest);
	if (r == 0)
		r = ima_evidence_tar_write(all.part, out);
	ima_buffer_done(&manifest);
	return r;
}

int ima_evidence_read(struct ima_bytes archive, struct ima_hasher *h, struct ima_evidence *ret, struct ima_diag *diag)
{
	struct ima_evidence_parts p = { 0 };
	int r;

	if (archive.len > IMA_EVIDENCE_MAX)
		return ima_diag_text(diag, -EBADMSG, "the archive is larger than evidence may be");
	r = ima_evidence_tar_read(archive, p.part, diag);
	for (unsigned int i = 0; i < IMA_PART__LAST && r == 0; i++)
		if (ima_evidence_part_is_needed((enum ima_evidence_part)i) && !p.part[i].len)
			r = ima_diag_text(diag, -EBADMSG, "%s is missing", ima_evidence_part_name((enum ima_evidence_part)i));
	if (r == 0)
		r = ima_manifest_check(&p, h, diag);
	if (r < 0)
		return r;
	*ret = (struct ima_evidence){
		.attest = p.part[IMA_PART_QUOTE], .signature = p.part[IMA_PART_SIGNATURE], .pcrs = p.part[IMA_PART_PCRS],
		.ak = p.part[IMA_PART_AK], .ak_cert = p.part[IMA_PART_AK_CERT], .ek_cert = p.part[IMA_PART_EK_CERT],
		.list = p.part[IMA_PART_LIST], .list_opts = { .format = IMA_LIST_BINARY, .digest_algo = IMA_HASH_SHA1, .has_digest_algo = true },
		.first_entry = p.first_entry, .event_log = p.part[IMA_PART_EVENT_LOG], .archive_checked = true,
	};
	return 0;
}
