/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bounded queue of lines and one thread that writes them out. Handing a line over never blocks and does no system call on a file: when
 * the thread cannot keep up, lines are dropped and counted.
 */
#pragma once

#include <ima/types.h>

struct imad_queue;

/** struct imad_queue_opts - @write and @begin run on the queue's thread alone, and may hang without harm to anybody else */
struct imad_queue_opts {
	size_t n_max; /* lines that wait */
	void (*begin)(void *user); /* before the first line; NULL: nothing to do */
	void (*write)(void *user, int tag, const char *line);
	void *user;
};

/** imad_queue_new() - NULL on failure */
struct imad_queue *imad_queue_new(const struct imad_queue_opts *opts);

/**
 * imad_queue_free() - writes what is queued, for a second at most
 * Return: true: the thread is gone and so is the queue; false: it hangs, and keeps its memory and what @user points to
 */
bool imad_queue_free(struct imad_queue *q);

/** imad_queue_put() - @line is copied; @tag comes with it. False: dropped */
bool imad_queue_put(struct imad_queue *q, int tag, const char *line);

/** imad_queue_dropped() - lines that were not taken so far */
uint64_t imad_queue_dropped(const struct imad_queue *q);
