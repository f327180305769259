/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MakeCredential without a TPM. The seed goes to the endorsement key (OAEP, or a one-time ECDH), and what is made of it encrypts and
 * authenticates the secret together with the attestation key's name.
 *
 *   key   = KDFa(seed, "STORAGE", name)      iv 0, AES-CFB over be16 32 | secret
 *   mac   = HMAC(KDFa(seed, "INTEGRITY"), encrypted | name)
 *
 * Source: TPM 2.0 Library Specification, part 1, "Credential Protection" and annexes B, C
 */
#include "core/attest/ak.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/buffer.h"
#include "core/attest/public.h"

#define ALG_AES 0x0006
#define SEED_MAX 64

struct seed {
	const EVP_MD *md; /* of the endorsement key's name */
	uint8_t bytes[SEED_MAX];
	size_t len;
};

int ima_credential_random(uint8_t *ret, size_t len)
{
	return RAND_bytes(ret, (int)len) == 1 ? 0 : -EIO;
}

bool ima_credential_is_same(const uint8_t a[static IMA_CREDENTIAL_LEN], const uint8_t b[static IMA_CREDENTIAL_LEN])
{
	return CRYPTO_memcmp(a, b, IMA_CREDENTIAL_LEN) == 0;
}

static int put_be16(struct ima_buffer *out, size_t n)
{
	const uint8_t be[2] = { (uint8_t)(n >> 8), (uint8_t)n };

	return ima_buffer_append(out, be, sizeof(be));
}

static int put_be32(struct ima_buffer *out, uint32_t n)
{
	const int r = put_be16(out, n >> 16);

	return r < 0 ? r : put_be16(out, n & 0xffff);
}

static int put_sized(struct ima_buffer *out, const uint8_t *data, size_t len)
{
	const int r = put_be16(out, len);

	return r < 0 ? r : ima_buffer_append(out, data, len);
}

/* one block is enough: no key here is longer than the hash */
static int kdf_a(const struct seed *s, const char *label, struct ima_bytes context, size_t len, uint8_t *ret)
{
	uint8_t block[EVP_MAX_MD_SIZE];
	struct ima_buffer in = { 0 };
	int r = put_be32(&in, 1);

	if (r == 0)
		r = ima_buffer_append(&in, label, strlen(label) + 1);
	if (r == 0)
		r = ima_buffer_append(&in, context.data, context.len);
	if (r == 0)
		r = put_be32(&in, (uint32_t)len * 8);
	if (r == 0 && !HMAC(s->md, s->bytes, (int)s->len, in.data, in.len, block, NULL))
		r = -EIO;
	if (r == 0)
		memcpy(ret, block, len);
	OPENSSL_cleanse(block, sizeof(block));
	ima_buffer_done(&in);
	return r;
}

static EVP_PKEY *key_of(struct ima_bytes ek_public)
{
	struct ima_buffer pem = { 0 };
	struct ima_ak *k = NULL;
	EVP_PKEY *pkey = NULL;

	if (ima_ak_parse(ek_public, &k, NULL) == 0 && ima_ak_pem(k, &pem) == 0) {
		BIO *b = BIO_new_mem_buf(pem.data, (int)pem.len);

		pkey = b ? PEM_read_bio_PUBKEY(b, NULL, NULL, NULL) : NULL;
		BIO_free(b);
	}
	ima_buffer_done(&pem);
	ima_ak_free(k);
	return pkey;
}

static int set_oaep(EVP_PKEY_CTX *ctx, const EVP_MD *md)
{
	static const char label[] = "IDENTITY"; /* with its NUL */
	void *copy = OPENSSL_memdup(label, sizeof(label));

	if (copy && EVP_PKEY_encrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
	    EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, sizeof(label)) == 1)
		return 0;
	OPENSSL_free(copy);
	return -EIO;
}

static int share_rsa(EVP_PKEY *ek, struct seed *s, struct ima_buffer *ret_secret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ek, NULL);
	uint8_t out[IMA_QUOTE_MAX];
	size_t len = sizeof(out);
	int r = ctx ? ima_credential_random(s->bytes, s->len) : -ENOMEM;

	if (r == 0)
		r = set_oaep(ctx, s->md);
	if (r == 0 && EVP_PKEY_encrypt(ctx, out, &len, s->bytes, s->len) != 1)
		r = -EIO;
	EVP_PKEY_CTX_free(ctx);
	return r < 0 ? r : put_sized(ret_secret, out, len);
}

static int coordinates(EVP_PKEY *k, uint8_t x[static 32], uint8_t y[static 32])
{
	BIGNUM *bx = NULL, *by = NULL;
	int r = -EIO;

	if (EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_EC_PUB_X, &bx) == 1 &&
	    EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_EC_PUB_Y, &by) == 1 && BN_bn2binpad(bx, x, 32) == 32 &&
	    BN_bn2binpad(by, y, 32) == 32)
		r = 0;
	BN_free(bx);
	BN_free(by);
	return r;
}

static int agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t ret[static 32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
	size_t len = 32;
	const bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
			EVP_PKEY_derive(ctx, ret, &len) == 1 && len == 32;

	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

/* KDFe: H(1 | z | label | x of the one-time key | x of the endorsement key) */
static int kdf_e(struct seed *s, const uint8_t z[static 32], const uint8_t mine[static 32], const uint8_t theirs[static 32])
{
	static const char label[] = "IDENTITY";
	uint8_t block[EVP_MAX_MD_SIZE];
	struct ima_buffer in = { 0 };
	int r = put_be32(&in, 1);

	if (r == 0)
		r = ima_buffer_append(&in, z, 32);
	if (r == 0)
		r = ima_buffer_append(&in, label, sizeof(label));
	if (r == 0)
		r = ima_buffer_append(&in, mine, 32);
	if (r == 0)
		r = ima_buffer_append(&in, theirs, 32);
	if (r == 0 && EVP_Digest(in.data, in.len, block, NULL, s->md, NULL) != 1)
		r = -EIO;
	if (r == 0)
		memcpy(s->bytes, block, s->len);
	if (in.data)
		OPENSSL_cleanse(in.data, in.len);
	ima_buffer_done(&in);
	return r;
}

static int share_ecc(EVP_PKEY *ek, struct seed *s, struct ima_buffer *ret_secret)
{
	uint8_t z[32], x[32], y[32], ex[32], ey[32];
	struct ima_buffer point = { 0 };
	EVP_PKEY *once = EVP_EC_gen("prime256v1");
	int r = once ? coordinates(once, x, y) : -EIO;

	if (r == 0)
		r = coordinates(ek, ex, ey);
	if (r == 0)
		r = agree(once, ek, z);
	if (r == 0)
		r = kdf_e(s, z, x, ex);
	if (r == 0)
		r = put_sized(&point, x, sizeof(x));
	if (r == 0)
		r = put_sized(&point, y, sizeof(y));
	if (r == 0)
		r = put_sized(ret_secret, point.data, point.len);
	ima_buffer_done(&point);
	EVP_PKEY_free(once);
	OPENSSL_cleanse(z, sizeof(z));
	return r;
}

static int encrypt(const struct seed *s, uint16_t bits, struct ima_bytes name, const uint8_t *secret, uint8_t *ret)
{
	static const uint8_t zero_iv[16];
	uint8_t key[32], plain[2 + IMA_CREDENTIAL_LEN] = { 0, IMA_CREDENTIAL_LEN };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0, r = ctx ? kdf_a(s, "STORAGE", name, bits / 8, key) : -ENOMEM;

	memcpy(plain + 2, secret, IMA_CREDENTIAL_LEN);
	if (r == 0 && (EVP_EncryptInit_ex(ctx, bits == 128 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128(), NULL, key, zero_iv) != 1 ||
		       EVP_EncryptUpdate(ctx, ret, &len, plain, sizeof(plain)) != 1 || len != sizeof(plain)))
		r = -EIO;
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(plain, sizeof(plain));
	return r;
}

static int put_id_object(const struct seed *s, uint16_t bits, struct ima_bytes name, const uint8_t *secret,
			 struct ima_buffer *out)
{
	const size_t mac_len = (size_t)EVP_MD_get_size(s->md);
	uint8_t data[2 + IMA_CREDENTIAL_LEN], key[EVP_MAX_MD_SIZE], mac[EVP_MAX_MD_SIZE];
	struct ima_buffer in = { 0 };
	int r = encrypt(s, bits, name, secret, data);

	if (r == 0)
		r = kdf_a(s, "INTEGRITY", (struct ima_bytes){ 0 }, mac_len, key);
	if (r == 0)
		r = ima_buffer_append(&in, data, sizeof(data));
	if (r == 0)
		r = ima_buffer_append(&in, name.data, name.len);
	if (r == 0 && !HMAC(s->md, key, (int)mac_len, in.data, in.len, mac, NULL))
		r = -EIO;
	if (r == 0)
		r = put_be16(out, 2 + mac_len + sizeof(data));
	if (r == 0)
		r = put_sized(out, mac, mac_len);
	if (r == 0)
		r = ima_buffer_append(out, data, sizeof(data));
	ima_buffer_done(&in);
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

static int check_ek(const struct ima_tpm_public *p, struct seed *s)
{
	const uint32_t must = IMA_TPMA_FIXED_TPM | IMA_TPMA_RESTRICTED | IMA_TPMA_DECRYPT;
	enum ima_hash_algo algo;

	if ((p->attributes & must) != must || (p->attributes & IMA_TPMA_SIGN))
		return -EBADMSG;
	if (ima_hash_by_tpm_alg(p->name_alg, &algo) < 0 || p->symmetric != ALG_AES ||
	    (p->symmetric_bits != 128 && p->symmetric_bits != 256) || (p->type == IMA_TPM_ALG_ECC && p->curve != 3))
		return -ENOPKG;
	s->md = algo == IMA_HASH_SHA256 ? EVP_sha256() : algo == IMA_HASH_SHA384 ? EVP_sha384() : NULL;
	s->len = s->md ? (size_t)EVP_MD_get_size(s->md) : 0;
	return s->md ? 0 : -ENOPKG;
}

int ima_credential_make(struct ima_bytes ek_public, struct ima_bytes ak_name, const uint8_t secret[static IMA_CREDENTIAL_LEN],
			struct ima_buffer *out)
{
	struct ima_buffer shared = { 0 };
	struct ima_tpm_public p;
	struct seed s = { 0 };
	EVP_PKEY *ek = NULL;
	const size_t at = out->len;
	int r = ima_tpm_public_parse(ek_public, &p);

	if (r == 0)
		r = check_ek(&p, &s);
	if (r == 0 && !(ek = key_of(ek_public)))
		r = -ENOPKG;
	ERR_set_mark();
	if (r == 0)
		r = p.type == IMA_TPM_ALG_RSA ? share_rsa(ek, &s, &shared) : share_ecc(ek, &s, &shared);
	if (r == 0)
		r = put_be32(out, 0xbadcc0de);
	if (r == 0)
		r = put_be32(out, 1);
	if (r == 0)
		r = put_id_object(&s, p.symmetric_bits, ak_name, secret, out);
	if (r == 0)
		r = ima_buffer_append(out, shared.data, shared.len);
	ERR_pop_to_mark();
	if (r < 0)
		out->len = at;
	OPENSSL_cleanse(&s, sizeof(s));
	ima_buffer_done(&shared);
	EVP_PKEY_free(ek);
	return r;
}
