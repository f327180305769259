/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal as a file: opened once by the supervisor, appended by the worker, whole records only. */
#pragma once

#include "core/mlist/journal.h"

struct imad_journal {
	int fd;         /* O_RDWR | O_APPEND; borrowed */
	uint64_t size;  /* after the last whole record */
	bool broken;    /* a half-written record could not be taken back: nothing more is appended */
};

/** imad_journal_path() - STATE/BOOT_ID/journal; the folder is made, mode 0700. @ret_path is malloc'd */
ima_must_check int imad_journal_path(const char *state_dir, char **ret_path,
				     uint8_t ret_boot_id[static 16], struct ima_diag *diag);

/** imad_journal_write() - for struct ima_mlist_ops; @user is a struct imad_journal. All or nothing */
int imad_journal_write(void *user, struct ima_bytes record);
