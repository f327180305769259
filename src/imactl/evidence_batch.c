/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads take evidences in order; what is ready is told in order, under the lock, and let go. */
#include "imactl/evidence_batch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "core/attest/evidence.h"
#include "core/attest/verify.h"
#include "imactl/ak_files.h"
#include "imactl/evidence_print.h"

#define RECORD_CACHE (256U << 20)
#define MAX_THREADS 64

static int add_item(struct evidence_batch *b, const char *folder, const char *name)
{
	struct evidence_item *more = b->items;

	if (!(b->n & (b->n - 1)))
		more = reallocarray(b->items, b->n ? 2 * b->n : 1, sizeof(*more));
	if (!more)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	b->items = more;
	b->items[b->n] = (struct evidence_item){ .status = -1, .is_found = folder != NULL };
	if (asprintf(&b->items[b->n].path, "%s%s%s", folder ? folder : "", folder ? "/" : "", name) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	b->n++;
	return EXIT_GOOD;
}

static bool is_folder(const char *folder, const char *name)
{
	ima_cleanup(ima_freep) char *path = NULL;
	struct stat st;

	return asprintf(&path, "%s/%s", folder, name) >= 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int add_path(struct evidence_batch *b, const char *path)
{
	struct dirent **entries;
	struct stat st;
	const size_t before = b->n;
	int n, r = EXIT_GOOD;

	if (!strcmp(path, "-"))
		return add_item(b, NULL, path);
	if (stat(path, &st) < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return add_item(b, NULL, path);
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (!r && entries[i]->d_name[0] != '.' && !is_folder(path, entries[i]->d_name))
			r = add_item(b, path, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (n < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	return r || b->n != before ? r : imactl_fail(EXIT_UNABLE, "%s: no evidence in it", path);
}

bool evidence_batch_has(const struct evidence_batch *b, const char *path)
{
	struct stat st, own;

	if (stat(path, &st) < 0)
		return false;
	for (size_t i = 0; i < b->n; i++)
		if (stat(b->items[i].path, &own) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino)
			return true;
	return false;
}

int evidence_batch_add(struct evidence_batch *b, char *const *paths)
{
	int r = EXIT_GOOD;

	for (; !r && *paths; paths++)
		r = add_path(b, *paths);
	return r || b->n ? r : imactl_fail(EXIT_UNABLE, "there is no evidence");
}

/* none without a state folder, or a key: the check says what is wrong with it */
static int state_path(const struct evidence_batch *b, struct ima_bytes ak, char **ret)
{
	char name[65];
	int r;

	*ret = NULL;
	if (!b->src->state)
		return 0;
	r = ima_verifier_fingerprint(b->verifier, ak, name);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return asprintf(ret, "%s/%s.json", b->src->state, name) < 0 ? -ENOMEM : 0;
}

static int read_state(const char *path, struct ima_attest_state *ret, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	size_t len = 0;
	int r = path ? imactl_read_file(path, 1U << 20, &text, &len) : -ENOENT;

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : ima_state_parse((struct ima_bytes){ text, len }, ret, diag);
}

static int write_state(const char *path, const struct ima_attest_state *s)
{
	struct ima_buffer b = { 0 };
	int r = ima_state_write(s, &b) < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : EXIT_GOOD;

	if (!r)
		r = imactl_write_file(NULL, path, ima_buffer_bytes(&b), 0600);
	ima_buffer_done(&b);
	return r;
}

/* EXIT_UNABLE with words in the item: this evidence could not be checked at all */
static int unable(struct evidence_item *it, const struct ima_diag *diag, int error)
{
	snprintf(it->error, sizeof(it->error), "%s", diag && diag->text[0] ? diag->text : strerror(-error));
	return EXIT_UNABLE;
}

static int bad_state(struct evidence_item *it, const char *path, const struct ima_diag *diag, int error)
{
	snprintf(it->error, sizeof(it->error), "its state, %.180s: %.100s", path, diag->text[0] ? diag->text : strerror(-error));
	return EXIT_UNABLE;
}

struct seeing {
	struct evidence_batch *b;
	struct evidence_item *it;
};

static int visit(void *user, const struct ima_attest_entry *e)
{
	struct seeing *s = user;

	return s->b->see(s->it, e);
}

static int check(struct evidence_batch *b, struct evidence_item *it, const struct ima_evidence *e, struct ima_hasher *h)
{
	ima_cleanup(ima_freep) char *path = NULL;
	static const struct ima_diag no_state = { .text = "its state cannot be kept" };
	struct ima_attest_state state = { 0 }, next = { 0 };
	struct ima_diag diag = { 0 };
	struct seeing seeing = { b, it };
	struct ima_attest_question q = { .nonce = { it->nonce, it->nonce_len }, .h = h, .visit = b->see ? visit : NULL, .user = &seeing };
	int r = state_path(b, e->ak, &path);

	if (r == 0 && (r = read_state(path, &state, &diag)) < 0)
		return bad_state(it, path, &diag, r);
	q.state = b->src->state ? &state : NULL;
	if (r == 0)
		r = ima_verifier_check(b->verifier, e, &q, it->result, &next);
	if (r < 0)
		return unable(it, &diag, r);
	if (path && it->result->verdict == IMA_ATTEST_TRUSTED && write_state(path, &next))
		return unable(it, &no_state, -EIO);
	return imactl_attestation_status(it->result);
}

/* an archive that is no evidence was checked, and is bad: the check has a name as all others have */
static int refuse(struct evidence_item *it, const struct ima_diag *diag)
{
	*it->result = (struct ima_attestation){ .verdict = IMA_ATTEST_REFUSED, .bank = IMA_HASH__LAST };
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		snprintf(it->result->checks[i].text, sizeof(it->result->checks[i].text), "not reached: the archive is bad");
	it->result->checks[IMA_CHECK_ARCHIVE].status = IMA_CHECK_FAIL;
	snprintf(it->result->checks[IMA_CHECK_ARCHIVE].text, sizeof(it->result->checks[0].text), "%s", diag->text);
	return EXIT_BAD;
}

static int check_bytes(struct evidence_batch *b, struct evidence_item *it, struct ima_bytes archive, struct ima_hasher *h)
{
	struct ima_diag diag = { 0 };
	struct ima_evidence e;
	int r = ima_evidence_read(archive, h, &e, &diag);

	if (r == -EBADMSG)
		return refuse(it, &diag);
	return r < 0 ? unable(it, &diag, r) : check(b, it, &e, h);
}

/* read, not mapped: a file that is cut meanwhile must not end the verifier */
static int read_item(const struct evidence_item *it, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd = -EBADF;
	struct stat st;

	if (!it->is_found)
		return imactl_read_file(it->path, IMA_EVIDENCE_MAX, ret, ret_len);
	fd = open(it->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? ima_file_read_fd(fd, IMA_EVIDENCE_MAX, ret, ret_len) : -EINVAL;
}

static int check_item(struct evidence_batch *b, struct evidence_item *it, struct ima_hasher *h)
{
	static const struct ima_diag no_file = { .text = "not a regular file" };
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	size_t len = 0;
	const int r = read_item(it, &data, &len);

	it->nonce_len = evidence_sources_nonce(b->src, it->path, it->nonce);
	it->result = calloc(1, sizeof(*it->result));
	if (r < 0 || !it->result)
		return unable(it, r == -EINVAL ? &no_file : NULL, r < 0 ? r : -ENOMEM);
	return check_bytes(b, it, (struct ima_bytes){ data, len }, h);
}

static void show(struct evidence_batch *b, struct evidence_item *it)
{
	b->status = it->status == EXIT_BAD || (it->status == EXIT_UNABLE && b->status != EXIT_BAD) ? it->status : b->status;
	if (it->error[0])
		imactl_fail(EXIT_UNABLE, "%s: %s", it->path, it->error);
	b->show(b->user, it);
	if (it->result)
		ima_attestation_done(it->result);
	free(it->result);
	free(it->path);
	if (b->forget)
		b->forget(it->seen);
	it->result = NULL;
	it->path = NULL;
	it->seen = NULL;
}

/* under the lock: results come out in the order of the names, whoever is ready first */
static void show_ready(struct evidence_batch *b)
{
	while (b->printed < b->n && b->items[b->printed].status >= 0)
		show(b, &b->items[b->printed++]);
}

static void *work(void *arg)
{
	struct evidence_batch *b = arg;
	struct ima_hasher *h = NULL;

	if (ima_hasher_new(&h) < 0)
		return NULL;
	pthread_mutex_lock(&b->lock);
	while (b->next < b->n) {
		struct evidence_item *it = &b->items[b->next++];
		int status;

		pthread_mutex_unlock(&b->lock);
		status = check_item(b, it, h);
		pthread_mutex_lock(&b->lock);
		it->status = status;
		show_ready(b);
	}
	pthread_mutex_unlock(&b->lock);
	ima_hasher_free(h);
	return NULL;
}

static unsigned int count_threads(const struct evidence_sources *s)
{
	cpu_set_t cpus;
	int n = 1;

	if (s->n_threads)
		return s->n_threads;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = CPU_COUNT(&cpus);
	return n > MAX_THREADS ? MAX_THREADS : (unsigned int)n;
}

int evidence_batch_run(struct evidence_batch *b)
{
	const unsigned int n_threads = count_threads(b->src);
	const struct ima_verifier_opts opts = {
		.rules = &b->src->rules.rules, .reference = b->src->reference, .keys = b->src->keys,
		.aks = (const struct ima_ak *const *)b->src->aks, .n_aks = b->src->n_aks, .ak_chain = b->src->chain,
		.cache_bytes = b->n > 1 ? RECORD_CACHE : 0, .n_threads = b->n > 1 ? 1 : n_threads,
	};
	pthread_t threads[MAX_THREADS];
	unsigned int n = 0;
	int r = ima_verifier_new(&opts, &b->verifier);

	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-r));
	pthread_mutex_init(&b->lock, NULL);
	while (b->n > 1 && n + 1 < n_threads && n + 1 < b->n && pthread_create(&threads[n], NULL, work, b) == 0)
		n++;
	work(b);
	while (n)
		pthread_join(threads[--n], NULL);
	pthread_mutex_destroy(&b->lock);
	if (b->printed != b->n)
		b->status = imactl_fail(EXIT_UNABLE, "out of memory");
	ima_verifier_free(b->verifier);
	b->verifier = NULL;
	return b->status;
}

void evidence_batch_done(struct evidence_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->items[i].path);
	free(b->items);
}
