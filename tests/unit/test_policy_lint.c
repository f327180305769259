/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint and explain: what is said of which rule, and that nothing is said of rules that are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ima/policy.h>

#include "base/buffer.h"

#define FILES "dont_measure fsmagic=0x9fa0\ndont_measure fsmagic=0x62656572\n"

static void note(void *user, const struct ima_lint_finding *f)
{
	char *text = user;
	const size_t n = strlen(text);

	snprintf(text + n, 512 - n, "%s%u:%s", n ? " " : "", f->line, f->id);
	assert_true(f->text[0]);
}

static const struct {
	const char *policy, *findings;
} lints[] = {
	/* an earlier rule takes it all */
	{ "measure func=BPRM_CHECK\nmeasure func=BPRM_CHECK mask=MAY_EXEC", "2:unreachable" },
	{ "measure func=BPRM_CHECK mask=MAY_EXEC\nmeasure func=BPRM_CHECK", "" },
	{ "measure func=BPRM_CHECK uid<10\nmeasure func=BPRM_CHECK uid=9", "2:unreachable" },
	{ "measure func=BPRM_CHECK uid<10\nmeasure func=BPRM_CHECK uid=10", "" },
	{ "measure func=BPRM_CHECK uid>5\nmeasure func=BPRM_CHECK uid>6", "2:unreachable" },
	{ "measure func=BPRM_CHECK uid>5\nmeasure func=BPRM_CHECK euid>6", "" },
	{ "dont_measure func=BPRM_CHECK fowner=1\nmeasure func=BPRM_CHECK fowner=1 uid=0\nmeasure func=BPRM_CHECK", "2:unreachable" },
	{ "measure func=BPRM_CHECK\naudit func=BPRM_CHECK", "" }, /* another class */
	{ "measure func=BPRM_CHECK fsname=ext4\nmeasure func=BPRM_CHECK fsname=ext4 fsmagic=0xef53", "2:unreachable" },
	{ "measure func=BPRM_CHECK fsname=ext4\nmeasure func=BPRM_CHECK fsmagic=0xef53", "" },
	{ "measure func=KEY_CHECK keyrings=a|b|c\nmeasure func=KEY_CHECK keyrings=c|a", "2:unreachable" },
	{ "measure func=KEY_CHECK keyrings=a|b\nmeasure func=KEY_CHECK keyrings=c|a", "" },
	{ "audit\naudit func=BPRM_CHECK\nmeasure func=BPRM_CHECK\nmeasure func=KEY_CHECK", "2:unreachable" },
	{ "measure func=FILE_CHECK uid=0 mask=^MAY_READ " "fsname=ext4\nmeasure func=FILE_CHECK uid=0 mask=MAY_READ fsname=ext4", "2:unreachable" },
	/* nothing can be it */
	{ "measure func=BPRM_CHECK mask=MAY_READ", "1:never-matches" },
	{ "measure func=MODULE_CHECK mask=MAY_EXEC", "1:never-matches" },
	{ "measure func=MMAP_CHECK mask=^MAY_WRITE", "1:never-matches" },
	{ "audit uid<0", "1:never-matches" },
	{ "audit fgroup>4294967294", "1:never-matches" },
	{ "measure func=KEY_CHECK gid<0", "1:ignored-option" },
	/* it does nothing */
	{ "dont_measure fsmagic=0x9fa0\naudit func=BPRM_CHECK", "1:no-effect" },
	{ "dont_measure func=BPRM_CHECK fowner=3\nmeasure func=MMAP_CHECK", "1:no-effect" },
	{ "dont_appraise fsname=tmpfs\nappraise func=BPRM_CHECK fsname=ext4", "1:no-effect" },
	{ "appraise func=SETXATTR_CHECK appraise_algos=sha256\nappraise func=SETXATTR_CHECK appraise_algos=sha512", "2:no-effect" },
	{ "measure func=BPRM_CHECK permit_directio", "1:ignored-option" },
	/* it grows */
	{ "measure func=FILE_CHECK", "1:unbounded-files 1:unbounded-pseudo" },
	{ "measure", "1:unbounded-files 1:unbounded-pseudo" },
	{ "measure func=FILE_CHECK mask=MAY_READ uid=0", "1:unbounded-pseudo" },
	{ "measure func=FILE_CHECK mask=MAY_WRITE uid=0", "" },
	{ "measure func=FILE_CHECK mask=MAY_READ fsname=ext4", "" },
	{ FILES "measure func=FILE_CHECK mask=MAY_READ fowner=0", "3:unbounded-pseudo" }, /* tmpfs and others are left */
	{ "dont_measure func=FILE_CHECK\nmeasure func=BPRM_CHECK", "1:no-effect" },
	/* it locks out */
	{ "appraise fowner=0", "1:lockout-pseudo" },
	{ "appraise fowner=1000", "" },
	{ "appraise func=BPRM_CHECK appraise_type=imasig", "1:lockout-unsigned" },
	{ "appraise func=BPRM_CHECK appraise_type=imasig fowner=0", "1:lockout-unsigned" },
	{ "appraise func=BPRM_CHECK appraise_type=imasig uid=1000", "" },
	{ "appraise func=MODULE_CHECK appraise_type=imasig", "" },
	{ "appraise func=POLICY_CHECK appraise_type=imasig", "1:lockout-policy" },
};

static void lint_says_what_is_wrong_and_nothing_else(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(lints); i++) {
		const struct ima_policy_opts opts = { .lsm_available = true };
		struct ima_diag d = { 0 };
		struct ima_policy *p;
		char found[512] = "";

		assert_int_equal(ima_policy_new(&opts, &p), 0);
		if (ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)lints[i].policy, strlen(lints[i].policy) }, &d) < 0)
			fail_msg("%s: %s", lints[i].policy, d.text);
		ima_policy_lint(p, note, found);
		if (strcmp(found, lints[i].findings))
			fail_msg("%s:\n\"%s\", not \"%s\"", lints[i].policy, found, lints[i].findings);
		ima_policy_free(p);
	}
}

/* the set that most machines run is what a policy should look like */
static void the_builtin_measuring_set_has_no_finding(void **state)
{
	for (unsigned int profile = 0; profile < IMA_PROFILE__LAST; profile++) {
		const struct ima_policy_opts opts = { .profile = (enum ima_profile)profile };
		struct ima_buffer text = { 0 };
		struct ima_policy *p;
		char found[512] = "";

		assert_int_equal(ima_policy_new(&opts, &p), 0);
		assert_int_equal(ima_policy_builtin(p, "tcb", NULL), 0);
		assert_int_equal(ima_policy_show(p, &text), 0);
		assert_int_equal(ima_policy_load(p, ima_buffer_bytes(&text), NULL), 0);
		ima_policy_lint(p, note, found);
		assert_string_equal(found, "");
		ima_buffer_done(&text);
		ima_policy_free(p);
	}
}

static void a_label_that_nothing_knows(void **state)
{
	const struct ima_policy_opts opts = { 0 };
	struct ima_policy *p;
	char found[512] = "";

	assert_int_equal(ima_policy_new(&opts, &p), 0);
	assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)"audit", 5 }, NULL), 0);
	assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)"\nmeasure obj_type=x", 19 }, NULL), 0);
	ima_policy_lint(p, note, found);
	assert_string_equal(found, "2:never-matches");
	ima_policy_free(p);
}

struct told {
	const struct ima_policy *p;
	const struct ima_policy_event *ev;
	char text[2048];
};

static void tell(void *user, const struct ima_policy_step *step)
{
	struct ima_buffer rule = { 0 }, why = { 0 };
	struct told *t = user;
	const size_t n = strlen(t->text);

	assert_int_equal(ima_policy_step_text(t->p, step, t->ev, &rule, &why), 0);
	snprintf(t->text + n, sizeof(t->text) - n, "%zu %d %s\n", step->number, (int)step->outcome, (char *)why.data);
	ima_buffer_done(&rule);
	ima_buffer_done(&why);
}

static void explain_says_why_each_rule_does_not_decide(void **state)
{
	static const char policy[] = "dont_measure fsmagic=0x9fa0\nmeasure func=BPRM_CHECK\nmeasure func=FILE_CHECK mask=MAY_READ uid=0\n"
				     "measure mask=^MAY_WRITE\nmeasure fowner>999 pcr=11\nmeasure fowner=1000\ndont_hash fowner=1000\naudit fsname=xfs\n";
	struct ima_policy_event ev = { .func = IMA_FUNC_FILE_CHECK, .mask = 4, .uid = 1000, .euid = 1000,
				       .has_inode = true, .fowner = 1000, .fsmagic = 0xef53, .fsname = "ext4" };
	struct told t = { .ev = &ev };
	const struct ima_policy_opts opts = { 0 };
	struct ima_policy_result res, plain;
	struct ima_policy *p;

	assert_int_equal(ima_policy_new(&opts, &p), 0);
	assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)policy, strlen(policy) }, NULL), 0);
	t.p = p;
	ima_policy_explain(p, &ev, &res, tell, &t);
	assert_string_equal(t.text,
			    "1 1 fsmagic=0x9fa0, the event is on 0xef53\n"
			    "2 1 func=BPRM_CHECK, the event is FILE_CHECK\n"
			    "3 1 uid=0, the event is by uid 1000\n"
			    "4 1 mask=^MAY_WRITE, the event is MAY_READ\n"
			    "5 0 decides measure\n"
			    "6 2 measure is decided already\n"
			    "7 3 no rule asks for hash at all\n"
			    "8 1 fsname=xfs, the event is ext4\n");
	ima_policy_match(p, &ev, 0, &plain);
	assert_memory_equal(&res, &plain, sizeof(res));
	assert_int_equal(res.pcr, 11);
	ima_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lint_says_what_is_wrong_and_nothing_else),
		cmocka_unit_test(the_builtin_measuring_set_has_no_finding),
		cmocka_unit_test(a_label_that_nothing_knows),
		cmocka_unit_test(explain_says_why_each_rule_does_not_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
