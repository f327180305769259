/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of slots: the owner fills at the tail and empties at the head, threads take in between. The owner sleeps until a quarter of the
 * ring is done, so that it does not take a processor from the threads for every file.
 */
#include "imactl/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RING 1024
#define MAX_THREADS 64
#define NOTHING UINT64_MAX

struct slot {
	char *path;
	struct imactl_dir *dir;
	dev_t dev;
	void *item;
	struct imactl_file_result res;
	bool done;
};

struct imactl_jobs {
	struct imactl_jobs_ops ops;
	pthread_mutex_t lock;
	pthread_cond_t filled, finished;
	/* ever growing; slots are taken modulo RING. head and tail are the owner's */
	uint64_t head, next, tail;
	uint64_t awaited;
	unsigned int n_waiting;
	bool closing;
	unsigned int n_threads;
	pthread_t threads[MAX_THREADS];
	struct ima_hasher *hashers[MAX_THREADS];
	unsigned int n_taken; /* hashers */
	struct slot slots[RING];
};

static struct slot *slot_of(struct imactl_jobs *j, uint64_t i)
{
	return &j->slots[i % RING];
}

static void work(struct imactl_jobs *j, struct ima_hasher *h, struct slot *s)
{
	const char *slash = s->dir ? strrchr(s->path, '/') : NULL;
	const struct imactl_file f = { .path = s->path, .at = s->dir ? imactl_dir_fd(s->dir) : AT_FDCWD,
				       .name = slash ? slash + 1 : s->path, .is_walked = s->dir != NULL, .dev = s->dev, .item = s->item };

	if (*j->ops.stop)
		s->res.status = IMACTL_FILE_LEFT;
	else
		j->ops.work(j->ops.work_user, h, &f, &s->res);
}

static void *thread_main(void *arg)
{
	struct imactl_jobs *j = arg;
	struct ima_hasher *h;
	uint64_t i;

	pthread_mutex_lock(&j->lock);
	h = j->hashers[j->n_taken++];
	for (;;) {
		while (j->next == j->tail && !j->closing) {
			j->n_waiting++;
			pthread_cond_wait(&j->filled, &j->lock);
			j->n_waiting--;
		}
		if (j->next == j->tail)
			break;
		i = j->next++;
		pthread_mutex_unlock(&j->lock);
		work(j, h, slot_of(j, i));
		pthread_mutex_lock(&j->lock);
		slot_of(j, i)->done = true;
		if (i == j->awaited)
			pthread_cond_signal(&j->finished);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

/* a while from now, by the clock that the condition waits by */
static struct timespec soon(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += 100000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

static void wait_for(struct imactl_jobs *j, uint64_t i)
{
	pthread_mutex_lock(&j->lock);
	j->awaited = i;
	while (!slot_of(j, i)->done) {
		const struct timespec until = soon();

		if (pthread_cond_timedwait(&j->finished, &j->lock, &until) == ETIMEDOUT && j->ops.idle) {
			pthread_mutex_unlock(&j->lock);
			j->ops.idle(j->ops.user);
			pthread_mutex_lock(&j->lock);
		}
	}
	j->awaited = NOTHING;
	pthread_mutex_unlock(&j->lock);
}

static void hand_over(struct imactl_jobs *j)
{
	struct slot *s = slot_of(j, j->head);

	wait_for(j, j->head);
	j->ops.done(j->ops.user, s->path, s->item, &s->res);
	ima_buffer_done(&s->res.out);
	ima_buffer_done(&s->res.err);
	imactl_dir_unref(s->dir);
	free(s->item);
	free(s->path);
	*s = (struct slot){ 0 };
	j->head++;
}

/* its reference and its item are taken on success */
static int push(struct imactl_jobs *j, const char *path, const struct slot *what)
{
	char *copy = strdup(path);
	struct slot *s;

	if (!copy)
		return -ENOMEM;
	if (j->tail - j->head == RING) {
		wait_for(j, j->head + RING / 4 - 1);
		for (unsigned int i = 0; i < RING / 4; i++)
			hand_over(j);
	}
	s = slot_of(j, j->tail);
	*s = *what;
	s->path = copy;
	pthread_mutex_lock(&j->lock);
	j->tail++;
	if (j->n_waiting)
		pthread_cond_signal(&j->filled);
	pthread_mutex_unlock(&j->lock);
	return 0;
}

int imactl_jobs_push(struct imactl_jobs *j, struct imactl_dir *dir, const char *path, dev_t dev)
{
	const struct slot s = { .dir = dir ? imactl_dir_ref(dir) : NULL, .dev = dev };
	int r = push(j, path, &s);

	if (r < 0)
		imactl_dir_unref(s.dir);
	return r;
}

int imactl_jobs_push_item(struct imactl_jobs *j, const char *path, void *item)
{
	return push(j, path, &(const struct slot){ .item = item });
}

void imactl_jobs_drain(struct imactl_jobs *j)
{
	while (j->head != j->tail)
		hand_over(j);
}

struct imactl_jobs *imactl_jobs_free(struct imactl_jobs *j)
{
	if (!j)
		return NULL;
	pthread_mutex_lock(&j->lock);
	j->closing = true;
	pthread_cond_broadcast(&j->filled);
	pthread_mutex_unlock(&j->lock);
	for (unsigned int i = 0; i < j->n_threads; i++)
		pthread_join(j->threads[i], NULL);
	for (unsigned int i = 0; i < MAX_THREADS; i++)
		ima_hasher_free(j->hashers[i]);
	pthread_cond_destroy(&j->filled);
	pthread_cond_destroy(&j->finished);
	pthread_mutex_destroy(&j->lock);
	free(j);
	return NULL;
}

static void make_conditions(struct imactl_jobs *j)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->filled, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->finished, &attr);
	pthread_condattr_destroy(&attr);
}

/* as many as can be made, at least one */
static int start_threads(struct imactl_jobs *j, unsigned int n)
{
	int r = 0;

	for (unsigned int i = 0; i < n && r == 0; i++) {
		r = ima_hasher_new(&j->hashers[i]);
		if (r == 0)
			ima_hasher_stop_when(j->hashers[i], j->ops.stop);
	}
	for (unsigned int i = 0; i < n && r == 0; i++) {
		if (pthread_create(&j->threads[j->n_threads], NULL, thread_main, j) == 0)
			j->n_threads++;
	}
	return r < 0 ? r : j->n_threads ? 0 : -EAGAIN;
}

int imactl_jobs_new(unsigned int threads, const struct imactl_jobs_ops *ops, struct imactl_jobs **ret)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct imactl_jobs *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	j->ops = *ops;
	j->awaited = NOTHING;
	make_conditions(j);
	/* one more than there are processors: now and then one waits for the disk */
	if (!threads)
		threads = cpus > 0 ? (unsigned int)cpus + 1 : 1;
	r = start_threads(j, threads < MAX_THREADS ? threads : MAX_THREADS);
	if (r < 0)
		imactl_jobs_free(j);
	else
		*ret = j;
	return r;
}
