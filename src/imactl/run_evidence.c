/* SPDX-License-Identifier: BSD-2-Clause */
/* The command has ended: list and PCRs stand still. A key that is made for the occasion says only that list and PCRs belong together. */
#include "imactl/outfile.h"
#include "imactl/run_evidence.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/file.h"
#include "core/attest/evidence.h"
#include "imactl/ak_files.h"
#include "imactl/quote_source.h"

#define LIST_MAX (UINT64_C(3) << 30)
#define QUOTED_PCRS 0x7ffU /* 0 to 10, as imactl quote */

struct gathered {
	struct ima_ak_blobs ak;
	struct ima_quote_parts quote;
	struct ima_buffer pcrs;
	uint8_t *list;
	size_t list_len;
};

int run_evidence_check(const struct run_evidence_opts *o)
{
	struct ima_ak_blobs ak = { 0 };
	uint8_t nonce[IMA_QUOTE_NONCE_MAX];
	size_t len;
	int r = EXIT_GOOD;

	if (!o->out)
		return o->ak || o->nonce ? imactl_fail(EXIT_USAGE, "--ak and --nonce go with --evidence") : EXIT_GOOD;
	if (o->nonce)
		r = imactl_nonce(o->nonce, nonce, &len);
	if (!r && o->ak)
		r = imactl_ak_read(o->ak, &ak);
	ima_ak_blobs_done(&ak);
	return r;
}

static int take_key(const struct run_evidence_opts *o, struct ima_tpm *t, struct gathered *g)
{
	struct ima_diag diag = { 0 };
	int r;

	if (o->ak)
		return imactl_ak_read(o->ak, &g->ak);
	r = ima_tpm_ak_create(t, IMA_AK_P256, &g->ak, &diag);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, "the attestation key", &diag, r) : EXIT_GOOD;
}

static int take_quote(const struct run_evidence_opts *o, struct run_list *l, struct ima_hasher *h, struct gathered *g)
{
	struct ima_quote_want want = { .bank = IMA_HASH_SHA256, .mask = QUOTED_PCRS };
	uint8_t nonce[IMA_QUOTE_NONCE_MAX];
	struct ima_diag diag = { 0 };
	int r = o->nonce ? imactl_nonce(o->nonce, nonce, &want.nonce.len) : EXIT_GOOD;

	if (r)
		return r;
	want.nonce.data = nonce;
	r = ima_tpm_quote(l->tpm, h, &g->ak, &want, &g->quote, &diag);
	if (r < 0)
		return imactl_fail_diag(EXIT_UNABLE, "the quote", &diag, r);
	return ima_quote_pcrs_write(&g->pcrs, &g->quote.pcrs) < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : EXIT_GOOD;
}

static int take_list(struct run_list *l, struct gathered *g)
{
	int r = lseek(l->fd, 0, SEEK_SET) < 0 ? -errno : ima_file_read_fd(l->fd, LIST_MAX, &g->list, &g->list_len);

	return r < 0 ? imactl_fail(EXIT_UNABLE, "the list: %s", strerror(-r)) : EXIT_GOOD;
}

static int write_archive(const char *path, const struct gathered *g, struct ima_hasher *h)
{
	const struct ima_evidence_parts parts = {
		.part = {
			[IMA_PART_QUOTE] = ima_buffer_bytes(&g->quote.attest),
			[IMA_PART_SIGNATURE] = ima_buffer_bytes(&g->quote.signature),
			[IMA_PART_PCRS] = ima_buffer_bytes(&g->pcrs),
			[IMA_PART_AK] = ima_buffer_bytes(&g->ak.pub),
			[IMA_PART_LIST] = { g->list, g->list_len },
		},
	};
	struct ima_buffer out = { 0 };
	struct ima_diag diag = { 0 };
	int r = ima_evidence_write(&parts, h, &out, &diag);

	r = r < 0 ? imactl_fail_diag(EXIT_UNABLE, path, &diag, r) : imactl_outfile_write(path, ima_buffer_bytes(&out), 0644);
	ima_buffer_done(&out);
	return r;
}

int run_evidence_write(const struct run_evidence_opts *o, struct run_list *l, struct ima_hasher *h)
{
	struct gathered g = { 0 };
	int r = l->tpm->n_banks ? take_key(o, l->tpm, &g) : imactl_fail(EXIT_UNABLE, "--evidence needs a TPM: not --tpm none");

	if (!r)
		r = take_quote(o, l, h, &g);
	if (!r)
		r = take_list(l, &g);
	if (!r)
		r = write_archive(o->out, &g, h);
	free(g.list);
	ima_buffer_done(&g.pcrs);
	ima_quote_parts_done(&g.quote);
	ima_ak_blobs_done(&g.ak);
	return r;
}
