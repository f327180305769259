/* SPDX-License-Identifier: BSD-2-Clause */
/* Who rests and who does not; the counts of calls in a row are read and written without the lock: a lost one does no harm. */
#include "hook/trace/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define PRESSURE 3    /* looks in a row that found calls waiting: one more thread */
#define CALM 250      /* looks in a row that found none: one fewer */

struct ima_trace_crew {
	pthread_mutex_t lock;
	pthread_cond_t called;
	unsigned int n;       /* threads that there are */
	unsigned int n_useful; /* so many at most because calls queue up */
	unsigned int wanted;  /* of these, how many are to be active */
	unsigned int active;  /* joined, and not resting */
	unsigned int lent;    /* of the active ones: away for long */
	unsigned int extra;   /* were called only because somebody was lent: as many may rest when they find no work */
	bool ends;
	atomic_uint pressed, calm;
};

int ima_trace_crew_new(unsigned int n, unsigned int n_useful, struct ima_trace_crew **ret)
{
	struct ima_trace_crew *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->called, NULL);
	c->n = n;
	c->n_useful = n_useful;
	c->wanted = 1;
	*ret = c;
	return 0;
}

struct ima_trace_crew *ima_trace_crew_free(struct ima_trace_crew *c)
{
	if (c) {
		pthread_cond_destroy(&c->called);
		pthread_mutex_destroy(&c->lock);
		free(c);
	}
	return NULL;
}

bool ima_trace_crew_join(struct ima_trace_crew *c)
{
	bool ends;

	pthread_mutex_lock(&c->lock);
	while (c->active >= c->wanted && !c->ends)
		pthread_cond_wait(&c->called, &c->lock);
	c->active++;
	ends = c->ends;
	pthread_mutex_unlock(&c->lock);
	return !ends;
}

/* with the lock */
static bool call_one(struct ima_trace_crew *c)
{
	if (c->wanted >= c->n)
		return false;
	c->wanted++;
	pthread_cond_signal(&c->called);
	return true;
}

static void relax(struct ima_trace_crew *c)
{
	atomic_store_explicit(&c->pressed, 0, memory_order_relaxed);
	atomic_store_explicit(&c->calm, 0, memory_order_relaxed);
}

static bool count_to(atomic_uint *n, unsigned int limit)
{
	const unsigned int now = atomic_load_explicit(n, memory_order_relaxed) + 1;

	atomic_store_explicit(n, now, memory_order_relaxed);
	return now >= limit;
}

static void call_up_to(struct ima_trace_crew *c, unsigned int limit)
{
	pthread_mutex_lock(&c->lock);
	if (c->wanted - c->lent < limit)
		ima_ignore(call_one(c));
	relax(c);
	pthread_mutex_unlock(&c->lock);
}

/* with the lock; somebody stays who is neither resting nor lent */
static bool leave(struct ima_trace_crew *c)
{
	if (c->wanted < 2 || c->active - c->lent < 2)
		return false;
	c->wanted--;
	c->active--;
	if (c->extra)
		c->extra--;
	return true;
}

static bool rest_when_calm(struct ima_trace_crew *c)
{
	const bool long_calm = count_to(&c->calm, CALM);
	bool rests;

	pthread_mutex_lock(&c->lock);
	rests = (long_calm || c->extra) && leave(c);
	pthread_mutex_unlock(&c->lock);
	if (long_calm)
		relax(c);
	return rests;
}

bool ima_trace_crew_may_rest(struct ima_trace_crew *c, bool pending)
{
	if (!pending) {
		atomic_store_explicit(&c->pressed, 0, memory_order_relaxed);
		return rest_when_calm(c);
	}
	atomic_store_explicit(&c->calm, 0, memory_order_relaxed);
	if (count_to(&c->pressed, PRESSURE))
		call_up_to(c, c->n_useful);
	return false;
}

void ima_trace_crew_help(struct ima_trace_crew *c)
{
	call_up_to(c, c->n);
}

void ima_trace_crew_lend(struct ima_trace_crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->lent++;
	if (c->wanted <= c->lent && call_one(c))
		c->extra++;
	pthread_mutex_unlock(&c->lock);
}

void ima_trace_crew_back(struct ima_trace_crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->lent--;
	pthread_mutex_unlock(&c->lock);
}

void ima_trace_crew_end(struct ima_trace_crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->ends = true;
	pthread_cond_broadcast(&c->called);
	pthread_mutex_unlock(&c->lock);
}

unsigned int ima_trace_crew_wanted(struct ima_trace_crew *c)
{
	unsigned int n;

	pthread_mutex_lock(&c->lock);
	n = c->wanted;
	pthread_mutex_unlock(&c->lock);
	return n;
}
