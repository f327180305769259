/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl reference create: reference values from where files come from. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/attest/reference.h"
#include "imactl/interrupt.h"
#include "imactl/keyring_source.h"
#include "imactl/reference_opts.h"
#include "imactl/reference_source.h"

struct source {
	enum { TREE, ROOT, LIST } kind;
	const char *path;
};

struct args {
	const char *output;
	bool force;
	struct source *sources; /* owned */
	size_t n_sources;
	char **archives; /* what stands without an option */
	int n_archives;
	struct ima_keyring *keys; /* owned; NULL: -k was not given */
	struct imactl_reference_maker maker;
};

static int add_source(struct args *a, int kind, const char *path)
{
	struct source *more = reallocarray(a->sources, a->n_sources + 1, sizeof(*more));

	if (!more)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	a->sources = more;
	a->sources[a->n_sources++] = (struct source){ kind, path };
	return EXIT_GOOD;
}

static int add_keys(struct args *a, const char *path)
{
	if (!a->keys && ima_keyring_new(&a->keys) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	a->maker.keys = a->keys;
	return imactl_keyring_add(a->keys, path);
}

static int add_glob(struct args *a, const char *pattern, bool exclude)
{
	const int r = imactl_globs_add(&a->maker.files.globs, pattern, exclude);

	return r < 0 ? imactl_fail(r == -EINVAL ? EXIT_USAGE : EXIT_UNABLE, "--%s: %s", exclude ? "exclude" : "include",
				   r == -EINVAL ? "an empty pattern" : strerror(-r)) : EXIT_GOOD;
}

static int set_threads(struct args *a, const char *text)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (*end || !n || n > 64 || *text < '0' || *text > '9')
		return imactl_fail(EXIT_USAGE, "--threads %s: a number from 1 to 64", text);
	a->maker.files.threads = (unsigned int)n;
	return EXIT_GOOD;
}

static int set_algo(struct args *a, const char *text)
{
	if (ima_hash_by_name(text, strlen(text), &a->maker.algo) < 0)
		return imactl_fail(EXIT_USAGE, "%s: not a hash algorithm", text);
	return EXIT_GOOD;
}

static int take_option(struct args *a, int opt)
{
	switch (opt) {
	case 'o': a->output = optarg; return EXIT_GOOD;
	case 'f': a->force = true; return EXIT_GOOD;
	case 'r': return add_source(a, TREE, optarg);
	case 'R': return add_source(a, ROOT, optarg);
	case 'l': return add_source(a, LIST, optarg);
	case 'a': return set_algo(a, optarg);
	case 'e': return imactl_reference_date("--expires", optarg, &a->maker.expiry);
	case 'p': a->maker.repository = optarg; return EXIT_GOOD;
	case 'i': a->maker.image = optarg; return EXIT_GOOD;
	case 'm': a->maker.keep_names = true; return EXIT_GOOD;
	case 'k': return add_keys(a, optarg);
	case 'I': return add_glob(a, optarg, false);
	case 'E': return add_glob(a, optarg, true);
	case 'x': a->maker.files.one_fs = true; return EXIT_GOOD;
	case 't': return set_threads(a, optarg);
	case 'q': a->maker.files.quiet = true; return EXIT_GOOD;
	default: return imactl_usage("reference create");
	}
}

static int parse_args(int argc, char **argv, struct args *a)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },	{ "force", no_argument, NULL, 'f' },
		{ "tree", required_argument, NULL, 'r' },	{ "root", required_argument, NULL, 'R' },
		{ "list", required_argument, NULL, 'l' },	{ "algo", required_argument, NULL, 'a' },
		{ "expires", required_argument, NULL, 'e' },	{ "repository", required_argument, NULL, 'p' },
		{ "image", required_argument, NULL, 'i' },	{ "no-merge-usr", no_argument, NULL, 'm' },
		{ "keys", required_argument, NULL, 'k' },	{ "include", required_argument, NULL, 'I' },
		{ "exclude", required_argument, NULL, 'E' },	{ "one-file-system", no_argument, NULL, 'x' },
		{ "threads", required_argument, NULL, 't' },	{ "quiet", no_argument, NULL, 'q' },
		{ 0 },
	};
	int opt, r = EXIT_GOOD;

	while (r == EXIT_GOOD && (opt = getopt_long(argc, argv, "o:r:a:k:xq", options, NULL)) != -1)
		r = take_option(a, opt);
	if (r)
		return r;
	a->archives = argv + optind;
	a->n_archives = argc - optind;
	if (!a->output)
		return imactl_misuse("reference create", "-o FILE is missing");
	if (!a->n_sources && !a->n_archives)
		return imactl_misuse("reference create", "nothing is named that values could come from");
	return imactl_reference_may_write(a->output, a->force);
}

/* text, or a database: values that someone wrote down. Anything else holds files */
static bool holds_values(const char *path)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t head[512];
	const ssize_t n = fd < 0 ? 0 : pread(fd, head, sizeof(head), 0);

	if (n >= 16 && !memcmp(head, "SQLite format 3", 16))
		return true;
	if (n >= 3 && head[0] == 0xd9 && head[1] == 1) /* a tag of CBOR: CoRIM, CoSWID */
		return true;
	if (n > 0 && (!memcmp(head, "!<ar", n < 4 ? (size_t)n : 4)))
		return false;
	for (ssize_t i = 0; i < n; i++)
		if (!head[i] || head[i] == 0x7f || (head[i] < ' ' && !strchr("\t\n\r", head[i])))
			return false;
	return n > 0;
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int take_archives(struct args *a)
{
	ima_cleanup(ima_freep) char **rest = calloc((size_t)a->n_archives + 1, sizeof(*rest));
	int n = 0, r = EXIT_GOOD;

	if (!rest)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	for (int i = 0; i < a->n_archives && r == EXIT_GOOD; i++) {
		struct stat st;
		const bool is_folder = stat(a->archives[i], &st) == 0 && S_ISDIR(st.st_mode);

		if (!is_folder && holds_values(a->archives[i]))
			r = imactl_reference_add_file(a->maker.builder, a->archives[i], a->keys);
		else
			rest[n++] = a->archives[i];
	}
	return n && r == EXIT_GOOD ? imactl_reference_archives(&a->maker, rest, n) : r;
}

static int take_sources(struct args *a)
{
	int r = EXIT_GOOD;

	for (size_t i = 0; i < a->n_sources && r < EXIT_USAGE; i++) {
		const struct source *s = &a->sources[i];

		r = worse(r, s->kind == LIST ? imactl_reference_list(&a->maker, s->path) :
					       imactl_reference_tree(&a->maker, s->path, s->kind == ROOT));
	}
	return r < EXIT_USAGE ? worse(r, take_archives(a)) : r;
}

static int run(struct args *a)
{
	int r = ima_reference_builder_new(&a->maker.builder) < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : take_sources(a), e;

	if (imactl_interrupt_signal())
		return EXIT_UNABLE;
	if (r >= EXIT_USAGE)
		return r;
	if (!ima_reference_builder_size(a->maker.builder))
		return a->maker.files.quiet ? EXIT_BAD : imactl_fail(EXIT_BAD, "%s: not written, as there would be nothing in it", a->output);
	e = imactl_reference_write(a->maker.builder, a->output, a->force, a->maker.files.quiet);
	if (a->maker.n_left_out)
		fprintf(stderr, "imactl: %llu files were left out\n", (unsigned long long)a->maker.n_left_out);
	return worse(r, e);
}

int cmd_reference_create(int argc, char **argv)
{
	struct args a = { .maker = { .algo = IMA_HASH_SHA256, .lock = PTHREAD_MUTEX_INITIALIZER } };
	int r = parse_args(argc, argv, &a);

	if (r == EXIT_GOOD)
		r = run(&a);
	ima_reference_builder_free(a.maker.builder);
	ima_keyring_free(a.keys);
	imactl_globs_done(&a.maker.files.globs);
	free(a.sources);
	return r;
}
