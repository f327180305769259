/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl evidence verify: one evidence or a folder of them; several at once share what was found of records and signatures. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "core/attest/ak.h"
#include "core/attest/evidence.h"
#include "core/attest/reference.h"
#include "core/attest/rules_json.h"
#include "imactl/ak_files.h"
#include "imactl/evidence_print.h"
#include "imactl/keyring_source.h"
#include "imactl/quote_source.h"

#define RECORD_CACHE (256U << 20)
#define MAX_THREADS 64
#define MAX_AKS 100000
#define NONCES_MAX (64U << 20)

struct verify_args {
	const char *rules_file, *state, *nonces;
	uint8_t nonce[IMA_QUOTE_NONCE_MAX];
	size_t nonce_len;
	unsigned int n_threads;
	bool json, quiet;
};

/* everything that a verifier borrows */
struct sources {
	struct ima_rules_file rules;
	struct ima_reference_builder *builder;
	struct ima_reference *reference;
	struct ima_keyring *keys;
	struct ima_ak **aks;
	size_t n_aks;
	struct ima_ak_chain *chain;
	struct ima_buffer nonces;
};

struct item {
	char *path;
	struct ima_attestation *result; /* until it is shown */
	int status; /* an EXIT_ value once it is done, else -1 */
	char error[300];
};

struct batch {
	const struct verify_args *args;
	struct sources *src;
	struct ima_verifier *verifier;
	struct item *items;
	size_t n, next, printed;
	pthread_mutex_t lock;
	json_t *results;
	int status;
};

static int add_reference(struct sources *s, const char *path)
{
	struct ima_diag diag = { 0 };
	int r = s->builder ? 0 : ima_reference_builder_new(&s->builder);

	if (r == 0)
		r = ima_reference_load(s->builder, path, &diag);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, path, &diag, r) : EXIT_GOOD;
}

static int add_ak_file(struct sources *s, const char *path)
{
	struct ima_buffer b = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_ak **more = reallocarray(s->aks, s->n_aks + 1, sizeof(*more));
	int r = imactl_read_named(NULL, path, 64U << 10, &b), e;

	if (more)
		s->aks = more;
	if (!r && !more)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	if (!r && (e = ima_ak_parse(ima_buffer_bytes(&b), &s->aks[s->n_aks], &diag)) < 0)
		r = imactl_fail_diag(EXIT_UNABLE, path, &diag, e);
	s->n_aks += !r;
	ima_buffer_done(&b);
	return r;
}

/* a folder that imactl ak enroll made, or one of such folders and of keys */
static int add_ak(struct sources *s, const char *path)
{
	ima_cleanup(ima_freep) char *trusted = NULL;
	struct dirent **entries;
	struct stat st;
	int n, r = EXIT_GOOD;

	if (stat(path, &st) < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return add_ak_file(s, path);
	if (asprintf(&trusted, "%s/trusted.pub", path) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	if (access(trusted, F_OK) == 0)
		return add_ak_file(s, trusted);
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		ima_cleanup(ima_freep) char *name = NULL;
		const char *dot = strrchr(entries[i]->d_name, '.');

		if (entries[i]->d_name[0] != '.' && asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			r = imactl_fail(EXIT_UNABLE, "out of memory");
		/* what was only challenged has no trusted.pub, and is not looked into */
		if (!r && name && entries[i]->d_type == DT_DIR) {
			ima_cleanup(ima_freep) char *below = NULL;

			if (asprintf(&below, "%s/trusted.pub", name) >= 0 && access(below, F_OK) == 0)
				r = add_ak_file(s, below);
		} else if (!r && name && dot && (!strcmp(dot, ".pub") || !strcmp(dot, ".pem"))) {
			r = add_ak_file(s, name);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno)) : r;
}

static int add_ca(struct sources *s, const char *path)
{
	struct ima_buffer b = { 0 };
	struct ima_diag diag = { 0 };
	int r = imactl_read_named(NULL, path, 64U << 10, &b), e = s->chain ? 0 : ima_ak_chain_new(&s->chain);

	if (!r && e == 0)
		e = ima_ak_chain_add(s->chain, ima_buffer_bytes(&b), &diag);
	if (!r && e < 0)
		r = imactl_fail_diag(EXIT_UNABLE, path, &diag, e);
	ima_buffer_done(&b);
	return r;
}

static int add_keys(struct sources *s, const char *path)
{
	if (!s->keys && ima_keyring_new(&s->keys) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return imactl_keyring_add(s->keys, path);
}

static int read_rules(struct sources *s, const char *path)
{
	struct ima_buffer b = { 0 };
	struct ima_diag diag = { 0 };
	int r = imactl_read_named(NULL, path, 64U << 20, &b), e;

	ima_rules_done(&s->rules);
	if (!r && (e = ima_rules_parse(ima_buffer_bytes(&b), &s->rules, &diag)) < 0)
		r = imactl_fail_diag(EXIT_UNABLE, path, &diag, e);
	ima_buffer_done(&b);
	return r;
}

static int take_skip(bool skip[IMA_CHECK__LAST], const char *name)
{
	enum ima_check check;

	if (ima_check_by_name(name, &check) < 0)
		return imactl_fail(EXIT_USAGE, "--skip %s: there is no such check", name);
	skip[check] = true;
	return 0;
}

static int take_threads(struct verify_args *a, const char *text)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (!n || n > MAX_THREADS || *end || *text == '-')
		return imactl_fail(EXIT_USAGE, "--threads %s: not a number from 1 to %d", text, MAX_THREADS);
	a->n_threads = (unsigned int)n;
	return 0;
}

static int take_option(struct verify_args *a, struct sources *s, bool skip[IMA_CHECK__LAST], int opt)
{
	switch (opt) {
	case 'n':
		return imactl_nonce(optarg, a->nonce, &a->nonce_len);
	case 'N':
		return imactl_nonce_text(optarg, a->nonce, &a->nonce_len);
	case 'M':
		return imactl_read_named(NULL, a->nonces = optarg, NONCES_MAX, &s->nonces);
	case 'a':
		return add_ak(s, optarg);
	case 'A':
		return add_ca(s, optarg);
	case 'r':
		return add_reference(s, optarg);
	case 'k':
		return add_keys(s, optarg);
	case 'R':
		return read_rules(s, a->rules_file = optarg);
	case 's':
		a->state = optarg;
		return 0;
	case 'S':
		return take_skip(skip, optarg);
	case 'T':
		return take_threads(a, optarg);
	case 'j':
		a->json = true;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	default:
		return imactl_usage("evidence verify");
	}
}

static int parse_args(int argc, char **argv, struct verify_args *a, struct sources *s)
{
	static const struct option options[] = {
		{ "nonce", required_argument, NULL, 'n' },   { "nonce-text", required_argument, NULL, 'N' },
		{ "nonces", required_argument, NULL, 'M' },  { "ak", required_argument, NULL, 'a' },
		{ "ak-ca", required_argument, NULL, 'A' },   { "reference", required_argument, NULL, 'r' },
		{ "keys", required_argument, NULL, 'k' },    { "rules", required_argument, NULL, 'R' },
		{ "state", required_argument, NULL, 's' },   { "skip", required_argument, NULL, 'S' },
		{ "threads", required_argument, NULL, 'T' }, { "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },         { 0 },
	};
	bool skip[IMA_CHECK__LAST] = { false };
	int opt, r = 0;

	while (!r && (opt = getopt_long(argc, argv, "k:q", options, NULL)) != -1)
		r = take_option(a, s, skip, opt);
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		s->rules.rules.skip[i] |= skip[i];
	if (!r && optind == argc)
		r = imactl_usage("evidence verify");
	if (!r && s->builder && ima_reference_finish(s->builder, &s->reference) < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	return r;
}

static int add_item(struct batch *b, const char *folder, const char *name)
{
	struct item *more = b->items;

	if (!(b->n & (b->n - 1)))
		more = reallocarray(b->items, b->n ? 2 * b->n : 1, sizeof(*more));
	if (!more)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	b->items = more;
	b->items[b->n] = (struct item){ .status = -1 };
	if (asprintf(&b->items[b->n].path, "%s%s%s", folder ? folder : "", folder ? "/" : "", name) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	b->n++;
	return EXIT_GOOD;
}

static int add_path(struct batch *b, const char *path)
{
	struct dirent **entries;
	struct stat st;
	int n, r = EXIT_GOOD;

	if (stat(path, &st) < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return add_item(b, NULL, path);
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (!r && entries[i]->d_name[0] != '.' && entries[i]->d_type != DT_DIR)
			r = add_item(b, path, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno)) : r;
}

/* lines "NAME HEX"; the evidence's own file name finds its nonce. 0 none */
static size_t nonce_of(const struct sources *s, const char *path, uint8_t ret[static IMA_QUOTE_NONCE_MAX])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const size_t len = strlen(name);
	const char *at = (const char *)s->nonces.data;

	while (at && *at) {
		const size_t line = strcspn(at, "\n");

		if (line > len + 1 && !memcmp(at, name, len) && at[len] == ' ' && line - len - 1 <= 2 * IMA_QUOTE_NONCE_MAX &&
		    ima_hex_decode(at + len + 1, line - len - 1, ret) == 0)
			return (line - len - 1) / 2;
		at += line + (at[line] == '\n');
	}
	return 0;
}

static int state_path(const struct verify_args *a, struct ima_bytes ak, char **ret)
{
	struct ima_ak *k = NULL;
	char name[65];

	*ret = NULL;
	if (!a->state || ima_ak_parse(ak, &k, NULL) < 0)
		return 0;
	ima_ak_fingerprint(k, name);
	ima_ak_free(k);
	return asprintf(ret, "%s/%s.json", a->state, name) < 0 ? -ENOMEM : 0;
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
static int unable(struct item *it, const struct ima_diag *diag, int error)
{
	snprintf(it->error, sizeof(it->error), "%s", diag && diag->text[0] ? diag->text : strerror(-error));
	return EXIT_UNABLE;
}

static int check(struct batch *b, struct item *it, const struct ima_evidence *e, struct ima_hasher *h)
{
	ima_cleanup(ima_freep) char *path = NULL;
	struct ima_attest_state state = { 0 }, next = { 0 };
	struct ima_diag diag = { 0 };
	uint8_t nonce[IMA_QUOTE_NONCE_MAX];
	struct ima_attest_question q = { .nonce = { b->args->nonce, b->args->nonce_len }, .h = h };
	int r = state_path(b->args, e->ak, &path);

	if (b->args->nonces)
		q.nonce = (struct ima_bytes){ nonce, nonce_of(b->src, it->path, nonce) };
	if (r == 0)
		r = read_state(path, &state, &diag);
	q.state = b->args->state ? &state : NULL;
	if (r == 0)
		r = ima_verifier_check(b->verifier, e, &q, it->result, &next);
	if (r < 0)
		return unable(it, &diag, r);
	if (path && it->result->verdict == IMA_ATTEST_TRUSTED && write_state(path, &next))
		return unable(it, NULL, -EIO);
	return imactl_attestation_status(it->result);
}

/* an archive that is no evidence was checked, and is bad: the check has a name as all others have */
static int refuse(struct item *it, const struct ima_diag *diag)
{
	*it->result = (struct ima_attestation){ .verdict = IMA_ATTEST_REFUSED, .bank = IMA_HASH__LAST };
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		snprintf(it->result->checks[i].text, sizeof(it->result->checks[i].text), "not reached: the archive is bad");
	it->result->checks[IMA_CHECK_ARCHIVE].status = IMA_CHECK_FAIL;
	snprintf(it->result->checks[IMA_CHECK_ARCHIVE].text, sizeof(it->result->checks[0].text), "%s", diag->text);
	return EXIT_BAD;
}

static int check_bytes(struct batch *b, struct item *it, struct ima_bytes archive, struct ima_hasher *h)
{
	struct ima_diag diag = { 0 };
	struct ima_evidence e;
	int r = ima_evidence_read(archive, h, &e, &diag);

	if (r == -EBADMSG)
		return refuse(it, &diag);
	return r < 0 ? unable(it, &diag, r) : check(b, it, &e, h);
}

static int check_item(struct batch *b, struct item *it, struct ima_hasher *h)
{
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	size_t len = 0;
	/* read, not mapped: a file that is cut meanwhile must not end the verifier */
	const int r = imactl_read_file(it->path, IMA_EVIDENCE_MAX, &data, &len);

	it->result = calloc(1, sizeof(*it->result));
	if (r < 0 || !it->result)
		return unable(it, NULL, r < 0 ? r : -ENOMEM);
	return check_bytes(b, it, (struct ima_bytes){ data, len }, h);
}

static void show(struct batch *b, struct item *it)
{
	b->status = it->status == EXIT_BAD || (it->status == EXIT_UNABLE && b->status != EXIT_BAD) ? it->status : b->status;
	if (it->error[0])
		imactl_fail(EXIT_UNABLE, "%s: %s", it->path, it->error);
	else if (b->args->json)
		json_array_append_new(b->results, imactl_attestation_json(it->path, it->result, b->src->reference));
	else
		imactl_attestation_text(it->path, it->result, b->src->reference, b->args->quiet);
	if (it->result)
		ima_attestation_done(it->result);
	free(it->result);
	free(it->path);
	it->result = NULL;
	it->path = NULL;
}

/* under the lock: results come out in the order of the names, whoever is ready first */
static void show_ready(struct batch *b)
{
	while (b->printed < b->n && b->items[b->printed].status >= 0)
		show(b, &b->items[b->printed++]);
}

static void *work(void *arg)
{
	struct batch *b = arg;
	struct ima_hasher *h = NULL;

	if (ima_hasher_new(&h) < 0)
		return NULL;
	pthread_mutex_lock(&b->lock);
	while (b->next < b->n) {
		struct item *it = &b->items[b->next++];
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

static unsigned int count_threads(const struct verify_args *a)
{
	cpu_set_t cpus;
	int n = 1;

	if (a->n_threads)
		return a->n_threads;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = CPU_COUNT(&cpus);
	return n > MAX_THREADS ? MAX_THREADS : (unsigned int)n;
}

static int run(struct batch *b)
{
	const unsigned int n_threads = count_threads(b->args);
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
	b->results = json_array();
	pthread_mutex_init(&b->lock, NULL);
	while (b->n > 1 && n + 1 < n_threads && n + 1 < b->n && pthread_create(&threads[n], NULL, work, b) == 0)
		n++;
	work(b);
	while (n)
		pthread_join(threads[--n], NULL);
	pthread_mutex_destroy(&b->lock);
	if (b->printed != b->n)
		b->status = imactl_fail(EXIT_UNABLE, "out of memory");
	if (b->args->json)
		b->status = imactl_print_json(json_incref(b->results), b->status, true);
	json_decref(b->results);
	ima_verifier_free(b->verifier);
	return b->status;
}

static void sources_done(struct sources *s)
{
	ima_rules_done(&s->rules);
	ima_reference_builder_free(s->builder);
	ima_reference_free(s->reference);
	ima_keyring_free(s->keys);
	for (size_t i = 0; i < s->n_aks; i++)
		ima_ak_free(s->aks[i]);
	free(s->aks);
	ima_ak_chain_free(s->chain);
	ima_buffer_done(&s->nonces);
}

int cmd_evidence_verify(int argc, char **argv)
{
	struct verify_args a = { 0 };
	struct sources s = { 0 };
	struct batch b = { .args = &a, .src = &s };
	int r = parse_args(argc, argv, &a, &s);

	if (!r && a.state && mkdir(a.state, 0700) < 0 && errno != EEXIST)
		r = imactl_fail(EXIT_UNABLE, "%s: %s", a.state, strerror(errno));
	for (int i = optind; !r && i < argc; i++)
		r = add_path(&b, argv[i]);
	if (!r && !b.n)
		r = imactl_fail(EXIT_UNABLE, "there is no evidence");
	if (!r)
		r = run(&b);
	for (size_t i = 0; i < b.n; i++)
		free(b.items[i].path);
	free(b.items);
	sources_done(&s);
	return r;
}
