/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths from a file or a pipe, one at a time. */
#pragma once

#include <ima/types.h>

struct imactl_path_list;

/** imactl_path_list_open() - "-" is standard input; @by_nul: each ends in NUL, else in newline. errno, -ENOMEM */
ima_must_check int imactl_path_list_open(const char *file, bool by_nul, struct imactl_path_list **ret);
struct imactl_path_list *imactl_path_list_free(struct imactl_path_list *l);

/** imactl_path_list_next() - 1 @ret, borrowed until the next call; 0 the end; errno, -EBADMSG a NUL in a list of lines. Empty ones are passed over */
ima_must_check int imactl_path_list_next(struct imactl_path_list *l, const char **ret);
