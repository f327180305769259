/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Few files are being written to at a time: a table with open addressing, without a pointer, so that the next worker reads it as it is.
 * A place is filled before it says so; whoever dies in between leaves it as it was.
 */
#include "core/monitor/rewrite.h"

#include <errno.h>
#include <string.h>

#include "base/mix.h"

#define MAX_FILES (IMA_REWRITE_SLOTS / 2)
#define USED_ONCE 3U /* free, but a search goes on behind it */

static struct ima_rewrite_slot *after(const struct ima_rewrites *s, struct ima_rewrite_slot *at)
{
	return at + 1 == s->t->slots + IMA_REWRITE_SLOTS ? s->t->slots : at + 1;
}

static bool is_filled(const struct ima_rewrite_slot *at)
{
	return at->what == IMA_REWRITE_LABEL || at->what == IMA_REWRITE_NEW;
}

void ima_rewrites_init(struct ima_rewrites *s, struct ima_rewrite_table *t)
{
	pthread_mutex_init(&s->lock, NULL);
	s->t = t;
}

void ima_rewrites_done(struct ima_rewrites *s)
{
	pthread_mutex_destroy(&s->lock);
}

/* the file's place; NULL: none, then @ret_free is one that it could have, NULL too when the table is full */
static struct ima_rewrite_slot *find(struct ima_rewrites *s, const struct ima_file_event *ev,
				     struct ima_rewrite_slot **ret_free)
{
	const uint64_t at = ima_mix(ima_mix(ev->dev_number, ev->ino), ev->birth_ns) % IMA_REWRITE_SLOTS;
	struct ima_rewrite_slot *p = &s->t->slots[at];

	*ret_free = NULL;
	for (size_t i = 0; i < IMA_REWRITE_SLOTS; i++, p = after(s, p)) {
		if (is_filled(p) && p->ino == ev->ino && p->dev == ev->dev_number && p->birth_ns == ev->birth_ns)
			return p;
		if (!is_filled(p) && !*ret_free)
			*ret_free = p;
		if (p->what == IMA_REWRITE_NONE)
			break;
	}
	return NULL;
}

int ima_rewrites_note(struct ima_rewrites *s, const struct ima_file_event *ev, enum ima_rewrite what)
{
	struct ima_rewrite_slot *p, *place;
	int r = 0;

	if (!ev->birth_ns)
		return 0;
	pthread_mutex_lock(&s->lock);
	p = find(s, ev, &place);
	if (p && p->what < what) {
		p->what = what;
	} else if (!p && (!place || s->t->n >= MAX_FILES)) {
		r = -ENOSPC;
	} else if (!p) {
		place->dev = ev->dev_number;
		place->ino = ev->ino;
		place->birth_ns = ev->birth_ns;
		s->t->n++;
		__atomic_store_n(&place->what, what, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

enum ima_rewrite ima_rewrites_find(struct ima_rewrites *s, const struct ima_file_event *ev)
{
	struct ima_rewrite_slot *p, *place;
	enum ima_rewrite what;

	pthread_mutex_lock(&s->lock);
	p = s->t->n ? find(s, ev, &place) : NULL;
	what = p ? (enum ima_rewrite)p->what : IMA_REWRITE_NONE;
	pthread_mutex_unlock(&s->lock);
	return what;
}

/* where no search has to go on, places are free for good: back to the last that is filled */
static void leave(struct ima_rewrites *s, struct ima_rewrite_slot *p)
{
	p->what = USED_ONCE;
	if (after(s, p)->what != IMA_REWRITE_NONE)
		return;
	while (p->what == USED_ONCE) {
		p->what = IMA_REWRITE_NONE;
		p = p == s->t->slots ? s->t->slots + IMA_REWRITE_SLOTS - 1 : p - 1;
	}
}

void ima_rewrites_forget(struct ima_rewrites *s, ima_device_fn *is_there, void *user)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; s->t->n && i < IMA_REWRITE_SLOTS; i++)
		if (is_filled(&s->t->slots[i]) && !is_there(user, s->t->slots[i].dev)) {
			leave(s, &s->t->slots[i]);
			s->t->n--;
		}
	pthread_mutex_unlock(&s->lock);
}

enum ima_rewrite ima_rewrites_take(struct ima_rewrites *s, const struct ima_file_event *ev)
{
	enum ima_rewrite what = IMA_REWRITE_NONE;
	struct ima_rewrite_slot *p, *place;

	pthread_mutex_lock(&s->lock);
	p = find(s, ev, &place);
	if (p) {
		what = (enum ima_rewrite)p->what;
		leave(s, p);
		s->t->n--;
	}
	pthread_mutex_unlock(&s->lock);
	return what;
}
