/* SPDX-License-Identifier: BSD-2-Clause */
/* The quote: whose key, what it signed, for which question, over which PCRs, and when. */
#include <errno.h>
#include <string.h>

#include "core/attest/verify.h"

static bool is_strong(const struct ima_checking *c, const struct ima_ak *k)
{
	const struct ima_attest_rules *r = &c->v->rules;

	return ima_ak_bits(k) >= (ima_ak_is_rsa(k) ? r->min_rsa_bits : r->min_ec_bits);
}

/* a certificate vouches for the key that is in it */
static int check_chain(struct ima_checking *c, const struct ima_ak *k)
{
	struct ima_known_ak of_cert = { 0 };
	struct ima_diag diag = { 0 };
	int r;

	if (!c->evidence->ak_cert.len) {
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "the key is not among the trusted ones and has no certificate");
		return 0;
	}
	/* made once for all evidences of this key, as the key itself; time may pass, so that the chain is followed each time */
	r = ima_known_aks_get(c->v->aks, c->evidence->ak_cert, &of_cert, &diag);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "its certificate: %.150s", diag.text);
	else if (!ima_ak_is_same_key(of_cert.ak, k))
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "the certificate that came along is of another key");
	else if (ima_ak_chain_verify(c->v->opts.ak_chain, of_cert.ak, &diag) != IMA_QUOTE_GOOD)
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "its certificate is not trusted: %.120s", diag.text);
	else
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_PASS, "certified, %s", ima_ak_algorithm(k));
	ima_known_ak_done(&of_cert);
	return 0;
}

static int check_ak(struct ima_checking *c, const struct ima_ak *k)
{
	ima_ak_fingerprint(k, c->result->ak);
	snprintf(c->result->ak_algorithm, sizeof(c->result->ak_algorithm), "%s", ima_ak_algorithm(k));
	if (!is_strong(c, k))
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "%s is weaker than the rules accept", ima_ak_algorithm(k));
	else if (ima_ak_name(k).len && !ima_ak_is_restricted(k))
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "not a restricted key that stays in its TPM: it could sign anything");
	else if (c->ak_is_trusted)
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_PASS, "trusted, %s", ima_ak_algorithm(k));
	else if (ima_ak_chain_n(c->v->opts.ak_chain))
		return check_chain(c, k);
	else if (c->v->opts.n_aks)
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "the key is not among the trusted ones");
	else
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_UNABLE, "no attestation key is trusted: nothing says whose TPM this is");
	return 0;
}

/* without a key in the evidence the only trusted one is tried */
static int find_ak(struct ima_checking *c, struct ima_known_ak *ret)
{
	struct ima_diag diag = { 0 };
	int r;

	if (c->evidence->ak.len) {
		r = ima_known_aks_get(c->v->aks, c->evidence->ak, ret, &diag);
		if (r < 0 && r != -ENOMEM)
			ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "%s", diag.text);
		return r == -ENOMEM ? r : 0;
	}
	if (c->v->opts.n_aks == 1)
		*ret = (struct ima_known_ak){ .ak = c->v->opts.aks[0], .is_trusted = true };
	else
		ima_checked(c, IMA_CHECK_AK, IMA_CHECK_FAIL, "there is no attestation key in the evidence");
	return 0;
}

static bool check_signature(struct ima_checking *c, const struct ima_ak *k, enum ima_hash_algo *ret_algo)
{
	struct ima_diag diag = { 0 };
	const enum ima_quote_verdict v = ima_ak_verify(k, c->evidence->attest, c->evidence->signature, ret_algo, &diag);

	if (v == IMA_QUOTE_UNCHECKED)
		ima_checked(c, IMA_CHECK_SIGNATURE, IMA_CHECK_UNABLE, "%s", diag.text);
	else if (v != IMA_QUOTE_GOOD)
		ima_checked(c, IMA_CHECK_SIGNATURE, IMA_CHECK_FAIL, "%s", diag.text);
	else if (!(c->v->rules.algorithms >> *ret_algo & 1))
		ima_checked(c, IMA_CHECK_SIGNATURE, IMA_CHECK_FAIL, "made over %s, which the rules do not accept", ima_hash_name(*ret_algo));
	else
		ima_checked(c, IMA_CHECK_SIGNATURE, IMA_CHECK_PASS, "good, over %s", ima_hash_name(*ret_algo));
	return v == IMA_QUOTE_GOOD;
}

static bool was_used(const struct ima_checking *c)
{
	const struct ima_attest_state *s = c->question->state;
	struct ima_digest d;

	return s && s->known && ima_hash_bytes(c->h, IMA_HASH_SHA256, c->quote.nonce, &d) == 0 &&
	       !memcmp(d.data, s->nonce, sizeof(s->nonce));
}

static void check_nonce(struct ima_checking *c)
{
	const struct ima_bytes want = c->question->nonce, have = c->quote.nonce;

	if (was_used(c))
		ima_checked(c, IMA_CHECK_NONCE, IMA_CHECK_FAIL, "the nonce of the last evidence, again: an old quote");
	else if (!want.len)
		ima_checked(c, IMA_CHECK_NONCE, IMA_CHECK_UNABLE, "the nonce is not known: the quote may be an old one");
	else if (want.len != have.len || memcmp(want.data, have.data, want.len))
		ima_checked(c, IMA_CHECK_NONCE, IMA_CHECK_FAIL, "the quote was made for another nonce");
	else
		ima_checked(c, IMA_CHECK_NONCE, IMA_CHECK_PASS, "made for this nonce, %zu bytes", want.len);
}

static void check_selection(struct ima_checking *c)
{
	const uint32_t pcrs = c->v->rules.pcrs;
	uint32_t seen = 0;
	unsigned int good = 0;
	bool twice = false;

	for (size_t i = 0; i < c->quote.n_selections; i++) {
		enum ima_hash_algo bank;

		if (!c->quote.selections[i].mask)
			continue;
		if (ima_hash_by_tpm_alg(c->quote.selections[i].tpm_alg, &bank) < 0)
			continue;
		twice |= seen >> bank & 1;
		seen |= UINT32_C(1) << bank;
		good += (c->v->rules.banks >> bank & 1) && (c->quote.selections[i].mask & pcrs) == pcrs;
	}
	if (twice)
		ima_checked(c, IMA_CHECK_PCR_SELECTION, IMA_CHECK_FAIL, "the quote names a bank twice");
	else if (!good)
		ima_checked(c, IMA_CHECK_PCR_SELECTION, IMA_CHECK_FAIL,
			    "the quote does not cover PCR %d%s in a bank that the rules accept: it says nothing of the list", __builtin_ctz(pcrs),
			    pcrs & (pcrs - 1) ? " and the others of the list" : "");
	else
		ima_checked(c, IMA_CHECK_PCR_SELECTION, IMA_CHECK_PASS, "%u bank%s", good, good == 1 ? "" : "s");
}

/* only what the quote selects counts, and all of it must be there: nothing else may stand in the values */
static bool covers_exactly(const struct ima_quote *q, const struct ima_pcrs *p)
{
	for (size_t i = 0; i < p->n_banks; i++) {
		uint32_t mask = 0;

		for (size_t k = 0; k < q->n_selections; k++)
			if (q->selections[k].tpm_alg == ima_hash_tpm_alg(p->banks[i].algo))
				mask |= q->selections[k].mask;
		if (mask != p->banks[i].known)
			return false;
	}
	return true;
}

static void check_digest(struct ima_checking *c, enum ima_hash_algo algo, bool is_signed)
{
	struct ima_diag diag = { 0 };
	struct ima_digest d;

	if (ima_quote_pcrs_parse(c->evidence->pcrs, &c->values, &diag) < 0) {
		ima_checked(c, IMA_CHECK_PCR_DIGEST, IMA_CHECK_FAIL, "%s", diag.text);
		return;
	}
	if (!covers_exactly(&c->quote, &c->values))
		ima_checked(c, IMA_CHECK_PCR_DIGEST, IMA_CHECK_FAIL, "the PCR values are not of the PCRs that the quote names");
	else if (ima_quote_digest(c->h, &c->quote, &c->values, algo, &d) < 0)
		ima_checked(c, IMA_CHECK_PCR_DIGEST, IMA_CHECK_FAIL, "a PCR that the quote names has no value, or an unknown bank");
	else if (d.len != c->quote.pcr_digest.len || memcmp(d.data, c->quote.pcr_digest.data, d.len))
		ima_checked(c, IMA_CHECK_PCR_DIGEST, IMA_CHECK_FAIL, "the PCR values are not those that were quoted");
	else
		c->values_hold = is_signed;
	if (c->values_hold) {
		c->result->pcrs = c->values;
		ima_checked(c, IMA_CHECK_PCR_DIGEST, IMA_CHECK_PASS, "the values are those that were quoted");
	} else if (c->result->checks[IMA_CHECK_PCR_DIGEST].status == IMA_CHECK_UNABLE) {
		ima_checked(c, IMA_CHECK_PCR_DIGEST, IMA_CHECK_UNABLE, "the values are those of a quote that nobody signed");
	}
}

static void check_clock(struct ima_checking *c)
{
	const struct ima_attest_state *s = c->question->state;
	const struct ima_quote *q = &c->quote;

	if (!s || !s->known) {
		ima_checked(c, IMA_CHECK_CLOCK, IMA_CHECK_SKIPPED, s ? "the first time: there is nothing to go on from" : "no state is kept");
		return;
	}
	if (strcmp(s->ak, c->result->ak))
		ima_checked(c, IMA_CHECK_CLOCK, IMA_CHECK_FAIL, "the state is of another attestation key");
	else if (q->reset_count < s->reset_count || (q->reset_count == s->reset_count && q->restart_count < s->restart_count))
		ima_checked(c, IMA_CHECK_CLOCK, IMA_CHECK_FAIL, "fewer resets than the last time (%u after %u): an old quote", q->reset_count,
			    s->reset_count);
	else if (q->clock < s->clock)
		ima_checked(c, IMA_CHECK_CLOCK, IMA_CHECK_FAIL, "the TPM's clock went back");
	else
		ima_checked(c, IMA_CHECK_CLOCK, IMA_CHECK_PASS, q->reset_count == s->reset_count ? "goes on in the same boot" : "booted since the last time");
	c->goes_on = c->result->checks[IMA_CHECK_CLOCK].status != IMA_CHECK_FAIL && !strcmp(s->ak, c->result->ak) &&
		     q->reset_count == s->reset_count;
}

static int check_with(struct ima_checking *c, const struct ima_ak *k)
{
	enum ima_hash_algo algo = IMA_HASH_SHA256;
	struct ima_diag diag = { 0 };
	bool is_signed;
	int r = check_ak(c, k);

	if (r < 0)
		return r;
	is_signed = check_signature(c, k, &algo);
	if (ima_quote_parse(c->evidence->attest, &c->quote, &diag) < 0) {
		ima_checked(c, IMA_CHECK_QUOTE, IMA_CHECK_FAIL, "%s", diag.text);
		return 0;
	}
	c->result->has_quote = true;
	c->result->clock = c->quote.clock;
	c->result->firmware = c->quote.firmware;
	c->result->reset_count = c->quote.reset_count;
	c->result->restart_count = c->quote.restart_count;
	ima_checked(c, IMA_CHECK_QUOTE, IMA_CHECK_PASS, "made by a TPM, firmware %016llx", (unsigned long long)c->quote.firmware);
	check_nonce(c);
	check_selection(c);
	check_digest(c, algo, is_signed);
	check_clock(c);
	return 0;
}

int ima_check_quote(struct ima_checking *c)
{
	struct ima_known_ak found = { 0 };
	int r = find_ak(c, &found);

	c->ak_is_trusted = found.is_trusted;
	if (r == 0 && found.ak)
		r = check_with(c, found.ak);
	ima_known_ak_done(&found);
	return r;
}
