/* SPDX-License-Identifier: BSD-2-Clause */
/* Bank arithmetic: a PCR is only ever extended. */
#include <ima/pcr.h>

#include <errno.h>
#include <string.h>

const struct ima_pcr_bank *ima_pcrs_bank_const(const struct ima_pcrs *p, enum ima_hash_algo algo)
{
	for (size_t i = 0; i < p->n_banks; i++)
		if (p->banks[i].algo == algo)
			return &p->banks[i];
	return NULL;
}

struct ima_pcr_bank *ima_pcrs_bank(struct ima_pcrs *p, enum ima_hash_algo algo)
{
	for (size_t i = 0; i < p->n_banks; i++)
		if (p->banks[i].algo == algo)
			return &p->banks[i];
	return NULL;
}

int ima_pcrs_add_bank(struct ima_pcrs *p, enum ima_hash_algo algo, struct ima_pcr_bank **ret)
{
	struct ima_pcr_bank *b = ima_pcrs_bank(p, algo);

	if (!b) {
		if (p->n_banks == IMA_PCR_MAX_BANKS)
			return -ENOSPC;
		b = &p->banks[p->n_banks++];
		*b = (struct ima_pcr_bank){ .algo = algo };
	}
	*ret = b;
	return 0;
}

int ima_pcr_extend(struct ima_hasher *h, struct ima_pcr_bank *bank, unsigned int index,
		   struct ima_bytes digest)
{
	const size_t len = ima_hash_len(bank->algo);
	struct ima_bytes parts[2];
	struct ima_digest next;
	int r;

	if (index >= IMA_PCR_COUNT)
		return -ERANGE;
	if (digest.len != len)
		return -EINVAL;
	parts[0] = (struct ima_bytes){ bank->value[index], len };
	parts[1] = digest;
	r = ima_hash_parts(h, bank->algo, parts, 2, &next);
	if (r < 0)
		return r;
	memcpy(bank->value[index], next.data, len);
	bank->known |= 1U << index;
	return 0;
}
