/* SPDX-License-Identifier: BSD-2-Clause */
/* Appending whole records with one write(2) each; what was written of a refused record is cut off again. */
#include "imad/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"

static int read_boot_id(char text[static 37], uint8_t ret[static 16])
{
	ima_cleanup(ima_closep) int fd =
		open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, text, 36) != 36)
		return -EIO;
	text[36] = 0;
	return ima_hex_uuid(text, ret) < 0 ? -EBADMSG : 0;
}

static int make_dir(const char *path, struct ima_diag *diag)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return ima_diag_text(diag, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

int imad_journal_path(const char *state_dir, char **ret_path, uint8_t ret_boot_id[static 16],
		      struct ima_diag *diag)
{
	ima_cleanup(ima_freep) char *dir = NULL;
	char boot[37];
	int r = read_boot_id(boot, ret_boot_id);

	if (r < 0)
		return ima_diag_text(diag, r, "reading the boot id: %s", strerror(-r));
	r = make_dir(state_dir, diag);
	if (r < 0)
		return r;
	if (asprintf(&dir, "%s/%s", state_dir, boot) < 0)
		return -ENOMEM;
	r = make_dir(dir, diag);
	if (r < 0)
		return r;
	return asprintf(ret_path, "%s/journal", dir) < 0 ? -ENOMEM : 0;
}

int imad_journal_write(void *user, struct ima_bytes record)
{
	struct imad_journal *j = user;
	ssize_t n;

	if (j->broken)
		return -EIO;
	do {
		n = write(j->fd, record.data, record.len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)record.len) {
		j->size += record.len;
		return 0;
	}
	n = n < 0 ? -errno : -ENOSPC;
	if (ftruncate(j->fd, (off_t)j->size) < 0)
		j->broken = true;
	return (int)n;
}
