/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot aggregate: what the firmware measured, in one digest. */
#include <ima/eventlog.h>

#include <errno.h>

#define SHA1_PCRS 8
#define OTHER_PCRS 10

static unsigned int n_pcrs(enum ima_hash_algo algo)
{
	return algo == IMA_HASH_SHA1 ? SHA1_PCRS : OTHER_PCRS;
}

static int aggregate(struct ima_hasher *h, const struct ima_pcr_bank *b, struct ima_digest *ret)
{
	struct ima_bytes parts[OTHER_PCRS];
	const unsigned int n = n_pcrs(b->algo);

	for (unsigned int i = 0; i < n; i++)
		parts[i] = (struct ima_bytes){ b->value[i], ima_hash_len(b->algo) };
	return ima_hash_parts(h, b->algo, parts, n, ret);
}

int ima_boot_aggregate(struct ima_hasher *h, const struct ima_pcrs *pcrs, enum ima_hash_algo algo,
		       struct ima_digest *ret)
{
	const struct ima_pcr_bank *b = ima_pcrs_bank_const(pcrs, algo);
	const uint32_t needed = (1U << n_pcrs(algo)) - 1;

	if (!b || (b->known & needed) != needed)
		return -ENODATA;
	return aggregate(h, b, ret);
}

int ima_boot_aggregate_choose(struct ima_hasher *h, const struct ima_pcrs *pcrs,
			      enum ima_hash_algo default_algo, struct ima_digest *ret)
{
	const struct ima_pcr_bank *b = ima_pcrs_bank_const(pcrs, default_algo);

	if (!b)
		b = ima_pcrs_bank_const(pcrs, IMA_HASH_SHA256);
	if (!b)
		b = ima_pcrs_bank_const(pcrs, IMA_HASH_SHA1);
	if (b)
		return aggregate(h, b, ret);
	*ret = (struct ima_digest){ .algo = default_algo, .len = ima_hash_len(default_algo) };
	return 0;
}
