/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings: kernel parameters by their kernel names, the file with its lines, what wins over what. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "imad/config.h"

static void kernel_parameters_are_taken_by_their_names(void **state)
{
	struct imad_config c;

	imad_config_init(&c);
	assert_int_equal(imad_config_kernel(&c, "quiet root=/dev/vda ima_policy=\"tcb|appraise_tcb\" ima_hash=sha512 "
						"ima_template=ima-ng ima_appraise=fixit integrity_audit=1 "
						"ima_policy=critical_data tpm=none ima_canonical_fmt\n"), 0);
	assert_string_equal(c.policy_names, "tcb|appraise_tcb critical_data");
	assert_int_equal(c.hash, IMA_HASH_SHA512);
	assert_string_equal(c.template_name, "ima-ng");
	assert_string_equal(c.appraise, "fix"); /* a prefix is enough, as in the kernel */
	assert_true(c.audit_info && c.canonical);
	assert_string_equal(c.tpm, "auto"); /* imad's own settings are not kernel parameters */
	assert_null(c.warnings);
	imad_config_done(&c);
	imad_config_init(&c);
	assert_int_equal(imad_config_kernel(&c, "ima_tcb ima_audit=1"), 0);
	assert_string_equal(c.policy_names, "ima_tcb");
	assert_true(c.audit_info);
	imad_config_done(&c);
}

static void wrong_kernel_parameters_are_reported_and_ignored(void **state)
{
	struct imad_config c;

	imad_config_init(&c);
	assert_int_equal(imad_config_kernel(&c, "ima_hash=md7 ima_template=none ima_appraise=maybe "
						"integrity_audit=2 ima_template_fmt=d-ng|nope"), 0);
	assert_int_equal(c.hash, IMA_HASH_SHA256);
	assert_null(c.template_name);
	assert_string_equal(c.appraise, "enforce");
	assert_non_null(strstr(c.warnings, "ima_hash: \"md7\""));
	assert_non_null(strstr(c.warnings, "ima_template: "));
	assert_non_null(strstr(c.warnings, "ima_appraise: "));
	assert_non_null(strstr(c.warnings, "integrity_audit: "));
	assert_non_null(strstr(c.warnings, "ima_template_fmt: "));
	imad_config_done(&c);
}

static int read_text(struct imad_config *c, const char *text, struct ima_diag *d)
{
	char path[] = "/tmp/ima-test-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	r = imad_config_file(c, path, true, d);
	unlink(path);
	return r;
}

static void a_wrong_file_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
	} rows[] = {
		{ "tpm = none\nspeed = high\n", 2 },
		{ "[other]\ntpm = none\n", 2 },
		{ "# c\n\npcr = 3\n", 3 },
		{ "pcr = 99\n", 1 },
		{ "state_dir = relative\n", 1 },
		{ "deadline_ms = -1\n", 1 },
		{ "behaviour = 5.4\n", 1 },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		struct imad_config c;
		struct ima_diag d = { 0 };

		imad_config_init(&c);
		assert_int_equal(read_text(&c, rows[i].text, &d), -EINVAL);
		assert_int_equal(d.line, rows[i].line);
		assert_true(d.text[0]);
		imad_config_done(&c);
	}
}

static void later_sources_win(void **state)
{
	char *argv[] = { (char[]){ "imad" }, (char[]){ "--policy" }, (char[]){ "critical_data" },
			 (char[]){ "--pcr" }, (char[]){ "12" }, (char[]){ "ima_hash=sha384" }, NULL };
	struct imad_config c;
	struct ima_diag d = { 0 };
	char *file = NULL;

	imad_config_init(&c);
	assert_int_equal(imad_config_kernel(&c, "ima_policy=tcb ima_hash=sha1"), 0);
	assert_int_equal(read_text(&c, "[imad]\nima_policy = secure_boot\nima_hash = sha512\ntpm = none\n"
				       "scope_mount = /a/\nscope_mount = /b\n", &d), 0);
	assert_string_equal(c.policy_names, "secure_boot");
	assert_int_equal(c.hash, IMA_HASH_SHA512);
	assert_int_equal(c.n_scopes, 2);
	assert_string_equal(c.scopes[0], "/a");
	assert_int_equal(imad_config_args(&c, 6, argv, &file), 0);
	assert_string_equal(c.policy_names, "critical_data");
	assert_int_equal(c.pcr, 12);
	assert_int_equal(c.hash, IMA_HASH_SHA384);
	assert_string_equal(c.tpm, "none");
	imad_config_done(&c);
}

static void a_missing_file_counts_only_when_it_was_named(void **state)
{
	struct imad_config c;
	struct ima_diag d = { 0 };

	imad_config_init(&c);
	assert_int_equal(imad_config_file(&c, "/nonexistent/imad.conf", false, &d), 0);
	assert_int_equal(imad_config_file(&c, "/nonexistent/imad.conf", true, &d), -ENOENT);
	imad_config_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_parameters_are_taken_by_their_names),
		cmocka_unit_test(wrong_kernel_parameters_are_reported_and_ignored),
		cmocka_unit_test(a_wrong_file_is_refused_with_its_line),
		cmocka_unit_test(later_sources_win),
		cmocka_unit_test(a_missing_file_counts_only_when_it_was_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
