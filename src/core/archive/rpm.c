/* SPDX-License-Identifier: BSD-2-Clause */
/* Two headers of the same shape behind a lead; every offset and count is checked against the store that it points into. */
#include "core/archive/rpm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/reader.h"

#define LEAD_LEN 96
#define LEAD_MAGIC 0xedabeedbU
#define HEADER_MAGIC 0x8eade801U
#define ENTRY_LEN 16
#define MAX_ENTRIES 65536U
#define MAX_FILES (4U << 20)

enum { TYPE_INT16 = 3, TYPE_INT32 = 4, TYPE_INT64 = 5, TYPE_STRING = 6, TYPE_STRING_ARRAY = 8 };
enum {
	SIG_FILE_SIGNATURES = 274, /* in the signature header */
	NAME = 1000,
	VERSION = 1001,
	RELEASE = 1002,
	EPOCH = 1003,
	FILE_SIZES = 1028,
	FILE_MODES = 1030,
	FILE_DIGESTS = 1035,
	FILE_FLAGS = 1037,
	DIR_INDEXES = 1116,
	BASE_NAMES = 1117,
	DIR_NAMES = 1118,
	LONG_FILE_SIZES = 5008,
	FILE_DIGEST_ALGO = 5011,
	FILE_SIGNATURES = 5090,
};

struct header {
	struct ima_bytes index, store;
};

struct ima_rpm {
	struct ima_rpm_file *files;
	size_t n_files;
	size_t *by_name; /* indexes, sorted by path */
	uint32_t algo;   /* OpenPGP's number */
	uint64_t payload;
	const char *name, *version, *release; /* borrowed from the text; "" */
	uint32_t epoch;
	bool has_epoch;
};

/* u32 magic | u32 0 | u32 entries | u32 bytes of the store | entries | store */
static int read_header(struct ima_reader *in, struct header *ret, uint64_t *need, struct ima_diag *diag)
{
	const uint64_t at = ima_reader_offset(in);
	struct ima_reader cur = *in;
	uint32_t magic, zero, n, len;

	if (ima_read_u32(&cur, &magic) < 0 || ima_read_u32(&cur, &zero) < 0 || ima_read_u32(&cur, &n) < 0 ||
	    ima_read_u32(&cur, &len) < 0) {
		*need = at + 16;
		return -EAGAIN;
	}
	if (magic != HEADER_MAGIC)
		return ima_diag_at(diag, -EBADMSG, at, "no header of an RPM package");
	if (n > MAX_ENTRIES || len > IMA_RPM_MAX_HEADER)
		return ima_diag_at(diag, -EBADMSG, at, "a header of %u entries and %u bytes", n, len);
	if (ima_read_bytes(&cur, (size_t)n * ENTRY_LEN, &ret->index) < 0 ||
	    ima_read_bytes(&cur, len, &ret->store) < 0) {
		*need = at + 16 + (uint64_t)n * ENTRY_LEN + len;
		return -EAGAIN;
	}
	*in = cur;
	return 0;
}

/* 1 found: @ret its values up to the end of the store */
static int find_tag(const struct header *h, uint32_t want, uint32_t type, struct ima_reader *ret, uint32_t *ret_n)
{
	struct ima_reader in = ima_reader_init(h->index, IMA_ORDER_BIG);
	uint32_t tag, t, offset, n;

	while (ima_reader_left(&in)) {
		if (ima_read_u32(&in, &tag) < 0 || ima_read_u32(&in, &t) < 0 || ima_read_u32(&in, &offset) < 0 ||
		    ima_read_u32(&in, &n) < 0)
			return -EBADMSG;
		if (tag != want)
			continue;
		if (t != type || offset > h->store.len || n > MAX_FILES)
			return -EBADMSG;
		*ret = ima_reader_init((struct ima_bytes){ h->store.data + offset, h->store.len - offset }, IMA_ORDER_BIG);
		*ret_n = n;
		return 1;
	}
	return 0;
}

static int next_string(struct ima_reader *in, struct ima_bytes *ret)
{
	const uint8_t *end = memchr(in->pos, 0, ima_reader_left(in));

	if (!end)
		return -EBADMSG;
	*ret = (struct ima_bytes){ in->pos, (size_t)(end - in->pos) };
	in->pos = end + 1;
	return 0;
}

/* the string array of a tag; absent: all empty */
static int take_strings(const struct header *h, uint32_t tag, size_t n_files, size_t member, struct ima_rpm_file *files)
{
	struct ima_reader in;
	uint32_t n = 0;
	int r = find_tag(h, tag, TYPE_STRING_ARRAY, &in, &n);

	if (r > 0 && n != n_files)
		return -EBADMSG;
	for (size_t i = 0; r > 0 && i < n; i++)
		if (next_string(&in, (struct ima_bytes *)((char *)&files[i] + member)) < 0)
			return -EBADMSG;
	return r < 0 ? r : 0;
}

static int next_number(struct ima_reader *in, uint32_t type, uint64_t *ret)
{
	uint32_t word;
	uint16_t half;
	int r;

	if (type == TYPE_INT64)
		return ima_read_u64(in, ret);
	if (type == TYPE_INT16) {
		r = ima_read_u16(in, &half);
		*ret = r < 0 ? 0 : half;
	} else {
		r = ima_read_u32(in, &word);
		*ret = r < 0 ? 0 : word;
	}
	return r;
}

/* the number array of a tag; absent: all stay as they are. @member: of uint32_t, or of uint64_t when @is_wide */
static int take_numbers(const struct header *h, uint32_t tag, uint32_t type, struct ima_rpm *p, size_t member, bool is_wide)
{
	struct ima_reader in;
	uint32_t n = 0;
	uint64_t v;
	int r = find_tag(h, tag, type, &in, &n);

	if (r > 0 && n != p->n_files)
		return -EBADMSG;
	for (size_t i = 0; r > 0 && i < n; i++) {
		void *field = (char *)&p->files[i] + member;

		if (next_number(&in, type, &v) < 0)
			return -EBADMSG;
		if (is_wide)
			*(uint64_t *)field = v;
		else
			*(uint32_t *)field = (uint32_t)v;
	}
	return r < 0 ? r : 0;
}

/* a tag with one string; absent: "" */
static int take_text(const struct header *h, uint32_t tag, const char **ret)
{
	struct ima_reader in;
	struct ima_bytes s;
	uint32_t n = 0;
	int r = find_tag(h, tag, TYPE_STRING, &in, &n);

	*ret = "";
	if (r <= 0)
		return r;
	if (next_string(&in, &s) < 0)
		return -EBADMSG;
	*ret = (const char *)s.data;
	return 0;
}

static int take_identity(struct ima_rpm *p, const struct header *h)
{
	struct ima_reader in;
	uint32_t n = 0;
	int r = take_text(h, NAME, &p->name);

	if (r == 0)
		r = take_text(h, VERSION, &p->version);
	if (r == 0)
		r = take_text(h, RELEASE, &p->release);
	if (r == 0)
		r = find_tag(h, EPOCH, TYPE_INT32, &in, &n);
	p->has_epoch = r > 0;
	return r > 0 ? ima_read_u32(&in, &p->epoch) : r;
}

static int take_dirs(const struct header *h, const char ***ret, uint32_t *ret_n)
{
	ima_cleanup(ima_freep) const char **dirs = NULL;
	struct ima_reader in;
	struct ima_bytes s;
	uint32_t n = 0;
	int r = find_tag(h, DIR_NAMES, TYPE_STRING_ARRAY, &in, &n);

	if (r <= 0)
		return -EBADMSG;
	dirs = calloc((size_t)n + 1, sizeof(*dirs));
	if (!dirs)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		if (next_string(&in, &s) < 0)
			return -EBADMSG;
		dirs[i] = (const char *)s.data;
	}
	*ret = ima_take(dirs);
	*ret_n = n;
	return 0;
}

static int take_names(struct ima_rpm *p, const struct header *h)
{
	ima_cleanup(ima_freep) const char **dirs = NULL;
	struct ima_reader names, indexes;
	uint32_t n = 0, n_indexes = 0, n_dirs = 0, dir;
	struct ima_bytes s;
	int r = find_tag(h, BASE_NAMES, TYPE_STRING_ARRAY, &names, &n);

	if (r <= 0)
		return r; /* a package without files */
	if (find_tag(h, DIR_INDEXES, TYPE_INT32, &indexes, &n_indexes) <= 0 || n_indexes != n)
		return -EBADMSG;
	r = take_dirs(h, &dirs, &n_dirs);
	if (r < 0)
		return r;
	p->files = calloc((size_t)n + 1, sizeof(*p->files));
	if (!p->files)
		return -ENOMEM;
	for (; p->n_files < n; p->n_files++) {
		if (next_string(&names, &s) < 0 || ima_read_u32(&indexes, &dir) < 0 || dir >= n_dirs)
			return -EBADMSG;
		p->files[p->n_files] = (struct ima_rpm_file){ .dir = dirs[dir], .base = (const char *)s.data };
	}
	return 0;
}

static int compare(const struct ima_rpm_file *f, const char *path)
{
	const size_t len = strlen(f->dir);
	const int c = strncmp(f->dir, path, len);

	return c ? c : strcmp(f->base, path + len);
}

static int by_path(const void *a, const void *b, void *user)
{
	const struct ima_rpm_file *files = user, *fa = &files[*(const size_t *)a], *fb = &files[*(const size_t *)b];
	const size_t la = strlen(fa->dir), lb = strlen(fb->dir);
	const char *sa = fa->dir, *sb = fb->dir;

	/* letter by letter over the border of folder and name */
	for (size_t i = 0;; i++) {
		const unsigned char ca = (unsigned char)(i < la ? sa[i] : fa->base[i - la]);
		const unsigned char cb = (unsigned char)(i < lb ? sb[i] : fb->base[i - lb]);

		if (ca != cb || !ca)
			return ca - cb;
	}
}

static int sort_names(struct ima_rpm *p)
{
	p->by_name = calloc(p->n_files + 1, sizeof(*p->by_name));
	if (!p->by_name)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_files; i++)
		p->by_name[i] = i;
	qsort_r(p->by_name, p->n_files, sizeof(*p->by_name), by_path, p->files);
	return 0;
}

static int take_files(struct ima_rpm *p, const struct header *sig, const struct header *main)
{
	struct ima_reader in;
	uint32_t n = 0;
	int r = take_names(p, main);

	if (r == 0)
		r = take_strings(main, FILE_DIGESTS, p->n_files, offsetof(struct ima_rpm_file, digest), p->files);
	if (r == 0)
		r = take_strings(main, FILE_SIGNATURES, p->n_files, offsetof(struct ima_rpm_file, signature), p->files);
	if (r == 0)
		r = take_strings(sig, SIG_FILE_SIGNATURES, p->n_files, offsetof(struct ima_rpm_file, signature), p->files);
	if (r == 0)
		r = take_numbers(main, FILE_MODES, TYPE_INT16, p, offsetof(struct ima_rpm_file, mode), false);
	if (r == 0)
		r = take_numbers(main, FILE_FLAGS, TYPE_INT32, p, offsetof(struct ima_rpm_file, flags), false);
	if (r == 0)
		r = take_numbers(main, FILE_SIZES, TYPE_INT32, p, offsetof(struct ima_rpm_file, size), true);
	if (r == 0)
		r = take_numbers(main, LONG_FILE_SIZES, TYPE_INT64, p, offsetof(struct ima_rpm_file, size), true);
	if (r == 0)
		r = take_identity(p, main);
	p->algo = 1;
	if (r == 0 && find_tag(main, FILE_DIGEST_ALGO, TYPE_INT32, &in, &n) > 0 && ima_read_u32(&in, &p->algo) < 0)
		r = -EBADMSG;
	return r < 0 ? r : sort_names(p);
}

int ima_rpm_parse(struct ima_bytes head, struct ima_rpm **ret, uint64_t *ret_need, struct ima_diag *diag)
{
	struct ima_reader in = ima_reader_init(head, IMA_ORDER_BIG);
	struct header sig, main;
	struct ima_bytes skipped;
	struct ima_rpm *p;
	uint32_t magic;
	int r;

	*ret_need = LEAD_LEN;
	if (ima_read_u32(&in, &magic) < 0)
		return -EAGAIN;
	if (magic != LEAD_MAGIC)
		return ima_diag_at(diag, -EBADMSG, 0, "not an RPM package");
	if (ima_read_bytes(&in, LEAD_LEN - 4, &skipped) < 0)
		return -EAGAIN;
	r = read_header(&in, &sig, ret_need, diag);
	if (r < 0)
		return r;
	*ret_need = (ima_reader_offset(&in) + 7) & ~7ULL; /* the second header begins at a multiple of eight */
	if (ima_read_bytes(&in, (size_t)(*ret_need - ima_reader_offset(&in)), &skipped) < 0)
		return -EAGAIN;
	r = read_header(&in, &main, ret_need, diag);
	if (r < 0)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->payload = ima_reader_offset(&in);
	r = take_files(p, &sig, &main);
	if (r < 0) {
		ima_rpm_free(p);
		return r == -EBADMSG ? ima_diag_text(diag, r, "the names, digests or signatures of the RPM header do not fit together") : r;
	}
	*ret = p;
	return 0;
}

struct ima_rpm *ima_rpm_free(struct ima_rpm *r)
{
	if (r) {
		free(r->files);
		free(r->by_name);
		free(r);
	}
	return NULL;
}

uint64_t ima_rpm_payload(const struct ima_rpm *r)
{
	return r->payload;
}

size_t ima_rpm_n_files(const struct ima_rpm *r)
{
	return r->n_files;
}

const char *ima_rpm_name(const struct ima_rpm *r)
{
	return r->name;
}

int ima_rpm_version(const struct ima_rpm *r, char *ret, size_t size)
{
	char epoch[16] = "";
	int n;

	if (r->has_epoch)
		snprintf(epoch, sizeof(epoch), "%u:", r->epoch);
	n = snprintf(ret, size, "%s%s%s%s", epoch, r->version, *r->release ? "-" : "", r->release);
	return n < 0 || (size_t)n >= size ? -EBADMSG : 0;
}

struct ima_rpm_file ima_rpm_file(const struct ima_rpm *r, size_t i)
{
	return r->files[i];
}

size_t ima_rpm_find(const struct ima_rpm *r, const char *path)
{
	size_t low = 0, high = r->n_files;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const int c = compare(&r->files[r->by_name[mid]], path);

		if (c == 0)
			return r->by_name[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return r->n_files;
}

int ima_rpm_digest_algo(const struct ima_rpm *r, enum ima_hash_algo *ret)
{
	static const struct {
		uint32_t number;
		enum ima_hash_algo algo;
	} known[] = { { 1, IMA_HASH_MD5 },    { 2, IMA_HASH_SHA1 },    { 3, IMA_HASH_RMD160 },   { 8, IMA_HASH_SHA256 },
		      { 9, IMA_HASH_SHA384 }, { 10, IMA_HASH_SHA512 }, { 11, IMA_HASH_SHA224 }, { 12, IMA_HASH_SHA3_256 },
		      { 14, IMA_HASH_SHA3_512 } };

	for (size_t i = 0; i < IMA_N_ELEMENTS(known); i++)
		if (known[i].number == r->algo) {
			*ret = known[i].algo;
			return 0;
		}
	return -ENOPKG;
}
