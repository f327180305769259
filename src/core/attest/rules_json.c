/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules from JSON: one row a key. A key that is not known, or holds something else than it should, is refused by name: a rule that does nothing is worse than none. */
#include "core/attest/rules_json.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"

#define RULES_MAX (64U << 20) /* bytes */

struct parsing {
	struct ima_rules_file *f;
	const char *key; /* that is being read */
	struct ima_diag *diag;
};

static int refuse(struct parsing *p, const char *what)
{
	return ima_diag_set(p->diag, -EBADMSG, 0, 0, (struct ima_bytes){ (const uint8_t *)p->key, strlen(p->key) }, "%s", what);
}

static int take_number(struct parsing *p, const json_t *v, uint64_t max, uint64_t *ret)
{
	if (json_is_string(v) && !strcmp(json_string_value(v), "unlimited")) {
		*ret = IMA_UNLIMITED;
		return 0;
	}
	if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
		return refuse(p, "not a whole number in range");
	*ret = (uint64_t)json_integer_value(v);
	return 0;
}

static int take_bits(struct parsing *p, const json_t *v, unsigned int *ret)
{
	uint64_t n = 0;

	if (!json_is_integer(v) || take_number(p, v, 65536, &n) < 0 || !n)
		return refuse(p, "not a number of bits");
	*ret = (unsigned int)n;
	return 0;
}

static int take_paths(struct parsing *p, const json_t *v, struct ima_paths **owner, const struct ima_paths **ret)
{
	size_t i;
	json_t *one;
	int r = 0;

	if (!json_is_array(v))
		return refuse(p, "not a list of paths and globs");
	r = ima_paths_new(owner);
	json_array_foreach ((json_t *)ima_unconst(v), i, one) {
		if (r == 0 && (!json_is_string(one) || strlen(json_string_value(one)) != json_string_length(one)))
			r = refuse(p, "not a list of paths and globs");
		if (r == 0)
			r = ima_paths_add(*owner, json_string_value(one), p->diag);
	}
	*ret = *owner;
	return r == -EINVAL || r == -E2BIG ? -EBADMSG : r;
}

static int take_algorithms(struct parsing *p, const json_t *v, uint32_t *ret)
{
	enum ima_hash_algo algo;
	size_t i;
	json_t *one;

	if (!json_is_array(v) || !json_array_size(v))
		return refuse(p, "not a list of hash algorithms");
	json_array_foreach ((json_t *)ima_unconst(v), i, one) {
		const char *name = json_string_value(one);

		if (!name || ima_hash_by_name(name, strlen(name), &algo) < 0)
			return refuse(p, "not a list of hash algorithms (sha256, sha384, ...)");
		*ret |= UINT32_C(1) << algo;
	}
	return 0;
}

static int take_pcrs(struct parsing *p, const json_t *v)
{
	size_t i;
	json_t *one;

	if (!json_is_array(v) || !json_array_size(v))
		return refuse(p, "not a list of PCRs");
	json_array_foreach ((json_t *)ima_unconst(v), i, one) {
		if (!json_is_integer(one) || json_integer_value(one) < 0 || json_integer_value(one) >= IMA_PCR_COUNT)
			return refuse(p, "not a list of PCRs (0 to 23)");
		p->f->rules.pcrs |= UINT32_C(1) << json_integer_value(one);
	}
	return 0;
}

static int take_skip(struct parsing *p, const json_t *v)
{
	enum ima_check check;
	size_t i;
	json_t *one;

	if (!json_is_array(v))
		return refuse(p, "not a list of checks");
	json_array_foreach ((json_t *)ima_unconst(v), i, one) {
		if (!json_is_string(one) || ima_check_by_name(json_string_value(one), &check) < 0)
			return refuse(p, "not a list of checks by name");
		p->f->rules.skip[check] = true;
	}
	return 0;
}

static int take_signatures(struct parsing *p, const json_t *v)
{
	static const char *const names[IMA_SIGNATURES__LAST] = { "accept", "require", "ignore" };

	for (unsigned int i = 0; json_is_string(v) && i < IMA_SIGNATURES__LAST; i++) {
		if (strcmp(json_string_value(v), names[i]))
			continue;
		p->f->rules.signatures = (enum ima_rules_signatures)i;
		return 0;
	}
	return refuse(p, "not one of accept, require, ignore");
}

/* {"name": ..., "digest": "sha256:HEX"} */
static int take_named(struct parsing *p, struct ima_reference_builder *b, const json_t *one)
{
	const json_t *name = json_object_get(one, "name");
	const char *digest = json_string_value(json_object_get(one, "digest"));
	const char *colon = digest ? strchr(digest, ':') : NULL;
	struct ima_reference_value v = { 0 };
	int r;

	if (!colon || json_object_size(one) != (name ? 2 : 1) || (name && !json_is_string(name)) ||
	    ima_hash_by_name(digest, (size_t)(colon - digest), &v.digest.algo) < 0 ||
	    strlen(colon + 1) != 2 * ima_hash_len(v.digest.algo) ||
	    ima_hex_decode(colon + 1, strlen(colon + 1), v.digest.data) < 0)
		return refuse(p, "not {\"name\": TEXT, \"digest\": \"ALGORITHM:HEX\"}");
	v.digest.len = ima_hash_len(v.digest.algo);
	v.path = (struct ima_bytes){ (const uint8_t *)json_string_value(name), json_string_length(name) };
	r = ima_reference_add(b, &v);
	return r == -ENOMEM ? r : r < 0 ? refuse(p, "a name that is too long") : 0;
}

static int take_allowed(struct parsing *p, const json_t *v, bool *any, struct ima_reference **owner, const struct ima_reference **ret)
{
	struct ima_reference_builder *b = NULL;
	size_t i;
	json_t *one;
	int r;

	if (json_is_string(v) && !strcmp(json_string_value(v), "any")) {
		*any = true;
		return 0;
	}
	if (!json_is_array(v))
		return refuse(p, "neither \"any\" nor a list of names with digests");
	r = ima_reference_builder_new(&b);
	json_array_foreach ((json_t *)ima_unconst(v), i, one)
		if (r == 0)
			r = take_named(p, b, one);
	if (r == 0)
		r = ima_reference_finish(b, owner);
	ima_reference_builder_free(b);
	*ret = *owner;
	return r;
}

/* {"max": N, "paths": [...]} */
static int take_violations(struct parsing *p, const json_t *v)
{
	const char *key;
	json_t *one;
	int r = json_is_object(v) ? 0 : refuse(p, "not an object with max and paths");

	json_object_foreach ((json_t *)ima_unconst(v), key, one) {
		if (r < 0)
			break;
		if (!strcmp(key, "max"))
			r = take_number(p, one, INT64_MAX, &p->f->rules.max_violations);
		else if (!strcmp(key, "paths"))
			r = take_paths(p, one, &p->f->violation_paths, &p->f->rules.violation_paths);
		else
			r = refuse(p, "has a key that is neither max nor paths");
	}
	return r;
}

static int take_max(struct parsing *p, const json_t *v, uint64_t *ret)
{
	const json_t *max = json_object_get(v, "max");

	if (!max || json_object_size(v) != 1)
		return refuse(p, "not {\"max\": N}");
	return take_number(p, max, INT64_MAX, ret);
}

static int take_key(struct parsing *p, const json_t *v)
{
	struct ima_attest_rules *r = &p->f->rules;
	const char *k = p->key;

	if (!strcmp(k, "version"))
		return json_is_integer(v) && json_integer_value(v) == 1 ? 0 : refuse(p, "not 1: rules of another version");
	if (!strcmp(k, "skip"))
		return take_skip(p, v);
	if (!strcmp(k, "excludes"))
		return take_paths(p, v, &p->f->excludes, &r->excludes);
	if (!strcmp(k, "policy_paths"))
		return take_paths(p, v, &p->f->policy_paths, &r->policy_paths);
	if (!strcmp(k, "pcrs"))
		return take_pcrs(p, v);
	if (!strcmp(k, "algorithms"))
		return take_algorithms(p, v, &r->algorithms);
	if (!strcmp(k, "banks"))
		return take_algorithms(p, v, &r->banks);
	if (!strcmp(k, "min_rsa_bits"))
		return take_bits(p, v, &r->min_rsa_bits);
	if (!strcmp(k, "min_ec_bits"))
		return take_bits(p, v, &r->min_ec_bits);
	if (!strcmp(k, "signatures"))
		return take_signatures(p, v);
	if (!strcmp(k, "profile"))
		return json_is_string(v) && ima_profile_by_name(json_string_value(v), &r->profile) == 0 ?
			       0 : refuse(p, "not \"6.1\", \"6.12\", \"7.1\" or \"newest\"");
	if (!strcmp(k, "violations"))
		return take_violations(p, v);
	if (!strcmp(k, "gaps"))
		return take_max(p, v, &r->max_gaps);
	if (!strcmp(k, "tail")) {
		r->limit_tail = true;
		return take_max(p, v, &r->max_tail);
	}
	if (!strcmp(k, "keys"))
		return take_allowed(p, v, &r->any_key, &p->f->keys, &r->keys);
	if (!strcmp(k, "buffers"))
		return take_allowed(p, v, &r->any_buffer, &p->f->buffers, &r->buffers);
	if (!strcmp(k, "policies"))
		return take_allowed(p, v, &r->any_policy, &p->f->policies, &r->policies);
	return refuse(p, "a key that rules do not have");
}

void ima_rules_done(struct ima_rules_file *f)
{
	ima_paths_free(f->excludes);
	ima_paths_free(f->violation_paths);
	ima_paths_free(f->policy_paths);
	ima_reference_free(f->keys);
	ima_reference_free(f->buffers);
	ima_reference_free(f->policies);
	*f = (struct ima_rules_file){ 0 };
}

int ima_rules_parse(struct ima_bytes text, struct ima_rules_file *ret, struct ima_diag *diag)
{
	struct ima_rules_file f = { 0 };
	struct parsing p = { .f = &f, .diag = diag };
	json_error_t error;
	json_t *o = NULL, *v;
	int r = 0;

	if (text.len > RULES_MAX)
		return ima_diag_text(diag, -EBADMSG, "the rules are too long");
	o = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(o)) {
		r = o ? ima_diag_text(diag, -EBADMSG, "rules are a JSON object") :
			ima_diag_set(diag, -EBADMSG, (unsigned int)error.line, (unsigned int)error.column, (struct ima_bytes){ 0 }, "%s", error.text);
		json_decref(o);
		return r;
	}
	if (!json_object_get(o, "version"))
		r = ima_diag_text(diag, -EBADMSG, "the rules have no version");
	json_object_foreach (o, p.key, v)
		if (r == 0)
			r = take_key(&p, v);
	json_decref(o);
	if (r < 0)
		ima_rules_done(&f);
	else
		*ret = f;
	return r;
}
