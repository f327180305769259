/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supervisor: opens everything before the first fork and nothing afterwards, holds the hook's descriptors, watches the
 * worker's heartbeat, answers late events, replaces a worker that died or hangs. Single-threaded.
 *
 * Descriptors: supervisor and worker share one table (CLONE_FILES), so that a waiting access outlives the worker that read it.
 * After a worker died, everything is closed that neither the supervisor nor an outstanding event owns.
 */
#pragma once

#include "imad/state.h"

/**
 * imad_supervise() - run until told to stop; the program's exit status
 * @argv: of this program, for the one that replaces it
 */
int imad_supervise(struct imad_config *c, char **argv);
