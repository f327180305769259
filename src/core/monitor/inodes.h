/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was done for which file, so that a file with several names is listed once, as the kernel does by its per-inode state.
 * A file is known by device, inode, birth time and content: what was written to it since makes it another one. Thread-safe.
 */
#pragma once

#include "core/monitor/monitor.h"

struct ima_inodes;

/** what was done: a PCR number, or this for the audit record */
#define IMA_INODES_AUDITED 0x10000U

ima_must_check int ima_inodes_new(struct ima_inodes **ret); /* -ENOMEM */
struct ima_inodes *ima_inodes_free(struct ima_inodes *s);

/** ima_inodes_has() - false also when the event does not say which file it is (no birth time) */
bool ima_inodes_has(struct ima_inodes *s, const struct ima_file_event *ev,
		    const struct ima_digest *content, uint32_t what);

/** ima_inodes_forget() - device numbers may mean something else from now on */
void ima_inodes_forget(struct ima_inodes *s);

/** ima_inodes_add() - without memory nothing is remembered: the file is measured again, which costs time and no record */
void ima_inodes_add(struct ima_inodes *s, const struct ima_file_event *ev,
		    const struct ima_digest *content, uint32_t what);
