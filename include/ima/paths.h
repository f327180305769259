/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of paths, by whole segments and by globs. Matching takes time in proportion to the path and the globs, whatever they are: there are no
 * regular expressions here.
 *
 *   /tmp          /tmp itself and everything below it, but not /tmpfoo
 *   /a/x*.log     a * stands for any characters but /, a ? for one, [a-z] for one of a class, ** for any characters at all
 */
#pragma once

#include <ima/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMA_PATHS_MAX 100000      /* patterns */
#define IMA_PATHS_MAX_GLOB 255    /* characters of a glob */
#define IMA_PATHS_MAX_MATCHED 8192 /* bytes: a longer path is in no set */

struct ima_paths;

ima_must_check int ima_paths_new(struct ima_paths **ret); /* -ENOMEM */
struct ima_paths *ima_paths_free(struct ima_paths *p);

/**
 * ima_paths_add() - a pattern; with *, ? or [ it is a glob for the whole path, else a path and what is below. Blanks are underscores, as in lists
 * Return: 0, -EINVAL with @diag (does not begin with / or **, has an empty or dot segment, an open class, is too long), -E2BIG, -ENOMEM
 */
ima_must_check int ima_paths_add(struct ima_paths *p, const char *pattern, struct ima_diag *diag);

/** ima_paths_has() - any number of threads at once, when nothing is added any more. @p NULL: an empty set */
bool ima_paths_has(const struct ima_paths *p, struct ima_bytes path);
size_t ima_paths_size(const struct ima_paths *p);

#ifdef __cplusplus
}
#endif
