/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading any form of list: which form and which digests it has. */
#include "core/mlist/reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "core/mlist/journal.h"
#include "core/mlist/record_parse.h"

#define KEXEC_HEAD 24

int ima_list_reader_new(int fd, const struct ima_list_reader_opts *opts,
			struct ima_list_reader **ret)
{
	static const struct ima_list_reader_opts defaults;
	struct ima_list_reader *r;

	if (!opts)
		opts = &defaults;
	if (memcmp(opts->reserved, defaults.reserved, sizeof(opts->reserved)) ||
	    (unsigned int)opts->format >= IMA_LIST__LAST)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->fd = fd;
	r->opts = *opts;
	r->format = opts->format;
	*ret = r;
	return 0;
}

int ima_list_reader_new_bytes(struct ima_bytes list, const struct ima_list_reader_opts *opts,
			      struct ima_list_reader **ret)
{
	const int r = ima_list_reader_new(-EBADF, opts, ret);

	if (r < 0)
		return r;
	(*ret)->in_memory = (*ret)->ended = true;
	(*ret)->window.data = ima_unconst(list.data); /* never written to: ima_reader_more() stands off */
	(*ret)->window.len = list.len;
	return 0;
}

struct ima_list_reader *ima_list_reader_free(struct ima_list_reader *r)
{
	if (r) {
		for (size_t i = 0; i < r->n_custom; i++)
			ima_template_free(r->custom[i]);
		if (!r->in_memory)
			ima_buffer_done(&r->window);
		ima_buffer_done(&r->scratch);
		free(r);
	}
	return NULL;
}

static bool looks_like_text(struct ima_bytes b)
{
	size_t i = 0;

	while (i < b.len && i < 3 && b.data[i] == ' ')
		i++;
	if (i == b.len || !isdigit(b.data[i]))
		return false;
	while (i < b.len && isdigit(b.data[i]))
		i++;
	return i + 1 < b.len && b.data[i] == ' ' && isxdigit(b.data[i + 1]);
}

static bool looks_like_kexec(struct ima_bytes b)
{
	struct ima_reader in = ima_reader_init(b, IMA_ORDER_LITTLE);
	uint16_t version, pad;
	uint32_t zero;
	uint64_t size, count;

	if (ima_read_u16(&in, &version) < 0 || ima_read_u16(&in, &pad) < 0 ||
	    ima_read_u32(&in, &zero) < 0 || ima_read_u64(&in, &size) < 0 ||
	    ima_read_u64(&in, &count) < 0)
		return false;
	/* a binary record would have PCR 1 here and a template digest that starts with eight such bytes */
	return version == 1 && !pad && !zero && size >= KEXEC_HEAD && size < UINT64_C(1) << 40 &&
	       count < size;
}

static int skip_kexec_head(struct ima_list_reader *r, struct ima_diag *diag)
{
	struct ima_bytes b = ima_reader_rest(r);
	struct ima_reader in = ima_reader_init(b, IMA_ORDER_LITTLE);
	uint16_t version, pad;
	uint32_t zero;

	if (b.len < KEXEC_HEAD)
		return ima_diag_at(diag, -EBADMSG, 0, "the kexec header is cut");
	if (ima_read_u16(&in, &version) < 0 || version != 1)
		return ima_diag_at(diag, -EBADMSG, 0, "unknown kexec blob version");
	if (ima_read_u16(&in, &pad) < 0 || ima_read_u32(&in, &zero) < 0 ||
	    ima_read_u64(&in, &r->kexec_end) < 0 || ima_read_u64(&in, &r->kexec_left) < 0)
		return -EBADMSG;
	if (r->kexec_end < KEXEC_HEAD)
		return ima_diag_at(diag, -EBADMSG, 8, "the kexec header's size is too small");
	r->used += KEXEC_HEAD;
	return 0;
}

static enum ima_list_format guess(struct ima_bytes b)
{
	if (b.len >= 8 && !memcmp(b.data, IMA_JOURNAL_MAGIC, 8))
		return IMA_LIST_JOURNAL;
	if (looks_like_text(b))
		return IMA_LIST_TEXT;
	return looks_like_kexec(b) ? IMA_LIST_KEXEC : IMA_LIST_BINARY;
}

/* does the first record make sense with template digests of this size? */
static bool record_fits(struct ima_list_reader *r, size_t digest_len)
{
	struct ima_reader in = ima_reader_init(ima_reader_rest(r), IMA_ORDER_LITTLE);
	const struct ima_template *t;
	struct ima_record rec;
	struct ima_bytes f[IMA_TEMPLATE_MAX_FIELDS];

	if (ima_record_parse(&in, digest_len, &r->scratch, &rec) < 0)
		return false;
	if (ima_reader_template(r, rec.name, &t, NULL) < 0)
		return false;
	return ima_template_split(t, rec.data, f) == 0;
}

/* per-bank lists say nowhere which bank they are of: the size of the first template digest tells */
static int find_digest_algo(struct ima_list_reader *r, struct ima_diag *diag)
{
	static const enum ima_hash_algo tries[] = { IMA_HASH_SHA1, IMA_HASH_SHA256, IMA_HASH_SHA384,
						    IMA_HASH_SHA512 };

	r->digest_algo = IMA_HASH_SHA1;
	if (r->opts.has_digest_algo) {
		r->digest_algo = r->opts.digest_algo;
		return 0;
	}
	if (r->format == IMA_LIST_KEXEC)
		return 0;
	for (;;) {
		int e;

		for (size_t i = 0; i < IMA_N_ELEMENTS(tries); i++) {
			if (!record_fits(r, ima_hash_len(tries[i])))
				continue;
			r->digest_algo = tries[i];
			return 0;
		}
		/* the first record may be longer than the window */
		e = r->window.len < IMA_RECORD_MAX ? ima_reader_more(r) : 0;
		if (e < 0)
			return e;
		if (e == 0)
			break;
	}
	return ima_diag_at(diag, -EBADMSG, 0, "the first record fits no template digest of sha1, sha256, sha384 or sha512");
}

static int refuse_journal(struct ima_diag *diag, uint64_t offset)
{
	return ima_diag_at(diag, -EBADMSG, offset, "the journal's header is damaged");
}

static int journal_slots(struct ima_list_reader *r, struct ima_reader *in, uint32_t n,
			 struct ima_diag *diag)
{
	for (uint32_t i = 0; i < n; i++) {
		uint16_t tpm_alg, algo;
		uint32_t len;

		if (ima_read_u16(in, &tpm_alg) < 0 || ima_read_u16(in, &algo) < 0 ||
		    ima_read_u32(in, &len) < 0)
			return refuse_journal(diag, ima_reader_offset(in));
		if (len > IMA_DIGEST_MAX || (algo != 0xffff && ima_hash_len((enum ima_hash_algo)algo) != len) ||
		    (i == 0 && algo != IMA_HASH_SHA1))
			return refuse_journal(diag, ima_reader_offset(in) - 8);
		r->slots_len += len;
	}
	return 0;
}

static int begin_journal(struct ima_list_reader *r, struct ima_diag *diag)
{
	struct ima_bytes b = ima_reader_rest(r);
	struct ima_reader in = ima_reader_init(b, IMA_ORDER_LITTLE);
	struct ima_bytes skipped;
	uint32_t version, head_len, n;
	int e;

	if (ima_read_bytes(&in, 8, &skipped) < 0 || ima_read_u32(&in, &version) < 0 ||
	    ima_read_u32(&in, &head_len) < 0 || ima_read_bytes(&in, 20, &skipped) < 0 ||
	    ima_read_u32(&in, &n) < 0)
		return refuse_journal(diag, b.len);
	if (version != IMA_JOURNAL_VERSION)
		return ima_diag_at(diag, -EBADMSG, 8, "journal version %u is unknown", version);
	if (!n || n > IMA_JOURNAL_MAX_SLOTS || head_len != 40 + 8 * n)
		return refuse_journal(diag, 12);
	e = journal_slots(r, &in, n, diag);
	if (e < 0)
		return e;
	r->digest_algo = IMA_HASH_SHA1;
	r->used += head_len;
	return 0;
}

int ima_reader_begin(struct ima_list_reader *r, struct ima_diag *diag)
{
	int e = 1;

	while (e == 1 && r->window.len < 4096)
		e = ima_reader_more(r);
	if (e < 0)
		return e;
	if (r->format == IMA_LIST_AUTO)
		r->format = guess(ima_reader_rest(r));
	if (!r->window.len) {
		r->digest_algo = r->opts.has_digest_algo ? r->opts.digest_algo : IMA_HASH_SHA1;
		return 0;
	}
	switch (r->format) {
	case IMA_LIST_JOURNAL:
		return begin_journal(r, diag);
	case IMA_LIST_TEXT:
		r->digest_algo = IMA_HASH_SHA1; /* each line's own length tells */
		return 0;
	case IMA_LIST_KEXEC:
		e = skip_kexec_head(r, diag);
		return e < 0 ? e : find_digest_algo(r, diag);
	default:
		return find_digest_algo(r, diag);
	}
}

int ima_list_reader_next(struct ima_list_reader *r, struct ima_record *ret,
			 const struct ima_template **ret_template, struct ima_diag *diag)
{
	int e;

	if (!r->decided) {
		e = ima_reader_begin(r, diag);
		if (e < 0)
			return e;
		r->decided = true;
	}
	switch (r->format) {
	case IMA_LIST_TEXT:
		return ima_reader_text_next(r, ret, ret_template, diag);
	case IMA_LIST_JOURNAL:
		return ima_reader_journal_next(r, ret, ret_template, diag);
	default:
		return ima_reader_binary_next(r, ret, ret_template, diag);
	}
}

enum ima_list_format ima_list_reader_format(const struct ima_list_reader *r)
{
	return r->format;
}

enum ima_hash_algo ima_list_reader_digest_algo(const struct ima_list_reader *r)
{
	return r->digest_algo;
}

uint64_t ima_list_reader_deleted(const struct ima_list_reader *r)
{
	return r->n_deleted;
}

uint64_t ima_list_reader_position(const struct ima_list_reader *r)
{
	return r->position;
}
