/* SPDX-License-Identifier: BSD-2-Clause */
/* What all forms share: the walk over a set that they are written from, and their words. */
#include "core/attest/reference_forms_internal.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/hex.h"
#include "core/attest/reference.h"

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
