/* SPDX-License-Identifier: BSD-2-Clause */
/* What a verifier keeps of a host, as JSON. A state that is not whole is refused: a host without a state is seen for the first time, and told so. */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "base/hex.h"
#include "core/attest/rules_json.h"

static json_t *hex_json(const uint8_t *data, size_t len)
{
	char hex[2 * IMA_DIGEST_MAX];

	ima_hex_encode(data, len, hex);
	return json_stringn(hex, 2 * len);
}

static json_t *pcrs_json(const struct ima_pcrs *p)
{
	json_t *banks = json_object();

	for (size_t i = 0; i < p->n_banks; i++) {
		json_t *bank = json_object();

		for (unsigned int k = 0; k < IMA_PCR_COUNT; k++) {
			char key[4];

			snprintf(key, sizeof(key), "%u", k);
			if (p->banks[i].known >> k & 1)
				json_object_set_new(bank, key, hex_json(p->banks[i].value[k], ima_hash_len(p->banks[i].algo)));
		}
		json_object_set_new(banks, ima_hash_name(p->banks[i].algo), bank);
	}
	return banks;
}

int ima_state_write(const struct ima_attest_state *s, struct ima_buffer *out)
{
	json_t *o = json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s?, s:o, s:o, s:o}", "version", 1, "ak", s->ak, "clock",
			      (json_int_t)s->clock, "resets", (json_int_t)s->reset_count, "restarts", (json_int_t)s->restart_count,
			      "entries", (json_int_t)s->n_entries, "violations", (json_int_t)s->n_violations, "gaps", (json_int_t)s->n_gaps,
			      "boot_aggregate_algorithm", s->boot_aggregate.len ? ima_hash_name(s->boot_aggregate.algo) : NULL,
			      "boot_aggregate", hex_json(s->boot_aggregate.data, s->boot_aggregate.len), "nonce_sha256",
			      hex_json(s->nonce, sizeof(s->nonce)), "pcrs", pcrs_json(&s->pcrs));
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	int r = text ? ima_buffer_append_str(out, text) : -ENOMEM;

	if (r == 0)
		r = ima_buffer_append_u8(out, '\n');
	free(text);
	json_decref(o);
	return r;
}

static bool take_hex(const json_t *v, uint8_t *ret, size_t len)
{
	return json_string_length(v) == 2 * len && ima_hex_decode(json_string_value(v), 2 * len, ret) == 0;
}

static bool take_number(const json_t *o, const char *key, uint64_t max, uint64_t *ret)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
		return false;
	*ret = (uint64_t)json_integer_value(v);
	return true;
}

static bool take_bank(const char *name, json_t *values, struct ima_pcrs *p)
{
	enum ima_hash_algo algo;
	struct ima_pcr_bank *b;
	const char *key;
	json_t *v;

	if (ima_hash_by_name(name, strlen(name), &algo) < 0 || ima_pcrs_add_bank(p, algo, &b) < 0)
		return false;
	json_object_foreach (values, key, v) {
		char *end;
		const unsigned long i = strtoul(key, &end, 10);

		if (*end || end == key || i >= IMA_PCR_COUNT || !take_hex(v, b->value[i], ima_hash_len(algo)))
			return false;
		b->known |= UINT32_C(1) << i;
	}
	return true;
}

static bool take_aggregate(const json_t *o, struct ima_digest *ret)
{
	const char *name = json_string_value(json_object_get(o, "boot_aggregate_algorithm"));

	if (!name)
		return true;
	if (ima_hash_by_name(name, strlen(name), &ret->algo) < 0)
		return false;
	ret->len = ima_hash_len(ret->algo);
	return take_hex(json_object_get(o, "boot_aggregate"), ret->data, ret->len);
}

static bool take_all(const json_t *o, struct ima_attest_state *s)
{
	const char *ak = json_string_value(json_object_get(o, "ak")), *name;
	uint64_t resets, restarts;
	json_t *values;

	if (json_integer_value(json_object_get(o, "version")) != 1 || !ak || strlen(ak) != 64 ||
	    !take_number(o, "clock", INT64_MAX, &s->clock) || !take_number(o, "resets", UINT32_MAX, &resets) ||
	    !take_number(o, "restarts", UINT32_MAX, &restarts) || !take_number(o, "entries", INT64_MAX, &s->n_entries) ||
	    !take_number(o, "violations", INT64_MAX, &s->n_violations) || !take_number(o, "gaps", INT64_MAX, &s->n_gaps) ||
	    !take_hex(json_object_get(o, "nonce_sha256"), s->nonce, sizeof(s->nonce)) || !take_aggregate(o, &s->boot_aggregate))
		return false;
	memcpy(s->ak, ak, sizeof(s->ak));
	s->reset_count = (uint32_t)resets;
	s->restart_count = (uint32_t)restarts;
	s->known = true;
	json_object_foreach (json_object_get(o, "pcrs"), name, values)
		if (!take_bank(name, values, &s->pcrs))
			return false;
	return s->pcrs.n_banks > 0;
}

int ima_state_parse(struct ima_bytes text, struct ima_attest_state *ret, struct ima_diag *diag)
{
	struct ima_attest_state s = { 0 };
	json_error_t error;
	json_t *o = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
	const bool good = o && take_all(o, &s);

	json_decref(o);
	if (!good)
		return ima_diag_text(diag, -EBADMSG, "not the whole state of a host: %.100s", o ? "a value is missing or damaged" : error.text);
	*ret = s;
	return 0;
}
