/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of the gate's kernel half. */
#include <errno.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "hook/gate/state.h"

void ima_gate_ring_init(struct ima_gate *g)
{
	for (int i = 0; i < IMA_GATE_RING__LAST; i++)
		pthread_mutex_init(&g->rings[i].lock, NULL);
}

void ima_gate_ring_destroy(struct ima_gate *g)
{
	for (int i = 0; i < IMA_GATE_RING__LAST; i++)
		pthread_mutex_destroy(&g->rings[i].lock);
}

static int on_record(void *user, void *data, size_t size)
{
	struct ima_gate *g = user;

	if (size >= sizeof(struct ima_gate_record))
		g->fn(g->user, data, size);
	return 0;
}

int ima_gate_ring_open(struct ima_gate *g,
		       void (*fn)(void *user, const struct ima_gate_record *r, size_t size),
		       void *user)
{
	const struct bpf_map *maps[IMA_GATE_RING__LAST] = {
		[IMA_GATE_RING_TOLD] = g->skel->maps.ring_map,
		[IMA_GATE_RING_CHANGED] = g->skel->maps.changed_map,
	};

	g->fn = fn;
	g->user = user;
	for (int i = 0; i < IMA_GATE_RING__LAST; i++) {
		g->rings[i].ring = ring_buffer__new(bpf_map__fd(maps[i]), on_record, g, NULL);
		if (!g->rings[i].ring) {
			const int r = -errno;

			ima_gate_ring_close(g);
			return r;
		}
	}
	return 0;
}

void ima_gate_ring_close(struct ima_gate *g)
{
	for (int i = 0; i < IMA_GATE_RING__LAST; i++) {
		struct ima_gate_ring *q = &g->rings[i];

		pthread_mutex_lock(&q->lock);
		if (q->ring)
			ring_buffer__free(q->ring);
		q->ring = NULL;
		pthread_mutex_unlock(&q->lock);
	}
}

static void consume(struct ima_gate_ring *q)
{
	pthread_mutex_lock(&q->lock);
	if (q->ring)
		ima_ignore(ring_buffer__consume(q->ring));
	pthread_mutex_unlock(&q->lock);
}

void ima_gate_ring_follow(struct ima_gate *g, enum ima_gate_ring_kind which, int timeout_ms)
{
	struct epoll_event e;

	ima_ignore(epoll_wait(ring_buffer__epoll_fd(g->rings[which].ring), &e, 1, timeout_ms));
	consume(&g->rings[which]);
}

void ima_gate_ring_drain(struct ima_gate *g)
{
	consume(&g->rings[IMA_GATE_RING_CHANGED]);
	consume(&g->rings[IMA_GATE_RING_TOLD]);
}
