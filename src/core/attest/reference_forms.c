/* SPDX-License-Identifier: BSD-2-Clause */
/* One table of forms; the walk over a set that all of them are written from; the guess which form a file has. */
#include "core/attest/reference_forms_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/hex.h"
#include "core/attest/reference.h"

#define SUMS_MAX (UINT64_C(4) << 30)

static const struct form {
	const char *name;
	int (*write)(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out);
	int (*read_bytes)(struct ima_reference_builder *b, struct ima_bytes text, struct ima_diag *diag);
	int (*read_json)(struct ima_reference_builder *b, const json_t *root, struct ima_diag *diag);
} forms[IMA_FORM__LAST] = {
	[IMA_FORM_SUMS] = { "sums", ima_sums_write, ima_reference_add_sums },
	[IMA_FORM_FAPOLICYD] = { "fapolicyd", ima_fapolicyd_write, ima_fapolicyd_read },
	[IMA_FORM_KEYLIME] = { "keylime", ima_keylime_policy_write, NULL, ima_keylime_policy_read },
	[IMA_FORM_DSSE] = { "dsse", ima_dsse_write },
	[IMA_FORM_CYCLONEDX] = { "cyclonedx", ima_cyclonedx_write, NULL, ima_cyclonedx_read },
	[IMA_FORM_SPDX] = { "spdx", ima_spdx_write, NULL, ima_spdx_read },
	[IMA_FORM_COSWID] = { "coswid", ima_coswid_write, ima_coswid_read },
	[IMA_FORM_CORIM] = { "corim", ima_corim_write, ima_coswid_read },
};

const char *ima_reference_form_name(enum ima_reference_form f)
{
	return (unsigned int)f < IMA_FORM__LAST ? forms[f].name : NULL;
}

int ima_reference_form_by_name(const char *name, enum ima_reference_form *ret)
{
	for (unsigned int i = 0; i < IMA_FORM__LAST; i++) {
		if (!forms[i].name || strcmp(forms[i].name, name))
			continue;
		*ret = (enum ima_reference_form)i;
		return 0;
	}
	return -ENOENT;
}

/* the walk */

/* stable, so that the values of a source stay sorted by path */
static int group_by_source(struct ima_form_walk *w)
{
	const size_t n = ima_reference_size(w->r), n_sources = ima_reference_n_sources(w->r);
	ima_cleanup(ima_freep) size_t *starts = calloc(n_sources + 1, sizeof(*starts));
	uint32_t *grouped = calloc(n + 1, sizeof(*grouped));

	if (!starts || !grouped) {
		free(grouped);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		starts[ima_reference_source(w->r, w->order[i]) + 1]++;
	for (size_t s = 0; s < n_sources; s++)
		starts[s + 1] += starts[s];
	for (size_t i = 0; i < n; i++)
		grouped[starts[ima_reference_source(w->r, w->order[i])]++] = w->order[i];
	free(w->order);
	w->order = grouped;
	return 0;
}

int ima_form_walk_new(struct ima_form_walk *w, const struct ima_reference *r, struct ima_form_opts *opts, bool by_source)
{
	int e;

	*w = (struct ima_form_walk){ .r = r, .opts = opts, .by_source = by_source };
	opts->n_expired = 0;
	e = ima_reference_sort(r, &w->order);
	if (e == 0 && by_source)
		e = group_by_source(w);
	if (e < 0)
		ima_form_walk_done(w);
	return e;
}

void ima_form_walk_done(struct ima_form_walk *w)
{
	free(w->order);
	w->order = NULL;
}

bool ima_form_same_path(struct ima_bytes a, struct ima_bytes b)
{
	return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

static bool is_same(const struct ima_form_walk *w, const struct ima_reference_value *a, const struct ima_reference_value *b)
{
	return a->digest.len && a->digest.algo == b->digest.algo && !memcmp(a->digest.data, b->digest.data, a->digest.len) &&
	       ima_form_same_path(a->path, b->path) &&
	       (!w->by_source || w->source == ima_reference_source(w->r, w->order[w->at]));
}

bool ima_form_walk_next(struct ima_form_walk *w, struct ima_reference_value *ret)
{
	for (; w->at < ima_reference_size(w->r); w->at++) {
		if (ima_reference_get(w->r, w->order[w->at], ret) < 0)
			continue;
		if (ret->expiry && ret->expiry < w->opts->now) {
			w->opts->n_expired++;
			continue;
		}
		if (is_same(w, &w->last, ret))
			continue;
		w->last = *ret;
		w->source = ima_reference_source(w->r, w->order[w->at++]);
		return true;
	}
	return false;
}

void ima_form_lose(const struct ima_form_opts *opts, const struct ima_reference_value *v, const char *why)
{
	if (opts->lost)
		opts->lost(opts->user, v, why);
}

/* texts */

bool ima_form_is_utf8(struct ima_bytes text)
{
	json_t *s = memchr(text.data ? text.data : (const uint8_t *)"", 0, text.len) ? NULL :
			    json_stringn(text.data ? (const char *)text.data : "", text.len);
	const bool is = s != NULL;

	json_decref(s);
	return is;
}

int ima_form_put_json(struct ima_buffer *out, struct ima_bytes text)
{
	json_t *s = json_stringn(text.data ? (const char *)text.data : "", text.len);
	char *quoted = s ? json_dumps(s, JSON_ENCODE_ANY) : NULL;
	int r = s ? -ENOMEM : -EILSEQ;

	if (quoted)
		r = ima_buffer_append_str(out, quoted);
	free(quoted);
	json_decref(s);
	return r;
}

int ima_form_digest(enum ima_hash_algo algo, const char *hex, size_t len, struct ima_digest *ret)
{
	*ret = (struct ima_digest){ .algo = algo, .len = ima_hash_len(algo) };
	return len != 2 * ret->len || ima_hex_decode(hex, len, ret->data) < 0 ? -EBADMSG : 0;
}

int ima_form_algo_by_len(size_t n_digits, enum ima_hash_algo *ret)
{
	static const enum ima_hash_algo known[] = { IMA_HASH_SHA1, IMA_HASH_SHA224, IMA_HASH_SHA256, IMA_HASH_SHA384, IMA_HASH_SHA512 };

	for (size_t i = 0; i < IMA_N_ELEMENTS(known); i++) {
		if (2 * ima_hash_len(known[i]) != n_digits)
			continue;
		*ret = known[i];
		return 0;
	}
	return -EBADMSG;
}

const char *ima_form_date(int64_t seconds, char ret[24])
{
	const time_t t = (time_t)seconds;
	struct tm tm;

	ret[0] = 0;
	if (gmtime_r(&t, &tm))
		ima_ignore(strftime(ret, 24, "%Y-%m-%dT%H:%M:%SZ", &tm));
	return ret;
}

bool ima_form_name_is_file(struct ima_bytes name)
{
	static const char boot[] = "boot_aggregate";

	return memchr(name.data, '/', name.len) || (name.len >= sizeof(boot) - 1 && !memcmp(name.data, boot, sizeof(boot) - 1));
}

/* reading */

int ima_form_parse(struct ima_bytes text, json_t **ret, struct ima_diag *diag)
{
	json_error_t e;

	if (text.len > IMA_FORM_MAX)
		return ima_diag_text(diag, -EFBIG, "more than %u MiB of JSON", IMA_FORM_MAX >> 20);
	*ret = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &e);
	if (*ret)
		return 0;
	return ima_diag_set(diag, json_error_code(&e) == json_error_out_of_memory ? -ENOMEM : -EBADMSG, e.line > 0 ? (unsigned int)e.line : 0,
			    e.column > 0 ? (unsigned int)e.column : 0, (struct ima_bytes){ 0 }, "%.150s", e.text);
}

/* -EBADMSG: a document of nothing that is known */
static int guess_json(const json_t *root, enum ima_reference_form *ret)
{
	if (json_object_get(root, "payloadType"))
		*ret = IMA_FORM_DSSE;
	else if (json_object_get(root, "bomFormat"))
		*ret = IMA_FORM_CYCLONEDX;
	else if (json_object_get(root, "spdxVersion"))
		*ret = IMA_FORM_SPDX;
	else if (json_object_get(root, "digests") || json_object_get(root, "meta"))
		*ret = IMA_FORM_KEYLIME;
	else
		return -EBADMSG;
	return 0;
}

static enum ima_reference_form guess(struct ima_bytes t)
{
	size_t i = 0;

	if (t.len >= 3 && t.data[0] == 0xd9 && t.data[1] == 0x01 && (t.data[2] == 0xf5 || t.data[2] == 0xf9))
		return IMA_FORM_COSWID;
	while (i < t.len && strchr(" \t\r\n", t.data[i]) && t.data[i])
		i++;
	if (i < t.len && t.data[i] == '{')
		return IMA_FORM_AUTO; /* JSON: what is in it tells */
	return i < t.len && t.data[i] == '/' ? IMA_FORM_FAPOLICYD : IMA_FORM_SUMS;
}

static int read_json(struct ima_reference_builder *b, const json_t *root, enum ima_reference_form form, const struct ima_keyring *keys,
		     struct ima_diag *diag);

static int read_envelope(struct ima_reference_builder *b, const json_t *root, const struct ima_keyring *keys, struct ima_diag *diag)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer payload = { 0 };
	json_t *inner = NULL;
	int r = ima_dsse_open(root, keys, &payload, diag);

	if (r == 0)
		r = ima_form_parse(ima_buffer_bytes(&payload), &inner, diag);
	if (r == 0)
		r = read_json(b, inner, IMA_FORM_KEYLIME, keys, diag);
	json_decref(inner);
	return r;
}

static int read_json(struct ima_reference_builder *b, const json_t *root, enum ima_reference_form form, const struct ima_keyring *keys,
		     struct ima_diag *diag)
{
	if (form == IMA_FORM_AUTO && guess_json(root, &form) < 0)
		return ima_diag_text(diag, -EBADMSG, "JSON, but none of: a Keylime policy, an envelope, CycloneDX, SPDX");
	if (form == IMA_FORM_DSSE)
		return read_envelope(b, root, keys, diag);
	return forms[form].read_json(b, root, diag);
}

int ima_reference_read(struct ima_reference_builder *b, struct ima_bytes text, enum ima_reference_form form,
		       const struct ima_keyring *keys, struct ima_diag *diag)
{
	json_t *root = NULL;
	int r;

	if (form == IMA_FORM_AUTO)
		form = guess(text);
	if (forms[form].read_bytes)
		return forms[form].read_bytes(b, text, diag);
	r = ima_form_parse(text, &root, diag);
	if (r == 0)
		r = read_json(b, root, form, keys, diag);
	json_decref(root);
	return r;
}

int ima_reference_load_form(struct ima_reference_builder *b, const char *path, enum ima_reference_form form, const struct ima_keyring *keys,
			    struct ima_diag *diag)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	size_t len = 0;
	int r;

	if (fd < 0)
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	if (form == IMA_FORM_AUTO && ima_reference_fd_is_database(fd))
		return ima_reference_ask(b, path, NULL, diag);
	r = ima_file_read_fd(fd, SUMS_MAX, &text, &len);
	if (r < 0)
		return ima_diag_text(diag, r, "%s", strerror(-r));
	return ima_reference_read(b, (struct ima_bytes){ text, len }, form, keys, diag);
}

int ima_reference_load(struct ima_reference_builder *b, const char *path, struct ima_diag *diag)
{
	return ima_reference_load_form(b, path, IMA_FORM_AUTO, NULL, diag);
}

int ima_reference_write(const struct ima_reference *r, enum ima_reference_form form, struct ima_form_opts *opts, struct ima_buffer *out)
{
	if ((unsigned int)form >= IMA_FORM__LAST || !forms[form].write)
		return -EINVAL;
	return forms[form].write(r, opts, out);
}
