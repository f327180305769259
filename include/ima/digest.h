/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hash algorithms by the kernel's ids and names, and hashing of buffers and files.
 *
 * Ids are those of enum hash_algo in <linux/hash_info.h>: they appear in xattrs, signatures and bitmaps.
 */
#pragma once

#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMA_DIGEST_MAX 64 /* bytes, the longest digest of any algorithm here */

enum ima_hash_algo {
	IMA_HASH_MD4 = 0,
	IMA_HASH_MD5 = 1,
	IMA_HASH_SHA1 = 2,
	IMA_HASH_RMD160 = 3,
	IMA_HASH_SHA256 = 4,
	IMA_HASH_SHA384 = 5,
	IMA_HASH_SHA512 = 6,
	IMA_HASH_SHA224 = 7,
	IMA_HASH_RMD128 = 8,
	IMA_HASH_RMD256 = 9,
	IMA_HASH_RMD320 = 10,
	IMA_HASH_WP256 = 11,
	IMA_HASH_WP384 = 12,
	IMA_HASH_WP512 = 13,
	IMA_HASH_TGR128 = 14,
	IMA_HASH_TGR160 = 15,
	IMA_HASH_TGR192 = 16,
	IMA_HASH_SM3 = 17,
	IMA_HASH_STREEBOG256 = 18,
	IMA_HASH_STREEBOG512 = 19,
	IMA_HASH_SHA3_256 = 20,
	IMA_HASH_SHA3_384 = 21,
	IMA_HASH_SHA3_512 = 22,
	IMA_HASH__LAST
};

/** struct ima_digest - a digest and what made it; a value, copied freely */
struct ima_digest {
	enum ima_hash_algo algo;
	size_t len; /* bytes used in data */
	uint8_t data[IMA_DIGEST_MAX];
};

/** ima_hash_name() - the kernel's name ("sha256", "sm3"), NULL for an id out of range */
const char *ima_hash_name(enum ima_hash_algo algo);

/** ima_hash_len() - digest length in bytes, 0 for an id out of range */
size_t ima_hash_len(enum ima_hash_algo algo);

/** ima_hash_by_name() - exact, case-sensitive; @name need not end in NUL. -ENOENT when unknown */
ima_must_check int ima_hash_by_name(const char *name, size_t len, enum ima_hash_algo *ret);

/** ima_hash_tpm_alg() - TPM_ALG_ID of the algorithm, 0 when a TPM has no bank of it */
uint16_t ima_hash_tpm_alg(enum ima_hash_algo algo);

/** ima_hash_by_tpm_alg() - -ENOENT for a bank that IMA does not map */
ima_must_check int ima_hash_by_tpm_alg(uint16_t tpm_alg, enum ima_hash_algo *ret);

/**
 * struct ima_hasher - the algorithms that the crypto library offers, fetched once
 *
 * Not thread-safe: one object a thread. Everything is loaded by ima_hasher_new(): later calls open no file and load
 * no code, so that they may run while programs wait.
 */
struct ima_hasher;

ima_must_check int ima_hasher_new(struct ima_hasher **ret); /* -ENOMEM, -ELIBACC: not even sha1 */
struct ima_hasher *ima_hasher_free(struct ima_hasher *h);

/**
 * ima_hasher_stop_when() - files are hashed only while *@stop is 0: else -ECANCELED, within a quarter of a MiB
 * @stop: borrowed until the hasher is freed; set by a signal handler or another thread; NULL: never
 */
void ima_hasher_stop_when(struct ima_hasher *h, const volatile int *stop);
bool ima_hasher_is_stopped(const struct ima_hasher *h);

/** ima_hasher_has() - is the algorithm available? */
bool ima_hasher_has(const struct ima_hasher *h, enum ima_hash_algo algo);

/** ima_hash_parts() - digest of @n byte views one after another. -ENOPKG algorithm not available, -EIO library failure */
ima_must_check int ima_hash_parts(struct ima_hasher *h, enum ima_hash_algo algo,
				  const struct ima_bytes *parts, size_t n, struct ima_digest *ret);

/** ima_hash_bytes() - digest of one buffer; errors as ima_hash_parts() */
ima_must_check int ima_hash_bytes(struct ima_hasher *h, enum ima_hash_algo algo,
				  struct ima_bytes in, struct ima_digest *ret);

/**
 * ima_hash_begin() - a digest of bytes that come piece by piece: begin, add as often as needed, end
 *
 * One at a time for each hasher and algorithm; any other call with the same hasher and algorithm spoils it.
 * Errors of all three as ima_hash_parts().
 */
ima_must_check int ima_hash_begin(struct ima_hasher *h, enum ima_hash_algo algo);
ima_must_check int ima_hash_add(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_bytes piece);
ima_must_check int ima_hash_end(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret);

/** ima_hash_hmac() - HMAC of @in under @key; errors as ima_hash_parts() */
ima_must_check int ima_hash_hmac(struct ima_hasher *h, enum ima_hash_algo algo, struct ima_bytes key,
				 struct ima_bytes in, struct ima_digest *ret);

/**
 * ima_hash_fd() - digest of a whole regular file through pread(2), file position untouched
 * @ret_size: bytes hashed, may be NULL
 *
 * Return: 0, -EINVAL no regular file, or when the file ended before the size it had at the start (as the kernel's short read),
 * -ENOPKG, -EIO, -ECANCELED, or the errno of fstat/pread. A file that grows is hashed up to the size at the start.
 */
ima_must_check int ima_hash_fd(struct ima_hasher *h, enum ima_hash_algo algo, int fd,
			       struct ima_digest *ret, uint64_t *ret_size);

/** ima_hash_fd_head() - digest of the first @len bytes; -EINVAL the file is shorter, other errors as ima_hash_fd() */
ima_must_check int ima_hash_fd_head(struct ima_hasher *h, enum ima_hash_algo algo, int fd, uint64_t len,
				    struct ima_digest *ret);

/** struct ima_verity_opts - zero: sha256, blocks of 4096 bytes, no salt */
struct ima_verity_opts {
	enum ima_hash_algo algo; /* IMA_HASH_SHA256 or IMA_HASH_SHA512; 0: sha256 */
	uint32_t block_size;     /* bytes, a power of two from 1024 to 65536; 0: 4096 */
	uint8_t salt[32];
	uint8_t salt_len;
	uint8_t reserved[7];
};

/**
 * ima_verity_digest_fd() - the digest that fs-verity would give the file: computed, whether or not the file system keeps one
 * @opts: NULL: as zero
 * Return: 0, -EINVAL bad options or no regular file, -ENOPKG, -EIO, -ECANCELED, -ENOMEM, errno of fstat/pread.
 * Source: docs/FORMATS.md "fs-verity"
 */
ima_must_check int ima_verity_digest_fd(struct ima_hasher *h, const struct ima_verity_opts *opts, int fd,
					struct ima_digest *ret);

#ifdef __cplusplus
}
#endif
