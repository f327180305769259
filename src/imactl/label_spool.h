/* SPDX-License-Identifier: BSD-2-Clause */
/* The labels of an archive's files, kept in an unnamed file: in their order, and by name for hard links. */
#pragma once

#include <ima/label.h>

#include "core/archive/tar_label.h"
#include "imactl/command.h"

/** struct imactl_spooled - one file; @label is a value of its own */
struct imactl_spooled {
	uint64_t position;
	uint32_t mode, uid, gid;
	struct ima_digest content;
	struct ima_label label;
};

struct imactl_spool;

ima_must_check int imactl_spool_new(struct ima_hasher *h, struct imactl_spool **ret); /* @h borrowed; errno */
struct imactl_spool *imactl_spool_free(struct imactl_spool *s);

/** imactl_spool_add() - a later file of the same path counts. errno */
ima_must_check int imactl_spool_add(struct imactl_spool *s, const char *path, const struct imactl_spooled *file);

/** imactl_spool_find() - -ENOENT no file of that path was added; errno */
ima_must_check int imactl_spool_find(struct imactl_spool *s, const char *path, struct imactl_spooled *ret);

/** imactl_spool_label() - an ima_tar_labels over all that was added, from the first on; @user: the spool */
int imactl_spool_label(void *user, struct ima_tar_label *ret);
