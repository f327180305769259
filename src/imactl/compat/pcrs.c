/* SPDX-License-Identifier: BSD-2-Clause */
/* PCR values for evmctl's commands: what --pcrs names, one file a bank, else what imactl finds. A file that is named must be right. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <string.h>

#include "imactl/sources.h"

#define PCRS_MAX (1U << 20)

static int merge(const struct ima_pcrs *from, struct ima_pcrs *to)
{
	for (size_t i = 0; i < from->n_banks; i++) {
		struct ima_pcr_bank *b;
		int r = ima_pcrs_add_bank(to, from->banks[i].algo, &b);

		if (r < 0)
			return r;
		*b = from->banks[i];
	}
	return 0;
}

static int read_one(const char *spec, struct ima_pcrs *ret)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	const char *comma = strchr(spec, ','), *path = comma ? comma + 1 : spec;
	enum ima_hash_algo algo = IMA_HASH_SHA1;
	struct ima_diag diag = { 0 };
	struct ima_pcrs pcrs;
	size_t len = 0;
	int r;

	if (comma && (ima_hash_by_name(spec, (size_t)(comma - spec), &algo) < 0 || !ima_hash_tpm_alg(algo)))
		return evmctl_fail(0, "Unknown algorithm '%.*s'", (int)(comma - spec), spec);
	r = imactl_read_file(path, PCRS_MAX, &text, &len);
	if (r < 0)
		return evmctl_fail(r, "Could not stat '%s'", path);
	r = ima_pcrs_parse((struct ima_bytes){ text, len }, algo, &pcrs, &diag);
	if (r < 0)
		return evmctl_fail(0, "%s:%u:%u: %s", path, diag.line, diag.column, diag.text);
	r = merge(&pcrs, ret);
	return r < 0 ? evmctl_fail(r, "%s: too many banks", path) : 0;
}

/* sha1 first, as evmctl has them */
static int compare_banks(const void *a, const void *b)
{
	return (int)((const struct ima_pcr_bank *)a)->algo - (int)((const struct ima_pcr_bank *)b)->algo;
}

static int from_files(const struct evmctl *e, struct ima_pcrs *ret)
{
	int r = 0;

	for (size_t i = 0; i < e->n_pcrs && r == 0; i++)
		r = read_one(e->pcrs[i], ret);
	qsort(ret->banks, ret->n_banks, sizeof(ret->banks[0]), compare_banks);
	return r;
}

bool evmctl_pcrs_found(const struct evmctl *e, struct ima_pcrs *ret)
{
	/* a TCTI that the user names comes first */
	const struct imactl_pcr_opts opts = { .tpm = getenv("TPM2TOOLS_TCTI") && !e->hardware ? "tss2" : NULL,
					      .hardware = e->hardware };
	ima_cleanup(ima_freep) char *source = NULL;
	struct ima_diag diag = { 0 };
	int r;

	*ret = (struct ima_pcrs){ 0 };
	r = imactl_pcrs(&opts, (1U << IMA_PCR_COUNT) - 1, ret, &source, &diag);
	if (r < 0 && (e->verbose || opts.tpm))
		evmctl_say(NULL, "%s\n", diag.text);
	return r == 0;
}

int evmctl_pcrs(const struct evmctl *e, struct ima_pcrs *ret)
{
	*ret = (struct ima_pcrs){ 0 };
	if (e->n_pcrs ? from_files(e, ret) == 0 : evmctl_pcrs_found(e, ret))
		return 0;
	return evmctl_fail(0, "Failed to read any TPM PCRs");
}
