/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of before a kexec goes in front of a fresh one as one write: it is there whole or not at all. */
#include "imad/list_restore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <syslog.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/diag.h"

static int restore_all(struct imad_worker *w, struct ima_list_reader *in, struct ima_buffer *out,
		       uint64_t *ret_n, struct ima_diag *diag)
{
	const struct ima_template *t;
	struct ima_record rec;
	int r;

	while ((r = ima_list_reader_next(in, &rec, &t, diag)) == 1) {
		r = ima_mlist_restore_record(w->mlist, w->hasher, &rec, t, out);
		if (r < 0)
			return ima_diag_text(diag, r, "entry %llu: %s", (unsigned long long)*ret_n + 1,
					     r == -EBADMSG ? "its digest does not match its data"
					     : r == -EPROTONOSUPPORT ? "no kernel restores such an entry"
								     : strerror(-r));
		++*ret_n;
		atomic_fetch_add(&w->setup->shared->heartbeat, 1);
	}
	return r;
}

int imad_list_restore(struct imad_worker *w, struct ima_diag *diag)
{
	const char *path = w->setup->config->kexec_buffer;
	ima_cleanup(ima_closep) int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -EBADF;
	struct ima_list_reader *in = NULL;
	struct ima_buffer out = { 0 };
	struct ima_diag why = { 0 };
	uint64_t n = 0;
	int r;

	if (!path || !w->fresh)
		return 0;
	w->journal.size = ima_journal_head_len(&w->head);
	r = fd < 0 ? -errno : ima_list_reader_new(fd, NULL, &in);
	if (r == 0)
		r = restore_all(w, in, &out, &n, &why);
	/* as the kernel does: what came before a wrong entry stays */
	if (r < 0)
		imad_say(w, LOG_ERR, "%s: %s; %llu entries are restored", path,
			 why.text[0] ? why.text : strerror(-r), (unsigned long long)n);
	r = out.len ? imad_journal_write(&w->journal, ima_buffer_bytes(&out)) : 0;
	ima_buffer_done(&out);
	ima_list_reader_free(in);
	if (r < 0)
		return ima_diag_text(diag, r, "%s: %s", w->setup->journal_path, strerror(-r));
	if (n)
		imad_say(w, LOG_INFO, "%llu entries of the list before the kexec are restored",
			 (unsigned long long)n);
	return 0;
}
