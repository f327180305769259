/* SPDX-License-Identifier: BSD-2-Clause */
/* The edges of a list, in memory. */
#include "hook/replay/memory_list.h"

#include <errno.h>
#include <stdlib.h>

static int write_memory(void *user, struct ima_bytes record)
{
	struct ima_memory_list *l = user;
	const size_t at = l->binary.len;
	int r = ima_buffer_append(&l->binary, record.data + l->head_len, record.len - l->head_len);

	if (r == 0)
		l->last = at;
	return r;
}

static int extend_memory(void *user, uint32_t pcr, const struct ima_digest *slots, size_t n)
{
	struct ima_memory_list *l = user;
	int r = 0;

	/* a policy may name PCRs that no TPM has */
	for (size_t i = 0; i < n && r == 0 && pcr < IMA_PCR_COUNT; i++)
		r = ima_pcr_extend(l->h, ima_pcrs_bank(&l->pcrs, slots[i].algo), pcr,
				   (struct ima_bytes){ slots[i].data, slots[i].len });
	return r;
}

static int add_slot(struct ima_memory_list *l, struct ima_journal_head *head, enum ima_hash_algo algo)
{
	struct ima_pcr_bank *bank;

	if (ima_pcrs_bank(&l->pcrs, algo))
		return 0;
	head->slots[head->n_slots++] = (struct ima_journal_slot){
		.tpm_alg = ima_hash_tpm_alg(algo), .algo = algo,
		.digest_len = (uint32_t)ima_hash_len(algo) };
	l->head_len += ima_hash_len(algo);
	return ima_pcrs_add_bank(&l->pcrs, algo, &bank);
}

static int set_up(struct ima_memory_list *l, enum ima_hash_algo algo)
{
	struct ima_mlist_opts o = {
		.head = { .default_algo = algo },
		.ops = { .write = write_memory, .extend = extend_memory, .user = l },
	};
	int r = ima_hasher_new(&l->h);

	if (r == 0 && !ima_hasher_has(l->h, algo))
		r = -ENOPKG;
	l->head_len = IMA_JOURNAL_RECORD_HEAD;
	if (r == 0)
		r = add_slot(l, &o.head, IMA_HASH_SHA1);
	if (r == 0)
		r = add_slot(l, &o.head, IMA_HASH_SHA256);
	if (r == 0)
		r = add_slot(l, &o.head, algo);
	return r < 0 ? r : ima_mlist_new(&o, &l->list);
}

int ima_memory_list_new(enum ima_hash_algo algo, struct ima_memory_list **ret)
{
	struct ima_memory_list *l = calloc(1, sizeof(*l));
	int r = l ? set_up(l, algo) : -ENOMEM;

	if (r < 0) {
		ima_memory_list_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

struct ima_memory_list *ima_memory_list_free(struct ima_memory_list *l)
{
	if (l) {
		ima_mlist_free(l->list);
		ima_hasher_free(l->h);
		ima_buffer_done(&l->binary);
		free(l);
	}
	return NULL;
}
