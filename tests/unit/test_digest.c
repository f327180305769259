/* SPDX-License-Identifier: BSD-2-Clause */
/* Digests against published vectors: the digest of "abc" (FIPS 180-4, FIPS 202, RFC 1320, RFC 1321, ISO/IEC 10118-3, GB/T 32905). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ima/digest.h>

#include "base/cleanup.h"
#include "base/hex.h"

static const struct {
	const char *name, *abc;
	unsigned int id;
	uint16_t tpm;
} rows[] = {
	{ "md4", "a448017aaf21d8525fc10ae87aa6729d", 0, 0 },
	{ "md5", "900150983cd24fb0d6963f7d28e17f72", 1, 0 },
	{ "sha1", "a9993e364706816aba3e25717850c26c9cd0d89d", 2, 0x04 },
	{ "rmd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc", 3, 0 },
	{ "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 4, 0x0b },
	{ "sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		    "8086072ba1e7cc2358baeca134c825a7", 5, 0x0c },
	{ "sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", 6, 0x0d },
	{ "sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7", 7, 0 },
	{ "wp512", "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c"
		   "7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5", 13, 0 },
	{ "sm3", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", 17, 0x12 },
	{ "sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532", 20, 0 },
	{ "sha3-384", "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
		      "98d88cea927ac7f539f1edf228376d25", 21, 0 },
	{ "sha3-512", "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
		      "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0", 22, 0 },
};

static void unknown_names_are_refused(void **state)
{
	static const char *const bad[] = { "", "SHA256", "sha25", "sha2567", "sm3_256", "sha-256" };
	enum ima_hash_algo a;

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++)
		assert_int_equal(ima_hash_by_name(bad[i], strlen(bad[i]), &a), -ENOENT);
	assert_null(ima_hash_name(IMA_HASH__LAST));
	assert_int_equal(ima_hash_len(IMA_HASH__LAST), 0);
	assert_int_equal(ima_hash_by_tpm_alg(0, &a), -ENOENT);
	assert_int_equal(ima_hash_by_tpm_alg(0x27, &a), -ENOENT);
}

static void ids_names_and_banks_are_the_kernels(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		enum ima_hash_algo a;

		assert_int_equal(ima_hash_by_name(rows[i].name, strlen(rows[i].name), &a), 0);
		assert_int_equal(a, rows[i].id);
		assert_string_equal(ima_hash_name(a), rows[i].name);
		assert_int_equal(ima_hash_len(a), strlen(rows[i].abc) / 2);
		assert_int_equal(ima_hash_tpm_alg(a), rows[i].tpm);
	}
}

static void digests_are_the_published_ones(void **state)
{
	const struct ima_bytes split[] = { { (const uint8_t *)"a", 1 }, { NULL, 0 },
					   { (const uint8_t *)"bc", 2 } };
	struct ima_hasher *h;
	unsigned int seen = 0;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		uint8_t want[IMA_DIGEST_MAX];
		struct ima_digest d;

		if (!ima_hasher_has(h, (enum ima_hash_algo)rows[i].id))
			continue;
		seen++;
		assert_int_equal(ima_hash_parts(h, (enum ima_hash_algo)rows[i].id, split, 3, &d), 0);
		assert_int_equal(ima_hex_decode(rows[i].abc, strlen(rows[i].abc), want), 0);
		assert_int_equal(d.len, strlen(rows[i].abc) / 2);
		assert_memory_equal(d.data, want, d.len);
	}
	assert_true(seen >= 9);
	ima_hasher_free(h);
}

/* message 1 of RFC 6986, in the order of bytes that the kernel and everybody since has them in */
static void streebog_is_the_published_one(void **state)
{
	static const char message[] = "012345678901234567890123456789012345678901234567890123456789012";
	static const struct {
		enum ima_hash_algo algo;
		const char *hex;
	} known[] = {
		{ IMA_HASH_STREEBOG256, "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500" },
		{ IMA_HASH_STREEBOG512, "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa"
					"00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48" },
	};
	struct ima_hasher *h;
	bool there;

	assert_int_equal(ima_hasher_new(&h), 0);
	there = ima_hasher_has(h, IMA_HASH_STREEBOG256);
	assert_int_equal(ima_hasher_has(h, IMA_HASH_STREEBOG512), there);
	for (size_t i = 0; i < IMA_N_ELEMENTS(known); i++) {
		uint8_t want[IMA_DIGEST_MAX];
		struct ima_digest d;
		int r = ima_hash_bytes(h, known[i].algo, (struct ima_bytes){ (const uint8_t *)message, 63 }, &d);

		assert_int_equal(r, there ? 0 : -ENOPKG);
		assert_int_equal(ima_hex_decode(known[i].hex, strlen(known[i].hex), want), 0);
		if (there)
			assert_memory_equal(d.data, want, d.len);
	}
	ima_hasher_free(h);
	if (!there)
		skip();
}

static void what_is_not_offered_is_refused(void **state)
{
	struct ima_hasher *h;
	struct ima_digest d;
	int fd;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_TGR192, (struct ima_bytes){ 0 }, &d), -ENOPKG);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH__LAST, (struct ima_bytes){ 0 }, &d), -ENOPKG);
	assert_int_equal(ima_hash_fd(h, IMA_HASH_SHA256, -1, &d, NULL), -EBADF);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(ima_hash_fd(h, IMA_HASH_SHA256, fd, &d, NULL), -EINVAL);
	close(fd);
	ima_hasher_free(h);
}

static void files_are_hashed_without_moving_their_position(void **state)
{
	char path[] = "/tmp/ima-test-XXXXXX";
	int fd = mkstemp(path);
	struct ima_digest d, whole;
	struct ima_hasher *h;
	uint8_t *big = calloc(1, 700001);
	uint64_t size = 0;

	assert_true(fd >= 0);
	assert_non_null(big);
	unlink(path);
	big[700000] = 7;
	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(write(fd, big, 700001), 700001);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(ima_hash_fd(h, IMA_HASH_SHA256, fd, &d, &size), 0);
	assert_int_equal(size, 700001);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
	assert_int_equal(ima_hash_bytes(h, IMA_HASH_SHA256, (struct ima_bytes){ big, 700001 }, &whole), 0);
	assert_memory_equal(d.data, whole.data, 32);
	close(fd);
	free(big);
	ima_hasher_free(h);
}

static int file_of(const char *text, unsigned int times)
{
	char path[] = "/tmp/ima-test-XXXXXX";
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	for (unsigned int i = 0; i < times; i++)
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* as `fsverity digest` of fsverity-utils 1.5 prints them */
static const struct {
	const char *text;
	unsigned int times;
	const struct ima_verity_opts *opts;
	const char *want;
} verity_rows[] = {
	{ "", 1, NULL, "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95" },
	{ "abc", 1, NULL, "700b6bd8510f0b4f9bac8b9cf0459151a1c4a99f467892bb4bd289a67df8e19c" },
	{ "abc", 1, &(const struct ima_verity_opts){ .block_size = 0 },
	  "700b6bd8510f0b4f9bac8b9cf0459151a1c4a99f467892bb4bd289a67df8e19c" },
	{ "0", 9000, NULL, "73acf664034cfde49aab5d6d6480385bdec082f5f2d9b0b9bc34272ff056aa27" },
	{ "abc", 1, &(const struct ima_verity_opts){ .algo = IMA_HASH_SHA512, .block_size = 1024, .salt = { 0, 0xff }, .salt_len = 2 },
	  "378805425c72c94e43c9d7f8f6e914ee36460d0f15df8956982cf4e0c15e9a0c"
	  "dcff1ac43e049761760e11622bc8cb66c59cfd3852d3ef577f9a51e38477e16b" },
};

static void verity_digests_are_those_of_fsverity(void **state)
{
	struct ima_hasher *h;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(verity_rows); i++) {
		const int fd = file_of(verity_rows[i].text, verity_rows[i].times);
		uint8_t want[IMA_DIGEST_MAX];
		struct ima_digest d;

		assert_int_equal(ima_verity_digest_fd(h, verity_rows[i].opts, fd, &d), 0);
		assert_int_equal(d.len, strlen(verity_rows[i].want) / 2);
		assert_int_equal(ima_hex_decode(verity_rows[i].want, strlen(verity_rows[i].want), want), 0);
		assert_memory_equal(d.data, want, d.len);
		close(fd);
	}
	ima_hasher_free(h);
}

static void verity_refuses_what_the_kernel_does(void **state)
{
	static const struct ima_verity_opts bad[] = { { .algo = IMA_HASH_SHA1 }, { .block_size = 512 }, { .block_size = 4095 },
						      { .block_size = 131072 }, { .salt_len = 33 }, { .reserved = { 1 } } };
	const int fd = file_of("abc", 1);
	struct ima_hasher *h;
	struct ima_digest d;

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++)
		assert_int_equal(ima_verity_digest_fd(h, &bad[i], fd, &d), -EINVAL);
	assert_int_equal(ima_verity_digest_fd(h, NULL, -1, &d), -EBADF);
	close(fd);
	ima_hasher_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_names_are_refused),
		cmocka_unit_test(ids_names_and_banks_are_the_kernels),
		cmocka_unit_test(digests_are_the_published_ones),
		cmocka_unit_test(streebog_is_the_published_one), cmocka_unit_test(what_is_not_offered_is_refused),
		cmocka_unit_test(files_are_hashed_without_moving_their_position),
		cmocka_unit_test(verity_digests_are_those_of_fsverity),
		cmocka_unit_test(verity_refuses_what_the_kernel_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
