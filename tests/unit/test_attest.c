/* SPDX-License-Identifier: BSD-2-Clause */
/* Verification of evidence: each corner case by name, each lie with the check that finds it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <ima/attest.h>

#include "attest/maker.h"
#include "base/buffer.h"
#include "core/attest/evidence.h"
#include "core/attest/rules_json.h"

/* a host, what is known of it, and what is asked */
struct scene {
	struct maker m;
	struct ima_reference_builder *known;
	struct ima_rules_file rules;
	struct ima_attest_state state, next;
	bool keeps_state, no_reference, no_ak;
	struct ima_bytes nonce;
	struct ima_keyring *keys;
	uint64_t first_entry;
	enum ima_hash_algo column; /* of the list's template digests */
	struct ima_attestation result;
};

static void know(struct scene *s, const char *path, const char *content)
{
	struct ima_reference_value v = { .path = { (const uint8_t *)path, strlen(path) }, .package = "p", .version = "1" };
	struct ima_hasher *h;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)content, strlen(content) }, &v.digest), 0);
	assert_int_equal(ima_reference_add(s->known, &v), 0);
	ima_hasher_free(h);
}

static void begin(struct scene *s)
{
	*s = (struct scene){ .column = IMA_HASH_SHA1 };
	maker_init(&s->m, false);
	maker_boot(&s->m);
	maker_file(&s->m, "/usr/bin/a", "a");
	maker_file(&s->m, "/usr/bin/b", "b");
	s->nonce = (struct ima_bytes){ s->m.nonce, s->m.nonce_len };
	assert_int_equal(ima_reference_builder_new(&s->known), 0);
	know(s, "/usr/bin/a", "a");
	know(s, "/usr/bin/b", "b");
	know(s, "/usr/bin/c", "c");
}

static void use_rules(struct scene *s, const char *json)
{
	struct ima_diag d = { 0 };

	if (ima_rules_parse((struct ima_bytes){ (const uint8_t *)json, strlen(json) }, &s->rules, &d) < 0)
		fail_msg("%s: %s %s", json, d.token, d.text);
}

static struct ima_evidence evidence_of(const struct scene *s)
{
	return (struct ima_evidence){
		.attest = ima_buffer_bytes(&s->m.attest), .signature = ima_buffer_bytes(&s->m.signature),
		.pcrs = ima_buffer_bytes(&s->m.pcrs), .ak = ima_buffer_bytes(&s->m.pub), .list = ima_buffer_bytes(&s->m.list),
		.list_opts = { .format = IMA_LIST_BINARY, .has_digest_algo = true, .digest_algo = s->column },
		.event_log = ima_buffer_bytes(&s->m.log), .first_entry = s->first_entry, .archive_checked = true,
	};
}

/* with the key of @own trusted */
static void check_as(struct scene *s, const struct maker *own)
{
	const struct ima_evidence e = evidence_of(s);
	struct ima_reference *ref = NULL;
	struct ima_ak *ak;
	struct ima_verifier *v;

	assert_int_equal(ima_ak_parse(ima_buffer_bytes(&own->pub), &ak, NULL), 0);
	assert_int_equal(ima_reference_finish(s->known, &ref), 0);
	ima_reference_builder_free(s->known);
	assert_int_equal(ima_reference_builder_new(&s->known), 0);
	for (unsigned int way = 0; way < 4; way++) {
		const unsigned int n_threads = way < 3 ? way + 1 : 1;
		const struct ima_verifier_opts opts = { .rules = &s->rules.rules, .reference = s->no_reference ? NULL : ref, .keys = s->keys,
							.aks = (const struct ima_ak *const *)&ak, .n_aks = !s->no_ak, .now = 1000,
							.n_threads = n_threads, .cache_bytes = way >= 2 ? 8U << 20 : 0 };
		const struct ima_attest_question q = { .nonce = s->nonce, .state = s->keeps_state ? &s->state : NULL };

		assert_int_equal(ima_verifier_new(&opts, &v), 0);
		/* the second time from the cache of records, where there is one */
		for (int again = 0; again < 2; again++) {
			struct ima_attestation first = s->result;

			assert_int_equal(ima_verifier_check(v, &e, &q, &s->result, &s->next), 0);
			if (way == 0 && !again)
				continue;
			assert_int_equal(first.verdict, s->result.verdict);
			assert_memory_equal(first.checks, s->result.checks, sizeof(first.checks));
			assert_memory_equal(first.n, s->result.n, sizeof(first.n));
			assert_int_equal(first.n_findings, s->result.n_findings);
			for (size_t i = 0; i < first.n_findings; i++)
				assert_string_equal(first.findings[i].name, s->result.findings[i].name);
			ima_attestation_done(&first);
		}
		ima_verifier_free(v);
	}
	ima_reference_free(ref);
	ima_ak_free(ak);
}

static void check(struct scene *s)
{
	check_as(s, &s->m);
}

static void end(struct scene *s)
{
	ima_attestation_done(&s->result);
	ima_reference_builder_free(s->known);
	ima_keyring_free(s->keys);
	ima_rules_done(&s->rules);
	maker_done(&s->m);
}

static void show_all(const struct scene *s)
{
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		print_message("%-16s %-8s %s\n", ima_check_name(i), ima_check_status_name(s->result.checks[i].status), s->result.checks[i].text);
}

static void expect_trusted(struct scene *s)
{
	if (s->result.verdict == IMA_ATTEST_TRUSTED)
		return;
	show_all(s);
	fail_msg("not trusted");
}

/* refused, and by this check; the text has @words */
static void expect_fail(struct scene *s, enum ima_check c, const char *words)
{
	if (s->result.verdict == IMA_ATTEST_REFUSED && s->result.checks[c].status == IMA_CHECK_FAIL && strstr(s->result.checks[c].text, words))
		return;
	show_all(s);
	fail_msg("%s did not fail with \"%s\"", ima_check_name(c), words);
}

static void expect_unable(struct scene *s, enum ima_check c)
{
	if (s->result.verdict == IMA_ATTEST_UNABLE && s->result.checks[c].status == IMA_CHECK_UNABLE)
		return;
	show_all(s);
	fail_msg("%s was not unable", ima_check_name(c));
}

#define SCENE(name)                                                                                \
	static void name(void **state)                                                             \
	{                                                                                          \
		struct scene s;                                                                    \
                                                                                                   \
		begin(&s);                                                                         \
		name##_body(&s);                                                                   \
		end(&s);                                                                           \
	}

static void good_evidence_is_trusted_body(struct scene *s)
{
	maker_quote(&s->m);
	check(s);
	expect_trusted(s);
	assert_int_equal(s->result.n_entries, 3);
	assert_int_equal(s->result.n_quoted, 3);
	assert_int_equal(s->result.n[IMA_ENTRY_KNOWN], 2);
	assert_int_equal(s->result.n_findings, 0);
}
SCENE(good_evidence_is_trusted)

/* the rows of the table of corner cases */

static void extra_entries_after_the_quoted_pcr_all_allowed_body(struct scene *s)
{
	maker_quote(&s->m);
	maker_file(&s->m, "/usr/bin/c", "c");
	check(s);
	expect_trusted(s);
	assert_int_equal(s->result.n_quoted, 3);
	assert_int_equal(s->result.n_entries, 4);
	use_rules(s, "{\"version\": 1, \"tail\": {\"max\": 0}}");
	know(s, "/usr/bin/a", "a");
	know(s, "/usr/bin/b", "b");
	know(s, "/usr/bin/c", "c");
	ima_attestation_done(&s->result);
	check(s);
	expect_fail(s, IMA_CHECK_TAIL, "1 records after the quoted ones");
}
SCENE(extra_entries_after_the_quoted_pcr_all_allowed)

static void extra_entry_after_the_quoted_pcr_not_in_policy_body(struct scene *s)
{
	maker_quote(&s->m);
	maker_file(&s->m, "/tmp/evil", "evil");
	check(s);
	expect_fail(s, IMA_CHECK_FILES, "the first is entry 4");
	assert_int_equal(s->result.findings[0].verdict, IMA_ENTRY_UNKNOWN);
	assert_string_equal(s->result.findings[0].name, "/tmp/evil");
}
SCENE(extra_entry_after_the_quoted_pcr_not_in_policy)

static void violation_is_refused_by_default_body(struct scene *s)
{
	maker_violation(&s->m, "/var/log/x");
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_VIOLATIONS, "1 violations, 0 are tolerated");
}
SCENE(violation_is_refused_by_default)

static void violation_is_tolerated_by_number_and_reported_body(struct scene *s)
{
	maker_violation(&s->m, "/var/log/x");
	maker_quote(&s->m);
	use_rules(s, "{\"version\": 1, \"violations\": {\"max\": 1}}");
	check(s);
	expect_trusted(s);
	assert_int_equal(s->result.n_findings, 1);
	assert_true(s->result.findings[0].tolerated);
}
SCENE(violation_is_tolerated_by_number_and_reported)

static void violation_is_tolerated_by_path_only_there_body(struct scene *s)
{
	maker_violation(&s->m, "/var/log/x");
	maker_violation(&s->m, "/var/logs/x");
	maker_quote(&s->m);
	use_rules(s, "{\"version\": 1, \"violations\": {\"paths\": [\"/var/log\"]}}");
	check(s);
	expect_fail(s, IMA_CHECK_VIOLATIONS, "1 violations");
}
SCENE(violation_is_tolerated_by_path_only_there)

static void put32(struct ima_buffer *b, uint32_t n)
{
	assert_int_equal(ima_buffer_append_u32(b, n), 0);
}

static void add_v2(struct scene *s, const char *templ, bool sig, const char *path, const char *content)
{
	struct ima_buffer d = { 0 };
	struct ima_digest x;
	struct ima_hasher *h;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)content, strlen(content) }, &x), 0);
	ima_hasher_free(h);
	put32(&d, 44);
	assert_int_equal(ima_buffer_append(&d, "ima:sha256:", 12), 0);
	assert_int_equal(ima_buffer_append(&d, x.data, 32), 0);
	put32(&d, (uint32_t)strlen(path) + 1);
	assert_int_equal(ima_buffer_append(&d, path, strlen(path) + 1), 0);
	if (sig)
		put32(&d, 0);
	maker_record(&s->m, 10, templ, d.data, d.len);
	ima_buffer_done(&d);
}

static void ima_ngv2_and_sigv2_lines_are_read_body(struct scene *s)
{
	add_v2(s, "ima-ngv2", false, "/usr/bin/c", "c");
	add_v2(s, "ima-sigv2", true, "/usr/bin/c", "c");
	maker_quote(&s->m);
	check(s);
	expect_trusted(s);
	assert_int_equal(s->result.n[IMA_ENTRY_KNOWN], 4);
}
SCENE(ima_ngv2_and_sigv2_lines_are_read)

static size_t sm2_vector(const char *name, uint8_t *ret, size_t size)
{
	char path[4096];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/sm2/%s", getenv("IMA_TEST_VECTORS"), name);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(ret, 1, size, f);
	assert_true(len > 0 && len < size);
	fclose(f);
	return len;
}

static void add_sm2(struct scene *s)
{
	struct ima_signature sig = { .type = IMA_XATTR_SIGNATURE, .version = 2, .algo = IMA_HASH_SM3 };
	uint8_t cert[1024], digest[64], bytes[256], head[IMA_SIGNATURE_HEADER];
	const char *algo = ima_hash_name(IMA_HASH_SM3);
	struct ima_buffer d = { 0 };
	struct ima_key *key = NULL;
	size_t len = sm2_vector("cert.der", cert, sizeof(cert));

	assert_int_equal(ima_key_parse((struct ima_bytes){ cert, len }, &key, NULL), 0);
	assert_int_equal(ima_key_id(key, &sig.keyid), 0);
	assert_int_equal(ima_keyring_new(&s->keys), 0);
	assert_int_equal(ima_keyring_add(s->keys, key), 0);
	len = sm2_vector("digest", digest, sizeof(digest));
	sig.sig = (struct ima_bytes){ bytes, sm2_vector("signature", bytes, sizeof(bytes)) };
	assert_int_equal(ima_signature_head(&sig, head), 0);
	put32(&d, (uint32_t)(strlen(algo) + 2 + len));
	assert_int_equal(ima_buffer_append(&d, algo, strlen(algo)), 0);
	assert_int_equal(ima_buffer_append(&d, ":", 2), 0);
	assert_int_equal(ima_buffer_append(&d, digest, len), 0);
	put32(&d, 11);
	assert_int_equal(ima_buffer_append(&d, "/usr/bin/s", 11), 0);
	put32(&d, (uint32_t)(sizeof(head) + sig.sig.len));
	assert_int_equal(ima_buffer_append(&d, head, sizeof(head)), 0);
	assert_int_equal(ima_buffer_append(&d, bytes, sig.sig.len), 0);
	maker_record(&s->m, 10, "ima-sig", d.data, d.len);
	ima_buffer_done(&d);
}

/* a key that the host's kernel cannot verify with vouches for nothing */
static void sm2_signatures_go_by_the_profile_body(struct scene *s)
{
	add_sm2(s);
	maker_quote(&s->m);
	use_rules(s, "{\"version\": 1, \"profile\": \"6.1\"}");
	check(s);
	expect_trusted(s);
	assert_int_equal(s->result.n[IMA_ENTRY_SIGNED], 1);
	ima_attestation_done(&s->result);
	ima_rules_done(&s->rules);
	use_rules(s, "{\"version\": 1, \"profile\": \"6.12\"}");
	check(s);
	assert_int_equal(s->result.verdict, IMA_ATTEST_REFUSED);
	assert_int_equal(s->result.n[IMA_ENTRY_WEAK], 1);
	ima_attestation_done(&s->result);
	ima_rules_done(&s->rules);
	s->rules = (struct ima_rules_file){ 0 };
	check(s);
	assert_int_equal(s->result.n[IMA_ENTRY_WEAK], 1);
}
SCENE(sm2_signatures_go_by_the_profile)

static void evm_sig_line_is_read_body(struct scene *s)
{
	struct ima_buffer d = { 0 };
	struct ima_digest x;
	struct ima_hasher *h;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)"c", 1 }, &x), 0);
	ima_hasher_free(h);
	put32(&d, 40);
	assert_int_equal(ima_buffer_append(&d, "sha256:", 8), 0);
	assert_int_equal(ima_buffer_append(&d, x.data, 32), 0);
	put32(&d, 11);
	assert_int_equal(ima_buffer_append(&d, "/usr/bin/c", 11), 0);
	for (int i = 0; i < 7; i++)
		put32(&d, 0);
	maker_record(&s->m, 10, "evm-sig", d.data, d.len);
	ima_buffer_done(&d);
	maker_quote(&s->m);
	check(s);
	expect_trusted(s);
}
SCENE(evm_sig_line_is_read)

static void path_with_space_matches_its_underscore_body(struct scene *s)
{
	know(s, "/opt/a b", "c");
	maker_file(&s->m, "/opt/a_b", "c");
	maker_quote(&s->m);
	check(s);
	expect_trusted(s);
}
SCENE(path_with_space_matches_its_underscore)

static void utf8_and_other_bytes_in_paths_are_read_body(struct scene *s)
{
	know(s, "/opt/\xc3\xbc", "c");
	know(s, "/opt/\xff\xfe", "c");
	maker_file(&s->m, "/opt/\xc3\xbc", "c");
	maker_file(&s->m, "/opt/\xff\xfe", "c");
	maker_quote(&s->m);
	check(s);
	expect_trusted(s);
	maker_file(&s->m, "/opt/\xff\x1b[2J", "bad");
	maker_quote(&s->m);
	know(s, "/usr/bin/a", "a");
	ima_attestation_done(&s->result);
	check(s);
	assert_int_equal(s->result.verdict, IMA_ATTEST_REFUSED);
	for (size_t i = 0; i < s->result.n_findings; i++)
		assert_null(strchr(s->result.findings[i].name, '\x1b'));
}
SCENE(utf8_and_other_bytes_in_paths_are_read)

static void exclude_of_tmp_is_not_tmpfoo_body(struct scene *s)
{
	maker_file(&s->m, "/tmp/x/y", "1");
	maker_file(&s->m, "/tmpfoo/x", "2");
	maker_quote(&s->m);
	use_rules(s, "{\"version\": 1, \"excludes\": [\"/tmp\"]}");
	check(s);
	expect_fail(s, IMA_CHECK_FILES, "1 files refused, the first is entry 5");
	assert_int_equal(s->result.n[IMA_ENTRY_EXCLUDED], 1);
	assert_string_equal(s->result.findings[0].name, "/tmpfoo/x");
}
SCENE(exclude_of_tmp_is_not_tmpfoo)

static void invalid_exclude_is_refused_before_anything_body(struct scene *s)
{
	static const char *const bad[] = {
		"{\"version\": 1, \"excludes\": [\"*\"]}", "{\"version\": 1, \"excludes\": [\"/a[\"]}", "{\"version\": 1, \"exclude\": []}",
		"{\"version\": 1, \"excludes\": \"/tmp\"}", "{\"version\": 1, \"excludes\": [\"tmp\"]}", "{\"version\": 2}", "{}", "[]", "{\"version\": 1,}",
		"{\"version\": 1, \"skip\": [\"everything\"]}", "{\"version\": 1, \"algorithms\": []}", "{\"version\": 1, \"algorithms\": [\"SHA256\"]}",
		"{\"version\": 1, \"pcrs\": [24]}", "{\"version\": 1, \"violations\": {\"max\": -1}}", "{\"version\": 1, \"violations\": 3}",
		"{\"version\": 1, \"version\": 1}", "{\"version\": 1, \"keys\": [{\"name\": \".ima\", \"digest\": \"sha256:00\"}]}",
		"{\"version\": 1, \"signatures\": \"maybe\"}", "{\"version\": 1, \"profile\": \"6\"}", "{\"version\": 1, \"profile\": 6.1}", "{\"version\": 1, \"min_rsa_bits\": 0}", "{\"version\": 1, \"tail\": 4}",
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++) {
		struct ima_rules_file f = { 0 };
		struct ima_diag d = { 0 };

		if (ima_rules_parse((struct ima_bytes){ (const uint8_t *)bad[i], strlen(bad[i]) }, &f, &d) != -EBADMSG || !d.text[0])
			fail_msg("%s", bad[i]);
	}
}
SCENE(invalid_exclude_is_refused_before_anything)

static void entry_for_pcr_11_body(struct scene *s)
{
	maker_record(&s->m, 11, "ima-ng", s->m.list.data + 38, 4 + 40 + 4 + 15);
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_LIST, "the first is entry 4");
	assert_int_equal(s->result.findings[0].verdict, IMA_ENTRY_FOREIGN_PCR);
}
SCENE(entry_for_pcr_11)

static void pcr_11_is_allowed_and_anchored_by_rule_body(struct scene *s)
{
	maker_record(&s->m, 11, "ima-ng", s->m.list.data + 38, 4 + 40 + 4 + 15);
	s->m.mask = 0xfff;
	maker_quote(&s->m);
	use_rules(s, "{\"version\": 1, \"pcrs\": [10, 11]}");
	check(s);
	expect_trusted(s);
	/* the value of PCR 11 before the record, with that of PCR 10 after one that follows it: no moment had both */
	maker_file(&s->m, "/usr/bin/c", "c");
	memset(s->m.sha256[11], 0, 32);
	maker_quote(&s->m);
	know(s, "/usr/bin/a", "a");
	ima_attestation_done(&s->result);
	check(s);
	expect_fail(s, IMA_CHECK_REPLAY, "different places");
}
SCENE(pcr_11_is_allowed_and_anchored_by_rule)

static void template_hash_that_is_not_of_the_data_body(struct scene *s)
{
	s->m.list.data[s->m.list.len - 3] ^= 1; /* in the last record's name */
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_LIST, "the first is entry 3");
	assert_int_equal(s->result.findings[0].verdict, IMA_ENTRY_BAD_DIGEST);
}
SCENE(template_hash_that_is_not_of_the_data)

/* the list as a file of the sha256 bank has it */
static void put_sha256_column(struct scene *s)
{
	struct ima_buffer out = { 0 };

	for (size_t at = 0; at < s->m.list.len;) {
		const uint8_t *rec = s->m.list.data + at;
		uint32_t name, data;
		uint8_t digest[32];

		memcpy(&name, rec + 24, 4);
		memcpy(&data, rec + 28 + name, 4);
		SHA256(rec + 32 + name, data, digest);
		assert_int_equal(ima_buffer_append(&out, rec, 4), 0);
		assert_int_equal(ima_buffer_append(&out, digest, 32), 0);
		assert_int_equal(ima_buffer_append(&out, rec + 24, 8 + name + data), 0);
		at += 32 + name + data;
	}
	ima_buffer_done(&s->m.list);
	s->m.list = out;
}

static void sha256_column_body(struct scene *s)
{
	maker_quote(&s->m);
	put_sha256_column(s);
	s->column = IMA_HASH_SHA256;
	check(s);
	expect_trusted(s);
	ima_attestation_done(&s->result);
	know(s, "/usr/bin/a", "a");
	know(s, "/usr/bin/b", "b");
	s->column = IMA_HASH_SHA1;
	check(s);
	expect_fail(s, IMA_CHECK_LIST, "after entry 0, at byte 0");
	ima_attestation_done(&s->result);
	/* as long as sha256, and of no record */
	know(s, "/usr/bin/a", "a");
	know(s, "/usr/bin/b", "b");
	s->column = IMA_HASH_SHA256;
	s->m.list.data[4] ^= 1;
	check(s);
	expect_fail(s, IMA_CHECK_LIST, "the first is entry 1");
}
SCENE(sha256_column)

static void pcr_10_all_zero_with_a_list_body(struct scene *s)
{
	memset(s->m.sha256[10], 0, 32);
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_REPLAY, "never extended");
}
SCENE(pcr_10_all_zero_with_a_list)

static void pcr_10_all_zero_with_an_empty_list_body(struct scene *s)
{
	memset(s->m.sha256[10], 0, 32);
	s->m.list.len = 0;
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_LIST, "empty");
	expect_fail(s, IMA_CHECK_REPLAY, "never extended");
}
SCENE(pcr_10_all_zero_with_an_empty_list)

static void no_reference_values_is_no_pass_body(struct scene *s)
{
	s->no_reference = true;
	maker_quote(&s->m);
	check(s);
	expect_unable(s, IMA_CHECK_FILES);
}
SCENE(no_reference_values_is_no_pass)

static void pcr_10_missing_from_the_quote_body(struct scene *s)
{
	s->m.mask = 0x3ff;
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_PCR_SELECTION, "does not cover PCR 10");
	assert_int_equal(s->result.checks[IMA_CHECK_REPLAY].status, IMA_CHECK_FAIL);
}
SCENE(pcr_10_missing_from_the_quote)

/* the quote */

static void sha1_bank_alone_is_too_weak_body(struct scene *s)
{
	s->m.bank = 0x0004;
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_PCR_SELECTION, "in a bank that the rules accept");
}
SCENE(sha1_bank_alone_is_too_weak)

static void another_key_is_refused_body(struct scene *s)
{
	struct maker other;

	maker_init(&other, false);
	maker_quote(&s->m);
	check_as(s, &other);
	expect_fail(s, IMA_CHECK_AK, "not among the trusted");
	maker_done(&other);
}
SCENE(another_key_is_refused)

static void no_trusted_key_is_no_pass_body(struct scene *s)
{
	s->no_ak = true;
	maker_quote(&s->m);
	check(s);
	expect_unable(s, IMA_CHECK_AK);
}
SCENE(no_trusted_key_is_no_pass)

static void a_key_that_may_sign_anything_is_refused_body(struct scene *s)
{
	static const uint32_t lacking[] = { 0x00040072, 0x00050070, 0x00050062, 0x00050052, 0x00070072, 0x00010072 };

	for (size_t i = 0; i < IMA_N_ELEMENTS(lacking); i++) {
		struct scene t;

		begin(&t);
		t.m.pub.data[6] = (uint8_t)(lacking[i] >> 24);
		t.m.pub.data[7] = (uint8_t)(lacking[i] >> 16);
		t.m.pub.data[8] = (uint8_t)(lacking[i] >> 8);
		t.m.pub.data[9] = (uint8_t)lacking[i];
		maker_quote(&t.m);
		check(&t);
		expect_fail(&t, IMA_CHECK_AK, "not a restricted key");
		end(&t);
	}
}
SCENE(a_key_that_may_sign_anything_is_refused)

static void a_weak_key_is_refused_body(struct scene *s)
{
	struct scene t;

	begin(&t);
	EVP_PKEY_free(t.m.key);
	t.m.key = EVP_RSA_gen(1024);
	{
		struct maker weak;

		maker_init_key(&weak, ima_take(t.m.key), MAKER_AK);
		maker_boot(&weak);
		maker_done(&t.m);
		t.m = weak;
		t.nonce = (struct ima_bytes){ t.m.nonce, t.m.nonce_len };
	}
	maker_quote(&t.m);
	check(&t);
	expect_fail(&t, IMA_CHECK_AK, "weaker");
	end(&t);
}
SCENE(a_weak_key_is_refused)

static void each_field_of_the_quote_altered_is_refused_body(struct scene *s)
{
	maker_quote(&s->m);
	for (size_t at = 0; at < s->m.attest.len; at++) {
		struct ima_attestation a;
		struct ima_evidence e;
		struct ima_verifier *v;
		struct ima_ak *ak;
		const struct ima_attest_question q = { .nonce = s->nonce };

		assert_int_equal(ima_ak_parse(ima_buffer_bytes(&s->m.pub), &ak, NULL), 0);
		{
			const struct ima_verifier_opts opts = { .aks = (const struct ima_ak *const *)&ak, .n_aks = 1, .n_threads = 1 };

			assert_int_equal(ima_verifier_new(&opts, &v), 0);
		}
		s->m.attest.data[at] ^= 0x10;
		e = evidence_of(s);
		assert_int_equal(ima_verifier_check(v, &e, &q, &a, NULL), 0);
		s->m.attest.data[at] ^= 0x10;
		assert_int_equal(a.verdict, IMA_ATTEST_REFUSED);
		assert_int_equal(a.checks[IMA_CHECK_SIGNATURE].status, IMA_CHECK_FAIL);
		assert_int_not_equal(a.checks[IMA_CHECK_PCR_DIGEST].status, IMA_CHECK_PASS);
		assert_int_not_equal(a.checks[IMA_CHECK_REPLAY].status, IMA_CHECK_PASS);
		ima_attestation_done(&a);
		ima_verifier_free(v);
		ima_ak_free(ak);
	}
}
SCENE(each_field_of_the_quote_altered_is_refused)

/* signed by the right key, and still not what was asked for */
static void a_signed_certify_is_no_quote_body(struct scene *s)
{
	maker_quote(&s->m);
	s->m.attest.data[5] = 0x17;
	maker_sign(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_QUOTE, "not a quote");
}
SCENE(a_signed_certify_is_no_quote)

static void a_signed_text_is_no_quote_body(struct scene *s)
{
	maker_quote(&s->m);
	s->m.attest.data[0] = 0xfe;
	maker_sign(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_QUOTE, "no TPM made this");
}
SCENE(a_signed_text_is_no_quote)

static void values_of_another_quote_are_refused_body(struct scene *s)
{
	struct ima_buffer old = { 0 };

	maker_quote(&s->m);
	assert_int_equal(ima_buffer_append(&old, s->m.pcrs.data, s->m.pcrs.len), 0);
	maker_file(&s->m, "/usr/bin/c", "c");
	maker_quote(&s->m);
	memcpy(s->m.pcrs.data, old.data, old.len);
	check(s);
	expect_fail(s, IMA_CHECK_PCR_DIGEST, "not those that were quoted");
	ima_buffer_done(&old);
}
SCENE(values_of_another_quote_are_refused)

static void another_nonce_is_refused_body(struct scene *s)
{
	static const uint8_t other[20] = { 1 };

	maker_quote(&s->m);
	s->nonce = (struct ima_bytes){ other, sizeof(other) };
	check(s);
	expect_fail(s, IMA_CHECK_NONCE, "another nonce");
	ima_attestation_done(&s->result);
	s->nonce = (struct ima_bytes){ s->m.nonce, s->m.nonce_len - 1 };
	check(s);
	expect_fail(s, IMA_CHECK_NONCE, "another nonce");
}
SCENE(another_nonce_is_refused)

static void no_nonce_is_no_pass_body(struct scene *s)
{
	maker_quote(&s->m);
	s->nonce = (struct ima_bytes){ 0 };
	check(s);
	expect_unable(s, IMA_CHECK_NONCE);
}
SCENE(no_nonce_is_no_pass)

/* the list */

static size_t record_at(const struct scene *s, unsigned int n)
{
	size_t at = 0;

	while (n--) {
		uint32_t name, data;

		memcpy(&name, s->m.list.data + at + 24, 4);
		memcpy(&data, s->m.list.data + at + 28 + name, 4);
		at += 32 + name + data;
	}
	return at;
}

static void a_reordered_list_is_refused_body(struct scene *s)
{
	const size_t a = record_at(s, 1), b = record_at(s, 2), len = s->m.list.len - b;
	uint8_t tmp[256];

	maker_quote(&s->m);
	assert_int_equal(b - a, len);
	memcpy(tmp, s->m.list.data + a, len);
	memmove(s->m.list.data + a, s->m.list.data + b, len);
	memcpy(s->m.list.data + b, tmp, len);
	check(s);
	expect_fail(s, IMA_CHECK_REPLAY, "another order");
}
SCENE(a_reordered_list_is_refused)

static void a_truncated_list_is_refused_body(struct scene *s)
{
	maker_quote(&s->m);
	s->m.list.len = record_at(s, 2);
	check(s);
	expect_fail(s, IMA_CHECK_REPLAY, "records are missing");
}
SCENE(a_truncated_list_is_refused)

static void a_list_cut_within_a_record_is_refused_body(struct scene *s)
{
	maker_quote(&s->m);
	s->m.list.len -= 5;
	check(s);
	expect_fail(s, IMA_CHECK_LIST, "after entry 2, at byte");
	assert_int_equal(s->result.checks[IMA_CHECK_VIOLATIONS].status, IMA_CHECK_UNABLE);
}
SCENE(a_list_cut_within_a_record_is_refused)

static void a_record_put_in_is_refused_body(struct scene *s)
{
	struct scene t;
	uint8_t sha256[32];

	begin(&t);
	memcpy(sha256, t.m.sha256[10], 32);
	maker_file(&t.m, "/usr/bin/c", "c");
	maker_file(&t.m, "/usr/bin/c", "c");
	/* the PCR knows one of the two only */
	memcpy(t.m.sha256[10], sha256, 32);
	t.m.list.data[0] = 10;
	maker_quote(&t.m);
	check(&t);
	expect_trusted(&t); /* both came after the quote */
	assert_int_equal(t.result.n_quoted, 3);
	end(&t);
	/* in the middle */
	begin(&t);
	memcpy(sha256, t.m.sha256[10], 32);
	maker_file(&t.m, "/usr/bin/c", "c");
	memcpy(t.m.sha256[10], sha256, 32);
	maker_file(&t.m, "/usr/bin/a", "a");
	maker_quote(&t.m);
	check(&t);
	expect_fail(&t, IMA_CHECK_REPLAY, "no part of the list leads");
	end(&t);
}
SCENE(a_record_put_in_is_refused)

static void a_changed_file_is_named_body(struct scene *s)
{
	maker_file(&s->m, "/usr/bin/a", "other");
	maker_file(&s->m, "/home/u/b", "b");
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_FILES, "2 files refused, the first is entry 4");
	assert_int_equal(s->result.findings[0].verdict, IMA_ENTRY_CHANGED);
	assert_int_equal(s->result.findings[1].verdict, IMA_ENTRY_MOVED);
	assert_int_equal(s->result.findings[1].number, 5);
}
SCENE(a_changed_file_is_named)

static void add_as(struct scene *s, const char *templ, const char *path, const char *content)
{
	struct ima_buffer d = { 0 };
	uint8_t digest[32];

	SHA256((const uint8_t *)content, strlen(content), digest);
	put32(&d, 40);
	assert_int_equal(ima_buffer_append(&d, "sha256:", 8), 0);
	assert_int_equal(ima_buffer_append(&d, digest, 32), 0);
	put32(&d, (uint32_t)strlen(path) + 1);
	assert_int_equal(ima_buffer_append(&d, path, strlen(path) + 1), 0);
	if (!strcmp(templ, "ima-sig"))
		put32(&d, 0);
	maker_record(&s->m, 10, templ, d.data, d.len);
	ima_buffer_done(&d);
}

/* more than any row of records that is looked at together, the same ones again, and bad ones at its ends */
static void each_of_many_records_is_judged_body(struct scene *s)
{
	static const char *const templates[] = { "ima-ng", "ima-sig", "d-ng|n-ng", "ima-ngv2", "ima-sigv2" };
	static const unsigned int bad[] = { 15, 16, 17, 31, 120, 299 };
	size_t at = 0;

	for (unsigned int i = 3; i < 300; i++) {
		const char *t = templates[i % 5];
		const bool is_bad = at < IMA_N_ELEMENTS(bad) && bad[at] == i;
		const char *path = is_bad ? "/tmp/evil" : i % 2 ? "/usr/bin/a" : "/usr/bin/b", *content = i % 2 ? "a" : "b";

		if (strstr(t, "v2"))
			add_v2(s, t, strstr(t, "sig"), path, content);
		else
			add_as(s, t, path, content);
		at += is_bad;
	}
	add_as(s, "ima-ng", "/tmp/evil", "x");
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_FILES, "7 files refused, the first is entry 16");
	assert_int_equal(s->result.n_entries, 301);
	assert_int_equal(s->result.n_findings, 7);
	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++)
		assert_int_equal(s->result.findings[i].number, bad[i] + 1);
	assert_int_equal(s->result.findings[6].number, 301);
	assert_int_equal(s->result.checks[IMA_CHECK_REPLAY].status, IMA_CHECK_PASS);
}
SCENE(each_of_many_records_is_judged)

/* what was found of a record holds for no other one, however much of it is the same */
static void the_same_bytes_under_another_template_are_another_record_body(struct scene *s)
{
	struct ima_buffer d = { 0 };
	uint8_t digest[32];

	SHA256((const uint8_t *)"yy", 2, digest);
	put32(&d, 40);
	assert_int_equal(ima_buffer_append(&d, "sha256:", 8), 0);
	assert_int_equal(ima_buffer_append(&d, digest, 32), 0);
	put32(&d, 3);
	assert_int_equal(ima_buffer_append(&d, "/x", 3), 0);
	put32(&d, 2);
	assert_int_equal(ima_buffer_append(&d, "yy", 2), 0);
	maker_record(&s->m, 10, "ima-buf", d.data, d.len);
	maker_record(&s->m, 10, "ima-sig", d.data, d.len);
	maker_record(&s->m, 10, "ima-buf", d.data, d.len);
	maker_record(&s->m, 11, "ima-buf", d.data, d.len);
	ima_buffer_done(&d);
	maker_quote(&s->m);
	use_rules(s, "{\"version\": 1, \"buffers\": \"any\"}");
	check(s);
	expect_fail(s, IMA_CHECK_FILES, "1 files refused, the first is entry 5");
	expect_fail(s, IMA_CHECK_LIST, "1 records are damaged or of another PCR, the first is entry 7");
	assert_int_equal(s->result.n[IMA_ENTRY_ALLOWED], 2);
}
SCENE(the_same_bytes_under_another_template_are_another_record)

static void buffers_keys_and_policies_need_a_word_body(struct scene *s)
{
	static const uint8_t cert[] = { 0x30, 0x82, 1, 2 };

	maker_buffer(&s->m, "kernel_version", "6.1", 3);
	maker_buffer(&s->m, ".ima", cert, sizeof(cert));
	maker_buffer(&s->m, "ima_policy_loaded", "measure", 7);
	maker_file(&s->m, "/etc/ima/ima-policy", "x");
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_BUFFERS, "the first is entry 4");
	expect_fail(s, IMA_CHECK_KEYS, "the first is entry 5");
	expect_fail(s, IMA_CHECK_POLICY, "2 policies refused, the first is entry 6");
	ima_attestation_done(&s->result);
	know(s, "/usr/bin/a", "a");
	know(s, "/usr/bin/b", "b");
	know(s, "/etc/ima/ima-policy", "x");
	know(s, "ima_policy_loaded", "measure");
	use_rules(s, "{\"version\": 1, \"keys\": \"any\", \"buffers\": [{\"name\": \"kernel_version\", \"digest\": \"sha256:"
		     "9f7c3a3d4a6f3f6f7b6d7d1d3b0f6a1b3d5b1b7d9b1f7b3d5b1b7d9b1f7b3d5b\"}]}");
	check(s);
	expect_fail(s, IMA_CHECK_BUFFERS, "the first is entry 4");
	assert_int_equal(s->result.checks[IMA_CHECK_KEYS].status, IMA_CHECK_PASS);
	assert_int_equal(s->result.checks[IMA_CHECK_POLICY].status, IMA_CHECK_PASS);
}
SCENE(buffers_keys_and_policies_need_a_word)

static void a_buffer_whose_digest_lies_is_refused_body(struct scene *s)
{
	struct ima_buffer d = { 0 };

	put32(&d, 40);
	assert_int_equal(ima_buffer_append(&d, "sha256:", 8), 0);
	for (int i = 0; i < 32; i++)
		assert_int_equal(ima_buffer_append_u8(&d, 1), 0);
	put32(&d, 2);
	assert_int_equal(ima_buffer_append(&d, "x", 2), 0);
	put32(&d, 1);
	assert_int_equal(ima_buffer_append(&d, "y", 1), 0);
	maker_record(&s->m, 10, "ima-buf", d.data, d.len);
	ima_buffer_done(&d);
	maker_quote(&s->m);
	use_rules(s, "{\"version\": 1, \"buffers\": \"any\"}");
	check(s);
	expect_fail(s, IMA_CHECK_BUFFERS, "the first is entry 4");
	assert_int_equal(s->result.findings[0].verdict, IMA_ENTRY_BAD_BUFFER);
}
SCENE(a_buffer_whose_digest_lies_is_refused)

static void a_gap_is_refused_body(struct scene *s)
{
	maker_violation(&s->m, "imad_measurement_gap");
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_GAPS, "1 times without measurement");
	ima_attestation_done(&s->result);
	know(s, "/usr/bin/a", "a");
	know(s, "/usr/bin/b", "b");
	use_rules(s, "{\"version\": 1, \"gaps\": {\"max\": 1}}");
	check(s);
	expect_trusted(s);
}
SCENE(a_gap_is_refused)

/* the boot */

static void an_event_log_of_another_boot_is_refused_body(struct scene *s)
{
	maker_quote(&s->m);
	s->m.log.data[s->m.log.len - 7 - 4 - 32] ^= 1; /* the digest of the last event */
	check(s);
	expect_fail(s, IMA_CHECK_EVENT_LOG, "does not lead to the quoted PCR 9");
}
SCENE(an_event_log_of_another_boot_is_refused)

static void no_event_log_is_no_pass_body(struct scene *s)
{
	maker_quote(&s->m);
	s->m.log.len = 0;
	check(s);
	expect_unable(s, IMA_CHECK_EVENT_LOG);
	ima_attestation_done(&s->result);
	know(s, "/usr/bin/a", "a");
	know(s, "/usr/bin/b", "b");
	use_rules(s, "{\"version\": 1, \"skip\": [\"event-log\"]}");
	check(s);
	expect_trusted(s);
}
SCENE(no_event_log_is_no_pass)

static void a_list_of_another_boot_is_refused_body(struct scene *s)
{
	static const uint8_t one[32] = { 1 };

	maker_extend(&s->m, 3, one, one);
	maker_quote(&s->m);
	check(s);
	expect_fail(s, IMA_CHECK_BOOT_AGGREGATE, "another boot");
	expect_fail(s, IMA_CHECK_EVENT_LOG, "PCR 3");
}
SCENE(a_list_of_another_boot_is_refused)

static void a_list_without_boot_aggregate_is_refused_body(struct scene *s)
{
	struct scene t;

	begin(&t);
	t.m.list.len = 0;
	memset(t.m.sha1[10], 0, 20);
	memset(t.m.sha256[10], 0, 32);
	maker_file(&t.m, "/usr/bin/a", "a");
	maker_quote(&t.m);
	check(&t);
	expect_fail(&t, IMA_CHECK_BOOT_AGGREGATE, "the first record is no boot aggregate");
	end(&t);
}
SCENE(a_list_without_boot_aggregate_is_refused)

/* from one time to the next */

static void new_records_alone_go_on_from_the_state_body(struct scene *s)
{
	size_t sent;

	s->keeps_state = true;
	maker_quote(&s->m);
	maker_file(&s->m, "/usr/bin/a", "a"); /* not quoted yet */
	check(s);
	expect_trusted(s);
	assert_int_equal(s->next.n_entries, 3);
	s->state = s->next;
	ima_attestation_done(&s->result);
	know(s, "/usr/bin/a", "a");
	know(s, "/usr/bin/c", "c");
	maker_file(&s->m, "/usr/bin/c", "c");
	s->m.nonce[0] ^= 1;
	s->m.clock += 1000;
	maker_quote(&s->m);
	sent = record_at(s, 3);
	memmove(s->m.list.data, s->m.list.data + sent, s->m.list.len - sent);
	s->m.list.len -= sent;
	s->first_entry = 3;
	check(s);
	expect_trusted(s);
	assert_int_equal(s->result.n_entries, 2);
	assert_int_equal(s->next.n_entries, 5);
}
SCENE(new_records_alone_go_on_from_the_state)

static void a_state_that_does_not_fit_is_refused_body(struct scene *s)
{
	static const struct {
		const char *what, *words;
		enum ima_check check;
		int clock, resets;
		uint64_t first;
		bool same_nonce, other_ak;
	} cases[] = {
		{ "nonce again", "the nonce of the last evidence", IMA_CHECK_NONCE, 1000, 0, 0, true, false },
		{ "clock back", "clock went back", IMA_CHECK_CLOCK, -1, 0, 0, false, false },
		{ "resets back", "fewer resets", IMA_CHECK_CLOCK, 1000, -1, 0, false, false },
		{ "booted, part of the list", "the whole list is needed", IMA_CHECK_LIST, 1000, 1, 3, false, false },
		{ "wrong place", "3 are known", IMA_CHECK_LIST, 1000, 0, 2, false, false },
		{ "another key", "of another attestation key", IMA_CHECK_CLOCK, 1000, 0, 0, false, true },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(cases); i++) {
		struct scene t;

		begin(&t);
		t.keeps_state = true;
		maker_quote(&t.m);
		check(&t);
		expect_trusted(&t);
		t.state = t.next;
		ima_attestation_done(&t.result);
		if (!cases[i].same_nonce)
			t.m.nonce[0] ^= 1;
		if (cases[i].other_ak)
			t.state.ak[0] ^= 1;
		t.m.clock += (uint64_t)cases[i].clock;
		t.m.resets += (uint32_t)cases[i].resets;
		t.first_entry = cases[i].first;
		maker_quote(&t.m);
		check(&t);
		expect_fail(&t, cases[i].check, cases[i].words);
		end(&t);
	}
}
SCENE(a_state_that_does_not_fit_is_refused)

static void a_part_of_a_list_without_a_state_is_refused_body(struct scene *s)
{
	maker_quote(&s->m);
	s->first_entry = 1;
	check(s);
	expect_fail(s, IMA_CHECK_LIST, "nothing is known of those before");
}
SCENE(a_part_of_a_list_without_a_state_is_refused)

static void states_are_kept_as_json_body(struct scene *s)
{
	struct ima_buffer text = { 0 };
	struct ima_attest_state again = { 0 };
	struct ima_diag d = { 0 };

	s->keeps_state = true;
	maker_quote(&s->m);
	check(s);
	expect_trusted(s);
	assert_int_equal(ima_state_write(&s->next, &text), 0);
	assert_int_equal(ima_state_parse(ima_buffer_bytes(&text), &again, &d), 0);
	assert_memory_equal(&again, &s->next, sizeof(again));
	for (size_t cut = 0; cut + 2 < text.len; cut++)
		assert_int_equal(ima_state_parse((struct ima_bytes){ text.data, cut }, &again, &d), -EBADMSG);
	ima_buffer_done(&text);
}
SCENE(states_are_kept_as_json)

static void read_vector(const char *folder, const char *name, struct ima_buffer *out)
{
	char path[4096], block[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", getenv("IMA_TEST_VECTORS"), folder, name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		assert_int_equal(ima_buffer_append(out, block, n), 0);
	fclose(f);
}

/* lists, logs and PCR values of real kernels, under a quote of those values */
static void lists_and_logs_of_real_kernels_pass(void **state)
{
	static const struct {
		const char *folder, *rules;
		enum ima_check_status aggregate; /* of sha1 where the quote is of sha256 */
	} cases[] = {
		{ "6.1-tcb-ima-ng", "{\"version\": 1}", IMA_CHECK_PASS },
		{ "6.1-tcb-ima-sig", "{\"version\": 1}", IMA_CHECK_PASS },
		{ "6.1-tcb-ima-legacy", "{\"version\": 1}", IMA_CHECK_UNABLE },
		{ "6.1-tcb-critical-sigv2", "{\"version\": 1}", IMA_CHECK_PASS },
		{ "6.1-tcb-all-fields", "{\"version\": 1}", IMA_CHECK_PASS },
		{ "6.1-appraise", "{\"version\": 1}", IMA_CHECK_PASS },
		{ "6.12-tcb", "{\"version\": 1}", IMA_CHECK_PASS },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(cases); i++) {
		struct ima_buffer text = { 0 };
		struct ima_pcrs p;
		struct scene s;

		begin(&s);
		s.m.list.len = s.m.log.len = 0;
		read_vector(cases[i].folder, "binary_runtime_measurements", &s.m.list);
		read_vector(cases[i].folder, "binary_bios_measurements", &s.m.log);
		read_vector(cases[i].folder, "pcrs", &text);
		assert_int_equal(ima_pcrs_parse(ima_buffer_bytes(&text), IMA_HASH_SHA1, &p, NULL), 0);
		for (unsigned int k = 0; k < 24; k++)
			memcpy(s.m.sha256[k], ima_pcrs_bank_const(&p, IMA_HASH_SHA256)->value[k], 32);
		maker_quote(&s.m);
		use_rules(&s, cases[i].rules);
		check(&s);
		if (s.result.checks[IMA_CHECK_LIST].status != IMA_CHECK_PASS || s.result.checks[IMA_CHECK_REPLAY].status != IMA_CHECK_PASS ||
		    s.result.checks[IMA_CHECK_EVENT_LOG].status != IMA_CHECK_PASS ||
		    s.result.checks[IMA_CHECK_BOOT_AGGREGATE].status != cases[i].aggregate) {
			show_all(&s);
			fail_msg("%s", cases[i].folder);
		}
		/* nobody gave reference values for what ran there */
		assert_int_equal(s.result.verdict, IMA_ATTEST_REFUSED);
		ima_buffer_done(&text);
		end(&s);
	}
}

static void paths_and_globs(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool want;
	} cases[] = {
		{ "/tmp", "/tmp", true }, { "/tmp", "/tmp/a", true }, { "/tmp", "/tmpfoo", false }, { "/tmp/", "/tmp/a", true },
		{ "/tmp", "/a/tmp", false }, { "/", "/anything", true }, { "/a b", "/a_b/c", true },
		{ "/a/*.log", "/a/x.log", true }, { "/a/*.log", "/a/b/x.log", false }, { "/a/**.log", "/a/b/x.log", true },
		{ "/a/*/c", "/a/b/c", true }, { "/a/*/c", "/a/b/c/d", false }, { "/a/?", "/a/b", true }, { "/a/?", "/a/", false },
		{ "/a/[a-c]", "/a/b", true }, { "/a/[!a-c]", "/a/b", false }, { "/a/[!x]b", "/a//b", false }, { "**/x", "/q/w/x", true },
		{ "/a*a*a*a*a*a*a*a*a*a*b", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(cases); i++) {
		struct ima_paths *p;

		assert_int_equal(ima_paths_new(&p), 0);
		assert_int_equal(ima_paths_add(p, cases[i].pattern, NULL), 0);
		if (ima_paths_has(p, (struct ima_bytes){ (const uint8_t *)cases[i].path, strlen(cases[i].path) }) != cases[i].want)
			fail_msg("%s against %s", cases[i].pattern, cases[i].path);
		ima_paths_free(p);
	}
}

/* stars upon stars, each of which could stand for any part of what is all the same letter: what tries all ways never ends */
static void globs_that_would_blow_up(void **state)
{
	static const char *const pieces[] = { "a*", "*a", "**a", "a**", "?*", "[a]*", "*[!b]" };
	static uint8_t path[IMA_PATHS_MAX_MATCHED];
	struct ima_paths *p;

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	assert_int_equal(ima_paths_new(&p), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(pieces); i++) {
		char pattern[IMA_PATHS_MAX_GLOB + 1] = "/";
		size_t len = 1;

		while (len + strlen(pieces[i]) + 1 < IMA_PATHS_MAX_GLOB)
			len += (size_t)snprintf(pattern + len, sizeof(pattern) - len, "%s", pieces[i]);
		pattern[len] = 'b';
		assert_int_equal(ima_paths_add(p, pattern, NULL), 0);
	}
	assert_false(ima_paths_has(p, (struct ima_bytes){ path, sizeof(path) }));
	path[sizeof(path) - 1] = 'b';
	assert_true(ima_paths_has(p, (struct ima_bytes){ path, sizeof(path) }));
	ima_paths_free(p);
}

#define T(x) cmocka_unit_test(x)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(good_evidence_is_trusted), T(extra_entries_after_the_quoted_pcr_all_allowed),
		T(extra_entry_after_the_quoted_pcr_not_in_policy), T(violation_is_refused_by_default),
		T(violation_is_tolerated_by_number_and_reported), T(violation_is_tolerated_by_path_only_there),
		T(ima_ngv2_and_sigv2_lines_are_read), T(sm2_signatures_go_by_the_profile), T(evm_sig_line_is_read), T(path_with_space_matches_its_underscore),
		T(utf8_and_other_bytes_in_paths_are_read), T(exclude_of_tmp_is_not_tmpfoo), T(invalid_exclude_is_refused_before_anything),
		T(entry_for_pcr_11), T(pcr_11_is_allowed_and_anchored_by_rule), T(template_hash_that_is_not_of_the_data), T(sha256_column),
		T(pcr_10_all_zero_with_a_list), T(pcr_10_all_zero_with_an_empty_list), T(no_reference_values_is_no_pass),
		T(pcr_10_missing_from_the_quote), T(sha1_bank_alone_is_too_weak), T(another_key_is_refused), T(no_trusted_key_is_no_pass),
		T(a_key_that_may_sign_anything_is_refused), T(a_weak_key_is_refused), T(each_field_of_the_quote_altered_is_refused),
		T(a_signed_certify_is_no_quote), T(a_signed_text_is_no_quote), T(values_of_another_quote_are_refused), T(another_nonce_is_refused),
		T(no_nonce_is_no_pass), T(a_reordered_list_is_refused), T(a_truncated_list_is_refused), T(a_list_cut_within_a_record_is_refused),
		T(a_record_put_in_is_refused), T(a_changed_file_is_named), T(each_of_many_records_is_judged),
		T(the_same_bytes_under_another_template_are_another_record), T(buffers_keys_and_policies_need_a_word),
		T(a_buffer_whose_digest_lies_is_refused), T(a_gap_is_refused), T(an_event_log_of_another_boot_is_refused),
		T(no_event_log_is_no_pass), T(a_list_of_another_boot_is_refused), T(a_list_without_boot_aggregate_is_refused),
		T(new_records_alone_go_on_from_the_state), T(a_state_that_does_not_fit_is_refused),
		T(a_part_of_a_list_without_a_state_is_refused), T(states_are_kept_as_json), T(lists_and_logs_of_real_kernels_pass), T(paths_and_globs),
		T(globs_that_would_blow_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
