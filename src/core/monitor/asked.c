/* SPDX-License-Identifier: BSD-2-Clause */
/* One place for each file, by its number. Whoever dies while it writes leaves a place that belongs to nobody. */
#include "core/monitor/asked.h"

#include <string.h>

#include "base/mix.h"

void ima_asked_init(struct ima_asked *a, struct ima_asked_slot slots[static IMA_ASKED_SLOTS])
{
	pthread_mutex_init(&a->lock, NULL);
	a->slots = slots;
}

void ima_asked_done(struct ima_asked *a)
{
	pthread_mutex_destroy(&a->lock);
}

static struct ima_asked_slot *place_of(struct ima_asked *a, const struct ima_file_event *ev)
{
	return &a->slots[ima_mix(ima_mix(ev->dev_number, ev->ino), ev->birth_ns) % IMA_ASKED_SLOTS];
}

/* the file's own, as it is: owner, mode and times were not set since */
static bool is_of(const struct ima_asked_slot *s, const struct ima_file_event *ev)
{
	return ev->birth_ns && s->ino == ev->ino && s->dev == ev->dev_number && s->birth_ns == ev->birth_ns &&
	       s->attrs == ev->attrs && s->mode == ev->mode && s->uid == ev->facts.fowner &&
	       s->gid == ev->facts.fgroup;
}

static void take(struct ima_asked_slot *s, const struct ima_file_event *ev)
{
	if (is_of(s, ev))
		return;
	__atomic_store_n(&s->ino, 0, __ATOMIC_RELEASE);
	s->dev = ev->dev_number;
	s->birth_ns = ev->birth_ns;
	s->attrs = ev->attrs;
	s->mode = ev->mode;
	s->uid = ev->facts.fowner;
	s->gid = ev->facts.fgroup;
	s->opts = s->passed = 0;
	__atomic_store_n(&s->ino, ev->ino, __ATOMIC_RELEASE);
}

uint32_t ima_asked_add(struct ima_asked *a, const struct ima_file_event *ev, uint32_t opts)
{
	struct ima_asked_slot *s = place_of(a, ev);

	pthread_mutex_lock(&a->lock);
	if (opts && ev->birth_ns) {
		take(s, ev);
		s->opts |= opts;
	}
	if (is_of(s, ev))
		opts |= s->opts;
	pthread_mutex_unlock(&a->lock);
	return opts;
}

uint32_t ima_asked_passed(struct ima_asked *a, const struct ima_file_event *ev, const struct ima_digest *state)
{
	const struct ima_asked_slot *s = place_of(a, ev);
	uint32_t passed = 0;

	pthread_mutex_lock(&a->lock);
	if (is_of(s, ev) && !memcmp(s->state, state->data, state->len))
		passed = s->passed;
	pthread_mutex_unlock(&a->lock);
	return passed;
}

void ima_asked_pass(struct ima_asked *a, const struct ima_file_event *ev, const struct ima_digest *state,
		    uint32_t use)
{
	struct ima_asked_slot *s = place_of(a, ev);

	if (!ev->birth_ns)
		return;
	pthread_mutex_lock(&a->lock);
	take(s, ev);
	if (memcmp(s->state, state->data, state->len)) {
		s->passed = 0;
		memcpy(s->state, state->data, state->len);
	}
	s->passed |= use;
	pthread_mutex_unlock(&a->lock);
}

void ima_asked_forget(struct ima_asked *a, ima_device_fn *is_there, void *user)
{
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < IMA_ASKED_SLOTS; i++)
		if (a->slots[i].ino && !is_there(user, a->slots[i].dev))
			a->slots[i].ino = 0;
	pthread_mutex_unlock(&a->lock);
}
