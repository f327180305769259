/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a file with an appended signature, and as the message itself; any text as revoked digests. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include "core/sig/modsig.h"
#include "core/sig/pkcs7.h"
#include "core/sig/revoked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(void *user, uint64_t at, uint8_t *ret, size_t len)
{
	const struct ima_bytes *b = user;

	if (at > b->len || len > b->len - at)
		return -EINVAL;
	memcpy(ret, b->data + at, len);
	return 0;
}

static int digest_head(void *user, struct ima_hasher *h, enum ima_hash_algo algo, uint64_t len,
		       struct ima_digest *ret)
{
	const struct ima_bytes *b = user;

	return len > b->len ? -EINVAL : ima_hash_bytes(h, algo, (struct ima_bytes){ b->data, len }, ret);
}

static int some_digest(void *user, enum ima_hash_algo algo, struct ima_digest *ret)
{
	*ret = (struct ima_digest){ .algo = algo, .len = ima_hash_len(algo) };
	return 0;
}

/* nothing can be good with an empty ring */
static void not_good(enum ima_sig_verdict v)
{
	if (v == IMA_SIG_GOOD)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ima_hasher *h;
	static struct ima_keyring *ring;
	struct ima_bytes bytes = { data, size };
	const struct ima_modsig_file f = { .size = size, .read = read_bytes, .digest = digest_head, .user = &bytes };
	struct ima_revoked *revoked = NULL;
	struct ima_modsig *m = NULL;
	struct ima_pkcs7 *p = NULL;
	struct ima_diag diag = { 0 };
	struct ima_digest d;

	if (!h && (ima_hasher_new(&h) < 0 || ima_keyring_new(&ring) < 0))
		abort();
	if (ima_modsig_open(&f, &m) == 0) {
		not_good(ima_modsig_verify(m, h, ring, 702));
		if (ima_modsig_digest(m, h, &d) == 0 && !d.len)
			abort();
		ima_modsig_free(m);
	}
	if (ima_pkcs7_parse(bytes, &p) == 0) {
		not_good(ima_pkcs7_verify(p, ring, 702, some_digest, NULL));
		ima_pkcs7_free(p);
	}
	if (ima_revoked_new(&revoked) < 0)
		abort();
	if (ima_revoked_load(revoked, bytes, &diag) < 0 && (!diag.text[0] || ima_revoked_size(revoked)))
		abort(); /* a refusal says why, and adds nothing */
	ima_revoked_free(revoked);
	return 0;
}
