/* SPDX-License-Identifier: BSD-2-Clause */
/* Attestation keys that come again are the same object, trusted or not; those that do not fit any more are made each time, and judged alike. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "attest/maker.h"
#include "core/attest/ak.h"
#include "core/attest/known_aks.h"

static EVP_PKEY *key, *other;

/* the key as a TPM has it */
static struct ima_buffer public_of(EVP_PKEY *k, uint32_t attributes)
{
	struct ima_buffer b = { 0 };
	struct maker m;

	assert_int_equal(EVP_PKEY_up_ref(k), 1);
	maker_init_key(&m, k, attributes);
	assert_int_equal(ima_buffer_append(&b, m.pub.data, m.pub.len), 0);
	maker_done(&m);
	return b;
}

/* and outside of one */
static struct ima_buffer spki_of(EVP_PKEY *k, const char *form)
{
	struct ima_buffer b = { 0 };
	EVP_PKEY *copy = EVP_PKEY_dup(k);
	unsigned char *der = NULL;
	int len;

	assert_true(copy && EVP_PKEY_set_utf8_string_param(copy, "point-format", form) == 1);
	len = i2d_PUBKEY(copy, &der);
	assert_true(len > 0);
	assert_int_equal(ima_buffer_append(&b, der, (size_t)len), 0);
	OPENSSL_free(der);
	EVP_PKEY_free(copy);
	return b;
}

static struct ima_ak *ak_of(struct ima_buffer b)
{
	struct ima_ak *ak;

	assert_int_equal(ima_ak_parse(ima_buffer_bytes(&b), &ak, NULL), 0);
	ima_buffer_done(&b);
	return ak;
}

/* takes @source; is it trusted? */
static bool get(struct ima_known_aks *k, struct ima_buffer source)
{
	struct ima_known_ak a, again;

	assert_int_equal(ima_known_aks_get(k, ima_buffer_bytes(&source), &a, NULL), 0);
	assert_int_equal(ima_known_aks_get(k, ima_buffer_bytes(&source), &again, NULL), 0);
	assert_ptr_equal(a.ak, again.ak);
	assert_null(a.own);
	assert_null(again.own);
	assert_int_equal(a.is_trusted, again.is_trusted);
	assert_int_equal(ima_ak_source(a.ak).len, source.len);
	assert_memory_equal(ima_ak_source(a.ak).data, source.data, source.len);
	ima_buffer_done(&source);
	return a.is_trusted;
}

static void test_trust(void **state)
{
	struct ima_ak *as_public = ak_of(public_of(key, MAKER_AK)), *as_spki = ak_of(spki_of(key, "uncompressed")),
		      *compressed = ak_of(spki_of(key, "compressed"));
	const struct {
		struct ima_ak *trusted;
		bool same_name, other_name, spki, compressed;
	} cases[] = {
		{ as_public, true, false, true, true },
		{ as_spki, true, true, true, true },
		{ compressed, true, true, true, true },
		{ NULL, false, false, false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ima_ak *trusted = cases[i].trusted;
		struct ima_known_aks *k;

		assert_int_equal(ima_known_aks_new(&trusted, trusted != NULL, &k), 0);
		assert_int_equal(get(k, public_of(key, MAKER_AK)), cases[i].same_name);
		assert_int_equal(get(k, public_of(key, MAKER_AK | 0x400)), cases[i].other_name);
		assert_int_equal(get(k, spki_of(key, "uncompressed")), cases[i].spki);
		assert_int_equal(get(k, spki_of(key, "compressed")), cases[i].compressed);
		assert_false(get(k, public_of(other, MAKER_AK)));
		assert_false(get(k, spki_of(other, "uncompressed")));
		ima_known_aks_free(k);
	}
	ima_ak_free(as_public);
	ima_ak_free(as_spki);
	ima_ak_free(compressed);
}

/* what was lent is given back itself: nothing is made of its bytes again. Twice the same is no harm */
static void test_lent(void **state)
{
	struct ima_ak *a = ak_of(public_of(key, MAKER_AK)), *b = ak_of(spki_of(other, "uncompressed"));
	const struct ima_ak *const trusted[] = { a, b, a };
	struct ima_known_aks *k;
	struct ima_known_ak found;

	assert_int_equal(ima_known_aks_new(trusted, 3, &k), 0);
	assert_int_equal(ima_known_aks_get(k, ima_ak_source(a), &found, NULL), 0);
	assert_ptr_equal(found.ak, a);
	assert_true(found.is_trusted);
	assert_int_equal(ima_known_aks_get(k, ima_ak_source(b), &found, NULL), 0);
	assert_ptr_equal(found.ak, b);
	assert_true(found.is_trusted);
	ima_known_aks_free(k);
	ima_ak_free(a);
	ima_ak_free(b);
}

static void test_no_key(void **state)
{
	struct ima_known_aks *k;
	struct ima_known_ak a;

	assert_int_equal(ima_known_aks_new(NULL, 0, &k), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ima_known_aks_get(k, (struct ima_bytes){ 0 }, &a, NULL), -EBADMSG);
		assert_int_equal(ima_known_aks_get(k, (struct ima_bytes){ (const uint8_t *)"no key", 6 }, &a, NULL), -EBADMSG);
	}
	ima_known_aks_free(k);
}

/* one key with attributes that nobody has seen, in bits that have no meaning to the TPM */
static void fill(struct ima_known_aks *k)
{
	struct ima_buffer b = public_of(key, MAKER_AK);

	for (unsigned int i = 1; i <= IMA_KNOWN_AKS_MAX; i++) {
		struct ima_known_ak a;

		b.data[6] = (uint8_t)(i >> 8 | 0x80);
		b.data[9] = (uint8_t)i;
		assert_int_equal(ima_known_aks_get(k, ima_buffer_bytes(&b), &a, NULL), 0);
		assert_null(a.own);
		assert_false(a.is_trusted);
	}
	ima_buffer_done(&b);
}

static void test_no_room(void **state)
{
	struct ima_ak *trusted = ak_of(public_of(key, MAKER_AK));
	struct ima_buffer b = spki_of(key, "uncompressed"), c = public_of(other, MAKER_AK);
	struct ima_known_aks *k;
	struct ima_known_ak found;

	assert_int_equal(ima_known_aks_new((const struct ima_ak *const *)&trusted, 1, &k), 0);
	fill(k);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ima_known_aks_get(k, ima_buffer_bytes(&b), &found, NULL), 0);
		assert_non_null(found.own);
		assert_ptr_equal(found.own, found.ak);
		assert_true(found.is_trusted);
		ima_known_ak_done(&found);
		assert_int_equal(ima_known_aks_get(k, ima_buffer_bytes(&c), &found, NULL), 0);
		assert_non_null(found.own);
		assert_false(found.is_trusted);
		ima_known_ak_done(&found);
	}
	/* those that are there stay */
	assert_int_equal(ima_known_aks_get(k, ima_ak_source(trusted), &found, NULL), 0);
	assert_ptr_equal(found.ak, trusted);
	fill(k);
	ima_known_aks_free(k);
	ima_ak_free(trusted);
	ima_buffer_done(&b);
	ima_buffer_done(&c);
}

struct getting {
	struct ima_known_aks *k;
	const struct ima_buffer *sources;
	const struct ima_ak *got[64];
};

static void *get_all(void *arg)
{
	struct getting *g = arg;

	for (size_t i = 0; i < 64; i++) {
		struct ima_known_ak a = { 0 };

		if (ima_known_aks_get(g->k, ima_buffer_bytes(&g->sources[i]), &a, NULL) == 0)
			ima_known_ak_done(&a);
	}
	for (size_t i = 0; i < 64; i++) {
		struct ima_known_ak a = { 0 };

		if (ima_known_aks_get(g->k, ima_buffer_bytes(&g->sources[i]), &a, NULL) == 0)
			g->got[i] = a.own ? NULL : a.ak;
		ima_known_ak_done(&a);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct ima_buffer sources[64];
	struct getting g[4];
	pthread_t threads[4];
	struct ima_known_aks *k;

	assert_int_equal(ima_known_aks_new(NULL, 0, &k), 0);
	for (size_t i = 0; i < 64; i++)
		sources[i] = public_of(key, MAKER_AK | (uint32_t)(i + 1) << 24);
	for (size_t i = 0; i < 4; i++) {
		g[i] = (struct getting){ .k = k, .sources = sources };
		assert_int_equal(pthread_create(&threads[i], NULL, get_all, &g[i]), 0);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 64; i++) {
		assert_non_null(g[0].got[i]);
		for (size_t t = 1; t < 4; t++)
			assert_ptr_equal(g[t].got[i], g[0].got[i]);
		ima_buffer_done(&sources[i]);
	}
	ima_known_aks_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_lent),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_threads),
	};
	int r;

	key = EVP_EC_gen("prime256v1");
	other = EVP_EC_gen("prime256v1");
	if (!key || !other)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	return r;
}
