/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CoSWID (RFC 9393): the files of a piece of software with size and hash, in CBOR; and CoRIM (tag 501), which carries a CoSWID for each package.
 *
 *   coswid  505({0: tag-id, 1: software-name, 2: entity, 6: payload, 12: 0, 13: software-version})
 *   payload {17: file or [file ...]}      file {7: [hash algorithm, hash], 20: size, 23: location, 24: fs-name}
 *   corim   501({0: id, 1: [505(bytes) ...]})
 *
 * Hash algorithms are numbers of IANA's "Named Information Hash Algorithm" registry, which has no sha1.
 */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "core/attest/cbor.h"
#include "core/attest/reference_forms_internal.h"

enum { TAG_CORIM = 501, TAG_COSWID = 505 };
enum { TAG_ID = 0, SOFTWARE_NAME = 1, ENTITY = 2, PAYLOAD = 6, HASH = 7, TAG_VERSION = 12, SOFTWARE_VERSION = 13, DIRECTORY = 16, FILES = 17,
       SIZE = 20, LOCATION = 23, FS_NAME = 24, PATH_ELEMENTS = 26, ENTITY_NAME = 31, ROLE = 33 };
enum { ROLE_TAG_CREATOR = 1, ROLE_DISTRIBUTOR = 4 };
enum { CORIM_ID = 0, CORIM_TAGS = 1 };
#define MAX_DEPTH 32 /* folders in folders */

static const struct {
	uint64_t number;
	enum ima_hash_algo algo;
} algos[] = { { 1, IMA_HASH_SHA256 }, { 7, IMA_HASH_SHA384 }, { 8, IMA_HASH_SHA512 }, { 10, IMA_HASH_SHA3_256 }, { 11, IMA_HASH_SHA3_384 },
	      { 12, IMA_HASH_SHA3_512 } };

static uint64_t number_of(enum ima_hash_algo algo)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(algos); i++)
		if (algos[i].algo == algo)
			return algos[i].number;
	return 0;
}

static const char *why_not(const struct ima_reference_value *v)
{
	if (!number_of(v->digest.algo))
		return "the form has no number for its algorithm";
	if (!v->path.len || v->path.data[v->path.len - 1] == '/')
		return "a digest for any path, or a folder's";
	return ima_form_is_utf8(v->path) ? NULL : "its path is not UTF-8";
}

/* writing */

static struct ima_bytes bytes_of(const char *text)
{
	return (struct ima_bytes){ (const uint8_t *)text, strlen(text) };
}

static int put_key(struct ima_buffer *out, uint64_t key)
{
	return ima_cbor_put(out, IMA_CBOR_UINT, key);
}

static int put_word(struct ima_buffer *out, uint64_t key, const char *text)
{
	int r = put_key(out, key);

	return r < 0 ? r : ima_cbor_put_text(out, ima_form_is_utf8(bytes_of(text)) ? bytes_of(text) : bytes_of("?"));
}

/* "/usr/bin/sh": location "/usr/bin", fs-name "sh" */
static int put_file(struct ima_buffer *out, const struct ima_reference_value *v)
{
	const uint8_t *slash = memrchr(v->path.data, '/', v->path.len);
	const size_t before = slash ? (size_t)(slash - v->path.data) : 0, skip = slash ? before + 1 : 0;
	const struct ima_bytes dir = { v->path.data, before ? before : 1 }, name = { v->path.data + skip, v->path.len - skip };
	int r = ima_cbor_put(out, IMA_CBOR_MAP, 2U + v->has_size + (slash != NULL));

	if (r == 0)
		r = put_key(out, HASH);
	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_ARRAY, 2);
	if (r == 0)
		r = put_key(out, number_of(v->digest.algo));
	if (r == 0)
		r = ima_cbor_put_bytes(out, (struct ima_bytes){ v->digest.data, v->digest.len });
	if (r == 0 && v->has_size) {
		r = put_key(out, SIZE);
		if (r == 0)
			r = ima_cbor_put(out, IMA_CBOR_UINT, v->size);
	}
	if (r == 0 && slash) {
		r = put_key(out, LOCATION);
		if (r == 0)
			r = ima_cbor_put_text(out, dir);
	}
	if (r == 0)
		r = put_key(out, FS_NAME);
	return r < 0 ? r : ima_cbor_put_text(out, name);
}

static int put_entity(struct ima_buffer *out, const char *name, uint64_t role)
{
	int r = ima_cbor_put(out, IMA_CBOR_MAP, 2);

	if (r == 0)
		r = put_word(out, ENTITY_NAME, name);
	if (r == 0)
		r = put_key(out, ROLE);
	return r < 0 ? r : ima_cbor_put(out, IMA_CBOR_UINT, role);
}

static int put_entities(struct ima_buffer *out, const struct ima_reference_value *v)
{
	int r = put_key(out, ENTITY);

	if (r == 0 && v->repository)
		r = ima_cbor_put(out, IMA_CBOR_ARRAY, 2);
	if (r == 0)
		r = put_entity(out, "imactl", ROLE_TAG_CREATOR);
	return r < 0 || !v->repository ? r : put_entity(out, v->repository, ROLE_DISTRIBUTOR);
}

/* @v: the source of all of them; @files: @n maps */
static int put_coswid(struct ima_buffer *out, const struct ima_reference_value *v, const struct ima_buffer *files, size_t n)
{
	const char *name = v->package ? v->package : "reference values";
	char id[600];
	int r = ima_cbor_put(out, IMA_CBOR_MAP, v->version ? 6 : 5);

	snprintf(id, sizeof(id), "imad/%.255s%s%.255s", name, v->version ? "/" : "", v->version ? v->version : "");
	if (r == 0)
		r = put_word(out, TAG_ID, id);
	if (r == 0)
		r = put_word(out, SOFTWARE_NAME, name);
	if (r == 0)
		r = put_entities(out, v);
	if (r == 0)
		r = put_key(out, PAYLOAD);
	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_MAP, 1);
	if (r == 0)
		r = put_key(out, FILES);
	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_ARRAY, n);
	if (r == 0 && n)
		r = ima_buffer_append(out, files->data, files->len);
	if (r == 0)
		r = put_key(out, TAG_VERSION);
	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_UINT, 0);
	return r < 0 || !v->version ? r : put_word(out, SOFTWARE_VERSION, v->version);
}

int ima_coswid_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out)
{
	const struct ima_reference_value whole = { 0 };
	ima_cleanup(ima_buffer_done) struct ima_buffer files = { 0 };
	struct ima_reference_value v, first = { 0 };
	struct ima_form_walk w;
	bool is_one = true; /* source: then it is the software */
	uint32_t source = UINT32_MAX;
	size_t n = 0;
	int e = ima_form_walk_new(&w, r, opts, false);

	while (e == 0 && ima_form_walk_next(&w, &v)) {
		const char *why = why_not(&v);

		if (why) {
			ima_form_lose(opts, &v, why);
			continue;
		}
		is_one = is_one && (!n || source == w.source);
		source = w.source;
		first = v;
		n++;
		e = put_file(&files, &v);
	}
	ima_form_walk_done(&w);
	if (e == 0)
		e = ima_cbor_put(out, IMA_CBOR_TAG, TAG_COSWID);
	return e < 0 ? e : put_coswid(out, n && is_one ? &first : &whole, &files, n);
}

/* the tags of a CoRIM as they grow */
struct tags {
	struct ima_buffer all, files;
	struct ima_reference_value source;
	size_t n, n_files;
};

static int finish_tag(struct tags *t)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer one = { 0 };
	int r = t->n_files ? put_coswid(&one, &t->source, &t->files, t->n_files) : 0;

	if (r < 0 || !t->n_files)
		return r;
	t->n++;
	t->n_files = t->files.len = 0;
	r = ima_cbor_put(&t->all, IMA_CBOR_TAG, TAG_COSWID);
	return r < 0 ? r : ima_cbor_put_bytes(&t->all, ima_buffer_bytes(&one));
}

static int put_corim(struct ima_buffer *out, const struct tags *t)
{
	int r = ima_cbor_put(out, IMA_CBOR_TAG, TAG_CORIM);

	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_MAP, 2);
	if (r == 0)
		r = put_word(out, CORIM_ID, "imad/reference-values");
	if (r == 0)
		r = put_key(out, CORIM_TAGS);
	if (r == 0)
		r = ima_cbor_put(out, IMA_CBOR_ARRAY, t->n);
	return r < 0 || !t->n ? r : ima_buffer_append(out, t->all.data, t->all.len);
}

int ima_corim_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out)
{
	struct tags t = { 0 };
	struct ima_reference_value v;
	struct ima_form_walk w;
	uint32_t source = UINT32_MAX;
	int e = ima_form_walk_new(&w, r, opts, true);

	while (e == 0 && ima_form_walk_next(&w, &v)) {
		const char *why = why_not(&v);

		if (why) {
			ima_form_lose(opts, &v, why);
			continue;
		}
		if (source != w.source)
			e = finish_tag(&t);
		source = w.source;
		t.source = v;
		t.n_files++;
		if (e == 0)
			e = put_file(&t.files, &v);
	}
	ima_form_walk_done(&w);
	if (e == 0)
		e = finish_tag(&t);
	if (e == 0)
		e = put_corim(out, &t);
	ima_buffer_done(&t.all);
	ima_buffer_done(&t.files);
	return e;
}

/* reading */

struct reading {
	struct ima_reference_builder *b;
	struct ima_diag *diag;
	const uint8_t *start;
	char name[256], version[256], repository[256];
	struct ima_buffer path;
};

static int refuse(const struct reading *r, const struct ima_bytes *at, const char *why)
{
	return ima_diag_at(r->diag, -EBADMSG, (uint64_t)(at->data - r->start), "%s", why);
}

static int take_head(const struct reading *r, struct ima_bytes *in, enum ima_cbor_kind kind, struct ima_cbor_item *ret, const char *what)
{
	const struct ima_bytes before = *in;

	return ima_cbor_next(in, ret) < 0 || ret->kind != kind ? refuse(r, &before, what) : 0;
}

/* a map's next key; other kinds of key than numbers are passed over by the caller's default */
static int take_key(const struct reading *r, struct ima_bytes *in, uint64_t *ret)
{
	struct ima_cbor_item key;
	const struct ima_bytes before = *in;

	if (ima_cbor_next(in, &key) < 0)
		return refuse(r, &before, "cut off or damaged");
	if (key.kind != IMA_CBOR_UINT && key.kind != IMA_CBOR_NINT && key.kind != IMA_CBOR_TEXT)
		return refuse(r, &before, "a key that is neither a number nor a text");
	*ret = key.kind == IMA_CBOR_UINT ? key.number : UINT64_MAX;
	return 0;
}

static int skip(const struct reading *r, struct ima_bytes *in)
{
	const struct ima_bytes before = *in;

	return ima_cbor_skip(in) < 0 ? refuse(r, &before, "cut off or damaged") : 0;
}

static int take_text(const struct reading *r, struct ima_bytes *in, char *ret, size_t size)
{
	struct ima_cbor_item item;
	const struct ima_bytes before = *in;
	int e = take_head(r, in, IMA_CBOR_TEXT, &item, "not a text");

	if (e < 0)
		return e;
	if (item.bytes.len >= size || memchr(item.bytes.data, 0, item.bytes.len))
		return refuse(r, &before, "a text that is too long, or has a NUL in it");
	memcpy(ret, item.bytes.data, item.bytes.len);
	ret[item.bytes.len] = 0;
	return 0;
}

/* one item, or an array of them: how many follow */
static int take_one_or_more(const struct reading *r, struct ima_bytes *in, uint64_t *ret)
{
	struct ima_bytes look = *in;
	struct ima_cbor_item item;

	*ret = 1;
	if (ima_cbor_next(&look, &item) < 0)
		return refuse(r, in, "cut off or damaged");
	if (item.kind != IMA_CBOR_ARRAY)
		return 0;
	*ret = item.number;
	*in = look;
	return 0;
}

static int take_hash(const struct reading *r, struct ima_bytes *in, struct ima_digest *ret)
{
	const struct ima_bytes before = *in;
	struct ima_cbor_item head, number, hash;

	if (ima_cbor_next(in, &head) < 0 || head.kind != IMA_CBOR_ARRAY || head.number != 2 || ima_cbor_next(in, &number) < 0 ||
	    number.kind != IMA_CBOR_UINT || ima_cbor_next(in, &hash) < 0 || hash.kind != IMA_CBOR_BYTES)
		return refuse(r, &before, "a hash is a pair of number and bytes");
	for (size_t i = 0; i < IMA_N_ELEMENTS(algos); i++) {
		if (algos[i].number != number.number)
			continue;
		if (hash.bytes.len != ima_hash_len(algos[i].algo))
			return refuse(r, &before, "a hash of the wrong length");
		*ret = (struct ima_digest){ .algo = algos[i].algo, .len = hash.bytes.len };
		memcpy(ret->data, hash.bytes.data, hash.bytes.len);
		return 0;
	}
	return refuse(r, &before, "a hash algorithm that is not known");
}

static int add_file(struct reading *r, const struct ima_bytes *at, struct ima_bytes location, struct ima_bytes name, struct ima_reference_value *v)
{
	int e;

	r->path.len = 0;
	e = ima_buffer_append(&r->path, location.data ? location.data : (const uint8_t *)"", location.len);
	if (e == 0 && location.len && location.data[location.len - 1] != '/')
		e = ima_buffer_append_u8(&r->path, '/');
	if (e == 0)
		e = ima_buffer_append(&r->path, name.data, name.len);
	if (e < 0)
		return e;
	v->path = ima_buffer_bytes(&r->path);
	v->package = r->name;
	v->version = r->version;
	v->repository = r->repository;
	e = ima_reference_add(r->b, v);
	return e < 0 ? ima_diag_at(r->diag, e, (uint64_t)(at->data - r->start), "%s", strerror(-e)) : 0;
}

/* @dir: what the folders around it come to */
static int take_file(struct reading *r, struct ima_bytes *in, struct ima_bytes dir)
{
	const struct ima_bytes before = *in;
	struct ima_reference_value v = { 0 };
	struct ima_bytes location = dir, name = { 0 };
	struct ima_cbor_item map, item;
	uint64_t key;
	int e = take_head(r, in, IMA_CBOR_MAP, &map, "a file has to be a map");

	for (uint64_t i = 0; e == 0 && i < map.number; i++) {
		e = take_key(r, in, &key);
		if (e < 0)
			return e;
		if (key == HASH) {
			e = take_hash(r, in, &v.digest);
		} else if (key == SIZE) {
			e = take_head(r, in, IMA_CBOR_UINT, &item, "a size has to be a number");
			v.size = item.number;
			v.has_size = true;
		} else if (key == LOCATION || key == FS_NAME) {
			e = take_head(r, in, IMA_CBOR_TEXT, &item, "a name has to be a text");
			if (e == 0)
				*(key == LOCATION ? &location : &name) = item.bytes;
		} else {
			e = skip(r, in);
		}
	}
	if (e < 0)
		return e;
	if (!name.len || memchr(name.data, 0, name.len) || (location.len && memchr(location.data, 0, location.len)))
		return refuse(r, &before, "a file without a name, or with a NUL in it");
	return v.digest.len ? add_file(r, &before, location, name, &v) : 0; /* no hash: nothing to compare with */
}

static int take_files(struct reading *r, struct ima_bytes *in)
{
	static const struct ima_bytes nowhere;
	uint64_t n;
	int e = take_one_or_more(r, in, &n);

	for (uint64_t i = 0; e == 0 && i < n; i++)
		e = take_file(r, in, nowhere);
	return e;
}

/* folders with files in them (16, 26) are another way to write the same; this one is not read, and not passed over */
static int take_payload(struct reading *r, struct ima_bytes *in)
{
	struct ima_cbor_item map;
	uint64_t key;
	int e = take_head(r, in, IMA_CBOR_MAP, &map, "a payload has to be a map");

	for (uint64_t i = 0; e == 0 && i < map.number; i++) {
		const struct ima_bytes before = *in;

		e = take_key(r, in, &key);
		if (e == 0 && (key == DIRECTORY || key == PATH_ELEMENTS))
			e = refuse(r, &before, "files nested in folders are not read; each needs its location");
		else if (e == 0)
			e = key == FILES ? take_files(r, in) : skip(r, in);
	}
	return e;
}

static int take_entity(struct reading *r, struct ima_bytes *in)
{
	char name[256] = "";
	struct ima_cbor_item map, item;
	bool distributes = false;
	uint64_t key, n;
	int e = take_head(r, in, IMA_CBOR_MAP, &map, "an entity has to be a map");

	for (uint64_t i = 0; e == 0 && i < map.number; i++) {
		e = take_key(r, in, &key);
		if (e == 0 && key == ENTITY_NAME) {
			e = take_text(r, in, name, sizeof(name));
		} else if (e == 0 && key == ROLE) {
			e = take_one_or_more(r, in, &n);
			for (uint64_t k = 0; e == 0 && k < n; k++) {
				e = ima_cbor_next(in, &item) < 0 ? refuse(r, in, "cut off or damaged") : 0;
				distributes |= e == 0 && item.kind == IMA_CBOR_UINT && item.number == ROLE_DISTRIBUTOR;
			}
		} else if (e == 0) {
			e = skip(r, in);
		}
	}
	if (e == 0 && distributes)
		memcpy(r->repository, name, sizeof(name));
	return e;
}

static int take_entities(struct reading *r, struct ima_bytes *in)
{
	uint64_t n;
	int e = take_one_or_more(r, in, &n);

	for (uint64_t i = 0; e == 0 && i < n; i++)
		e = take_entity(r, in);
	return e;
}

/* names may come after the files: the map is gone through twice */
static int take_coswid_map(struct reading *r, struct ima_bytes *in, bool is_second)
{
	struct ima_cbor_item map;
	uint64_t key;
	int e = take_head(r, in, IMA_CBOR_MAP, &map, "a CoSWID has to be a map");

	for (uint64_t i = 0; e == 0 && i < map.number; i++) {
		e = take_key(r, in, &key);
		if (e < 0)
			return e;
		if (!is_second && key == SOFTWARE_NAME)
			e = take_text(r, in, r->name, sizeof(r->name));
		else if (!is_second && key == SOFTWARE_VERSION)
			e = take_text(r, in, r->version, sizeof(r->version));
		else if (!is_second && key == ENTITY)
			e = take_entities(r, in);
		else
			e = is_second && key == PAYLOAD ? take_payload(r, in) : skip(r, in);
	}
	return e;
}

static int take_coswid(struct reading *r, struct ima_bytes *in)
{
	struct ima_bytes again = *in;
	int e;

	r->name[0] = r->version[0] = r->repository[0] = 0;
	e = take_coswid_map(r, in, false);
	return e < 0 ? e : take_coswid_map(r, &again, true);
}

static int take_tag(struct reading *r, struct ima_bytes *in)
{
	struct ima_cbor_item tag, item;
	struct ima_bytes inner;
	int e = take_head(r, in, IMA_CBOR_TAG, &tag, "a list of tags with something else in it");

	if (e == 0)
		e = take_head(r, in, IMA_CBOR_BYTES, &item, "a tag's content has to be bytes");
	if (e < 0 || tag.number != TAG_COSWID)
		return e; /* CoMID and others say nothing of files */
	inner = item.bytes;
	e = take_coswid(r, &inner);
	return e == 0 && inner.len ? refuse(r, &inner, "bytes after the end of a CoSWID") : e;
}

static int take_tags(struct reading *r, struct ima_bytes *in)
{
	struct ima_cbor_item list;
	int e = take_head(r, in, IMA_CBOR_ARRAY, &list, "the tags of a CoRIM have to be a list");

	for (uint64_t i = 0; e == 0 && i < list.number; i++)
		e = take_tag(r, in);
	return e;
}

static int take_corim(struct reading *r, struct ima_bytes *in)
{
	struct ima_cbor_item map;
	uint64_t key;
	int e = take_head(r, in, IMA_CBOR_MAP, &map, "a CoRIM has to be a map");

	for (uint64_t i = 0; e == 0 && i < map.number; i++) {
		e = take_key(r, in, &key);
		if (e == 0)
			e = key == CORIM_TAGS ? take_tags(r, in) : skip(r, in);
	}
	return e;
}

int ima_coswid_read(struct ima_reference_builder *b, struct ima_bytes text, struct ima_diag *diag)
{
	struct reading r = { .b = b, .diag = diag, .start = text.data };
	struct ima_bytes in = text;
	struct ima_cbor_item tag;
	int e = take_head(&r, &in, IMA_CBOR_TAG, &tag, "neither a CoSWID nor a CoRIM: it does not begin with tag 505 or 501");

	if (e == 0 && tag.number != TAG_COSWID && tag.number != TAG_CORIM)
		e = refuse(&r, &text, "neither a CoSWID nor an unsigned CoRIM: another tag than 505 and 501");
	if (e == 0)
		e = tag.number == TAG_CORIM ? take_corim(&r, &in) : take_coswid(&r, &in);
	if (e == 0 && in.len)
		e = refuse(&r, &in, "bytes after the end");
	ima_buffer_done(&r.path);
	return e;
}
