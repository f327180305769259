/* SPDX-License-Identifier: BSD-2-Clause */
/* What a 6.1 kernel did with each label (vectors/6.1-appraise: xattrs, output, keys), and the decision table of the specification. */
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
#include "core/monitor/monitor.h"
#include "hook/replay/memory_list.h"

/* the files were copies of one program; its digests as evmctl printed them (vectors/6.1-appraise/output) */
static const char *const good_digests[IMA_HASH__LAST] = {
	[IMA_HASH_SHA1] = "8ae191681fa09d78923d555996d8746f8601146a",
	[IMA_HASH_SHA256] = "c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2",
	[IMA_HASH_SHA384] = "5a341c1c9e568aa36c5748736c69135071a509f780d49253a34a23ab39e9cefc475bef21c72526db38c447ccdbf4dea5",
	[IMA_HASH_SHA512] = "20a243c033f201d59579f2109217e2199e6e5f5ed287a0990e00b00107be071e9e942d539fa74cf8b5c4c19496fd43d9571d80733ea62316ba8e2a12883231eb",
};

static const char *const files[] = {
	"badtype", "empty", "evmtype", "hash-bad", "hash-sha1ng", "hash-sha256", "hash-sha512", "hash-short", "nolabel",
	"sig-bad", "sig-ec-sha256", "sig-ec-sha384", "sig-rsa-sha1", "sig-rsa-sha256", "sig-rsa-sha512", "sig-truncated",
	"sig-unknownkey", "sig-v1", "sig-v3plain",
};

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

static size_t from_hex(const char *hex, uint8_t *ret, size_t size)
{
	size_t n = 0;

	for (unsigned int v; n < size && sscanf(hex + 2 * n, "%2x", &v) == 1; n++)
		ret[n] = (uint8_t)v;
	return n;
}

static void add_key(struct ima_keyring *ring, const char *name)
{
	size_t len;
	uint8_t *der = vector(name, &len);
	struct ima_diag diag = { 0 };
	struct ima_key *key = NULL;

	assert_int_equal(ima_key_parse((struct ima_bytes){ der, len }, &key, &diag), 0);
	assert_int_equal(ima_keyring_add(ring, key), 0);
	free(der);
}

/* the label that the recording shows; "" when the kernel had refused to set it */
static size_t recorded_label(const char *file, uint8_t ret[1024])
{
	char want[96], *at;
	size_t len, n = 0;
	char *xattrs = (char *)vector("xattrs", &len);

	snprintf(want, sizeof(want), "# file: %s\nsecurity.ima=0x", file);
	at = strstr(xattrs, want);
	if (at)
		n = from_hex(at + strlen(want), ret, 1024);
	free(xattrs);
	return n;
}

/* the value that evmctl printed and the kernel refused for want of the algorithm */
static size_t printed_label(const char *start, uint8_t ret[1024])
{
	size_t len, n;
	char *output = (char *)vector("output", &len), *at = strstr(output, start);

	assert_non_null(at);
	n = from_hex(at, ret, 1024);
	free(output);
	return n;
}

static struct ima_digest content_of(const char *file, enum ima_hash_algo algo)
{
	struct ima_digest d = { .algo = algo, .len = ima_hash_len(algo) };

	/* these got other bytes after they were labelled */
	if (strcmp(file, "hash-bad") && strcmp(file, "sig-bad"))
		assert_int_equal(from_hex(good_digests[algo], d.data, sizeof(d.data)), d.len);
	return d;
}

static bool kernel_let_when(const char *when, const char *use, const char *file)
{
	char key[128], *p;
	size_t len;
	char *output = (char *)vector("output", &len);
	bool let;

	snprintf(key, sizeof(key), "RESULT %s %s %s rc=", when, use, file);
	p = strstr(output, key);
	assert_non_null(p);
	let = atoi(p + strlen(key)) == 0;
	free(output);
	return let;
}

static bool kernel_let(const char *use, const char *file)
{
	return kernel_let_when("after", use, file);
}

static void appraise(const char *file, struct ima_bytes label, bool digsig, unsigned int version,
		     const struct ima_keyring *keys, struct ima_appraisal *ret)
{
	const struct ima_digest content = content_of(file, ima_label_algo(label, IMA_HASH_SHA256, version));
	const struct ima_appraise_in in = {
		.opts = digsig ? IMA_OPT_DIGSIG_REQUIRED : 0,
		.version = version,
		.label = label,
		.label_error = label.len ? 0 : -ENODATA,
		.content = &content,
		.size = strcmp(file, "empty") ? 1 : 0,
		.evm = IMA_INTEGRITY_UNKNOWN,
		.keys = keys,
	};

	ima_appraise(&in, ret);
}

/* rule of exec: any good label; rule of read: a signature. The kernel had no ECDSA: it refused that key */
static void test_kernel_verdicts(void **state)
{
	struct ima_keyring *keys;
	struct ima_appraisal a;
	unsigned int n = 0, passed = 0;

	assert_int_equal(ima_keyring_new(&keys), 0);
	add_key(keys, "rsa.der");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		uint8_t bytes[1024];
		const struct ima_bytes label = { bytes, recorded_label(files[i], bytes) };

		for (int digsig = 0; digsig < 2; digsig++) {
			appraise(files[i], label, digsig, 601, keys, &a);
			if ((a.status == IMA_INTEGRITY_PASS) != kernel_let(digsig ? "read" : "exec", files[i]))
				fail_msg("%s %s: %s %s", files[i], digsig ? "read" : "exec",
					 ima_integrity_name(a.status), a.cause);
			assert_true((a.status == IMA_INTEGRITY_PASS) == !a.cause);
			passed += a.status == IMA_INTEGRITY_PASS;
			n++;
		}
	}
	ima_keyring_free(keys);
	assert_int_equal(n, 38);
	assert_int_equal(passed, 6);
}

/* the same with sha512 and ECDSA, as a kernel that has both does: tests/guest/test_appraise.sh */
static void test_with_ecdsa_and_sha512(void **state)
{
	static const struct {
		const char *file, *start;
		bool exec, read;
	} rows[] = {
		{ "hash-sha512", "040620a2", true, false },
		{ "sig-rsa-sha512", "030206d82f", true, true },
		{ "sig-ec-sha256", "03020413db", true, true },
		{ "sig-ec-sha384", "03020513db", true, true },
		{ "sig-unknownkey", "030204f12d", false, false },
	};
	struct ima_keyring *keys;
	struct ima_appraisal a;

	assert_int_equal(ima_keyring_new(&keys), 0);
	add_key(keys, "rsa.der");
	add_key(keys, "ec.der");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t bytes[1024];
		const struct ima_bytes label = { bytes, printed_label(rows[i].start, bytes) };

		appraise(rows[i].file, label, false, 601, keys, &a);
		if ((a.status == IMA_INTEGRITY_PASS) != rows[i].exec)
			fail_msg("%s: %s %s", rows[i].file, ima_integrity_name(a.status), a.cause);
		appraise(rows[i].file, label, true, 601, keys, &a);
		assert_int_equal(a.status == IMA_INTEGRITY_PASS, rows[i].read);
		appraise("hash-bad", label, false, 601, keys, &a);
		assert_int_not_equal(a.status, IMA_INTEGRITY_PASS);
	}
	ima_keyring_free(keys);
}

/* no bit of a good signature's value can be another one */
static void test_every_bit_counts(void **state)
{
	struct ima_keyring *keys;
	struct ima_appraisal a;
	uint8_t bytes[1024];
	struct ima_bytes label = { bytes, recorded_label("sig-rsa-sha256", bytes) };

	assert_int_equal(ima_keyring_new(&keys), 0);
	add_key(keys, "rsa.der");
	appraise("x", label, true, 601, keys, &a);
	assert_int_equal(a.status, IMA_INTEGRITY_PASS);
	for (size_t bit = 0; bit < 8 * label.len; bit++) {
		struct ima_digest content = content_of("x", IMA_HASH_SHA256);
		const struct ima_appraise_in in = {
			.opts = IMA_OPT_DIGSIG_REQUIRED, .version = 601, .label = label, .content = &content,
			.evm = IMA_INTEGRITY_UNKNOWN, .size = 1, .keys = keys,
		};

		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ima_appraise(&in, &a);
		assert_int_not_equal(a.status, IMA_INTEGRITY_PASS);
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t len = 0; len < label.len; len++) {
		appraise("x", (struct ima_bytes){ bytes, len }, true, 601, keys, &a);
		assert_int_not_equal(a.status, IMA_INTEGRITY_PASS);
	}
	assert_int_equal(ima_keyring_revoke(keys, 0xd82f7e70), 0);
	appraise("x", label, true, 601, keys, &a);
	assert_int_equal(a.sig, IMA_SIG_REVOKED);
	ima_keyring_free(keys);
}

static void test_algorithms(void **state)
{
	static const struct {
		const char *hex;
		unsigned int version;
		enum ima_hash_algo algo;
	} rows[] = {
		{ "0404", 601, IMA_HASH_SHA256 },
		{ "0406", 601, IMA_HASH_SHA512 },
		{ "04ff", 601, IMA_HASH_SHA384 },                                    /* no such id: the default */
		{ "018ae191681fa09d78923d555996d8746f8601146a", 601, IMA_HASH_SHA1 },
		{ "01000102030405060708090a0b0c0d0e0f00000000", 601, IMA_HASH_MD5 }, /* md5 in sha1's room */
		{ "01000102030405060708090a0b0c0d0e0f", 601, IMA_HASH_MD5 },
		{ "0302040000000000000000", 601, IMA_HASH_SHA256 },
		{ "0303040000000000000000", 601, IMA_HASH_SHA384 },                  /* version 3 under type 3 */
		{ "0303040000000000000000", 701, IMA_HASH_SHA384 },
		{ "0303040000000000000000", 702, IMA_HASH_SHA256 },
		{ "0603040000000000000000", 601, IMA_HASH_SHA256 },
		{ "030204000000000000", 601, IMA_HASH_SHA384 },                      /* a header and nothing behind it */
		{ "04", 601, IMA_HASH_SHA384 },
		{ "", 601, IMA_HASH_SHA384 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t bytes[64];
		const struct ima_bytes label = { bytes, from_hex(rows[i].hex, bytes, sizeof(bytes)) };

		assert_int_equal(ima_label_algo(label, IMA_HASH_SHA384, rows[i].version), rows[i].algo);
	}
}

#define GOOD "0404c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2"
#define DIGSIG IMA_OPT_DIGSIG_REQUIRED
#define VERITY IMA_OPT_VERITY_REQUIRED
#define V3 IMA_OPT_SIGV3_REQUIRED

static void test_causes(void **state)
{
	static const struct {
		const char *hex;
		uint32_t opts;
		unsigned int version;
		enum ima_integrity evm, status;
		const char *cause;
	} rows[] = {
		{ "", 0, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_NOLABEL, "missing-hash" },
		{ "", DIGSIG, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_NOLABEL, "IMA-signature-required" },
		{ "", DIGSIG | VERITY, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_NOLABEL, "verity-signature-required" },
		{ GOOD, 0, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_PASS, NULL },
		{ GOOD, 0, 601, IMA_INTEGRITY_PASS, IMA_INTEGRITY_PASS, NULL },
		{ GOOD, DIGSIG, 601, IMA_INTEGRITY_PASS, IMA_INTEGRITY_FAIL, "IMA-signature-required" },
		{ GOOD, DIGSIG | VERITY, 601, IMA_INTEGRITY_PASS, IMA_INTEGRITY_FAIL, "verity-signature-required" },
		{ GOOD, DIGSIG, 601, IMA_INTEGRITY_PASS_IMMUTABLE, IMA_INTEGRITY_PASS, NULL },
		{ GOOD, 0, 601, IMA_INTEGRITY_NOLABEL, IMA_INTEGRITY_NOLABEL, "missing-HMAC" },
		{ GOOD, 0, 601, IMA_INTEGRITY_NOXATTRS, IMA_INTEGRITY_NOXATTRS, "missing-HMAC" },
		{ GOOD, 0, 601, IMA_INTEGRITY_FAIL, IMA_INTEGRITY_FAIL, "invalid-HMAC" },
		{ GOOD, 0, 601, IMA_INTEGRITY_FAIL_IMMUTABLE, IMA_INTEGRITY_FAIL_IMMUTABLE, "invalid-fail-immutable" },
		{ "0404aabb", 0, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "invalid-hash" },
		{ "04", 0, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "invalid-hash" },
		{ "02aabb", 0, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_UNKNOWN, "unknown-ima-data" },
		{ "0302", 0, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "invalid-signature" },
		{ "0302", DIGSIG | VERITY, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "verity-signature-required" },
		{ "030300", 0, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "invalid-signature-version" },
		{ "030300", 0, 701, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "invalid-signature" },
		{ "030400", 0, 701, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "invalid-signature-version" },
		{ "030200", DIGSIG | V3, 701, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "IMA-sigv3-required" },
		{ "030000", 0, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_UNKNOWN, "unknown" },
		{ "0603", DIGSIG, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "IMA-signature-required" },
		{ "0602", DIGSIG | VERITY, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "invalid-signature-version" },
		{ "0603", DIGSIG | VERITY, 601, IMA_INTEGRITY_UNKNOWN, IMA_INTEGRITY_FAIL, "invalid-verity-signature" },
	};
	const struct ima_digest content = content_of("", IMA_HASH_SHA256);
	struct ima_hasher *h;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t bytes[64];
		const struct ima_appraise_in in = {
			.opts = rows[i].opts,
			.version = rows[i].version,
			.label = { bytes, from_hex(rows[i].hex, bytes, sizeof(bytes)) },
			.content = &content,
			.size = 1,
			.evm = rows[i].evm,
			.h = h,
		};
		struct ima_appraisal a;

		ima_appraise(&in, &a);
		if (a.status != rows[i].status || !a.cause != !rows[i].cause || (a.cause && strcmp(a.cause, rows[i].cause)))
			fail_msg("row %zu: %s %s", i, ima_integrity_name(a.status), a.cause);
	}
	ima_hasher_free(h);
}

static void test_new_files(void **state)
{
	const struct ima_digest content = content_of("", IMA_HASH_SHA256);
	struct ima_appraise_in in = { .version = 601, .label_error = -ENODATA, .content = &content,
				      .evm = IMA_INTEGRITY_UNKNOWN, .new_file = true, .size = 1 };
	struct ima_appraisal a;

	ima_appraise(&in, &a);
	assert_int_equal(a.status, IMA_INTEGRITY_PASS);
	in.opts = DIGSIG;
	ima_appraise(&in, &a);
	assert_int_equal(a.status, IMA_INTEGRITY_NOLABEL);
	in.size = 0;
	ima_appraise(&in, &a);
	assert_int_equal(a.status, IMA_INTEGRITY_PASS);
	in.new_file = false;
	ima_appraise(&in, &a);
	assert_int_equal(a.status, IMA_INTEGRITY_NOLABEL);
	in = (struct ima_appraise_in){ .label_error = -EOPNOTSUPP, .content = &content };
	ima_appraise(&in, &a);
	assert_int_equal(a.status, IMA_INTEGRITY_UNKNOWN);
	assert_null(a.cause);
}

static void test_unverifiable(void **state)
{
	uint8_t bytes[64];
	const struct ima_digest content = content_of("", IMA_HASH_SHA256);
	struct ima_appraise_in in = { .version = 601, .label = { bytes, from_hex(GOOD, bytes, sizeof(bytes)) },
				      .content = &content, .evm = IMA_INTEGRITY_UNKNOWN, .size = 1, .unverifiable = true };
	struct ima_appraisal a;

	ima_appraise(&in, &a);
	assert_int_equal(a.status, IMA_INTEGRITY_PASS);
	in.opts = IMA_OPT_FAIL_UNVERIFIABLE_SIGS;
	ima_appraise(&in, &a);
	assert_int_equal(a.status, IMA_INTEGRITY_FAIL);
	assert_string_equal(a.cause, "unverifiable-signature");
}

struct labelled {
	const char *name;
	uint8_t label[1024];
	size_t len;
};

static int labelled_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	*ret = content_of(((const struct labelled *)user)->name, algo);
	return 0;
}

static int labelled_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct labelled *f = user;

	if (strcmp(name, "security.ima") || !f->len)
		return -ENODATA;
	*ret = malloc(f->len);
	memcpy(*ret, f->label, f->len);
	*ret_len = f->len;
	return 0;
}

/* enforcing, but with no rule yet: what the kernel let pass before it was given the policy passes here */
static void test_before_the_policy(void **state)
{
	static const struct ima_file_ops ops = { .digest = labelled_digest, .xattr = labelled_xattr };
	static const struct ima_check uses[] = { { IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC }, { IMA_FUNC_FILE_CHECK, IMA_MAY_READ } };
	static const char *const names[] = { "exec", "read" };
	const struct ima_policy_opts po = { .profile = IMA_PROFILE_6_1 };
	struct ima_monitor_opts mo = { .hash = IMA_HASH_SHA256, .pcr = 10, .appraise = true, .enforce = true, .version = 601,
				       .templ = ima_template_builtin("ima-sig", 7) };
	struct ima_memory_list *list;
	struct ima_hasher *h;
	struct ima_monitor *m;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_memory_list_new(IMA_HASH_SHA256, &list), 0);
	assert_int_equal(ima_policy_new(&po, &mo.policy), 0);
	mo.mlist = list->list;
	assert_int_equal(ima_monitor_new(&mo, &m), 0);
	for (size_t i = 0; i < 2 * sizeof(files) / sizeof(*files); i++) {
		static struct labelled f;
		const struct ima_file_event ev = {
			.facts = { .has_inode = true, .fowner = 1234, .fsmagic = 0xef53, .fsname = "ext4" },
			.checks = { uses[i % 2] }, .n_checks = 1, .dev = "vda", .dev_number = 1, .ino = i, .mode = 0100755,
			.size = 1, .ops = &ops, .user = &f,
		};
		struct ima_outcome out;

		f = (struct labelled){ .name = files[i / 2] };
		f.len = recorded_label(f.name, f.label);
		ima_monitor_file(m, h, &ev, &out);
		if (out.refused != !kernel_let_when("before", names[i % 2], f.name) || out.n_added)
			fail_msg("%s %s", names[i % 2], f.name);
	}
	ima_monitor_free(m);
	ima_policy_free(mo.policy);
	ima_memory_list_free(list);
	ima_hasher_free(h);
}

/* evmctl's "key 1:" of these certificates, whose subject key identifiers are made from the key */
static void test_key_ids(void **state)
{
	static const struct {
		const char *name;
		uint32_t id;
	} rows[] = { { "rsa.der", 0xd82f7e70 }, { "ec.der", 0x13dbe689 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t len;
		uint8_t *der = vector(rows[i].name, &len);
		struct ima_diag diag = { 0 };
		struct ima_key *key = NULL;
		uint32_t id;

		assert_int_equal(ima_key_parse((struct ima_bytes){ der, len }, &key, &diag), 0);
		assert_int_equal(ima_key_public_id(key, &id), 0);
		assert_int_equal(id, rows[i].id);
		assert_int_equal(ima_key_id(key, &id), 0);
		assert_int_equal(id, rows[i].id);
		ima_key_free(key);
		free(der);
	}
}

static void test_bad_certificates(void **state)
{
	size_t len;
	uint8_t *der = vector("rsa.der", &len);
	struct ima_diag diag = { 0 };
	struct ima_key *key = NULL;

	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(ima_key_parse((struct ima_bytes){ der, cut }, &key, &diag), -EBADMSG);
	der[len] = 0;
	assert_int_equal(ima_key_parse((struct ima_bytes){ der, len + 1 }, &key, &diag), -EBADMSG);
	assert_null(key);
	free(der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_ids),
		cmocka_unit_test(test_kernel_verdicts), cmocka_unit_test(test_with_ecdsa_and_sha512),
		cmocka_unit_test(test_every_bit_counts), cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_causes), cmocka_unit_test(test_new_files),
		cmocka_unit_test(test_unverifiable), cmocka_unit_test(test_bad_certificates), cmocka_unit_test(test_before_the_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
