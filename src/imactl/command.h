/* SPDX-License-Identifier: BSD-2-Clause */
/* A command is a file and a row of the table in main.c. */
#pragma once

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/cleanup.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2, EXIT_UNABLE = 3 };

struct imactl_command {
	const char *name; /* one word, or two ("policy check") */
	int (*run)(int argc, char **argv); /* argv[0] is what getopt's messages begin with; an EXIT_ value */
	const char *usage;
	const char *summary;
};

extern const struct imactl_command imactl_commands[];

int cmd_ak_activate(int argc, char **argv);
int cmd_ak_create(int argc, char **argv);
int cmd_ak_enroll(int argc, char **argv);
int cmd_appraise_confirm(int argc, char **argv);
int cmd_appraise_plan(int argc, char **argv);
int cmd_boot_aggregate(int argc, char **argv);
int cmd_clear(int argc, char **argv);
int cmd_eventlog(int argc, char **argv);
int cmd_evm_key_check(int argc, char **argv);
int cmd_evm_key_seal(int argc, char **argv);
int cmd_evidence_create(int argc, char **argv);
int cmd_evidence_verify(int argc, char **argv);
int cmd_hash(int argc, char **argv);
int cmd_keys_generate(int argc, char **argv);
int cmd_keys_id(int argc, char **argv);
int cmd_keys_import(int argc, char **argv);
int cmd_keys_list(int argc, char **argv);
int cmd_label(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_measure(int argc, char **argv);
int cmd_policy_check(int argc, char **argv);
int cmd_policy_explain(int argc, char **argv);
int cmd_policy_load(int argc, char **argv);
int cmd_policy_show(int argc, char **argv);
int cmd_policy_simulate(int argc, char **argv);
int cmd_quote(int argc, char **argv);
int cmd_reference_convert(int argc, char **argv);
int cmd_reference_create(int argc, char **argv);
int cmd_reference_diff(int argc, char **argv);
int cmd_reference_merge(int argc, char **argv);
int cmd_reference_query(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_restart(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_trim(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* output.c: one line to stderr each; the return value is handed on as the exit status */

/** imactl_usage() - the command's usage line; EXIT_USAGE */
int imactl_usage(const char *command);

/** imactl_misuse() - "imactl: COMMAND: text; see imactl COMMAND --help"; EXIT_USAGE */
int imactl_misuse(const char *command, const char *fmt, ...) ima_printf(2, 3);

/** imactl_set_name() - what messages begin with, in place of "imactl"; kept by reference */
void imactl_set_name(const char *name);

/** imactl_fail() - "imactl: text", control characters in it as \xNN; returns @status */
int imactl_fail(int status, const char *fmt, ...) ima_printf(2, 3);

/** imactl_output_failed() - could something not be written to standard output? Said once */
bool imactl_output_failed(void);

/** imactl_fail_diag() - "imactl: FILE:LINE:COL: TOKEN: text" or "FILE: offset N: text"; returns @status */
int imactl_fail_diag(int status, const char *file, const struct ima_diag *d, int error);

/** imactl_print_json() - one object, then a newline; takes the reference. EXIT_UNABLE without memory */
int imactl_print_json(json_t *o, int status, bool pretty);

/** imactl_json_named() - the path under @key, or, when it is no UTF-8, in hex under KEY_hex; then @rest, which is taken. NULL without memory, or @rest */
json_t *imactl_json_named(const char *key, const char *path, json_t *rest);

/** imactl_append_path() - a name that no line of output can be mistaken for: control characters and backslashes as \xNN. 0, -ENOMEM */
ima_must_check int imactl_append_path(struct ima_buffer *b, const char *path);

/** imactl_print_path() - the same to @f */
void imactl_print_path(FILE *f, const char *path);

/** imactl_read_file() - a whole file, "-" is standard input; @ret malloc'd. errno, -EFBIG past @max */
ima_must_check int imactl_read_file(const char *path, size_t max, uint8_t **ret, size_t *ret_len);
