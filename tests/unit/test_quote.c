/* SPDX-License-Identifier: BSD-2-Clause */
/* Quotes that tpm2-tools made: taken apart, verified, and refused when any byte of them differs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ima/quote.h>

#include "base/buffer.h"
#include "base/hex.h"
#include "core/attest/ak.h"
#include "core/attest/public.h"

static const char *const kinds[] = { "rsa", "ecc", "pss" };
static const uint8_t nonce[20] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23,
				   0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67 };

struct vector {
	struct ima_buffer ak, name, msg, sig, pcrs;
};

static void read_part(const char *kind, const char *name, struct ima_buffer *out)
{
	char path[4096], block[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/quote/%s/%s", getenv("IMA_TEST_VECTORS"), kind, name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		assert_int_equal(ima_buffer_append(out, block, n), 0);
	fclose(f);
}

static struct vector load(const char *kind)
{
	struct vector v = { 0 };

	read_part(kind, "ak.pub", &v.ak);
	read_part(kind, "ak.name", &v.name);
	read_part(kind, "msg", &v.msg);
	read_part(kind, "sig", &v.sig);
	read_part(kind, "pcrs", &v.pcrs);
	return v;
}

static void done(struct vector *v)
{
	ima_buffer_done(&v->ak);
	ima_buffer_done(&v->name);
	ima_buffer_done(&v->msg);
	ima_buffer_done(&v->sig);
	ima_buffer_done(&v->pcrs);
}

static void quotes_are_taken_apart(void **state)
{
	struct ima_buffer text = { 0 };
	struct ima_pcrs want;
	struct ima_hasher *h;

	read_part(".", "values", &text);
	assert_int_equal(ima_pcrs_parse(ima_buffer_bytes(&text), IMA_HASH_SHA1, &want, NULL), 0);
	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(kinds); i++) {
		struct vector v = load(kinds[i]);
		struct ima_diag diag = { 0 };
		struct ima_digest d;
		struct ima_pcrs p;
		struct ima_quote q;

		if (ima_quote_parse(ima_buffer_bytes(&v.msg), &q, &diag) < 0)
			fail_msg("%s: %s", kinds[i], diag.text);
		assert_int_equal(q.nonce.len, sizeof(nonce));
		assert_memory_equal(q.nonce.data, nonce, sizeof(nonce));
		assert_int_equal(q.n_selections, 2);
		assert_int_equal(q.selections[0].tpm_alg, 0xb);
		assert_int_equal(q.selections[0].mask, 0x107ff);
		assert_int_equal(q.selections[1].mask, 1 << 10);
		if (ima_quote_pcrs_parse(ima_buffer_bytes(&v.pcrs), &p, &diag) < 0)
			fail_msg("%s: %s", kinds[i], diag.text);
		for (size_t b = 0; b < want.n_banks; b++) {
			const struct ima_pcr_bank *have = ima_pcrs_bank_const(&p, want.banks[b].algo);

			assert_non_null(have);
			assert_int_equal(have->known, want.banks[b].known);
			for (unsigned int k = 0; k < IMA_PCR_COUNT; k++)
				if (have->known >> k & 1)
					assert_memory_equal(have->value[k], want.banks[b].value[k], ima_hash_len(have->algo));
		}
		assert_int_equal(ima_quote_digest(h, &q, &p, IMA_HASH_SHA256, &d), 0);
		assert_int_equal(d.len, q.pcr_digest.len);
		assert_memory_equal(d.data, q.pcr_digest.data, d.len);
		p.banks[0].known &= ~1U;
		assert_int_equal(ima_quote_digest(h, &q, &p, IMA_HASH_SHA256, &d), -ENODATA);
		done(&v);
	}
	ima_buffer_done(&text);
	ima_hasher_free(h);
}

static void keys_have_the_tpms_name(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(kinds); i++) {
		struct vector v = load(kinds[i]);
		struct ima_buffer pem = { 0 };
		struct ima_ak *k = NULL, *bare = NULL;
		char a[65], b[65];

		assert_int_equal(ima_ak_parse(ima_buffer_bytes(&v.ak), &k, NULL), 0);
		assert_int_equal(ima_ak_name(k).len, v.name.len);
		assert_memory_equal(ima_ak_name(k).data, v.name.data, v.name.len);
		assert_true(ima_ak_is_restricted(k));
		assert_int_equal(ima_ak_is_rsa(k), kinds[i][0] != 'e');
		assert_string_equal(ima_ak_algorithm(k), kinds[i][0] != 'e' ? "rsa2048" : "prime256v1");
		assert_int_equal(ima_ak_pem(k, &pem), 0);
		assert_int_equal(ima_ak_parse(ima_buffer_bytes(&pem), &bare, NULL), 0);
		assert_true(ima_ak_is_same_key(k, bare));
		assert_false(ima_ak_is_restricted(bare));
		assert_int_equal(ima_ak_name(bare).len, 0);
		ima_ak_fingerprint(k, a);
		ima_ak_fingerprint(bare, b);
		assert_string_equal(a, b);
		assert_int_equal(ima_ak_verify(bare, ima_buffer_bytes(&v.msg), ima_buffer_bytes(&v.sig), NULL, NULL), IMA_QUOTE_GOOD);
		ima_ak_free(k);
		ima_ak_free(bare);
		ima_buffer_done(&pem);
		done(&v);
	}
}

/* every byte of each part, changed; every length at which it can be cut */
static void no_byte_is_without_meaning(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(kinds); i++) {
		struct vector v = load(kinds[i]);
		struct ima_diag diag = { 0 };
		struct ima_ak *k = NULL;
		struct ima_pcrs p;
		struct ima_quote q;

		assert_int_equal(ima_ak_parse(ima_buffer_bytes(&v.ak), &k, NULL), 0);
		for (size_t at = 0; at < v.msg.len; at++) {
			v.msg.data[at] ^= 1;
			assert_int_equal(ima_ak_verify(k, ima_buffer_bytes(&v.msg), ima_buffer_bytes(&v.sig), NULL, &diag), IMA_QUOTE_BAD);
			ima_ignore(ima_quote_parse(ima_buffer_bytes(&v.msg), &q, &diag));
			v.msg.data[at] ^= 1;
			assert_int_equal(ima_quote_parse((struct ima_bytes){ v.msg.data, at }, &q, &diag), -EBADMSG);
		}
		for (size_t at = 0; at < v.sig.len; at++) {
			v.sig.data[at] ^= 1;
			assert_int_equal(ima_ak_verify(k, ima_buffer_bytes(&v.msg), ima_buffer_bytes(&v.sig), NULL, &diag), IMA_QUOTE_BAD);
			v.sig.data[at] ^= 1;
			assert_int_equal(ima_ak_verify(k, ima_buffer_bytes(&v.msg), (struct ima_bytes){ v.sig.data, at }, NULL, &diag), IMA_QUOTE_BAD);
		}
		for (size_t at = 0; at < v.pcrs.len; at++) {
			struct ima_pcrs good;

			assert_int_equal(ima_quote_pcrs_parse(ima_buffer_bytes(&v.pcrs), &good, NULL), 0);
			v.pcrs.data[at] ^= 1;
			if (ima_quote_pcrs_parse(ima_buffer_bytes(&v.pcrs), &p, &diag) == 0 && !memcmp(&good, &p, sizeof(p)))
				fail_msg("byte %zu of the PCR values has no meaning", at);
			v.pcrs.data[at] ^= 1;
			assert_int_equal(ima_quote_pcrs_parse((struct ima_bytes){ v.pcrs.data, at }, &p, &diag), -EBADMSG);
		}
		ima_ak_free(k);
		done(&v);
	}
}

static void other_keys_and_structures_are_refused(void **state)
{
	struct vector rsa = load("rsa"), ecc = load("ecc");
	struct ima_ak *k = NULL;
	struct ima_diag diag = { 0 };
	struct ima_quote q;

	assert_int_equal(ima_ak_parse(ima_buffer_bytes(&ecc.ak), &k, NULL), 0);
	assert_int_equal(ima_ak_verify(k, ima_buffer_bytes(&rsa.msg), ima_buffer_bytes(&rsa.sig), NULL, &diag), IMA_QUOTE_BAD);
	assert_string_equal(diag.text, "the signature's scheme is not that of the key");
	ima_ak_free(k);
	rsa.msg.data[0] ^= 1;
	assert_int_equal(ima_quote_parse(ima_buffer_bytes(&rsa.msg), &q, &diag), -EBADMSG);
	assert_non_null(strstr(diag.text, "no TPM made this"));
	rsa.msg.data[0] ^= 1;
	rsa.msg.data[5] = 0x17; /* TPM_ST_ATTEST_CERTIFY */
	assert_int_equal(ima_quote_parse(ima_buffer_bytes(&rsa.msg), &q, &diag), -EBADMSG);
	assert_non_null(strstr(diag.text, "not a quote"));
	rsa.msg.data[5] = 0x18;
	assert_int_equal(ima_buffer_append_u8(&rsa.msg, 0), 0);
	assert_int_equal(ima_quote_parse(ima_buffer_bytes(&rsa.msg), &q, &diag), -EBADMSG);
	assert_non_null(strstr(diag.text, "bytes follow"));
	assert_int_equal(ima_ak_parse((struct ima_bytes){ (const uint8_t *)"hello", 5 }, &k, &diag), -EBADMSG);
	for (size_t at = 1; at < ecc.ak.len; at++)
		assert_true(ima_ak_parse((struct ima_bytes){ ecc.ak.data, at }, &k, &diag) < 0);
	done(&rsa);
	done(&ecc);
}

/* an attestation key is no storage key: no challenge is made for it */
static void challenges_need_an_endorsement_key(void **state)
{
	struct vector v = load("rsa");
	struct ima_buffer out = { 0 };
	const uint8_t secret[IMA_CREDENTIAL_LEN] = { 1 };

	assert_int_equal(ima_credential_make(ima_buffer_bytes(&v.ak), ima_buffer_bytes(&v.name), secret, &out), -EBADMSG);
	assert_int_equal(out.len, 0);
	done(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_are_taken_apart),
		cmocka_unit_test(keys_have_the_tpms_name),
		cmocka_unit_test(no_byte_is_without_meaning),
		cmocka_unit_test(other_keys_and_structures_are_refused),
		cmocka_unit_test(challenges_need_an_endorsement_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
