/* SPDX-License-Identifier: BSD-2-Clause */
/* Appended signatures: the tail over hostile bytes, messages made by openssl and by Debian (vectors/modsig), revoked contents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "core/appraise/appraise.h"
#include "core/sig/modsig.h"
#include "core/sig/pkcs7.h"
#include "core/sig/revoked.h"
#include "modsig_file.h"

static int open_memory(struct memory *m, struct ima_modsig **ret)
{
	const struct ima_modsig_file f = { .size = m->len, .read = memory_read, .digest = memory_digest, .user = m };

	return ima_modsig_open(&f, ret);
}

static void test_tail(void **state)
{
	static const char good[] = "\0\0\2\0\0\0\0\0\0\0\1\0~Module signature appended~\n";
	uint8_t tail[IMA_MODSIG_TAIL];
	uint64_t content = 7;
	uint32_t len = 7;

	memcpy(tail, good, sizeof(tail));
	assert_int_equal(ima_modsig_parse_tail(tail, 296, &content, &len), 0);
	assert_int_equal(content, 0);
	assert_int_equal(len, 256);
	assert_int_equal(ima_modsig_parse_tail(tail, 1000, &content, &len), 0);
	assert_int_equal(content, 1000 - 296);
	content = len = 7;
	assert_int_equal(ima_modsig_parse_tail(tail, 295, &content, &len), -EBADMSG);
	assert_int_equal(ima_modsig_parse_tail(tail, 39, &content, &len), -ENODATA);
	/* every byte has one right value; the length is read where the marker is whole */
	for (size_t i = 0; i < sizeof(tail); i++) {
		const uint8_t was = tail[i];

		tail[i] ^= 0x20;
		if (i < 8)
			assert_int_equal(ima_modsig_parse_tail(tail, 1000, &content, &len), -EBADMSG);
		else if (i >= 12)
			assert_int_equal(ima_modsig_parse_tail(tail, 1000, &content, &len), -ENODATA);
		tail[i] = was;
	}
	assert_int_equal(content, 7);
	memset(tail + 8, 0, 4);
	assert_int_equal(ima_modsig_parse_tail(tail, 1000, &content, &len), -EBADMSG);
	memset(tail + 8, 0xff, 4);
	assert_int_equal(ima_modsig_parse_tail(tail, 1000, &content, &len), -EBADMSG);
	assert_int_equal(ima_modsig_parse_tail(tail, UINT64_MAX, &content, &len), -E2BIG);
}

struct row {
	const char *message, *ring;
	enum ima_sig_verdict verdict;
};

static void check_row(struct ima_hasher *h, const struct row *row)
{
	struct ima_keyring *ring = ring_of(row->ring);
	struct memory *m = calloc(1, sizeof(*m));
	struct ima_modsig *s = NULL;
	enum ima_sig_verdict v;

	make_file(row->message, m);
	assert_int_equal(open_memory(m, &s), 0);
	v = ima_modsig_verify(s, h, ring, 702);
	if (v != row->verdict)
		print_error("%s with %s: %s\n", row->message, row->ring, ima_sig_verdict_text(v));
	assert_int_equal(v, row->verdict);
	/* one bit of the content */
	if (row->verdict == IMA_SIG_GOOD) {
		ima_modsig_free(s);
		m->bytes[5] ^= 1;
		assert_int_equal(open_memory(m, &s), 0);
		assert_int_equal(ima_modsig_verify(s, h, ring, 702), IMA_SIG_BAD);
	}
	ima_modsig_free(s);
	ima_keyring_free(ring);
	free(m);
}

static void test_messages(void **state)
{
	static const struct row rows[] = {
		{ "rsa-sha1.p7s", "rsa.der", IMA_SIG_GOOD },
		{ "rsa-sha256.p7s", "other.der rsa.der", IMA_SIG_GOOD },
		{ "rsa-sha384.p7s", "rsa.der", IMA_SIG_GOOD },
		{ "rsa-sha512.p7s", "rsa.der", IMA_SIG_GOOD },
		{ "ec-sha256.p7s", "rsa.der ec.der", IMA_SIG_GOOD },
		{ "keyid.p7s", "rsa.der", IMA_SIG_GOOD },
		{ "keyid.p7s", "other.der", IMA_SIG_NO_KEY },
		{ "rsa-sha256.p7s", "", IMA_SIG_NO_KEY },
		{ "rsa-sha256.p7s", "other.der ec.der", IMA_SIG_NO_KEY },
		{ "changed.p7s", "rsa.der", IMA_SIG_BAD },
		{ "attributes.p7s", "rsa.der", IMA_SIG_BAD },
		{ "pss.p7s", "rsa.der", IMA_SIG_NO_ALGORITHM },
		{ "certificate.p7s", "rsa.der", IMA_SIG_GOOD },
		{ "certificate.p7s", "other.der", IMA_SIG_NO_KEY },
		/* called like the key of the ring, and another key */
		{ "forged.p7s", "rsa.der", IMA_SIG_BAD },
		{ "leaf.p7s", "ca.der middle.der", IMA_SIG_NO_KEY },
		{ "leaf.p7s", "leaf.der", IMA_SIG_GOOD },
		{ "leaf-with-chain.p7s", "ca.der", IMA_SIG_GOOD },
		{ "leaf-with-chain.p7s", "middle.der", IMA_SIG_GOOD },
		{ "leaf-with-chain.p7s", "leaf.der", IMA_SIG_GOOD },
		{ "leaf-with-chain.p7s", "rsa.der", IMA_SIG_NO_KEY },
		{ "leaf-alone.p7s", "middle.der", IMA_SIG_GOOD },
		{ "leaf-alone.p7s", "ca.der", IMA_SIG_NO_KEY },
		{ "two.p7s", "rsa.der", IMA_SIG_GOOD },
		{ "two.p7s", "other.der", IMA_SIG_GOOD },
		{ "two.p7s", "ec.der", IMA_SIG_NO_KEY },
	};
	struct ima_hasher *h = NULL;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(h, &rows[i]);
	ima_hasher_free(h);
}

static void test_unparseable(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));
	struct ima_modsig *s = NULL;
	size_t len;
	uint8_t *content = vector("content", &len);

	add(m, content, len);
	assert_int_equal(open_memory(m, &s), -ENODATA);
	free(content);
	make_file("attached.p7s", m);
	assert_int_equal(open_memory(m, &s), -EBADMSG);
	make_file("rsa.der", m);
	assert_int_equal(open_memory(m, &s), -EBADMSG);
	/* bytes after the message */
	make_file("rsa-sha256.p7s", m);
	m->len -= IMA_MODSIG_TAIL;
	add(m, "\0\0\0\2\0\0\0\0\0\0\0\1\170~Module signature appended~\n", 41);
	assert_int_equal(open_memory(m, &s), -EBADMSG);
	m->len = 0;
	append(m, "rsa-sha256.p7s");
	assert_int_equal(open_memory(m, &s), 0);
	ima_modsig_free(s);
	free(m);
}

static void test_digest_and_der(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));
	struct ima_modsig *s = NULL;
	struct ima_hasher *h = NULL;
	struct ima_digest d, want;
	size_t len, content_len;
	uint8_t *der = vector("rsa-sha512.p7s", &len), *content = vector("content", &content_len);

	assert_int_equal(ima_hasher_new(&h), 0);
	make_file("rsa-sha512.p7s", m);
	assert_int_equal(open_memory(m, &s), 0);
	assert_int_equal(ima_modsig_der(s).len, len);
	assert_memory_equal(ima_modsig_der(s).data, der, len);
	assert_int_equal(ima_modsig_digest(s, h, &d), 0);
	assert_int_equal(d.algo, IMA_HASH_SHA512);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_SHA512, (struct ima_bytes){ content, content_len }, &want), 0);
	assert_memory_equal(d.data, want.data, want.len);
	ima_modsig_free(s);
	make_file("two.p7s", m);
	assert_int_equal(open_memory(m, &s), 0);
	assert_int_equal(ima_modsig_digest(s, h, &d), -EBADMSG);
	ima_modsig_free(s);
	ima_hasher_free(h);
	free(content);
	free(der);
	free(m);
}

static void test_revoked_key(void **state)
{
	struct ima_keyring *ring = ring_of("rsa.der middle.der");
	struct ima_hasher *h = NULL;
	struct memory *m = calloc(1, sizeof(*m));
	struct ima_modsig *s = NULL;
	uint32_t id;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ima_key_id(ima_keyring_key(ring, i), &id), 0);
		assert_int_equal(ima_keyring_revoke(ring, id), 0);
		make_file(i ? "leaf-with-chain.p7s" : "rsa-sha256.p7s", m);
		assert_int_equal(open_memory(m, &s), 0);
		assert_int_equal(ima_modsig_verify(s, h, ring, 702), IMA_SIG_REVOKED);
		ima_modsig_free(s);
	}
	ima_hasher_free(h);
	ima_keyring_free(ring);
	free(m);
}

static int debian_digest(void *user, enum ima_hash_algo algo, struct ima_digest *ret)
{
	size_t len;
	char *hex = (char *)vector("debian.sha256", &len);

	assert_int_equal(algo, IMA_HASH_SHA256);
	*ret = (struct ima_digest){ .algo = algo, .len = 32 };
	assert_int_equal(ima_hex_decode(hex, 64, ret->data), 0);
	ret->data[0] ^= *(const uint8_t *)user;
	free(hex);
	return 0;
}

/* dummy.ko of Debian's 6.1.0-56 and the certificate inside that kernel */
static void test_debian_module(void **state)
{
	struct ima_keyring *ring = ring_of("debian.der"), *other = ring_of("rsa.der");
	struct ima_pkcs7 *p = NULL;
	uint8_t change = 0;
	size_t len;
	uint8_t *der = vector("debian.p7s", &len);

	assert_int_equal(ima_pkcs7_parse((struct ima_bytes){ der, len }, &p), 0);
	assert_int_equal(ima_pkcs7_verify(p, ring, 702, debian_digest, &change), IMA_SIG_GOOD);
	assert_int_equal(ima_pkcs7_verify(p, other, 702, debian_digest, &change), IMA_SIG_NO_KEY);
	change = 1;
	assert_int_equal(ima_pkcs7_verify(p, ring, 702, debian_digest, &change), IMA_SIG_BAD);
	ima_pkcs7_free(p);
	ima_keyring_free(other);
	ima_keyring_free(ring);
	free(der);
}

static enum ima_sig_verdict says(void *user, const struct ima_keyring *ring)
{
	return *(const enum ima_sig_verdict *)user;
}

/* the decision procedure with an appended signature: which labels it stands in for */
static void test_decision(void **state)
{
	static const uint8_t none[1], digest[34] = { 4, 4 }, legacy[21] = { 1, 1 }, other[40] = { 0x09 };
	static const uint8_t unknown[12] = { 3, 2, 4, 1, 2, 3, 4, 0, 3, 1, 2, 3 };
	static const struct {
		struct ima_bytes label;
		int label_error;
		enum ima_integrity evm;
		enum ima_sig_verdict modsig;
		enum ima_integrity status;
		const char *cause;
	} rows[] = {
		{ { none, 0 }, -ENODATA, IMA_INTEGRITY_UNKNOWN, IMA_SIG_GOOD, IMA_INTEGRITY_PASS, NULL },
		{ { none, 0 }, -EOPNOTSUPP, IMA_INTEGRITY_UNKNOWN, IMA_SIG_GOOD, IMA_INTEGRITY_PASS, NULL },
		{ { none, 0 }, -ENODATA, IMA_INTEGRITY_UNKNOWN, IMA_SIG_NO_KEY, IMA_INTEGRITY_FAIL, "invalid-signature" },
		{ { none, 0 }, -ENODATA, IMA_INTEGRITY_UNKNOWN, IMA_SIG_UNCHECKED, IMA_INTEGRITY_FAIL, "invalid-signature" },
		{ { none, 0 }, -ENODATA, IMA_INTEGRITY_NOXATTRS, IMA_SIG_GOOD, IMA_INTEGRITY_PASS, NULL },
		{ { none, 0 }, -ENODATA, IMA_INTEGRITY_NOLABEL, IMA_SIG_GOOD, IMA_INTEGRITY_NOLABEL, "missing-HMAC" },
		{ { none, 0 }, -ENODATA, IMA_INTEGRITY_FAIL, IMA_SIG_GOOD, IMA_INTEGRITY_FAIL, "invalid-HMAC" },
		{ { digest, 34 }, 0, IMA_INTEGRITY_UNKNOWN, IMA_SIG_GOOD, IMA_INTEGRITY_PASS, NULL },
		{ { digest, 34 }, 0, IMA_INTEGRITY_UNKNOWN, IMA_SIG_BAD, IMA_INTEGRITY_FAIL, "invalid-signature" },
		{ { legacy, 21 }, 0, IMA_INTEGRITY_UNKNOWN, IMA_SIG_GOOD, IMA_INTEGRITY_FAIL, "IMA-signature-required" },
		{ { unknown, 12 }, 0, IMA_INTEGRITY_UNKNOWN, IMA_SIG_GOOD, IMA_INTEGRITY_PASS, NULL },
		{ { unknown, 12 }, 0, IMA_INTEGRITY_UNKNOWN, IMA_SIG_BAD, IMA_INTEGRITY_FAIL, "invalid-signature" },
		{ { other, 40 }, 0, IMA_INTEGRITY_UNKNOWN, IMA_SIG_GOOD, IMA_INTEGRITY_UNKNOWN, "unknown-ima-data" },
	};
	const struct ima_digest content = { .algo = IMA_HASH_SHA256, .len = 32, .data = { 1 } };
	struct ima_keyring *ring = ring_of("");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum ima_sig_verdict v = rows[i].modsig;
		struct ima_appraisal a;
		const struct ima_appraise_in in = {
			.opts = IMA_OPT_DIGSIG_REQUIRED | IMA_OPT_MODSIG_ALLOWED, .version = 612, .label = rows[i].label,
			.label_error = rows[i].label_error, .content = &content, .size = 100, .evm = rows[i].evm,
			.keys = ring, .modsig = says, .modsig_user = &v };

		ima_appraise(&in, &a);
		assert_int_equal(a.status, rows[i].status);
		if (rows[i].cause)
			assert_string_equal(a.cause, rows[i].cause);
		else
			assert_null(a.cause);
	}
	ima_keyring_free(ring);
}

static void test_revoked_list(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
	} bad[] = {
		{ "xyz\n", 1 },
		{ "# ok\n\nbin:12", 3 },
		{ "bin:", 1 },
		{ "da39a3ee5e6b4b0d3255bfef95601890afd8070\n", 1 },
		{ "da39a3ee5e6b4b0d3255bfef95601890afd80709\ntbs:da39a3ee5e6b4b0d3255bfef95601890afd80709\n", 2 },
		{ "da39a3ee5e6b4b0d3255bfef95601890afd80709\r\n", 1 },
		{ "BIN:da39a3ee5e6b4b0d3255bfef95601890afd80709\n", 1 },
	};
	static const char good[] = "# revoked in May\n\n  bin:da39a3ee5e6b4b0d3255bfef95601890afd80709\n"
				   "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855  /usr/bin/old";
	struct ima_hasher *h = NULL;
	struct ima_revoked *s = NULL;
	struct ima_digest d;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_revoked_new(&s), 0);
	assert_false(ima_revoked_has(NULL, &d));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ima_diag diag = { 0 };
		const struct ima_bytes text = { (const uint8_t *)bad[i].text, strlen(bad[i].text) };

		assert_int_equal(ima_revoked_load(s, text, &diag), -EINVAL);
		assert_int_equal(diag.line, bad[i].line);
		assert_true(diag.text[0]);
		assert_int_equal(ima_revoked_size(s), 0);
	}
	assert_int_equal(ima_revoked_load(s, (struct ima_bytes){ (const uint8_t *)good, strlen(good) }, NULL), 0);
	assert_int_equal(ima_revoked_size(s), 2);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_SHA1, (struct ima_bytes){ d.data, 0 }, &d), 0);
	assert_true(ima_revoked_has(s, &d));
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_SHA256, (struct ima_bytes){ d.data, 0 }, &d), 0);
	assert_true(ima_revoked_has(s, &d));
	d.data[3] ^= 1;
	assert_false(ima_revoked_has(s, &d));
	assert_int_equal(ima_revoked_add(s, "tbs:da39a3ee5e6b4b0d3255bfef95601890afd80709"), -EINVAL);
	assert_int_equal(ima_revoked_add(s, "bin:da39a3ee"), -EINVAL);
	assert_int_equal(ima_revoked_add(s, "bin:da39a3ee5e6b4b0d3255bfef95601890afd80701"), 0);
	assert_int_equal(ima_revoked_size(s), 3);
	ima_revoked_free(s);
	ima_hasher_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tail),	      cmocka_unit_test(test_messages),
		cmocka_unit_test(test_unparseable),   cmocka_unit_test(test_digest_and_der),
		cmocka_unit_test(test_revoked_key),   cmocka_unit_test(test_debian_module),
		cmocka_unit_test(test_decision),      cmocka_unit_test(test_revoked_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
