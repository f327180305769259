/* SPDX-License-Identifier: BSD-2-Clause */
/* What supervisor and worker tell each other through memory. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "imad/evm_state.h"

enum imad_phase { IMAD_STARTING = 0, IMAD_READY, IMAD_FAILED };

struct imad_shared {
	_Atomic uint64_t heartbeat;  /* raised by the worker ten times a second */
	_Atomic int phase;           /* enum imad_phase of the running worker */
	_Atomic int begun;           /* a worker has come as far as IMAD_READY: later ones take over from it */
	_Atomic int replace;         /* asked for: the supervisor makes way for the program now installed */
	_Atomic uint64_t grace_end_s; /* CLOCK_BOOTTIME; 0: nothing is on trial */
	_Atomic int reverted;         /* the trial ended unconfirmed: nothing is refused */
	_Atomic uint32_t restarts;
	_Atomic int worker_pid;
	_Atomic int view_pid;        /* 0: no view runs */
	_Atomic int view_mounted;
	_Atomic int evm_names_locked; /* the file evm_xattrs takes no more names */
	struct imad_evm_state evm;    /* written by the worker, read by the next one */
	char view_reason[192];       /* why there is no view; written before the worker starts or by the view */
};
