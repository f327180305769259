/* SPDX-License-Identifier: BSD-2-Clause */
/* A module with an appended signature on its way through the monitor: verdict, record, revoked content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/hex.h"
#include "core/monitor/monitor.h"
#include "core/sig/modsig.h"
#include "modsig_file.h"

static int whole_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	struct memory *m = user;

	return memory_digest(user, h, algo, m->len, ret);
}

static int no_label(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	return -ENODATA;
}

static int keep_record(void *user, struct ima_bytes record)
{
	return ima_buffer_append(user, record.data, record.len);
}

static int extend_nothing(void *user, uint32_t pcr, const struct ima_digest *slots, size_t n)
{
	return 0;
}

struct machine {
	struct ima_hasher *h;
	struct ima_keyring *ring;
	struct ima_policy *policy;
	struct ima_mlist *list;
	struct ima_revoked *revoked;
	struct ima_monitor *monitor;
	struct ima_buffer written;
};

static void start(struct machine *s, bool appraise)
{
	static const char rules[] = "appraise func=MODULE_CHECK appraise_type=imasig|modsig\n"
				    "measure func=MODULE_CHECK template=ima-modsig\n";
	const struct ima_policy_opts po = { .profile = IMA_PROFILE_6_12 };
	const struct ima_mlist_opts lo = {
		.head = { .default_algo = IMA_HASH_SHA256, .n_slots = 2,
			  .slots = { { 0x04, IMA_HASH_SHA1, 20 }, { 0x0b, IMA_HASH_SHA256, 32 } } },
		.ops = { .write = keep_record, .extend = extend_nothing, .user = &s->written },
	};
	struct ima_diag diag = { 0 };

	*s = (struct machine){ 0 };
	assert_int_equal(ima_hasher_new(&s->h), 0);
	s->ring = ring_of("rsa.der");
	assert_int_equal(ima_policy_new(&po, &s->policy), 0);
	assert_int_equal(ima_policy_load(s->policy, (struct ima_bytes){ (const uint8_t *)rules, strlen(rules) }, &diag), 0);
	assert_int_equal(ima_mlist_new(&lo, &s->list), 0);
	assert_int_equal(ima_revoked_new(&s->revoked), 0);
	const struct ima_monitor_opts mo = { .policy = s->policy, .mlist = s->list, .templ = ima_template_builtin("ima-ng", 6),
					     .hash = IMA_HASH_SHA256, .pcr = 10, .appraise = appraise, .enforce = appraise,
					     .version = 612, .keys = s->ring, .revoked = s->revoked };
	assert_int_equal(ima_monitor_new(&mo, &s->monitor), 0);
}

static void stop(struct machine *s)
{
	ima_monitor_free(s->monitor);
	ima_revoked_free(s->revoked);
	ima_mlist_free(s->list);
	ima_policy_free(s->policy);
	ima_keyring_free(s->ring);
	ima_hasher_free(s->h);
	ima_buffer_done(&s->written);
}

static void load_module(struct machine *s, struct memory *m, uint64_t ino, struct ima_outcome *ret)
{
	static const struct ima_file_ops ops = { .digest = whole_digest, .read = memory_read, .digest_head = memory_digest,
						 .xattr = no_label };
	const struct ima_file_event ev = {
		.facts = { .has_inode = true, .fsname = "" },
		.checks = { { IMA_FUNC_MODULE_CHECK, IMA_MAY_READ } },
		.n_checks = 1,
		.path = { (const uint8_t *)"/m.ko", 5 },
		.last = { (const uint8_t *)"m.ko", 4 },
		.ino = ino, .dev_number = 1, .birth_ns = 1, .mode = 0100644, .size = m->len, .ops = &ops, .user = m,
	};

	ima_buffer_done(&s->written);
	s->written = (struct ima_buffer){ 0 };
	ima_monitor_file(s->monitor, s->h, &ev, ret);
}

static bool is_listed(const struct machine *s, struct ima_bytes what)
{
	return memmem(s->written.data, s->written.len, what.data, what.len) != NULL;
}

static struct ima_digest content_digest(struct machine *s)
{
	struct ima_digest d;
	size_t len;
	uint8_t *content = vector("content", &len);

	assert_int_equal(ima_hash_bytes(s->h, IMA_HASH_SHA256, (struct ima_bytes){ content, len }, &d), 0);
	free(content);
	return d;
}

static void test_good_and_changed(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));
	struct machine s;
	struct ima_outcome out;
	struct ima_digest d;
	size_t len;
	uint8_t *der = vector("rsa-sha256.p7s", &len);

	start(&s, true);
	d = content_digest(&s);
	make_file("rsa-sha256.p7s", m);
	load_module(&s, m, 1, &out);
	assert_false(out.refused);
	assert_true(out.good >> IMA_FUNC_MODULE_CHECK & 1);
	assert_false(out.writers_refused);
	assert_int_equal(out.n_added, 1);
	assert_true(is_listed(&s, (struct ima_bytes){ der, len }));
	assert_true(is_listed(&s, (struct ima_bytes){ d.data, d.len }));
	/* the same record is not listed twice */
	load_module(&s, m, 1, &out);
	assert_int_equal(out.n_added, 0);
	m->bytes[3] ^= 1;
	load_module(&s, m, 2, &out);
	assert_true(out.refused);
	assert_string_equal(out.cause, "invalid-signature");
	assert_false(out.good >> IMA_FUNC_MODULE_CHECK & 1);
	stop(&s);
	free(der);
	free(m);
}

/* without the rule that allows it, nobody looks for it: the record's fields are empty */
static void test_not_appraised(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));
	struct machine s;
	struct ima_outcome out;
	size_t len;
	uint8_t *der = vector("rsa-sha256.p7s", &len);

	start(&s, false);
	make_file("rsa-sha256.p7s", m);
	load_module(&s, m, 1, &out);
	assert_int_equal(out.n_added, 1);
	assert_false(is_listed(&s, (struct ima_bytes){ der, len }));
	stop(&s);
	free(der);
	free(m);
}

/* good by its one known signer, and no record: its digest is ambiguous */
static void test_two_signers(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));
	struct machine s;
	struct ima_outcome out;

	start(&s, true);
	make_file("two.p7s", m);
	load_module(&s, m, 1, &out);
	assert_false(out.refused);
	assert_int_equal(out.n_added, 0);
	assert_int_equal(out.error, -EINVAL);
	stop(&s);
	free(m);
}

static void test_revoked(void **state)
{
	static const char name[] = "blacklisted-hash";
	struct memory *m = calloc(1, sizeof(*m));
	char line[4 + 64 + 1] = "bin:";
	struct machine s;
	struct ima_outcome out;
	struct ima_digest d;

	start(&s, true);
	d = content_digest(&s);
	ima_hex_encode(d.data, d.len, line + 4);
	assert_int_equal(ima_revoked_add(s.revoked, line), 0);
	make_file("rsa-sha256.p7s", m);
	load_module(&s, m, 1, &out);
	assert_true(out.refused);
	assert_string_equal(out.cause, name);
	assert_false(out.good >> IMA_FUNC_MODULE_CHECK & 1);
	assert_true(is_listed(&s, (struct ima_bytes){ (const uint8_t *)name, strlen(name) }));
	assert_int_equal(ima_mlist_stats(s.list).entries, 2);
	stop(&s);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_and_changed),
		cmocka_unit_test(test_not_appraised),
		cmocka_unit_test(test_two_signers),
		cmocka_unit_test(test_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
