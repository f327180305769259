/* SPDX-License-Identifier: BSD-2-Clause */
/* A verifier's rules, and what it keeps of hosts, as JSON. docs/schema/ has the schemas. */
#pragma once

#include <ima/attest.h>

/** struct ima_rules_file - rules and what they point to; zeroed: the defaults */
struct ima_rules_file {
	struct ima_attest_rules rules;
	struct ima_paths *excludes, *violation_paths, *policy_paths;
	struct ima_reference *keys, *buffers, *policies;
};

/** ima_rules_parse() - -EBADMSG with @diag (line and column, or the key and what it should be), -ENOMEM */
ima_must_check int ima_rules_parse(struct ima_bytes text, struct ima_rules_file *ret, struct ima_diag *diag);
void ima_rules_done(struct ima_rules_file *f);

struct ima_buffer;

/** ima_state_write() - append. -ENOMEM */
ima_must_check int ima_state_write(const struct ima_attest_state *s, struct ima_buffer *out);

/** ima_state_parse() - -EBADMSG with @diag */
ima_must_check int ima_state_parse(struct ima_bytes text, struct ima_attest_state *ret, struct ima_diag *diag);
