/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies while memory fails: a rule is taken whole or not at all, and an upload that fails leaves what was in force. */
#include "read.h"

#include <ima/policy.h>

#include "core/audit/audit.h"

static const char text[] = "measure func=BPRM_CHECK uid=0 pcr=11 template=ima-ngv2\n"
			   "appraise func=FILE_CHECK fowner=1 fsname=ext4 appraise_type=imasig appraise_algos=sha256,sha512\n"
			   "dont_measure fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6 subj_role=abc obj_type=def\n"
			   "measure func=KEY_CHECK keyrings=.ima|.evm\n"
			   "measure func=CRITICAL_DATA label=one|two\n";
static struct ima_policy *standing;
static char before[4096];

static int show(const struct ima_policy *p, char *ret)
{
	struct ima_buffer b = { 0 };
	int r = ima_policy_show(p, &b);

	if (r == 0)
		memcpy(ret, b.data, b.len + 1);
	ima_buffer_done(&b);
	return r;
}

static struct ima_bytes bytes(const char *s)
{
	return (struct ima_bytes){ (const uint8_t *)s, strlen(s) };
}

static const struct ima_policy_opts opts = { .profile = IMA_PROFILE_NEWEST, .lsm_available = true };

static int loads(void)
{
	struct ima_policy *p = NULL;
	struct ima_diag diag = { 0 };
	char shown[4096];
	int r = ima_policy_new(&opts, &p);

	if (r == 0)
		r = ima_policy_builtin(p, "tcb|appraise_tcb|secure_boot", &diag);
	if (r == 0)
		r = ima_policy_load(p, bytes(text), &diag);
	if (r == 0) {
		assert_int_equal(ima_policy_n_rules(p), 5);
		r = show(p, shown);
	}
	if (r == 0)
		assert_string_equal(shown, before);
	ima_policy_free(p);
	return r;
}

/* what stands stays, whichever line of the next upload fails */
static int uploads(void)
{
	struct ima_policy *p = NULL;
	struct ima_diag diag = { 0 };
	char shown[8192];
	int r = ima_policy_new(&opts, &p);

	if (r == 0)
		r = ima_policy_load(p, bytes(text), &diag);
	if (r < 0) {
		ima_policy_free(p);
		return r;
	}
	r = ima_policy_load(p, bytes(text), &diag);
	ima_ignore(fault_disarm()); /* whether it failed is remembered */
	assert_int_equal(ima_policy_n_rules(p), r < 0 ? 5 : 10);
	assert_int_equal(show(p, shown), 0);
	if (r < 0)
		assert_string_equal(shown, before);
	ima_policy_free(p);
	return r;
}

/* a line that is refused with its audit record: the text is whole or not there */
static int audits(void)
{
	struct ima_policy *p = NULL;
	struct ima_buffer said = { 0 };
	struct ima_diag diag = { 0 };
	int r = ima_policy_new(&opts, &p);

	if (r == 0)
		r = ima_policy_begin(p);
	if (r == 0) {
		r = ima_policy_add_line_audited(p, bytes("measure func=NONE"), &said, &diag);
		assert_true(r < 0);
		if (r == -EINVAL)
			assert_string_equal((char *)said.data, "action=measure func=NONE res=0");
		r = r == -EINVAL ? 0 : r;
	}
	ima_buffer_done(&said);
	ima_policy_free(p);
	return r;
}

static int formats(void)
{
	static const struct ima_audit_subject who = { .pid = 1, .comm = "a b" };
	const struct ima_audit_record rec = { .type = IMA_AUDIT_DATA, .subject = &who, .op = "appraise_data", .cause = "missing-hash",
					      .name = bytes("/a/long/name/that makes/the/buffer/grow/and/grow"), .dev = "vda" };
	struct ima_buffer out = { 0 };
	int r = ima_audit_format(&out, &rec);

	if (r == 0)
		assert_non_null(strstr((char *)out.data, "comm=612062"));
	if (r == 0)
		assert_string_equal((char *)out.data + out.len - 14, " res=1 errno=0");
	ima_buffer_done(&out);
	return r;
}

static int begin(void **state)
{
	struct ima_diag diag = { 0 };

	assert_int_equal(ima_policy_new(&opts, &standing), 0);
	assert_int_equal(ima_policy_load(standing, bytes(text), &diag), 0);
	return show(standing, before);
}

static void policies(void **state)
{
	all_turns(loads, 50, 0);
	all_turns(uploads, 20, 0);
}

static void records(void **state)
{
	all_turns(audits, 4, 0);
	all_turns(formats, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(policies), cmocka_unit_test(records) };
	const int r = cmocka_run_group_tests(tests, begin, NULL);

	ima_policy_free(standing);
	return r;
}
