/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of docs/FORMATS.md "Rules", row by row: what goes with which func in which release, what each condition compares,
 * and how each item reads back.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ima/policy.h>

#include "base/buffer.h"

#pragma GCC diagnostic ignored "-Woverride-init" /* rows override what EVENT() says first */

static const enum ima_profile profiles[] = { IMA_PROFILE_6_1, IMA_PROFILE_6_12, IMA_PROFILE_7_1,
					     IMA_PROFILE_NEWEST };

/* the columns of the validity table */
enum { COL_FILE = 0, COL_MODULE, COL_CMDLINE, COL_KEY, COL_DATA, COL_SETXATTR, N_COLS };

static const struct {
	const char *func; /* "": no func= at all */
	int column;
	int since; /* first profile that has it */
} funcs[] = {
	{ "", COL_FILE, 0 }, { "FILE_CHECK", COL_FILE, 0 }, { "MMAP_CHECK", COL_FILE, 0 },
	{ "MMAP_CHECK_REQPROT", COL_FILE, 1 }, { "BPRM_CHECK", COL_FILE, 0 },
	{ "CREDS_CHECK", COL_FILE, 0 }, { "FIRMWARE_CHECK", COL_FILE, 0 },
	{ "POLICY_CHECK", COL_FILE, 0 }, { "MODULE_CHECK", COL_MODULE, 0 },
	{ "KEXEC_KERNEL_CHECK", COL_MODULE, 0 }, { "KEXEC_INITRAMFS_CHECK", COL_MODULE, 0 },
	{ "KEXEC_CMDLINE", COL_CMDLINE, 0 }, { "KEY_CHECK", COL_KEY, 0 },
	{ "CRITICAL_DATA", COL_DATA, 0 }, { "SETXATTR_CHECK", COL_SETXATTR, 0 },
};

/* one character a column: y accepted, n refused; digits: accepted from that profile on (1: 6.12, 2: 7.1, 3: newest) */
static const struct {
	const char *action; /* of the rule */
	const char *item;
	const char *columns;
	int since; /* the item exists from that profile on */
} rows[] = {
	{ "measure", "", "yyyyyn", 0 },
	{ "dont_measure", "", "yyyyyn", 0 },
	{ "appraise", "", "yynnny", 0 }, /* SETXATTR_CHECK always with appraise_algos= here */
	{ "dont_appraise", "", "yynnnn", 0 },
	{ "audit", "", "yynnnn", 0 },
	{ "dont_audit", "", "yynnnn", 2 },
	{ "hash", "", "yynnnn", 0 },
	{ "dont_hash", "", "yynnnn", 0 },
	{ NULL, "mask=MAY_READ", "yynnnn", 0 },
	{ NULL, "mask=^MAY_READ", "yynnnn", 0 },
	{ NULL, "fsmagic=0xef53", "yyynnn", 0 },
	{ NULL, "fsname=ext4", "yyynnn", 0 },
	{ NULL, "fs_subtype=sshfs", "yyynnn", 2 },
	{ NULL, "fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6", "yyynnn", 0 },
	{ NULL, "uid=0", "yyyyyn", 0 },
	{ NULL, "uid<9", "yyyyyn", 0 },
	{ NULL, "uid>9", "yyyyyn", 0 },
	{ NULL, "euid=0", "yyynnn", 0 },
	{ NULL, "gid=0", "yyyyyn", 0 },
	{ NULL, "egid=0", "yyynnn", 0 },
	{ NULL, "fowner=0", "yyynnn", 0 },
	{ NULL, "fgroup>0", "yyynnn", 0 },
	{ NULL, "obj_user=a", "yyynny", 0 },
	{ NULL, "obj_role=a", "yyynny", 0 },
	{ NULL, "obj_type=a", "yyynny", 0 },
	{ NULL, "subj_user=a", "yyynny", 0 },
	{ NULL, "subj_role=a", "yyynny", 0 },
	{ NULL, "subj_type=a", "yyynny", 0 },
	{ "measure", "pcr=11", "yyyyyn", 0 },
	{ "dont_measure", "pcr=11", "nnnnnn", 0 },
	{ "appraise", "pcr=11", "nnnnnn", 0 },
	{ "audit", "pcr=11", "nnnnnn", 0 },
	{ "measure", "template=ima-sig", "yyyyyn", 0 },
	{ "dont_measure", "template=ima-sig", "nnnnnn", 0 },
	{ "appraise", "template=ima-sig", "nnnnnn", 0 },
	{ NULL, "keyrings=.ima|.evm", "nnnynn", 0 },
	{ NULL, "label=selinux", "nnnnyn", 0 },
	{ NULL, "permit_directio", "yynnnn", 0 },
	{ "measure", "digest_type=verity", "ynnnnn", 0 },
	{ "audit", "digest_type=verity", "ynnnnn", 0 },
	{ "appraise", "digest_type=verity", "nnnnnn", 0 }, /* needs an appraise_type= */
	{ "appraise", "appraise_type=imasig", "yynnnn", 0 },
	{ "measure", "appraise_type=imasig", "nnnnnn", 0 },
	{ "appraise", "digest_type=verity appraise_type=sigv3", "ynnnnn", 0 },
	{ "appraise", "appraise_type=sigv3", "23nnnn", 0 },
	{ "appraise", "appraise_type=imasig|modsig", "nynnnn", 0 },
	{ "measure", "appraise_type=imasig|modsig", "nnnnnn", 0 },
	{ "appraise", "appraise_algos=sha256,sha512", "yynnnn", 0 },
	{ "measure", "appraise_algos=sha256", "nnnnnn", 0 },
	{ "appraise", "appraise_type=imasig|modsig appraise_flag=check_blacklist", "nynnnn", 0 },
	{ "appraise", "appraise_type=imasig appraise_flag=check_blacklist", "11nnnn", 0 },
	{ "appraise", "appraise_flag=check_blacklist", "11nnn1", 0 },
};

static int load(enum ima_profile profile, const char *text, struct ima_buffer *shown)
{
	const struct ima_policy_opts opts = { .profile = profile, .lsm_available = true };
	struct ima_policy *p;
	int r;

	assert_int_equal(ima_policy_new(&opts, &p), 0);
	r = ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)text, strlen(text) }, NULL);
	if (r == 0 && shown)
		assert_int_equal(ima_policy_show(p, shown), 0);
	ima_policy_free(p);
	return r;
}

static bool expected(size_t row, size_t func, int profile)
{
	const char c = rows[row].columns[funcs[func].column];

	if (profile < rows[row].since || profile < funcs[func].since || c == 'n')
		return false;
	return c == 'y' || profile >= c - '0';
}

static void check_cell(size_t row, size_t func)
{
	const bool setxattr = funcs[func].column == COL_SETXATTR;
	const char *action = rows[row].action ? rows[row].action : setxattr ? "appraise" : "measure";
	char rule[256];

	snprintf(rule, sizeof(rule), "%s %s%s %s %s", action, *funcs[func].func ? "func=" : "",
		 funcs[func].func,
		 setxattr && !strcmp(action, "appraise") && !strstr(rows[row].item, "appraise_algos=")
			 ? "appraise_algos=sha256"
			 : "",
		 rows[row].item);
	for (int p = 0; p < (int)IMA_N_ELEMENTS(profiles); p++) {
		const int r = load(profiles[p], rule, NULL);
		bool want = expected(row, func, p);

		/* the options row of SETXATTR_CHECK: its algorithms are what it is for */
		if (setxattr && !strcmp(rows[row].item, "appraise_algos=sha256,sha512"))
			want = true;
		if (r != (want ? 0 : -EINVAL))
			fail_msg("%s: %d for %s", rule, r, ima_profile_name(profiles[p]));
	}
}

static void every_cell_of_the_validity_table(void **state)
{
	for (size_t row = 0; row < IMA_N_ELEMENTS(rows); row++)
		for (size_t func = 0; func < IMA_N_ELEMENTS(funcs); func++)
			check_cell(row, func);
}

/* the algorithms are not optional there */
static void setxattr_check_needs_algorithms(void **state)
{
	for (size_t p = 0; p < IMA_N_ELEMENTS(profiles); p++)
		assert_int_equal(load(profiles[p], "appraise func=SETXATTR_CHECK", NULL), -EINVAL);
}

/* ---- matching: a rule, an event, whether they meet ---- */

static const uint8_t uuid[16] = { 0x8b, 0xcb, 0xe3, 0x94, 0x4f, 0x13, 0x41, 0x44,
				  0xbe, 0x8e, 0x5a, 0xa9, 0xea, 0x2c, 0xe2, 0xf6 };

#define EVENT(...) { .has_inode = true, .func = IMA_FUNC_FILE_CHECK, .mask = 4, .fsname = "ext4", __VA_ARGS__ }
#define TEXT(s) { (const uint8_t *)(s), sizeof(s) - 1 }

static const struct {
	const char *rule;
	struct ima_policy_event ev;
	bool meets;
} meetings[] = {
	/* 1 the func; a rule without matches all but data; attribute changes look at neither func nor mask */
	{ "measure", EVENT(.func = IMA_FUNC_MODULE_CHECK), true },
	{ "measure func=FILE_CHECK", EVENT(), true },
	{ "measure func=FILE_CHECK", EVENT(.func = IMA_FUNC_BPRM_CHECK), false },
	{ "appraise func=BPRM_CHECK mask=MAY_EXEC", EVENT(.func = IMA_FUNC_POST_SETATTR, .mask = 0), true },
	{ "appraise func=SETXATTR_CHECK appraise_algos=sha256\nappraise fowner=9", EVENT(.func = IMA_FUNC_POST_SETATTR), true },
	/* 2 keys and data: func, uid and names only */
	{ "measure", EVENT(.func = IMA_FUNC_KEY_CHECK, .func_data = TEXT(".ima")), false },
	{ "measure func=KEY_CHECK", EVENT(.func = IMA_FUNC_KEY_CHECK, .func_data = TEXT(".ima")), true },
	{ "measure func=KEY_CHECK", EVENT(.func = IMA_FUNC_CRITICAL_DATA, .func_data = TEXT(".ima")), false },
	{ "measure func=KEY_CHECK keyrings=.evm|.ima", EVENT(.func = IMA_FUNC_KEY_CHECK, .func_data = TEXT(".ima")), true },
	{ "measure func=KEY_CHECK keyrings=.evm|.imas", EVENT(.func = IMA_FUNC_KEY_CHECK, .func_data = TEXT(".ima")), false },
	{ "measure func=KEY_CHECK keyrings=.evm", EVENT(.func = IMA_FUNC_KEY_CHECK), false },
	{ "measure func=KEY_CHECK gid=7", EVENT(.func = IMA_FUNC_KEY_CHECK, .gid = 8), true },
	{ "measure func=KEY_CHECK uid=7", EVENT(.func = IMA_FUNC_KEY_CHECK, .uid = 8), false },
	{ "measure func=CRITICAL_DATA label=a|b", EVENT(.func = IMA_FUNC_CRITICAL_DATA, .func_data = TEXT("b")), true },
	{ "measure func=CRITICAL_DATA label=a|b", EVENT(.func = IMA_FUNC_CRITICAL_DATA, .func_data = TEXT("a|b")), false },
	{ "measure func=CRITICAL_DATA uid>5", EVENT(.func = IMA_FUNC_CRITICAL_DATA, .uid = 6), true },
	/* 3 the mask: equal, or contained */
	{ "measure mask=MAY_READ", EVENT(.mask = 4), true },
	{ "measure mask=MAY_READ", EVENT(.mask = 6), false },
	{ "measure mask=^MAY_READ", EVENT(.mask = 6), true },
	{ "measure mask=^MAY_READ", EVENT(.mask = 2), false },
	{ "measure mask=MAY_APPEND", EVENT(.mask = 8), true },
	{ "measure mask=MAY_APPEND", EVENT(.mask = 10), false },
	{ "measure mask=^MAY_APPEND", EVENT(.mask = 10), true },
	{ "measure mask=MAY_EXEC", EVENT(.mask = 1), true },
	{ "measure mask=MAY_WRITE", EVENT(.mask = 0), false },
	/* 4 the file system */
	{ "measure fsmagic=0xef53", EVENT(.fsmagic = 0xef53), true },
	{ "measure fsmagic=0xef53", EVENT(.fsmagic = 0xef54), false },
	{ "measure fsmagic=0", EVENT(.fsmagic = 0), true },
	{ "measure fsname=ext4", EVENT(), true },
	{ "measure fsname=ext", EVENT(), false },
	{ "measure fsname=a fsname=ext4", EVENT(), true }, /* the last one counts */
	{ "measure fs_subtype=sshfs", EVENT(.fs_subtype = "sshfs"), true },
	{ "measure fs_subtype=sshfs", EVENT(), false },
	{ "measure fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6", EVENT(.fsuuid = { 0 }), false },
	/* 5 the subject; with the capability any of three identities does */
	{ "measure uid=7", EVENT(.uid = 7), true },
	{ "measure uid=7", EVENT(.uid = 8, .euid = 7), false },
	{ "measure uid<7", EVENT(.uid = 6), true },
	{ "measure uid<7", EVENT(.uid = 7), false },
	{ "measure uid>7", EVENT(.uid = 8), true },
	{ "measure uid>7", EVENT(.uid = 7), false },
	{ "measure uid>2147483647", EVENT(.uid = 4000000000U), true }, /* unsigned */
	{ "measure euid=7", EVENT(.euid = 7), true },
	{ "measure euid=7", EVENT(.uid = 7, .suid = 7, .euid = 8), false },
	{ "measure euid=7", EVENT(.uid = 7, .euid = 8, .cap_setuid = true), true },
	{ "measure euid=7", EVENT(.suid = 7, .euid = 8, .cap_setuid = true), true },
	{ "measure euid=7", EVENT(.suid = 7, .euid = 8, .cap_setgid = true), false },
	{ "measure euid>7", EVENT(.uid = 9, .euid = 1, .cap_setuid = true), true },
	{ "measure gid=7", EVENT(.gid = 7), true },
	{ "measure gid=7", EVENT(.egid = 7), false },
	{ "measure egid=7", EVENT(.egid = 7), true },
	{ "measure egid=7", EVENT(.gid = 7, .egid = 8), false },
	{ "measure egid=7", EVENT(.gid = 7, .egid = 8, .cap_setgid = true), true },
	{ "measure egid=7", EVENT(.sgid = 7, .egid = 8, .cap_setgid = true), true },
	{ "measure egid<7", EVENT(.egid = 6), true },
	/* 6 the owner */
	{ "measure fowner=7", EVENT(.fowner = 7), true },
	{ "measure fowner=7", EVENT(.fowner = 8), false },
	{ "measure fowner<7", EVENT(.fowner = 6), true },
	{ "measure fowner>7", EVENT(.fowner = 7), false },
	{ "measure fgroup=7", EVENT(.fgroup = 7), true },
	{ "measure fgroup>7", EVENT(.fgroup = 8), true },
	{ "measure fgroup<7", EVENT(.fgroup = 7), false },
	/* 7 labels, all of them */
	{ "measure obj_type=a_t", EVENT(.labels = { [2] = TEXT("a_t") }), true },
	{ "measure obj_type=a_t", EVENT(.labels = { [2] = TEXT("b_t") }), false },
	{ "measure obj_type=a_t", EVENT(), false },
	{ "measure obj_type=a_t subj_user=u", EVENT(.labels = { [2] = TEXT("a_t"), [3] = TEXT("u") }), true },
	{ "measure obj_type=a_t subj_user=u", EVENT(.labels = { [2] = TEXT("a_t"), [3] = TEXT("v") }), false },
	/* and all of it together */
	{ "measure func=FILE_CHECK mask=MAY_READ uid=7 fowner=7 fsname=ext4", EVENT(.uid = 7, .fowner = 7), true },
	{ "measure func=FILE_CHECK mask=MAY_READ uid=7 fowner=7 fsname=ext4", EVENT(.uid = 7, .fowner = 6), false },
};

static void every_condition_compares_what_the_kernel_compares(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(meetings); i++) {
		const struct ima_policy_opts opts = { .lsm_available = true };
		const char *text = meetings[i].rule;
		struct ima_policy_result res;
		struct ima_policy *p;

		assert_int_equal(ima_policy_new(&opts, &p), 0);
		assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)text, strlen(text) }, NULL), 0);
		ima_policy_match(p, &meetings[i].ev, 0, &res);
		if (strstr(text, "SETXATTR_CHECK"))
			assert_int_equal(res.allowed_algos, 1U << IMA_HASH_SHA256);
		if ((res.action != 0) != meetings[i].meets)
			fail_msg("row %zu: %s: %x", i, text, res.action);
		ima_policy_free(p);
	}
}

static void the_uuid_is_compared_as_bytes(void **state)
{
	struct ima_policy_event ev = EVENT();
	const struct ima_policy_opts opts = { 0 };
	static const char text[] = "measure fsuuid=8BCBE394-4f13-4144-be8e-5aa9ea2ce2f6";
	struct ima_policy_result res;
	struct ima_policy *p;

	assert_int_equal(ima_policy_new(&opts, &p), 0);
	assert_int_equal(ima_policy_load(p, (struct ima_bytes)TEXT(text), NULL), 0);
	memcpy(ev.fsuuid, uuid, sizeof(uuid));
	ima_policy_match(p, &ev, 0, &res);
	assert_int_equal(res.action, IMA_ACTION_MEASURE);
	ima_policy_free(p);
}

/* the sub-action of appraise follows the hook, or is that of files where the rule has no func */
static void appraise_says_which_cache(void **state)
{
	static const struct {
		const char *rule;
		enum ima_func func;
		uint32_t sub;
	} subs[] = {
		{ "appraise", IMA_FUNC_BPRM_CHECK, IMA_ACTION_FILE_APPRAISE },
		{ "appraise func=BPRM_CHECK", IMA_FUNC_BPRM_CHECK, IMA_ACTION_BPRM_APPRAISE },
		{ "appraise func=MMAP_CHECK", IMA_FUNC_MMAP_CHECK, IMA_ACTION_MMAP_APPRAISE },
		{ "appraise func=MMAP_CHECK_REQPROT", IMA_FUNC_MMAP_CHECK_REQPROT, IMA_ACTION_MMAP_APPRAISE },
		{ "appraise func=CREDS_CHECK", IMA_FUNC_CREDS_CHECK, IMA_ACTION_CREDS_APPRAISE },
		{ "appraise func=FILE_CHECK", IMA_FUNC_FILE_CHECK, IMA_ACTION_FILE_APPRAISE },
		{ "appraise func=FILE_CHECK", IMA_FUNC_POST_SETATTR, IMA_ACTION_FILE_APPRAISE },
		{ "appraise func=MODULE_CHECK", IMA_FUNC_MODULE_CHECK, IMA_ACTION_READ_APPRAISE },
		{ "appraise func=FIRMWARE_CHECK", IMA_FUNC_FIRMWARE_CHECK, IMA_ACTION_READ_APPRAISE },
		{ "appraise func=POLICY_CHECK", IMA_FUNC_POLICY_CHECK, IMA_ACTION_READ_APPRAISE },
	};
	const struct ima_policy_opts opts = { 0 };

	for (size_t i = 0; i < IMA_N_ELEMENTS(subs); i++) {
		struct ima_policy_event ev = EVENT(.func = subs[i].func);
		struct ima_policy_result res;
		struct ima_policy *p;

		assert_int_equal(ima_policy_new(&opts, &p), 0);
		assert_int_equal(ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)subs[i].rule, strlen(subs[i].rule) }, NULL), 0);
		ima_policy_match(p, &ev, 0, &res);
		assert_int_equal(res.action, IMA_ACTION_APPRAISE | subs[i].sub);
		ima_policy_free(p);
	}
}

/* ---- read-back: what is written, what is shown; NULL: the same in all profiles as in the first ---- */

#define LONG_NAME "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk" /* 63 */

static const struct {
	const char *rule, *shown[4];
} texts[] = {
	{ "measure", { "measure \n" } },
	{ "dont_measure", { "dont_measure \n" } },
	{ "hash", { "hash \n" } },
	{ "dont_hash", { "dont_hash \n" } },
	{ "  \tmeasure\t func=PATH_CHECK  ", { "measure func=FILE_CHECK \n" } },
	{ "measure func=FILE_MMAP", { "measure func=MMAP_CHECK \n" } },
	{ "fgroup=6 fowner=5 gid=4 uid=3 fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6trailing fsname=ext4 fsmagic=EF53 mask=MAY_READ func=FILE_CHECK measure pcr=11 template=ima-sig permit_directio",
	  { "measure func=FILE_CHECK mask=MAY_READ fsmagic=0xef53 fsname=ext4 pcr=11 fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6 uid=3 gid=4 fowner=5 fgroup=6 template=ima-sig permit_directio \n" } },
	{ "measure mask=^MAY_APPEND euid>3 egid<4", { "measure mask=^MAY_APPEND euid>3 egid<4 \n" } },
	{ "measure uid=4000000000", { "measure uid=-294967296 \n" } },
	{ "measure pcr=12 pcr=+13", { "measure pcr=13 \n" } },
	{ "measure fsname=" LONG_NAME "Z", { "measure fsname=" LONG_NAME " \n" } },
	{ "measure template=d-ng|n-ng", { "measure template=ima-ng \n" } },
	{ "measure func=KEY_CHECK keyrings=.ima|.evm", { "measure func=KEY_CHECK keyrings=.ima|.evm \n" } },
	{ "measure func=CRITICAL_DATA label=a|b", { "measure func=CRITICAL_DATA label=a|b \n" } },
	{ "appraise func=SETXATTR_CHECK appraise_algos=sha512,sha256", { "appraise func=SETXATTR_CHECK appraise_algos=sha256,sha512 \n" } },
	{ "measure subj_type=f obj_user=a subj_user=d obj_type=c subj_role=e obj_role=b",
	  { "measure obj_user=a obj_role=b obj_type=c subj_user=d subj_role=e subj_type=f \n" } },
	{ "appraise appraise_type=imasig", { "appraise appraise_type=imasig \n" } },
	{ "appraise func=MODULE_CHECK appraise_type=imasig|modsig appraise_flag=check_blacklist",
	  { "appraise func=MODULE_CHECK appraise_type=imasig|modsig appraise_flag=check_blacklist \n",
	    "appraise func=MODULE_CHECK appraise_type=imasig|modsig \n",
	    "appraise func=MODULE_CHECK appraise_type=imasig|modsig \n",
	    "appraise func=MODULE_CHECK appraise_type=imasig|modsig \n" } },
	{ "appraise digest_type=verity appraise_type=sigv3", { "appraise appraise_type=sigv3 digest_type=verity \n" } },
	{ "audit digest_type=verity", { "audit digest_type=verity \n" } },
};

static void every_item_reads_back_as_the_kernel_shows_it(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(texts); i++) {
		for (size_t p = 0; p < IMA_N_ELEMENTS(profiles); p++) {
			const char *want = texts[i].shown[p] ? texts[i].shown[p] : texts[i].shown[0];
			struct ima_buffer b = { 0 };

			assert_int_equal(load(profiles[p], texts[i].rule, &b), 0);
			if (strcmp((char *)b.data, want))
				fail_msg("%s: %s", ima_profile_name(profiles[p]), (char *)b.data);
			ima_buffer_done(&b);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_of_the_validity_table),
		cmocka_unit_test(setxattr_check_needs_algorithms),
		cmocka_unit_test(every_condition_compares_what_the_kernel_compares),
		cmocka_unit_test(the_uuid_is_compared_as_bytes),
		cmocka_unit_test(appraise_says_which_cache),
		cmocka_unit_test(every_item_reads_back_as_the_kernel_shows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
