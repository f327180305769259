/* SPDX-License-Identifier: BSD-2-Clause */
/* One file to be labelled: its descriptor, its facts, its attributes; labels are set whole or not at all. */
#pragma once

#include <sys/stat.h>

#include "core/evm/evm.h"
#include "imactl/files.h"

struct imactl_label_turn;

struct imactl_label_file {
	int fd;
	struct stat st;
	struct imactl_label_turn *turn; /* held until it is closed: the file has other names; NULL: not */
	bool user_names; /* user.ima and user.evm in place of security.ima and security.evm */
	/* EVM: what is written at the end, or stands beside the file, counts as if it were there */
	struct ima_bytes pending_ima, pending_evm;
};

/** imactl_label_open() - a regular file, for reading. errno; -EINVAL no regular file */
ima_must_check int imactl_label_open(const char *path, bool user_names, struct imactl_label_file *ret);

/** imactl_label_open_file() - the same for a file of imactl_files_run(). -EXDEV not on the file system that was asked for */
ima_must_check int imactl_label_open_file(const struct imactl_file *file, bool user_names,
					  struct imactl_label_file *ret);
/** imactl_label_take() - the same for what @fd is open for; closed in any case of failure. -EINVAL no regular file, errno */
ima_must_check int imactl_label_take(int fd, bool user_names, struct imactl_label_file *ret);
void imactl_label_close(struct imactl_label_file *f);

/**
 * imactl_label_hash() - digest of the content, or with @verity of the fs-verity descriptor
 * A file that has just been read under another of its names, and that nothing but a label of ours changed since, is not read again.
 * -ETXTBSY its size or times changed meanwhile; errors of ima_hash_fd() and ima_verity_digest_fd()
 */
ima_must_check int imactl_label_hash(struct imactl_label_file *f, struct ima_hasher *h, enum ima_hash_algo algo,
				     const struct ima_verity_opts *verity, struct ima_digest *ret);

/** imactl_label_get() - "ima" or "evm"; @ret malloc'd. -ENODATA, errno */
ima_must_check int imactl_label_get(const struct imactl_label_file *f, const char *which, uint8_t **ret,
				    size_t *ret_len);
ima_must_check int imactl_label_set(const struct imactl_label_file *f, const char *which, struct ima_bytes value);

/** imactl_label_remove() - 0 also when there was none */
ima_must_check int imactl_label_remove(const struct imactl_label_file *f, const char *which);

/** imactl_label_evm_file() - the file as EVM sees it; borrows @f */
struct ima_evm_file imactl_label_evm_file(struct imactl_label_file *f);
