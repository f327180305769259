/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker's half of the fanotify hook: for each class of file system one reader and a pool.
 *
 * The reader answers imad's own tasks itself and passes everything else on; it never hashes, never takes the list's lock, and
 * opens nothing, so that a pool thread that opens a file is never kept waiting by itself.
 */
#pragma once

#include <pthread.h>

#include "hook/fanotify/marks.h"
#include "hook/fanotify/shared.h"

#define IMA_FAN_MAX_THREADS 16
#define IMA_FAN_EXEC_STASH 512

/** struct ima_fan_queue - indices of slots that wait for a pool thread */
struct ima_fan_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	uint32_t ring[IMA_FAN_SLOTS];
	size_t head, n;
	bool closed;
};

struct ima_fan_pool {
	struct ima_fan_worker *w;
	enum ima_fan_class class;
	struct ima_fan_queue queue;
	pthread_t reader;
	pthread_t threads[IMA_FAN_MAX_THREADS];
	size_t n_threads;
	bool has_reader;
};

/** struct ima_fan_exec - a task whose program file named a dynamic loader: its next exec event is the loader */
struct ima_fan_exec {
	int tid;
	bool expects_loader;
};

struct ima_fan_told;

struct ima_fan_worker {
	struct ima_fan *fan;
	struct ima_hook_worker env;
	struct ima_marks *marks;
	struct ima_fan_pool pools[IMA_FAN__LAST];
	pthread_mutex_t exec_lock;
	struct ima_fan_exec exec[IMA_FAN_EXEC_STASH];
	int proc_fd;
	_Atomic bool stopping;
	pthread_mutex_t ready_lock;
	pthread_cond_t ready_cond;
	struct ima_fan_told *told; /* tier gate */
	bool ready; /* pool threads wait for it: the monitor is complete */
};

/** ima_fan_process() - handle one pending slot to its end; @h belongs to the calling thread */
void ima_fan_process(struct ima_fan_worker *w, enum ima_fan_class c, struct ima_fan_slot *s,
		     struct ima_hasher *h);

/** ima_fan_reader_start() - queue events left by an earlier worker, then read new ones. 0 or -errno */
ima_must_check int ima_fan_reader_start(struct ima_fan_pool *p);

/** ima_fan_pool_start() - the threads that handle what is queued; only when every class has its reader: they load code. 0 or -errno */
ima_must_check int ima_fan_pool_start(struct ima_fan_pool *p, size_t n_threads);

/** ima_fan_pool_stop() - pending events are finished, then the threads end */
void ima_fan_pool_stop(struct ima_fan_pool *p);
