/* SPDX-License-Identifier: BSD-2-Clause */
/* EVM's rules for changing metadata, row by row of docs/FORMATS.md "EVM, changes". The last test: what a real kernel answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/evm/change.h"

#define HMAC (IMA_EVM_INIT_HMAC | IMA_EVM_SETUP_COMPLETE)
#define X509 IMA_EVM_INIT_X509
#define SEALED (IMA_EVM_INIT_X509 | IMA_EVM_SETUP_COMPLETE) /* signatures only: the HMAC is off */
#define BOTH (HMAC | X509)
#define WRITES (X509 | IMA_EVM_ALLOW_METADATA_WRITES)

#define SET IMA_EVM_OP_SETXATTR
#define REMOVE IMA_EVM_OP_REMOVEXATTR
#define ATTR IMA_EVM_OP_SETATTR
#define ACL IMA_EVM_OP_ACL

#define OTHER IMA_EVM_CLASS_OTHER
#define COVERED IMA_EVM_CLASS_COVERED
#define EVM IMA_EVM_CLASS_EVM
#define ACL_NAME IMA_EVM_CLASS_ACL

#define PASS IMA_INTEGRITY_PASS
#define PASS_I IMA_INTEGRITY_PASS_IMMUTABLE
#define FAIL IMA_INTEGRITY_FAIL
#define FAIL_I IMA_INTEGRITY_FAIL_IMMUTABLE
#define NOLABEL IMA_INTEGRITY_NOLABEL
#define NOXATTRS IMA_INTEGRITY_NOXATTRS
#define UNKNOWN IMA_INTEGRITY_UNKNOWN

#define OK 0
#define EPERM_ (-1)
#define EINVAL_ (-22)

/* flags of a row */
#define SAME 1U
#define NEW 2U
#define SCRATCH 4U
#define OVERLAY 8U
#define NO_ADMIN 16U
#define FIX 32U
#define EMPTY 64U
#define NOT_JUDGED 128U
#define OLD 256U /* behaviour 6.1; else 6.12 */

/* audit: u update_metadata, a appraise_metadata; "?" unjudged */
static const struct {
	unsigned int mode, op, class, status, type, flags;
	int error;
	const char *audit;
} rows[] = {
	/* no key: only security.evm itself is looked after */
	{ 0, SET, COVERED, FAIL, 0, 0, OK, "" },
	{ 0, ATTR, OTHER, FAIL, 0, NOT_JUDGED, OK, "" },
	{ 0, SET, EVM, NOLABEL, 2, 0, EPERM_, "" },
	{ 0, SET, EVM, NOLABEL, 5, 0, OK, "" },
	{ 0, SET, EVM, NOLABEL, 5, NO_ADMIN, EPERM_, "" },
	/* metadata writes are allowed: everything is */
	{ WRITES, SET, COVERED, FAIL, 0, 0, OK, "" },
	{ WRITES, SET, EVM, FAIL, 2, NO_ADMIN, OK, "" },
	{ WRITES, REMOVE, COVERED, PASS_I, 0, 0, OK, "" },
	{ WRITES, ATTR, OTHER, FAIL, 0, NOT_JUDGED, OK, "" },
	{ WRITES, ACL, OTHER, FAIL, 0, 0, OK, "" },
	/* security.evm */
	{ HMAC, SET, EVM, PASS, 0, EMPTY, EINVAL_, "" },
	{ HMAC, SET, EVM, PASS, 1, 0, EPERM_, "" },
	{ HMAC, SET, EVM, PASS, 2, 0, EPERM_, "" },
	{ HMAC, SET, EVM, PASS, 3, 0, OK, "" },
	{ HMAC, SET, EVM, PASS, 5, 0, OK, "" },
	{ HMAC, SET, EVM, PASS, 6, 0, EPERM_, "" },
	{ HMAC, SET, EVM, PASS, 3, NO_ADMIN, EPERM_, "" },
	{ HMAC, SET, EVM, PASS, 3, OVERLAY, EPERM_, "" },
	{ HMAC, SET, EVM, PASS, 3, OVERLAY | OLD, OK, "" },
	{ HMAC, SET, EVM, NOLABEL, 5, 0, EPERM_, "a" },
	{ HMAC, SET, EVM, NOXATTRS, 5, 0, EPERM_, "ua" },
	{ HMAC, SET, EVM, NOXATTRS, 5, NEW, OK, "" },
	{ HMAC, REMOVE, EVM, PASS, 0, 0, OK, "" },
	{ HMAC, REMOVE, EVM, PASS, 0, NO_ADMIN, EPERM_, "" },
	{ HMAC, REMOVE, EVM, FAIL, 0, 0, EPERM_, "a" },
	{ SEALED, SET, EVM, NOLABEL, 5, 0, OK, "" },
	{ SEALED, SET, EVM, NOXATTRS, 5, 0, OK, "" },
	{ SEALED, SET, EVM, PASS_I, 5, 0, EPERM_, "" },
	{ SEALED, SET, EVM, PASS_I, 5, SAME, OK, "" },
	{ SEALED, SET, EVM, FAIL_I, 5, 0, OK, "" },
	{ X509, SET, EVM, NOLABEL, 5, 0, EPERM_, "a" },
	/* names that nothing covers */
	{ HMAC, SET, OTHER, FAIL, 0, 0, OK, "" },
	{ HMAC, REMOVE, OTHER, NOLABEL, 0, NOT_JUDGED, OK, "" },
	/* lists of access rights by name, before 6.2 */
	{ HMAC, SET, ACL_NAME, PASS, 0, OLD, OK, "" },
	{ HMAC, SET, ACL_NAME, NOXATTRS, 0, OLD, OK, "" },
	{ HMAC, SET, ACL_NAME, NOLABEL, 0, OLD, EPERM_, "a" },
	{ HMAC, REMOVE, ACL_NAME, FAIL, 0, OLD, EPERM_, "a" },
	{ HMAC, REMOVE, ACL_NAME, FAIL_I, 0, OLD, OK, "" },
	{ SEALED, SET, ACL_NAME, UNKNOWN, 0, OLD, OK, "" },
	/* covered names */
	{ HMAC, SET, COVERED, PASS, 0, 0, OK, "" },
	{ HMAC, REMOVE, COVERED, PASS, 0, 0, OK, "" },
	{ HMAC, SET, COVERED, FAIL, 0, 0, EPERM_, "a" },
	{ HMAC, SET, COVERED, NOLABEL, 0, 0, EPERM_, "a" },
	{ HMAC, SET, COVERED, NOLABEL, 0, NEW, EPERM_, "a" },
	{ HMAC, SET, COVERED, UNKNOWN, 0, 0, EPERM_, "a" },
	{ HMAC, SET, COVERED, NOXATTRS, 0, 0, EPERM_, "ua" },
	{ HMAC, SET, COVERED, NOXATTRS, 0, NEW, OK, "" },
	{ HMAC, SET, COVERED, NOXATTRS, 0, SCRATCH, OK, "" },
	{ HMAC, SET, COVERED, NOXATTRS, 0, OVERLAY, OK, "" },
	{ HMAC, SET, COVERED, FAIL, 0, OVERLAY, OK, "" },
	{ HMAC, SET, COVERED, FAIL, 0, OVERLAY | OLD, EPERM_, "a" },
	{ HMAC, SET, COVERED, FAIL_I, 0, 0, OK, "" },
	{ HMAC, SET, COVERED, PASS_I, 0, 0, EPERM_, "" },
	{ HMAC, SET, COVERED, PASS_I, 0, SAME, OK, "" },
	{ HMAC, REMOVE, COVERED, PASS_I, 0, 0, EPERM_, "" },
	{ X509, SET, COVERED, NOLABEL, 0, 0, EPERM_, "a" }, /* the HMAC may still come */
	{ X509, SET, COVERED, NOXATTRS, 0, 0, EPERM_, "ua" },
	{ SEALED, SET, COVERED, NOLABEL, 0, 0, OK, "" },
	{ SEALED, SET, COVERED, UNKNOWN, 0, 0, OK, "" },
	{ SEALED, SET, COVERED, NOXATTRS, 0, 0, OK, "" },
	{ SEALED, SET, COVERED, FAIL, 0, 0, EPERM_, "a" },
	{ SEALED, REMOVE, COVERED, FAIL_I, 0, 0, OK, "" },
	{ BOTH, SET, COVERED, NOLABEL, 0, 0, EPERM_, "a" },
	/* owner and mode */
	{ HMAC, ATTR, OTHER, PASS, 0, 0, OK, "" },
	{ HMAC, ATTR, OTHER, NOXATTRS, 0, 0, OK, "" },
	{ HMAC, ATTR, OTHER, FAIL, 0, 0, EPERM_, "a" },
	{ HMAC, ATTR, OTHER, NOLABEL, 0, 0, EPERM_, "a" },
	{ HMAC, ATTR, OTHER, UNKNOWN, 0, 0, EPERM_, "a" },
	{ HMAC, ATTR, OTHER, FAIL, 0, OVERLAY, OK, "" },
	{ HMAC, ATTR, OTHER, FAIL_I, 0, 0, OK, "" },
	{ HMAC, ATTR, OTHER, PASS_I, 0, SAME, OK, "" },
	{ HMAC, ATTR, OTHER, PASS_I, 0, 0, EPERM_, "a" },
	{ X509, ATTR, OTHER, NOLABEL, 0, 0, EPERM_, "a" },
	{ SEALED, ATTR, OTHER, NOLABEL, 0, 0, OK, "" },
	{ SEALED, ATTR, OTHER, UNKNOWN, 0, 0, OK, "" },
	{ SEALED, ATTR, OTHER, FAIL, 0, 0, EPERM_, "a" },
	/* lists of access rights by their own hook */
	{ HMAC, ACL, OTHER, PASS, 0, 0, OK, "" },
	{ HMAC, ACL, OTHER, NOXATTRS, 0, 0, OK, "" },
	{ HMAC, ACL, OTHER, NOLABEL, 0, 0, EPERM_, "a" },
	{ HMAC, ACL, OTHER, FAIL_I, 0, 0, OK, "" },
	{ HMAC, ACL, OTHER, PASS_I, 0, SAME, OK, "" },
	{ HMAC, ACL, OTHER, PASS_I, 0, 0, EPERM_, "" },
	{ SEALED, ACL, OTHER, NOLABEL, 0, 0, OK, "" },
	/* mode fix takes every file for a good one */
	{ HMAC, SET, COVERED, FAIL, 0, FIX, OK, "" },
	{ HMAC, SET, COVERED, NOXATTRS, 0, FIX | NOT_JUDGED, OK, "" },
	{ HMAC, REMOVE, COVERED, PASS_I, 0, FIX, OK, "" },
	{ HMAC, ATTR, OTHER, NOLABEL, 0, FIX | NOT_JUDGED, OK, "" },
	{ HMAC, ACL, OTHER, FAIL, 0, FIX, OK, "" },
	{ HMAC, SET, EVM, FAIL, 2, FIX, EPERM_, "" },
	/* not looked at yet */
	{ HMAC, SET, COVERED, PASS, 0, NOT_JUDGED, OK, "?" },
	{ HMAC, SET, EVM, PASS, 3, NOT_JUDGED, OK, "?" },
	{ HMAC, SET, EVM, PASS, 2, NOT_JUDGED, EPERM_, "" },
	{ SEALED, ATTR, OTHER, PASS, 0, NOT_JUDGED, OK, "?" },
	{ X509, ACL, OTHER, PASS, 0, NOT_JUDGED, OK, "?" },
	{ HMAC, ATTR, OTHER, PASS, 0, NOT_JUDGED | OVERLAY, OK, "" },
};

static struct ima_evm_change change_of(size_t i)
{
	const unsigned int f = rows[i].flags;

	return (struct ima_evm_change){
		.op = rows[i].op, .class = rows[i].class, .status = rows[i].status, .mode = rows[i].mode,
		.version = f & OLD ? 601 : 612, .type = rows[i].type, .judged = !(f & NOT_JUDGED),
		.fix = f & FIX, .empty = f & EMPTY, .same = f & SAME, .new_file = f & NEW,
		.scratch = f & SCRATCH, .overlay = f & OVERLAY, .admin = !(f & NO_ADMIN),
	};
}

static void test_answers(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct ima_evm_change c = change_of(i);
		const struct ima_evm_answer a = ima_evm_answer(&c);
		char said[4] = "";

		if (a.unjudged)
			strcat(said, "?");
		if (a.update_metadata)
			strcat(said, "u");
		if (a.appraise_metadata)
			strcat(said, "a");
		if (a.error != rows[i].error || strcmp(said, rows[i].audit))
			fail_msg("row %zu: error %d audit \"%s\", not %d \"%s\"", i, a.error, said, rows[i].error, rows[i].audit);
	}
}

static void test_updates(void **state)
{
	static const struct {
		unsigned int mode, op, class, flags;
		bool updates;
	} u[] = {
		{ HMAC, SET, COVERED, 0, true },      { HMAC, REMOVE, COVERED, 0, true }, { HMAC, SET, EVM, 0, false },
		{ HMAC, REMOVE, EVM, 0, false },      { HMAC, SET, OTHER, 0, false },     { HMAC, SET, ACL_NAME, OLD, true },
		{ HMAC, ATTR, OTHER, 0, true },       { HMAC, ACL, OTHER, 0, true },      { X509, ATTR, OTHER, 0, false },
		{ SEALED, SET, COVERED, 0, false },   { HMAC, ATTR, OTHER, OVERLAY, false }, { BOTH, SET, COVERED, 0, true },
	};

	for (size_t i = 0; i < sizeof(u) / sizeof(*u); i++) {
		const struct ima_evm_change c = { .mode = u[i].mode, .op = u[i].op, .class = u[i].class,
						  .version = u[i].flags & OLD ? 601 : 612, .overlay = u[i].flags & OVERLAY };

		if (ima_evm_updates(&c) != u[i].updates)
			fail_msg("row %zu", i);
	}
}

static void test_expected(void **state)
{
	static const struct {
		unsigned int mode, op, class, status, type, flags;
		int want; /* -1: not known */
	} e[] = {
		{ HMAC, ATTR, OTHER, PASS, 0, 0, PASS },
		{ HMAC, SET, COVERED, PASS, 0, 0, PASS },
		{ HMAC, SET, COVERED, NOXATTRS, 0, NEW, PASS },
		{ SEALED, SET, COVERED, NOXATTRS, 0, 0, NOLABEL },
		{ HMAC, ATTR, OTHER, NOXATTRS, 0, 0, NOXATTRS },
		{ HMAC, SET, COVERED, FAIL_I, 0, 0, FAIL_I },
		{ HMAC, SET, EVM, PASS, 5, 0, FAIL_I },
		{ HMAC, SET, EVM, PASS, 5, NOT_JUDGED, FAIL_I },
		{ HMAC, SET, EVM, PASS, 3, 0, -1 },
		{ HMAC, REMOVE, EVM, PASS, 0, 0, -1 },
		{ HMAC, ATTR, OTHER, PASS, 0, NOT_JUDGED, -1 },
		{ HMAC, ATTR, OTHER, FAIL, 0, FIX, -1 },
		{ SEALED, ATTR, OTHER, PASS_I, 0, SAME, PASS_I },
	};

	for (size_t i = 0; i < sizeof(e) / sizeof(*e); i++) {
		const struct ima_evm_change c = { .mode = e[i].mode, .op = e[i].op, .class = e[i].class, .status = e[i].status,
						  .type = e[i].type, .version = 612, .judged = !(e[i].flags & NOT_JUDGED),
						  .fix = e[i].flags & FIX, .new_file = e[i].flags & NEW, .same = e[i].flags & SAME };
		_Bool judged = false;
		const unsigned int status = ima_evm_expect(&c, &judged);

		if (judged != (e[i].want >= 0) || (judged && status != (unsigned int)e[i].want))
			fail_msg("row %zu: %u %d", i, status, judged);
	}
}

/* what each kind of file is worth, and each change of the recording says; tests/guest/evm_changes.py made them */
static bool recorded_change(const char *kind, const char *op, struct ima_evm_change *ret)
{
	static const struct {
		const char *name;
		unsigned int status;
	} kinds[] = {
		{ "hmac", PASS }, { "port", PASS_I }, { "badport", FAIL_I }, { "imm", PASS }, /* rewritten as an HMAC when it was used */
		{ "nolab", NOLABEL }, { "bare", NOXATTRS }, { "badhmac", FAIL },
	};
	static const struct {
		const char *name;
		struct ima_evm_change change;
	} ops[] = {
		{ "chmod", { .op = ATTR } }, { "samemode", { .op = ATTR, .same = 1 } }, { "chown", { .op = ATTR } },
		{ "chgrp", { .op = ATTR } }, { "ima", { .op = SET, .class = COVERED } }, { "cap", { .op = SET, .class = COVERED } },
		{ "rmima", { .op = REMOVE, .class = COVERED } }, { "user", { .op = SET } }, { "other", { .op = SET } },
		{ "acl", { .op = ACL, .same = 1 } }, /* the mode stays */
		{ "evm2", { .op = SET, .class = EVM, .type = 2 } }, { "evm5", { .op = SET, .class = EVM, .type = 5 } },
		{ "evmempty", { .op = SET, .class = EVM, .empty = 1 } }, { "rmevm", { .op = REMOVE, .class = EVM } },
	};
	bool found = false;

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (!strcmp(ops[i].name, op)) {
			*ret = ops[i].change;
			found = true;
		}
	for (size_t i = 0; found && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, kind)) {
			ret->status = kinds[i].status;
			ret->judged = ret->admin = 1;
			ret->mode = BOTH;
			ret->version = 612;
			return true;
		}
	return false;
}

static size_t count_recorded(const char *file, const char *name)
{
	char path[4096], line[200];
	const size_t len = strlen(name);
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/evm-6.12/%s", getenv("IMA_TEST_VECTORS"), file);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, name, len) && line[len] == ' ';
	fclose(f);
	return n;
}

static void test_recorded(void **state)
{
	char path[4096], line[200], kind[20], op[20], want[20];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/evm-6.12/changes", getenv("IMA_TEST_VECTORS"));
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct ima_evm_change c;
		struct ima_evm_answer a;
		char name[50];

		if (sscanf(line, "%19[a-z]-%19[a-z0-9] %19s", kind, op, want) != 3 || !recorded_change(kind, op, &c))
			continue; /* new files: by hand, above */
		a = ima_evm_answer(&c);
		snprintf(name, sizeof(name), "%s-%s", kind, op);
		if (strcmp(a.error == 0 ? "0" : a.error == -1 ? "EPERM" : "EINVAL", want))
			fail_msg("%s: %d, the kernel said %s", name, a.error, want);
		/* rmima of a file that has none is refused by EVM before anybody looks */
		assert_int_equal(count_recorded("audit", name), a.update_metadata + a.appraise_metadata);
		n++;
	}
	fclose(f);
	assert_int_equal(n, 7 * 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
