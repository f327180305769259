/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate's user half is made of; private to it. */
#pragma once

#include <pthread.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "hook/gate/gate.h"
/* generated */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "gate.skel.h"
#pragma GCC diagnostic pop

struct ima_gate_ring {
	struct ring_buffer *ring;
	pthread_mutex_t lock;
};

struct ima_gate {
	struct gate_bpf *skel;
	bool pinned;
	bool left;  /* pins stay: somebody takes over */
	char *log;  /* the verifier's, while loading */
	struct ima_gate_ring rings[IMA_GATE_RING__LAST];
	bool sees_keys;
	pthread_mutex_t verdict_lock;
	void (*fn)(void *user, const struct ima_gate_record *r, size_t size);
	void *user;
};

/** ima_gate_read_config() - 0 or -errno */
ima_must_check int ima_gate_read_config(struct ima_gate *g, struct ima_gate_config *c);

/* the rings' locks */
void ima_gate_ring_init(struct ima_gate *g);
void ima_gate_ring_destroy(struct ima_gate *g);
