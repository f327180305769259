/* SPDX-License-Identifier: BSD-2-Clause */
/* What the owners of the TPM share among themselves. Nobody outside core/pcr includes this. */
#pragma once

#include "core/pcr/tpm.h"

/** struct ima_tpm_state - the embedded TPM's folder: a lock for our lifetime, files replaced whole */
struct ima_tpm_state {
	int dir_fd;  /* -EBADF when empty */
	int lock_fd; /* -EBADF when empty */
	struct ima_hasher *hasher;
	int error;             /* of the first load or store that failed: 0 or -errno */
	struct ima_diag diag;  /* names the file of that failure */
	char path[128];        /* of the folder, for words only */
};

/** ima_tpm_state_open() - create the folder (0700) when it is missing, check and lock it. errno, -EBUSY, -EPERM */
ima_must_check int ima_tpm_state_open(struct ima_tpm_state *s, const char *path,
				      struct ima_diag *diag);
void ima_tpm_state_close(struct ima_tpm_state *s);

/** ima_tpm_state_load() - malloc'd contents. -ENOENT is not a failure; -EBADMSG, errno are, and are kept in @s */
ima_must_check int ima_tpm_state_load(struct ima_tpm_state *s, const char *name, uint8_t **ret,
				      size_t *ret_len);
ima_must_check int ima_tpm_state_store(struct ima_tpm_state *s, const char *name,
				       struct ima_bytes data);
ima_must_check int ima_tpm_state_delete(struct ima_tpm_state *s, const char *name, bool must_exist);

ima_must_check int ima_tpm_open_none(struct ima_tpm **ret);
ima_must_check int ima_tpm_open_tss2(const char *tcti, struct ima_tpm **ret, struct ima_diag *diag);
ima_must_check int ima_tpm_open_embedded(const char *state_dir, struct ima_tpm **ret,
					 struct ima_diag *diag);
