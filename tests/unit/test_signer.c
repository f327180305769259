/* SPDX-License-Identifier: BSD-2-Clause */
/* Private keys: what is none is refused with a sentence, and one key serves many threads. Keys: RFC 9500's test keys. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ima/signer.h>

/* RFC 9500, section 2.3: the P-256 test key */
static const char ec_key[] = "-----BEGIN EC PRIVATE KEY-----\n"
			     "MHcCAQEEIObLW92AqkWunJXowVR2Z5/+yVPBaFHnEedDk5WJxk/BoAoGCCqGSM49\n"
			     "AwEHoUQDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjV\n"
			     "uKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==\n"
			     "-----END EC PRIVATE KEY-----\n";

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{ "", -EBADMSG },
		{ "0", -EBADMSG },
		{ "\x30\x82\x01", -EBADMSG },
		{ "-----BEGIN PRIVATE KEY-----\n", -EBADMSG },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", -EBADMSG },
		/* RFC 8410, section 10.3: Ed25519 */
		{ "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n", -ENOPKG },
		/* an algorithm that the library does not know: ML-DSA-44's identifier before no key */
		{ "-----BEGIN PRIVATE KEY-----\nMBICAQAwCwYJYIZIAWUDBAMRBAA=\n-----END PRIVATE KEY-----\n", -ENOPKG },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ima_bytes key = { (const uint8_t *)rows[i].text, strlen(rows[i].text) };
		struct ima_signer *s = NULL;
		struct ima_diag diag = { 0 };

		if (ima_signer_parse(key, NULL, &s, &diag) != rows[i].error)
			fail_msg("row %zu: %s", i, diag.text);
		assert_null(s);
		assert_true(diag.text[0]);
	}
}

static void test_places(void **state)
{
	const struct ima_signer_opts reserved = { .reserved = { 1 } };
	struct ima_signer *s = NULL;
	struct ima_diag diag = { 0 };

	assert_true(ima_signer_is_uri("pkcs11:token=t"));
	assert_true(ima_signer_is_uri("handle:0x81000001"));
	assert_false(ima_signer_is_uri("/etc/keys/k.pem"));
	assert_false(ima_signer_is_uri("pkcs11"));
	assert_int_equal(ima_signer_open("pkcs11:token=t", &reserved, &s, &diag), -EINVAL);
	assert_int_equal(ima_signer_open("x", &(struct ima_signer_opts){ .engine = "imad-has-none" }, &s, &diag), -ENOENT);
	assert_int_equal(ima_signer_open("x", &(struct ima_signer_opts){ .provider = "imad-has-none" }, &s, &diag), -ENOENT);
	assert_null(s);
	assert_true(diag.text[0]);
}

static void *sign_many(void *arg)
{
	const struct ima_signer *s = arg;
	const enum ima_hash_algo algos[] = { IMA_HASH_SHA256, IMA_HASH_SHA1, IMA_HASH_SHA512 };

	for (unsigned int i = 0; i < 200; i++) {
		struct ima_digest d = { .algo = algos[i % 3], .len = ima_hash_len(algos[i % 3]), .data = { (uint8_t)i } };
		uint8_t value[IMA_SIGNER_MAX_VALUE];
		struct ima_signature sig;
		size_t len;

		if (ima_signer_sign(s, IMA_XATTR_SIGNATURE, 2, &d, value, &len) < 0 ||
		    ima_signature_parse((struct ima_bytes){ value, len }, &sig) < 0 ||
		    ima_signer_verify(s, &sig, &d) != IMA_SIG_GOOD)
			return NULL;
		d.data[1] ^= 1;
		if (ima_signer_verify(s, &sig, &d) != IMA_SIG_BAD)
			return NULL;
		sig.keyid ^= 1;
		if (ima_signer_verify(s, &sig, &d) != IMA_SIG_NO_KEY)
			return NULL;
	}
	return arg;
}

static void test_threads(void **state)
{
	struct ima_signer *s = NULL;
	struct ima_diag diag = { 0 };
	pthread_t threads[4];
	void *ret;

	assert_int_equal(ima_signer_parse((struct ima_bytes){ (const uint8_t *)ec_key, sizeof(ec_key) - 1 }, NULL, &s, &diag), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_many, s), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &ret);
		assert_ptr_equal(ret, s);
	}
	ima_signer_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
