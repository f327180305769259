/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists and quotes field by field. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "attest/maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void put(struct ima_buffer *b, const void *data, size_t len)
{
	MUST(ima_buffer_append(b, data, len) == 0);
}

static void put_be(struct ima_buffer *b, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		MUST(ima_buffer_append_u8(b, (uint8_t)(v >> (8 * i))) == 0);
}

static void put_le32(struct ima_buffer *b, uint32_t v)
{
	MUST(ima_buffer_append_u32(b, v) == 0);
}

static void put_sized(struct ima_buffer *b, const void *data, size_t len)
{
	put_be(b, len, 2);
	put(b, data, len);
}

static void put_number(struct ima_buffer *b, EVP_PKEY *key, const char *what)
{
	uint8_t bytes[512];
	BIGNUM *n = NULL;
	int len;

	MUST(EVP_PKEY_get_bn_param(key, what, &n) == 1);
	len = BN_bn2bin(n, bytes);
	BN_free(n);
	put_sized(b, bytes, (size_t)len);
}

static void put_public(struct maker *m, uint32_t attributes)
{
	const bool rsa = EVP_PKEY_is_a(m->key, "RSA");
	struct ima_buffer area = { 0 };

	put_be(&area, rsa ? 0x0001 : 0x0023, 2);
	put_be(&area, 0x000b, 2);
	put_be(&area, attributes, 4);
	put_be(&area, 0, 2);
	put_be(&area, 0x0010, 2);
	put_be(&area, rsa ? 0x0014 : 0x0018, 2);
	put_be(&area, 0x000b, 2);
	if (rsa) {
		put_be(&area, (uint64_t)EVP_PKEY_get_bits(m->key), 2);
		put_be(&area, 0, 4);
		put_number(&area, m->key, OSSL_PKEY_PARAM_RSA_N);
	} else {
		put_be(&area, 0x0003, 2);
		put_be(&area, 0x0010, 2);
		put_number(&area, m->key, OSSL_PKEY_PARAM_EC_PUB_X);
		put_number(&area, m->key, OSSL_PKEY_PARAM_EC_PUB_Y);
	}
	put_sized(&m->pub, area.data, area.len);
	ima_buffer_done(&area);
}

void maker_init_key(struct maker *m, EVP_PKEY *key, uint32_t attributes)
{
	*m = (struct maker){ .key = key, .clock = 1000000, .resets = 7, .restarts = 1, .mask = 0x7ff, .bank = 0x000b, .nonce_len = 20 };
	memset(m->nonce, 0x5a, sizeof(m->nonce));
	put_public(m, attributes);
}

void maker_init(struct maker *m, bool rsa)
{
	EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("prime256v1");

	MUST(key);
	maker_init_key(m, key, MAKER_AK);
}

void maker_done(struct maker *m)
{
	EVP_PKEY_free(m->key);
	ima_buffer_done(&m->pub);
	ima_buffer_done(&m->list);
	ima_buffer_done(&m->log);
	ima_buffer_done(&m->attest);
	ima_buffer_done(&m->signature);
	ima_buffer_done(&m->pcrs);
}

void maker_extend(struct maker *m, unsigned int pcr, const uint8_t sha1[20], const uint8_t sha256[32])
{
	uint8_t both[64];

	memcpy(both, m->sha1[pcr], 20);
	memcpy(both + 20, sha1, 20);
	SHA1(both, 40, m->sha1[pcr]);
	memcpy(both, m->sha256[pcr], 32);
	memcpy(both + 32, sha256, 32);
	SHA256(both, 64, m->sha256[pcr]);
}

void maker_record(struct maker *m, uint32_t pcr, const char *templ, const void *data, size_t len)
{
	uint8_t sha1[20], sha256[32];

	SHA1(data, len, sha1);
	SHA256(data, len, sha256);
	put_le32(&m->list, pcr);
	put(&m->list, sha1, 20);
	put_le32(&m->list, (uint32_t)strlen(templ));
	put(&m->list, templ, strlen(templ));
	put_le32(&m->list, (uint32_t)len);
	put(&m->list, data, len);
	if (pcr < 24)
		maker_extend(m, pcr, sha1, sha256);
	m->n++;
}

static void put_field(struct ima_buffer *b, const void *data, size_t len)
{
	put_le32(b, (uint32_t)len);
	put(b, data, len);
}

static void put_digest(struct ima_buffer *b, const uint8_t digest[32])
{
	put_le32(b, 40);
	put(b, "sha256:", 8);
	put(b, digest, 32);
}

void maker_violation(struct maker *m, const char *name)
{
	static const uint8_t zeros[32];
	uint8_t ones[32];
	struct ima_buffer d = { 0 };

	memset(ones, 0xff, sizeof(ones));
	put_digest(&d, zeros);
	put_field(&d, name, strlen(name) + 1);
	put_le32(&m->list, 10);
	put(&m->list, zeros, 20);
	put_le32(&m->list, 6);
	put(&m->list, "ima-ng", 6);
	put_le32(&m->list, (uint32_t)d.len);
	put(&m->list, d.data, d.len);
	maker_extend(m, 10, ones, ones);
	m->n++;
	ima_buffer_done(&d);
}

void maker_file(struct maker *m, const char *name, const char *content)
{
	struct ima_buffer d = { 0 };
	uint8_t digest[32];

	SHA256((const uint8_t *)content, strlen(content), digest);
	put_digest(&d, digest);
	put_field(&d, name, strlen(name) + 1);
	maker_record(m, 10, "ima-ng", d.data, d.len);
	ima_buffer_done(&d);
}

void maker_signed(struct maker *m, const char *name, const uint8_t digest[32], const uint8_t *sig, size_t sig_len)
{
	struct ima_buffer d = { 0 };

	put_digest(&d, digest);
	put_field(&d, name, strlen(name) + 1);
	put_field(&d, sig, sig_len);
	maker_record(m, 10, "ima-sig", d.data, d.len);
	ima_buffer_done(&d);
}

void maker_buffer(struct maker *m, const char *name, const void *data, size_t len)
{
	struct ima_buffer d = { 0 };
	uint8_t digest[32];

	SHA256(data, len, digest);
	put_digest(&d, digest);
	put_field(&d, name, strlen(name) + 1);
	put_field(&d, data, len);
	maker_record(m, 10, "ima-buf", d.data, d.len);
	ima_buffer_done(&d);
}

/* a crypto-agile log: the Spec ID event, then one event a PCR */
static void put_log(struct maker *m)
{
	static const uint8_t zeros[20];
	struct ima_buffer spec = { 0 };

	put(&spec, "Spec ID Event03", 16);
	put_le32(&spec, 0);
	put(&spec, "\0\2\0\2", 4);
	put_le32(&spec, 2);
	put(&spec, "\x04\0\x14\0\x0b\0\x20\0", 8);
	put(&spec, "", 1);
	put_le32(&m->log, 0);
	put_le32(&m->log, 3);
	put(&m->log, zeros, 20);
	put_le32(&m->log, (uint32_t)spec.len);
	put(&m->log, spec.data, spec.len);
	ima_buffer_done(&spec);
	for (unsigned int p = 0; p < 10; p++) {
		uint8_t text[16] = "event 0", sha1[20], sha256[32];

		text[6] = (uint8_t)('0' + p);
		SHA1(text, 7, sha1);
		SHA256(text, 7, sha256);
		put_le32(&m->log, p);
		put_le32(&m->log, 8);
		put_le32(&m->log, 2);
		put(&m->log, "\x04\0", 2);
		put(&m->log, sha1, 20);
		put(&m->log, "\x0b\0", 2);
		put(&m->log, sha256, 32);
		put_le32(&m->log, 7);
		put(&m->log, text, 7);
		maker_extend(m, p, sha1, sha256);
	}
}

void maker_boot(struct maker *m)
{
	struct ima_buffer d = { 0 };
	uint8_t all[10 * 32], digest[32];

	put_log(m);
	for (unsigned int p = 0; p < 10; p++)
		memcpy(all + 32 * p, m->sha256[p], 32);
	SHA256(all, sizeof(all), digest);
	put_digest(&d, digest);
	put_field(&d, "boot_aggregate", 15);
	maker_record(m, 10, "ima-ng", d.data, d.len);
	ima_buffer_done(&d);
}

static void put_values(struct maker *m, struct ima_buffer *raw)
{
	const size_t len = m->bank == 0x000b ? 32 : 20;
	struct ima_buffer *b = &m->pcrs;
	uint8_t value[64];
	unsigned int n = 0, pcr = 0;

	put_le32(b, 1);
	for (int i = 0; i < 16; i++) {
		put_le32(b, i ? 0 : (uint32_t)m->bank | 3U << 16 | (m->mask & 0xff) << 24);
		put_le32(b, i ? 0 : m->mask >> 8);
	}
	n = (unsigned int)__builtin_popcount(m->mask);
	put_le32(b, (n + 7) / 8);
	for (unsigned int block = 0; block < (n + 7) / 8; block++) {
		const unsigned int here = n - 8 * block < 8 ? n - 8 * block : 8;

		put_le32(b, here);
		for (unsigned int i = 0; i < 8; i++) {
			memset(value, 0, sizeof(value));
			while (i < here && !(m->mask >> pcr & 1))
				pcr++;
			if (i < here) {
				memcpy(value, len == 32 ? m->sha256[pcr] : m->sha1[pcr], len);
				put(raw, value, len);
				pcr++;
			}
			put_be(b, i < here ? len << 8 : 0, 2);
			put(b, value, sizeof(value));
		}
	}
}

void maker_quote(struct maker *m)
{
	static const uint8_t name[34] = { 0, 0xb };
	struct ima_buffer raw = { 0 };
	uint8_t digest[32];

	m->attest.len = m->pcrs.len = 0;
	put_values(m, &raw);
	SHA256(raw.data ? raw.data : (const uint8_t *)"", raw.len, digest);
	put_be(&m->attest, 0xff544347, 4);
	put_be(&m->attest, 0x8018, 2);
	put_sized(&m->attest, name, sizeof(name));
	put_sized(&m->attest, m->nonce, m->nonce_len);
	put_be(&m->attest, m->clock, 8);
	put_be(&m->attest, m->resets, 4);
	put_be(&m->attest, m->restarts, 4);
	put_be(&m->attest, 1, 1);
	put_be(&m->attest, 0x2019102300163636, 8);
	put_be(&m->attest, 1, 4);
	put_be(&m->attest, m->bank, 2);
	put_be(&m->attest, 3, 1);
	for (int i = 0; i < 3; i++)
		put_be(&m->attest, m->mask >> (8 * i) & 0xff, 1);
	put_sized(&m->attest, digest, 32);
	ima_buffer_done(&raw);
	maker_sign(m);
}

static void put_rs(struct maker *m, const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	uint8_t bytes[32];

	MUST(sig);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_r(sig), bytes, 32) == 32);
	put_sized(&m->signature, bytes, 32);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_s(sig), bytes, 32) == 32);
	put_sized(&m->signature, bytes, 32);
	ECDSA_SIG_free(sig);
}

void maker_sign(struct maker *m)
{
	const bool rsa = EVP_PKEY_is_a(m->key, "RSA");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[512];
	size_t len = sizeof(sig);

	MUST(ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, m->key) == 1);
	MUST(EVP_DigestSign(ctx, sig, &len, m->attest.data, m->attest.len) == 1);
	EVP_MD_CTX_free(ctx);
	m->signature.len = 0;
	put_be(&m->signature, rsa ? 0x0014 : 0x0018, 2);
	put_be(&m->signature, 0x000b, 2);
	if (rsa)
		put_sized(&m->signature, sig, len);
	else
		put_rs(m, sig, len);
}
