/* SPDX-License-Identifier: BSD-2-Clause */
/* A signature that openssl made with an SM2 key (vectors/sm2): good in profile 6.1, of no use to later ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/appraise/appraise.h"
#include "core/sig/key.h"
#include "core/sig/pkcs7.h"

struct fixture {
	struct ima_keyring *keys;
	struct ima_digest content;
	uint8_t label[256];
	size_t len;
};

static size_t vector(const char *name, uint8_t *ret, size_t size)
{
	const char *dir = getenv("IMA_TEST_VECTORS");
	char path[4096];
	size_t len;
	FILE *f;

	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/sm2/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(ret, 1, size, f);
	assert_true(len > 0 && len < size);
	fclose(f);
	return len;
}

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	struct ima_signature head = { .type = IMA_XATTR_SIGNATURE, .version = 2, .algo = IMA_HASH_SM3 };
	uint8_t cert[1024];
	struct ima_key *key = NULL;
	struct ima_diag diag = { 0 };

	assert_non_null(x);
	assert_int_equal(ima_key_parse((struct ima_bytes){ cert, vector("cert.der", cert, sizeof(cert)) }, &key, &diag), 0);
	assert_string_equal(ima_key_algorithm(key), "SM2");
	assert_int_equal(ima_key_id(key, &head.keyid), 0);
	assert_int_equal(ima_keyring_new(&x->keys), 0);
	assert_int_equal(ima_keyring_add(x->keys, key), 0);
	x->content = (struct ima_digest){ .algo = IMA_HASH_SM3, .len = ima_hash_len(IMA_HASH_SM3) };
	assert_int_equal(vector("digest", x->content.data, sizeof(x->content.data)), x->content.len);
	x->len = vector("signature", x->label + IMA_SIGNATURE_HEADER, sizeof(x->label) - IMA_SIGNATURE_HEADER);
	head.sig = (struct ima_bytes){ x->label + IMA_SIGNATURE_HEADER, x->len };
	assert_int_equal(ima_signature_head(&head, x->label), 0);
	x->len += IMA_SIGNATURE_HEADER;
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	ima_keyring_free(x->keys);
	free(x);
	return 0;
}

static struct ima_appraisal appraise(const struct fixture *x, unsigned int version)
{
	const struct ima_appraise_in in = {
		.opts = IMA_OPT_DIGSIG_REQUIRED,
		.version = version,
		.label = { x->label, x->len },
		.content = &x->content,
		.size = 6,
		.evm = IMA_INTEGRITY_UNKNOWN,
		.keys = x->keys,
	};
	struct ima_appraisal a;

	ima_appraise(&in, &a);
	return a;
}

static void assert_refused(const struct fixture *x, unsigned int version, enum ima_sig_verdict why)
{
	const struct ima_appraisal a = appraise(x, version);

	assert_int_equal(a.status, IMA_INTEGRITY_FAIL);
	assert_string_equal(a.cause, "invalid-signature");
	assert_int_equal(a.sig, why);
}

static void test_profiles(void **state)
{
	const struct fixture *x = *state;
	const struct ima_appraisal a = appraise(x, 601);

	assert_int_equal(a.status, IMA_INTEGRITY_PASS);
	assert_null(a.cause);
	assert_refused(x, 612, IMA_SIG_NO_ALGORITHM);
	assert_refused(x, 701, IMA_SIG_NO_ALGORITHM);
	assert_refused(x, 702, IMA_SIG_NO_ALGORITHM);
	/* a revoked key is said to be that first */
	assert_int_equal(ima_keyring_revoke(x->keys, (uint32_t)x->label[3] << 24 | (uint32_t)x->label[4] << 16 |
							     (uint32_t)x->label[5] << 8 | x->label[6]), 0);
	assert_refused(x, 601, IMA_SIG_REVOKED);
	assert_refused(x, 612, IMA_SIG_REVOKED);
}

static void test_every_byte_counts(void **state)
{
	struct fixture *x = *state;

	for (size_t i = IMA_SIGNATURE_HEADER; i < x->len; i++) {
		x->label[i] ^= 1;
		assert_refused(x, 601, IMA_SIG_BAD);
		x->label[i] ^= 1;
	}
	for (size_t i = 0; i < x->content.len; i++) {
		x->content.data[i] ^= 0x80;
		assert_refused(x, 601, IMA_SIG_BAD);
		x->content.data[i] ^= 0x80;
	}
	assert_int_equal(appraise(x, 601).status, IMA_INTEGRITY_PASS);
}

/* the same 32 bytes under the name of another algorithm; an unknown key */
static void test_wrong_header(void **state)
{
	struct fixture *x = *state;

	x->label[2] = IMA_HASH_SHA256;
	assert_refused(x, 601, IMA_SIG_NO_ALGORITHM);
	x->label[2] = IMA_HASH_SM3;
	x->label[6] ^= 1;
	assert_refused(x, 601, IMA_SIG_NO_KEY);
	assert_refused(x, 612, IMA_SIG_NO_KEY);
}

static int file_digest(void *user, enum ima_hash_algo algo, struct ima_digest *ret)
{
	struct ima_hasher *h = user;
	uint8_t content[64];
	const size_t len = vector("content", content, sizeof(content));

	return ima_hash_bytes(h, algo, (struct ima_bytes){ content, len }, ret);
}

static int changed_digest(void *user, enum ima_hash_algo algo, struct ima_digest *ret)
{
	int r = file_digest(user, algo, ret);

	ret->data[7] ^= 1;
	return r;
}

/* what openssl signed, in messages: by the SM2 key itself, and by a key whose certificate it signed */
static void test_messages(void **state)
{
	static const struct {
		const char *name;
		enum ima_sig_verdict later;
	} rows[] = { { "message.p7s", IMA_SIG_NO_ALGORITHM }, { "leaf.p7s", IMA_SIG_NO_KEY } };
	const struct fixture *x = *state;
	struct ima_hasher *h = NULL;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ima_pkcs7 *p = NULL;
		uint8_t der[2048];
		const size_t len = vector(rows[i].name, der, sizeof(der));

		assert_int_equal(ima_pkcs7_parse((struct ima_bytes){ der, len }, &p), 0);
		assert_int_equal(ima_pkcs7_verify(p, x->keys, 601, file_digest, h), IMA_SIG_GOOD);
		assert_int_equal(ima_pkcs7_verify(p, x->keys, 601, changed_digest, h), IMA_SIG_BAD);
		assert_int_equal(ima_pkcs7_verify(p, x->keys, 612, file_digest, h), rows[i].later);
		assert_int_equal(ima_pkcs7_verify(p, x->keys, 702, file_digest, h), rows[i].later);
		ima_pkcs7_free(p);
	}
	ima_hasher_free(h);
}

/* a certificate by that key is signed over the identity that the standard gives to who has none */
static void test_trust(void **state)
{
	const struct fixture *x = *state;
	struct ima_diag diag = { 0 };
	struct ima_key *leaf = NULL;
	uint8_t cert[1024];
	const size_t len = vector("leaf.der", cert, sizeof(cert));

	assert_int_equal(ima_key_parse((struct ima_bytes){ cert, len }, &leaf, &diag), 0);
	/* signed by a key whose certificate says that it may not */
	assert_int_equal(ima_key_judge(leaf, x->keys, false), IMA_KEY_NO_CA);
	assert_true(ima_key_is_of_use(leaf, 702));
	assert_true(ima_key_is_of_use(ima_keyring_key(x->keys, 0), 601));
	assert_false(ima_key_is_of_use(ima_keyring_key(x->keys, 0), 612));
	ima_key_free(leaf);
	cert[len - 20] ^= 1; /* within the signature */
	assert_int_equal(ima_key_parse((struct ima_bytes){ cert, len }, &leaf, &diag), 0);
	assert_int_equal(ima_key_judge(leaf, x->keys, false), IMA_KEY_UNSIGNED);
	ima_key_free(leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_profiles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_byte_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_header, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trust, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
