/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One record by itself: what kind it is, and whether reference values, keys and rules allow it. Looks at nothing but the record and the verifier, so
 * that threads do it in any order and what was found may be kept.
 */
#include <errno.h>
#include <string.h>

#include "base/mix.h"
#include "base/reader.h"
#include "core/attest/verify.h"
#include "core/sig/key.h"

struct subject {
	struct ima_verifier *v;
	struct ima_hasher *h;
	const struct ima_record *rec;
	const struct ima_template *t;
	struct ima_bytes name, buf, sig;
	bool has_buf;
	struct ima_digest digest;
	struct ima_entry *e;
};

static bool is_text(struct ima_bytes b, const char *text)
{
	return b.len == strlen(text) && !memcmp(b.data, text, b.len);
}

bool ima_entry_is_boot_aggregate(struct ima_bytes name)
{
	return is_text(name, "boot_aggregate") || is_text(name, "boot_aggregate_late");
}

/* "sha256:" NUL digest, or "ima:sha256:" NUL digest; the bare digest of template ima is sha1 or md5 */
static int read_digest(enum ima_field f, struct ima_bytes b, struct ima_digest *ret)
{
	const uint8_t *nul = b.len ? memchr(b.data, 0, b.len) : NULL;
	struct ima_digest d = { 0 };
	const char *name = (const char *)b.data;
	size_t len;

	if (f == IMA_FIELD_D) {
		d.algo = b.len == 16 ? IMA_HASH_MD5 : IMA_HASH_SHA1;
		d.len = ima_hash_len(d.algo);
		if (b.len != d.len)
			return -EBADMSG;
		memcpy(d.data, b.data, d.len);
		*ret = d;
		return 0;
	}
	if (!nul || nul == b.data || nul[-1] != ':')
		return -EBADMSG;
	len = (size_t)(nul - b.data) - 1;
	if (f == IMA_FIELD_D_NGV2) {
		const char *colon = memchr(name, ':', len);

		if (!colon)
			return -EBADMSG;
		len -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	if (ima_hash_by_name(name, len, &d.algo) < 0)
		return -EBADMSG;
	d.len = ima_hash_len(d.algo);
	if ((size_t)(b.data + b.len - nul - 1) != d.len)
		return -EBADMSG;
	memcpy(d.data, nul + 1, d.len);
	*ret = d;
	return 0;
}

/* the name: one NUL, at its end */
static int read_name(struct ima_bytes b, struct ima_bytes *ret)
{
	if (!b.len || memchr(b.data, 0, b.len) != b.data + b.len - 1)
		return -EBADMSG;
	*ret = (struct ima_bytes){ b.data, b.len - 1 };
	return 0;
}

int ima_entry_fields(const struct ima_template *t, struct ima_bytes data, struct ima_bytes *ret_name,
		     struct ima_digest *ret_digest, struct ima_bytes fields[IMA_TEMPLATE_MAX_FIELDS])
{
	bool has_name = false, has_digest = false;
	int r = ima_template_split(t, data, fields);

	for (size_t i = 0; i < t->n_fields && r == 0; i++) {
		const enum ima_field f = t->fields[i];

		if ((f == IMA_FIELD_N_NG || f == IMA_FIELD_N) && !has_name) {
			r = read_name(fields[i], ret_name);
			has_name = true;
		} else if ((f == IMA_FIELD_D || f == IMA_FIELD_D_NG || f == IMA_FIELD_D_NGV2) && !has_digest) {
			r = read_digest(f, fields[i], ret_digest);
			has_digest = true;
		}
	}
	return r < 0 ? r : has_name && has_digest ? 0 : -EBADMSG;
}

static int set(struct subject *s, enum ima_entry_verdict v)
{
	s->e->verdict = (uint8_t)v;
	return 0;
}

static enum ima_reference_answer ask(struct subject *s, const struct ima_reference *ref)
{
	uint32_t index = 0;
	enum ima_reference_answer a;

	if (!ref)
		return IMA_REFERENCE_UNKNOWN;
	a = ima_reference_find(ref, s->name, &s->digest, s->v->opts.now, &index);
	if (a != IMA_REFERENCE_UNKNOWN && ref == s->v->opts.reference) {
		s->e->has_reference = true;
		s->e->reference = index;
	}
	return a;
}

static bool is_known(struct subject *s)
{
	const struct ima_reference *ref = s->v->opts.reference;

	s->e->has_reference = ref && ima_reference_is_match(ref, s->name, &s->digest, s->v->opts.now, &s->e->reference);
	return s->e->has_reference;
}

static bool is_allowed_by(struct subject *s, const struct ima_reference *list)
{
	return ask(s, list) == IMA_REFERENCE_MATCH || ask(s, s->v->opts.reference) == IMA_REFERENCE_MATCH;
}

static bool is_policy_buffer(struct ima_bytes name)
{
	return is_text(name, "ima_policy_written") || is_text(name, "ima_policy_loaded");
}

/* keyrings are named .ima, _ima, ..., and what is added to them is DER */
static bool is_key(const struct subject *s)
{
	return s->name.len && (s->name.data[0] == '.' || s->name.data[0] == '_') && s->buf.len > 2 && s->buf.data[0] == 0x30;
}

static int judge_buffer(struct subject *s)
{
	const struct ima_attest_rules *rules = &s->v->rules;
	struct ima_digest d;

	if (!ima_hasher_has(s->h, s->digest.algo))
		return set(s, IMA_ENTRY_BAD_BUFFER);
	if (ima_hash_bytes(s->h, s->digest.algo, s->buf, &d) < 0)
		return -EIO;
	if (d.len != s->digest.len || memcmp(d.data, s->digest.data, d.len))
		return set(s, IMA_ENTRY_BAD_BUFFER);
	if (is_policy_buffer(s->name)) {
		s->e->is_policy = true;
		return set(s, rules->any_policy || is_allowed_by(s, rules->policies) ? IMA_ENTRY_ALLOWED : IMA_ENTRY_UNKNOWN_POLICY);
	}
	if (is_key(s))
		return set(s, rules->any_key || is_allowed_by(s, rules->keys) ? IMA_ENTRY_ALLOWED : IMA_ENTRY_UNKNOWN_KEY);
	return set(s, rules->any_buffer || is_allowed_by(s, rules->buffers) ? IMA_ENTRY_ALLOWED : IMA_ENTRY_UNKNOWN_BUFFER);
}

static bool is_strong(const struct ima_attest_rules *rules, const struct ima_key *k)
{
	const char *name = ima_key_algorithm(k);
	unsigned long bits;

	if (!strncmp(name, "rsa", 3)) {
		bits = strtoul(name + 3, NULL, 10);
		return bits >= rules->min_rsa_bits;
	}
	bits = !strcmp(name, "secp384r1") ? 384 : !strcmp(name, "secp521r1") ? 521 : 256;
	return bits >= rules->min_ec_bits;
}

/* what was signed: the digest itself, or since version 3 the digest of type, algorithm and digest */
static enum ima_sig_verdict verify(struct subject *s, const struct ima_signature *sig)
{
	struct ima_digest what = s->digest;

	if (sig->type != IMA_XATTR_SIGNATURE && sig->type != IMA_XATTR_VERITY)
		return IMA_SIG_UNSUPPORTED;
	if (sig->algo != s->digest.algo)
		return IMA_SIG_BAD;
	if (sig->version == 3 && ima_signature_file_id(s->h, sig->type, &s->digest, &what) < 0)
		return IMA_SIG_UNCHECKED;
	if (sig->version != 3 && sig->type == IMA_XATTR_VERITY)
		return IMA_SIG_UNSUPPORTED;
	return ima_keyring_verify_as(s->v->opts.keys, ima_profile_number(s->v->rules.profile), sig, &what);
}

/* the same file is signed once and listed on many hosts: what was found of a signature of a digest is kept */
static enum ima_sig_verdict verify_cached(struct subject *s)
{
	struct ima_cache_key key = { .part = { s->sig, { s->digest.data, s->digest.len } } };
	enum ima_sig_verdict verdict = IMA_SIG_MALFORMED;
	const uint8_t algo = (uint8_t)s->digest.algo;
	struct ima_signature sig;
	const uint8_t *known;
	uint8_t value;
	const struct ima_key *k;

	if (ima_signature_parse(s->sig, &sig) < 0)
		return IMA_SIG_MALFORMED;
	s->e->keyid = sig.keyid;
	key.part[2] = (struct ima_bytes){ &algo, 1 };
	ima_cache_hash(s->v->signatures, &key);
	known = ima_cache_find(s->v->signatures, &key);
	if (known)
		return (enum ima_sig_verdict)*known;
	k = ima_keyring_find(s->v->opts.keys, sig.keyid);
	if (k && (!is_strong(&s->v->rules, k) || !(s->v->rules.algorithms >> sig.algo & 1)))
		verdict = IMA_SIG_NO_ALGORITHM;
	else
		verdict = verify(s, &sig);
	value = (uint8_t)verdict;
	if (verdict != IMA_SIG_UNCHECKED)
		ima_cache_add(s->v->signatures, &key, &value, 1);
	return verdict;
}

static int judge_signature(struct subject *s)
{
	const enum ima_sig_verdict v = verify_cached(s);

	s->e->signature = (uint8_t)v;
	if (v == IMA_SIG_UNCHECKED)
		return -EIO;
	return set(s, v == IMA_SIG_GOOD ? IMA_ENTRY_SIGNED : v == IMA_SIG_NO_ALGORITHM ? IMA_ENTRY_WEAK : IMA_ENTRY_BAD_SIGNATURE);
}

static enum ima_entry_verdict verdict_of(enum ima_reference_answer a)
{
	static const enum ima_entry_verdict verdicts[IMA_REFERENCE__LAST] = {
		[IMA_REFERENCE_UNKNOWN] = IMA_ENTRY_UNKNOWN, [IMA_REFERENCE_MATCH] = IMA_ENTRY_KNOWN,
		[IMA_REFERENCE_EXPIRED] = IMA_ENTRY_EXPIRED, [IMA_REFERENCE_CHANGED] = IMA_ENTRY_CHANGED,
		[IMA_REFERENCE_MOVED] = IMA_ENTRY_MOVED,
	};

	return verdicts[a];
}

/* a signature is asked for: it, and the reference value where there are such */
static int judge_required(struct subject *s, enum ima_reference_answer a)
{
	int r;

	if (!s->sig.len)
		return set(s, IMA_ENTRY_UNSIGNED);
	r = judge_signature(s);
	if (r == 0 && s->e->verdict == IMA_ENTRY_SIGNED && s->v->opts.reference && a != IMA_REFERENCE_MATCH)
		return set(s, verdict_of(a));
	return r;
}

static int judge_file(struct subject *s)
{
	const struct ima_attest_rules *rules = &s->v->rules;
	const bool strong = rules->algorithms >> s->digest.algo & 1;
	enum ima_reference_answer a;
	int r = 0;

	if (strong && rules->signatures != IMA_SIGNATURES_REQUIRE && is_known(s))
		return set(s, IMA_ENTRY_KNOWN);
	if (ima_paths_has(rules->excludes, s->name))
		return set(s, IMA_ENTRY_EXCLUDED);
	if (!strong)
		return set(s, IMA_ENTRY_WEAK);
	a = ask(s, s->v->opts.reference);
	if (rules->signatures == IMA_SIGNATURES_REQUIRE)
		return judge_required(s, a);
	if (s->sig.len && rules->signatures == IMA_SIGNATURES_ACCEPT && ima_keyring_n_keys(s->v->opts.keys))
		r = judge_signature(s);
	/* a key that is not ours says nothing: what the reference values say stands */
	if (r == 0 && (s->e->verdict == IMA_ENTRY_UNCHECKED || s->e->signature == IMA_SIG_NO_KEY))
		return set(s, verdict_of(a));
	return r;
}

static bool is_policy_file(const struct subject *s)
{
	return is_text(s->name, "/etc/ima/ima-policy") || ima_paths_has(s->v->rules.policy_paths, s->name);
}

static int judge_policy_file(struct subject *s)
{
	const struct ima_attest_rules *rules = &s->v->rules;
	int r;

	s->e->is_policy = true;
	if (rules->any_policy || ask(s, rules->policies) == IMA_REFERENCE_MATCH)
		return set(s, IMA_ENTRY_ALLOWED);
	r = judge_file(s);
	return r == 0 && (s->e->verdict == IMA_ENTRY_EXCLUDED || !ima_entry_is_good((enum ima_entry_verdict)s->e->verdict)) ?
		       set(s, IMA_ENTRY_UNKNOWN_POLICY) : r;
}

static void find_parts(struct subject *s, const struct ima_bytes fields[IMA_TEMPLATE_MAX_FIELDS])
{
	for (size_t i = 0; i < s->t->n_fields; i++) {
		if (s->t->fields[i] == IMA_FIELD_BUF) {
			s->buf = fields[i];
			s->has_buf = true;
		} else if (s->t->fields[i] == IMA_FIELD_SIG) {
			s->sig = fields[i];
		}
	}
}

int ima_entry_judge(struct ima_verifier *v, struct ima_hasher *h, const struct ima_record *rec, const struct ima_template *t,
		    const struct ima_replay_step *step, struct ima_entry *ret)
{
	struct ima_bytes fields[IMA_TEMPLATE_MAX_FIELDS];
	struct subject s = { .v = v, .h = h, .rec = rec, .t = t, .e = ret };
	const uint32_t pcrs = v->rules.pcrs;

	*ret = (struct ima_entry){ 0 };
	if (step->bad)
		return set(&s, IMA_ENTRY_BAD_DIGEST);
	if (rec->pcr >= IMA_PCR_COUNT || !(pcrs >> rec->pcr & 1))
		return set(&s, IMA_ENTRY_FOREIGN_PCR);
	if (ima_entry_fields(t, rec->data, &s.name, &s.digest, fields) < 0)
		return set(&s, IMA_ENTRY_MALFORMED);
	/* nothing hashes a violation's data: what can be said of it is checked */
	if (step->violation && !ima_is_zero(s.digest.data, s.digest.len))
		return set(&s, IMA_ENTRY_MALFORMED);
	if (step->violation)
		return set(&s, is_text(s.name, "imad_measurement_gap") ? IMA_ENTRY_GAP : IMA_ENTRY_VIOLATION);
	if (ima_entry_is_boot_aggregate(s.name))
		return set(&s, IMA_ENTRY_BOOT_AGGREGATE);
	find_parts(&s, fields);
	if (s.has_buf)
		return judge_buffer(&s);
	return is_policy_file(&s) ? judge_policy_file(&s) : judge_file(&s);
}
