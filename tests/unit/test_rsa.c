/* SPDX-License-Identifier: BSD-2-Clause */
/* Our RSA verification and libcrypto's say the same of every signature, good, damaged and forged with the private key. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "core/sig/names.h"
#include "core/sig/rsa.h"

#define MAX 512

struct pair {
	EVP_PKEY *key;
	struct ima_rsa *rsa;
	EVP_MD *md;
	enum ima_hash_algo algo;
	struct ima_digest digest;
	uint8_t sig[MAX];
	size_t len;
};

static EVP_PKEY *rsa_of(unsigned int bits, unsigned int exponent)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *e = BN_new();
	EVP_PKEY *key = NULL;

	assert_true(ctx && e && BN_set_word(e, exponent) == 1 && EVP_PKEY_keygen_init(ctx) == 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
	BN_free(e);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void begin(struct pair *p, EVP_PKEY *key, enum ima_hash_algo algo)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	*p = (struct pair){ .key = key, .algo = algo, .digest = { .algo = algo, .len = ima_hash_len(algo) }, .len = MAX };
	memset(p->digest.data, 0xa5, p->digest.len);
	p->md = EVP_MD_fetch(NULL, ima_library_hash_name(algo), NULL);
	assert_true(p->md && ctx && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, p->md) == 1);
	assert_int_equal(EVP_PKEY_sign(ctx, p->sig, &p->len, p->digest.data, p->digest.len), 1);
	EVP_PKEY_CTX_free(ctx);
	assert_int_equal(ima_rsa_new(key, algo, &p->rsa), 0);
}

static void end(struct pair *p)
{
	ima_rsa_free(p->rsa);
	EVP_MD_free(p->md);
}

static bool librarys(const struct pair *p, const uint8_t *sig, size_t len, const struct ima_digest *d)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(p->key, NULL);
	bool good;

	assert_true(ctx && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, p->md) == 1);
	good = EVP_PKEY_verify(ctx, sig, len, d->data, d->len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

/* both say @good */
static void expect(struct pair *p, const char *what, const uint8_t *sig, size_t len, const struct ima_digest *d, bool good)
{
	const enum ima_sig_verdict v = ima_rsa_verify(p->rsa, (struct ima_bytes){ sig, len }, d);

	if (v != (good ? IMA_SIG_GOOD : IMA_SIG_BAD))
		fail_msg("%s, %zu bytes: %s", what, p->len, ima_sig_verdict_text(v));
	if (librarys(p, sig, len, d) != good)
		fail_msg("%s, %zu bytes: libcrypto does not agree", what, p->len);
}

static void check_damage(struct pair *p)
{
	uint8_t sig[MAX + 1];
	struct ima_digest d = p->digest;

	expect(p, "good", p->sig, p->len, &p->digest, true);
	for (size_t i = 0; i < p->len; i += 7) {
		memcpy(sig, p->sig, p->len);
		sig[i] ^= (uint8_t)(1U << i % 8);
		expect(p, "one bit", sig, p->len, &p->digest, false);
	}
	expect(p, "cut", p->sig, p->len - 1, &p->digest, false);
	expect(p, "first byte gone", p->sig + 1, p->len - 1, &p->digest, false);
	sig[0] = 0;
	memcpy(sig + 1, p->sig, p->len);
	expect(p, "a zero before it", sig, p->len + 1, &p->digest, false);
	expect(p, "nothing", sig, 0, &p->digest, false);
	memset(sig, 0, sizeof(sig));
	expect(p, "zero", sig, p->len, &p->digest, false);
	sig[p->len - 1] = 1;
	expect(p, "one", sig, p->len, &p->digest, false);
	memset(sig, 0xff, sizeof(sig));
	expect(p, "above the modulus", sig, p->len, &p->digest, false);
	d.data[d.len - 1] ^= 1;
	expect(p, "another digest", p->sig, p->len, &d, false);
	expect(p, "good after all that", p->sig, p->len, &p->digest, true);
}

/* the same number modulo n, and its negative */
static void check_residues(struct pair *p)
{
	BIGNUM *n = NULL, *s = BN_bin2bn(p->sig, (int)p->len, NULL), *x = BN_new();
	uint8_t sig[MAX];

	assert_true(s && x && EVP_PKEY_get_bn_param(p->key, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
	assert_int_equal(BN_add(x, s, n), 1);
	if ((size_t)BN_num_bytes(x) <= p->len) {
		assert_int_equal(BN_bn2binpad(x, sig, (int)p->len), p->len);
		expect(p, "the modulus added", sig, p->len, &p->digest, false);
	}
	assert_int_equal(BN_sub(x, n, s), 1);
	assert_int_equal(BN_bn2binpad(x, sig, (int)p->len), p->len);
	expect(p, "negative", sig, p->len, &p->digest, false);
	assert_int_equal(BN_bn2binpad(n, sig, (int)p->len), p->len);
	expect(p, "the modulus", sig, p->len, &p->digest, false);
	BN_free(n);
	BN_free(s);
	BN_free(x);
}

static void sign_frame(const struct pair *p, const uint8_t *frame, uint8_t *sig)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(p->key, NULL);
	size_t len = MAX;

	assert_true(ctx && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1);
	assert_int_equal(EVP_PKEY_sign(ctx, sig, &len, frame, p->len), 1);
	assert_int_equal(len, p->len);
	EVP_PKEY_CTX_free(ctx);
}

static void open_frame(const struct pair *p, uint8_t *frame)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(p->key, NULL);
	size_t len = MAX;

	assert_true(ctx && EVP_PKEY_verify_recover_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1);
	assert_int_equal(EVP_PKEY_verify_recover(ctx, frame, &len, p->sig, p->len), 1);
	EVP_PKEY_CTX_free(ctx);
}

/* frames that a lenient reader of the padding lets pass */
static void check_frames(struct pair *p)
{
	uint8_t frame[MAX], made[MAX], sig[MAX];
	const size_t digest_at = p->len - p->digest.len;

	open_frame(p, frame);
	sign_frame(p, frame, sig);
	expect(p, "the frame signed again", sig, p->len, &p->digest, true);
	for (size_t i = 1; i < digest_at; i++) {
		memcpy(made, frame, p->len);
		made[i] ^= 1;
		/* all of the prefix, some of the padding */
		if (i > 4 && i + 24 < digest_at && i % 16)
			continue;
		sign_frame(p, made, sig);
		expect(p, "one bit of the frame", sig, p->len, &p->digest, false);
	}
	/* short padding, what remains stands behind the digest */
	memcpy(made, frame, 10);
	memset(made + 10, 0, sizeof(made) - 10);
	memcpy(made + 10, frame + digest_at - 20, p->digest.len + 20);
	sign_frame(p, made, sig);
	expect(p, "garbage behind the digest", sig, p->len, &p->digest, false);
	/* the digest without its name */
	memcpy(made, frame, p->len);
	memset(made + 2, 0xff, digest_at - 3);
	made[digest_at - 1] = 0;
	sign_frame(p, made, sig);
	expect(p, "a bare digest", sig, p->len, &p->digest, false);
}

static void test_agrees(void **state)
{
	static const unsigned int bits[] = { 1024, 1032, 2048, 2051, 3072, 4096 };
	static const enum ima_hash_algo algos[] = { IMA_HASH_SHA1, IMA_HASH_SHA224, IMA_HASH_SHA256, IMA_HASH_SHA384, IMA_HASH_SHA512 };

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		EVP_PKEY *key = rsa_of(bits[i], 65537);

		for (size_t k = 0; k < sizeof(algos) / sizeof(algos[0]); k++) {
			struct pair p;

			begin(&p, key, algos[k]);
			check_damage(&p);
			check_residues(&p);
			if (bits[i] == 2048)
				check_frames(&p);
			end(&p);
		}
		EVP_PKEY_free(key);
	}
}

static void test_left_to_the_library(void **state)
{
	EVP_PKEY *three = rsa_of(2048, 3), *small = rsa_of(1016, 65537), *rsa = rsa_of(2048, 65537), *ec = EVP_EC_gen("prime256v1");
	struct ima_rsa *r = NULL;

	assert_int_equal(ima_rsa_new(three, IMA_HASH_SHA256, &r), -EOPNOTSUPP);
	assert_int_equal(ima_rsa_new(small, IMA_HASH_SHA256, &r), -EOPNOTSUPP);
	assert_int_equal(ima_rsa_new(ec, IMA_HASH_SHA256, &r), -EOPNOTSUPP);
	assert_int_equal(ima_rsa_new(rsa, IMA_HASH_SM3, &r), -EOPNOTSUPP);
	assert_int_equal(ima_rsa_new(rsa, IMA_HASH_SHA3_256, &r), -EOPNOTSUPP);
	assert_null(r);
	EVP_PKEY_free(three);
	EVP_PKEY_free(small);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees),
		cmocka_unit_test(test_left_to_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
