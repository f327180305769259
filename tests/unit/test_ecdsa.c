/* SPDX-License-Identifier: BSD-2-Clause */
/* Our ECDSA verification and libcrypto's say the same of every signature: good, damaged, badly encoded, out of range, and made for the corners of the curve. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "core/sig/ecdsa.h"
#include "core/sig/names.h"
#include "core/sig/pool.h"

#define MAX 160 /* bytes of a signature, and what is added to it */
#define LEN 32

struct pair {
	EVP_PKEY *key;
	struct ima_ecdsa_key *own;
	struct ima_ecdsa *ecdsa;
	EVP_PKEY_CTX *ctx;
	struct ima_digest digest;
	uint8_t sig[MAX];
	size_t len;
	BIGNUM *r, *s; /* of sig */
	unsigned int n_good, n_bad;
};

static EC_GROUP *curve;
static const BIGNUM *order;
static BN_CTX *bn;

static EVP_PKEY *from_params(OSSL_PARAM_BLD *b, int selection)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	assert_true(params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &key, selection, params) == 1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	return key;
}

/* @d NULL: the public key alone */
static EVP_PKEY *key_of(const EC_POINT *q, const BIGNUM *d, point_conversion_form_t form)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	uint8_t point[1 + 2 * LEN];
	const size_t len = EC_POINT_point2oct(curve, q, form, point, sizeof(point), bn);

	assert_true(b && len && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
		    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, len) == 1);
	if (d)
		assert_int_equal(OSSL_PARAM_BLD_push_BN_pad(b, OSSL_PKEY_PARAM_PRIV_KEY, d, LEN), 1);
	return from_params(b, d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
}

static EVP_PKEY *private_key(const BIGNUM *d)
{
	EC_POINT *q = EC_POINT_new(curve);
	EVP_PKEY *key;

	assert_true(q && EC_POINT_mul(curve, q, d, NULL, NULL, bn) == 1);
	key = key_of(q, d, POINT_CONVERSION_UNCOMPRESSED);
	EC_POINT_free(q);
	return key;
}

static BIGNUM *number(const char *hex)
{
	BIGNUM *n = NULL;

	assert_true(BN_hex2bn(&n, hex) > 0);
	return n;
}

static void put_digest(struct pair *p, const BIGNUM *z)
{
	p->digest = (struct ima_digest){ .algo = IMA_HASH_SHA256, .len = LEN };
	assert_int_equal(BN_bn2binpad(z, p->digest.data, LEN), LEN);
}

static EVP_PKEY_CTX *context(EVP_PKEY *key, enum ima_hash_algo algo, bool sign)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	EVP_MD *md = EVP_MD_fetch(NULL, ima_library_hash_name(algo), NULL);

	assert_true(ctx && md && (sign ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx)) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1);
	EVP_MD_free(md);
	return ctx;
}

static void set_algo(struct pair *p, enum ima_hash_algo algo)
{
	EVP_PKEY_CTX_free(p->ctx);
	p->ctx = context(p->key, algo, false);
}

/* over the digest as it is */
static void sign(struct pair *p)
{
	EVP_PKEY_CTX *ctx = context(p->key, p->digest.algo, true);
	const unsigned char *at = p->sig;
	ECDSA_SIG *sig;

	p->len = MAX;
	assert_int_equal(EVP_PKEY_sign(ctx, p->sig, &p->len, p->digest.data, p->digest.len), 1);
	sig = d2i_ECDSA_SIG(NULL, &at, (long)p->len);
	assert_true(sig && BN_copy(p->r, ECDSA_SIG_get0_r(sig)) && BN_copy(p->s, ECDSA_SIG_get0_s(sig)));
	ECDSA_SIG_free(sig);
	EVP_PKEY_CTX_free(ctx);
}

/* takes the key */
static void begin(struct pair *p, EVP_PKEY *key)
{
	*p = (struct pair){ .key = key, .r = BN_new(), .s = BN_new(), .digest = { .algo = IMA_HASH_SHA256, .len = LEN } };
	memset(p->digest.data, 0xa5, LEN);
	set_algo(p, IMA_HASH_SHA256);
	assert_int_equal(ima_ecdsa_key_new(key, &p->own), 0);
	assert_int_equal(ima_ecdsa_new(p->own, &p->ecdsa), 0);
}

static void end(struct pair *p)
{
	ima_ecdsa_free(p->ecdsa);
	ima_ecdsa_key_free(p->own);
	EVP_PKEY_CTX_free(p->ctx);
	EVP_PKEY_free(p->key);
	BN_free(p->r);
	BN_free(p->s);
}

/* both say the same; is it good? */
static bool agree(struct pair *p, const char *what, const uint8_t *sig, size_t len)
{
	const enum ima_sig_verdict v = ima_ecdsa_verify(p->ecdsa, (struct ima_bytes){ sig, len }, &p->digest);
	const bool good = EVP_PKEY_verify(p->ctx, sig, len, p->digest.data, p->digest.len) == 1;

	if (v != (good ? IMA_SIG_GOOD : IMA_SIG_BAD)) {
		for (size_t i = 0; i < len; i++)
			print_error("%02x", sig[i]);
		fail_msg(" %s: %s, libcrypto: %s", what, ima_sig_verdict_text(v), good ? "good" : "bad");
	}
	p->n_good += good;
	p->n_bad += !good;
	return good;
}

static void expect(struct pair *p, const char *what, const uint8_t *sig, size_t len, bool good)
{
	if (agree(p, what, sig, len) != good)
		fail_msg("%s: both say %s", what, good ? "bad" : "good");
}

static void expect_pair(struct pair *p, const char *what, const BIGNUM *r, const BIGNUM *s, bool good)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char der[MAX], *at = der;
	int len;

	assert_true(sig && ECDSA_SIG_set0(sig, BN_dup(r), BN_dup(s)) == 1);
	len = i2d_ECDSA_SIG(sig, &at);
	assert_true(len > 0);
	expect(p, what, der, (size_t)len, good);
	ECDSA_SIG_free(sig);
}

static void each_byte(struct pair *p)
{
	uint8_t sig[MAX];

	for (size_t i = 0; i < p->len; i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			memcpy(sig, p->sig, p->len);
			sig[i] ^= (uint8_t)(1U << bit);
			expect(p, "one bit", sig, p->len, false);
		}
		memcpy(sig, p->sig, i);
		memcpy(sig + i, p->sig + i + 1, p->len - i - 1);
		expect(p, "a byte less", sig, p->len - 1, false);
		for (unsigned int value = 0; value < 256; value += 0x7f) {
			memcpy(sig, p->sig, i);
			sig[i] = (uint8_t)value;
			memcpy(sig + i + 1, p->sig + i, p->len - i);
			expect(p, "a byte more", sig, p->len + 1, false);
		}
		expect(p, "cut", p->sig, i, false);
	}
	memcpy(sig, p->sig, p->len);
	sig[p->len] = 0;
	expect(p, "a byte behind it", sig, p->len + 1, false);
}

/* lengths stay right, so that many of them are read to the end */
static void at_random(struct pair *p)
{
	uint8_t sig[MAX];

	srand(7);
	for (int round = 0; round < 3000; round++) {
		size_t len = p->len;

		memcpy(sig, p->sig, sizeof(sig));
		for (int n = rand() % 4; n >= 0; n--)
			sig[(size_t)rand() % len] = (uint8_t)(rand() % 5 ? rand() : rand() % 2 ? 0 : 0x80);
		if (rand() % 4 == 0) {
			len = (size_t)(rand() % MAX);
			sig[1] = len >= 2 ? (uint8_t)(len - 2) : sig[1];
		}
		agree(p, "at random", sig, len);
	}
}

static void test_damage(void **state)
{
	struct pair p;

	begin(&p, EVP_EC_gen("prime256v1"));
	/* with and without zeros before the numbers */
	for (int i = 0; i < 6; i++) {
		p.digest.data[0] = (uint8_t)i;
		sign(&p);
		expect(&p, "good", p.sig, p.len, true);
		each_byte(&p);
		at_random(&p);
		expect(&p, "good after all that", p.sig, p.len, true);
	}
	p.digest.data[LEN - 1] ^= 1;
	expect(&p, "another digest", p.sig, p.len, false);
	end(&p);
}

/* DER of two numbers, written by hand: @r and @s are whole INTEGERs */
static void expect_der(struct pair *p, const char *what, struct ima_bytes r, struct ima_bytes s, bool good)
{
	uint8_t der[MAX] = { 0x30, (uint8_t)(r.len + s.len) };

	memcpy(der + 2, r.data, r.len);
	memcpy(der + 2 + r.len, s.data, s.len);
	expect(p, what, der, 2 + r.len + s.len, good);
}

static size_t integer(uint8_t *out, const BIGNUM *n, size_t zeros)
{
	const size_t len = zeros + (size_t)BN_num_bytes(n);

	out[0] = 2;
	out[1] = (uint8_t)len;
	memset(out + 2, 0, zeros);
	BN_bn2bin(n, out + 2 + zeros);
	return 2 + len;
}

static void test_encodings(void **state)
{
	uint8_t r[64], s[64], more[64], der[MAX];
	struct ima_bytes br = { r, 0 }, bs = { s, 0 };
	struct pair p;

	begin(&p, EVP_EC_gen("prime256v1"));
	do {
		p.digest.data[0]++;
		sign(&p);
	} while (BN_num_bits(p.r) != 8 * LEN || BN_num_bits(p.s) != 8 * LEN - 1);
	br.len = integer(r, p.r, 1);
	bs.len = integer(s, p.s, 0);
	expect_der(&p, "as it should be", br, bs, true);
	expect_der(&p, "negative r", (struct ima_bytes){ more, integer(more, p.r, 0) }, bs, false);
	expect_der(&p, "a zero too many before r", (struct ima_bytes){ more, integer(more, p.r, 2) }, bs, false);
	expect_der(&p, "a zero before s", br, (struct ima_bytes){ more, integer(more, p.s, 1) }, false);
	expect_der(&p, "the numbers' places changed", bs, br, false);
	expect_der(&p, "an empty number", br, (struct ima_bytes){ (const uint8_t[]){ 2, 0 }, 2 }, false);
	expect_der(&p, "no second number", br, (struct ima_bytes){ s, 0 }, false);
	expect_der(&p, "a length without its number", br, (struct ima_bytes){ (const uint8_t[]){ 2, 1 }, 2 }, false);
	memcpy(more, s, bs.len);
	more[0] = 3;
	expect_der(&p, "a bit string", br, (struct ima_bytes){ more, bs.len }, false);
	memcpy(more, s, bs.len);
	memcpy(more + bs.len, (const uint8_t[]){ 2, 1, 1 }, 3);
	expect_der(&p, "three numbers", br, (struct ima_bytes){ more, bs.len + 3 }, false);
	memcpy(more, (const uint8_t[]){ 2, 0x81, s[1] }, 3);
	memcpy(more + 3, s + 2, bs.len - 2);
	expect_der(&p, "a long length", br, (struct ima_bytes){ more, bs.len + 1 }, false);
	memcpy(der, (const uint8_t[]){ 0x30, 0x81, p.sig[1] }, 3);
	memcpy(der + 3, p.sig + 2, p.len - 2);
	expect(&p, "a long length of all", der, p.len + 1, false);
	memcpy(der, (const uint8_t[]){ 0x30, 0x80 }, 2);
	memcpy(der + 2, p.sig + 2, p.len - 2);
	memset(der + p.len, 0, 2);
	expect(&p, "an indefinite length", der, p.len + 2, false);
	expect(&p, "nothing", der, 0, false);
	end(&p);
}

static void test_ranges(void **state)
{
	BIGNUM *n[8], *x = BN_new();
	struct pair p;

	begin(&p, EVP_EC_gen("prime256v1"));
	sign(&p);
	n[0] = number("0");
	n[1] = number("1");
	n[2] = BN_dup(order);
	BN_sub_word(n[2], 1);
	n[3] = BN_dup(order);
	n[4] = BN_dup(order);
	BN_add_word(n[4], 1);
	n[5] = BN_dup(EC_GROUP_get0_field(curve));
	n[6] = number("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
	n[7] = number("10000000000000000000000000000000000000000000000000000000000000000");
	for (size_t i = 0; i < 8; i++) {
		expect_pair(&p, "r at an end", n[i], p.s, false);
		expect_pair(&p, "s at an end", p.r, n[i], false);
		for (size_t k = 0; k < 8; k++)
			expect_pair(&p, "both at an end", n[i], n[k], false);
	}
	BN_sub(x, order, p.s);
	expect_pair(&p, "the negative of s, as good as s", p.r, x, true);
	BN_sub(x, order, p.r);
	expect_pair(&p, "the negative of r", x, p.s, false);
	BN_add(x, order, p.s);
	expect_pair(&p, "the order added to s", p.r, x, false);
	BN_add(x, order, p.r);
	expect_pair(&p, "the order added to r", x, p.s, false);
	for (size_t i = 0; i < 8; i++)
		BN_free(n[i]);
	BN_free(x);
	end(&p);
}

static void test_digests(void **state)
{
	static const enum ima_hash_algo algos[] = { IMA_HASH_SHA1, IMA_HASH_SHA224, IMA_HASH_SHA256, IMA_HASH_SHA384, IMA_HASH_SHA512,
						    IMA_HASH_SHA3_256, IMA_HASH_SHA3_512 };
	BIGNUM *z[5];
	struct pair p;

	begin(&p, EVP_EC_gen("prime256v1"));
	z[0] = number("0");
	z[1] = number("1");
	z[2] = BN_dup(order);
	z[3] = BN_dup(order);
	BN_add_word(z[3], 1);
	z[4] = number("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
	for (size_t i = 0; i < 5; i++) {
		put_digest(&p, z[i]);
		sign(&p);
		expect(&p, "a digest at an end", p.sig, p.len, true);
		BN_free(z[i]);
	}
	for (size_t i = 0; i < sizeof(algos) / sizeof(algos[0]); i++) {
		p.digest = (struct ima_digest){ .algo = algos[i], .len = ima_hash_len(algos[i]) };
		memset(p.digest.data, 0xc3, p.digest.len);
		set_algo(&p, algos[i]);
		sign(&p);
		expect(&p, ima_hash_name(algos[i]), p.sig, p.len, true);
		p.digest.data[0] ^= 0x80;
		expect(&p, ima_hash_name(algos[i]), p.sig, p.len, false);
	}
	end(&p);
}

/* good to who does not ask which algorithm it is of */
static void test_short_digest(void **state)
{
	EVP_PKEY_CTX *ctx;
	struct pair p;

	begin(&p, EVP_EC_gen("prime256v1"));
	ctx = EVP_PKEY_CTX_new(p.key, NULL);
	p.digest.len = LEN - 1;
	p.len = MAX;
	assert_true(ctx && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, p.sig, &p.len, p.digest.data, p.digest.len) == 1);
	expect(&p, "a short digest", p.sig, p.len, false);
	EVP_PKEY_CTX_free(ctx);
	end(&p);
}

/* z such that z/s G is r/s Q, or its negative: the sum is a point doubled, or none */
static void check_sums(struct pair *p, const BIGNUM *d)
{
	BIGNUM *k = number("123456789abcdef"), *z = BN_new(), *s = BN_new(), *r = BN_new();
	EC_POINT *at = EC_POINT_new(curve);

	assert_true(at && EC_POINT_mul(curve, at, k, NULL, NULL, bn) == 1 && EC_POINT_get_affine_coordinates(curve, at, r, NULL, bn) == 1 &&
		    BN_nnmod(r, r, order, bn) == 1 && BN_mod_mul(z, r, d, order, bn) == 1);
	put_digest(p, z);
	/* s = (z + r d) / k */
	assert_true(BN_mod_lshift1(s, z, order, bn) == 1 && BN_mod_inverse(k, k, order, bn) && BN_mod_mul(s, s, k, order, bn) == 1);
	expect_pair(p, "a point doubled", r, s, true);
	BN_sub(z, order, z);
	put_digest(p, z);
	expect_pair(p, "the point at infinity", r, s, false);
	expect_pair(p, "the point at infinity", r, r, false);
	EC_POINT_free(at);
	BN_free(k);
	BN_free(z);
	BN_free(s);
	BN_free(r);
}

static void test_corners(void **state)
{
	BIGNUM *d[5];

	d[0] = number("1"); /* the base point itself */
	d[1] = number("2");
	d[2] = BN_dup(order);
	BN_sub_word(d[2], 1);
	d[3] = number("80");
	d[4] = number("c0ffee0000000000000000000000000000000000000000000000000000c0ffee");
	for (size_t i = 0; i < 5; i++) {
		struct pair p;

		begin(&p, private_key(d[i]));
		sign(&p);
		expect(&p, "good", p.sig, p.len, true);
		check_sums(&p, d[i]);
		expect_pair(&p, "r is s", p.r, p.r, false);
		end(&p);
		BN_free(d[i]);
	}
}

/* a point whose x is not below the order: r is what remains of it. With s = 1 the key is (point - z G) / r */
static void test_above_the_order(void **state)
{
	EC_POINT *at = EC_POINT_new(curve), *q = EC_POINT_new(curve);
	BIGNUM *x = BN_dup(order), *r = BN_new(), *one = number("1"), *z = number("5eed"), *w = BN_new();
	struct pair p;

	do {
		BN_add_word(x, 1);
	} while (EC_POINT_set_compressed_coordinates(curve, at, x, 0, bn) != 1);
	BN_sub(r, x, order);
	assert_true(EC_POINT_mul(curve, q, z, NULL, NULL, bn) == 1 && EC_POINT_invert(curve, q, bn) == 1 && EC_POINT_add(curve, q, q, at, bn) == 1 &&
		    BN_mod_inverse(w, r, order, bn) && EC_POINT_mul(curve, q, NULL, q, w, bn) == 1);
	begin(&p, key_of(q, NULL, POINT_CONVERSION_UNCOMPRESSED));
	put_digest(&p, z);
	expect_pair(&p, "what remains of x", r, one, true);
	expect_pair(&p, "x itself", x, one, false);
	end(&p);
	EC_POINT_free(at);
	EC_POINT_free(q);
	BN_free(x);
	BN_free(r);
	BN_free(one);
	BN_free(z);
	BN_free(w);
}

static void test_compressed_key(void **state)
{
	BIGNUM *d = number("1234567890");
	EC_POINT *q = EC_POINT_new(curve);
	struct pair p;

	assert_int_equal(EC_POINT_mul(curve, q, d, NULL, NULL, bn), 1);
	begin(&p, key_of(q, d, POINT_CONVERSION_COMPRESSED));
	sign(&p);
	expect(&p, "good", p.sig, p.len, true);
	end(&p);
	EC_POINT_free(q);
	BN_free(d);
}

static void test_left_to_the_library(void **state)
{
	EVP_PKEY *keys[] = { EVP_EC_gen("secp384r1"), EVP_EC_gen("secp521r1"), EVP_EC_gen("secp256k1"), EVP_EC_gen("SM2"), EVP_RSA_gen(1024) };
	struct ima_ecdsa_key *k = NULL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_non_null(keys[i]);
		assert_int_equal(ima_ecdsa_key_new(keys[i], &k), -EOPNOTSUPP);
		EVP_PKEY_free(keys[i]);
	}
	assert_null(k);
}

struct many {
	struct ima_pool *pool;
	const struct pair *p;
	unsigned int wrong;
};

/* before and after the multiples are there, and while they are made */
static void *verify_many(void *arg)
{
	struct many *m = arg;
	uint8_t bad[MAX];

	memcpy(bad, m->p->sig, m->p->len);
	bad[m->p->len - 1] ^= 1;
	for (int i = 0; i < 2 * IMA_ECDSA_KEY_PAYS; i++) {
		const bool good = i % 3;
		const struct ima_bytes sig = { good ? m->p->sig : bad, m->p->len };

		m->wrong += ima_pool_verify(m->pool, sig, &m->p->digest) != (good ? IMA_SIG_GOOD : IMA_SIG_BAD);
	}
	return NULL;
}

static void test_pool(void **state)
{
	struct many m[2];
	struct ima_pool *pool;
	pthread_t t;
	struct pair p;

	begin(&p, EVP_EC_gen("prime256v1"));
	sign(&p);
	assert_int_equal(ima_pool_new(p.key, NULL, NULL, 0, &pool), 0);
	for (size_t i = 0; i < 2; i++)
		m[i] = (struct many){ .pool = pool, .p = &p };
	assert_int_equal(pthread_create(&t, NULL, verify_many, &m[1]), 0);
	verify_many(&m[0]);
	pthread_join(t, NULL);
	assert_int_equal(m[0].wrong + m[1].wrong, 0);
	ima_pool_free(pool);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_short_digest),
		cmocka_unit_test(test_corners),
		cmocka_unit_test(test_above_the_order),
		cmocka_unit_test(test_compressed_key),
		cmocka_unit_test(test_left_to_the_library),
		cmocka_unit_test(test_pool),
	};
	int r;

	curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	bn = BN_CTX_new();
	if (!curve || !bn)
		return 1;
	order = EC_GROUP_get0_order(curve);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	EC_GROUP_free(curve);
	BN_CTX_free(bn);
	return r;
}
