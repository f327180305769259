/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Digests by libcrypto. Everything is fetched when a hasher is made, into a library context of its own, so that hashing
 * later loads no provider and opens no file.
 *
 * Buffers in memory are hashed by libcrypto's plain SHA functions: OpenSSL 3.0's EVP calls take a process-wide lock and
 * allocate for each digest, which for the hundred bytes of a list record costs as much as the hash (bench/replay, records a
 * second: 2.6 against 3.6 million on one thread, 3.2 against 6.5 million on two). They are the same code that EVP ends in;
 * files, where the cost does not show, go through EVP.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <ima/digest.h>

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/sha.h>

#define BLOCK_LEN (256U << 10) /* bytes a read: larger ones gain nothing */
#define BLOCK_ALIGN 4096       /* the kernel's copy to an address that is none of a cache line's takes four times as long */

struct ima_hasher {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *normal, *legacy, *gost;
	EVP_MD *md[IMA_HASH__LAST];
	/* one for each algorithm: a context that changes its algorithm is allocated anew by every digest */
	EVP_MD_CTX *ctx[IMA_HASH__LAST];
	uint8_t *block;
	const volatile int *stop;
};

static const char *const openssl_names[IMA_HASH__LAST] = {
	[IMA_HASH_MD4] = "MD4",
	[IMA_HASH_MD5] = "MD5",
	[IMA_HASH_SHA1] = "SHA1",
	[IMA_HASH_RMD160] = "RIPEMD160",
	[IMA_HASH_SHA256] = "SHA2-256",
	[IMA_HASH_SHA384] = "SHA2-384",
	[IMA_HASH_SHA512] = "SHA2-512",
	[IMA_HASH_SHA224] = "SHA2-224",
	[IMA_HASH_WP512] = "WHIRLPOOL",
	[IMA_HASH_SM3] = "SM3",
	[IMA_HASH_STREEBOG256] = "md_gost12_256",
	[IMA_HASH_STREEBOG512] = "md_gost12_512",
	[IMA_HASH_SHA3_256] = "SHA3-256",
	[IMA_HASH_SHA3_384] = "SHA3-384",
	[IMA_HASH_SHA3_512] = "SHA3-512",
};

struct ima_hasher *ima_hasher_free(struct ima_hasher *h)
{
	if (!h)
		return NULL;
	for (unsigned int i = 0; i < IMA_HASH__LAST; i++) {
		EVP_MD_CTX_free(h->ctx[i]);
		EVP_MD_free(h->md[i]);
	}
	if (h->gost)
		OSSL_PROVIDER_unload(h->gost);
	if (h->legacy)
		OSSL_PROVIDER_unload(h->legacy);
	if (h->normal)
		OSSL_PROVIDER_unload(h->normal);
	OSSL_LIB_CTX_free(h->lib);
	free(h->block);
	free(h);
	return NULL;
}

/* an algorithm that the library names and cannot begin is one that it does not have */
static int prepare(struct ima_hasher *h, unsigned int algo)
{
	h->md[algo] = openssl_names[algo] ? EVP_MD_fetch(h->lib, openssl_names[algo], NULL) : NULL;
	if (!h->md[algo])
		return 0;
	h->ctx[algo] = EVP_MD_CTX_new();
	if (!h->ctx[algo])
		return -ENOMEM;
	if (EVP_DigestInit_ex2(h->ctx[algo], h->md[algo], NULL) != 1) {
		EVP_MD_free(h->md[algo]);
		h->md[algo] = NULL;
	}
	return 0;
}

static int load(struct ima_hasher *h)
{
	int r = 0;

	h->lib = OSSL_LIB_CTX_new();
	h->block = aligned_alloc(BLOCK_ALIGN, BLOCK_LEN);
	if (!h->lib || !h->block)
		return -ENOMEM;
	/* what is not offered is no error of the caller's thread */
	ERR_set_mark();
	h->normal = OSSL_PROVIDER_load(h->lib, "default");
	h->legacy = OSSL_PROVIDER_load(h->lib, "legacy"); /* md4, whirlpool; not on every system */
	h->gost = OSSL_PROVIDER_load(h->lib, "gostprov"); /* streebog; where somebody installed it */
	for (unsigned int i = 0; i < IMA_HASH__LAST && r == 0; i++)
		r = prepare(h, i);
	ERR_pop_to_mark();
	if (r < 0)
		return r;
	return h->md[IMA_HASH_SHA1] ? 0 : -ELIBACC;
}

int ima_hasher_new(struct ima_hasher **ret)
{
	struct ima_hasher *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	r = load(h);
	if (r < 0) {
		ima_hasher_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void ima_hasher_stop_when(struct ima_hasher *h, const volatile int *stop)
{
	h->stop = stop;
}

bool ima_hasher_is_stopped(const struct ima_hasher *h)
{
	return h->stop && *h->stop;
}

bool ima_hasher_has(const struct ima_hasher *h, enum ima_hash_algo algo)
{
	return (unsigned int)algo < IMA_HASH__LAST && h->md[algo];
}

int ima_hash_begin(struct ima_hasher *h, enum ima_hash_algo algo)
{
	if (!ima_hasher_has(h, algo))
		return -ENOPKG;
	return EVP_DigestInit_ex2(h->ctx[algo], NULL, NULL) == 1 ? 0 : -EIO;
}

int ima_hash_add(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_bytes piece)
{
	if (!ima_hasher_has(h, algo))
		return -ENOPKG;
	return EVP_DigestUpdate(h->ctx[algo], piece.data, piece.len) == 1 ? 0 : -EIO;
}

int ima_hash_end(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	struct ima_digest d = { .algo = algo };
	unsigned int len = 0;

	if (!ima_hasher_has(h, algo))
		return -ENOPKG;
	if (EVP_DigestFinal_ex(h->ctx[algo], d.data, &len) != 1 || len != ima_hash_len(algo))
		return -EIO;
	d.len = len;
	*ret = d;
	return 0;
}

#define PLAIN_PARTS(NAME, CTX, PREFIX)                                                             \
	static bool NAME(const struct ima_bytes *parts, size_t n, uint8_t *ret)                    \
	{                                                                                          \
		CTX c;                                                                             \
		bool ok = PREFIX##_Init(&c) == 1;                                                  \
                                                                                                   \
		for (size_t i = 0; i < n && ok; i++)                                               \
			ok = PREFIX##_Update(&c, parts[i].data, parts[i].len) == 1;                \
		return ok && PREFIX##_Final(ret, &c) == 1;                                         \
	}

PLAIN_PARTS(plain_sha1, SHA_CTX, SHA1)
PLAIN_PARTS(plain_sha256, SHA256_CTX, SHA256)
PLAIN_PARTS(plain_sha384, SHA512_CTX, SHA384)
PLAIN_PARTS(plain_sha512, SHA512_CTX, SHA512)

/*
 * Extending a PCR hashes 64 bytes: one block, and one that is always the same, the padding (FIPS 180-4, 5.1.1). Both go in as whole blocks, so that
 * libcrypto's buffer for what is less is passed by: a sixth of the time.
 */
static bool is_one_block(const struct ima_bytes *parts, size_t n)
{
	return n == 2 && parts[0].len == 32 && parts[1].len == 32;
}

static bool plain_sha256_block(const struct ima_bytes parts[static 2], uint8_t *ret)
{
	uint8_t blocks[128] = { [64] = 0x80, [126] = 2 }; /* 512 bits */
	SHA256_CTX c;

	memcpy(blocks, parts[0].data, 32);
	memcpy(blocks + 32, parts[1].data, 32);
	if (SHA256_Init(&c) != 1 || SHA256_Update(&c, blocks, sizeof(blocks)) != 1)
		return false;
	for (size_t i = 0; i < 8; i++) {
		const uint32_t word = htobe32(c.h[i]);

		memcpy(ret + 4 * i, &word, 4);
	}
	return true;
}

static bool hash_sha256(const struct ima_bytes *parts, size_t n, uint8_t *ret)
{
	return is_one_block(parts, n) ? plain_sha256_block(parts, ret) : plain_sha256(parts, n, ret);
}

static bool (*const plain[IMA_HASH__LAST])(const struct ima_bytes *parts, size_t n, uint8_t *ret) = {
	[IMA_HASH_SHA1] = plain_sha1,
	[IMA_HASH_SHA256] = hash_sha256,
	[IMA_HASH_SHA384] = plain_sha384,
	[IMA_HASH_SHA512] = plain_sha512,
};

int ima_hash_parts(struct ima_hasher *h, enum ima_hash_algo algo, const struct ima_bytes *parts,
		   size_t n, struct ima_digest *ret)
{
	int r;

	if (ima_hasher_has(h, algo) && plain[algo]) {
		struct ima_digest d = { .algo = algo, .len = ima_hash_len(algo) };

		if (!plain[algo](parts, n, d.data))
			return -EIO;
		*ret = d;
		return 0;
	}
	r = ima_hash_begin(h, algo);
	for (size_t i = 0; i < n && r == 0; i++)
		r = ima_hash_add(h, algo, parts[i]);
	return r < 0 ? r : ima_hash_end(h, algo, ret);
}

int ima_hash_bytes(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_bytes in,
		   struct ima_digest *ret)
{
	return ima_hash_parts(h, algo, &in, 1, ret);
}

int ima_hash_hmac(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_bytes key,
		  struct ima_bytes in, struct ima_digest *ret)
{
	struct ima_digest d = { .algo = algo };

	if (!ima_hasher_has(h, algo))
		return -ENOPKG;
	if (!EVP_Q_mac(h->lib, "HMAC", NULL, openssl_names[algo], NULL, key.data, key.len, in.data,
		       in.len, d.data, sizeof(d.data), &d.len) ||
	    d.len != ima_hash_len(algo))
		return -EIO;
	*ret = d;
	return 0;
}

static int update_from_fd(struct ima_hasher *h, enum ima_hash_algo algo, int fd, uint64_t size)
{
	uint64_t at = 0;

	while (at < size) {
		const size_t want = size - at < BLOCK_LEN ? (size_t)(size - at) : BLOCK_LEN;
		ssize_t n = pread(fd, h->block, want, (off_t)at);

		if (ima_hasher_is_stopped(h))
			return -ECANCELED;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EINVAL;
		if (ima_hash_add(h, algo, (struct ima_bytes){ h->block, (size_t)n }) < 0)
			return -EIO;
		at += (uint64_t)n;
	}
	return 0;
}

int ima_hash_fd_head(struct ima_hasher *h, enum ima_hash_algo algo, int fd, uint64_t len,
		     struct ima_digest *ret)
{
	int r = ima_hash_begin(h, algo);

	if (r == 0)
		r = update_from_fd(h, algo, fd, len);
	return r < 0 ? r : ima_hash_end(h, algo, ret);
}

int ima_hash_fd(struct ima_hasher *h, enum ima_hash_algo algo, int fd, struct ima_digest *ret,
		uint64_t *ret_size)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = ima_hash_fd_head(h, algo, fd, (uint64_t)st.st_size, ret);
	if (r == 0 && ret_size)
		*ret_size = (uint64_t)st.st_size;
	return r;
}
