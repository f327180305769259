/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the gate's kernel half tells besides events: uses of files that nobody opened lately, readers beside writers, keys. Handled by a
 * thread of its own, or by the pool thread whose event comes with such a record, before that event.
 */
#pragma once

#include "hook/fanotify/worker.h"

struct ima_fan_told;

/** ima_fan_told_start() - 0 or -errno */
ima_must_check int ima_fan_told_start(struct ima_fan_worker *w, struct ima_fan_told **ret);
struct ima_fan_told *ima_fan_told_stop(struct ima_fan_told *t);
