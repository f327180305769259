/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the worker. Handing one over never blocks: a thread of its own writes, and when it cannot keep up
 * messages are dropped and counted. Whoever reads our output may itself be waiting for an answer from us.
 */
#pragma once

#include <stdint.h>

struct imad_log;

/** imad_log_new() - @fd: where lines go (stderr). NULL on failure */
struct imad_log *imad_log_new(int fd);

/** imad_log_free() - writes what is queued, for a second at most */
struct imad_log *imad_log_free(struct imad_log *l);

/** imad_log_put() - queue one line; @level as syslog(3). @l is a struct imad_log: fits hook and audit callbacks */
void imad_log_put(void *l, int level, const char *text);

uint64_t imad_log_dropped(const struct imad_log *l);
