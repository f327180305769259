/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tar around evidence, by libarchive. Reading trusts nothing that libarchive lets pass: the same parts are written again and compared with the input
 * while they come, so that padding, times, owners and spellings of numbers have one form only.
 */
#include <errno.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/diag.h"
#include "core/attest/evidence.h"

#define MODE 0644

struct sink {
	struct ima_buffer *out; /* append there, or */
	struct ima_bytes same;  /* be equal to this */
	size_t at;
	int error;
};

static la_ssize_t take(struct archive *a, void *user, const void *data, size_t len)
{
	struct sink *s = user;

	/* a sink that fails leaks the writer's buffer (libarchive 3.6): it goes on to the end, and what was wrong is kept */
	if (s->error)
		return (la_ssize_t)len;
	if (s->out)
		s->error = ima_buffer_append(s->out, data, len);
	else if (len > s->same.len - s->at || (data != s->same.data + s->at && memcmp(s->same.data + s->at, data, len)))
		s->error = -EBADMSG;
	if (!s->error)
		s->at += len;
	return (la_ssize_t)len;
}

static int write_part(struct archive *a, struct archive_entry *e, const char *name, struct ima_bytes part)
{
	archive_entry_clear(e);
	archive_entry_set_pathname(e, name);
	archive_entry_set_size(e, (la_int64_t)part.len);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, MODE);
	archive_entry_set_mtime(e, 0, 0);
	if (archive_write_header(a, e) != ARCHIVE_OK)
		return -EIO;
	return archive_write_data(a, part.data, part.len) == (la_ssize_t)part.len ? 0 : -EIO;
}

static int write_to(struct sink *s, const struct ima_bytes part[static IMA_PART__LAST])
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	int r = a && e ? 0 : -ENOMEM;

	if (r == 0 && (archive_write_set_format_ustar(a) != ARCHIVE_OK || archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK ||
		       archive_write_open(a, s, NULL, take, NULL) != ARCHIVE_OK))
		r = -EIO;
	for (unsigned int i = 0; i < IMA_PART__LAST && r == 0; i++)
		if (part[i].len)
			r = write_part(a, e, ima_evidence_part_name((enum ima_evidence_part)i), part[i]);
	if (r == 0 && archive_write_close(a) != ARCHIVE_OK)
		r = -EIO;
	archive_entry_free(e);
	archive_write_free(a);
	return s->error ? s->error : r;
}

int ima_evidence_tar_write(const struct ima_bytes part[static IMA_PART__LAST], struct ima_buffer *out)
{
	struct sink s = { .out = out };
	const size_t at = out->len;
	const int r = write_to(&s, part);

	if (r < 0)
		out->len = at;
	return r;
}

static int part_by_name(const char *name, unsigned int from, unsigned int *ret)
{
	for (unsigned int i = from; name && i < IMA_PART__LAST; i++) {
		if (strcmp(name, ima_evidence_part_name((enum ima_evidence_part)i)))
			continue;
		*ret = i;
		return 0;
	}
	return -ENOENT;
}

/* libarchive's memory source hands out views of the input: a part is one of them, whole */
static int read_part(struct archive *a, size_t size, struct ima_bytes archive, struct ima_bytes *ret)
{
	const void *block = NULL;
	la_int64_t offset = 0;
	size_t len = 0;

	if (archive_read_data_block(a, &block, &len, &offset) != ARCHIVE_OK || offset != 0 || len != size ||
	    (const uint8_t *)block < archive.data || (const uint8_t *)block + len > archive.data + archive.len)
		return -EBADMSG;
	*ret = (struct ima_bytes){ block, len };
	return 0;
}

static int read_entries(struct archive *a, struct ima_bytes archive, struct ima_bytes part[static IMA_PART__LAST],
			struct ima_diag *diag)
{
	struct archive_entry *e;
	unsigned int next = 0, which;
	int r;

	while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
		const la_int64_t size = archive_entry_size(e);

		if (part_by_name(archive_entry_pathname(e), next, &which) < 0)
			return ima_diag_text(diag, -EBADMSG, "a part that does not belong into evidence, or not there: %.80s",
					     archive_entry_pathname(e) ? archive_entry_pathname(e) : "without a name");
		if (archive_entry_filetype(e) != AE_IFREG || size <= 0)
			return ima_diag_text(diag, -EBADMSG, "%s is no file, or empty", ima_evidence_part_name((enum ima_evidence_part)which));
		if (read_part(a, (size_t)size, archive, &part[which]) < 0)
			return ima_diag_text(diag, -EBADMSG, "%s is cut", ima_evidence_part_name((enum ima_evidence_part)which));
		next = which + 1;
	}
	return r == ARCHIVE_EOF ? 0 : ima_diag_text(diag, -EBADMSG, "not a tar archive: %.120s", archive_error_string(a) ? archive_error_string(a) : "damaged");
}

static int check_form(struct ima_bytes archive, const struct ima_bytes part[static IMA_PART__LAST], struct ima_diag *diag)
{
	struct sink s = { .same = archive };
	const int r = write_to(&s, part);

	if (r == 0 && s.at == archive.len)
		return 0;
	if (r < 0 && r != -EBADMSG)
		return r;
	return ima_diag_at(diag, -EBADMSG, s.at, "the archive is not written as evidence is: its bytes say more than its parts");
}

int ima_evidence_tar_read(struct ima_bytes archive, struct ima_bytes ret[static IMA_PART__LAST], struct ima_diag *diag)
{
	struct ima_bytes part[IMA_PART__LAST] = { 0 };
	struct archive *a = archive_read_new();
	int r = a ? 0 : -ENOMEM;

	if (r == 0 && archive_read_support_format_tar(a) != ARCHIVE_OK)
		r = -EIO;
	if (r == 0 && archive_read_open_memory(a, archive.data, archive.len) != ARCHIVE_OK)
		r = ima_diag_text(diag, -EBADMSG, "not a tar archive");
	if (r == 0)
		r = read_entries(a, archive, part, diag);
	archive_read_free(a);
	if (r == 0)
		r = check_form(archive, part, diag);
	if (r == 0)
		memcpy(ret, part, sizeof(part));
	return r;
}
