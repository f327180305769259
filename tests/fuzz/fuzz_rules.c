/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a verifier's rules, and as the state of a host. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/attest/rules_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ima_rules_file f = { 0 };
	struct ima_attest_state s;
	struct ima_diag diag = { 0 };
	const int r = ima_rules_parse((struct ima_bytes){ data, size }, &f, &diag);

	if (r == -EBADMSG && !diag.text[0])
		abort(); /* a refusal says why */
	if (r == 0) {
		if (ima_paths_has(f.rules.excludes, (struct ima_bytes){ data, size }) && !f.rules.excludes)
			abort();
		ima_rules_done(&f);
	}
	if (ima_state_parse((struct ima_bytes){ data, size }, &s, &diag) < 0 && !diag.text[0])
		abort();
	return 0;
}
