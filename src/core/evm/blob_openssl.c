/* SPDX-License-Identifier: BSD-2-Clause */
/* Checked before it is decrypted; what was derived is wiped. */
#include "core/evm/blob.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#define MAX_TEXT 4096
#define MAX_KEY 128
#define IV_LEN 16
#define DATA_AT (IV_LEN + 1)
#define BLOCK 16
#define MAC_LEN 32

struct parts {
	char format[32];
	char master[256];
	char length[16];
	size_t key_len;
	uint8_t bytes[DATA_AT + MAX_KEY + BLOCK + MAC_LEN];
	size_t n_bytes;
};

bool ima_evm_is_blob(struct ima_bytes text)
{
	static const char *const starts[] = { "default ", "enc32 ", "user:", "trusted:" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (text.len > strlen(starts[i]) && !memcmp(text.data, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_hex(const char *hex, struct parts *p)
{
	const size_t len = strlen(hex);

	if (len % 2 || len / 2 > sizeof(p->bytes))
		return -EBADMSG;
	for (size_t i = 0; i < len; i += 2) {
		const int hi = digit(hex[i]), lo = digit(hex[i + 1]);

		if (hi < 0 || lo < 0)
			return -EBADMSG;
		p->bytes[p->n_bytes++] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

static size_t padded(size_t len)
{
	return (len + BLOCK - 1) / BLOCK * BLOCK;
}

static int take_length(const char *text, struct parts *p)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end || !n)
		return -EBADMSG;
	if (n > MAX_KEY)
		return -E2BIG;
	snprintf(p->length, sizeof(p->length), "%s", text);
	p->key_len = n;
	return 0;
}

static int parse(struct ima_bytes text, struct parts *p)
{
	char copy[MAX_TEXT], *save = NULL, *word[5] = { 0 };
	size_t n = 0, at = 0;
	int r;

	if (text.len >= sizeof(copy) || memchr(text.data, 0, text.len))
		return -EBADMSG;
	memcpy(copy, text.data, text.len);
	copy[text.len] = 0;
	for (char *w = strtok_r(copy, " \n", &save); w && n < 5; w = strtok_r(NULL, " \n", &save))
		word[n++] = w;
	if (n == 3)
		snprintf(p->format, sizeof(p->format), "default");
	else if (n == 4)
		snprintf(p->format, sizeof(p->format), "%s", word[at++]);
	else
		return -EBADMSG;
	snprintf(p->master, sizeof(p->master), "%s", word[at]);
	r = take_length(word[at + 1], p);
	if (r == 0)
		r = take_hex(word[at + 2], p);
	if (r < 0)
		return r;
	if (!strncmp(p->master, "trusted:", 8))
		return -EOPNOTSUPP;
	return p->n_bytes == DATA_AT + padded(p->key_len) + MAC_LEN && !p->bytes[IV_LEN] ? 0 : -EBADMSG;
}

static int derive(const char *word, struct ima_bytes master, uint8_t ret[static SHA256_DIGEST_LENGTH])
{
	const size_t head = strlen(word) + 1;
	size_t len = sizeof("AUTH_KEY") + master.len; /* for the shorter word too */
	uint8_t *buf;

	if (len < SHA256_DIGEST_LENGTH)
		len = SHA256_DIGEST_LENGTH;
	buf = calloc(1, len);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, word, head);
	memcpy(buf + head, master.data, master.len);
	SHA256(buf, len, ret);
	OPENSSL_cleanse(buf, len);
	free(buf);
	return 0;
}

/* over the words, each with its NUL, and all bytes before it */
static int check_mac(const struct parts *p, const uint8_t key[static SHA256_DIGEST_LENGTH])
{
	const size_t len = DATA_AT + padded(p->key_len);
	uint8_t buf[512], mac[EVP_MAX_MD_SIZE];
	const char *const words[] = { p->format, p->master, p->length };
	unsigned int mac_len = 0;
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		memcpy(buf + n, words[i], strlen(words[i]) + 1);
		n += strlen(words[i]) + 1;
	}
	memcpy(buf + n, p->bytes, len);
	n += len;
	if (!HMAC(EVP_sha256(), key, SHA256_DIGEST_LENGTH, buf, n, mac, &mac_len) || mac_len != MAC_LEN)
		return -EIO;
	return CRYPTO_memcmp(mac, p->bytes + len, MAC_LEN) ? -EKEYREJECTED : 0;
}

static int decrypt(const struct parts *p, const uint8_t key[static SHA256_DIGEST_LENGTH], uint8_t *ret)
{
	const int data_len = (int)padded(p->key_len);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, r = -EIO;

	if (ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, p->bytes) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	    EVP_DecryptUpdate(ctx, ret, &n, p->bytes + DATA_AT, data_len) == 1 && n == data_len)
		r = 0;
	EVP_CIPHER_CTX_free(ctx);
	return r;
}

int ima_evm_open_blob(struct ima_bytes text, struct ima_bytes master, uint8_t *ret, size_t size,
		      size_t *ret_len)
{
	uint8_t key[SHA256_DIGEST_LENGTH], plain[MAX_KEY + BLOCK];
	struct parts p = { 0 };
	int r = parse(text, &p);

	if (r == 0 && p.key_len > size)
		r = -E2BIG;
	if (r == 0)
		r = derive("AUTH_KEY", master, key);
	if (r == 0)
		r = check_mac(&p, key);
	if (r == 0)
		r = derive("ENC_KEY", master, key);
	if (r == 0)
		r = decrypt(&p, key, plain);
	if (r == 0) {
		memcpy(ret, plain, p.key_len);
		*ret_len = p.key_len;
	}
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(plain, sizeof(plain));
	return r;
}
