/* SPDX-License-Identifier: BSD-2-Clause */
/* Few files are being written to at a time: buckets with short lists. */
#include "core/monitor/rewrite.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define BUCKETS 1024
#define MAX_FILES (1U << 20)

struct noted {
	struct noted *next;
	uint64_t dev, ino, birth_ns;
	enum ima_rewrite what;
};

struct ima_rewrites {
	pthread_mutex_t lock;
	size_t n;
	struct noted *bucket[BUCKETS];
};

int ima_rewrites_new(struct ima_rewrites **ret)
{
	struct ima_rewrites *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	*ret = s;
	return 0;
}

static void drop_all(struct ima_rewrites *s)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct noted *n = ima_take(s->bucket[i]), *next; n; n = next) {
			next = n->next;
			free(n);
		}
	s->n = 0;
}

struct ima_rewrites *ima_rewrites_free(struct ima_rewrites *s)
{
	if (s) {
		drop_all(s);
		pthread_mutex_destroy(&s->lock);
		free(s);
	}
	return NULL;
}

void ima_rewrites_forget(struct ima_rewrites *s)
{
	pthread_mutex_lock(&s->lock);
	drop_all(s);
	pthread_mutex_unlock(&s->lock);
}

/* the link that points to the file's note, or to the end of its list */
static struct noted **link_of(struct ima_rewrites *s, const struct ima_file_event *ev)
{
	struct noted **at = &s->bucket[(ev->ino ^ ev->dev_number * 31) % BUCKETS];

	while (*at && ((*at)->ino != ev->ino || (*at)->dev != ev->dev_number ||
		       (*at)->birth_ns != ev->birth_ns))
		at = &(*at)->next;
	return at;
}

static int add(struct ima_rewrites *s, struct noted **at, const struct ima_file_event *ev,
	       enum ima_rewrite what)
{
	struct noted *n;

	if (s->n >= MAX_FILES)
		return -ENOSPC;
	n = malloc(sizeof(*n));
	if (!n)
		return -ENOMEM;
	*n = (struct noted){ .dev = ev->dev_number, .ino = ev->ino, .birth_ns = ev->birth_ns, .what = what };
	*at = n;
	s->n++;
	return 0;
}

int ima_rewrites_note(struct ima_rewrites *s, const struct ima_file_event *ev, enum ima_rewrite what)
{
	struct noted **at;
	int r = 0;

	if (!ev->birth_ns)
		return 0;
	pthread_mutex_lock(&s->lock);
	at = link_of(s, ev);
	if (!*at)
		r = add(s, at, ev, what);
	else if ((*at)->what < what)
		(*at)->what = what;
	pthread_mutex_unlock(&s->lock);
	return r;
}

enum ima_rewrite ima_rewrites_find(struct ima_rewrites *s, const struct ima_file_event *ev)
{
	enum ima_rewrite what = IMA_REWRITE_NONE;
	struct noted **at;

	pthread_mutex_lock(&s->lock);
	at = link_of(s, ev);
	if (*at)
		what = (*at)->what;
	pthread_mutex_unlock(&s->lock);
	return what;
}

enum ima_rewrite ima_rewrites_take(struct ima_rewrites *s, const struct ima_file_event *ev)
{
	enum ima_rewrite what = IMA_REWRITE_NONE;
	struct noted **at, *n;

	pthread_mutex_lock(&s->lock);
	at = link_of(s, ev);
	n = *at;
	if (n) {
		what = n->what;
		*at = n->next;
		s->n--;
		free(n);
	}
	pthread_mutex_unlock(&s->lock);
	return what;
}
