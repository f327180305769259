/* SPDX-License-Identifier: BSD-2-Clause */
/* The live list and its journal: order of write and extend, duplicates, violations, failing edges, cut and damaged journals. */
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

#include "base/buffer.h"
#include "core/mlist/mlist.h"
#include "core/mlist/trim.h"

struct edges {
	int fd;
	int write_error, extend_error;
	unsigned int writes, extends;
	bool extended_before_written;
	struct ima_digest last[IMA_JOURNAL_MAX_SLOTS];
};

static int edge_write(void *user, struct ima_bytes record)
{
	struct edges *e = user;

	if (e->write_error)
		return e->write_error;
	e->writes++;
	return write(e->fd, record.data, record.len) == (ssize_t)record.len ? 0 : -EIO;
}

static int edge_extend(void *user, uint32_t pcr, const struct ima_digest *slots, size_t n)
{
	struct edges *e = user;

	e->extends++;
	e->extended_before_written |= e->extends > e->writes;
	memcpy(e->last, slots, n * sizeof(*slots));
	return e->extend_error;
}

static const struct ima_journal_head head = {
	.boot_id = { 1, 2, 3 },
	.default_algo = IMA_HASH_SHA256,
	.n_slots = 3,
	.slots = { { 0x04, IMA_HASH_SHA1, 20 }, { 0x0b, IMA_HASH_SHA256, 32 },
		   { 0x99, IMA_HASH__LAST, 48 } },
};

static int temp_file(void)
{
	char path[] = "/tmp/ima-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static struct ima_mlist *new_list(struct edges *e)
{
	const struct ima_mlist_opts opts = {
		.head = head, .ops = { .write = edge_write, .extend = edge_extend, .user = e },
	};
	struct ima_mlist *l;

	*e = (struct edges){ .fd = temp_file() };
	assert_int_equal(ima_journal_create(e->fd, &head), 0);
	assert_int_equal(ima_mlist_new(&opts, &l), 0);
	return l;
}

static int add(struct ima_mlist *l, struct ima_hasher *h, const char *name, uint8_t byte,
	       uint32_t pcr, bool violation, uint64_t event, enum ima_mlist_result *ret)
{
	const struct ima_template_in in = {
		.digest = { .algo = IMA_HASH_SHA256, .len = 32, .data = { byte } },
		.default_algo = IMA_HASH_SHA256,
		.violation = violation,
		.name = { (const uint8_t *)name, strlen(name) },
	};
	const struct ima_mlist_entry e = { .templ = ima_template_builtin("ima-ng", 6), .in = &in,
					   .pcr = pcr, .event = event };

	return ima_mlist_add(l, h, &e, ret, NULL);
}

static void duplicates_by_digest_and_pcr(void **state)
{
	enum ima_mlist_result res;
	struct ima_hasher *h;
	struct edges e;
	struct ima_mlist *l = new_list(&e);

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(add(l, h, "/a", 1, 10, false, 1, &res), 0);
	assert_int_equal(res, IMA_MLIST_ADDED);
	assert_int_equal(add(l, h, "/a", 1, 10, false, 2, &res), 0);
	assert_int_equal(res, IMA_MLIST_EXISTS);
	assert_int_equal(e.extends, 1);
	assert_int_equal(add(l, h, "/a", 1, 11, false, 3, &res), 0);
	assert_int_equal(res, IMA_MLIST_ADDED);
	assert_int_equal(add(l, h, "/a", 2, 10, false, 4, &res), 0);
	assert_int_equal(res, IMA_MLIST_ADDED);
	assert_int_equal(add(l, h, "/b", 1, 10, false, 5, &res), 0);
	assert_int_equal(res, IMA_MLIST_ADDED);
	assert_int_equal(e.writes, 4);
	assert_int_equal(e.extends, 4);
	assert_false(e.extended_before_written);
	/* the bank that nothing can compute carries the padded sha1 digest */
	assert_memory_equal(e.last[2].data, e.last[0].data, 20);
	assert_int_equal(e.last[2].data[20], 0);
	assert_int_equal(e.last[2].len, 48);
	ima_mlist_free(l);
	ima_hasher_free(h);
	close(e.fd);
}

static void violations_are_never_duplicates_but_never_doubled(void **state)
{
	enum ima_mlist_result res;
	struct ima_hasher *h;
	struct edges e;
	struct ima_mlist *l = new_list(&e);

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(add(l, h, "/v", 0, 10, true, 7, &res), 0);
	assert_int_equal(add(l, h, "/v", 0, 10, true, 8, &res), 0);
	assert_int_equal(res, IMA_MLIST_ADDED);
	assert_int_equal(add(l, h, "/v", 0, 10, true, 8, &res), 0); /* the same event, handled again */
	assert_int_equal(res, IMA_MLIST_EXISTS);
	assert_int_equal(ima_mlist_stats(l).violations, 2);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(e.last[1].data[i], 0xff);
	assert_int_equal(e.last[2].data[19], 0xff); /* unmapped: 20 bytes, then zeros */
	assert_int_equal(e.last[2].data[20], 0);
	ima_mlist_free(l);
	ima_hasher_free(h);
	close(e.fd);
}

static void a_record_that_cannot_be_written_is_not_extended(void **state)
{
	enum ima_mlist_result res = IMA_MLIST_NONE;
	struct ima_hasher *h;
	struct edges e;
	struct ima_mlist *l = new_list(&e);

	assert_int_equal(ima_hasher_new(&h), 0);
	e.write_error = -ENOSPC;
	assert_int_equal(add(l, h, "/a", 1, 10, false, 1, &res), -ENOSPC);
	assert_int_equal(e.extends, 0);
	assert_int_equal(ima_mlist_stats(l).entries, 0);
	e.write_error = 0;
	assert_int_equal(add(l, h, "/a", 1, 10, false, 2, &res), 0); /* and is not remembered as listed */
	assert_int_equal(res, IMA_MLIST_ADDED);
	ima_mlist_free(l);
	ima_hasher_free(h);
	close(e.fd);
}

static void a_tpm_failure_keeps_the_record(void **state)
{
	enum ima_mlist_result res;
	struct ima_hasher *h;
	struct edges e;
	struct ima_mlist *l = new_list(&e);

	assert_int_equal(ima_hasher_new(&h), 0);
	e.extend_error = -EIO;
	assert_int_equal(add(l, h, "/a", 1, 10, false, 1, &res), 0);
	assert_int_equal(res, IMA_MLIST_ADDED);
	assert_int_equal(ima_mlist_stats(l).tpm_errors, 1);
	assert_int_equal(ima_mlist_stats(l).entries, 1);
	ima_mlist_free(l);
	ima_hasher_free(h);
	close(e.fd);
}

static void a_new_list_takes_over_the_journal(void **state)
{
	struct ima_journal_reader *rd;
	struct ima_journal_record rec;
	enum ima_mlist_result res;
	struct ima_hasher *h;
	struct edges e, e2;
	struct ima_mlist *l = new_list(&e), *second = new_list(&e2);
	unsigned int n = 0;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(add(l, h, "/a", 1, 10, false, 5, &res), 0);
	assert_int_equal(add(l, h, "/v", 0, 10, true, 6, &res), 0);
	assert_int_equal(ima_journal_reader_new(e.fd, &rd, NULL), 0);
	assert_memory_equal(ima_journal_reader_head(rd)->boot_id, head.boot_id, 16);
	while (ima_journal_reader_next(rd, &rec, NULL) == 1) {
		assert_int_equal(ima_mlist_load(second, &rec), 0);
		n++;
	}
	assert_int_equal(n, 2);
	assert_int_equal(ima_mlist_stats(second).last_event, 6);
	assert_int_equal(add(second, h, "/a", 1, 10, false, 7, &res), 0);
	assert_int_equal(res, IMA_MLIST_EXISTS);
	assert_int_equal(add(second, h, "/v", 0, 10, true, 6, &res), 0);
	assert_int_equal(res, IMA_MLIST_EXISTS);
	/* a reader that came to the end goes on when something is appended */
	assert_int_equal(add(l, h, "/later", 9, 10, false, 8, &res), 0);
	assert_int_equal(ima_journal_reader_next(rd, &rec, NULL), 1);
	assert_int_equal(rec.event, 8);
	ima_journal_reader_free(rd);
	ima_mlist_free(l);
	ima_mlist_free(second);
	ima_hasher_free(h);
	close(e.fd);
	close(e2.fd);
}

/* every length at which a journal can be cut: whole records come out, the rest is "not there yet" */
static void a_cut_journal_gives_its_whole_records(void **state)
{
	enum ima_mlist_result res;
	struct ima_hasher *h;
	struct edges e;
	struct ima_mlist *l = new_list(&e);
	off_t start, middle, end;

	assert_int_equal(ima_hasher_new(&h), 0);
	start = lseek(e.fd, 0, SEEK_CUR);
	assert_int_equal(add(l, h, "/a", 1, 10, false, 1, &res), 0);
	middle = lseek(e.fd, 0, SEEK_CUR);
	assert_int_equal(add(l, h, "/b", 2, 10, false, 2, &res), 0);
	end = lseek(e.fd, 0, SEEK_CUR);
	for (off_t cut = end - 1; cut >= start; cut--) {
		struct ima_journal_reader *rd;
		struct ima_journal_record rec;
		int n = 0;

		assert_int_equal(ftruncate(e.fd, cut), 0);
		assert_int_equal(ima_journal_reader_new(e.fd, &rd, NULL), 0);
		while (ima_journal_reader_next(rd, &rec, NULL) == 1)
			n++;
		assert_int_equal(n, cut >= middle);
		assert_int_equal(ima_journal_reader_offset(rd), cut >= middle ? middle : start);
		ima_journal_reader_free(rd);
	}
	ima_mlist_free(l);
	ima_hasher_free(h);
	close(e.fd);
}

static void damaged_journals_are_refused(void **state)
{
	static const struct {
		off_t at;
		uint8_t byte;
	} changes[] = { { 0, 'X' }, { 8, 2 }, { 12, 1 }, { 32, 99 }, { 36, 0 }, { 36, 200 },
			{ 42, 77 }, { 44, 99 } };

	for (size_t i = 0; i < IMA_N_ELEMENTS(changes); i++) {
		struct ima_journal_reader *rd;
		struct ima_diag d = { 0 };
		int fd = temp_file();

		assert_int_equal(ima_journal_create(fd, &head), 0);
		assert_int_equal(ima_journal_create(fd, &head), -EEXIST);
		assert_int_equal(pwrite(fd, &changes[i].byte, 1, changes[i].at), 1);
		assert_int_equal(ima_journal_reader_new(fd, &rd, &d), -EBADMSG);
		assert_true(d.text[0]);
		close(fd);
	}
}

static void a_lying_record_length_is_refused(void **state)
{
	static const uint8_t lies[][4] = { { 0xff, 0xff, 0xff, 0xff }, { 0, 0, 0, 0 }, { 30, 0, 0, 0 } };

	for (size_t i = 0; i < IMA_N_ELEMENTS(lies); i++) {
		struct ima_journal_reader *rd;
		struct ima_journal_record rec;
		struct ima_diag d = { 0 };
		int fd = temp_file();

		assert_int_equal(ima_journal_create(fd, &head), 0);
		assert_int_equal(write(fd, lies[i], 4), 4);
		assert_int_equal(ima_journal_reader_new(fd, &rd, NULL), 0);
		assert_int_equal(ima_journal_reader_next(rd, &rec, &d), -EBADMSG);
		assert_true(d.has_offset && d.offset == 64);
		ima_journal_reader_free(rd);
		close(fd);
	}
}

/* tests/fuzz/corpus/deleted.journal is three.journal after its first two records were deleted, both written by hand */
static int open_corpus(const char *name)
{
	char path[4096];
	int from, fd = temp_file();
	ssize_t n;

	snprintf(path, sizeof(path), "%s/../fuzz/corpus/%s", getenv("IMA_TEST_VECTORS"), name);
	from = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(from >= 0);
	while ((n = read(from, path, sizeof(path))) > 0)
		assert_int_equal(write(fd, path, (size_t)n), n);
	close(from);
	return fd;
}

static void deleting_leaves_what_is_documented(void **state)
{
	int whole = open_corpus("three.journal"), deleted = open_corpus("deleted.journal");
	struct ima_buffer base = { 0 };
	uint8_t want[512];
	uint64_t next;

	assert_int_equal(ima_journal_base_make(whole, 2, &base, &next, NULL), 0);
	assert_int_equal(pread(deleted, want, base.len, 56), base.len);
	assert_memory_equal(base.data, want, base.len);
	assert_int_equal(ima_journal_base_make(whole, 4, &base, &next, NULL), -ENOENT);
	ima_buffer_done(&base);
	close(whole);
	close(deleted);
}

static void deleted_records_are_behind_the_first_one_left(void **state)
{
	int whole = open_corpus("three.journal"), deleted = open_corpus("deleted.journal");
	struct ima_journal_reader *a, *b;
	struct ima_journal_record x, y;

	assert_int_equal(ima_journal_reader_new(whole, &a, NULL), 0);
	assert_int_equal(ima_journal_reader_new(deleted, &b, NULL), 0);
	assert_null(ima_journal_reader_base(a));
	assert_int_equal(ima_journal_reader_base(b)->deleted, 2);
	for (uint64_t i = 0; i < 2; i++) {
		assert_int_equal(ima_journal_reader_next(a, &x, NULL), 1);
		ima_journal_base_stub(ima_journal_reader_head(b), ima_journal_reader_base(b), i, &y);
		assert_int_equal(x.rec.pcr, y.rec.pcr);
		for (size_t k = 0; k < 2; k++)
			assert_memory_equal(x.slot[k].data, y.slot[k].data, x.slot[k].len);
	}
	assert_int_equal(ima_journal_reader_next(a, &x, NULL), 1);
	assert_int_equal(ima_journal_reader_next(b, &y, NULL), 1);
	assert_memory_equal(x.binary.data, y.binary.data, x.binary.len);
	assert_int_equal(ima_journal_reader_offset(a), ima_journal_reader_offset(b));
	ima_journal_reader_free(a);
	ima_journal_reader_free(b);
	close(whole);
	close(deleted);
}

static void a_lying_deletion_is_refused(void **state)
{
	/* offset in what is left, value: its length, the count, violations, a stub's size */
	static const struct {
		int at;
		uint8_t value;
	} lies[] = { { 4, 1 }, { 7, 0x7f }, { 16, 3 }, { 16, 0 }, { 23, 0xff }, { 24, 9 }, { 40, 0 }, { 40, 61 } };

	for (size_t i = 0; i < IMA_N_ELEMENTS(lies); i++) {
		int fd = open_corpus("deleted.journal");
		struct ima_journal_reader *r = NULL;
		struct ima_diag diag = { 0 };

		assert_int_equal(pwrite(fd, &lies[i].value, 1, 56 + lies[i].at), 1);
		if (ima_journal_reader_new(fd, &r, &diag) != -EBADMSG || !diag.has_offset || diag.offset != 56)
			fail_msg("lie %zu was believed", i);
		close(fd);
	}
}

static void deleted_digests_keep_duplicates_out(void **state)
{
	struct ima_mlist *l;
	struct edges e = { .fd = temp_file() };
	const struct ima_mlist_opts opts = { .head = head, .ops = { edge_write, edge_extend, &e } };
	const uint8_t key[32] = { 7 };

	assert_int_equal(ima_mlist_new(&opts, &l), 0);
	ima_mlist_load_deleted(l, 5, 2, 77);
	assert_int_equal(ima_mlist_load_key(l, 10, (struct ima_bytes){ key, sizeof(key) }), 0);
	assert_int_equal(ima_mlist_stats(l).deleted, 5);
	assert_int_equal(ima_mlist_stats(l).violations, 2);
	assert_int_equal(ima_mlist_stats(l).last_event, 77);
	assert_int_equal(ima_mlist_stats(l).entries, 0);
	ima_mlist_free(l);
	close(e.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duplicates_by_digest_and_pcr),
		cmocka_unit_test(violations_are_never_duplicates_but_never_doubled),
		cmocka_unit_test(a_record_that_cannot_be_written_is_not_extended),
		cmocka_unit_test(a_tpm_failure_keeps_the_record),
		cmocka_unit_test(a_new_list_takes_over_the_journal),
		cmocka_unit_test(a_cut_journal_gives_its_whole_records),
		cmocka_unit_test(damaged_journals_are_refused),
		cmocka_unit_test(a_lying_record_length_is_refused),
		cmocka_unit_test(deleting_leaves_what_is_documented),
		cmocka_unit_test(deleted_records_are_behind_the_first_one_left),
		cmocka_unit_test(a_lying_deletion_is_refused),
		cmocka_unit_test(deleted_digests_keep_duplicates_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
