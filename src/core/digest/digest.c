/* SPDX-License-Identifier: BSD-2-Clause */
/* The algorithm table: ids and names are the kernel's (<linux/hash_info.h>), bank ids the TCG's. */
#include <ima/digest.h>

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t len;
	uint16_t tpm_alg;
} algos[IMA_HASH__LAST] = {
	[IMA_HASH_MD4] = { "md4", 16, 0 },
	[IMA_HASH_MD5] = { "md5", 16, 0 },
	[IMA_HASH_SHA1] = { "sha1", 20, 0x0004 },
	[IMA_HASH_RMD160] = { "rmd160", 20, 0 },
	[IMA_HASH_SHA256] = { "sha256", 32, 0x000b },
	[IMA_HASH_SHA384] = { "sha384", 48, 0x000c },
	[IMA_HASH_SHA512] = { "sha512", 64, 0x000d },
	[IMA_HASH_SHA224] = { "sha224", 28, 0 },
	[IMA_HASH_RMD128] = { "rmd128", 16, 0 },
	[IMA_HASH_RMD256] = { "rmd256", 32, 0 },
	[IMA_HASH_RMD320] = { "rmd320", 40, 0 },
	[IMA_HASH_WP256] = { "wp256", 32, 0 },
	[IMA_HASH_WP384] = { "wp384", 48, 0 },
	[IMA_HASH_WP512] = { "wp512", 64, 0 },
	[IMA_HASH_TGR128] = { "tgr128", 16, 0 },
	[IMA_HASH_TGR160] = { "tgr160", 20, 0 },
	[IMA_HASH_TGR192] = { "tgr192", 24, 0 },
	[IMA_HASH_SM3] = { "sm3", 32, 0x0012 },
	[IMA_HASH_STREEBOG256] = { "streebog256", 32, 0 },
	[IMA_HASH_STREEBOG512] = { "streebog512", 64, 0 },
	[IMA_HASH_SHA3_256] = { "sha3-256", 32, 0 },
	[IMA_HASH_SHA3_384] = { "sha3-384", 48, 0 },
	[IMA_HASH_SHA3_512] = { "sha3-512", 64, 0 },
};

const char *ima_hash_name(enum ima_hash_algo algo)
{
	return (unsigned int)algo < IMA_HASH__LAST ? algos[algo].name : NULL;
}

size_t ima_hash_len(enum ima_hash_algo algo)
{
	return (unsigned int)algo < IMA_HASH__LAST ? algos[algo].len : 0;
}

int ima_hash_by_name(const char *name, size_t len, enum ima_hash_algo *ret)
{
	for (unsigned int i = 0; i < IMA_HASH__LAST; i++) {
		if (strlen(algos[i].name) != len || memcmp(algos[i].name, name, len))
			continue;
		*ret = (enum ima_hash_algo)i;
		return 0;
	}
	return -ENOENT;
}

uint16_t ima_hash_tpm_alg(enum ima_hash_algo algo)
{
	return (unsigned int)algo < IMA_HASH__LAST ? algos[algo].tpm_alg : 0;
}

int ima_hash_by_tpm_alg(uint16_t tpm_alg, enum ima_hash_algo *ret)
{
	for (unsigned int i = 0; tpm_alg && i < IMA_HASH__LAST; i++) {
		if (algos[i].tpm_alg != tpm_alg)
			continue;
		*ret = (enum ima_hash_algo)i;
		return 0;
	}
	return -ENOENT;
}
