/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Digests by libcrypto. Everything is fetched when a hasher is made, into a library context of its own, so that hashing
 * later loads no provider, opens no file and shares no lock with other threads.
 */
#include <ima/digest.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#define BLOCK_LEN (256U << 10) /* bytes a read: larger ones gain nothing */

struct ima_hasher {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *normal, *legacy;
	EVP_MD *md[IMA_HASH__LAST];
	EVP_MD_CTX *ctx;
	uint8_t *block;
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
	EVP_MD_CTX_free(h->ctx);
	for (unsigned int i = 0; i < IMA_HASH__LAST; i++)
		EVP_MD_free(h->md[i]);
	if (h->legacy)
		OSSL_PROVIDER_unload(h->legacy);
	if (h->normal)
		OSSL_PROVIDER_unload(h->normal);
	OSSL_LIB_CTX_free(h->lib);
	free(h->block);
	free(h);
	return NULL;
}

static int load(struct ima_hasher *h)
{
	h->lib = OSSL_LIB_CTX_new();
	h->ctx = EVP_MD_CTX_new();
	h->block = malloc(BLOCK_LEN);
	if (!h->lib || !h->ctx || !h->block)
		return -ENOMEM;
	/* what is not offered is no error of the caller's thread */
	ERR_set_mark();
	h->normal = OSSL_PROVIDER_load(h->lib, "default");
	h->legacy = OSSL_PROVIDER_load(h->lib, "legacy"); /* md4, whirlpool; not on every system */
	for (unsigned int i = 0; i < IMA_HASH__LAST; i++)
		if (openssl_names[i])
			h->md[i] = EVP_MD_fetch(h->lib, openssl_names[i], NULL);
	ERR_pop_to_mark();
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

bool ima_hasher_has(const struct ima_hasher *h, enum ima_hash_algo algo)
{
	return (unsigned int)algo < IMA_HASH__LAST && h->md[algo];
}

static int begin(struct ima_hasher *h, enum ima_hash_algo algo)
{
	if (!ima_hasher_has(h, algo))
		return -ENOPKG;
	return EVP_DigestInit_ex2(h->ctx, h->md[algo], NULL) == 1 ? 0 : -EIO;
}

static int finish(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	struct ima_digest d = { .algo = algo };
	unsigned int len = 0;

	if (EVP_DigestFinal_ex(h->ctx, d.data, &len) != 1 || len != ima_hash_len(algo))
		return -EIO;
	d.len = len;
	*ret = d;
	return 0;
}

int ima_hash_parts(struct ima_hasher *h, enum ima_hash_algo algo, const struct ima_bytes *parts,
		   size_t n, struct ima_digest *ret)
{
	int r = begin(h, algo);

	for (size_t i = 0; i < n && r == 0; i++)
		if (EVP_DigestUpdate(h->ctx, parts[i].data, parts[i].len) != 1)
			r = -EIO;
	return r < 0 ? r : finish(h, algo, ret);
}

int ima_hash_bytes(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_bytes in,
		   struct ima_digest *ret)
{
	return ima_hash_parts(h, algo, &in, 1, ret);
}

static int update_from_fd(struct ima_hasher *h, int fd, uint64_t size)
{
	uint64_t at = 0;

	while (at < size) {
		const size_t want = size - at < BLOCK_LEN ? (size_t)(size - at) : BLOCK_LEN;
		ssize_t n = pread(fd, h->block, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EINVAL;
		if (EVP_DigestUpdate(h->ctx, h->block, (size_t)n) != 1)
			return -EIO;
		at += (uint64_t)n;
	}
	return 0;
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
	r = begin(h, algo);
	if (r == 0)
		r = update_from_fd(h, fd, (uint64_t)st.st_size);
	if (r == 0)
		r = finish(h, algo, ret);
	if (r == 0 && ret_size)
		*ret_size = (uint64_t)st.st_size;
	return r;
}
