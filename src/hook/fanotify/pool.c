/* SPDX-License-Identifier: BSD-2-Clause */
/* Readers and pools: events into slots, slots into queues, queues to threads. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hook/fanotify/worker.h"

#define FIRST_DEADLINE_MS 10000
#define STOP_WAIT_US 2000
#define STOP_WAIT_TRIES 1500

static void exempt_thread(struct ima_fan_pool *p)
{
	p->w->fan->hook.ops->exempt(&p->w->fan->hook, (int)syscall(SYS_gettid));
}

static void push(struct ima_fan_queue *q, uint32_t index)
{
	pthread_mutex_lock(&q->lock);
	q->ring[(q->head + q->n) % IMA_FAN_SLOTS] = index;
	q->n++;
	pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

/* 1 an index, 0 the queue is closed and empty */
static int pop(struct ima_fan_queue *q, uint32_t *ret)
{
	pthread_mutex_lock(&q->lock);
	while (!q->n && !q->closed)
		pthread_cond_wait(&q->filled, &q->lock);
	if (!q->n) {
		pthread_mutex_unlock(&q->lock);
		return 0;
	}
	*ret = q->ring[q->head];
	q->head = (q->head + 1) % IMA_FAN_SLOTS;
	q->n--;
	pthread_mutex_unlock(&q->lock);
	return 1;
}

static struct ima_fan_slot *slots_of(struct ima_fan_pool *p)
{
	return p->w->fan->shared->slots[p->class];
}

/* the lowest free slot: few slots in use keep every scan short */
static struct ima_fan_slot *free_slot(struct ima_fan_pool *p)
{
	struct ima_fan_slot *slots = slots_of(p);
	_Atomic uint32_t *high = &p->w->fan->shared->high[p->class];

	for (uint32_t i = 0; i < IMA_FAN_SLOTS; i++) {
		if (ima_fan_slot_pending(&slots[i]))
			continue;
		if (i >= atomic_load(high))
			atomic_store(high, i + 1);
		return &slots[i];
	}
	return NULL;
}

/* all slots taken means thousands of waiting tasks: wait for one of them to go on */
static struct ima_fan_slot *wait_for_slot(struct ima_fan_pool *p)
{
	struct ima_fan_slot *s;

	while (!(s = free_slot(p)) && !atomic_load(&p->w->stopping))
		usleep(1000);
	return s;
}

static void begin(struct ima_fan_pool *p, struct ima_fan_slot *s)
{
	struct ima_fan_shared *sh = p->w->fan->shared;

	atomic_store(&s->number, atomic_fetch_add(&sh->next_number, 1) + 1);
	atomic_store(&s->deadline_ns, ima_fan_now_ns() + FIRST_DEADLINE_MS * UINT64_C(1000000));
	atomic_fetch_add(&sh->seen, 1);
}

static void dispatch(struct ima_fan_pool *p, struct ima_fan_slot *s)
{
	if (ima_fan_is_own(p->w->fan, s->ev.pid)) {
		ima_fan_finish(p->w->fan, p->class, s);
		return;
	}
	begin(p, s);
	push(&p->queue, (uint32_t)(s - slots_of(p)));
}

static void read_failed(struct ima_fan_pool *p, int error)
{
	char text[160];

	if (error == EINTR)
		return;
	atomic_fetch_add(&p->w->fan->shared->lost, 1);
	snprintf(text, sizeof(text), "reading an event failed: %s", strerror(error));
	if (p->w->env.log)
		p->w->env.log(p->w->env.user, LOG_ERR, text);
	usleep(1000);
}

static void *reader_main(void *arg)
{
	struct ima_fan_pool *p = arg;
	const int group = p->w->fan->group[p->class];

	exempt_thread(p);
	while (!atomic_load(&p->w->stopping)) {
		struct ima_fan_slot *s = wait_for_slot(p);
		ssize_t n;

		if (!s)
			break;
		atomic_store(&s->answered, 0);
		atomic_store(&s->tries, 0);
		atomic_store(&s->refuse, 0);
		atomic_store(&s->number, 0);
		atomic_store(&s->deadline_ns, 0);
		n = read(group, &s->ev, sizeof(s->ev));
		if (n < 0)
			read_failed(p, errno);
		else if (n == (ssize_t)sizeof(s->ev))
			dispatch(p, s);
	}
	return NULL;
}

static void wait_until_ready(struct ima_fan_worker *w)
{
	pthread_mutex_lock(&w->ready_lock);
	while (!w->ready)
		pthread_cond_wait(&w->ready_cond, &w->ready_lock);
	pthread_mutex_unlock(&w->ready_lock);
}

static void *pool_main(void *arg)
{
	struct ima_fan_pool *p = arg;
	struct ima_hasher *h = NULL;
	uint32_t index;

	exempt_thread(p);
	if (ima_hasher_new(&h) < 0)
		return NULL;
	wait_until_ready(p->w);
	while (pop(&p->queue, &index))
		ima_fan_process(p->w, p->class, &slots_of(p)[index], h);
	ima_hasher_free(h);
	return NULL;
}

/* oldest first: what an earlier worker had read but not answered */
static void push_leftovers(struct ima_fan_pool *p)
{
	struct ima_fan_slot *slots = slots_of(p);
	const uint32_t high = atomic_load(&p->w->fan->shared->high[p->class]);

	for (uint32_t i = 0; i < high; i++) {
		if (!ima_fan_slot_pending(&slots[i]))
			continue;
		if (ima_fan_is_own(p->w->fan, slots[i].ev.pid)) {
			ima_fan_finish(p->w->fan, p->class, &slots[i]);
			continue;
		}
		if (!atomic_load(&slots[i].number))
			begin(p, &slots[i]);
		atomic_fetch_add(&p->w->fan->shared->retried, 1);
		push(&p->queue, i);
	}
}

int ima_fan_reader_start(struct ima_fan_pool *p)
{
	int r;

	pthread_mutex_init(&p->queue.lock, NULL);
	pthread_cond_init(&p->queue.filled, NULL);
	push_leftovers(p);
	r = pthread_create(&p->reader, NULL, reader_main, p);
	p->has_reader = r == 0;
	return -r;
}

int ima_fan_pool_start(struct ima_fan_pool *p, size_t n_threads)
{
	for (; p->n_threads < n_threads && p->n_threads < IMA_FAN_MAX_THREADS; p->n_threads++) {
		const int r = pthread_create(&p->threads[p->n_threads], NULL, pool_main, p);

		if (r)
			return -r;
	}
	return 0;
}

static bool has_pending(struct ima_fan_pool *p)
{
	const uint32_t high = atomic_load(&p->w->fan->shared->high[p->class]);

	for (uint32_t i = 0; i < high; i++)
		if (ima_fan_slot_pending(&slots_of(p)[i]))
			return true;
	return false;
}

static void end_reader(struct ima_fan_pool *p)
{
	struct timespec soon;

	/* the signal may come just before read(2) blocks: send it until the thread is gone */
	for (;;) {
		pthread_kill(p->reader, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_nsec += 10000000;
		if (soon.tv_nsec >= 1000000000) {
			soon.tv_nsec -= 1000000000;
			soon.tv_sec++;
		}
		if (pthread_timedjoin_np(p->reader, NULL, &soon) == 0)
			return;
	}
}

void ima_fan_pool_stop(struct ima_fan_pool *p)
{
	for (int i = 0; i < STOP_WAIT_TRIES && has_pending(p); i++)
		usleep(STOP_WAIT_US);
	atomic_store(&p->w->stopping, true);
	if (p->has_reader)
		end_reader(p);
	pthread_mutex_lock(&p->queue.lock);
	p->queue.closed = true;
	pthread_cond_broadcast(&p->queue.filled);
	pthread_mutex_unlock(&p->queue.lock);
	for (size_t i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
}
