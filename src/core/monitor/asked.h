/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rules have asked of a file so far, and which uses of it passed, as the kernel keeps it with each inode: options only come
 * together, till owner, mode or times are set; a use that passed stays good while content and labels are the same. Thread-safe.
 * A file is known by device, inode and birth time; one without a birth time is not remembered. Places are few: a file that needs
 * another's place makes it forgotten, as the kernel forgets an inode that it needs the memory of.
 */
#pragma once

#include <pthread.h>

#include "core/monitor/monitor.h"

#define IMA_ASKED_SLOTS 16384

/** struct ima_asked_slot - @ino 0: free; zeroed memory is empty */
struct ima_asked_slot {
	uint64_t dev, ino, birth_ns;
	uint64_t attrs; /* ima_file_event.attrs, owner and mode of then */
	uint32_t mode, uid, gid;
	uint32_t opts;   /* IMA_OPT_* of every rule that matched */
	uint32_t passed; /* IMA_ACTION_*_APPRAISE; counts while @state is that of the file */
	uint8_t state[IMA_DIGEST_MAX];
};

struct ima_asked {
	pthread_mutex_t lock;
	struct ima_asked_slot *slots; /* borrowed */
};

void ima_asked_init(struct ima_asked *a, struct ima_asked_slot slots[static IMA_ASKED_SLOTS]);
void ima_asked_done(struct ima_asked *a);

/** ima_asked_add() - @opts are asked now. Return: all that were */
uint32_t ima_asked_add(struct ima_asked *a, const struct ima_file_event *ev, uint32_t opts);

/** ima_asked_passed() - uses that passed in this @state, IMA_ACTION_*_APPRAISE */
uint32_t ima_asked_passed(struct ima_asked *a, const struct ima_file_event *ev, const struct ima_digest *state);

/** ima_asked_pass() - @use passed in @state */
void ima_asked_pass(struct ima_asked *a, const struct ima_file_event *ev, const struct ima_digest *state,
		    uint32_t use);

/** ima_asked_forget() - the files of devices that are no longer there */
void ima_asked_forget(struct ima_asked *a, ima_device_fn *is_there, void *user);
