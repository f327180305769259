/* SPDX-License-Identifier: BSD-2-Clause */
/* Redo file, then the journal, then the counters. */
#include "imad/list_trim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/file.h"
#include "core/mlist/trim.h"

#define REDO_MAX (IMA_JOURNAL_BASE_MAX + 4096U)
#define STEP 250000 /* records deleted between two heartbeats */

static char *beside(const struct imad_worker *w, const char *suffix)
{
	char *path = NULL;

	return asprintf(&path, "%s%s", w->setup->journal_path, suffix) < 0 ? NULL : path;
}

static int write_all(int fd, struct ima_bytes b, off_t at)
{
	while (b.len) {
		ssize_t n = pwrite(fd, b.data, b.len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		b.data += n;
		b.len -= (size_t)n;
		at += n;
	}
	return 0;
}

/* whole or not at all, under its name */
static int put_file(const char *path, struct ima_bytes content)
{
	ima_cleanup(ima_freep) char *tmp = NULL;
	int fd, r;

	if (asprintf(&tmp, "%s.new", path) < 0)
		return -ENOMEM;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_all(fd, content, 0);
	if (fd >= 0 && close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(tmp, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(tmp);
	return r;
}

static int read_small(const char *path, size_t max, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : ima_file_read_fd(fd, max, ret, ret_len);
}

/* the journal's own descriptor only appends */
static int apply(struct imad_worker *w, struct ima_bytes blob, uint64_t next)
{
	ima_cleanup(ima_closep) int fd = open(w->setup->journal_path, O_WRONLY | O_CLOEXEC);
	const uint64_t at = ima_journal_head_len(&w->head);
	int r = fd < 0 ? -errno : write_all(fd, blob, (off_t)at);

	if (r < 0)
		return r;
	/* a file system that cannot give space back keeps it: nothing else depends on it */
	if (next > at + blob.len &&
	    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(at + blob.len),
		      (off_t)(next - at - blob.len)) < 0 &&
	    errno != EOPNOTSUPP)
		return -errno;
	return 0;
}

static int delete_step(struct imad_worker *w, uint64_t n, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *redo = beside(w, ".trim");
	struct ima_buffer blob = { 0 };
	uint64_t next = 0;
	int r = redo ? ima_journal_base_make(w->journal.fd, n, &blob, &next, diag) : -ENOMEM;

	if (r == 0)
		r = put_file(redo, ima_buffer_bytes(&blob));
	if (r == 0)
		r = apply(w, ima_buffer_bytes(&blob), next);
	if (r == 0 && unlink(redo) < 0)
		r = -errno;
	ima_buffer_done(&blob);
	if (r == 0)
		ima_mlist_deleted(w->mlist, n);
	return r;
}

static int delete(struct imad_worker *w, uint64_t n, struct ima_diag *diag)
{
	int r = 0;

	while (n && r == 0) {
		const uint64_t step = n < STEP ? n : STEP;

		r = delete_step(w, step, diag);
		n -= step;
		atomic_fetch_add(&w->setup->shared->heartbeat, 1);
	}
	return r;
}

int imad_trim_resume(struct imad_worker *w, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *redo = beside(w, ".trim");
	ima_cleanup(ima_freep) uint8_t *blob = NULL;
	struct ima_journal_base base;
	size_t len = 0;
	int r = redo ? read_small(redo, REDO_MAX, &blob, &len) : -ENOMEM;

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = ima_journal_base_parse(&w->head, (struct ima_bytes){ blob, len }, &base);
	if (r == 0)
		r = apply(w, (struct ima_bytes){ blob, len }, base.next);
	if (r == 0 && unlink(redo) < 0)
		r = -errno;
	return r < 0 ? ima_diag_text(diag, r, "%s: finishing the deletion of records: %s", redo ? redo : "",
				     strerror(-r))
		     : 0;
}

/* records staged, 0: none; a mark that was left from before a deletion says nothing */
static uint64_t staged(struct imad_worker *w)
{
	ima_cleanup(ima_freep) char *path = beside(w, ".staged");
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	uint64_t n, deleted;
	size_t len = 0;

	if (!path || read_small(path, 64, &text, &len) < 0 ||
	    sscanf((const char *)text, "%" SCNu64 " %" SCNu64, &n, &deleted) != 2)
		return 0;
	return deleted == ima_mlist_stats(w->mlist).deleted ? n : 0;
}

int imad_trim(struct imad_worker *w, uint64_t n, struct ima_diag *diag)
{
	if (!n)
		return ima_diag_text(diag, -EINVAL, "no record is to be deleted");
	if (w->setup->config->flush_htable)
		return ima_diag_text(diag, -EINVAL, "with ima_flush_htable records are staged first, and then deleted");
	if (staged(w))
		return ima_diag_text(diag, -EEXIST, "records are staged: delete those first");
	if (n > ima_mlist_stats(w->mlist).entries)
		return ima_diag_text(diag, -ENOENT, "the list has fewer records");
	return delete(w, n, diag);
}

int imad_trim_stage(struct imad_worker *w, struct ima_diag *diag)
{
	const struct ima_mlist_stats stats = ima_mlist_stats(w->mlist);
	ima_cleanup(ima_freep) char *path = beside(w, ".staged");
	char text[64];

	if (staged(w))
		return ima_diag_text(diag, -EEXIST, "records are staged already");
	if (!stats.entries)
		return ima_diag_text(diag, -ENOENT, "the list is empty");
	snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 "\n", stats.entries, stats.deleted);
	return path ? put_file(path, (struct ima_bytes){ (const uint8_t *)text, strlen(text) }) : -ENOMEM;
}

int imad_trim_drop(struct imad_worker *w, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *path = beside(w, ".staged");
	const uint64_t n = staged(w);
	int r;

	if (!n)
		return ima_diag_text(diag, -ENOENT, "nothing is staged");
	r = path ? delete(w, n, diag) : -ENOMEM;
	if (r == 0 && unlink(path) < 0)
		r = -errno;
	/* the whole table, that of present records too, as the kernel does */
	return r == 0 && w->setup->config->flush_htable ? ima_mlist_forget(w->mlist) : r;
}
