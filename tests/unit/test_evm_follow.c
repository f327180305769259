/* SPDX-License-Identifier: BSD-2-Clause */
/* What the monitor does after a change of metadata: who gets an HMAC, who does not, and what is written down. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/monitor/monitor.h"

struct attr {
	char name[32];
	uint8_t value[64];
	size_t len;
};

struct world {
	struct attr attrs[4];
	char said[2][300];
	size_t n_said;
	struct ima_evm *evm;
	struct ima_hasher *h;
	struct ima_monitor *m;
	struct ima_audit_sink sink;
	struct ima_file_event ev;
};

static struct attr *find(struct world *w, const char *name)
{
	for (size_t i = 0; i < 4; i++)
		if (!strcmp(w->attrs[i].name, name))
			return &w->attrs[i];
	return NULL;
}

static int get(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct attr *a = find(user, name);

	if (!a)
		return -ENODATA;
	*ret = malloc(sizeof(a->value));
	memcpy(*ret, a->value, a->len);
	*ret_len = a->len;
	return 0;
}

static int set(void *user, const char *name, struct ima_bytes value)
{
	struct attr *a = find(user, name);

	if (!a)
		a = find(user, "");
	assert_non_null(a);
	*a = (struct attr){ .len = value.len };
	if (value.len) {
		snprintf(a->name, sizeof(a->name), "%s", name);
		memcpy(a->value, value.data, value.len);
	}
	return 0;
}

static void hear(void *user, enum ima_audit_type type, const char *text)
{
	struct world *w = user;

	assert_int_equal(type, IMA_AUDIT_METADATA);
	assert_true(w->n_said < 2);
	snprintf(w->said[w->n_said++], sizeof(w->said[0]), "%s", text);
}

static void begin(struct world *w)
{
	static const struct ima_file_ops ops = { .xattr = get, .set_xattr = set };
	static const uint8_t label[] = { 4, 4, 1, 2, 3 };
	struct ima_monitor_opts mo;

	*w = (struct world){ .ev = { .ino = 7, .mode = 0100755, .facts.fowner = 1, .ops = &ops, .dev = "d",
				     .last = { (const uint8_t *)"f", 1 }, .path = { (const uint8_t *)"/p/f", 4 } } };
	w->ev.user = w;
	w->sink = (struct ima_audit_sink){ .emit = hear, .user = w };
	assert_int_equal(ima_hasher_new(&w->h), 0);
	assert_int_equal(ima_evm_new(612, &w->evm), 0);
	assert_int_equal(ima_evm_set_key(w->evm, (struct ima_bytes){ (const uint8_t *)"key", 3 }), 0);
	mo = (struct ima_monitor_opts){ .evm = w->evm, .audit = &w->sink, .appraise = true, .version = 612 };
	assert_int_equal(ima_monitor_new(&mo, &w->m), 0);
	assert_int_equal(set(w, "security.ima", (struct ima_bytes){ label, sizeof(label) }), 0);
}

static void end(struct world *w)
{
	ima_monitor_free(w->m);
	ima_evm_free(w->evm);
	ima_hasher_free(w->h);
}

/* an HMAC over the file as it is, which a change then makes stale */
static void seal(struct world *w)
{
	const struct ima_metadata_change c = { .judged = true, .follow = true };

	assert_int_equal(ima_monitor_metadata(w->m, w->h, &w->ev, &c), IMA_INTEGRITY_PASS);
	assert_int_equal(find(w, "security.evm")->len, 21);
}

static void test_follows(void **state)
{
	struct world w;
	uint8_t before[21];

	begin(&w);
	seal(&w);
	memcpy(before, find(&w, "security.evm")->value, sizeof(before));
	w.ev.mode = 0100700;
	assert_int_equal(ima_monitor_metadata(w.m, w.h, &w.ev, &(struct ima_metadata_change){ .judged = true }), IMA_INTEGRITY_FAIL);
	assert_memory_equal(find(&w, "security.evm")->value, before, sizeof(before));
	seal(&w);
	assert_memory_not_equal(find(&w, "security.evm")->value, before, sizeof(before));
	assert_int_equal(w.n_said, 0);
	end(&w);
}

/* nobody had looked: only the owner and mode of before can vouch for it */
static void test_unjudged(void **state)
{
	struct ima_metadata_change c = { .unjudged = true, .follow = true, .is_attr = true, .mode = 0100755, .uid = 1 };
	struct world w;

	begin(&w);
	seal(&w);
	w.ev.mode = 0100700;
	c.uid = 2;
	assert_int_equal(ima_monitor_metadata(w.m, w.h, &w.ev, &c), IMA_INTEGRITY_FAIL);
	c.uid = 1;
	c.is_attr = false;
	assert_int_equal(ima_monitor_metadata(w.m, w.h, &w.ev, &c), IMA_INTEGRITY_FAIL);
	c.is_attr = true;
	assert_int_equal(ima_monitor_metadata(w.m, w.h, &w.ev, &c), IMA_INTEGRITY_PASS);
	end(&w);
}

static void test_left_alone(void **state)
{
	static const uint8_t portable[] = { 5, 2, 4, 0, 0, 0, 0, 0, 1, 9 };
	const struct ima_metadata_change c = { .judged = true, .follow = true };
	struct world w;

	begin(&w);
	assert_int_equal(set(&w, "security.evm", (struct ima_bytes){ portable, sizeof(portable) }), 0);
	assert_int_equal(ima_monitor_metadata(w.m, w.h, &w.ev, &c), IMA_INTEGRITY_FAIL_IMMUTABLE);
	assert_memory_equal(find(&w, "security.evm")->value, portable, sizeof(portable));
	/* nothing left that it covers */
	assert_int_equal(set(&w, "security.evm", (struct ima_bytes){ (const uint8_t *)"\2x", 2 }), 0);
	assert_int_equal(set(&w, "security.ima", (struct ima_bytes){ 0 }), 0);
	assert_int_equal(ima_monitor_metadata(w.m, w.h, &w.ev, &c), IMA_INTEGRITY_NOXATTRS);
	assert_null(find(&w, "security.evm"));
	end(&w);
}

static void test_new_file(void **state)
{
	struct world w;

	begin(&w);
	assert_int_equal(set(&w, "security.ima", (struct ima_bytes){ 0 }), 0);
	ima_monitor_new_file(w.m, w.h, &w.ev);
	assert_null(find(&w, "security.evm"));
	assert_int_equal(set(&w, "security.selinux", (struct ima_bytes){ (const uint8_t *)"u:r:t", 6 }), 0);
	ima_monitor_new_file(w.m, w.h, &w.ev);
	assert_int_equal(find(&w, "security.evm")->len, 21);
	assert_int_equal(ima_monitor_metadata(w.m, w.h, &w.ev, &(struct ima_metadata_change){ 0 }), IMA_INTEGRITY_PASS);
	end(&w);
}

static void test_audit(void **state)
{
	struct world w;

	begin(&w);
	ima_ignore(ima_monitor_metadata(w.m, w.h, &w.ev, &(struct ima_metadata_change){
		.judged = true, .refused = true, .status = IMA_INTEGRITY_NOXATTRS, .audit_update = true, .audit_appraise = true }));
	assert_int_equal(w.n_said, 2);
	assert_non_null(strstr(w.said[0], " op=update_metadata cause=no_xattrs "));
	assert_non_null(strstr(w.said[1], " op=appraise_metadata cause=no_xattrs "));
	assert_non_null(strstr(w.said[1], " name=\"f\" dev=\"d\" ino=7 res=0 "));
	w.n_said = 0;
	ima_ignore(ima_monitor_metadata(w.m, w.h, &w.ev, &(struct ima_metadata_change){ .unjudged = true, .refused = true }));
	assert_int_equal(w.n_said, 1);
	assert_non_null(strstr(w.said[0], " op=appraise_metadata cause=unknown "));
	end(&w);
}

static int digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	return ima_hash_bytes(h, algo, (struct ima_bytes){ (const uint8_t *)"x", 1 }, ret);
}

/* a file whose label is a signature is never given another one, but since 7.1 the HMAC that it lacks, where both are in mode fix */
static void test_fix_mode(void **state)
{
	static const struct ima_file_ops ops = { .digest = digest, .xattr = get, .set_xattr = set };
	static const uint8_t label[] = { 3, 2, 4, 1, 2, 3, 4, 0, 1, 9 };
	static const char rule[] = "appraise func=FILE_CHECK\n";
	static const struct {
		unsigned int version;
		bool fix, evm_fix, written;
	} rows[] = { { 701, true, true, true }, { 702, true, true, true }, { 612, true, true, false },
		     { 701, true, false, false }, { 701, false, true, false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct ima_policy_opts po = { .profile = IMA_PROFILE_7_1 };
		struct ima_monitor_opts mo = { .appraise = true, .fix = rows[i].fix, .version = rows[i].version, .hash = IMA_HASH_SHA256 };
		struct ima_diag diag = { 0 };
		struct ima_outcome out;
		struct world w;

		begin(&w);
		ima_monitor_free(w.m);
		w.evm->fix = rows[i].evm_fix;
		mo.evm = w.evm;
		assert_int_equal(ima_policy_new(&po, &mo.policy), 0);
		assert_int_equal(ima_policy_load(mo.policy, (struct ima_bytes){ (const uint8_t *)rule, strlen(rule) }, &diag), 0);
		assert_int_equal(ima_monitor_new(&mo, &w.m), 0);
		assert_int_equal(set(&w, "security.ima", (struct ima_bytes){ label, sizeof(label) }), 0);
		w.ev.ops = &ops;
		w.ev.size = 1;
		w.ev.facts.has_inode = true;
		w.ev.checks[0] = (struct ima_check){ IMA_FUNC_FILE_CHECK, IMA_MAY_READ };
		w.ev.n_checks = 1;
		ima_monitor_file(w.m, w.h, &w.ev, &out);
		assert_int_equal(find(&w, "security.ima")->len, sizeof(label));
		assert_int_equal(find(&w, "security.evm") != NULL, rows[i].written);
		if (rows[i].written)
			assert_int_equal(ima_monitor_metadata(w.m, w.h, &w.ev, &(struct ima_metadata_change){ .judged = true }), IMA_INTEGRITY_PASS);
		end(&w);
		ima_policy_free(mo.policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows),
		cmocka_unit_test(test_fix_mode), cmocka_unit_test(test_unjudged),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_new_file),
		cmocka_unit_test(test_audit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
