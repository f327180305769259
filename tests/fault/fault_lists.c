/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading lists and firmware logs, and replaying them, while calls fail: the recorded values or an error, never other values. */
#include <sys/mman.h>
#include <unistd.h>

#include "read.h"

#include <ima/eventlog.h>
#include <ima/replay.h>

#include "base/mounts.h"

#define FOLDER "6.1-tcb-ima-sig/"

static int binary_fd, cut_fd, text_fd, mounts_fd;
static struct ima_buffer log_bytes;
static struct ima_pcrs pcrs;

static int memory_file(const struct ima_buffer *b)
{
	int fd = memfd_create("vector", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->data, b->len), (ssize_t)b->len);
	return fd;
}

static int begin(void **state)
{
	static const char mounts[] = "22 1 254:0 / / rw - ext4 /dev/vda rw\n23 22 0:21 / /a\\040b rw - fuse.sshfs x rw\n";
	struct ima_buffer b = read_vector(FOLDER "binary_runtime_measurements");
	struct ima_diag diag = { 0 };

	binary_fd = memory_file(&b);
	b.len -= 5;
	cut_fd = memory_file(&b);
	ima_buffer_done(&b);
	b = read_vector(FOLDER "ascii_runtime_measurements");
	text_fd = memory_file(&b);
	ima_buffer_done(&b);
	b = read_vector(FOLDER "pcrs");
	assert_int_equal(ima_pcrs_parse(ima_buffer_bytes(&b), IMA_HASH_SHA1, &pcrs, &diag), 0);
	ima_buffer_done(&b);
	log_bytes = read_vector(FOLDER "binary_bios_measurements");
	mounts_fd = memory_file(&(struct ima_buffer){ .data = (uint8_t *)(uintptr_t)mounts, .len = sizeof(mounts) - 1 });
	return 0;
}

/* all records, or an error; @want of them */
static int read_list(int fd, enum ima_list_format format, int end, uint64_t *ret_n)
{
	const struct ima_list_reader_opts opts = { .format = format };
	struct ima_list_reader *r = NULL;
	struct ima_diag diag = { 0 };
	const struct ima_template *templ;
	struct ima_record rec;
	int e;

	*ret_n = 0;
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	e = ima_list_reader_new(fd, &opts, &r);
	if (e < 0)
		return e;
	while ((e = ima_list_reader_next(r, &rec, &templ, &diag)) == 1)
		++*ret_n;
	ima_list_reader_free(r);
	return e == end ? 0 : e < 0 ? e : -EBADMSG;
}

static int reads_binary(void)
{
	uint64_t n;
	int r = read_list(cut_fd, IMA_LIST_BINARY, -EBADMSG, &n);

	if (r == 0)
		assert_true(n > 50); /* up to the cut */
	return r;
}

static int reads_text(void)
{
	uint64_t n;
	int r = read_list(text_fd, IMA_LIST_TEXT, -EBADMSG, &n);

	if (r == 0)
		assert_int_equal(n, 48); /* the next name has a newline */
	return r;
}

static int replays(void)
{
	static struct ima_replay_result res;
	const struct ima_replay_opts opts = { .targets = &pcrs, .n_threads = 1 };
	struct ima_diag diag = { 0 };
	int r;

	assert_int_equal(lseek(binary_fd, 0, SEEK_SET), 0);
	r = ima_replay_fd(binary_fd, &opts, &res, &diag);
	if (r < 0)
		return r;
	/* a digest that could not be made is no reason to call a list wrong, and none to call it right */
	for (size_t i = 0; i < res.n_pcrs; i++)
		if (res.pcrs[i].used && !res.pcrs[i].matched)
			r = -EIO;
	assert_int_equal(res.n_bad_digests, 0);
	return r;
}

static int replays_firmware(void)
{
	struct ima_hasher *h = NULL;
	struct ima_pcrs found = { 0 };
	struct ima_diag diag = { 0 };
	int r = ima_hasher_new(&h);

	if (r == 0)
		r = ima_eventlog_replay(h, ima_buffer_bytes(&log_bytes), &found, &diag);
	for (size_t i = 0; r == 0 && i < pcrs.n_banks; i++) {
		const struct ima_pcr_bank *b = ima_pcrs_bank_const(&found, pcrs.banks[i].algo);

		if (!b)
			r = -ENOPKG; /* the hasher does not offer it this time */
		else
			assert_memory_equal(b->value[4], pcrs.banks[i].value[4], ima_hash_len(pcrs.banks[i].algo));
	}
	ima_hasher_free(h);
	return r;
}

static int reads_mounts(void)
{
	struct ima_mounts m;
	int r = ima_mounts_read(mounts_fd, &m);

	if (r < 0)
		return r;
	assert_int_equal(m.n, 2);
	assert_string_equal(m.items[1].point, "/a b");
	ima_mounts_done(&m);
	return 0;
}

static void lists(void **state)
{
	all_turns(reads_binary, 2, 0);
	all_turns(reads_text, 4, 0);
}

static void replay(void **state)
{
	all_turns(replays, 10, 10);
}

static void firmware(void **state)
{
	all_turns(replays_firmware, 4, 20);
}

static void mounts(void **state)
{
	all_turns(reads_mounts, 2, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(replay),
		cmocka_unit_test(firmware),
		cmocka_unit_test(mounts),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
