/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What outlives a worker: the memory that supervisor and workers share, and the groups' descriptors.
 *
 * read(2) on a group puts the event straight into a slot, so that an event is in shared memory before anybody can be killed
 * with it. Supervisor and worker share one descriptor table: an event's descriptor outlives the worker too.
 *
 * A slot is pending while ev.event_len is not 0. Ending it takes three steps in this order: win @answered, write the
 * answer, clear event_len; only then is the descriptor closed (its number may be used again at once).
 */
#pragma once

#include <stdatomic.h>
#include <sys/fanotify.h>

#include "hook/gate/gate.h"
#include "hook/gate/pins.h"
#include "hook/hook.h"

enum ima_fan_class {
	IMA_FAN_PLAIN = 0, /* local file systems */
	IMA_FAN_STACKED,   /* overlay: opening its files opens files of the plain ones */
	IMA_FAN_REMOTE,    /* answered by user programs or the network */
	IMA_FAN__LAST
};

#define IMA_FAN_SLOTS 8192
#define IMA_FAN_MAX_OWN 64
#define IMA_FAN_MAX_TRIES 2

struct ima_fan_slot {
	_Alignas(64) struct fanotify_event_metadata ev;
	_Atomic uint64_t number;
	_Atomic uint64_t deadline_ns; /* CLOCK_MONOTONIC, 0: not set yet */
	_Atomic uint32_t answered;
	_Atomic uint32_t refuse; /* the answer is no */
	_Atomic uint32_t tries;
};

struct ima_fan_shared {
	_Atomic uint64_t next_number;
	_Atomic uint64_t seen, measured, allowed_late, lost, retried, ignored;
	_Atomic int rules_told;               /* to the gate: verdicts of before are void */
	_Atomic int own[IMA_FAN_MAX_OWN];     /* thread ids, 0: free */
	_Atomic uint32_t high[IMA_FAN__LAST]; /* slots used so far: scanning stops there */
	struct ima_fan_slot slots[IMA_FAN__LAST][IMA_FAN_SLOTS];
};

struct ima_fan_worker;

/** struct ima_fan - the hook object; @worker exists in the worker only */
struct ima_fan {
	struct ima_hook hook;
	struct ima_hook_opts opts;
	struct ima_fan_shared *shared;
	int group[IMA_FAN__LAST];
	struct ima_gate *gate; /* tier gate; NULL: fanotify alone */
	struct ima_fan_worker *worker;
};

uint64_t ima_fan_now_ns(void);
bool ima_fan_is_own(const struct ima_fan *f, int tid);
bool ima_fan_slot_pending(const struct ima_fan_slot *s);

/** ima_fan_answer() - allow, once, whoever comes first; true when this call was the one */
bool ima_fan_answer(struct ima_fan *f, enum ima_fan_class c, struct ima_fan_slot *s);

/** ima_fan_finish() - the worker is through with a slot: answer if nobody did, free the slot, close the descriptor */
void ima_fan_finish(struct ima_fan *f, enum ima_fan_class c, struct ima_fan_slot *s);
