/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list: replayed to the quoted values while every record is judged. What a record is worth by itself was found on any thread; here, in the
 * list's order, it is counted and what is not plainly good is kept.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "core/attest/verify.h"

/* of one record whose digest is that of its data, as the cache of records keeps it */
struct kept {
	struct ima_entry entry;
	uint32_t pcr;
	bool violation;
	uint8_t own_algo;
	uint8_t n_banks, digest_len;
	uint8_t sha1[20];
	uint8_t digest[IMA_PCR_MAX_BANKS][IMA_DIGEST_MAX]; /* n_banks of them */
};

#define SAMPLE 16 /* bytes of a template digest */

static_assert(IMA_REPLAY_AHEAD <= IMA_CACHE_AHEAD, "a row of records is prepared at once");

struct listing {
	struct ima_checking *c;
	struct ima_pcrs targets;
	uint8_t head[IMA_PCR_MAX_BANKS + 2]; /* banks: part of a record's key, as the digests depend on them */
	size_t head_len;
	uint64_t n;
	struct ima_digest boot_aggregate;
	bool first_is_boot_aggregate;
	int error;
};

/* length and bytes of what comes next, right behind the end of @before */
static bool follows(const uint8_t *before, struct ima_bytes b)
{
	uint32_t len;

	if (b.data != before + 4)
		return false;
	memcpy(&len, before, 4);
	return le32toh(len) == b.len;
}

/*
 * A record that stands in one piece, as binary lists have it, is one part: template digest, name and data with their lengths. Its digest stands for it in the
 * table, as only records are kept whose digest is that of their data; violations have none.
 */
static void make_key(const struct listing *l, const struct ima_record *rec, struct ima_cache_key *ret)
{
	const uint8_t *name_at = rec->digest.data + rec->digest.len, *data_at = rec->name.data + rec->name.len;
	const struct ima_bytes head = { l->head, l->head_len };

	*ret = (struct ima_cache_key){ 0 };
	if (rec->digest.len >= SAMPLE && !ima_record_is_violation(rec))
		ret->sample = (struct ima_bytes){ rec->digest.data, SAMPLE };
	if (follows(name_at, rec->name) && follows(data_at, rec->data)) {
		ret->part[0] = (struct ima_bytes){ rec->digest.data, (size_t)(rec->data.data + rec->data.len - rec->digest.data) };
		ret->part[1] = head;
	} else {
		ret->part[0] = rec->data;
		ret->part[1] = rec->digest;
		ret->part[2] = rec->name;
		ret->part[3] = head;
	}
}

static void foresee(void *user, const struct ima_record *recs, size_t n, struct ima_replay_mark *marks)
{
	const struct listing *l = user;
	struct ima_cache_key keys[IMA_REPLAY_AHEAD];

	for (size_t i = 0; i < n; i++)
		make_key(l, &recs[i], &keys[i]);
	ima_cache_prepare(l->c->v->records, keys, n);
	for (size_t i = 0; i < n; i++)
		marks[i].word[0] = keys[i].hash;
}

static int recall(void *user, const struct ima_record *rec, const struct ima_template *t, struct ima_replay_step *step,
		  struct ima_replay_mark *mark)
{
	const struct listing *l = user;
	struct ima_cache_key key;
	const struct kept *k;

	make_key(l, rec, &key);
	key.hash = mark->word[0];
	k = ima_cache_find(l->c->v->records, &key);
	if (!k || k->pcr != rec->pcr || k->digest_len != rec->digest.len)
		return 0;
	step->pcr = k->pcr;
	step->violation = k->violation;
	step->bad = step->unhashed = false;
	step->own_algo = (enum ima_hash_algo)k->own_algo;
	memcpy(step->sha1, k->sha1, sizeof(step->sha1));
	memcpy(step->digest, k->digest, k->n_banks * sizeof(k->digest[0]));
	memcpy(mark, &k->entry, sizeof(*mark));
	return 1;
}

static void keep(struct listing *l, const struct ima_record *rec, const struct ima_replay_step *step, const struct ima_entry *e)
{
	struct ima_cache_key key;
	struct kept k = { .entry = *e, .pcr = step->pcr, .violation = step->violation, .own_algo = (uint8_t)step->own_algo,
			  .n_banks = (uint8_t)l->targets.n_banks, .digest_len = (uint8_t)rec->digest.len };

	memcpy(k.sha1, step->sha1, sizeof(k.sha1));
	memcpy(k.digest, step->digest, k.n_banks * sizeof(k.digest[0]));
	make_key(l, rec, &key);
	ima_cache_hash(l->c->v->records, &key);
	ima_cache_add(l->c->v->records, &key, &k, offsetof(struct kept, digest) + k.n_banks * sizeof(k.digest[0]));
}

static int judge(void *user, struct ima_hasher *h, const struct ima_record *rec, const struct ima_template *t,
		 const struct ima_replay_step *step, struct ima_replay_mark *mark)
{
	struct listing *l = user;
	struct ima_entry e;
	int r = ima_entry_judge(l->c->v, h, rec, t, step, &e);

	if (r < 0)
		return r;
	memcpy(mark, &e, sizeof(*mark));
	if (l->c->v->records && !step->bad)
		keep(l, rec, step, &e);
	return 0;
}

/* for people and terminals: what is not plain UTF-8 text becomes a question mark */
static char *printable(struct ima_bytes name)
{
	const size_t len = name.len < IMA_FINDING_NAME_MAX ? name.len : IMA_FINDING_NAME_MAX;
	char *s = malloc(len + 1);
	size_t i = 0;

	while (s && i < len) {
		const uint8_t c = name.data[i];
		const size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
		bool ok = n && i + n <= len && (n > 1 || (c >= 0x20 && c != 0x7f));

		for (size_t k = 1; k < n && ok; k++)
			ok = (name.data[i + k] & 0xc0) == 0x80;
		/* overlong forms, surrogates, and what is above the last character */
		if (ok && n > 2)
			ok = !(c == 0xe0 && name.data[i + 1] < 0xa0) && !(c == 0xed && name.data[i + 1] > 0x9f) &&
			     !(c == 0xf0 && name.data[i + 1] < 0x90) && !(c == 0xf4 && name.data[i + 1] > 0x8f);
		/* controls of two bytes */
		if (ok && n == 2 && c == 0xc2 && name.data[i + 1] < 0xa0)
			ok = false;
		if (ok) {
			memcpy(s + i, name.data + i, n);
			i += n;
		} else {
			s[i++] = '?';
		}
	}
	if (s)
		s[len] = 0;
	return s;
}

static int add_finding(struct ima_attestation *a, const struct ima_attest_entry *e, bool tolerated)
{
	struct ima_attest_finding *more;

	a->n_findings_all++;
	if (a->n_findings == IMA_FINDINGS_MAX)
		return 0;
	if (!(a->n_findings & (a->n_findings - 1))) {
		more = reallocarray(a->findings, a->n_findings ? 2 * a->n_findings : 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		a->findings = more;
	}
	more = &a->findings[a->n_findings];
	*more = (struct ima_attest_finding){
		.number = e->number, .position = e->position, .pcr = e->pcr, .verdict = e->verdict, .tolerated = tolerated,
		.name = printable(e->name), .digest = e->digest, .signature = e->signature, .keyid = e->keyid,
		.has_reference = e->has_reference, .reference = e->reference,
	};
	a->n_findings += more->name != NULL;
	return more->name ? 0 : -ENOMEM;
}

/* which check a bad record fails */
static enum ima_check check_of(enum ima_entry_verdict v)
{
	switch (v) {
	case IMA_ENTRY_UNKNOWN_KEY:
		return IMA_CHECK_KEYS;
	case IMA_ENTRY_UNKNOWN_BUFFER:
	case IMA_ENTRY_BAD_BUFFER:
		return IMA_CHECK_BUFFERS;
	case IMA_ENTRY_UNKNOWN_POLICY:
		return IMA_CHECK_POLICY;
	case IMA_ENTRY_BAD_DIGEST:
	case IMA_ENTRY_FOREIGN_PCR:
	case IMA_ENTRY_MALFORMED:
		return IMA_CHECK_LIST;
	case IMA_ENTRY_UNSIGNED:
	case IMA_ENTRY_BAD_SIGNATURE:
		return IMA_CHECK_FILE_SIGNATURES;
	default:
		return IMA_CHECK_FILES;
	}
}

static void count_bad(struct ima_checking *c, enum ima_check check, uint64_t number)
{
	if (!c->n_bad[check]++)
		c->first_bad[check] = number;
}

static void take_boot_aggregate(struct listing *l, const struct ima_attest_entry *e)
{
	if (l->n == 1 && !l->c->evidence->first_entry)
		l->first_is_boot_aggregate = true;
	if (!l->boot_aggregate.len)
		l->boot_aggregate = e->digest;
	else if (l->boot_aggregate.algo != e->digest.algo || memcmp(l->boot_aggregate.data, e->digest.data, e->digest.len))
		l->c->n_unmatched_aggregates++;
}

static int weigh(struct listing *l, const struct ima_attest_entry *e, bool is_policy)
{
	struct ima_checking *c = l->c;
	struct ima_attestation *a = c->result;
	const enum ima_entry_verdict v = e->verdict;

	a->n[v]++;
	c->n_policies += is_policy;
	if (v == IMA_ENTRY_BOOT_AGGREGATE)
		take_boot_aggregate(l, e);
	if (v == IMA_ENTRY_VIOLATION) {
		const bool tolerated = ima_paths_has(c->v->rules.violation_paths, e->name);

		a->n_violations_counted += !tolerated;
		return add_finding(a, e, tolerated || a->n_violations_counted <= c->v->rules.max_violations);
	}
	if (v == IMA_ENTRY_GAP) {
		a->n_gaps_counted++;
		return add_finding(a, e, a->n_gaps_counted <= c->v->rules.max_gaps);
	}
	if (ima_entry_is_good(v))
		return 0;
	count_bad(c, check_of(v), e->number);
	return add_finding(a, e, false);
}

static struct ima_bytes label_of(const struct ima_template *t, const struct ima_bytes fields[IMA_TEMPLATE_MAX_FIELDS])
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i] == IMA_FIELD_SIG)
			return fields[i];
	return (struct ima_bytes){ 0 };
}

static int take_whole(struct listing *l, const struct ima_record *rec, const struct ima_template *t, uint64_t position, const struct ima_entry *found)
{
	struct ima_checking *c = l->c;
	struct ima_bytes fields[IMA_TEMPLATE_MAX_FIELDS];
	struct ima_attest_entry e = {
		.number = c->evidence->first_entry + l->n, .position = position, .pcr = rec->pcr, .templ = t,
		.verdict = (enum ima_entry_verdict)found->verdict, .signature = (enum ima_sig_verdict)found->signature, .keyid = found->keyid,
		.has_reference = found->has_reference, .reference = found->reference,
	};
	int r;

	/* a record that has none keeps an empty name */
	if (ima_entry_fields(t, rec->data, &e.name, &e.digest, fields) == 0)
		e.label = label_of(t, fields);
	r = weigh(l, &e, found->is_policy);
	if (r == 0 && c->question->visit)
		r = c->question->visit(c->question->user, &e);
	if (r < 0)
		l->error = r;
	return r;
}

/* most are good, and only counted */
static int take(void *user, const struct ima_record *rec, const struct ima_template *t, const struct ima_replay_step *step,
		const struct ima_replay_mark *mark)
{
	struct listing *l = user;
	struct ima_entry found;

	memcpy(&found, mark, sizeof(found));
	l->n++;
	if (found.verdict < IMA_ENTRY_KNOWN || found.verdict > IMA_ENTRY_EXCLUDED || found.is_policy || l->c->question->visit)
		return take_whole(l, rec, t, step->position, &found);
	l->c->result->n[found.verdict]++;
	return 0;
}

/* the values to reach: what the list's PCRs hold in every quoted bank that the rules accept */
static void find_targets(struct listing *l)
{
	const struct ima_checking *c = l->c;

	for (size_t i = 0; i < c->values.n_banks; i++) {
		const struct ima_pcr_bank *b = &c->values.banks[i];

		if (!(c->v->rules.banks >> b->algo & 1) || (b->known & c->v->rules.pcrs) != c->v->rules.pcrs)
			continue;
		l->targets.banks[l->targets.n_banks] = *b;
		l->targets.banks[l->targets.n_banks].known &= c->v->rules.pcrs;
		l->head[l->targets.n_banks++] = (uint8_t)b->algo;
	}
	l->head_len = l->targets.n_banks;
}

static void check_list(struct ima_checking *c, const struct listing *l, int error, const struct ima_diag *diag)
{
	if (error == -EBADMSG) {
		ima_checked(c, IMA_CHECK_LIST, IMA_CHECK_FAIL, "after entry %llu, at %s %llu: %.120s",
			    (unsigned long long)(c->evidence->first_entry + l->n), diag->line ? "line" : "byte",
			    (unsigned long long)(diag->line ? diag->line : diag->offset), diag->text);
		return;
	}
	if (c->n_bad[IMA_CHECK_LIST])
		ima_checked(c, IMA_CHECK_LIST, IMA_CHECK_FAIL, "%llu records are damaged or of another PCR, the first is entry %llu",
			    (unsigned long long)c->n_bad[IMA_CHECK_LIST], (unsigned long long)c->first_bad[IMA_CHECK_LIST]);
	else if (!l->n && !c->evidence->first_entry)
		ima_checked(c, IMA_CHECK_LIST, IMA_CHECK_FAIL, "the list is empty: nothing was measured");
	else
		ima_checked(c, IMA_CHECK_LIST, IMA_CHECK_PASS, "%llu entries, each digest is that of its data", (unsigned long long)l->n);
}

static const struct ima_replay_pcr *pcr_of(const struct ima_replay_result *res, enum ima_hash_algo algo, unsigned int pcr)
{
	for (size_t i = 0; i < res->n_pcrs; i++)
		if (res->pcrs[i].algo == algo && res->pcrs[i].pcr == pcr)
			return &res->pcrs[i];
	return NULL;
}

struct reached {
	uint64_t at;      /* records: where all PCRs of all banks had their quoted value */
	bool all, padded, never_extended;
};

/* of several PCRs: does a record come after the one's quoted value that the others' say was there already? */
static bool is_one_moment(const struct listing *l, const struct ima_replay_result *res, uint64_t at)
{
	const struct ima_evidence *e = l->c->evidence;
	struct ima_list_reader *in = NULL;
	const struct ima_template *t;
	struct ima_record rec;
	bool good = ima_list_reader_new_bytes(e->list, &e->list_opts, &in) == 0;

	for (uint64_t n = 1; n <= at && good; n++) {
		good = ima_list_reader_next(in, &rec, &t, NULL) == 1;
		for (size_t i = 0; i < res->n_pcrs && good; i++)
			good = !res->pcrs[i].has_target || res->pcrs[i].pcr != rec.pcr || n <= res->pcrs[i].matched_at;
	}
	ima_list_reader_free(in);
	return good;
}

/* all quoted values have to belong to one moment: the last place among those of the PCRs */
static void look_for(const struct listing *l, const struct ima_replay_result *res, struct reached *r)
{
	*r = (struct reached){ .all = l->targets.n_banks > 0 };
	for (size_t b = 0; b < l->targets.n_banks; b++) {
		const struct ima_pcr_bank *bank = &l->targets.banks[b];

		for (unsigned int p = 0; p < IMA_PCR_COUNT; p++) {
			const struct ima_replay_pcr *pcr;

			if (!(bank->known >> p & 1))
				continue;
			pcr = pcr_of(res, bank->algo, p);
			r->all &= pcr && pcr->matched;
			r->padded |= pcr && pcr->padded;
			r->never_extended |= p == IMA_PCR_DEFAULT && ima_is_zero(bank->value[p], ima_hash_len(bank->algo));
			if (pcr && pcr->matched && pcr->matched_at > r->at)
				r->at = pcr->matched_at;
		}
	}
}

static void check_replay(struct ima_checking *c, const struct listing *l, const struct ima_replay_result *res)
{
	struct reached r;

	if (!l->targets.n_banks || !c->values_hold) {
		ima_checked(c, IMA_CHECK_REPLAY, c->result->has_quote ? IMA_CHECK_FAIL : IMA_CHECK_UNABLE,
			    "there are no quoted values that the list could lead to");
		return;
	}
	look_for(l, res, &r);
	c->result->bank = l->targets.banks[0].algo;
	if (res->uncomputable)
		ima_checked(c, IMA_CHECK_REPLAY, IMA_CHECK_UNABLE, "this system's crypto library lacks the algorithm of a bank");
	else if (r.never_extended && (c->v->rules.pcrs >> IMA_PCR_DEFAULT & 1))
		ima_checked(c, IMA_CHECK_REPLAY, IMA_CHECK_FAIL, "PCR 10 was never extended: the list is not anchored");
	else if (!r.all)
		ima_checked(c, IMA_CHECK_REPLAY, IMA_CHECK_FAIL, "no part of the list leads to the quoted value: records are missing, added, changed or in another order");
	else if ((c->v->rules.pcrs & (c->v->rules.pcrs - 1)) && !is_one_moment(l, res, r.at))
		ima_checked(c, IMA_CHECK_REPLAY, IMA_CHECK_FAIL, "the quoted values belong to different places of the list");
	else if (r.padded)
		ima_checked(c, IMA_CHECK_REPLAY, IMA_CHECK_FAIL, "the bank was extended with padded sha1 digests: its strength is that of sha1");
	else
		ima_checked(c, IMA_CHECK_REPLAY, IMA_CHECK_PASS, "entry %llu leads to the quoted value in %zu bank%s",
			    (unsigned long long)(c->evidence->first_entry + r.at), l->targets.n_banks, l->targets.n_banks == 1 ? "" : "s");
	c->result->n_quoted = r.all ? r.at : 0;
}

static void check_tail(struct ima_checking *c)
{
	const uint64_t tail = c->result->n_entries - c->result->n_quoted;

	if (c->result->checks[IMA_CHECK_REPLAY].status != IMA_CHECK_PASS)
		return;
	if (c->v->rules.limit_tail && tail > c->v->rules.max_tail)
		ima_checked(c, IMA_CHECK_TAIL, IMA_CHECK_FAIL, "%llu records after the quoted ones, %llu are tolerated", (unsigned long long)tail,
			    (unsigned long long)c->v->rules.max_tail);
	else
		ima_checked(c, IMA_CHECK_TAIL, IMA_CHECK_PASS, "%llu records after the quoted ones, judged as the others", (unsigned long long)tail);
}

/* a check over records: fails by number; passes only when the whole list could be read */
static void check_records(struct ima_checking *c, enum ima_check check, bool whole, const char *what, uint64_t n)
{
	if (c->n_bad[check])
		ima_checked(c, check, IMA_CHECK_FAIL, "%llu %s refused, the first is entry %llu", (unsigned long long)c->n_bad[check],
			    what, (unsigned long long)c->first_bad[check]);
	else if (!whole)
		ima_checked(c, check, IMA_CHECK_UNABLE, "the list could not be read to its end");
	else
		ima_checked(c, check, IMA_CHECK_PASS, "%llu %s", (unsigned long long)n, what);
}

static void check_counts(struct ima_checking *c, bool whole)
{
	const struct ima_attestation *a = c->result;
	const struct ima_attest_rules *r = &c->v->rules;

	if (a->n_violations_counted > r->max_violations)
		ima_checked(c, IMA_CHECK_VIOLATIONS, IMA_CHECK_FAIL, "%llu violations, %llu are tolerated",
			    (unsigned long long)a->n_violations_counted, (unsigned long long)r->max_violations);
	else if (whole)
		ima_checked(c, IMA_CHECK_VIOLATIONS, IMA_CHECK_PASS, "%llu violations", (unsigned long long)a->n[IMA_ENTRY_VIOLATION]);
	if (a->n_gaps_counted > r->max_gaps)
		ima_checked(c, IMA_CHECK_GAPS, IMA_CHECK_FAIL, "%llu times without measurement, %llu are tolerated",
			    (unsigned long long)a->n_gaps_counted, (unsigned long long)r->max_gaps);
	else if (whole)
		ima_checked(c, IMA_CHECK_GAPS, IMA_CHECK_PASS, "%llu times without measurement", (unsigned long long)a->n[IMA_ENTRY_GAP]);
}

static void check_entries(struct ima_checking *c, bool whole)
{
	const struct ima_attestation *a = c->result;
	const bool asks_signatures = c->v->rules.signatures == IMA_SIGNATURES_REQUIRE || ima_keyring_n_keys(c->v->opts.keys);
	const bool can_judge = c->v->opts.reference || ima_keyring_n_keys(c->v->opts.keys) || ima_paths_size(c->v->rules.excludes);

	if (!can_judge)
		ima_checked(c, IMA_CHECK_FILES, IMA_CHECK_UNABLE, "there are neither reference values nor keys");
	else
		check_records(c, IMA_CHECK_FILES, whole, "files", a->n[IMA_ENTRY_KNOWN] + a->n[IMA_ENTRY_SIGNED] + a->n[IMA_ENTRY_EXCLUDED] + c->n_bad[IMA_CHECK_FILES]);
	if (asks_signatures && c->v->rules.signatures != IMA_SIGNATURES_IGNORE)
		check_records(c, IMA_CHECK_FILE_SIGNATURES, whole, "signatures", a->n[IMA_ENTRY_SIGNED] + c->n_bad[IMA_CHECK_FILE_SIGNATURES]);
	else
		ima_checked(c, IMA_CHECK_FILE_SIGNATURES, IMA_CHECK_SKIPPED, "no signature is asked for");
	check_records(c, IMA_CHECK_KEYS, whole, "keys", c->n_bad[IMA_CHECK_KEYS]);
	check_records(c, IMA_CHECK_BUFFERS, whole, "buffers", c->n_bad[IMA_CHECK_BUFFERS]);
	check_records(c, IMA_CHECK_POLICY, whole, "policies", c->n_policies);
	check_counts(c, whole);
}

/* 1 the list may be replayed, 0 not */
static int find_start(struct ima_checking *c, const struct ima_pcrs **ret)
{
	const struct ima_attest_state *s = c->question->state;

	*ret = NULL;
	if (!c->evidence->first_entry)
		return 1;
	if (!s || !s->known)
		ima_checked(c, IMA_CHECK_LIST, IMA_CHECK_FAIL, "the list begins after entry %llu, and nothing is known of those before",
			    (unsigned long long)c->evidence->first_entry);
	else if (!c->goes_on)
		ima_checked(c, IMA_CHECK_LIST, IMA_CHECK_FAIL, "the TPM was reset since the last time, or it is another: the whole list is needed");
	else if (c->evidence->first_entry != s->n_entries)
		ima_checked(c, IMA_CHECK_LIST, IMA_CHECK_FAIL, "the list begins after entry %llu; %llu are known", (unsigned long long)c->evidence->first_entry,
			    (unsigned long long)s->n_entries);
	else {
		*ret = &s->pcrs;
		c->result->n_violations_counted = s->n_violations;
		c->result->n_gaps_counted = s->n_gaps;
		return 1;
	}
	return 0;
}

static int replay(struct listing *l, const struct ima_pcrs *start, struct ima_replay_result *res, struct ima_diag *diag)
{
	struct ima_checking *c = l->c;
	const struct ima_replay_visitor visitor = { .foresee = c->v->records ? foresee : NULL, .recall = c->v->records ? recall : NULL, .judge = judge, .take = take, .user = l };
	struct ima_replay_run run = { .targets = &l->targets, .start = start, .n_threads = c->v->opts.n_threads, .h = c->h,
				      .visitor = &visitor };
	int r = ima_list_reader_new_bytes(c->evidence->list, &c->evidence->list_opts, &run.in);

	if (r < 0)
		return r;
	r = ima_replay_run(&run, res, diag);
	ima_list_reader_free(run.in);
	/* -EBADMSG is the list's; the visitor's own errors are the caller's */
	return l->error ? l->error : r;
}

int ima_check_list(struct ima_checking *c)
{
	struct ima_replay_result *res;
	struct listing l = { .c = c };
	const struct ima_pcrs *start;
	struct ima_diag diag = { 0 };
	int r;

	if (!find_start(c, &start))
		return 0;
	res = calloc(1, sizeof(*res));
	if (!res)
		return -ENOMEM;
	find_targets(&l);
	r = replay(&l, start, res, &diag);
	if (r == 0 || (r == -EBADMSG && !l.error)) {
		const bool whole = r == 0;

		c->result->n_entries = l.n;
		c->result->boot_aggregate = l.boot_aggregate;
		check_list(c, &l, r, &diag);
		if (res->n_deleted)
			ima_checked(c, IMA_CHECK_LIST, IMA_CHECK_FAIL, "%llu records were deleted before the first one that was sent",
				    (unsigned long long)res->n_deleted);
		check_replay(c, &l, res);
		check_tail(c);
		check_entries(c, whole);
		if (!l.first_is_boot_aggregate && !c->evidence->first_entry && l.n)
			ima_checked(c, IMA_CHECK_BOOT_AGGREGATE, IMA_CHECK_FAIL, "the first record is no boot aggregate");
		r = 0;
	}
	free(res);
	return r;
}
