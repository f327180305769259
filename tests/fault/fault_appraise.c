/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys, signatures, labels, metadata, and the monitor over them, while calls fail: what is bad never passes, what was made is whole. */
#include "read.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <ima/signer.h>

#include "base/hex.h"
#include "core/appraise/appraise.h"
#include "core/evm/evm.h"
#include "core/monitor/monitor.h"
#include "core/sig/ecdsa.h"
#include "hook/replay/memory_list.h"

static struct ima_buffer der, pem;
static struct ima_keyring *ring; /* whole, for checking */
static struct ima_hasher *hasher;
static uint8_t label[IMA_SIGNER_MAX_VALUE]; /* a good one of @good */
static size_t label_len;
static EVP_PKEY *curve_key;
static uint8_t curve_sig[80]; /* of @good, by curve_key */
static size_t curve_sig_len = sizeof(curve_sig);
static const struct ima_digest good = { .algo = IMA_HASH_SHA256, .len = 32, .data = { 1, 2, 3 } };
static const struct ima_digest bad = { .algo = IMA_HASH_SHA256, .len = 32, .data = { 1, 2, 4 } };

static int add_key(struct ima_keyring *to)
{
	struct ima_diag diag = { 0 };
	struct ima_key *key = NULL;
	int r = ima_key_parse(ima_buffer_bytes(&der), &key, &diag);

	if (r == 0)
		r = ima_keyring_add(to, key);
	if (r < 0)
		ima_key_free(key);
	return r;
}

static int sign(uint8_t *ret, size_t *ret_len)
{
	struct ima_signer *s = NULL;
	struct ima_diag diag = { 0 };
	int r = ima_signer_parse(ima_buffer_bytes(&pem), NULL, &s, &diag);

	if (r == 0)
		r = ima_signer_set_cert(s, ima_buffer_bytes(&der), &diag);
	if (r == 0)
		r = ima_signer_sign(s, IMA_XATTR_SIGNATURE, 2, &good, ret, ret_len);
	ima_signer_free(s);
	return r;
}

static enum ima_sig_verdict verify(const struct ima_keyring *by, const uint8_t *value, size_t len, const struct ima_digest *d)
{
	struct ima_signature s;

	assert_int_equal(ima_signature_parse((struct ima_bytes){ value, len }, &s), 0);
	return ima_keyring_verify(by, &s, d);
}

static void sign_on_curve(void)
{
	EVP_PKEY_CTX *ctx;

	curve_key = EVP_EC_gen("prime256v1");
	assert_non_null(curve_key);
	ctx = EVP_PKEY_CTX_new(curve_key, NULL);
	assert_true(ctx && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, curve_sig, &curve_sig_len, good.data, good.len) == 1);
	EVP_PKEY_CTX_free(ctx);
}

static int begin(void **state)
{
	sign_on_curve();
	der = read_vector("6.1-appraise/rsa.der");
	pem = read_vector("6.1-appraise/rsa.key");
	assert_int_equal(ima_hasher_new(&hasher), 0);
	assert_int_equal(ima_keyring_new(&ring), 0);
	assert_int_equal(add_key(ring), 0);
	assert_int_equal(sign(label, &label_len), 0);
	assert_int_equal(verify(ring, label, label_len, &good), IMA_SIG_GOOD);
	return 0;
}

static int keys(void)
{
	struct ima_keyring *r = NULL;
	int e = ima_keyring_new(&r);

	if (e == 0)
		e = add_key(r);
	if (e == 0 && ima_keyring_n_keys(r) != 1)
		fail_msg("added, and not there");
	if (e < 0 && r && ima_keyring_n_keys(r))
		fail_msg("not added, and there");
	if (e == 0)
		e = ima_keyring_revoke(r, 7);
	ima_keyring_free(r);
	return e;
}

/* by a ring that was never used */
static int verify_anew(const struct ima_digest *d, enum ima_sig_verdict *ret)
{
	struct ima_keyring *r = NULL;
	int e = ima_keyring_new(&r);

	if (e == 0)
		e = add_key(r);
	if (e == 0)
		*ret = verify(r, label, label_len, d);
	ima_keyring_free(r);
	return e;
}

static int verifies_good(void)
{
	enum ima_sig_verdict v = IMA_SIG_UNCHECKED;
	int r = verify_anew(&good, &v);

	return r < 0 || v == IMA_SIG_GOOD ? r : -EKEYREJECTED;
}

static int verifies_bad(void)
{
	enum ima_sig_verdict v = IMA_SIG_UNCHECKED;
	int r = verify_anew(&bad, &v);

	assert_int_not_equal(v, IMA_SIG_GOOD);
	return r;
}

/* what comes out verifies, or nothing comes out */
static int signs(void)
{
	uint8_t made[IMA_SIGNER_MAX_VALUE];
	size_t len = 0;
	int r = sign(made, &len);

	if (r == 0) {
		assert_int_equal(len, label_len);
		assert_memory_equal(made, label, label_len); /* PKCS #1 1.5 has no chance in it */
	} else {
		assert_int_equal(len, 0);
	}
	return r;
}

/* by the multiples of the key: UNCHECKED where something failed, and never the other verdict */
static int on_curve(const struct ima_digest *d, enum ima_sig_verdict want)
{
	struct ima_ecdsa_key *k = NULL;
	struct ima_ecdsa *e = NULL;
	enum ima_sig_verdict v = want;
	int r = ima_ecdsa_key_new(curve_key, &k);

	if (r == 0)
		r = ima_ecdsa_new(k, &e);
	if (r == 0)
		v = ima_ecdsa_verify(e, (struct ima_bytes){ curve_sig, curve_sig_len }, d);
	ima_ecdsa_free(e);
	ima_ecdsa_key_free(k);
	assert_true(v == want || v == IMA_SIG_UNCHECKED);
	return r == 0 && v == IMA_SIG_UNCHECKED ? -EIO : r;
}

static int curve_verifies_good(void)
{
	return on_curve(&good, IMA_SIG_GOOD);
}

static int curve_verifies_bad(void)
{
	return on_curve(&bad, IMA_SIG_BAD);
}

static enum ima_integrity appraise(const struct ima_digest *content)
{
	const struct ima_appraise_in in = { .opts = IMA_OPT_DIGSIG_REQUIRED, .version = 601, .label = { label, label_len },
					    .content = content, .size = 1, .evm = IMA_INTEGRITY_UNKNOWN, .keys = ring, .h = hasher };
	struct ima_appraisal a;

	ima_appraise(&in, &a);
	return a.status;
}

static int appraises_good(void)
{
	return appraise(&good) == IMA_INTEGRITY_PASS ? 0 : -EKEYREJECTED;
}

static int appraises_bad(void)
{
	assert_int_not_equal(appraise(&bad), IMA_INTEGRITY_PASS);
	return 0;
}

/* ------------------------------------------------------------------------------------------ metadata */

#define IMA "04045891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define MAC "0278f35ddb523255a8e75eaa490ed57a2ef9757e39" /* tests/unit/test_evm.c says whence */
#define WRONG "0278f35ddb523255a8e75eaa490ed57a2ef9757e38"

static int get(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const char *hex = !strcmp(name, "security.ima") ? IMA : !strcmp(name, "security.evm") ? user : NULL;

	if (!hex)
		return -ENODATA;
	*ret = malloc(strlen(hex) / 2);
	*ret_len = strlen(hex) / 2;
	return *ret ? ima_hex_decode(hex, strlen(hex), *ret) : -ENOMEM;
}

static int metadata(const char *mac, enum ima_integrity *ret)
{
	struct ima_evm_file f = { .ino = 12345, .generation = 7, .mode = 0100644, .xattr = get, .user = (void *)(uintptr_t)mac };
	struct ima_evm_result res;
	struct ima_evm *e = NULL;
	uint8_t key[32];
	int r;

	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = i;
	assert_int_equal(ima_hex_decode("8bcbe3944f134144be8e5aa9ea2ce2f6", 32, f.fsuuid), 0);
	r = ima_evm_new(601, &e);
	if (r == 0)
		r = ima_evm_set_key(e, (struct ima_bytes){ key, sizeof(key) });
	if (r == 0)
		ima_evm_judge(e, hasher, &f, &res);
	if (r == 0)
		*ret = res.status;
	ima_evm_free(e);
	return r;
}

static int judges_good(void)
{
	enum ima_integrity s;
	int r = metadata(MAC, &s);

	return r < 0 || s == IMA_INTEGRITY_PASS ? r : -EKEYREJECTED;
}

static int judges_wrong(void)
{
	enum ima_integrity s;
	int r = metadata(WRONG, &s);

	if (r == 0)
		assert_true(s != IMA_INTEGRITY_PASS && s != IMA_INTEGRITY_PASS_IMMUTABLE && s != IMA_INTEGRITY_UNKNOWN);
	return r;
}

/* ------------------------------------------------------------------------------------------ one access */

static const char content[] = "content";
#define GOOD_LABEL "0404ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
#define BAD_LABEL "04041111111111111111111111111111111111111111111111111111111111111111"

/* a file's reading fails like memory does */
static int digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	void *block = malloc(1);

	if (!block)
		return -EIO;
	free(block);
	return ima_hash_bytes(h, algo, (struct ima_bytes){ (const uint8_t *)content, 7 }, ret);
}

static int xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const char *hex = user;

	if (strcmp(name, "security.ima"))
		return -ENODATA;
	*ret = malloc(strlen(hex) / 2);
	*ret_len = strlen(hex) / 2;
	return *ret ? ima_hex_decode(hex, strlen(hex), *ret) : -ENOMEM;
}

static void hear(void *user, enum ima_audit_type type, const char *text)
{
	assert_true(strlen(text) > 20);
}

struct scene {
	struct ima_memory_list *list;
	struct ima_policy *policy;
	struct ima_monitor *monitor;
	struct ima_audit_sink sink;
};

static int set_up(struct scene *s)
{
	static const char rules[] = "measure func=BPRM_CHECK\nappraise func=BPRM_CHECK\naudit func=BPRM_CHECK\n";
	const struct ima_policy_opts po = { .profile = IMA_PROFILE_6_1 };
	struct ima_monitor_opts mo = { .hash = IMA_HASH_SHA256, .pcr = 10, .appraise = true, .enforce = true, .version = 601,
				       .templ = ima_template_builtin("ima-sig", 7), .audit = &s->sink };
	struct ima_diag diag = { 0 };
	int r = ima_memory_list_new(IMA_HASH_SHA256, &s->list);

	s->sink = (struct ima_audit_sink){ .emit = hear, .info = true };
	if (r == 0)
		r = ima_policy_new(&po, &s->policy);
	if (r == 0)
		r = ima_policy_load(s->policy, (struct ima_bytes){ (const uint8_t *)rules, strlen(rules) }, &diag);
	if (r < 0)
		return r;
	mo.policy = s->policy;
	mo.mlist = s->list->list;
	return ima_monitor_new(&mo, &s->monitor);
}

static void tear_down(struct scene *s)
{
	ima_monitor_free(s->monitor);
	ima_policy_free(s->policy);
	ima_memory_list_free(s->list);
}

static int access_with(const char *hex, bool *ret_refused)
{
	static const struct ima_file_ops ops = { .digest = digest, .xattr = xattr };
	const struct ima_file_event ev = {
		.facts = { .has_inode = true, .fsname = "ext4" },
		.checks = { { IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC } }, .n_checks = 1,
		.path = { (const uint8_t *)"/p", 2 }, .last = { (const uint8_t *)"p", 1 }, .dev = "vda",
		.dev_number = 1, .ino = 2, .birth_ns = 3, .mode = 0100755, .size = 7, .ops = &ops, .user = (void *)(uintptr_t)hex,
	};
	struct scene s = { 0 };
	struct ima_outcome out;
	int r = set_up(&s);

	if (r == 0) {
		ima_monitor_file(s.monitor, hasher, &ev, &out);
		r = out.error;
		*ret_refused = out.refused;
		/* the list has the whole record, or none of it */
		assert_int_equal(out.n_added, ima_mlist_stats(s.list->list).entries);
		assert_int_equal(out.n_added != 0, s.list->binary.len != 0);
		if (out.n_added)
			assert_int_equal(s.list->binary.len, 4 + 20 + 4 + 7 + 4 + 4 + 8 + 32 + 4 + 3 + 4 + strlen(hex) / 2 * (strlen(hex) && hex[1] == '3'));
	}
	tear_down(&s);
	return r;
}

static int access_to_good(void)
{
	bool refused = false;
	int r = access_with(GOOD_LABEL, &refused);

	return r == 0 && refused ? -EKEYREJECTED : r;
}

/* measured or not, audited or not: refused */
static int access_to_bad(void)
{
	bool refused = true;
	int r = access_with(BAD_LABEL, &refused);

	assert_true(refused);
	return r;
}

static void signatures(void **state)
{
	all_turns(keys, 3, 2);
	all_turns(verifies_good, 0, 3);
	all_turns(verifies_bad, 0, 3);
	all_turns(signs, 2, 5);
}

static void curves(void **state)
{
	all_turns(curve_verifies_good, 2, 25);
	all_turns(curve_verifies_bad, 2, 25);
}

static void labels(void **state)
{
	all_turns(appraises_good, 0, 1);
	all_turns(appraises_bad, 0, 1);
}

static void hmacs(void **state)
{
	all_turns(judges_good, 3, 1);
	all_turns(judges_wrong, 3, 1);
}

static void accesses(void **state)
{
	all_turns(access_to_good, 20, 20);
	all_turns(access_to_bad, 20, 20);
}

static int end(void **state)
{
	EVP_PKEY_free(curve_key);
	ima_keyring_free(ring);
	ima_hasher_free(hasher);
	ima_buffer_done(&der);
	ima_buffer_done(&pem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures),
		cmocka_unit_test(curves),
		cmocka_unit_test(labels),
		cmocka_unit_test(hmacs),
		cmocka_unit_test(accesses),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
