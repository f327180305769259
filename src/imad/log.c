/* SPDX-License-Identifier: BSD-2-Clause */
/* A bounded queue and one writing thread. */
#include "imad/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define N_LINES 512
#define LINE_MAX_BYTES 1024

struct imad_log {
	int fd;
	bool with_level; /* the journal reads "<3>text" */
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_t thread;
	size_t head, n;
	bool closed;
	_Atomic uint64_t dropped;
	_Atomic bool idle;
	char lines[N_LINES][LINE_MAX_BYTES];
};

static void write_line(struct imad_log *l, const char *line)
{
	size_t len = strlen(line);

	while (len) {
		ssize_t n = write(l->fd, line, len);

		if (n <= 0)
			return; /* nobody reads: there is nowhere to complain */
		line += n;
		len -= (size_t)n;
	}
}

static void *log_main(void *arg)
{
	struct imad_log *l = arg;
	char line[LINE_MAX_BYTES];

	pthread_mutex_lock(&l->lock);
	for (;;) {
		while (!l->n && !l->closed) {
			atomic_store(&l->idle, true);
			pthread_cond_wait(&l->filled, &l->lock);
		}
		if (!l->n)
			break;
		atomic_store(&l->idle, false);
		memcpy(line, l->lines[l->head], sizeof(line));
		l->head = (l->head + 1) % N_LINES;
		l->n--;
		pthread_mutex_unlock(&l->lock);
		write_line(l, line);
		pthread_mutex_lock(&l->lock);
	}
	atomic_store(&l->idle, true);
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

struct imad_log *imad_log_new(int fd)
{
	struct imad_log *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->fd = fd;
	l->with_level = getenv("JOURNAL_STREAM") != NULL;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->filled, NULL);
	if (pthread_create(&l->thread, NULL, log_main, l)) {
		free(l);
		return NULL;
	}
	return l;
}

struct imad_log *imad_log_free(struct imad_log *l)
{
	struct timespec end;

	if (!l)
		return NULL;
	pthread_mutex_lock(&l->lock);
	l->closed = true;
	pthread_cond_signal(&l->filled);
	pthread_mutex_unlock(&l->lock);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec++;
	if (pthread_timedjoin_np(l->thread, NULL, &end) == 0)
		free(l);
	return NULL; /* a writer that is stuck keeps its memory */
}

void imad_log_put(void *user, int level, const char *text)
{
	struct imad_log *l = user;

	pthread_mutex_lock(&l->lock);
	if (l->n == N_LINES) {
		atomic_fetch_add(&l->dropped, 1);
	} else {
		char *line = l->lines[(l->head + l->n) % N_LINES];

		if (l->with_level)
			snprintf(line, LINE_MAX_BYTES, "<%d>%s\n", level, text);
		else
			snprintf(line, LINE_MAX_BYTES, "imad: %s\n", text);
		if (strlen(line) == LINE_MAX_BYTES - 1)
			line[LINE_MAX_BYTES - 2] = '\n';
		l->n++;
		pthread_cond_signal(&l->filled);
	}
	pthread_mutex_unlock(&l->lock);
}

uint64_t imad_log_dropped(const struct imad_log *l)
{
	return atomic_load(&l->dropped);
}
