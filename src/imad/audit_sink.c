/* SPDX-License-Identifier: BSD-2-Clause */
/* One target, chosen by the thread that writes; the log takes what the target refuses. */
#include "imad/audit_sink.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/buffer.h"
#include "imad/queue.h"

struct imad_audit {
	struct imad_audit_opts opts;
	struct imad_queue *queue;
	_Atomic(const struct imad_audit_target *) target; /* NULL: the log */
	_Atomic bool decided;
	void *self;
	bool refused_said; /* the thread's own */
	/* a bucket of records that may come at once, filled again by the second */
	pthread_mutex_t lock;
	uint64_t tokens;    /* thousandths of a record */
	uint64_t filled_ms;
	uint64_t dropped;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool may_take(struct imad_audit *a)
{
	const uint64_t full = (uint64_t)a->opts.rate * 1000;
	bool may = true;
	uint64_t now;

	if (!a->opts.rate)
		return true;
	pthread_mutex_lock(&a->lock);
	now = now_ms();
	a->tokens += (now - a->filled_ms) * a->opts.rate;
	a->filled_ms = now;
	if (a->tokens > full)
		a->tokens = full;
	may = a->tokens >= 1000;
	a->tokens -= may ? 1000 : 0;
	pthread_mutex_unlock(&a->lock);
	return may;
}

static void say(struct imad_audit *a, int level, const char *fmt, ...) ima_printf(3, 4);

static void say(struct imad_audit *a, int level, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->opts.say(a->opts.user, level, text);
}

/* NULL: the log */
static const struct imad_audit_target *choose(const char *to)
{
	if (to[0] == '/')
		return &imad_audit_file;
	if (!strcmp(to, "journal"))
		return &imad_audit_journal;
	if (!strcmp(to, "kernel") || (!strcmp(to, "auto") && imad_audit_is_heard()))
		return &imad_audit_kernel;
	return NULL;
}

static void begin(void *user)
{
	struct imad_audit *a = user;
	const struct imad_audit_target *t;
	int r;

	if (a->opts.begin)
		a->opts.begin(a->opts.user);
	t = choose(a->opts.to);
	r = t ? t->open(a->opts.to, &a->self) : 0;
	if (r < 0)
		say(a, LOG_WARNING, "audit = %s: %s; records go to the log", a->opts.to, strerror(-r));
	else
		atomic_store(&a->target, t);
	atomic_store(&a->decided, true);
}

static void to_log(struct imad_audit *a, enum ima_audit_type type, const char *text)
{
	struct ima_buffer line = { 0 };

	if (ima_buffer_printf(&line, "audit: type=%d %s", (int)type, text) == 0)
		a->opts.say(a->opts.user, LOG_NOTICE, (const char *)line.data);
	ima_buffer_done(&line);
}

static void write_record(void *user, int tag, const char *text)
{
	const enum ima_audit_type type = (enum ima_audit_type)tag;
	struct imad_audit *a = user;
	const struct imad_audit_target *t = atomic_load(&a->target);
	const int r = t ? t->write(a->self, type, text) : 0;

	if (t && r == 0)
		return;
	if (r < 0 && !a->refused_said) {
		a->refused_said = true;
		say(a, LOG_WARNING, "audit = %s: %s; records that it does not take go to the log", a->opts.to, strerror(-r));
	}
	to_log(a, type, text);
}

/* said once, counted each time */
static void drop(struct imad_audit *a)
{
	bool first;

	pthread_mutex_lock(&a->lock);
	first = a->dropped++ == 0;
	pthread_mutex_unlock(&a->lock);
	if (first)
		say(a, LOG_WARNING, "an audit record was dropped: more come than audit_rate allows, or than audit = %s takes; "
		    "imactl status counts them", a->opts.to);
}

struct imad_audit *imad_audit_new(const struct imad_audit_opts *opts)
{
	struct imad_audit *a = calloc(1, sizeof(*a));
	const struct imad_queue_opts qo = { .n_max = IMAD_AUDIT_WAITING, .begin = begin, .write = write_record,
					    .user = a };

	if (!a)
		return NULL;
	a->opts = *opts;
	a->tokens = (uint64_t)opts->rate * 1000;
	a->filled_ms = now_ms();
	pthread_mutex_init(&a->lock, NULL);
	a->queue = imad_queue_new(&qo);
	if (!a->queue) {
		free(a);
		return NULL;
	}
	return a;
}

bool imad_audit_free(struct imad_audit *a)
{
	const struct imad_audit_target *t;

	if (!a)
		return true;
	if (!imad_queue_free(a->queue))
		return false; /* a writer that is stuck keeps its memory */
	t = atomic_load(&a->target);
	if (t)
		t->close(a->self);
	pthread_mutex_destroy(&a->lock);
	free(a);
	return true;
}

void imad_audit_emit(void *user, enum ima_audit_type type, const char *text)
{
	struct imad_audit *a = user;

	if (!may_take(a))
		drop(a);
	else if (atomic_load(&a->decided) && !atomic_load(&a->target))
		to_log(a, type, text); /* has a queue of its own */
	else if (!imad_queue_put(a->queue, (int)type, text))
		drop(a);
}

const char *imad_audit_where(const struct imad_audit *a)
{
	const struct imad_audit_target *t = atomic_load(&a->target);

	return t ? t->name : "log";
}

uint64_t imad_audit_dropped(struct imad_audit *a)
{
	uint64_t n;

	pthread_mutex_lock(&a->lock);
	n = a->dropped;
	pthread_mutex_unlock(&a->lock);
	return n;
}
