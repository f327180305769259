/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replaying a whole list: batches of records in a ring. One thread at a time reads, one at a time extends, both in the list's
 * order; digests of different batches are made by as many threads as there are. Memory is bounded by the ring.
 *
 *   EMPTY -> (read) -> READ -> (digests) -> HASHED -> (extend) -> EMPTY
 *
 * A batch belongs to the thread that works on it; its state and the ring's ends belong to the lock.
 */
#include <ima/replay.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/mlist/reader.h"
#include "core/mlist/replay_step.h"

#define BATCH_RECORDS 1024
#define BATCH_BYTES (1U << 20) /* a batch ends with the record that passes this */
#define RING 8

enum state { EMPTY = 0, READ, HASHING, HASHED };

struct item {
	const struct ima_template *t;
	enum ima_hash_algo algo; /* of its own digest, as the reader takes it */
	uint32_t pcr;
	size_t digest_at, digest_len, data_at, data_len; /* in the batch's bytes */
	uint64_t position;
};

struct batch {
	enum state state;
	size_t n;
	struct item items[BATCH_RECORDS];
	struct ima_replay_step steps[BATCH_RECORDS];
	struct ima_replay_mark marks[BATCH_RECORDS];
	struct ima_buffer bytes;
};

struct job {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct ima_list_reader *in;
	struct ima_replay *replay;
	const struct ima_replay_visitor *visitor;
	struct batch *ring; /* RING of them */
	uint64_t n_read, n_extended; /* batches */
	bool reading, extending, ended;
	int error, read_error;
	struct ima_diag *diag;
};

static int keep(struct batch *b, const struct ima_record *rec, const struct ima_template *t,
		enum ima_hash_algo algo, uint64_t position)
{
	struct item *it = &b->items[b->n];
	int e;

	*it = (struct item){ .t = t, .algo = algo, .pcr = rec->pcr, .position = position,
			     .digest_at = b->bytes.len, .digest_len = rec->digest.len };
	e = ima_buffer_append(&b->bytes, rec->digest.data, rec->digest.len);
	it->data_at = b->bytes.len;
	it->data_len = rec->data.len;
	if (e == 0)
		e = ima_buffer_append(&b->bytes, rec->data.data, rec->data.len);
	b->n += e == 0;
	return e;
}

/* 1 there may be more, 0 end, -errno */
static int read_batch(struct job *j, struct batch *b)
{
	const struct ima_template *t;
	struct ima_record rec;
	int e = 1;

	b->n = 0;
	b->bytes.len = 0;
	while (e == 1 && b->n < BATCH_RECORDS && b->bytes.len < BATCH_BYTES) {
		e = ima_list_reader_next(j->in, &rec, &t, j->diag);
		if (e != 1)
			break;
		e = keep(b, &rec, t, ima_list_reader_digest_algo(j->in),
			 ima_list_reader_position(j->in));
		if (e == 0)
			e = 1;
	}
	return e;
}

/* digests of one record, and what the visitor says of it */
static int look_at(const struct job *j, struct ima_hasher *h, const struct ima_record *rec, const struct ima_template *t,
		   enum ima_hash_algo algo, uint64_t position, struct ima_replay_step *step, struct ima_replay_mark *mark)
{
	const struct ima_replay_visitor *v = j->visitor;
	int e;

	if (v->recall && v->recall(v->user, rec, t, step, mark) == 1) {
		step->position = position;
		return 0;
	}
	e = ima_replay_digests(j->replay, h, rec, t, algo, position, step);
	return e == 0 && v->judge ? v->judge(v->user, h, rec, t, step, mark) : e;
}

static int settle(const struct job *j, struct ima_hasher *h, const struct ima_record *rec, const struct ima_template *t,
		  const struct ima_replay_step *step, const struct ima_replay_mark *mark)
{
	const struct ima_replay_visitor *v = j->visitor;
	const int e = ima_replay_extend(j->replay, h, step);

	return e == 0 && v->take ? v->take(v->user, rec, t, step, mark) : e;
}

static struct ima_record record_of(const struct batch *b, const struct item *it)
{
	/* lists name a template as it is shown */
	const char *name = ima_template_display_name(it->t);

	return (struct ima_record){
		.pcr = it->pcr,
		.name = { (const uint8_t *)name, strlen(name) },
		.digest = { b->bytes.data + it->digest_at, it->digest_len },
		.data = { b->bytes.data + it->data_at, it->data_len },
	};
}

static void foresee(const struct job *j, const struct ima_record *recs, size_t n, struct ima_replay_mark *marks)
{
	if (j->visitor->foresee && n)
		j->visitor->foresee(j->visitor->user, recs, n, marks);
}

static int hash_some(struct job *j, struct ima_hasher *h, struct batch *b, size_t from, size_t n)
{
	struct ima_record recs[IMA_REPLAY_AHEAD];
	int e = 0;

	for (size_t i = 0; i < n; i++)
		recs[i] = record_of(b, &b->items[from + i]);
	foresee(j, recs, n, &b->marks[from]);
	for (size_t i = 0; i < n && e == 0; i++) {
		const struct item *it = &b->items[from + i];

		e = look_at(j, h, &recs[i], it->t, it->algo, it->position, &b->steps[from + i], &b->marks[from + i]);
	}
	return e;
}

static int hash_batch(struct job *j, struct ima_hasher *h, struct batch *b)
{
	int e = 0;

	for (size_t i = 0; i < b->n && e == 0; i += IMA_REPLAY_AHEAD)
		e = hash_some(j, h, b, i, b->n - i < IMA_REPLAY_AHEAD ? b->n - i : IMA_REPLAY_AHEAD);
	return e;
}

static int extend_batch(struct job *j, struct ima_hasher *h, struct batch *b)
{
	int e = 0;

	for (size_t i = 0; i < b->n && e == 0; i++) {
		const struct ima_record rec = record_of(b, &b->items[i]);

		e = settle(j, h, &rec, b->items[i].t, &b->steps[i], &b->marks[i]);
	}
	return e;
}

static void fail(struct job *j, int e)
{
	if (e < 0 && !j->error)
		j->error = e;
}

static void do_extend(struct job *j, struct ima_hasher *h, struct batch *b)
{
	int e;

	j->extending = true;
	pthread_mutex_unlock(&j->lock);
	e = extend_batch(j, h, b);
	pthread_mutex_lock(&j->lock);
	j->extending = false;
	b->state = EMPTY;
	j->n_extended++;
	fail(j, e);
}

static void do_hash(struct job *j, struct ima_hasher *h, struct batch *b)
{
	int e;

	b->state = HASHING;
	pthread_mutex_unlock(&j->lock);
	e = hash_batch(j, h, b);
	pthread_mutex_lock(&j->lock);
	b->state = HASHED;
	fail(j, e);
}

static void do_read(struct job *j, struct batch *b)
{
	int e;

	j->reading = true;
	pthread_mutex_unlock(&j->lock);
	e = read_batch(j, b);
	pthread_mutex_lock(&j->lock);
	j->reading = false;
	b->state = READ;
	j->n_read++;
	j->ended = e != 1;
	/* what was read before the damage still counts */
	if (e < 0)
		j->read_error = e;
}

static struct batch *find(struct job *j, enum state s)
{
	for (uint64_t i = j->n_extended; i < j->n_read; i++)
		if (j->ring[i % RING].state == s)
			return &j->ring[i % RING];
	return NULL;
}

/* under the lock: do one piece of work; false: nothing can be done now */
static bool work(struct job *j, struct ima_hasher *h)
{
	struct batch *oldest = &j->ring[j->n_extended % RING], *b;

	if (!j->extending && j->n_extended < j->n_read && oldest->state == HASHED)
		do_extend(j, h, oldest);
	else if ((b = find(j, READ)) != NULL)
		do_hash(j, h, b);
	else if (!j->reading && !j->ended && j->n_read < j->n_extended + RING)
		do_read(j, &j->ring[j->n_read % RING]);
	else
		return false;
	return true;
}

static bool finished(const struct job *j)
{
	return j->error || (j->ended && j->n_extended == j->n_read);
}

static void run(struct job *j, struct ima_hasher *h)
{
	pthread_mutex_lock(&j->lock);
	while (!finished(j)) {
		if (work(j, h))
			pthread_cond_broadcast(&j->changed);
		else
			pthread_cond_wait(&j->changed, &j->lock);
	}
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
}

struct helper {
	pthread_t thread;
	struct job *job;
	struct ima_hasher *h;
};

static void *help(void *arg)
{
	struct helper *me = arg;

	run(me->job, me->h);
	return NULL;
}

static unsigned int count_threads(unsigned int wanted)
{
	cpu_set_t cpus;
	int n = wanted ? (int)wanted : 1;

	if (!wanted && sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = CPU_COUNT(&cpus);
	return n > IMA_REPLAY_MAX_THREADS ? IMA_REPLAY_MAX_THREADS : (unsigned int)n;
}

/* a helper that cannot be had is no error: the caller's thread does the work alone */
static void run_all(struct job *j, struct ima_hasher *h, unsigned int n_threads)
{
	struct helper helpers[IMA_REPLAY_MAX_THREADS];
	unsigned int n = 0;

	while (n + 1 < n_threads) {
		struct helper *w = &helpers[n];

		*w = (struct helper){ .job = j };
		if (ima_hasher_new(&w->h) < 0)
			break;
		if (pthread_create(&w->thread, NULL, help, w) != 0) {
			ima_hasher_free(w->h);
			break;
		}
		n++;
	}
	run(j, h);
	for (unsigned int i = 0; i < n; i++) {
		pthread_join(helpers[i].thread, NULL);
		ima_hasher_free(helpers[i].h);
	}
}

static int run_ring(struct job *j, struct ima_hasher *h, unsigned int n_threads)
{
	j->ring = calloc(RING, sizeof(*j->ring));
	if (!j->ring)
		return -ENOMEM;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->changed, NULL);
	run_all(j, h, n_threads);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	for (size_t i = 0; i < RING; i++)
		ima_buffer_done(&j->ring[i].bytes);
	free(j->ring);
	return j->error;
}

/* some records in a row, as views of the list */
struct row {
	size_t n;
	struct ima_record recs[IMA_REPLAY_AHEAD];
	struct ima_replay_mark marks[IMA_REPLAY_AHEAD];
	const struct ima_template *t[IMA_REPLAY_AHEAD];
	enum ima_hash_algo algo[IMA_REPLAY_AHEAD];
	uint64_t position[IMA_REPLAY_AHEAD];
};

/* as many as stay where they are while others are read, at least one. 1 there may be more, 0 end, -errno */
static int read_row(struct job *j, struct row *row)
{
	bool stays = true;
	int e = 1;

	for (row->n = 0; e == 1 && row->n < IMA_REPLAY_AHEAD && stays; row->n += e == 1) {
		struct ima_record *rec = &row->recs[row->n];

		e = ima_list_reader_next(j->in, rec, &row->t[row->n], j->diag);
		if (e != 1)
			break;
		stays = ima_list_reader_keeps(j->in, rec);
		row->algo[row->n] = ima_list_reader_digest_algo(j->in);
		row->position[row->n] = ima_list_reader_position(j->in);
	}
	return e;
}

static int do_row(struct job *j, struct ima_hasher *h, struct row *row)
{
	struct ima_replay_step step;
	int e = 0;

	foresee(j, row->recs, row->n, row->marks);
	for (size_t i = 0; i < row->n && e == 0; i++) {
		e = look_at(j, h, &row->recs[i], row->t[i], row->algo[i], row->position[i], &step, &row->marks[i]);
		if (e == 0)
			e = settle(j, h, &row->recs[i], row->t[i], &step, &row->marks[i]);
	}
	return e;
}

/* one thread needs no ring, and nothing is copied */
static int run_alone(struct job *j, struct ima_hasher *h)
{
	struct row row;
	int e, more;

	do {
		more = read_row(j, &row);
		e = do_row(j, h, &row);
	} while (more == 1 && e == 0);
	j->read_error = more < 0 ? more : 0;
	return e;
}

static int run_with(struct job *j, struct ima_hasher *h, const struct ima_replay_run *run, struct ima_replay_result *ret)
{
	const unsigned int n_threads = count_threads(run->n_threads);
	int e = ima_replay_new(h, run->targets, &j->replay);

	if (e < 0)
		return e;
	if (run->start)
		ima_replay_start(j->replay, run->start);
	e = n_threads == 1 ? run_alone(j, h) : run_ring(j, h, n_threads);
	if (e == 0) {
		ima_replay_finish(j->replay, ret);
		ret->n_deleted = ima_list_reader_deleted(j->in);
		e = j->read_error;
	}
	ima_replay_free(j->replay);
	return e;
}

int ima_replay_run(const struct ima_replay_run *run, struct ima_replay_result *ret, struct ima_diag *diag)
{
	static const struct ima_replay_visitor nobody;
	struct job j = { .diag = diag, .in = run->in, .visitor = run->visitor ? run->visitor : &nobody };
	struct ima_hasher *own = NULL;
	int e = run->h ? 0 : ima_hasher_new(&own);

	if (e == 0)
		e = run_with(&j, run->h ? run->h : own, run, ret);
	ima_hasher_free(own);
	return e;
}

int ima_replay_fd(int fd, const struct ima_replay_opts *opts, struct ima_replay_result *ret,
		  struct ima_diag *diag)
{
	static const struct ima_replay_opts defaults;
	const struct ima_replay_opts *o = opts ? opts : &defaults;
	struct ima_replay_run run = { .targets = o->targets, .n_threads = o->n_threads };
	int e;

	if (memcmp(o->reserved, defaults.reserved, sizeof(o->reserved)))
		return -EINVAL;
	e = ima_list_reader_new(fd, &o->reader, &run.in);
	if (e == 0)
		e = ima_replay_run(&run, ret, diag);
	ima_list_reader_free(run.in);
	return e;
}
