/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an evidence archive, and as each of the parts that a host sends: nothing may be believed of them. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "core/attest/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ima_hasher *h;
static struct ima_verifier *verifier;

static void verify(const struct ima_evidence *e)
{
	const struct ima_attest_question q = { .h = h };
	struct ima_attestation a;

	if (ima_verifier_check(verifier, e, &q, &a, NULL) < 0)
		abort();
	if (a.verdict == IMA_ATTEST_TRUSTED)
		abort(); /* no key is trusted here */
	ima_attestation_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ima_verifier_opts opts = { .n_threads = 1, .now = 1 };
	const struct ima_bytes in = { data, size };
	struct ima_evidence e = { 0 };
	struct ima_diag diag = { 0 };
	int r;

	if (!h && (ima_hasher_new(&h) < 0 || ima_verifier_new(&opts, &verifier) < 0))
		abort();
	r = ima_evidence_read(in, h, &e, &diag);
	if (r == 0)
		verify(&e);
	else if (r == -EBADMSG && !diag.text[0])
		abort(); /* a refusal says why */
	/* each part alone, past what the manifest holds together */
	verify(&(struct ima_evidence){ .attest = in, .signature = in, .pcrs = in, .ak = in, .ak_cert = in });
	verify(&(struct ima_evidence){ .list = in, .event_log = in, .list_opts = { .format = IMA_LIST_BINARY } });
	return 0;
}
