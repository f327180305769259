/* SPDX-License-Identifier: BSD-2-Clause */
/* Replay: one digest of the data for the record's own algorithm and one for each bank, then one extend a bank. */
#include <ima/replay.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cell {
	bool used, matched;
	uint64_t matched_at;
};

struct ima_replay {
	struct ima_hasher *h;
	struct ima_pcrs targets;
	struct ima_pcrs run;
	struct cell cells[IMA_PCR_MAX_BANKS][IMA_PCR_COUNT];
	uint64_t n_records, n_violations, n_bad, first_bad, first_bad_position, n_foreign;
};

static int add_bank(struct ima_replay *r, enum ima_hash_algo algo)
{
	struct ima_pcr_bank *b;
	int e = ima_pcrs_add_bank(&r->run, algo, &b);

	if (e == 0)
		b->known = (1U << IMA_PCR_COUNT) - 1;
	return e;
}

static bool reached(const struct ima_replay *r, size_t bank, unsigned int pcr)
{
	const struct ima_pcr_bank *run = &r->run.banks[bank];
	const struct ima_pcr_bank *want = ima_pcrs_bank_const(&r->targets, run->algo);

	return want && (want->known >> pcr & 1) &&
	       !memcmp(want->value[pcr], run->value[pcr], ima_hash_len(run->algo));
}

static void note(struct ima_replay *r, size_t bank, unsigned int pcr)
{
	if (!reached(r, bank, pcr))
		return;
	r->cells[bank][pcr].matched = true;
	r->cells[bank][pcr].matched_at = r->n_records;
}

int ima_replay_new(struct ima_hasher *h, const struct ima_pcrs *targets, struct ima_replay **ret)
{
	struct ima_replay *r = calloc(1, sizeof(*r));
	int e = 0;

	if (!r)
		return -ENOMEM;
	r->h = h;
	if (targets)
		r->targets = *targets;
	for (size_t i = 0; i < r->targets.n_banks && e == 0; i++)
		e = add_bank(r, r->targets.banks[i].algo);
	if (e == 0 && !r->run.n_banks)
		e = add_bank(r, IMA_HASH_SHA1);
	if (e == 0 && !r->targets.n_banks)
		e = add_bank(r, IMA_HASH_SHA256);
	if (e < 0) {
		free(r);
		return e;
	}
	for (size_t b = 0; b < r->run.n_banks; b++)
		for (unsigned int p = 0; p < IMA_PCR_COUNT; p++)
			note(r, b, p);
	*ret = r;
	return 0;
}

struct ima_replay *ima_replay_free(struct ima_replay *r)
{
	free(r);
	return NULL;
}

static void note_bad(struct ima_replay *r, uint64_t position)
{
	if (!r->n_bad++) {
		r->first_bad = r->n_records;
		r->first_bad_position = position;
	}
}

/* a bank that the crypto library cannot compute was extended with the padded sha1 digest */
static int bank_digest(struct ima_replay *r, const struct ima_record *rec,
		       const struct ima_template *t, enum ima_hash_algo algo,
		       struct ima_digest *ret)
{
	int e;

	if (ima_record_is_violation(rec)) {
		*ret = (struct ima_digest){ .algo = algo, .len = ima_hash_len(algo) };
		memset(ret->data, 0xff, ret->len);
		return 0;
	}
	if (ima_hasher_has(r->h, algo))
		return ima_template_digest(r->h, t, algo, rec->data, ret);
	e = ima_template_digest(r->h, t, IMA_HASH_SHA1, rec->data, ret);
	memset(ret->data + ret->len, 0, sizeof(ret->data) - ret->len);
	ret->algo = algo;
	ret->len = ima_hash_len(algo);
	return e;
}

static int check_digest(struct ima_replay *r, const struct ima_record *rec,
			const struct ima_template *t, enum ima_hash_algo algo, uint64_t position,
			struct ima_digest *ret)
{
	int e = ima_template_digest(r->h, t, algo, rec->data, ret);

	if (e == -EBADMSG) { /* data that the template cannot have made */
		note_bad(r, position);
		*ret = (struct ima_digest){ .algo = IMA_HASH__LAST };
		return 0;
	}
	if (e == 0 && (ret->len != rec->digest.len || memcmp(ret->data, rec->digest.data, ret->len)))
		note_bad(r, position);
	return e;
}

static int extend_banks(struct ima_replay *r, const struct ima_record *rec,
			const struct ima_template *t, const struct ima_digest *own)
{
	for (size_t b = 0; b < r->run.n_banks; b++) {
		struct ima_pcr_bank *bank = &r->run.banks[b];
		struct ima_digest d;
		int e = 0;

		/* what the machine extended is what its list says, right or wrong: own digest of the bank's algorithm */
		if (own->algo == bank->algo)
			d = *own;
		else
			e = bank_digest(r, rec, t, bank->algo, &d);
		if (e == -EBADMSG)
			continue;
		if (e == 0)
			e = ima_pcr_extend(r->h, bank, rec->pcr, (struct ima_bytes){ d.data, d.len });
		if (e < 0)
			return e;
		r->cells[b][rec->pcr].used = true;
		note(r, b, rec->pcr);
	}
	return 0;
}

int ima_replay_add(struct ima_replay *r, const struct ima_record *rec,
		   const struct ima_template *t, enum ima_hash_algo digest_algo, uint64_t position)
{
	struct ima_digest own = { .algo = IMA_HASH__LAST };
	int e = 0;

	r->n_records++;
	if (ima_record_is_violation(rec))
		r->n_violations++;
	else
		e = check_digest(r, rec, t, digest_algo, position, &own);
	if (e < 0)
		return e;
	if (rec->pcr >= IMA_PCR_COUNT) {
		r->n_foreign++;
		return 0;
	}
	return extend_banks(r, rec, t, &own);
}

static void fill_cell(const struct ima_replay *r, size_t b, unsigned int p,
		      struct ima_replay_pcr *ret)
{
	const struct ima_pcr_bank *run = &r->run.banks[b];
	const struct ima_pcr_bank *want = ima_pcrs_bank_const(&r->targets, run->algo);
	const struct cell *c = &r->cells[b][p];

	*ret = (struct ima_replay_pcr){
		.algo = run->algo, .pcr = p, .used = c->used,
		.has_target = want && (want->known >> p & 1),
		.matched = c->matched, .matched_at = c->matched_at,
		.value = { .algo = run->algo, .len = ima_hash_len(run->algo) },
	};
	memcpy(ret->value.data, run->value[p], ret->value.len);
}

void ima_replay_finish(const struct ima_replay *r, struct ima_replay_result *ret)
{
	*ret = (struct ima_replay_result){
		.n_records = r->n_records, .n_violations = r->n_violations,
		.n_bad_digests = r->n_bad, .first_bad = r->first_bad,
		.first_bad_position = r->first_bad_position, .n_foreign_pcr = r->n_foreign,
	};
	for (size_t b = 0; b < r->run.n_banks; b++) {
		for (unsigned int p = 0; p < IMA_PCR_COUNT; p++) {
			struct ima_replay_pcr one;

			fill_cell(r, b, p, &one);
			if (one.used || one.has_target)
				ret->pcrs[ret->n_pcrs++] = one;
		}
	}
}

static int add_all(struct ima_replay *r, struct ima_list_reader *in, struct ima_diag *diag)
{
	const struct ima_template *t;
	struct ima_record rec;
	int e;

	while ((e = ima_list_reader_next(in, &rec, &t, diag)) == 1) {
		e = ima_replay_add(r, &rec, t, ima_list_reader_digest_algo(in),
				   ima_list_reader_position(in));
		if (e < 0)
			return e;
	}
	return e;
}

int ima_replay_fd(struct ima_hasher *h, int fd, const struct ima_list_reader_opts *opts,
		  const struct ima_pcrs *targets, struct ima_replay_result *ret,
		  struct ima_diag *diag)
{
	struct ima_list_reader *in = NULL;
	struct ima_replay *r = NULL;
	int e = ima_list_reader_new(fd, opts, &in);

	if (e == 0)
		e = ima_replay_new(h, targets, &r);
	if (e == 0)
		e = add_all(r, in, diag);
	if (e == 0)
		ima_replay_finish(r, ret);
	ima_replay_free(r);
	ima_list_reader_free(in);
	return e;
}
