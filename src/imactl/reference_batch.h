/* SPDX-License-Identifier: BSD-2-Clause */
/* What one archive says of its files, until it was read to its end: of a damaged one nothing is kept. */
#pragma once

#include <ima/reference.h>

#include "base/buffer.h"

struct imactl_batch;

ima_must_check int imactl_batch_new(struct imactl_batch **ret); /* -ENOMEM */
struct imactl_batch *imactl_batch_free(struct imactl_batch *b);

/** imactl_batch_add() - path, digest, size and signature of @v are copied. The last of several with one path counts. -ENOMEM, -E2BIG */
ima_must_check int imactl_batch_add(struct imactl_batch *b, const struct ima_reference_value *v);

/** imactl_batch_link() - another name of the file @target, which comes before or after. As imactl_batch_add() */
ima_must_check int imactl_batch_link(struct imactl_batch *b, const char *path, const char *target);

/** imactl_batch_see_symlink() - a link of the root folder's, which may say that names below it are those below /usr */
void imactl_batch_see_symlink(struct imactl_batch *b, const char *path, const char *target);

/**
 * imactl_batch_finish() - @each is called with every value, sorted by path
 * @lost: called with each link whose target is not there
 * Return: 0, -ENOMEM, what @each returned when it was not 0
 */
ima_must_check int imactl_batch_finish(struct imactl_batch *b, int (*each)(void *user, const struct ima_reference_value *v),
				       void (*lost)(void *user, const char *path), void *user);
