/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of keys: file, state and use in a few bytes. */
#include "hook/trace/cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/byteset.h"
#include "base/cleanup.h"

#define MAX_KEYS 2000000 /* then it begins again: about 200 MB */

struct ima_trace_cache {
	pthread_mutex_t lock;
	struct ima_byteset *set;
	uint64_t settle_ms;
};

struct key {
	uint64_t dev, ino, size, mount;
	int64_t ctime_s, ctime_ns;
	uint32_t uid, euid, suid, gid, egid, sgid;
	uint32_t caps;
	uint32_t uses[IMA_EVENT_MAX_CHECKS]; /* func and mask */
};

int ima_trace_cache_new(uint64_t settle_ms, struct ima_trace_cache **ret)
{
	struct ima_trace_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	if (ima_byteset_new(&c->set) < 0) {
		free(c);
		return -ENOMEM;
	}
	pthread_mutex_init(&c->lock, NULL);
	c->settle_ms = settle_ms;
	*ret = c;
	return 0;
}

struct ima_trace_cache *ima_trace_cache_free(struct ima_trace_cache *c)
{
	if (c) {
		pthread_mutex_destroy(&c->lock);
		ima_byteset_free(c->set);
		free(c);
	}
	return NULL;
}

static void make_key(struct key *k, enum ima_trace_known what, const struct stat *st, uint64_t mount, const struct ima_file_event *ev)
{
	const struct ima_policy_event *f = &ev->facts;

	memset(k, 0, sizeof(*k)); /* padding is compared, too */
	k->dev = st->st_dev;
	k->ino = st->st_ino;
	k->size = (uint64_t)st->st_size;
	k->mount = what == IMA_TRACE_CONTENT ? 0 : mount;
	k->ctime_s = st->st_ctim.tv_sec;
	k->ctime_ns = st->st_ctim.tv_nsec;
	k->uid = f->uid;
	k->euid = f->euid;
	k->suid = f->suid;
	k->gid = f->gid;
	k->egid = f->egid;
	k->sgid = f->sgid;
	k->caps = (uint32_t)f->cap_setuid | (uint32_t)f->cap_setgid << 1;
	for (size_t i = 0; i < ev->n_checks; i++)
		k->uses[i] = (uint32_t)ev->checks[i].func << 8 | ev->checks[i].mask;
}

bool ima_trace_cache_has(struct ima_trace_cache *c, enum ima_trace_known what, const struct stat *st, uint64_t mount,
			 const struct ima_file_event *ev)
{
	struct key k;
	bool has;

	make_key(&k, what, st, mount, ev);
	pthread_mutex_lock(&c->lock);
	has = ima_byteset_has(c->set, what, (struct ima_bytes){ (const uint8_t *)&k, sizeof(k) });
	pthread_mutex_unlock(&c->lock);
	return has;
}

static bool is_settled(const struct ima_trace_cache *c, const struct stat *st)
{
	struct timespec now;
	int64_t age_ms;

	clock_gettime(CLOCK_REALTIME, &now);
	age_ms = (now.tv_sec - st->st_ctim.tv_sec) * 1000 + (now.tv_nsec - st->st_ctim.tv_nsec) / 1000000;
	return age_ms >= (int64_t)c->settle_ms;
}

static void begin_again(struct ima_trace_cache *c)
{
	struct ima_byteset *set;

	if (ima_byteset_new(&set) < 0)
		return;
	ima_byteset_free(c->set);
	c->set = set;
}

void ima_trace_cache_add(struct ima_trace_cache *c, enum ima_trace_known what, const struct stat *st, uint64_t mount,
			 const struct ima_file_event *ev)
{
	struct key k;

	if (!is_settled(c, st))
		return;
	make_key(&k, what, st, mount, ev);
	pthread_mutex_lock(&c->lock);
	if (ima_byteset_size(c->set) >= MAX_KEYS)
		begin_again(c);
	ima_ignore(ima_byteset_add(c->set, what, (struct ima_bytes){ (const uint8_t *)&k, sizeof(k) }));
	pthread_mutex_unlock(&c->lock);
}
