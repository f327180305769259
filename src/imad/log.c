/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines to a descriptor, through a queue. */
#include "imad/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "imad/queue.h"

#define N_LINES 512
#define HEAD_MAX 16

struct imad_log {
	int fd;
	bool with_level; /* the journal reads "<3>text" */
	struct imad_queue *queue;
};

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		const ssize_t n = write(fd, text, len);

		if (n <= 0)
			return; /* nobody reads: there is nowhere to complain */
		text += n;
		len -= (size_t)n;
	}
}

/* one write(2) a line where memory allows: others write to the same place */
static void write_line(void *user, int level, const char *text)
{
	const struct imad_log *l = user;
	const size_t len = strlen(text);
	char *line = malloc(len + HEAD_MAX);
	int n;

	if (!line) {
		write_all(l->fd, text, len);
		write_all(l->fd, "\n", 1);
		return;
	}
	n = l->with_level ? snprintf(line, len + HEAD_MAX, "<%d>%s\n", level, text) :
			    snprintf(line, len + HEAD_MAX, "imad: %s\n", text);
	write_all(l->fd, line, (size_t)n);
	free(line);
}

struct imad_log *imad_log_new(int fd)
{
	struct imad_log *l = calloc(1, sizeof(*l));
	const struct imad_queue_opts opts = { .n_max = N_LINES, .write = write_line, .user = l };

	if (!l)
		return NULL;
	l->fd = fd;
	l->with_level = getenv("JOURNAL_STREAM") != NULL;
	l->queue = imad_queue_new(&opts);
	if (!l->queue) {
		free(l);
		return NULL;
	}
	return l;
}

struct imad_log *imad_log_free(struct imad_log *l)
{
	if (l && imad_queue_free(l->queue))
		free(l);
	return NULL; /* a writer that is stuck keeps its memory */
}

void imad_log_put(void *user, int level, const char *text)
{
	struct imad_log *l = user;

	ima_ignore(imad_queue_put(l->queue, level, text));
}

uint64_t imad_log_dropped(const struct imad_log *l)
{
	return imad_queue_dropped(l->queue);
}
