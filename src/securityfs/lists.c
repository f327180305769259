/* SPDX-License-Identifier: BSD-2-Clause */
/* Index and rendering: 8 bytes a record for the journal, 8 more for each kind of file that is read. */
#include "securityfs/lists.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mlist/journal_base.h"

struct ends {
	uint64_t *end; /* file offset after record i */
	size_t n, cap;
};

struct ima_view_lists {
	int fd;
	const char *path;
	uint64_t deleted; /* records that were taken off the journal */
	size_t staged;    /* records at the start that are set apart */
	struct ima_journal_reader *follow; /* takes in new records */
	uint64_t *start;                   /* journal offset of record i */
	size_t n, cap;
	uint64_t end;                      /* journal offset after the last */
	uint64_t violations;
	struct ends kinds[IMA_VIEW_MAX_KINDS];
	struct ima_buffer raw, one;
};

static void take_base(struct ima_view_lists *l)
{
	const struct ima_journal_base *b = ima_journal_reader_base(l->follow);

	l->deleted = b ? b->deleted : 0;
	l->violations = b ? b->violations : 0;
	l->end = ima_journal_reader_offset(l->follow);
}

int ima_view_lists_new(int fd, const char *path, struct ima_view_lists **ret, struct ima_diag *diag)
{
	struct ima_view_lists *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	r = ima_journal_reader_new(fd, &l->follow, diag);
	if (r < 0) {
		free(l);
		return r;
	}
	l->fd = fd;
	l->path = path;
	take_base(l);
	*ret = l;
	return 0;
}

struct ima_view_lists *ima_view_lists_free(struct ima_view_lists *l)
{
	if (!l)
		return NULL;
	ima_journal_reader_free(l->follow);
	for (size_t i = 0; i < IMA_VIEW_MAX_KINDS; i++)
		free(l->kinds[i].end);
	free(l->start);
	ima_buffer_done(&l->raw);
	ima_buffer_done(&l->one);
	ima_close(l->fd);
	free(l);
	return NULL;
}

const struct ima_journal_head *ima_view_lists_head(const struct ima_view_lists *l)
{
	return ima_journal_reader_head(l->follow);
}

static int push(uint64_t **items, size_t *n, size_t *cap, uint64_t value)
{
	if (*n == *cap) {
		const size_t more = *cap ? *cap * 2 : 1024;
		uint64_t *p = reallocarray(*items, more, sizeof(*p));

		if (!p)
			return -ENOMEM;
		*items = p;
		*cap = more;
	}
	(*items)[(*n)++] = value;
	return 0;
}

/* records were deleted since: where all others are is the same, which of them is the first is not */
static int follow_deletion(struct ima_view_lists *l)
{
	struct ima_journal_reader *anew = NULL;
	uint8_t raw[IMA_JOURNAL_PEEK];
	const size_t at = ima_journal_head_len(ima_view_lists_head(l));
	uint64_t next, deleted;
	int r;

	if (pread(l->fd, raw, sizeof(raw), (off_t)at) != sizeof(raw) ||
	    !ima_journal_base_peek((struct ima_bytes){ raw, sizeof(raw) }, &next, &deleted) ||
	    deleted == l->deleted)
		return 0;
	r = ima_journal_reader_new(l->fd, &anew, NULL);
	if (r < 0)
		return r;
	ima_journal_reader_free(l->follow);
	l->follow = anew;
	l->n = 0;
	for (size_t i = 0; i < IMA_VIEW_MAX_KINDS; i++)
		l->kinds[i].n = 0;
	take_base(l);
	return 0;
}

static void read_staged(struct ima_view_lists *l)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	char path[4096], text[64] = "";
	uint64_t n = 0, deleted = 0;

	l->staged = 0;
	snprintf(path, sizeof(path), "%s.staged", l->path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
	    sscanf(text, "%" SCNu64 " %" SCNu64, &n, &deleted) != 2 || deleted != l->deleted)
		return;
	l->staged = n < l->n ? (size_t)n : l->n;
}

int ima_view_lists_refresh(struct ima_view_lists *l)
{
	struct ima_journal_record rec;
	int r = follow_deletion(l);

	if (r < 0)
		return r;
	while ((r = ima_journal_reader_next(l->follow, &rec, NULL)) == 1) {
		r = push(&l->start, &l->n, &l->cap, l->end);
		if (r < 0)
			return r;
		l->end = ima_journal_reader_offset(l->follow);
		l->violations += (rec.flags & (IMA_JOURNAL_VIOLATION | IMA_JOURNAL_RESTORED)) ==
				 IMA_JOURNAL_VIOLATION;
	}
	read_staged(l);
	return r;
}

uint64_t ima_view_lists_count(const struct ima_view_lists *l)
{
	return l->n - l->staged;
}

uint64_t ima_view_lists_violations(const struct ima_view_lists *l)
{
	return l->violations;
}

static int read_exact(int fd, uint8_t *to, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int load(struct ima_view_lists *l, size_t i)
{
	const uint64_t end = i + 1 < l->n ? l->start[i + 1] : l->end;
	const size_t len = (size_t)(end - l->start[i]);
	int r;

	l->raw.len = 0;
	r = ima_buffer_reserve(&l->raw, len);
	if (r == 0)
		r = read_exact(l->fd, l->raw.data, len, l->start[i]);
	if (r == 0)
		l->raw.len = len;
	return r;
}

/* the record's envelope: the slot's digest and the kernel's binary form */
static void open_envelope(const struct ima_view_lists *l, size_t slot, struct ima_bytes *ret_digest,
			  struct ima_bytes *ret_binary)
{
	const struct ima_journal_head *h = ima_view_lists_head(l);
	size_t at = IMA_JOURNAL_RECORD_HEAD;

	for (size_t i = 0; i < h->n_slots; i++) {
		if (i == slot)
			*ret_digest = (struct ima_bytes){ l->raw.data + at, h->slots[i].digest_len };
		at += h->slots[i].digest_len;
	}
	*ret_binary = (struct ima_bytes){ l->raw.data + at, l->raw.len - at };
}

#define SHA1_LEN 20

static int render_binary(struct ima_buffer *out, struct ima_bytes digest, struct ima_bytes binary)
{
	int r = ima_buffer_append(out, binary.data, 4);

	if (r == 0)
		r = ima_buffer_append(out, digest.data, digest.len);
	return r < 0 ? r
		     : ima_buffer_append(out, binary.data + 4 + SHA1_LEN, binary.len - 4 - SHA1_LEN);
}

static int render_text(struct ima_buffer *out, struct ima_bytes digest, struct ima_bytes binary)
{
	struct ima_buffer scratch = { 0 };
	struct ima_template *custom = NULL;
	const struct ima_template *t;
	struct ima_record rec;
	int r = ima_journal_open_binary(binary, &scratch, &rec);

	if (r == 0) {
		const char *name = (const char *)rec.name.data;

		t = ima_template_builtin(name, rec.name.len);
		if (!t)
			r = ima_template_parse(name, rec.name.len, &custom);
		rec.digest = digest;
		if (r == 0)
			r = ima_record_print(out, &rec, t ? t : custom);
	}
	ima_template_free(custom);
	ima_buffer_done(&scratch);
	return r;
}

static int render(struct ima_view_lists *l, size_t i, size_t slot, bool text)
{
	struct ima_bytes digest = { 0 }, binary;
	int r = load(l, i);

	if (r < 0)
		return r;
	open_envelope(l, slot, &digest, &binary);
	l->one.len = 0;
	return text ? render_text(&l->one, digest, binary) : render_binary(&l->one, digest, binary);
}

static uint64_t end_of(const struct ends *e, size_t n)
{
	return n ? e->end[n - 1] : 0;
}

/* the record that holds byte @offset, among those whose end is known; e->n when it lies behind them */
static size_t find(const struct ends *e, uint64_t offset)
{
	size_t lo = 0, hi = e->n;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (e->end[mid] <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* make the ends known until one lies behind @offset */
static int extend_ends(struct ima_view_lists *l, struct ends *e, size_t slot, bool text,
		       uint64_t offset, size_t n)
{
	while (e->n < l->n && (end_of(e, e->n) <= offset || e->n < n)) {
		int r = render(l, e->n, slot, text);

		if (r == 0)
			r = push(&e->end, &e->n, &e->cap, end_of(e, e->n) + l->one.len);
		if (r < 0)
			return r;
	}
	return 0;
}

static int append_part(struct ima_view_lists *l, uint64_t record_start, uint64_t offset, size_t room,
		       struct ima_buffer *out)
{
	const size_t skip = offset > record_start ? (size_t)(offset - record_start) : 0;
	size_t len = l->one.len - skip;

	return ima_buffer_append(out, l->one.data + skip, len < room ? len : room);
}

int ima_view_lists_read(struct ima_view_lists *l, size_t slot, bool text, enum ima_view_part part,
			uint64_t offset, size_t size, struct ima_buffer *out)
{
	const size_t end = part == IMA_VIEW_STAGED ? l->staged : l->n;
	struct ends *e = &l->kinds[2 * slot + text];
	size_t i;
	int r = part == IMA_VIEW_STAGED ? 0 : extend_ends(l, e, slot, text, 0, l->staged);

	/* the current list begins where the staged one ends */
	if (part == IMA_VIEW_CURRENT && r == 0)
		offset += end_of(e, l->staged);
	if (r == 0)
		r = extend_ends(l, e, slot, text, offset, 0);

	out->len = 0;
	i = find(e, offset);
	while (r == 0 && i < end && out->len < size) {
		r = render(l, i, slot, text);
		if (r == 0 && i == e->n)
			r = push(&e->end, &e->n, &e->cap, end_of(e, e->n) + l->one.len);
		if (r == 0)
			r = append_part(l, end_of(e, i), offset, size - out->len, out);
		i++;
	}
	return r;
}
