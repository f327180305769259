/* SPDX-License-Identifier: BSD-2-Clause */
/* Replay: one digest of the data for the record's own algorithm and one for each bank, then one extend a bank. */
#include <ima/replay.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/mlist/replay_step.h"

struct cell {
	bool used, matched, padded;
	uint64_t matched_at;
};

struct ima_replay {
	struct ima_hasher *h;
	struct ima_pcrs targets;
	struct ima_pcrs run;
	struct ima_pcrs padded; /* the same banks, extended as a kernel without their algorithm does */
	uint32_t uncomputable;
	bool own_known, accept_padded;
	enum ima_hash_algo own_algo;
	struct cell cells[IMA_PCR_MAX_BANKS][IMA_PCR_COUNT];
	uint64_t n_records, n_violations, n_bad, first_bad, first_bad_position, n_foreign;
};

static int add_bank(struct ima_replay *r, enum ima_hash_algo algo)
{
	struct ima_pcr_bank *b;
	int e;

	if (!ima_hasher_has(r->h, algo)) {
		r->uncomputable |= UINT32_C(1) << algo;
		return 0;
	}
	e = ima_pcrs_add_bank(&r->run, algo, &b);
	if (e == 0)
		b->known = (1U << IMA_PCR_COUNT) - 1;
	return e;
}

/* every kernel that measures has sha1, and sha256 wherever there is a bank of it */
static bool may_be_padded(const struct ima_replay *r, enum ima_hash_algo algo)
{
	return algo != IMA_HASH_SHA1 && (algo != IMA_HASH_SHA256 || r->accept_padded);
}

static bool is_target(const struct ima_replay *r, const struct ima_pcr_bank *run, unsigned int pcr)
{
	const struct ima_pcr_bank *want = ima_pcrs_bank_const(&r->targets, run->algo);

	return want && (want->known >> pcr & 1) &&
	       !memcmp(want->value[pcr], run->value[pcr], ima_hash_len(run->algo));
}

static void note(struct ima_replay *r, size_t bank, unsigned int pcr)
{
	struct cell *c = &r->cells[bank][pcr];
	const bool plain = is_target(r, &r->run.banks[bank], pcr);

	if (!plain && !(may_be_padded(r, r->run.banks[bank].algo) &&
			is_target(r, &r->padded.banks[bank], pcr)))
		return;
	c->matched = true;
	c->padded = !plain;
	c->matched_at = r->n_records;
}

static int add_banks(struct ima_replay *r)
{
	int e = 0;

	for (size_t i = 0; i < r->targets.n_banks && e == 0; i++)
		e = add_bank(r, r->targets.banks[i].algo);
	if (e == 0 && !r->targets.n_banks)
		e = add_bank(r, IMA_HASH_SHA1);
	if (e == 0 && !r->targets.n_banks)
		e = add_bank(r, IMA_HASH_SHA256);
	r->padded = r->run;
	return e;
}

static void note_all(struct ima_replay *r)
{
	for (size_t b = 0; b < r->run.n_banks; b++)
		for (unsigned int p = 0; p < IMA_PCR_COUNT; p++)
			note(r, b, p);
}

int ima_replay_new(struct ima_hasher *h, const struct ima_pcrs *targets, struct ima_replay **ret)
{
	struct ima_replay *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	r->h = h;
	r->own_algo = IMA_HASH__LAST;
	if (targets)
		r->targets = *targets;
	e = add_banks(r);
	if (e < 0) {
		free(r);
		return e;
	}
	note_all(r);
	*ret = r;
	return 0;
}

void ima_replay_start(struct ima_replay *r, const struct ima_pcrs *start)
{
	for (size_t i = 0; i < start->n_banks; i++) {
		struct ima_pcr_bank *b = ima_pcrs_bank(&r->run, start->banks[i].algo);

		for (unsigned int p = 0; b && p < IMA_PCR_COUNT; p++)
			if (start->banks[i].known >> p & 1)
				memcpy(b->value[p], start->banks[i].value[p], sizeof(b->value[p]));
	}
	r->padded = r->run;
	memset(r->cells, 0, sizeof(r->cells));
	note_all(r);
}

struct ima_replay *ima_replay_free(struct ima_replay *r)
{
	free(r);
	return NULL;
}

void ima_replay_accept_padded(struct ima_replay *r)
{
	r->accept_padded = true;
}

static bool digest_is(const struct ima_digest *d, struct ima_bytes have)
{
	return d->len == have.len && !memcmp(d->data, have.data, have.len);
}

static bool is_padded_sha1(const struct ima_digest *sha1, struct ima_bytes have)
{
	if (sha1->len != 20 || have.len <= sha1->len || memcmp(have.data, sha1->data, sha1->len))
		return false;
	for (size_t i = sha1->len; i < have.len; i++)
		if (have.data[i])
			return false;
	return true;
}

/*
 * The record's own digest: by the algorithm that the reader took it for; else by another of the same size; else sha1 filled up
 * with zeros, which is what a kernel keeps for a bank whose algorithm it lacks.
 */
static int check_own(struct ima_hasher *h, const struct ima_record *rec,
		     const struct ima_template *t, enum ima_hash_algo algo, struct ima_digest *ret)
{
	static const enum ima_hash_algo others[] = { IMA_HASH_SHA256, IMA_HASH_SM3, IMA_HASH_SHA3_256,
						     IMA_HASH_SHA384, IMA_HASH_SHA3_384,
						     IMA_HASH_SHA512, IMA_HASH_SHA3_512 };
	struct ima_digest first = { .algo = algo }, d;
	int e = ima_hasher_has(h, algo) ? ima_template_digest(h, t, algo, rec->data, &first) : 0;

	*ret = first;
	if (e < 0 || digest_is(&first, rec->digest))
		return e;
	for (size_t i = 0; i < IMA_N_ELEMENTS(others); i++) {
		if (others[i] == algo || ima_hash_len(others[i]) != rec->digest.len ||
		    !ima_hasher_has(h, others[i]))
			continue;
		e = ima_template_digest(h, t, others[i], rec->data, &d);
		if (e < 0 || digest_is(&d, rec->digest)) {
			*ret = d;
			return e;
		}
	}
	e = ima_template_digest(h, t, IMA_HASH_SHA1, rec->data, &d);
	if (e < 0 || !is_padded_sha1(&d, rec->digest))
		return e < 0 ? e : 1;
	ret->algo = IMA_HASH__LAST;
	return 0;
}

static int bank_digests(const struct ima_replay *r, struct ima_hasher *h,
			const struct ima_record *rec, const struct ima_template *t,
			const struct ima_digest *own, struct ima_replay_step *s)
{
	bool need_sha1 = false;
	struct ima_digest d;
	int e;

	for (size_t b = 0; b < r->run.n_banks; b++) {
		const enum ima_hash_algo algo = r->run.banks[b].algo;

		need_sha1 |= may_be_padded(r, algo);
		d = *own;
		if (own->algo != algo || !own->len) {
			e = ima_template_digest(h, t, algo, rec->data, &d);
			if (e < 0)
				return e;
		}
		memcpy(s->digest[b], d.data, d.len);
	}
	if (!need_sha1)
		return 0;
	d = *own;
	if (own->algo != IMA_HASH_SHA1 || !own->len) {
		e = ima_template_digest(h, t, IMA_HASH_SHA1, rec->data, &d);
		if (e < 0)
			return e;
	}
	memcpy(s->sha1, d.data, sizeof(s->sha1));
	return 0;
}

int ima_replay_digests(const struct ima_replay *r, struct ima_hasher *h, const struct ima_record *rec,
		       const struct ima_template *t, enum ima_hash_algo digest_algo,
		       uint64_t position, struct ima_replay_step *s)
{
	struct ima_digest own = { .algo = digest_algo };
	int e;

	s->pcr = rec->pcr;
	s->position = position;
	s->violation = ima_record_is_violation(rec);
	s->bad = s->unhashed = false;
	s->own_algo = digest_algo;
	if (s->violation)
		return 0;
	e = check_own(h, rec, t, digest_algo, &own);
	s->bad = e != 0;
	s->own_algo = own.algo;
	/* data that the template cannot have made */
	s->unhashed = e == -EBADMSG;
	if (e < 0)
		return s->unhashed ? 0 : e;
	if (own.algo == IMA_HASH__LAST)
		own.len = 0;
	return bank_digests(r, h, rec, t, &own, s);
}

static int extend_one(struct ima_hasher *h, struct ima_pcr_bank *bank,
		      const struct ima_replay_step *s, const uint8_t *digest)
{
	uint8_t ones[IMA_DIGEST_MAX];
	const size_t len = ima_hash_len(bank->algo);

	if (s->violation) {
		memset(ones, 0xff, len);
		digest = ones;
	}
	return ima_pcr_extend(h, bank, s->pcr, (struct ima_bytes){ digest, len });
}

static int extend_banks(struct ima_replay *r, struct ima_hasher *h, const struct ima_replay_step *s)
{
	uint8_t padded[IMA_DIGEST_MAX] = { 0 };

	memcpy(padded, s->sha1, sizeof(s->sha1));
	for (size_t b = 0; b < r->run.n_banks; b++) {
		int e = extend_one(h, &r->run.banks[b], s, s->digest[b]);

		if (e == 0 && may_be_padded(r, r->run.banks[b].algo))
			e = extend_one(h, &r->padded.banks[b], s, padded);
		if (e < 0)
			return e;
		r->cells[b][s->pcr].used = true;
		note(r, b, s->pcr);
	}
	return 0;
}

static void judge_own(struct ima_replay *r, const struct ima_replay_step *s)
{
	bool bad = s->bad;

	if (!r->own_known && !bad) {
		r->own_known = true;
		r->own_algo = s->own_algo;
	}
	bad |= r->own_known && s->own_algo != r->own_algo;
	if (bad && !r->n_bad++) {
		r->first_bad = r->n_records;
		r->first_bad_position = s->position;
	}
}

int ima_replay_extend(struct ima_replay *r, struct ima_hasher *h, const struct ima_replay_step *s)
{
	r->n_records++;
	if (s->violation)
		r->n_violations++;
	else
		judge_own(r, s);
	if (s->pcr >= IMA_PCR_COUNT) {
		r->n_foreign++;
		return 0;
	}
	return s->unhashed ? 0 : extend_banks(r, h, s);
}

int ima_replay_add(struct ima_replay *r, const struct ima_record *rec,
		   const struct ima_template *t, enum ima_hash_algo digest_algo, uint64_t position)
{
	struct ima_replay_step s;
	int e = ima_replay_digests(r, r->h, rec, t, digest_algo, position, &s);

	return e < 0 ? e : ima_replay_extend(r, r->h, &s);
}

static void fill_cell(const struct ima_replay *r, size_t b, unsigned int p,
		      struct ima_replay_pcr *ret)
{
	const struct cell *c = &r->cells[b][p];
	const struct ima_pcr_bank *run = c->padded ? &r->padded.banks[b] : &r->run.banks[b];
	const struct ima_pcr_bank *want = ima_pcrs_bank_const(&r->targets, run->algo);

	*ret = (struct ima_replay_pcr){
		.algo = run->algo, .pcr = p, .used = c->used,
		.has_target = want && (want->known >> p & 1),
		.matched = c->matched, .padded = c->padded, .matched_at = c->matched_at,
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
		.uncomputable = r->uncomputable, .own_algo = r->own_algo,
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
