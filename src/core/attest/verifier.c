/* SPDX-License-Identifier: BSD-2-Clause */
/* The verifier: defaults, and one evidence through all checks. Nothing is trusted unless every check that is asked for has passed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "core/attest/verify.h"

#define SIGNATURE_CACHE (64U << 20)

static void fill_defaults(struct ima_verifier *v)
{
	static const struct ima_attest_rules none;
	struct ima_attest_rules *r = &v->rules;

	*r = v->opts.rules ? *v->opts.rules : none;
	if (!r->algorithms)
		r->algorithms = 1U << IMA_HASH_SHA256 | 1U << IMA_HASH_SHA384 | 1U << IMA_HASH_SHA512 | 1U << IMA_HASH_SHA3_256 |
				1U << IMA_HASH_SHA3_384 | 1U << IMA_HASH_SHA3_512 | 1U << IMA_HASH_SM3;
	if (!r->banks)
		r->banks = r->algorithms;
	if (!r->pcrs)
		r->pcrs = 1U << IMA_PCR_DEFAULT;
	if (!r->min_rsa_bits)
		r->min_rsa_bits = 2048;
	if (!r->min_ec_bits)
		r->min_ec_bits = 256;
	if (!v->opts.now)
		v->opts.now = time(NULL);
}

int ima_verifier_new(const struct ima_verifier_opts *opts, struct ima_verifier **ret)
{
	static const struct ima_verifier_opts defaults;
	struct ima_verifier *v;
	int r;

	if (memcmp(opts->reserved, defaults.reserved, sizeof(opts->reserved)))
		return -EINVAL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->opts = *opts;
	fill_defaults(v);
	r = ima_cache_new(SIGNATURE_CACHE, &v->signatures);
	if (r == 0)
		r = ima_known_aks_new(opts->aks, opts->n_aks, &v->aks);
	if (r == 0 && opts->cache_bytes)
		r = ima_cache_new(opts->cache_bytes, &v->records);
	if (r < 0) {
		ima_verifier_free(v);
		return r;
	}
	*ret = v;
	return 0;
}

struct ima_verifier *ima_verifier_free(struct ima_verifier *v)
{
	if (v) {
		ima_cache_free(v->records);
		ima_cache_free(v->signatures);
		ima_known_aks_free(v->aks);
		free(v);
	}
	return NULL;
}

int ima_verifier_fingerprint(struct ima_verifier *v, struct ima_bytes ak, char ret[65])
{
	struct ima_known_ak found = { 0 };
	const int r = ima_known_aks_get(v->aks, ak, &found, NULL);

	if (r == 0)
		ima_ak_fingerprint(found.ak, ret);
	ima_known_ak_done(&found);
	return r;
}

/* before anything ran: what the rules leave out is skipped, all else could not be made */
static void begin(struct ima_checking *c)
{
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++) {
		struct ima_check_result *r = &c->result->checks[i];

		r->status = c->v->rules.skip[i] ? IMA_CHECK_SKIPPED : IMA_CHECK_UNABLE;
		snprintf(r->text, sizeof(r->text), "%s", c->v->rules.skip[i] ? "left out by the rules" : "not reached: an earlier check failed");
	}
	if (c->evidence->archive_checked)
		ima_checked(c, IMA_CHECK_ARCHIVE, IMA_CHECK_PASS, "every part is what the manifest says");
	else
		ima_checked(c, IMA_CHECK_ARCHIVE, IMA_CHECK_SKIPPED, "the parts did not come as an archive");
}

static void conclude(struct ima_checking *c)
{
	unsigned int failed = 0, unable = 0;

	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++) {
		failed += c->result->checks[i].status == IMA_CHECK_FAIL;
		unable += c->result->checks[i].status == IMA_CHECK_UNABLE;
	}
	c->result->verdict = failed ? IMA_ATTEST_REFUSED : unable ? IMA_ATTEST_UNABLE : IMA_ATTEST_TRUSTED;
}

static bool has_text(const struct ima_paths *p, const char *path)
{
	return ima_paths_has(p, (struct ima_bytes){ (const uint8_t *)path, strlen(path) });
}

static void keep_state(const struct ima_checking *c, struct ima_attest_state *ret)
{
	const struct ima_attestation *a = c->result;
	struct ima_attest_state s = {
		.known = true, .clock = a->clock, .reset_count = a->reset_count, .restart_count = a->restart_count,
		.n_entries = a->first_entry + a->n_quoted, .pcrs = a->pcrs, .boot_aggregate = a->boot_aggregate,
	};
	struct ima_digest d = { 0 };

	s.n_violations = a->n_violations_counted;
	s.n_gaps = a->n_gaps_counted;
	/* the tail is sent again next time */
	for (size_t i = 0; i < a->n_findings; i++) {
		const struct ima_attest_finding *f = &a->findings[i];

		if (f->number <= s.n_entries)
			continue;
		s.n_violations -= f->verdict == IMA_ENTRY_VIOLATION && !has_text(c->v->rules.violation_paths, f->name);
		s.n_gaps -= f->verdict == IMA_ENTRY_GAP;
	}
	memcpy(s.ak, a->ak, sizeof(s.ak));
	if (ima_hash_bytes(c->h, IMA_HASH_SHA256, c->quote.nonce, &d) == 0)
		memcpy(s.nonce, d.data, sizeof(s.nonce));
	*ret = s;
}

int ima_verifier_check(struct ima_verifier *v, const struct ima_evidence *evidence,
		       const struct ima_attest_question *question, struct ima_attestation *ret,
		       struct ima_attest_state *ret_state)
{
	struct ima_checking c = { .v = v, .evidence = evidence, .question = question, .result = ret, .h = question->h };
	struct ima_hasher *own = NULL;
	int r = 0;

	*ret = (struct ima_attestation){ .bank = IMA_HASH__LAST, .first_entry = evidence->first_entry };
	begin(&c);
	if (!c.h)
		r = ima_hasher_new(&own);
	c.h = c.h ? c.h : own;
	if (r == 0)
		r = ima_check_quote(&c);
	if (r == 0)
		r = ima_check_list(&c);
	if (r == 0)
		r = ima_check_boot(&c);
	if (r == 0) {
		conclude(&c);
		if (ret_state && ret->verdict == IMA_ATTEST_TRUSTED)
			keep_state(&c, ret_state);
	}
	ima_hasher_free(own);
	return r;
}
