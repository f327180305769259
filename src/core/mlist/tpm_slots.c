/* SPDX-License-Identifier: BSD-2-Clause */
/* Slot 0 is sha1, whether or not the TPM has such a bank: the kernel's binary record carries it. */
#include "core/mlist/tpm_slots.h"

#include <errno.h>

size_t ima_journal_find_slot(const struct ima_journal_head *h, uint16_t tpm_alg, enum ima_hash_algo algo)
{
	for (size_t i = 0; i < h->n_slots; i++)
		if (algo != IMA_HASH__LAST ? h->slots[i].algo == algo
					   : h->slots[i].tpm_alg == tpm_alg)
			return i;
	return SIZE_MAX;
}

struct ima_journal_head ima_tpm_slots(const struct ima_tpm *t, enum ima_hash_algo default_algo)
{
	struct ima_journal_head h = { .default_algo = default_algo, .n_slots = 1 };

	h.slots[0] = (struct ima_journal_slot){ .algo = IMA_HASH_SHA1,
						.digest_len = (uint32_t)ima_hash_len(IMA_HASH_SHA1) };
	for (size_t i = 0; i < t->n_banks; i++) {
		const enum ima_hash_algo algo = t->bank_hash[i];

		if (algo == IMA_HASH_SHA1) {
			h.slots[0].tpm_alg = t->bank_alg[i];
			continue;
		}
		h.slots[h.n_slots++] = (struct ima_journal_slot){
			.tpm_alg = t->bank_alg[i],
			.algo = algo,
			.digest_len = (uint32_t)(algo == IMA_HASH__LAST ? 32 : ima_hash_len(algo)),
		};
	}
	if (ima_journal_find_slot(&h, 0, default_algo) == SIZE_MAX)
		h.slots[h.n_slots++] = (struct ima_journal_slot){
			.algo = default_algo,
			.digest_len = (uint32_t)ima_hash_len(default_algo),
		};
	return h;
}

int ima_tpm_extend_slots(struct ima_tpm *t, const struct ima_journal_head *h, uint32_t pcr, const struct ima_digest *slots)
{
	struct ima_tpm_digests d = { .n = t->n_banks };

	for (size_t i = 0; i < d.n; i++) {
		const size_t s = ima_journal_find_slot(h, t->bank_alg[i], t->bank_hash[i]);

		if (s == SIZE_MAX)
			return -EINVAL;
		d.d[i] = slots[s];
	}
	return ima_tpm_extend(t, pcr, &d);
}
