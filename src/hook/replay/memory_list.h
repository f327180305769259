/* SPDX-License-Identifier: BSD-2-Clause */
/* A measurement list that is kept in memory, with PCRs of its own: what replayed events lead to. Not thread-safe. */
#pragma once

#include <ima/pcr.h>

#include "base/buffer.h"
#include "core/mlist/mlist.h"

struct ima_memory_list {
	struct ima_mlist *list;   /* for the monitor */
	struct ima_buffer binary; /* kernel binary records with sha1 template digests, as they were added */
	size_t last;              /* offset of the newest record in @binary */
	struct ima_pcrs pcrs;     /* sha1, sha256 and the default algorithm's bank, from zero */
	struct ima_hasher *h;     /* owned; for the extends */
	size_t head_len;          /* bytes of a journal record before the kernel's binary one */
};

/** ima_memory_list_new() - @algo: default algorithm. -ENOPKG it is not available, -ENOMEM */
ima_must_check int ima_memory_list_new(enum ima_hash_algo algo, struct ima_memory_list **ret);
struct ima_memory_list *ima_memory_list_free(struct ima_memory_list *l);
