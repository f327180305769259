/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running kernel's keyrings, in a session keyring of the test's own: names, what is seen of a key, and its verdicts on the labels
 * that evmctl made (vectors/6.1-appraise). What the kernel lacks is said and skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <keyutils.h>

#include "core/sig/kernel_keyring.h"

static uint8_t *vector(const char *name, size_t *ret_len)
{
	const char *dir = getenv("IMA_TEST_VECTORS");
	char path[4096];
	uint8_t *bytes;
	FILE *f;

	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/6.1-appraise/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	bytes = calloc(1, 65536);
	*ret_len = fread(bytes, 1, 65535, f);
	assert_true(*ret_len > 0);
	fclose(f);
	return bytes;
}

/* the recorded value of security.ima */
static size_t label(const char *file, uint8_t ret[1024])
{
	char want[96], *at;
	size_t len, n = 0;
	char *xattrs = (char *)vector("xattrs", &len);

	snprintf(want, sizeof(want), "# file: %s\nsecurity.ima=0x", file);
	at = strstr(xattrs, want);
	assert_non_null(at);
	at += strlen(want);
	for (unsigned int v; n < 1024 && sscanf(at + 2 * n, "%2x", &v) == 1; n++)
		ret[n] = (uint8_t)v;
	free(xattrs);
	return n;
}

static int add_cert(int32_t ring, const char *name, const char *description, int32_t *ret)
{
	size_t len;
	uint8_t *der = vector(name, &len);
	const int r = ima_kernel_key_add(ring, "asymmetric", description, (struct ima_bytes){ der, len }, ret);

	free(der);
	return r;
}

static int join_session(void **state)
{
	static int32_t session;

	if (keyctl_join_session_keyring(NULL) < 0)
		return errno == ENOSYS ? 0 : -1;
	if (ima_kernel_keyring_find("@s", &session) < 0)
		return -1;
	*state = &session;
	return 0;
}

static int32_t session_of(void **state)
{
	if (!*state) {
		print_message("this kernel has no keyrings\n");
		skip();
	}
	return *(int32_t *)*state;
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		int error;
	} bad[] = {
		{ "", -EINVAL },	 { "%:", -EINVAL },	 { "@", -EINVAL },
		{ "@x", -EINVAL },	 { "@ss", -EINVAL },	 { "0", -EINVAL },
		{ "0x", -EINVAL },	 { "12x", -EINVAL },	 { "99999999999", -EINVAL },
		{ "0x7fffffff", -ENOKEY }, { "no keyring of this name", -ENOKEY }, { "%:_ima_test_none", -ENOKEY },
	};
	const int32_t session = session_of(state);
	char text[32];
	int32_t ring, found, user;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(ima_kernel_keyring_find(bad[i].name, &found), bad[i].error);
	ring = add_key("keyring", "_ima_test", NULL, 0, session);
	assert_true(ring > 0);
	assert_int_equal(ima_kernel_keyring_find("_ima_test", &found), 0);
	assert_int_equal(found, ring);
	assert_int_equal(ima_kernel_keyring_find("%:_ima_test", &found), 0);
	assert_int_equal(found, ring);
	/* no part of a name is that name */
	assert_int_equal(ima_kernel_keyring_find("_ima_tes", &found), -ENOKEY);
	snprintf(text, sizeof(text), "%d", ring);
	assert_int_equal(ima_kernel_keyring_find(text, &found), 0);
	assert_int_equal(found, ring);
	snprintf(text, sizeof(text), "0x%x", (unsigned int)ring);
	assert_int_equal(ima_kernel_keyring_find(text, &found), 0);
	assert_int_equal(found, ring);
	user = add_key("user", "_ima_test_user", "x", 1, ring);
	assert_true(user > 0);
	snprintf(text, sizeof(text), "%d", user);
	assert_int_equal(ima_kernel_keyring_find(text, &found), -ENOTDIR);
}

/* who made it decides, not what it is called */
static void test_foreign_ring(void **state)
{
	const int32_t session = session_of(state);
	int32_t ring, found;

	if (geteuid() != 0) {
		print_message("giving a keyring away needs root\n");
		skip();
	}
	ring = add_key("keyring", "_ima_test_foreign", NULL, 0, session);
	assert_true(ring > 0);
	assert_int_equal(ima_kernel_keyring_find("_ima_test_foreign", &found), 0);
	assert_int_equal(keyctl_chown(ring, 65534, (gid_t)-1), 0);
	assert_int_equal(ima_kernel_keyring_find("_ima_test_foreign", &found), -EPERM);
}

static void test_payloads(void **state)
{
	const int32_t session = session_of(state);
	uint8_t *bytes = NULL;
	int32_t key, found;
	size_t len = 0;

	assert_int_equal(ima_kernel_key_search(session, "user", "ima-test-secret", &found), -ENOKEY);
	assert_int_equal(ima_kernel_key_request("user", "ima-test-secret", &found), -ENOKEY);
	assert_int_equal(ima_kernel_key_add(session, "no-such-type", "a", (struct ima_bytes){ (const uint8_t *)"x", 1 }, &key),
			 -ENODEV);
	assert_int_equal(ima_kernel_key_add(session, "user", "ima-test-secret", (struct ima_bytes){ (const uint8_t *)"abc", 3 }, &key), 0);
	assert_int_equal(ima_kernel_key_search(session, "user", "ima-test-secret", &found), 0);
	assert_int_equal(found, key);
	assert_int_equal(ima_kernel_key_request("user", "ima-test-secret", &found), 0);
	assert_int_equal(found, key);
	assert_int_equal(ima_kernel_key_read(key, &bytes, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "abc", 3);
	free(bytes);
	assert_int_equal(ima_kernel_key_read(0x7fffffff, &bytes, &len), -ENOKEY);
}

static int count(void *user, const struct ima_kernel_key *key)
{
	int *n = user;

	(*n)++;
	return strcmp(key->type, "asymmetric") ? -EBADMSG : 0;
}

static void check_verdicts(int32_t key)
{
	/* the content's digests as evmctl printed them (output): the files were copies of one program */
	static const struct {
		const char *file;
		enum ima_hash_algo algo;
		const char *digest;
		enum ima_sig_verdict verdict;
	} rows[] = {
		{ "sig-rsa-sha1", IMA_HASH_SHA1, "8ae191681fa09d78923d555996d8746f8601146a", IMA_SIG_GOOD },
		{ "sig-rsa-sha256", IMA_HASH_SHA256,
		  "c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2", IMA_SIG_GOOD },
		{ "sig-rsa-sha256", IMA_HASH_SHA256,
		  "c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd3", IMA_SIG_BAD },
		{ "sig-unknownkey", IMA_HASH_SHA256,
		  "c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2", IMA_SIG_BAD },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ima_digest d = { .algo = rows[i].algo, .len = ima_hash_len(rows[i].algo) };
		uint8_t value[1024];
		struct ima_signature s;
		const size_t len = label(rows[i].file, value);

		for (size_t b = 0; b < d.len; b++)
			assert_int_equal(sscanf(rows[i].digest + 2 * b, "%2hhx", &d.data[b]), 1);
		assert_int_equal(ima_signature_parse((struct ima_bytes){ value, len }, &s), 0);
		assert_int_equal(ima_kernel_key_verify(key, s.sig, &d), rows[i].verdict);
		/* cut short */
		s.sig.len--;
		assert_int_equal(ima_kernel_key_verify(key, s.sig, &d), IMA_SIG_BAD);
	}
}

static int lookup(int32_t ring, uint32_t keyid, int32_t *ret)
{
	const uint8_t end[4] = { (uint8_t)(keyid >> 24), (uint8_t)(keyid >> 16), (uint8_t)(keyid >> 8), (uint8_t)keyid };
	const struct ima_bytes part = { end, sizeof(end) }, huge = { end, 4096 };

	assert_int_equal(ima_kernel_keyring_lookup(ring, &part, 0, ret), -EINVAL);
	assert_int_equal(ima_kernel_keyring_lookup(ring, &huge, 1, ret), -EINVAL);
	return ima_kernel_keyring_lookup(ring, &part, 1, ret);
}

static void test_certificate(void **state)
{
	const int32_t session = session_of(state);
	struct ima_kernel_key seen;
	struct ima_signature s;
	int32_t ring, key, found;
	uint8_t value[1024], *payload;
	size_t len = label("sig-rsa-sha256", value);
	int n = 0, r;

	assert_int_equal(ima_signature_parse((struct ima_bytes){ value, len }, &s), 0);
	ring = add_key("keyring", "_ima_test_keys", NULL, 0, session);
	assert_true(ring > 0);
	assert_int_equal(lookup(ring, s.keyid, &found), -ENOKEY);
	r = add_cert(ring, "rsa.der", NULL, &key);
	if (r == -ENODEV || r == -ENOPKG) {
		print_message("this kernel takes no X.509 certificates: %s\n", strerror(-r));
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(ima_kernel_key_describe(key, &seen), 0);
	assert_string_equal(seen.type, "asymmetric");
	assert_string_equal(seen.algorithm, "X509.rsa");
	assert_true(seen.has_keyid);
	assert_int_equal(seen.keyid, s.keyid);
	assert_int_equal(lookup(ring, s.keyid, &found), 0);
	assert_int_equal(found, key);
	assert_int_equal(lookup(ring, s.keyid ^ 1, &found), -ENOKEY);
	assert_int_equal(ima_kernel_key_read(key, &payload, &len), -EOPNOTSUPP);
	check_verdicts(key);
	/* a description that pretends to be the type's own words */
	assert_int_equal(add_cert(ring, "other.der", "a: X509.rsa 00000000 []", &key), 0);
	assert_int_equal(ima_kernel_key_describe(key, &seen), 0);
	assert_true(seen.has_keyid && seen.keyid);
	assert_int_equal(ima_kernel_keyring_each(ring, count, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(ima_kernel_key_add(ring, "asymmetric", NULL, (struct ima_bytes){ value, 40 }, &key), -EBADMSG);
}

/* the kernel's ECDSA, where it has it */
static void test_ecdsa(void **state)
{
	const int32_t session = session_of(state);
	struct ima_digest d = { .algo = IMA_HASH_SHA256, .len = 32 };
	struct ima_kernel_key seen;
	int32_t key;
	const int r = add_cert(session, "ec.der", NULL, &key);

	if (r < 0) {
		print_message("this kernel takes no ECDSA certificate: %s\n", strerror(-r));
		skip();
	}
	assert_int_equal(ima_kernel_key_describe(key, &seen), 0);
	assert_non_null(strstr(seen.algorithm, "ecdsa"));
	assert_int_not_equal(ima_kernel_key_verify(key, (struct ima_bytes){ d.data, 32 }, &d), IMA_SIG_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	    cmocka_unit_test(test_foreign_ring),
		cmocka_unit_test(test_payloads),    cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_ecdsa),
	};

	return cmocka_run_group_tests(tests, join_session, NULL);
}
