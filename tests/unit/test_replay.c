/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replay beyond the recorded lists: banks whose algorithm a kernel or this machine lacks, digests of another algorithm of the
 * same size, many threads, damaged ends, the kexec blob. The expected values were made with Python's hashlib.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <ima/replay.h>

#include "base/buffer.h"
#include "base/hex.h"

static const char sha1_1[] = "f0185edbfeb474879390a2b705a28b70f5339f98";
static const char sha1_2[] = "1aacb1b0a4c3fc93b42cf02df2e67551ee8fb003";
static const char sm3_1[] = "a9d2d2dd0af32e3ca9eb0a5ca94c8066068512ffe93f64f0afdb77bc40760aee";
static const char sm3_2[] = "2c1bd1ef4c2eb368ff1251ebd22b174ba79a5463e43478e9284c31e6df440ef9";
static const char padded_1[] = "f0185edbfeb474879390a2b705a28b70f5339f98000000000000000000000000"
			       "00000000000000000000000000000000";
static const char padded_2[] = "1aacb1b0a4c3fc93b42cf02df2e67551ee8fb003000000000000000000000000"
			       "00000000000000000000000000000000";
static const char violation_20[] = "0000000000000000000000000000000000000000";

/* the values after both records and a violation */
static const char pcr_sha1[] = "70a7fd5147e0c8c0a5135eb89e7dfd99aaf7fc1d";
static const char pcr_sha256[] = "b26f4b23d69ff7f72a683eb7ca3a09c429ca2e9ddee1fa26ba87eeb2dd055dae";
static const char pcr_sha256_padded[] = "a10645a1596ca4499fca8dd45351b7f8dcf313131f68c17b8623c13375970804";
static const char pcr_sm3[] = "4a69fed423716b50b0d35afc1383446716ddc874a253320f66db4970f0348c4d";
static const char pcr_sha384[] = "78afbaed323c2c17d57b338827b75568e16d09f36a1242e63603e7501c83c2ed"
				 "d36d205b2cff399f45088e947dc8534c";
static const char pcr_sha384_padded[] = "2fb4db91d320331e13fbc3c0dab9045ddd11ac5fe81e7d4adda119a28fa5e55b"
					"af709156a3dbc2c1d507debd0aa08b33";
static const char pcr_sha512_padded[] = "27037bb576fcec9e3a2451b66275505ea053c3a71bd630f12ccf6a713cd24522"
					"cf38f25d5c73717d11423e7cc0e7b6586fd56365956b21948bcc5e2fced7b9d7";

/* record @n: digest sha256 of 32 bytes @n, name "/fN"; @digest in hex: its template digest */
static void add_record(struct ima_buffer *out, unsigned int n, const char *digest)
{
	uint8_t d[IMA_DIGEST_MAX], data[4 + 40 + 4 + 4] = { 40 };
	const struct ima_record rec = { .pcr = 10, .digest = { d, strlen(digest) / 2 },
					.name = { (const uint8_t *)"ima-ng", 6 },
					.data = { data, sizeof(data) } };

	memcpy(data + 4, "sha256:", 8);
	memset(data + 12, (int)n, 32);
	data[44] = 4;
	snprintf((char *)data + 48, 4, "/f%u", n);
	assert_int_equal(ima_hex_decode(digest, strlen(digest), d), 0);
	assert_int_equal(ima_record_write(out, &rec), 0);
}

static void three_records(struct ima_buffer *out, const char *first, const char *second)
{
	char zeros[2 * IMA_DIGEST_MAX + 1];

	memset(zeros, '0', sizeof(zeros));
	zeros[strlen(first)] = 0;
	add_record(out, 1, first);
	add_record(out, 2, second);
	add_record(out, 3, zeros);
}

static int fd_of(const struct ima_buffer *b)
{
	int fd = memfd_create("list", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->data, b->len), (ssize_t)b->len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void target(struct ima_pcrs *p, enum ima_hash_algo algo, const char *hex)
{
	struct ima_pcr_bank *b;

	assert_int_equal(ima_pcrs_add_bank(p, algo, &b), 0);
	assert_int_equal(ima_hex_decode(hex, strlen(hex), b->value[10]), 0);
	b->known = 1U << 10;
}

static const struct ima_replay_pcr *pcr10(const struct ima_replay_result *res,
					  enum ima_hash_algo algo)
{
	for (size_t i = 0; i < res->n_pcrs; i++)
		if (res->pcrs[i].algo == algo && res->pcrs[i].pcr == 10)
			return &res->pcrs[i];
	return NULL;
}

static int replay(const struct ima_buffer *list, const struct ima_pcrs *targets,
		  unsigned int threads, struct ima_replay_result *res, struct ima_diag *diag)
{
	const struct ima_replay_opts o = { .targets = targets, .n_threads = threads };
	int fd = fd_of(list);
	int r = ima_replay_fd(fd, &o, res, diag);

	close(fd);
	return r;
}

static void every_bank_is_reached(void **state)
{
	static struct ima_replay_result res;
	struct ima_buffer list = { 0 };
	struct ima_pcrs targets = { 0 };
	struct ima_diag diag = { 0 };

	three_records(&list, sha1_1, sha1_2);
	target(&targets, IMA_HASH_SHA1, pcr_sha1);
	target(&targets, IMA_HASH_SHA256, pcr_sha256);
	target(&targets, IMA_HASH_SHA384, pcr_sha384);
	target(&targets, IMA_HASH_SM3, pcr_sm3);
	assert_int_equal(replay(&list, &targets, 1, &res, &diag), 0);
	assert_int_equal(res.n_records, 3);
	assert_int_equal(res.n_violations, 1);
	assert_int_equal(res.n_bad_digests, 0);
	assert_int_equal(res.own_algo, IMA_HASH_SHA1);
	for (size_t i = 0; i < targets.n_banks; i++) {
		const struct ima_replay_pcr *p = pcr10(&res, targets.banks[i].algo);

		assert_true(p && p->matched && !p->padded);
		assert_int_equal(p->matched_at, 3);
	}
	ima_buffer_done(&list);
}

static void kernels_before_5_8_pad_every_bank(void **state)
{
	static struct ima_replay_result res;
	struct ima_list_reader *in = NULL;
	const struct ima_template *t;
	struct ima_pcrs targets = { 0 };
	struct ima_replay *r;
	struct ima_hasher *h;
	struct ima_record rec;

	target(&targets, IMA_HASH_SHA256, pcr_sha256_padded);
	assert_int_equal(ima_hasher_new(&h), 0);
	for (int accept = 0; accept < 2; accept++) {
		struct ima_buffer list = { 0 };
		int fd = memfd_create("list", MFD_CLOEXEC);

		three_records(&list, sha1_1, sha1_2);
		assert_int_equal(write(fd, list.data, list.len), (ssize_t)list.len);
		lseek(fd, 0, SEEK_SET);
		assert_int_equal(ima_list_reader_new(fd, NULL, &in), 0);
		assert_int_equal(ima_replay_new(h, &targets, &r), 0);
		if (accept)
			ima_replay_accept_padded(r);
		while (ima_list_reader_next(in, &rec, &t, NULL) == 1)
			assert_int_equal(ima_replay_add(r, &rec, t, ima_list_reader_digest_algo(in), 0), 0);
		ima_replay_finish(r, &res);
		assert_int_equal(pcr10(&res, IMA_HASH_SHA256)->matched, accept);
		assert_int_equal(pcr10(&res, IMA_HASH_SHA256)->padded, accept);
		ima_replay_free(r);
		ima_list_reader_free(in);
		ima_buffer_done(&list);
		close(fd);
	}
	ima_hasher_free(h);
}

static void a_kernel_without_the_algorithm_pads_sha1(void **state)
{
	static struct ima_replay_result res;
	struct ima_buffer list = { 0 };
	struct ima_pcrs targets = { 0 };
	struct ima_diag diag = { 0 };

	three_records(&list, sha1_1, sha1_2);
	target(&targets, IMA_HASH_SHA256, pcr_sha256);
	target(&targets, IMA_HASH_SHA384, pcr_sha384_padded);
	target(&targets, IMA_HASH_SHA512, pcr_sha512_padded);
	assert_int_equal(replay(&list, &targets, 1, &res, &diag), 0);
	assert_true(pcr10(&res, IMA_HASH_SHA384)->matched && pcr10(&res, IMA_HASH_SHA384)->padded);
	assert_true(pcr10(&res, IMA_HASH_SHA512)->matched && pcr10(&res, IMA_HASH_SHA512)->padded);
	assert_false(pcr10(&res, IMA_HASH_SHA256)->padded);
	ima_buffer_done(&list);
	/* and its list of that bank shows the padded digests */
	three_records(&list, padded_1, padded_2);
	assert_int_equal(replay(&list, &targets, 1, &res, &diag), 0);
	assert_int_equal(res.n_bad_digests, 0);
	assert_int_equal(res.own_algo, IMA_HASH__LAST);
	assert_true(pcr10(&res, IMA_HASH_SHA384)->matched);
	ima_buffer_done(&list);
}

static void another_algorithm_of_the_same_size(void **state)
{
	static struct ima_replay_result res;
	struct ima_buffer list = { 0 };
	struct ima_pcrs targets = { 0 };
	struct ima_diag diag = { 0 };

	target(&targets, IMA_HASH_SM3, pcr_sm3);
	three_records(&list, sm3_1, sm3_2);
	assert_int_equal(replay(&list, &targets, 1, &res, &diag), 0);
	assert_int_equal(res.n_bad_digests, 0);
	assert_int_equal(res.own_algo, IMA_HASH_SM3);
	assert_true(pcr10(&res, IMA_HASH_SM3)->matched);
	ima_buffer_done(&list);
	/* a list is of one algorithm: the second record is of another one */
	three_records(&list, "b923ccc28b9a2af6220e8bf4aac25ef53e36edd788c821d6493875128477c444", sm3_2);
	assert_int_equal(replay(&list, &targets, 1, &res, &diag), 0);
	assert_int_equal(res.n_bad_digests, 1);
	assert_int_equal(res.first_bad, 2);
	ima_buffer_done(&list);
}

static void a_bank_that_cannot_be_computed_is_named(void **state)
{
	static struct ima_replay_result res;
	struct ima_buffer list = { 0 };
	struct ima_pcrs targets = { 0 };
	struct ima_diag diag = { 0 };

	three_records(&list, sha1_1, sha1_2);
	target(&targets, IMA_HASH_TGR192, "000000000000000000000000000000000000000000000000");
	target(&targets, IMA_HASH_SHA256, pcr_sha256);
	assert_int_equal(replay(&list, &targets, 1, &res, &diag), 0);
	assert_int_equal(res.uncomputable, 1U << IMA_HASH_TGR192);
	assert_null(pcr10(&res, IMA_HASH_TGR192));
	assert_true(pcr10(&res, IMA_HASH_SHA256)->matched);
	ima_buffer_done(&list);
}

static void damage_keeps_what_came_before(void **state)
{
	static struct ima_replay_result res;
	struct ima_buffer list = { 0 };
	struct ima_diag diag = { 0 };

	three_records(&list, sha1_1, sha1_2);
	list.len -= 3;
	assert_int_equal(replay(&list, NULL, 2, &res, &diag), -EBADMSG);
	assert_int_equal(res.n_records, 2);
	assert_true(diag.has_offset);
	assert_int_equal(diag.offset, 2 * (4 + 20 + 4 + 6 + 4 + 52));
	ima_buffer_done(&list);
}

/* enough records for every batch of the ring to be used several times, one of them damaged, one huge */
static void threads_change_nothing(void **state)
{
	static struct ima_replay_result one, many;
	struct ima_buffer list = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_pcrs targets = { 0 };

	for (unsigned int i = 0; i < 12000; i++)
		add_record(&list, 1 + i % 2, i == 7777 ? sm3_1 + 24 : i % 100 == 0 ? violation_20 : i % 2 ? sha1_2 : sha1_1);
	target(&targets, IMA_HASH_SHA256, pcr_sha256);
	assert_int_equal(replay(&list, &targets, 1, &one, &diag), 0);
	assert_int_equal(one.n_records, 12000);
	assert_int_equal(one.n_violations, 120);
	assert_int_equal(one.n_bad_digests, 1);
	assert_int_equal(one.first_bad, 7778);
	for (unsigned int threads = 2; threads <= 5; threads++) {
		memset(&many, 0xa5, sizeof(many));
		assert_int_equal(replay(&list, &targets, threads, &many, &diag), 0);
		assert_int_equal(many.n_pcrs, one.n_pcrs);
		assert_int_equal(many.first_bad, one.first_bad);
		assert_int_equal(many.first_bad_position, one.first_bad_position);
		assert_memory_equal(&many.pcrs[0].value, &one.pcrs[0].value, sizeof(one.pcrs[0].value));
	}
	ima_buffer_done(&list);
}

static void the_kexec_blob_goes_round(void **state)
{
	static const uint8_t head[IMA_KEXEC_HEAD_LEN] = { 1, 0, 0, 0, 0, 0, 0, 0, 0x26, 1, 0, 0, 0, 0, 0, 0, 3 };
	static struct ima_replay_result res;
	const struct ima_record legacy = { .name = { (const uint8_t *)"ima", 3 } };
	struct ima_buffer list = { 0 }, blob = { 0 };
	struct ima_pcrs targets = { 0 };
	struct ima_diag diag = { 0 };

	three_records(&list, sha1_1, sha1_2);
	assert_int_equal(list.len, 0x126 - IMA_KEXEC_HEAD_LEN);
	assert_int_equal(ima_kexec_head_write(&blob, list.len, 3), 0);
	assert_memory_equal(blob.data, head, sizeof(head));
	assert_int_equal(ima_buffer_append(&blob, list.data, list.len), 0);
	target(&targets, IMA_HASH_SHA256, pcr_sha256);
	assert_int_equal(replay(&blob, &targets, 1, &res, &diag), 0);
	assert_true(pcr10(&res, IMA_HASH_SHA256)->matched);
	/* a header that promises more or less than there is */
	blob.data[16] = 4;
	assert_int_equal(replay(&blob, &targets, 1, &res, &diag), -EBADMSG);
	blob.data[16] = 2;
	assert_int_equal(replay(&blob, &targets, 1, &res, &diag), -EBADMSG);
	blob.data[16] = 3;
	blob.data[8]++;
	assert_int_equal(replay(&blob, &targets, 1, &res, &diag), -EBADMSG);
	assert_false(ima_kexec_can_carry(&legacy));
	ima_buffer_done(&list);
	ima_buffer_done(&blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bank_is_reached),
		cmocka_unit_test(a_kernel_without_the_algorithm_pads_sha1),
		cmocka_unit_test(kernels_before_5_8_pad_every_bank),
		cmocka_unit_test(another_algorithm_of_the_same_size),
		cmocka_unit_test(a_bank_that_cannot_be_computed_is_named),
		cmocka_unit_test(damage_keeps_what_came_before),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(the_kexec_blob_goes_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
