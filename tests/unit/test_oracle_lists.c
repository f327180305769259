/* SPDX-License-Identifier: BSD-2-Clause */
/* Every list that a real kernel printed: read, printed, written, hashed and replayed, byte for byte. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ima/replay.h>

#include "base/buffer.h"

static const struct {
	const char *folder;
	const char *suffix; /* of the list files */
	enum ima_hash_algo algo;
} lists[] = {
	{ "6.1-tcb-ima-sig", "", IMA_HASH_SHA1 },
	{ "6.1-tcb-ima-legacy", "", IMA_HASH_SHA1 },
	{ "6.1-tcb-ima-ng", "", IMA_HASH_SHA1 },
	{ "6.1-tcb-ngv2-sha1", "", IMA_HASH_SHA1 },
	{ "6.1-tcb-critical-sigv2", "", IMA_HASH_SHA1 },
	{ "6.1-tcb-all-fields", "", IMA_HASH_SHA1 },
	{ "6.1-custom-policy", "", IMA_HASH_SHA1 },
	{ "6.1-appraise", "", IMA_HASH_SHA1 },
	{ "6.1-tcb-four-banks", "", IMA_HASH_SHA1 },
	{ "6.12-tcb", "", IMA_HASH_SHA1 },
	{ "6.12-tcb", "_sha1", IMA_HASH_SHA1 },
	{ "6.12-tcb", "_sha256", IMA_HASH_SHA256 },
	{ "6.12-tcb", "_sha384", IMA_HASH_SHA384 },
	{ "6.12-tcb", "_sha512", IMA_HASH_SHA512 },
};

static int open_vector(const char *folder, const char *name, const char *suffix)
{
	const char *root = getenv("IMA_TEST_VECTORS");
	char path[4096];
	int fd;

	assert_non_null(root);
	snprintf(path, sizeof(path), "%s/%s/%s%s", root, folder, name, suffix);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return fd;
}

static void read_all(int fd, struct ima_buffer *out)
{
	ssize_t n;

	do {
		assert_int_equal(ima_buffer_reserve(out, 65536), 0);
		n = read(fd, out->data + out->len, 65536);
		assert_true(n >= 0);
		out->len += (size_t)n;
	} while (n);
}

static void same_bytes(const char *what, const struct ima_buffer *have, const struct ima_buffer *want)
{
	size_t i = 0;

	while (i < have->len && i < want->len && have->data[i] == want->data[i])
		i++;
	if (have->len != want->len || i != have->len)
		fail_msg("%s: differs at byte %zu (%zu and %zu bytes)", what, i, have->len, want->len);
}

static void convert(const char *folder, const char *name, const char *suffix,
		    enum ima_hash_algo algo, struct ima_buffer *text, struct ima_buffer *binary)
{
	int fd = open_vector(folder, name, suffix);
	struct ima_list_reader *in = NULL;
	const struct ima_template *t;
	struct ima_diag diag = { 0 };
	struct ima_record rec;
	int r;

	assert_int_equal(ima_list_reader_new(fd, NULL, &in), 0);
	while ((r = ima_list_reader_next(in, &rec, &t, &diag)) == 1) {
		assert_int_equal(ima_list_reader_digest_algo(in), algo);
		assert_int_equal(ima_record_print(text, &rec, t), 0);
		assert_int_equal(ima_record_write(binary, &rec), 0);
	}
	if (r < 0)
		fail_msg("%s/%s%s: line %u offset %llu: %s", folder, name, suffix, diag.line,
			 (unsigned long long)diag.offset, diag.text);
	ima_list_reader_free(in);
	close(fd);
}

static void binary_gives_text_and_binary(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(lists); i++) {
		struct ima_buffer text = { 0 }, binary = { 0 }, want = { 0 };
		int fd;

		convert(lists[i].folder, "binary_runtime_measurements", lists[i].suffix,
			lists[i].algo, &text, &binary);
		fd = open_vector(lists[i].folder, "ascii_runtime_measurements", lists[i].suffix);
		read_all(fd, &want);
		close(fd);
		/* the two files were read one after the other: the text came first and may be shorter */
		assert_true(text.len >= want.len);
		text.len = want.len;
		same_bytes(lists[i].folder, &text, &want);
		want.len = 0;
		fd = open_vector(lists[i].folder, "binary_runtime_measurements", lists[i].suffix);
		read_all(fd, &want);
		close(fd);
		same_bytes(lists[i].folder, &binary, &want);
		ima_buffer_done(&text);
		ima_buffer_done(&binary);
		ima_buffer_done(&want);
	}
}

/* a name with a newline in it makes two lines: that text cannot be read back, and is refused at its line */
static void text_gives_text_and_binary(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(lists); i++) {
		int fd = open_vector(lists[i].folder, "ascii_runtime_measurements", lists[i].suffix);
		struct ima_buffer text = { 0 }, want = { 0 };
		struct ima_list_reader *in = NULL;
		const struct ima_template *t;
		struct ima_diag diag = { 0 };
		struct ima_record rec;
		int r;

		read_all(fd, &want);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(ima_list_reader_new(fd, NULL, &in), 0);
		while ((r = ima_list_reader_next(in, &rec, &t, &diag)) == 1)
			assert_int_equal(ima_record_print(&text, &rec, t), 0);
		if (memmem(want.data, want.len, "newline\nname", 12)) {
			assert_int_equal(r, -EBADMSG);
			assert_true(diag.line > 1);
			assert_true(text.len < want.len);
			want.len = text.len;
		} else {
			assert_int_equal(r, 0);
		}
		same_bytes(lists[i].folder, &text, &want);
		ima_list_reader_free(in);
		ima_buffer_done(&text);
		ima_buffer_done(&want);
		close(fd);
	}
}

static void replay_reaches_every_pcr(void **state)
{
	static const struct ima_pcrs none;
	for (size_t i = 0; i < IMA_N_ELEMENTS(lists); i++) {
		int list = open_vector(lists[i].folder, "binary_runtime_measurements",
				       lists[i].suffix);
		int pcr_file = open_vector(lists[i].folder, "pcrs", "");
		struct ima_replay_result res;
		struct ima_pcrs pcrs = none;
		struct ima_buffer text = { 0 };
		struct ima_diag diag = { 0 };
		unsigned int checked = 0;

		read_all(pcr_file, &text);
		assert_int_equal(ima_pcrs_parse(ima_buffer_bytes(&text), IMA_HASH_SHA1, &pcrs, &diag), 0);
		assert_int_equal(ima_replay_fd(list, &(struct ima_replay_opts){ .targets = &pcrs }, &res, &diag), 0);
		assert_int_equal(res.n_bad_digests, 0);
		for (size_t k = 0; k < res.n_pcrs; k++) {
			const struct ima_replay_pcr *p = &res.pcrs[k];

			if (!p->used)
				continue;
			checked++;
			/* the one kernel that lacked algorithms of its TPM */
			assert_int_equal(p->padded, strstr(lists[i].folder, "four-banks") && p->algo != IMA_HASH_SHA1 &&
							    p->algo != IMA_HASH_SHA256);
			if (!p->matched)
				fail_msg("%s%s: %s PCR %u is never reached in %llu records",
					 lists[i].folder, lists[i].suffix, ima_hash_name(p->algo),
					 p->pcr, (unsigned long long)res.n_records);
		}
		assert_true(checked >= 2); /* both banks */
		ima_buffer_done(&text);
		close(list);
		close(pcr_file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binary_gives_text_and_binary),
		cmocka_unit_test(text_gives_text_and_binary),
		cmocka_unit_test(replay_reaches_every_pcr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
