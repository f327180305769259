/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rule language: which rules real kernels accept (6.1 and 7.2, with the reason where they differ), what events rules
 * match, the builtin sets, uploads.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ima/policy.h>

#include "base/buffer.h"

static int load(enum ima_profile profile, bool lsm, const char *text, struct ima_diag *diag,
		struct ima_buffer *shown)
{
	const struct ima_policy_opts opts = { .profile = profile, .lsm_available = lsm };
	struct ima_policy *p;
	int r;

	assert_int_equal(ima_policy_new(&opts, &p), 0);
	r = ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)text, strlen(text) }, diag);
	if (r == 0 && shown)
		assert_int_equal(ima_policy_show(p, shown), 0);
	ima_policy_free(p);
	return r;
}

/* 0: accepted; the two columns are Linux 6.1 and 7.2 */
static const struct {
	const char *rule;
	int old, newest;
} acceptance[] = {
	{ "measure", 0, 0 },
	{ "measure func=FILE_CHECK mask=^MAY_READ euid=0", 0, 0 },
	{ "measure func=PATH_CHECK", 0, 0 },
	{ "measure func=FILE_MMAP", 0, 0 },
	{ "measure func=file_check", -EINVAL, -EINVAL },
	{ "measure func=", -EINVAL, -EINVAL },
	{ "Measure", -EINVAL, -EINVAL },
	{ "measure appraise", -EINVAL, -EINVAL },
	{ "func=FILE_CHECK", -EINVAL, -EINVAL },
	{ "measure pcr=11", 0, 0 },
	{ "dont_measure pcr=11", -EINVAL, -EINVAL },
	{ "appraise pcr=11", -EINVAL, -EINVAL },
	{ "measure pcr=63", 0, 0 },
	{ "measure pcr=64", -EINVAL, -EINVAL },
	{ "measure pcr=-1", -EINVAL, -EINVAL },
	{ "measure template=ima-ng", 0, 0 },
	{ "template=ima-ng measure", -EINVAL, -EINVAL },
	{ "measure template=d-ng|n-ng", 0, 0 },
	{ "measure template=ima-sigv3", -EINVAL, -EINVAL },
	{ "measure template=foo", -EINVAL, -EINVAL },
	{ "measure template=ima-ng template=ima-sig", -EINVAL, -EINVAL },
	{ "measure keyrings=.ima", -EINVAL, -EINVAL },
	{ "measure func=KEY_CHECK keyrings=.ima|.evm uid=0", 0, 0 },
	{ "measure func=KEY_CHECK gid=0", 0, 0 },
	{ "measure func=KEY_CHECK euid=0", -EINVAL, -EINVAL },
	{ "measure func=KEY_CHECK egid=0", -EINVAL, -EINVAL },
	{ "measure func=KEY_CHECK obj_type=x", -EINVAL, -EINVAL },
	{ "measure func=KEY_CHECK fsname=ext4", -EINVAL, -EINVAL },
	{ "audit func=KEY_CHECK", -EINVAL, -EINVAL },
	{ "appraise func=CRITICAL_DATA", -EINVAL, -EINVAL },
	{ "measure func=CRITICAL_DATA label=a||b", -EINVAL, -EINVAL },
	{ "measure func=CRITICAL_DATA label=|a", -EINVAL, -EINVAL },
	{ "measure func=CRITICAL_DATA label=a|b", 0, 0 },
	{ "measure func=KEXEC_CMDLINE fsname=ext4", 0, 0 },
	{ "measure func=KEXEC_CMDLINE mask=MAY_READ", -EINVAL, -EINVAL },
	{ "measure func=KEXEC_CMDLINE permit_directio", -EINVAL, -EINVAL },
	{ "appraise appraise_type=imasig", 0, 0 },
	{ "measure appraise_type=imasig", -EINVAL, -EINVAL },
	{ "dont_appraise appraise_type=imasig", -EINVAL, -EINVAL },
	{ "appraise func=MODULE_CHECK appraise_type=imasig|modsig", 0, 0 },
	{ "appraise func=FIRMWARE_CHECK appraise_type=imasig|modsig", -EINVAL, -EINVAL },
	{ "appraise appraise_type=imasig|modsig", -EINVAL, -EINVAL },
	{ "appraise appraise_type=modsig", -EINVAL, -EINVAL },
	{ "appraise digest_type=verity", -EINVAL, -EINVAL },
	{ "measure digest_type=verity", 0, 0 },
	{ "audit digest_type=verity", 0, 0 },
	{ "measure func=MODULE_CHECK digest_type=verity", -EINVAL, -EINVAL },
	{ "appraise digest_type=verity appraise_type=sigv3", 0, 0 },
	{ "appraise appraise_type=sigv3 digest_type=verity", -EINVAL, 0 },
	{ "appraise digest_type=verity appraise_type=imasig", -EINVAL, -EINVAL },
	{ "appraise appraise_type=imasig digest_type=verity", -EINVAL, 0 },
	{ "appraise appraise_type=sigv3", -EINVAL, 0 },
	{ "appraise func=MODULE_CHECK appraise_type=sigv3", -EINVAL, 0 },
	{ "appraise func=MODULE_CHECK appraise_type=imasig|modsig appraise_flag=check_blacklist", 0, 0 },
	{ "appraise func=MODULE_CHECK appraise_type=imasig appraise_flag=check_blacklist", -EINVAL, 0 },
	{ "appraise appraise_flag=xyz", -EINVAL, 0 },
	{ "appraise func=SETXATTR_CHECK", -EINVAL, -EINVAL },
	{ "appraise func=SETXATTR_CHECK appraise_algos=sha256,sha512", 0, 0 },
	{ "appraise func=SETXATTR_CHECK appraise_algos=sha256 uid=0", -EINVAL, -EINVAL },
	{ "appraise_algos=sha256 appraise fowner=0", 0, 0 },
	{ "appraise appraise_algos=sha257", -EINVAL, -EINVAL },
	{ "measure appraise_algos=sha256", -EINVAL, -EINVAL },
	{ "dont_audit fsmagic=0x9fa0", -EINVAL, 0 },
	{ "audit fs_subtype=sshfs", -EINVAL, 0 },
	{ "measure func=MMAP_CHECK_REQPROT", -EINVAL, 0 },
	{ "measure uid=0 euid=0", -EINVAL, -EINVAL },
	{ "measure uid>5 uid<9", -EINVAL, -EINVAL },
	{ "measure uid=-1", -EINVAL, -EINVAL },
	{ "measure uid=4294967295", -EINVAL, -EINVAL },
	{ "measure uid=4294967296", -EINVAL, -EINVAL },
	{ "measure uid=0x0", -EINVAL, -EINVAL },
	{ "measure uid=", -EINVAL, -EINVAL },
	{ "measure uid=99999999999999999999", -ERANGE, -ERANGE },
	{ "measure uid=+7", 0, 0 },
	{ "measure fsmagic=9fa0", 0, 0 },
	{ "measure fsmagic=0X9FA0", 0, 0 },
	{ "measure fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6TRAILING", 0, 0 },
	{ "measure fsuuid=8bcbe3944f134144be8e5aa9ea2ce2f6", -EINVAL, -EINVAL },
	{ "measure mask=MAY_READ mask=MAY_EXEC", -EINVAL, -EINVAL },
	{ "measure mask=MAY_READ|MAY_EXEC", -EINVAL, -EINVAL },
	{ "measure mask=^", -EINVAL, -EINVAL },
	{ "measure func=BPRM_CHECK # comment", -EINVAL, 0 },
	{ "measure func=BPRM_CHECK#comment", -EINVAL, -EINVAL },
	{ "measure\r", -EINVAL, -EINVAL },
	{ "measure fsmagic=0 fsmagic=9fa0", 0, 0 },
	{ "measure fsname=a fsname=b", 0, 0 },
	{ "measure obj_type=a obj_type=b", -EINVAL, -EINVAL },
	{ "measure func=POST_SETATTR", -EINVAL, -EINVAL },
	{ "measure func=NONE", -EINVAL, -EINVAL },
	{ "measure func=KEXEC_CMDLINE obj_type=foo_t", 0, 0 },
	{ "measure permit_directio func=KEY_CHECK", -EINVAL, -EINVAL },
	{ "hash func=CRITICAL_DATA", -EINVAL, -EINVAL },
	{ "measure func=SETXATTR_CHECK appraise_algos=sha256", -EINVAL, -EINVAL },
	{ "\t measure \t func=FILE_CHECK\t", 0, 0 },
};

static void rules_are_accepted_as_the_kernel_does(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(acceptance); i++) {
		struct ima_diag d = { 0 };
		int r = load(IMA_PROFILE_6_1, true, acceptance[i].rule, &d, NULL);

		if (r != acceptance[i].old)
			fail_msg("6.1: %s: %d (%s)", acceptance[i].rule, r, d.text);
		r = load(IMA_PROFILE_NEWEST, true, acceptance[i].rule, &d, NULL);
		if (r != acceptance[i].newest)
			fail_msg("newest: %s: %d (%s)", acceptance[i].rule, r, d.text);
		if (r < 0)
			assert_true(d.text[0] && d.line == 1);
	}
	assert_int_equal(load(IMA_PROFILE_7_1, true, "appraise func=MODULE_CHECK appraise_type=sigv3",
			      NULL, NULL), -EINVAL);
}

static void messages_name_the_place(void **state)
{
	struct ima_diag d;

	assert_int_equal(load(IMA_PROFILE_NEWEST, false, "# a\n\nmeasure\n  measure  bogus uid=0\n",
			      &d, NULL), -EINVAL);
	assert_int_equal(d.line, 4);
	assert_int_equal(d.column, 12);
	assert_string_equal(d.token, "bogus");
}

static void read_back_is_the_kernels_text(void **state)
{
	static const char *const rows[][2] = {
		{ "measure", "measure \n" },
		{ "measure func=FILE_MMAP mask=MAY_EXEC", "measure func=MMAP_CHECK mask=MAY_EXEC \n" },
		{ "measure uid=4000000000", "measure uid=-294967296 \n" },
		{ "appraise appraise_algos=sha512,sha256", "appraise appraise_algos=sha256,sha512 \n" },
		{ "uid>5 fgroup<3 fsname=ext4 func=FILE_CHECK mask=^MAY_READ measure pcr=11 template=ima-ng fsmagic=EF53",
		  "measure func=FILE_CHECK mask=^MAY_READ fsmagic=0xef53 fsname=ext4 pcr=11 uid>5 fgroup<3 template=ima-ng \n" },
		{ "measure func=KEY_CHECK keyrings=.ima|.evm", "measure func=KEY_CHECK keyrings=.ima|.evm \n" },
		{ "measure fsuuid=8BCBE394-4f13-4144-be8e-5aa9ea2ce2f6xyz",
		  "measure fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6 \n" },
		{ "appraise permit_directio appraise_type=imasig", "appraise appraise_type=imasig permit_directio \n" },
		{ "appraise func=MODULE_CHECK appraise_type=imasig|modsig", "appraise func=MODULE_CHECK appraise_type=imasig|modsig \n" },
		{ "measure subj_type=s obj_user=o", "measure obj_user=o subj_type=s \n" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		struct ima_buffer b = { 0 };

		assert_int_equal(load(IMA_PROFILE_NEWEST, true, rows[i][0], NULL, &b), 0);
		assert_string_equal((char *)b.data, rows[i][1]);
		ima_buffer_done(&b);
	}
}

static struct ima_policy *policy_of(enum ima_profile profile, const char *builtin, const char *text)
{
	const struct ima_policy_opts opts = { .profile = profile };
	struct ima_policy *p;

	assert_int_equal(ima_policy_new(&opts, &p), 0);
	if (builtin)
		assert_int_equal(ima_policy_builtin(p, builtin, NULL), 0);
	if (text)
		assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)text,
									 strlen(text) }, NULL), 0);
	return p;
}

static void shows(enum ima_profile profile, const char *builtin, const char *want)
{
	struct ima_policy *p = policy_of(profile, builtin, NULL);
	struct ima_buffer b = { 0 };

	assert_int_equal(ima_policy_show(p, &b), 0);
	assert_string_equal((char *)b.data, want);
	ima_buffer_done(&b);
	ima_policy_free(p);
}

#define QUIET(tmpfs)                                                                               \
	"dont_measure fsmagic=0x9fa0 \ndont_measure fsmagic=0x62656572 \n"                         \
	"dont_measure fsmagic=0x64626720 \n" tmpfs "dont_measure fsmagic=0x1cd1 \n"                \
	"dont_measure fsmagic=0x42494e4d \ndont_measure fsmagic=0x73636673 \n"                     \
	"dont_measure fsmagic=0xf97cff8c \ndont_measure fsmagic=0x43415d53 \n"                     \
	"dont_measure fsmagic=0x27e0eb \ndont_measure fsmagic=0x63677270 \n"                       \
	"dont_measure fsmagic=0x6e736673 \ndont_measure fsmagic=0xde5e81e4 \n"
#define TCB                                                                                        \
	"measure func=MMAP_CHECK mask=MAY_EXEC \nmeasure func=BPRM_CHECK mask=MAY_EXEC \n"         \
	"measure func=FILE_CHECK mask=^MAY_READ euid=0 \n"                                         \
	"measure func=FILE_CHECK mask=^MAY_READ uid=0 \nmeasure func=MODULE_CHECK \n"              \
	"measure func=FIRMWARE_CHECK \nmeasure func=POLICY_CHECK \n"

static void builtin_sets_are_the_kernels(void **state)
{
	shows(IMA_PROFILE_6_1, "tcb", QUIET("dont_measure fsmagic=0x1021994 \n") TCB);
	shows(IMA_PROFILE_6_12, "tcb", QUIET("dont_measure fsmagic=0x1021994 \n") TCB);
	shows(IMA_PROFILE_7_1, "tcb", QUIET("dont_measure func=FILE_CHECK fsmagic=0x1021994 \n") TCB);
	shows(IMA_PROFILE_6_1, "ima_tcb",
	      QUIET("dont_measure fsmagic=0x1021994 \n")
	      "measure func=MMAP_CHECK mask=MAY_EXEC \nmeasure func=BPRM_CHECK mask=MAY_EXEC \n"
	      "measure func=FILE_CHECK mask=MAY_READ uid=0 \nmeasure func=MODULE_CHECK \n"
	      "measure func=FIRMWARE_CHECK \n");
	shows(IMA_PROFILE_6_1, "secure_boot|critical_data",
	      "appraise func=MODULE_CHECK appraise_type=imasig \n"
	      "appraise func=FIRMWARE_CHECK appraise_type=imasig \n"
	      "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig \n"
	      "appraise func=POLICY_CHECK appraise_type=imasig \nmeasure func=CRITICAL_DATA \n");
	shows(IMA_PROFILE_6_1, "appraise_tcb",
	      "dont_appraise fsmagic=0x9fa0 \ndont_appraise fsmagic=0x62656572 \n"
	      "dont_appraise fsmagic=0x64626720 \ndont_appraise fsmagic=0x1021994 \n"
	      "dont_appraise fsmagic=0x858458f6 \ndont_appraise fsmagic=0x1cd1 \n"
	      "dont_appraise fsmagic=0x42494e4d \ndont_appraise fsmagic=0x73636673 \n"
	      "dont_appraise fsmagic=0xf97cff8c \ndont_appraise fsmagic=0x43415d53 \n"
	      "dont_appraise fsmagic=0x6e736673 \ndont_appraise fsmagic=0xde5e81e4 \n"
	      "dont_appraise fsmagic=0x27e0eb \ndont_appraise fsmagic=0x63677270 \n"
	      "appraise func=POLICY_CHECK appraise_type=imasig \nappraise fowner=0 \n");
}

static void unknown_words_are_told_and_the_rest_is_in_force(void **state)
{
	const struct ima_policy_opts opts = { 0 };
	struct ima_diag d = { 0 };
	struct ima_policy *p;

	assert_int_equal(ima_policy_new(&opts, &p), 0);
	assert_int_equal(ima_policy_builtin(p, "nonsense critical_data", &d), -ENOENT);
	assert_string_equal(d.token, "nonsense");
	assert_int_equal(ima_policy_n_rules(p), 1);
	assert_int_equal(ima_policy_builtin(p, "tcb tcb", &d), -ENOENT); /* the second one, as in the kernel */
	ima_policy_free(p);
}

static uint32_t match(struct ima_policy *p, enum ima_func f, unsigned int mask, uint32_t uid,
		      uint32_t owner, uint64_t magic)
{
	const struct ima_policy_event ev = { .func = f, .mask = mask, .uid = uid, .euid = uid,
					     .suid = uid, .has_inode = true, .fowner = owner,
					     .fsmagic = magic, .fsname = "x" };
	struct ima_policy_result res;

	ima_policy_match(p, &ev, 0, &res);
	return res.action;
}

/* the worked example: each class is decided by its first matching rule, on its own */
static void first_match_for_each_class(void **state)
{
	struct ima_policy *p = policy_of(IMA_PROFILE_6_1, NULL,
					 "dont_measure fsmagic=0x1021994\n"
					 "measure func=FILE_CHECK mask=MAY_READ uid=0\n"
					 "appraise fowner=0\naudit func=BPRM_CHECK\nhash fowner=1000\n");
	const uint32_t appraise = IMA_ACTION_APPRAISE | IMA_ACTION_FILE_APPRAISE;

	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 4, 0, 0, 0xef53), IMA_ACTION_MEASURE | appraise);
	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 6, 0, 0, 0xef53), appraise);
	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 4, 1000, 0, 0xef53), appraise);
	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 4, 0, 0, 0x1021994), appraise);
	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 1, 1000, 0, 0xef53), appraise);
	assert_int_equal(match(p, IMA_FUNC_BPRM_CHECK, 1, 1000, 0, 0xef53), appraise | IMA_ACTION_AUDIT);
	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 4, 0, 1000, 0xef53),
			 IMA_ACTION_MEASURE | IMA_ACTION_HASH);
	assert_int_equal(match(p, IMA_FUNC_KEY_CHECK, 0, 0, 0, 0), 0);
	ima_policy_free(p);
}

static void options_of_dont_rules_count(void **state)
{
	struct ima_policy *p = policy_of(IMA_PROFILE_6_1, NULL,
					 "dont_measure permit_directio\naudit\nmeasure uid=77\n");

	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 4, 0, 0, 1), IMA_OPT_PERMIT_DIRECTIO | IMA_ACTION_AUDIT);
	ima_policy_free(p);
	/* but a class that no rule ever asks for is not looked at */
	p = policy_of(IMA_PROFILE_6_1, NULL, "dont_measure permit_directio\naudit\n");
	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 4, 0, 0, 1), IMA_ACTION_AUDIT);
	ima_policy_free(p);
	p = policy_of(IMA_PROFILE_6_1, NULL, "appraise fowner=0\nhash fowner=0\n");
	assert_true(match(p, IMA_FUNC_FILE_CHECK, 4, 0, 0, 1) & IMA_ACTION_HASH);
	ima_policy_free(p);
	p = policy_of(IMA_PROFILE_6_1, NULL, "hash fowner=0\nappraise fowner=0\n");
	assert_false(match(p, IMA_FUNC_FILE_CHECK, 4, 0, 0, 1) & IMA_ACTION_HASH);
	ima_policy_free(p);
}

static void masks_and_identities(void **state)
{
	struct ima_policy *p = policy_of(IMA_PROFILE_6_1, NULL, "measure mask=^MAY_READ euid=0\n");
	struct ima_policy_event ev = { .func = IMA_FUNC_FILE_CHECK, .mask = 6, .has_inode = true,
				       .uid = 1000, .euid = 1000, .suid = 0, .fsname = "x" };
	struct ima_policy_result res;

	ima_policy_match(p, &ev, 0, &res);
	assert_int_equal(res.action, 0);
	ev.cap_setuid = true; /* may become any of its three identities */
	ima_policy_match(p, &ev, 0, &res);
	assert_int_equal(res.action, IMA_ACTION_MEASURE);
	ev.mask = 2;
	ima_policy_match(p, &ev, 0, &res);
	assert_int_equal(res.action, 0);
	ima_policy_free(p);
}

static void keys_and_critical_data_by_name(void **state)
{
	struct ima_policy *p = policy_of(IMA_PROFILE_6_1, NULL,
					 "measure func=KEY_CHECK keyrings=.ima|.evm gid=5\n"
					 "measure func=CRITICAL_DATA label=selinux\nmeasure\n");
	struct ima_policy_event ev = { .func = IMA_FUNC_KEY_CHECK, .gid = 9,
				       .func_data = { (const uint8_t *)".evm", 4 } };
	struct ima_policy_result res;

	ima_policy_match(p, &ev, 0, &res);
	assert_int_equal(res.action, IMA_ACTION_MEASURE); /* gid is accepted and ignored */
	ev.func_data.len = 3;
	ima_policy_match(p, &ev, 0, &res);
	assert_int_equal(res.action, 0); /* and a rule without func never names them */
	ev = (struct ima_policy_event){ .func = IMA_FUNC_CRITICAL_DATA,
					.func_data = { (const uint8_t *)"selinux", 7 } };
	ima_policy_match(p, &ev, 0, &res);
	assert_int_equal(res.action, IMA_ACTION_MEASURE);
	ima_policy_free(p);
}

static void uploads_take_effect_as_a_whole(void **state)
{
	struct ima_policy *p = policy_of(IMA_PROFILE_6_1, "tcb", NULL);
	const size_t tcb = ima_policy_n_rules(p);
	struct ima_diag d;

	assert_int_equal(ima_policy_begin(p), 0);
	assert_int_equal(ima_policy_begin(p), -EBUSY);
	assert_int_equal(ima_policy_add_line(p, (struct ima_bytes){ (const uint8_t *)"audit", 5 }, &d), 0);
	assert_int_equal(ima_policy_add_line(p, (struct ima_bytes){ (const uint8_t *)"bogus", 5 }, &d), -EINVAL);
	assert_int_equal(ima_policy_add_line(p, (struct ima_bytes){ (const uint8_t *)"audit", 5 }, &d), 0);
	assert_int_equal(ima_policy_commit(p), -EINVAL);
	assert_int_equal(ima_policy_n_rules(p), tcb);
	assert_int_equal(ima_policy_begin(p), 0);
	assert_int_equal(ima_policy_add_line(p, (struct ima_bytes){ (const uint8_t *)"# c", 3 }, &d), 0);
	assert_int_equal(ima_policy_commit(p), -EINVAL); /* no rule */
	assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)"audit\n", 6 }, &d), 0);
	assert_int_equal(ima_policy_n_rules(p), 1); /* the builtin rules are replaced */
	assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)"hash\nmeasure", 12 }, &d), 0);
	assert_int_equal(ima_policy_n_rules(p), 3); /* later ones are added */
	assert_int_equal(ima_policy_flags(p), IMA_ACTION_AUDIT | IMA_ACTION_HASH | IMA_ACTION_MEASURE);
	ima_policy_free(p);
}

static void labels_without_their_module(void **state)
{
	struct ima_policy *p = policy_of(IMA_PROFILE_6_1, NULL, "measure fowner=7\n");
	struct ima_buffer b = { 0 };

	assert_false(ima_policy_names_labels(p));
	assert_int_equal(load(IMA_PROFILE_6_1, false, "measure obj_type=x", NULL, NULL), -EINVAL);
	assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)"measure obj_type=x", 18 },
					 NULL), 0);
	assert_true(ima_policy_names_labels(p));
	assert_int_equal(ima_policy_n_rules(p), 2);
	assert_int_equal(match(p, IMA_FUNC_FILE_CHECK, 4, 0, 0, 1), 0);
	assert_int_equal(ima_policy_show(p, &b), 0);
	assert_string_equal((char *)b.data, "measure fowner=7 \n");
	ima_buffer_done(&b);
	ima_policy_free(p);
}

static void scope_and_pending_are_never_too_small(void **state)
{
	struct ima_policy *p = policy_of(IMA_PROFILE_6_1, "tcb", NULL);
	struct ima_policy_event fs = { .fsmagic = 0x9fa0, .fsname = "proc" };
	struct ima_policy_event file = { .fsmagic = 0xef53, .fsname = "ext4", .has_inode = true };

	assert_int_equal(ima_policy_scope(p, &fs), 0);
	fs.fsmagic = 0xef53;
	assert_true(ima_policy_scope(p, &fs) & 1U << IMA_FUNC_BPRM_CHECK);
	assert_true(ima_policy_pending(p, &file, 0, 0, 10));
	assert_false(ima_policy_pending(p, &file, IMA_ACTION_MEASURE, 1U << 10, 10));
	assert_true(ima_policy_pending(p, &file, IMA_ACTION_MEASURE, 1U << 11, 10));
	ima_policy_free(p);
	p = policy_of(IMA_PROFILE_NEWEST, "tcb", NULL);
	fs.fsmagic = 0x1021994; /* since 6.14 programs on tmpfs count, reads do not */
	assert_true(ima_policy_scope(p, &fs) & 1U << IMA_FUNC_BPRM_CHECK);
	assert_false(ima_policy_scope(p, &fs) & 1U << IMA_FUNC_FILE_CHECK);
	ima_policy_free(p);
	p = policy_of(IMA_PROFILE_6_1, NULL, "measure fowner=5\naudit uid=7\nmeasure pcr=12 func=BPRM_CHECK\n");
	assert_true(ima_policy_pending(p, &file, IMA_ACTION_AUDIT, 1U << 10, 10));
	assert_true(ima_policy_pending(p, &file, 0, 1U << 12, 10)); /* audit for user 7 may come */
	assert_false(ima_policy_pending(p, &file, IMA_ACTION_AUDIT, 1U << 12, 10));
	file.fowner = 5; /* decided by the first rule, into PCR 10 */
	assert_true(ima_policy_pending(p, &file, IMA_ACTION_AUDIT, 1U << 12, 10));
	assert_false(ima_policy_pending(p, &file, IMA_ACTION_AUDIT, 1U << 10, 10));
	ima_policy_free(p);
}

/* the first two rows are what a 6.1 kernel logged (tests/vectors/6.1-custom-policy/dmesg) */
static void each_rule_has_its_audit_record(void **state)
{
	static const struct {
		const char *line, *record;
	} rows[] = {
		{ "dont_measure fsmagic=0x9fa0", "action=dont_measure fsmagic=0x9fa0 res=1" },
		{ "dont_measure fsmagic=0x62656572", "action=dont_measure fsmagic=0x62656572 res=1" },
		{ "measure func=FILE_MMAP uid>5 mask=^MAY_READ permit_directio", "action=measure func=FILE_MMAP uid>5 mask=^MAY_READ res=1" },
		{ "measure bogus=1 func=FILE_CHECK", "action=measure UNKNOWN=bogus=1 res=0" },
		{ "bogus", "UNKNOWN=bogus res=0" },
		{ "measure func=NOPE uid=0", "action=measure func=NOPE res=0" },
		{ "dont_measure pcr=11", "action=dont_measure pcr=11 res=0" },
		{ "func=FILE_CHECK", "func=FILE_CHECK res=0" },
		{ "# comment", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		struct ima_policy *p = policy_of(IMA_PROFILE_6_1, "tcb", NULL);
		struct ima_buffer audit = { 0 };

		assert_int_equal(ima_policy_begin(p), 0);
		ima_ignore(ima_policy_add_line_audited(p, (struct ima_bytes){ (const uint8_t *)rows[i].line, strlen(rows[i].line) },
						       &audit, NULL));
		assert_string_equal(audit.data ? (char *)audit.data : "", rows[i].record);
		ima_buffer_done(&audit);
		ima_policy_free(p);
	}
}

/* AppArmor understands one of the six words */
static void labels_go_by_word(void **state)
{
	const struct ima_policy_opts opts = { .lsm_available = true, .lsm_slots = 1U << 4 };
	struct ima_policy *p;

	assert_int_equal(ima_policy_new(&opts, &p), 0);
	assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)"measure obj_type=x", 18 }, NULL), -EINVAL);
	assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)"measure subj_role=x", 19 }, NULL), 0);
	ima_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_accepted_as_the_kernel_does),
		cmocka_unit_test(messages_name_the_place),
		cmocka_unit_test(read_back_is_the_kernels_text),
		cmocka_unit_test(builtin_sets_are_the_kernels),
		cmocka_unit_test(unknown_words_are_told_and_the_rest_is_in_force),
		cmocka_unit_test(first_match_for_each_class),
		cmocka_unit_test(options_of_dont_rules_count),
		cmocka_unit_test(masks_and_identities),
		cmocka_unit_test(keys_and_critical_data_by_name),
		cmocka_unit_test(uploads_take_effect_as_a_whole),
		cmocka_unit_test(labels_without_their_module),
		cmocka_unit_test(labels_go_by_word),
		cmocka_unit_test(each_rule_has_its_audit_record),
		cmocka_unit_test(scope_and_pending_are_never_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
