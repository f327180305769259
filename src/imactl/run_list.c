/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole records only: one that does not fit is taken back, and the measurement has failed. */
#include "imactl/run_list.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "core/mlist/tpm_slots.h"
#include "imactl/command.h"

static int write_whole(struct run_list *l, struct ima_bytes b)
{
	ssize_t n = pwrite(l->fd, b.data, b.len, (off_t)l->size);
	const int error = n < 0 ? -errno : (size_t)n < b.len ? -ENOSPC : 0;

	if (error && ftruncate(l->fd, (off_t)l->size) < 0)
		return -EIO;
	return error;
}

static int write_record(void *user, struct ima_bytes record)
{
	struct run_list *l = user;
	const struct ima_bytes binary = { record.data + l->head_len, record.len - l->head_len };

	l->error = write_whole(l, binary);
	if (!l->error)
		l->size += binary.len;
	return l->error;
}

static int extend_record(void *user, uint32_t pcr, const struct ima_digest *slots, size_t n_slots)
{
	struct run_list *l = user;

	return l->tpm->n_banks ? ima_tpm_extend_slots(l->tpm, &l->head, pcr, slots) : 0;
}

static int open_tpm(struct run_list *l, const char *spec)
{
	struct ima_tpm_opts opts = { .spec = spec };
	const char *tmp = getenv("TMPDIR");
	struct ima_diag diag = { 0 };
	int r;

	if (!strcmp(spec, "embedded")) {
		r = snprintf(l->state_dir, sizeof(l->state_dir), "%s/imactl-run.XXXXXX", tmp && *tmp ? tmp : "/tmp");
		if (r >= (int)sizeof(l->state_dir) || !mkdtemp(l->state_dir)) {
			l->state_dir[0] = 0;
			return imactl_fail(EXIT_UNABLE, "no folder for the TPM's state in %s: %s", tmp && *tmp ? tmp : "/tmp",
					   strerror(r >= (int)sizeof(l->state_dir) ? ENAMETOOLONG : errno));
		}
		opts.state_dir = l->state_dir;
	}
	r = ima_tpm_open(&opts, &l->tpm, &diag);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, spec, &diag, r) : 0;
}

static int open_file(struct run_list *l, const char *path)
{
	l->fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : memfd_create("list", MFD_CLOEXEC);
	return l->fd < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", path ? path : "the list", strerror(errno)) : 0;
}

int run_list_open(struct run_list *l, const char *path, const char *tpm, enum ima_hash_algo hash)
{
	struct ima_mlist_opts opts = { .ops = { .write = write_record, .extend = extend_record, .user = l } };
	int r;

	*l = (struct run_list){ .fd = -EBADF, .head_len = IMA_JOURNAL_RECORD_HEAD };
	r = open_tpm(l, tpm);
	if (r == 0)
		r = open_file(l, path);
	if (r)
		return r;
	l->head = ima_tpm_slots(l->tpm, hash);
	for (size_t i = 0; i < l->head.n_slots; i++)
		l->head_len += l->head.slots[i].digest_len;
	opts.head = l->head;
	return ima_mlist_new(&opts, &l->list) < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : 0;
}

static void remove_folder(const char *dir)
{
	char *const roots[] = { ima_unconst(dir), NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	while (tree && (e = fts_read(tree)))
		if (e->fts_info != FTS_D)
			ima_ignore(remove(e->fts_accpath));
	if (tree)
		fts_close(tree);
}

void run_list_close(struct run_list *l)
{
	ima_mlist_free(l->list);
	ima_tpm_free(l->tpm);
	ima_ignore(ima_close(l->fd));
	if (l->state_dir[0])
		remove_folder(l->state_dir);
	*l = (struct run_list){ .fd = -EBADF };
}

int run_list_pcrs(struct run_list *l, uint32_t mask, struct ima_pcrs *ret)
{
	*ret = (struct ima_pcrs){ 0 };
	return l->tpm->n_banks ? ima_tpm_read(l->tpm, mask, ret) : 0;
}
