/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page of a file that was pinned while the file was mapped shared and writable can be written after the mapping and its descriptor are
 * gone, with no trace in the file's times or counts. Such a file is approved only when none of its pages is in memory any more.
 */
#pragma once

#include <ima/types.h>

/** ima_cleanse() - write back and drop the file's pages. 0 none is left, -EBUSY some page stays, -EOPNOTSUPP nothing to read them from again, errno */
ima_must_check int ima_cleanse(int fd);
