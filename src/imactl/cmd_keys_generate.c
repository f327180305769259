/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl keys generate: everything that signing and a kernel's keyrings want, in a folder. No file is ever written over; when one cannot be
 * made, those that were made before it are taken away.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sig/keypair.h"
#include "imactl/key_source.h"

#define KEY_MAX (64U << 10)
#define MAX_DAYS 36500
#define MAX_FILES 8
#define CA_DAYS 3650

struct generate_args {
	const char *kind, *ca_kind, *name, *folder;
	const char *ca_key, *ca_cert;
	struct imactl_key_opts password;
	unsigned int days;
	bool for_evm, no_passphrase;
};

struct generate_run {
	const struct generate_args *args;
	int folder;
	bool folder_is_new;
	struct imactl_secret password; /* empty: none */
	struct ima_keypair *ca, *signing;
	char *made[MAX_FILES];
	size_t n_made;
};

static int take_days(const char *text, struct generate_args *a)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || !n || n > MAX_DAYS)
		return imactl_fail(EXIT_USAGE, "--days %s: from 1 to %d", text, MAX_DAYS);
	a->days = (unsigned int)n;
	return EXIT_GOOD;
}

static int take_option(struct generate_args *a, int opt)
{
	switch (opt) {
	case 'k': a->kind = optarg; break;
	case 'K': a->ca_kind = optarg; break;
	case 'e': a->for_evm = true; break;
	case 'n': a->name = optarg; break;
	case 'd': return take_days(optarg, a);
	case 'c': a->ca_key = optarg; break;
	case 'C': a->ca_cert = optarg; break;
	case 'N': a->no_passphrase = true; break;
	case 'p': a->password.pass_file = optarg; break;
	case 'P': a->password.pass_fd = optarg; break;
	default: return imactl_usage("keys generate");
	}
	return EXIT_GOOD;
}

static int check_kind(const char *kind)
{
	const char *const *k = ima_keypair_kinds();

	while (*k && strcmp(*k, kind))
		k++;
	return *k ? EXIT_GOOD : imactl_fail(EXIT_USAGE, "%s: rsa2048, rsa3072, rsa4096, p256 or p384", kind);
}

static int parse_args(int argc, char **argv, struct generate_args *a)
{
	static const struct option options[] = {
		{ "kind", required_argument, NULL, 'k' },   { "ca-kind", required_argument, NULL, 'K' },
		{ "evm", no_argument, NULL, 'e' },          { "name", required_argument, NULL, 'n' },
		{ "days", required_argument, NULL, 'd' },   { "ca-key", required_argument, NULL, 'c' },
		{ "ca-cert", required_argument, NULL, 'C' }, { "no-passphrase", no_argument, NULL, 'N' },
		{ "pass-file", required_argument, NULL, 'p' }, { "pass-fd", required_argument, NULL, 'P' }, { 0 },
	};
	int opt, r = EXIT_GOOD;

	while (r == EXIT_GOOD && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		r = take_option(a, opt);
	if (r)
		return r;
	if (optind != argc - 1)
		return imactl_misuse("keys generate", "one folder");
	if (!a->ca_key != !a->ca_cert)
		return imactl_misuse("keys generate", "--ca-key and --ca-cert go together");
	if (a->ca_key && a->ca_kind)
		return imactl_misuse("keys generate", "--ca-kind is of a CA that is made, and --ca-key is there");
	if (a->no_passphrase && (a->password.pass_file || a->password.pass_fd))
		return imactl_misuse("keys generate", "--no-passphrase, and a password");
	a->folder = argv[optind];
	r = check_kind(a->kind);
	return r == EXIT_GOOD && a->ca_kind ? check_kind(a->ca_kind) : r;
}

/* asked for twice: a word that nobody can repeat would lock the key up */
static int ask(struct imactl_secret *ret)
{
	struct imactl_secret again = { 0 };
	int r = imactl_secret_ask("Password for the new private keys: ", ret);

	if (r == 0)
		r = imactl_secret_ask("Once more: ", &again);
	if (r == 0 && (ret->len != again.len || memcmp(ret->data, again.data, ret->len)))
		r = imactl_fail(EXIT_UNABLE, "the two are not the same");
	else if (r < 0)
		r = imactl_fail(EXIT_UNABLE, "no password: give one by --pass-file, --pass-fd or IMACTL_KEY_PASSWORD, or say --no-passphrase");
	imactl_secret_done(&again);
	return r;
}

static int read_password(struct generate_run *g)
{
	int r = g->args->no_passphrase ? EXIT_GOOD : imactl_key_password(&g->args->password, &g->password);

	if (r == EXIT_GOOD && !g->args->no_passphrase && !g->password.data)
		r = ask(&g->password);
	if (r == EXIT_GOOD && !g->args->no_passphrase && !g->password.len)
		r = imactl_fail(EXIT_UNABLE, "the password is empty: say --no-passphrase when none is wanted");
	return r;
}

static const char *password_of(const struct generate_run *g)
{
	return g->password.len ? (const char *)g->password.data : NULL;
}

/* the CA's key has the same password, or none */
static int load_ca(struct generate_run *g)
{
	ima_cleanup(ima_freep) uint8_t *cert = NULL;
	struct imactl_secret key = { 0 }, env = { 0 };
	struct ima_diag diag = { 0 };
	const char *path = g->args->ca_cert;
	size_t len = 0;
	int r = imactl_read_file(path, KEY_MAX, &cert, &len);

	if (r == 0) {
		path = g->args->ca_key;
		r = imactl_secret_read(path, &key);
	}
	if (r == 0)
		r = ima_keypair_load((struct ima_bytes){ key.data, key.len }, password_of(g), (struct ima_bytes){ cert, len }, &g->ca, &diag);
	if (r == -EKEYREJECTED && imactl_secret_ask("Password of the CA's private key: ", &env) == 0)
		r = ima_keypair_load((struct ima_bytes){ key.data, key.len }, (const char *)env.data, (struct ima_bytes){ cert, len },
				     &g->ca, &diag);
	imactl_secret_done(&env);
	imactl_secret_done(&key);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, path, &diag, r) : EXIT_GOOD;
}

static int make(const char *kind, enum ima_keypair_use use, const struct ima_keypair *issuer, const char *name, unsigned int days,
		struct ima_keypair **ret)
{
	int r = ima_keypair_new(kind, ret);

	if (r == 0)
		r = ima_keypair_certify(*ret, use, issuer, name, days);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", name, r == -EINVAL ? "not a name for a certificate: 1 to 64 bytes" : strerror(-r)) : EXIT_GOOD;
}

static int make_keys(struct generate_run *g)
{
	const struct generate_args *a = g->args;
	char name[160];
	int r;

	if (a->ca_key) {
		r = load_ca(g);
	} else {
		snprintf(name, sizeof(name), "%s CA", a->name);
		r = make(a->ca_kind ? a->ca_kind : a->kind, IMA_KEYPAIR_CA, NULL, name, a->days > CA_DAYS ? a->days : CA_DAYS, &g->ca);
	}
	return r == EXIT_GOOD ? make(a->kind, IMA_KEYPAIR_SIGNING, g->ca, a->name, a->days, &g->signing) : r;
}

static int write_file(struct generate_run *g, const char *name, mode_t mode, int error, const struct ima_buffer *b)
{
	ima_cleanup(ima_closep) int fd = error < 0 ? -EBADF : openat(g->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (error < 0)
		return imactl_fail(EXIT_UNABLE, "%s/%s: %s", g->args->folder, name, strerror(-error));
	if (fd < 0)
		return imactl_fail(EXIT_UNABLE, "%s/%s: %s", g->args->folder, name, strerror(errno));
	g->made[g->n_made++] = strdup(name);
	if (!g->made[g->n_made - 1]) {
		unlinkat(g->folder, name, 0);
		return imactl_fail(EXIT_UNABLE, "out of memory");
	}
	errno = 0;
	if (write(fd, b->data, b->len) != (ssize_t)b->len || fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return imactl_fail(EXIT_UNABLE, "%s/%s: %s", g->args->folder, name, strerror(errno ? errno : ENOSPC));
	return EXIT_GOOD;
}

static int write_pair(struct generate_run *g, const struct ima_keypair *k, const char *suffix)
{
	struct ima_buffer b = { 0 };
	char name[32];
	int r;

	snprintf(name, sizeof(name), "privkey_%s.key", suffix);
	r = write_file(g, name, 0600, ima_keypair_private(k, password_of(g), &b), &b);
	if (b.data)
		explicit_bzero(b.data, b.cap);
	b.len = 0;
	snprintf(name, sizeof(name), "x509_%s.der", suffix);
	if (r == EXIT_GOOD)
		r = write_file(g, name, 0644, ima_keypair_cert(k, false, &b), &b);
	b.len = 0;
	snprintf(name, sizeof(name), "x509_%s.pem", suffix);
	if (r == EXIT_GOOD)
		r = write_file(g, name, 0644, ima_keypair_cert(k, true, &b), &b);
	ima_buffer_done(&b);
	return r;
}

static int write_files(struct generate_run *g)
{
	int r = write_pair(g, g->signing, g->args->for_evm ? "evm" : "ima");

	if (r == EXIT_GOOD && !g->args->ca_key)
		r = write_pair(g, g->ca, "ca");
	for (size_t i = 0; i < g->n_made; i++) {
		if (r == EXIT_GOOD)
			printf("%s/%s\n", g->args->folder, g->made[i]);
		else
			unlinkat(g->folder, g->made[i], 0);
		free(g->made[i]);
	}
	return r;
}

static int open_folder(struct generate_run *g)
{
	const char *path = g->args->folder;

	g->folder_is_new = mkdir(path, 0755) == 0;
	if (!g->folder_is_new && errno != EEXIST)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	g->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return g->folder < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno)) : EXIT_GOOD;
}

int cmd_keys_generate(int argc, char **argv)
{
	struct generate_args a = { .kind = "rsa3072", .name = "IMA signing key", .days = 3650 };
	struct generate_run g = { .args = &a, .folder = -EBADF };
	int r = parse_args(argc, argv, &a);

	if (r == EXIT_GOOD)
		r = imactl_key_lock_memory();
	if (r == EXIT_GOOD)
		r = read_password(&g);
	if (r == EXIT_GOOD)
		r = open_folder(&g);
	if (r == EXIT_GOOD)
		r = make_keys(&g);
	if (r == EXIT_GOOD)
		r = write_files(&g);
	if (r && g.folder_is_new)
		rmdir(a.folder);
	ima_keypair_free(g.ca);
	ima_keypair_free(g.signing);
	imactl_secret_done(&g.password);
	ima_close(g.folder);
	return r;
}
