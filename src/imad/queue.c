/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of lines. */
#include "imad/queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct line {
	int tag;
	char *text;
};

struct imad_queue {
	struct imad_queue_opts opts;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_t thread;
	size_t head, n;
	bool closed;
	_Atomic uint64_t dropped;
	struct line lines[];
};

/* the first line that waits, for the caller to free; false: closed and empty */
static bool take(struct imad_queue *q, struct line *ret)
{
	bool has;

	pthread_mutex_lock(&q->lock);
	while (!q->n && !q->closed)
		pthread_cond_wait(&q->filled, &q->lock);
	has = q->n != 0;
	if (has) {
		*ret = q->lines[q->head];
		q->head = (q->head + 1) % q->opts.n_max;
		q->n--;
	}
	pthread_mutex_unlock(&q->lock);
	return has;
}

static void *queue_main(void *arg)
{
	struct imad_queue *q = arg;
	struct line line;

	if (q->opts.begin)
		q->opts.begin(q->opts.user);
	while (take(q, &line)) {
		q->opts.write(q->opts.user, line.tag, line.text);
		free(line.text);
	}
	return NULL;
}

struct imad_queue *imad_queue_new(const struct imad_queue_opts *opts)
{
	struct imad_queue *q = calloc(1, sizeof(*q) + opts->n_max * sizeof(q->lines[0]));

	if (!q)
		return NULL;
	q->opts = *opts;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
	if (pthread_create(&q->thread, NULL, queue_main, q)) {
		free(q);
		return NULL;
	}
	return q;
}

bool imad_queue_free(struct imad_queue *q)
{
	struct timespec end;

	if (!q)
		return true;
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec++;
	if (pthread_timedjoin_np(q->thread, NULL, &end))
		return false;
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->filled);
	free(q);
	return true;
}

bool imad_queue_put(struct imad_queue *q, int tag, const char *line)
{
	bool taken = false;
	char *copy;

	pthread_mutex_lock(&q->lock);
	copy = q->n < q->opts.n_max ? strdup(line) : NULL;
	if (copy) {
		q->lines[(q->head + q->n) % q->opts.n_max] = (struct line){ tag, copy };
		q->n++;
		taken = true;
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->lock);
	if (!taken)
		atomic_fetch_add(&q->dropped, 1);
	return taken;
}

uint64_t imad_queue_dropped(const struct imad_queue *q)
{
	return atomic_load(&q->dropped);
}
