/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What both forms share: how a record of a list becomes one of a log, and back.
 *
 * The data of an ima_template record are the bytes that were hashed, so that anybody can check the digest. Template "ima" hashes 20 bytes of digest and
 * the name in 256 bytes; all others their fields with lengths. A violation's digest is zero in a list, while its PCR was extended with ones: the log says
 * the latter, as it does for every other record.
 */
#include "core/attest/cel.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "core/mlist/record_parse.h"

#define LEGACY_NAME IMA_TEMPLATE_LEGACY_NAME_LEN
#define LEGACY_DIGEST 20

static bool is_legacy(struct ima_bytes name)
{
	return name.len == 3 && !memcmp(name.data, "ima", 3);
}

static bool is_all(const struct ima_digest *d, uint8_t byte)
{
	for (size_t i = 0; i < d->len; i++)
		if (d->data[i] != byte)
			return false;
	return d->len > 0;
}

static int legacy_data(const struct ima_record *rec, const struct ima_template *t, struct ima_buffer *out)
{
	static const uint8_t zeros[LEGACY_NAME];
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	int r = ima_template_split(t, rec->data, f);
	size_t len;

	if (r < 0)
		return r;
	len = strnlen((const char *)f[1].data, f[1].len);
	if (f[0].len != LEGACY_DIGEST || len + 1 != f[1].len || len >= LEGACY_NAME)
		return -EBADMSG;
	out->len = 0;
	r = ima_buffer_append(out, f[0].data, f[0].len);
	if (r == 0)
		r = ima_buffer_append(out, f[1].data, len);
	return r < 0 ? r : ima_buffer_append(out, zeros, LEGACY_NAME - len);
}

static int take_digests(struct ima_cel_record *c, const struct ima_digest *digests, size_t n, bool violation)
{
	if (!n || n > IMA_PCR_MAX_BANKS)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		c->digests[i] = digests[i];
		if (violation)
			memset(c->digests[i].data, 0xff, c->digests[i].len);
		else if (is_all(&digests[i], 0xff))
			return -EBADMSG;
	}
	c->n_digests = n;
	return 0;
}

int ima_cel_write(struct ima_cel_writer *w, const struct ima_record *rec, const struct ima_template *t, const struct ima_digest *digests, size_t n_digests,
		  struct ima_buffer *out, struct ima_diag *diag)
{
	struct ima_cel_record c = { .pcr = rec->pcr, .name = rec->name, .data = rec->data };
	int r;

	w->n++;
	if (rec->pcr >= IMA_PCR_COUNT)
		return ima_diag_text(diag, -EBADMSG, "entry %llu is of PCR %u, which no log has", (unsigned long long)w->n, rec->pcr);
	if (take_digests(&c, digests, n_digests, ima_record_is_violation(rec)) < 0)
		return ima_diag_text(diag, -EBADMSG, "entry %llu has a digest of ones, which stands for a violation", (unsigned long long)w->n);
	if (is_legacy(rec->name)) {
		r = legacy_data(rec, t, &w->data);
		if (r < 0)
			return r == -ENOMEM ? r : ima_diag_text(diag, r, "entry %llu does not fit template ima", (unsigned long long)w->n);
		c.data = ima_buffer_bytes(&w->data);
	}
	c.recnum = w->recnum[rec->pcr];
	r = w->form == IMA_CEL_JSON ? ima_cel_json_write(&c, out) : ima_cel_cbor_write(&c, out);
	if (r < 0)
		return r == -ENOMEM ? r : ima_diag_text(diag, -EBADMSG, "entry %llu: its template's name or its digest cannot be said in a log", (unsigned long long)w->n);
	w->recnum[rec->pcr]++;
	return 0;
}

void ima_cel_writer_done(struct ima_cel_writer *w)
{
	ima_buffer_done(&w->data);
}

bool ima_cel_is_one(struct ima_bytes in, enum ima_cel_form *ret)
{
	const uint8_t c = in.len ? in.data[0] : 0;

	if (c != '[' && c != '{' && (c < 0x80 || c > 0xbf))
		return false;
	*ret = c < 0x80 ? IMA_CEL_JSON : IMA_CEL_CBOR;
	return true;
}

struct reading {
	uint64_t n;
	enum ima_hash_algo algo;
	bool known[IMA_PCR_COUNT];
	uint64_t next[IMA_PCR_COUNT]; /* recnum */
};

/* each PCR's records follow one another; where the first one stands is not known: a log may begin late */
static int check_number(struct reading *s, const struct ima_cel_record *c, struct ima_diag *diag)
{
	if (c->pcr >= IMA_PCR_COUNT)
		return ima_diag_text(diag, -EBADMSG, "there is no PCR %u", c->pcr);
	if (s->known[c->pcr] && c->recnum != s->next[c->pcr])
		return ima_diag_text(diag, -EBADMSG, "recnum %llu of PCR %u, not %llu", (unsigned long long)c->recnum, c->pcr, (unsigned long long)s->next[c->pcr]);
	s->known[c->pcr] = true;
	s->next[c->pcr] = c->recnum + 1;
	return 0;
}

static int choose_digest(struct reading *s, const struct ima_cel_record *c, struct ima_digest *ret, struct ima_diag *diag)
{
	if (s->n == 1)
		s->algo = c->digests[0].algo;
	for (size_t i = 0; i < c->n_digests; i++) {
		if (c->digests[i].algo != s->algo)
			continue;
		*ret = c->digests[i];
		if (is_all(ret, 0xff))
			memset(ret->data, 0, ret->len);
		return 0;
	}
	return ima_diag_text(diag, -EBADMSG, "there is no digest by %s, as the first record has", ima_hash_name(s->algo));
}

static int check_template(struct ima_bytes name, struct ima_bytes data, struct ima_diag *diag)
{
	const struct ima_template *t = ima_template_builtin((const char *)name.data, name.len);
	struct ima_template *custom = NULL;
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];
	int r;

	if (!t || strlen(t->name) != name.len || memcmp(t->name, name.data, name.len)) {
		if (!name.len || name.len > IMA_TEMPLATE_NAME_MAX || ima_template_parse((const char *)name.data, name.len, &custom) < 0)
			return ima_diag_text(diag, -EBADMSG, "unknown template");
		t = custom;
	}
	r = ima_template_split(t, data, f);
	ima_template_free(custom);
	return r < 0 ? ima_diag_text(diag, -EBADMSG, "template_data is not of its template's fields") : 0;
}

static int put_legacy(struct ima_buffer *out, struct ima_bytes data, struct ima_diag *diag)
{
	const uint8_t *name = data.data + LEGACY_DIGEST;
	size_t len = 0;
	int r;

	if (data.len == LEGACY_DIGEST + LEGACY_NAME)
		len = strnlen((const char *)name, LEGACY_NAME);
	if (data.len != LEGACY_DIGEST + LEGACY_NAME || len == LEGACY_NAME)
		return ima_diag_text(diag, -EBADMSG, "template_data of template ima are %d bytes that end in zero", LEGACY_DIGEST + LEGACY_NAME);
	for (size_t i = len; i < LEGACY_NAME; i++)
		if (name[i])
			return ima_diag_text(diag, -EBADMSG, "template_data of template ima goes on behind its name");
	r = ima_buffer_append(out, data.data, LEGACY_DIGEST);
	if (r == 0)
		r = ima_buffer_append_u32(out, (uint32_t)len);
	return r < 0 ? r : ima_buffer_append(out, name, len);
}

static int put_record(const struct ima_cel_record *c, const struct ima_digest *d, struct ima_buffer *out, struct ima_diag *diag)
{
	int r = is_legacy(c->name) ? 0 : check_template(c->name, c->data, diag);

	if (r == 0)
		r = ima_buffer_append_u32(out, c->pcr);
	if (r == 0)
		r = ima_buffer_append(out, d->data, d->len);
	if (r == 0)
		r = ima_buffer_append_u32(out, (uint32_t)c->name.len);
	if (r == 0)
		r = ima_buffer_append(out, c->name.data, c->name.len);
	if (r == 0 && is_legacy(c->name))
		return put_legacy(out, c->data, diag);
	if (r == 0)
		r = ima_buffer_append_u32(out, (uint32_t)c->data.len);
	return r < 0 ? r : ima_buffer_append(out, c->data.data, c->data.len);
}

static int read_one(struct reading *s, struct ima_bytes *in, enum ima_cel_form form, struct ima_buffer *scratch, struct ima_buffer *out, struct ima_diag *diag)
{
	struct ima_cel_record c = { 0 };
	struct ima_digest d;
	int r = form == IMA_CEL_JSON ? ima_cel_json_read(in, scratch, &c, diag) : ima_cel_cbor_read(in, &c, diag);

	s->n++;
	if (r == 0)
		r = check_number(s, &c, diag);
	if (r == 0)
		r = choose_digest(s, &c, &d, diag);
	if (r == 0 && c.data.len > IMA_RECORD_MAX)
		r = ima_diag_text(diag, -EBADMSG, "template_data is longer than %u bytes", IMA_RECORD_MAX);
	return r < 0 ? r : put_record(&c, &d, out, diag);
}

int ima_cel_read(struct ima_bytes in, enum ima_cel_form form, struct ima_buffer *out, enum ima_hash_algo *ret_algo, struct ima_diag *diag)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer scratch = { 0 };
	struct ima_bytes rest = in;
	struct ima_cel_brackets brackets = { 0 };
	struct reading s = { .algo = IMA_HASH_SHA1 };
	struct ima_diag why = { 0 };
	uint64_t at = 0;
	int r;

	for (;;) {
		r = form == IMA_CEL_JSON ? ima_cel_json_step(&rest, &brackets, &why) : ima_cel_cbor_step(&rest, &brackets, &why);
		at = in.len - rest.len;
		if (r == 1)
			r = read_one(&s, &rest, form, &scratch, out, &why);
		else if (r == 0)
			break;
		if (r < 0)
			break;
	}
	*ret_algo = s.algo;
	return r == -EBADMSG ? ima_diag_at(diag, r, at, "record %llu: %.150s", (unsigned long long)(brackets.n ? brackets.n : 1), why.text) : r;
}

int ima_cel_head(enum ima_cel_form form, uint64_t n, struct ima_buffer *out)
{
	return form == IMA_CEL_JSON ? ima_buffer_append_str(out, n ? "[\n" : "[") : ima_cel_cbor_head(n, out);
}

int ima_cel_between(enum ima_cel_form form, struct ima_buffer *out)
{
	return form == IMA_CEL_JSON ? ima_buffer_append_str(out, ",\n") : 0;
}

int ima_cel_tail(enum ima_cel_form form, struct ima_buffer *out)
{
	return form == IMA_CEL_JSON ? ima_buffer_append_str(out, "\n]\n") : 0;
}
