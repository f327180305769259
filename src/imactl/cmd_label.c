/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl label: a manifest's labels onto the files of a tree, each on the content and metadata that it was made for. Names are looked up
 * below the tree only, as if it were the root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/archive/manifest.h"
#include "imactl/label_file.h"
#include "imactl/outfile.h"

struct label_args {
	const char *manifest, *root;
	bool dry_run, quiet;
};

struct label_run {
	const struct label_args *args;
	int root;
	struct ima_hasher *h;
	uint64_t n_set, n_had, n_left;
};

static int parse_args(int argc, char **argv, struct label_args *a)
{
	static const struct option options[] = { { "manifest", required_argument, NULL, 'm' }, { "dry-run", no_argument, NULL, 'n' },
						 { "quiet", no_argument, NULL, 'q' }, { 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "nq", options, NULL)) != -1) {
		switch (opt) {
		case 'm': a->manifest = optarg; break;
		case 'n': a->dry_run = true; break;
		case 'q': a->quiet = true; break;
		default: return imactl_usage("label");
		}
	}
	if (!a->manifest || optind != argc - 1)
		return imactl_usage("label");
	a->root = argv[optind];
	return EXIT_GOOD;
}

/* the tree is a root of its own: neither a link nor ".." leads out of it */
static int open_below(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	const long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static const char *check_file(struct label_run *r, const struct ima_manifest_entry *e, const struct imactl_label_file *f)
{
	struct ima_digest d;
	int n;

	if (!S_ISREG(f->st.st_mode))
		return "not a regular file";
	if (e->evm.len && (f->st.st_mode != e->mode || f->st.st_uid != e->uid || f->st.st_gid != e->gid))
		return "another mode or owner than security.evm was made for";
	n = ima_hash_fd(r->h, e->content.algo, f->fd, &d, NULL);
	if (n == -ENOPKG)
		return "a hash algorithm that this system does not have";
	if (n < 0)
		return strerror(-n);
	return memcmp(d.data, e->content.data, d.len) ? "another content than the label was made for" : NULL;
}

static bool has(const struct imactl_label_file *f, const char *which, struct ima_bytes want)
{
	ima_cleanup(ima_freep) uint8_t *have = NULL;
	size_t len = 0;

	return !want.len || (imactl_label_get(f, which, &have, &len) == 0 && len == want.len && !memcmp(have, want.data, len));
}

static const char *set(struct label_run *r, const struct ima_manifest_entry *e, const struct imactl_label_file *f)
{
	int n = 0;

	if (has(f, "ima", e->ima) && has(f, "evm", e->evm)) {
		r->n_had++;
		return NULL;
	}
	if (r->args->dry_run) {
		r->n_set++;
		return NULL;
	}
	if (e->ima.len)
		n = imactl_label_set(f, "ima", e->ima);
	if (n == 0 && e->evm.len)
		n = imactl_label_set(f, "evm", e->evm);
	r->n_set += n == 0;
	return n < 0 ? strerror(-n) : NULL;
}

static void take(struct label_run *r, const struct ima_manifest_entry *e)
{
	struct imactl_label_file f = { .fd = open_below(r->root, e->path) };
	const char *why = f.fd < 0 ? strerror(-f.fd) : NULL;

	if (!why && fstat(f.fd, &f.st) < 0)
		why = strerror(errno);
	if (!why)
		why = check_file(r, e, &f);
	if (!why)
		why = set(r, e, &f);
	imactl_label_close(&f);
	if (!why)
		return;
	r->n_left++;
	fprintf(stderr, "imactl: %s: %s\n", e->path, why);
}

static int take_all(struct label_run *r, FILE *in)
{
	struct ima_manifest_reader *reader;
	const struct ima_manifest_entry *e;
	struct ima_diag diag = { 0 };
	int n = ima_manifest_reader_new(in, &reader);

	if (n < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-n));
	while ((n = ima_manifest_next(reader, &e, &diag)) > 0)
		take(r, e);
	ima_manifest_reader_free(reader);
	return n < 0 ? imactl_fail_diag(EXIT_UNABLE, r->args->manifest, &diag, n) : EXIT_GOOD;
}

/* a damaged manifest is found before the first label is set */
static int check_manifest(const struct label_args *a, FILE *in)
{
	struct ima_manifest_reader *reader;
	const struct ima_manifest_entry *e;
	struct ima_diag diag = { 0 };
	int n = ima_manifest_reader_new(in, &reader);

	if (n < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-n));
	while ((n = ima_manifest_next(reader, &e, &diag)) > 0)
		;
	ima_manifest_reader_free(reader);
	if (n == 0 && fseeko(in, 0, SEEK_SET) < 0)
		n = -errno;
	return n < 0 ? imactl_fail_diag(EXIT_UNABLE, a->manifest, &diag, n) : EXIT_GOOD;
}

static int run(struct label_run *r, const struct label_args *a)
{
	const int fd = imactl_open_input(a->manifest);
	ima_cleanup(ima_fclosep) FILE *in = fd < 0 ? NULL : fdopen(fd, "re");
	int e;

	if (!in)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->manifest, strerror(fd < 0 ? -fd : errno));
	r->root = open(a->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->root < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->root, strerror(errno));
	e = ima_hasher_new(&r->h);
	if (e < 0)
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-e));
	e = check_manifest(a, in);
	return e == EXIT_GOOD ? take_all(r, in) : e;
}

int cmd_label(int argc, char **argv)
{
	struct label_args a = { 0 };
	struct label_run r = { .args = &a, .root = -EBADF };
	int e = parse_args(argc, argv, &a);

	if (e)
		return e;
	e = run(&r, &a);
	if (e == EXIT_GOOD && !a.quiet)
		printf("%llu labelled, %llu were so already, %llu left\n", (unsigned long long)r.n_set, (unsigned long long)r.n_had,
		       (unsigned long long)r.n_left);
	ima_hasher_free(r.h);
	ima_close(r.root);
	return e == EXIT_GOOD && r.n_left ? EXIT_UNABLE : e;
}
