/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of members, what layers hide, names of one file in a cpio, headers of an RPM, lines of a manifest. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "core/archive/image.h"
#include "core/archive/links.h"
#include "core/archive/manifest.h"
#include "core/archive/rpm.h"

static void names_are_those_of_an_unpacked_tree(void **state)
{
	static const struct {
		const char *in, *want, *merged;
		bool leaves;
	} t[] = {
		{ "usr/bin/x", "/usr/bin/x", "/usr/bin/x", false },
		{ "./usr//bin/./x", "/usr/bin/x", "/usr/bin/x", false },
		{ "/abs/x/", "/abs/x", "/abs/x", false },
		{ "", "/", "/", false },
		{ "./", "/", "/", false },
		{ "bin/sh", "/bin/sh", "/usr/bin/sh", false },
		{ "./lib64/ld.so", "/lib64/ld.so", "/usr/lib64/ld.so", false },
		{ "bin", "/bin", "/bin", false },
		{ "bin/", "/bin", "/bin", false },
		{ "binary/x", "/binary/x", "/binary/x", false },
		{ "usr/lib/x", "/usr/lib/x", "/usr/lib/x", false },
		{ "../x", "/../x", "/../x", true },
		{ "a/../../x", "/a/../../x", "/a/../../x", true },
		{ "a/..", "/a/..", "/a/..", true },
		{ "a/..b", "/a/..b", "/a/..b", false },
	};
	struct ima_buffer b = { 0 };
	bool leaves;

	for (size_t i = 0; i < IMA_N_ELEMENTS(t); i++) {
		assert_int_equal(ima_archive_path(t[i].in, false, &b, &leaves), 0);
		assert_string_equal((char *)b.data, t[i].want);
		assert_int_equal(leaves, t[i].leaves);
		assert_int_equal(ima_archive_path(t[i].in, true, &b, &leaves), 0);
		assert_string_equal((char *)b.data, t[i].merged);
	}
	ima_buffer_done(&b);
}

static void a_long_name_is_refused(void **state)
{
	char name[IMA_ARCHIVE_MAX_PATH + 2];
	struct ima_buffer b = { 0 };
	bool leaves;

	memset(name, 'a', sizeof(name));
	name[IMA_ARCHIVE_MAX_PATH] = 0;
	assert_int_equal(ima_archive_path(name, false, &b, &leaves), -EFBIG);
	name[IMA_ARCHIVE_MAX_PATH - 1] = 0;
	assert_int_equal(ima_archive_path(name, false, &b, &leaves), 0);
	assert_int_equal(b.len, IMA_ARCHIVE_MAX_PATH);
	ima_buffer_done(&b);
}

/* from the highest layer down; after each "-" the next lower one. Rules: OCI image layer specification, "Whiteouts" */
static void layers_above_hide_what_is_below(void **state)
{
	static const struct {
		const char *path; /* NULL: the layer is done */
		bool folder;
		int seen;
	} t[] = {
		{ "/a/file", false, 1 },      { "/gone/.wh.x", false, 0 }, { "/opaque/.wh..wh..opq", false, 0 },
		{ "/opaque/new", false, 1 },  { "/.wh.tree", false, 0 },   { "/was-folder", false, 1 },
		{ "/folder", true, 1 },       { "/same/.wh.both", false, 0 }, { "/same/both", false, 1 },
		{ "/.wh..wh.plnk", false, 0 }, { NULL },
		{ "/a/file", false, 0 },      { "/a/other", false, 1 },    { "/gone/x", false, 0 },
		{ "/gone/xy", false, 1 },     { "/gone/x/below", false, 0 }, { "/opaque/old", false, 0 },
		{ "/opaque/deep/old", false, 0 }, { "/opaque", true, 1 },  { "/tree/y", false, 0 },
		{ "/tree", true, 0 },         { "/was-folder", true, 0 },  { "/was-folder/z", false, 0 },
		{ "/folder", true, 0 },       { "/folder/kept", false, 1 }, { "/same/both", false, 0 },
		{ "/later/.wh.q", false, 0 }, { NULL },
		{ "/a/other", false, 0 },     { "/later/q", false, 0 },    { "/deepest", false, 1 },
		{ "/.wh..wh..opq", false, 0 }, { NULL },
		{ "/anything", false, 0 },    { "/any/where", false, 0 },
	};
	struct ima_upper *u;

	assert_int_equal(ima_upper_new(&u), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(t); i++) {
		if (!t[i].path)
			assert_int_equal(ima_upper_layer_done(u), 0);
		else if (ima_upper_see(u, t[i].path, t[i].folder) != t[i].seen)
			fail_msg("%s", t[i].path);
	}
	ima_upper_free(u);
}

static void other_names_wait_for_the_content(void **state)
{
	const struct ima_entry empty = { .dev = 1, .ino = 7, .nlink = 3 }, other = { .dev = 2, .ino = 7, .nlink = 2 };
	const struct ima_entry full = { .dev = 1, .ino = 7, .nlink = 3, .size = 5 };
	struct ima_links l = { 0 };
	const char *target = NULL;
	const struct ima_link *i;

	assert_int_equal(ima_links_see(&l, &empty, "/first", &target), 0);
	assert_int_equal(ima_links_see(&l, &other, "/alone", &target), 0);
	assert_int_equal(ima_links_see(&l, &full, "/content", &target), 1);
	i = ima_links_next(&l, &target);
	assert_non_null(i);
	assert_string_equal(i->path, "/first");
	assert_string_equal(target, "/content");
	assert_null(ima_links_next(&l, &target));
	assert_int_equal(ima_links_see(&l, &empty, "/after", &target), 2);
	assert_string_equal(target, "/content");
	i = ima_links_rest(&l);
	assert_non_null(i);
	assert_string_equal(i->path, "/alone");
	assert_null(ima_links_rest(&l));
	ima_links_done(&l);
}

static void put32(struct ima_buffer *b, uint32_t v)
{
	const uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	assert_int_equal(ima_buffer_append(b, be, sizeof(be)), 0);
}

/* lead, an empty signature header, a header with two files */
static void make_rpm(struct ima_buffer *b, uint32_t offset, uint32_t n_names, uint32_t dir)
{
	static const char store[] = "a\0b\0/usr/bin/\0" "11\0" "22";
	const uint32_t tags[][4] = { { 1117, 8, offset, n_names }, { 1118, 8, 4, 1 }, { 1116, 4, 20, 2 }, { 1035, 8, 14, 2 } };

	b->len = 0;
	put32(b, 0xedabeedb);
	for (int i = 0; i < 23; i++)
		put32(b, 0);
	for (int header = 0; header < 2; header++) {
		put32(b, 0x8eade801);
		put32(b, 0);
		put32(b, header ? 4 : 0);
		put32(b, header ? 28 : 0);
	}
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 4; k++)
			put32(b, tags[i][k]);
	assert_int_equal(ima_buffer_append(b, store, 20), 0);
	put32(b, 0);
	put32(b, dir);
}

static void an_rpm_header_that_does_not_fit_is_refused(void **state)
{
	struct ima_buffer b = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_rpm *p;
	uint64_t need;

	make_rpm(&b, 0, 2, 0);
	assert_int_equal(ima_rpm_parse(ima_buffer_bytes(&b), &p, &need, &diag), 0);
	assert_int_equal(ima_rpm_n_files(p), 2);
	assert_int_equal(ima_rpm_find(p, "/usr/bin/b"), 1);
	assert_int_equal(ima_rpm_find(p, "/usr/bin/c"), 2);
	assert_memory_equal(ima_rpm_file(p, 1).digest.data, "22", 2);
	assert_int_equal(ima_rpm_payload(p), b.len);
	ima_rpm_free(p);
	for (size_t cut = 0; cut < b.len; cut++) {
		assert_int_equal(ima_rpm_parse((struct ima_bytes){ b.data, cut }, &p, &need, &diag), -EAGAIN);
		assert_true(need > cut && need <= b.len);
	}
	make_rpm(&b, 29, 2, 0); /* names past the store */
	assert_int_equal(ima_rpm_parse(ima_buffer_bytes(&b), &p, &need, &diag), -EBADMSG);
	make_rpm(&b, 0, 9, 0); /* more names than indexes */
	assert_int_equal(ima_rpm_parse(ima_buffer_bytes(&b), &p, &need, &diag), -EBADMSG);
	make_rpm(&b, 0, 2, 1); /* a folder that is not there */
	assert_int_equal(ima_rpm_parse(ima_buffer_bytes(&b), &p, &need, &diag), -EBADMSG);
	ima_buffer_done(&b);
}

#define D64 "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define HEAD "imad-manifest 1\n"
#define FILE_A "sha256:" D64 " 100644 0 0 0404" D64 " - /a\n"

static int read_text(const char *text, struct ima_diag *diag)
{
	ima_cleanup(ima_fclosep) FILE *in = fmemopen(ima_unconst(text), strlen(text), "r");
	const struct ima_manifest_entry *e;
	struct ima_manifest_reader *reader;
	int r, n = 0;

	assert_non_null(in);
	assert_int_equal(ima_manifest_reader_new(in, &reader), 0);
	while ((r = ima_manifest_next(reader, &e, diag)) > 0)
		n++;
	ima_manifest_reader_free(reader);
	return r < 0 ? r : n;
}

static void a_manifest_is_read_strictly(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
	} bad[] = {
		{ "x", 1 },
		{ "imad-manifest 2\nend 0\n", 1 },
		{ HEAD, 2 },
		{ HEAD FILE_A, 3 },
		{ HEAD FILE_A "end 1", 3 },
		{ HEAD FILE_A "end 2\n", 3 },
		{ HEAD FILE_A "end 01\n", 3 },
		{ HEAD FILE_A "end 1\n" FILE_A, 4 },
		{ HEAD "md7:00 100644 0 0 - - /a\nend 1\n", 2 },
		{ HEAD "sha256:00 100644 0 0 - - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 644 0 0 - - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 040755 0 0 - - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 4294967296 0 - - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 00 0 - - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 -1 - - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 0 - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 0A - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 -  - /a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - a\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - /\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - /a/../b\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - /a//b\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - /a/.\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - /a\\x41\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - /a\\x00\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - /a\\n\nend 1\n", 2 },
		{ HEAD "sha256:" D64 " 100644 0 0 - - /a\tb\nend 1\n", 2 },
	};
	struct ima_diag diag;

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++) {
		diag = (struct ima_diag){ 0 };
		if (read_text(bad[i].text, &diag) != -EBADMSG || diag.line != bad[i].line || !diag.text[0])
			fail_msg("%s: line %u, %s", bad[i].text, diag.line, diag.text);
	}
	assert_int_equal(read_text(HEAD "end 0\n", &diag), 0);
	assert_int_equal(read_text(HEAD FILE_A "sha256:" D64 " 104755 4294967295 12 - 05 /b c\\x0a\\x5cd\xc3\xbc\nend 2\n", &diag), 2);
}

static void an_entry_without_a_proper_path_is_not_written(void **state)
{
	static const char *const paths[] = { "a", "/", "/a/", "/../a", "" };
	struct ima_manifest_entry e = { .content = { .algo = IMA_HASH_SHA256, .len = 32 }, .mode = 0100644 };
	struct ima_buffer b = { 0 };

	for (size_t i = 0; i < IMA_N_ELEMENTS(paths); i++) {
		e.path = paths[i];
		assert_int_equal(ima_manifest_add(&e, &b), -EINVAL);
		assert_int_equal(b.len, 0);
	}
	ima_buffer_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_an_unpacked_tree),
		cmocka_unit_test(a_long_name_is_refused),
		cmocka_unit_test(layers_above_hide_what_is_below),
		cmocka_unit_test(other_names_wait_for_the_content),
		cmocka_unit_test(an_rpm_header_that_does_not_fit_is_refused),
		cmocka_unit_test(a_manifest_is_read_strictly),
		cmocka_unit_test(an_entry_without_a_proper_path_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
