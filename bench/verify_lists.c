/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What verification costs, in one process and with everything in memory, as the figures of others are taken: lists against reference values, with
 * excludes, with signatures each seen once and as a fleet repeats them, and many small evidences of one image.
 *
 * usage: verify_lists files N | excludes N | rsa N | ecc N | repeats rsa|ecc N HOSTS | fleet HOSTS N       [--threads N] [--rounds N]
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <ima/attest.h>
#include <ima/signer.h>

#include "attest/maker.h"
#include "core/attest/evidence.h"

static unsigned int arg_threads, arg_rounds = 3;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned int n_threads(void)
{
	return arg_threads ? arg_threads : (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
}

struct bench {
	struct maker m;
	struct ima_reference_builder *builder;
	struct ima_reference *known;
	struct ima_keyring *keys;
	struct ima_signer *signer;
	struct ima_paths *excludes;
	struct ima_ak *ak;
};

static void know(struct bench *b, const char *path, const uint8_t digest[32])
{
	struct ima_reference_value v = { .path = { (const uint8_t *)path, strlen(path) }, .package = "package", .version = "1",
					 .digest = { .algo = IMA_HASH_SHA256, .len = 32 } };

	memcpy(v.digest.data, digest, 32);
	must(ima_reference_add(b->builder, &v) == 0, "reference");
}

static void begin(struct bench *b)
{
	*b = (struct bench){ 0 };
	maker_init(&b->m, false);
	maker_boot(&b->m);
	must(ima_reference_builder_new(&b->builder) == 0 && ima_ak_parse(ima_buffer_bytes(&b->m.pub), &b->ak, NULL) == 0, "begin");
}

/* paths of 55 characters, as on a real /usr */
static void path_of(size_t i, char ret[96])
{
	snprintf(ret, 96, "/usr/lib/x86_64-linux-gnu/package-%07zu/file-%08zu.so", i / 40, i);
}

static void add_files(struct bench *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char path[96], text[24];
		uint8_t digest[32];

		path_of(i, path);
		snprintf(text, sizeof(text), "%zu", i);
		maker_file(&b->m, path, text);
		SHA256((uint8_t *)text, strlen(text), digest);
		know(b, path, digest);
	}
}

static void finish(struct bench *b)
{
	must(ima_reference_finish(b->builder, &b->known) == 0, "reference");
	ima_reference_builder_free(b->builder);
	b->builder = NULL;
}

static struct ima_verifier *verifier_of(const struct bench *b, bool with_reference, size_t cache, unsigned int threads)
{
	static struct ima_attest_rules rules;
	struct ima_verifier_opts opts = { .rules = &rules, .reference = with_reference ? b->known : NULL, .keys = b->keys,
					  .aks = (const struct ima_ak *const *)&b->ak, .n_aks = 1, .cache_bytes = cache, .n_threads = threads };
	struct ima_verifier *v;

	rules = (struct ima_attest_rules){ .excludes = b->excludes };
	must(ima_verifier_new(&opts, &v) == 0, "verifier");
	return v;
}

static void verify_once(struct bench *b, struct ima_verifier *v, size_t entries)
{
	const struct ima_evidence e = {
		.attest = ima_buffer_bytes(&b->m.attest), .signature = ima_buffer_bytes(&b->m.signature), .pcrs = ima_buffer_bytes(&b->m.pcrs),
		.ak = ima_buffer_bytes(&b->m.pub), .list = ima_buffer_bytes(&b->m.list), .event_log = ima_buffer_bytes(&b->m.log),
		.list_opts = { .format = IMA_LIST_BINARY },
	};
	const struct ima_attest_question q = { .nonce = { b->m.nonce, b->m.nonce_len } };
	struct ima_attestation a;

	must(ima_verifier_check(v, &e, &q, &a, NULL) == 0, "check");
	if (a.verdict != IMA_ATTEST_TRUSTED || a.n_entries != entries)
		for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
			fprintf(stderr, "%s %s %s\n", ima_check_name((enum ima_check)i), ima_check_status_name(a.checks[i].status), a.checks[i].text);
	must(a.verdict == IMA_ATTEST_TRUSTED && a.n_entries == entries, "not trusted");
	ima_attestation_done(&a);
}

static int compare(const void *a, const void *b)
{
	return *(const double *)a < *(const double *)b ? -1 : 1;
}

/* medians of the rounds; processor time beside wall time tells what a busy machine took away */
static void report(const char *what, size_t n, const char *unit, double *wall, double *cpu)
{
	double w, c;

	qsort(wall, arg_rounds, sizeof(*wall), compare);
	qsort(cpu, arg_rounds, sizeof(*cpu), compare);
	w = wall[arg_rounds / 2];
	c = cpu[arg_rounds / 2];
	printf("%-34s %9zu %-10s %2u threads  wall %8.3f s %10.0f %s/s   cpu %8.3f s %10.0f %s/cpu-s\n", what, n, unit, n_threads(), w,
	       (double)n / w, unit, c, (double)n / c, unit);
	fflush(stdout);
}

static void run_list(struct bench *b, const char *what, bool with_reference)
{
	const size_t n = b->m.n;
	double wall[16], cpu[16];

	for (unsigned int i = 0; i < arg_rounds; i++) {
		struct ima_verifier *v = verifier_of(b, with_reference, 0, n_threads());

		wall[i] = seconds(CLOCK_MONOTONIC);
		cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID);
		verify_once(b, v, n);
		wall[i] = seconds(CLOCK_MONOTONIC) - wall[i];
		cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu[i];
		ima_verifier_free(v);
	}
	report(what, n, "entries", wall, cpu);
}

static void bench_files(size_t n)
{
	struct bench b;

	begin(&b);
	add_files(&b, n);
	maker_quote(&b.m);
	finish(&b);
	run_list(&b, "ima-ng against reference", true);
}

/* 100 paths and 100 globs; a twentieth of the entries is excluded, the others have to be looked up */
static void bench_excludes(size_t n)
{
	struct bench b;

	begin(&b);
	add_files(&b, n - n / 20);
	maker_quote(&b.m);
	for (size_t i = 0; i < n / 20; i++)
		know(&b, "/elsewhere", (const uint8_t[32]){ 0 });
	finish(&b);
	run_list(&b, "no excludes", true);
	must(ima_paths_new(&b.excludes) == 0, "paths");
	for (int i = 0; i < 100; i++) {
		char pattern[64];

		snprintf(pattern, sizeof(pattern), "/var/excluded-%d", i);
		must(ima_paths_add(b.excludes, pattern, NULL) == 0, "exclude");
		snprintf(pattern, sizeof(pattern), "/srv/data-%d/*.log", i);
		must(ima_paths_add(b.excludes, pattern, NULL) == 0, "exclude");
	}
	run_list(&b, "200 excludes, none applies", true);
	for (size_t i = 0; i < n / 20; i++) {
		char path[96], text[24];

		snprintf(path, sizeof(path), i & 1 ? "/var/excluded-%zu/file-%zu" : "/srv/data-%zu/file-%zu.log", i % 100, i);
		snprintf(text, sizeof(text), "x%zu", i);
		maker_file(&b.m, path, text);
	}
	maker_quote(&b.m);
	run_list(&b, "200 excludes, 5 % of entries", true);
}

static void make_keys(struct bench *b, bool rsa)
{
	EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("prime256v1");
	unsigned char *der = NULL, *cert_der = NULL;
	X509 *x = X509_new();
	struct ima_key *k;
	int len, cert_len;

	must(key && x, "key");
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"bench", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	must(X509_sign(x, key, EVP_sha256()) > 0, "certificate");
	len = i2d_PrivateKey(key, &der);
	cert_len = i2d_X509(x, &cert_der);
	must(len > 0 && cert_len > 0, "der");
	must(ima_signer_parse((struct ima_bytes){ der, (size_t)len }, NULL, &b->signer, NULL) == 0, "signer");
	must(ima_key_parse((struct ima_bytes){ cert_der, (size_t)cert_len }, &k, NULL) == 0, "certificate");
	/* without a key identifier the issuer answers */
	ima_signer_set_keyid(b->signer, (uint32_t)cert_der[0]);
	must(ima_keyring_new(&b->keys) == 0 && ima_keyring_add(b->keys, k) == 0, "keyring");
	{
		unsigned char *name = NULL;
		const int n = i2d_X509_NAME(X509_get_issuer_name(x), &name);

		ima_signer_set_keyid(b->signer, (uint32_t)name[n - 4] << 24 | (uint32_t)name[n - 3] << 16 | (uint32_t)name[n - 2] << 8 | name[n - 1]);
		OPENSSL_free(name);
	}
	OPENSSL_free(der);
	OPENSSL_free(cert_der);
	X509_free(x);
	EVP_PKEY_free(key);
}

struct signing {
	struct bench *b;
	size_t n, from, step;
	uint8_t (*values)[IMA_SIGNER_MAX_VALUE];
	size_t *lens;
};

static void sign_digest(size_t i, struct ima_digest *d)
{
	*d = (struct ima_digest){ .algo = IMA_HASH_SHA256, .len = 32 };
	SHA256((const uint8_t *)&i, sizeof(i), d->data);
}

static void *sign_some(void *arg)
{
	struct signing *s = arg;

	for (size_t i = s->from; i < s->n; i += s->step) {
		uint8_t value[IMA_SIGNER_MAX_VALUE];
		struct ima_digest d;

		sign_digest(i, &d);
		must(ima_signer_sign(s->b->signer, IMA_XATTR_SIGNATURE, 2, &d, value, &s->lens[i]) == 0, "sign");
		memcpy(s->values[i], value, s->lens[i]);
	}
	return NULL;
}

/* one record for each signature, @hosts times with other names */
static void add_signed(struct bench *b, bool rsa, size_t n, size_t hosts)
{
	struct signing s[2];
	pthread_t t;
	uint8_t (*values)[IMA_SIGNER_MAX_VALUE] = calloc(n, sizeof(*values));
	size_t *lens = calloc(n, sizeof(*lens));

	make_keys(b, rsa);
	for (size_t i = 0; i < 2; i++)
		s[i] = (struct signing){ .b = b, .n = n, .from = i, .step = 2, .values = values, .lens = lens };
	must(values && lens && pthread_create(&t, NULL, sign_some, &s[1]) == 0, "thread");
	sign_some(&s[0]);
	pthread_join(t, NULL);
	for (size_t h = 0; h < hosts; h++)
		for (size_t i = 0; i < n; i++) {
			struct ima_digest d;
			char path[80];

			sign_digest(i, &d);
			snprintf(path, sizeof(path), "/host-%zu/usr/bin/signed-program-%zu", h, i);
			maker_signed(&b->m, path, d.data, values[i], lens[i]);
		}
	maker_quote(&b->m);
	free(values);
	free(lens);
}

static void bench_signed(bool rsa, size_t n, size_t hosts)
{
	struct bench b;

	begin(&b);
	add_signed(&b, rsa, n, hosts);
	finish(&b);
	run_list(&b, hosts > 1 ? rsa ? "ima-sig RSA-2048, repeated" : "ima-sig P-256, repeated" : rsa ? "ima-sig RSA-2048, each once" : "ima-sig P-256, each once",
		 false);
}

struct fleet {
	struct ima_verifier *v;
	struct ima_buffer *archives;
	size_t n, entries;
	atomic_size_t next;
	struct ima_bytes nonce;
};

static void *verify_fleet(void *arg)
{
	struct fleet *f = arg;
	struct ima_hasher *h;
	size_t i;

	must(ima_hasher_new(&h) == 0, "hasher");
	while ((i = atomic_fetch_add(&f->next, 1)) < f->n) {
		const struct ima_attest_question q = { .nonce = f->nonce, .h = h };
		struct ima_attestation a;
		struct ima_evidence e;

		must(ima_evidence_read(ima_buffer_bytes(&f->archives[i]), h, &e, NULL) == 0, "archive");
		must(ima_verifier_check(f->v, &e, &q, &a, NULL) == 0 && a.verdict == IMA_ATTEST_TRUSTED && a.n_entries == f->entries, "host");
		ima_attestation_done(&a);
	}
	ima_hasher_free(h);
	return NULL;
}

static void run_fleet(struct fleet *f)
{
	pthread_t threads[64];
	unsigned int n = 0;

	f->next = 0;
	while (n + 1 < n_threads() && pthread_create(&threads[n], NULL, verify_fleet, f) == 0)
		n++;
	verify_fleet(f);
	while (n)
		pthread_join(threads[--n], NULL);
}

/* every host has the image's files in an order of its own, its own quote and its own archive; a few hundred of them stand for all, in turn */
static void bench_fleet(size_t hosts, size_t n)
{
	const size_t kinds = hosts < 250 ? hosts : 250;
	struct ima_buffer *kept = calloc(kinds, sizeof(*kept)), *archives = calloc(hosts, sizeof(*archives));
	struct fleet f = { .archives = archives, .n = hosts, .entries = n };
	size_t *order = calloc(n, sizeof(*order));
	double wall[16], cpu[16];
	struct bench b;

	begin(&b);
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	srand(1);
	for (size_t k = 0; k < kinds; k++) {
		struct maker host;

		EVP_PKEY_up_ref(b.m.key);
		maker_init_key(&host, b.m.key, MAKER_AK);
		maker_boot(&host);
		for (size_t i = n - 1; i > 1; i--) {
			const size_t j = 1 + (size_t)rand() % i, tmp = order[i];

			order[i] = order[j];
			order[j] = tmp;
		}
		for (size_t i = 1; i < n; i++) {
			char path[96], text[24];
			uint8_t digest[32];

			path_of(order[i], path);
			snprintf(text, sizeof(text), "%zu", order[i]);
			maker_file(&host, path, text);
			SHA256((uint8_t *)text, strlen(text), digest);
			if (!k)
				know(&b, path, digest);
		}
		maker_quote(&host);
		maker_archive(&host, 0, &kept[k]);
		maker_done(&host);
	}
	finish(&b);
	for (size_t i = 0; i < hosts; i++)
		archives[i] = kept[i % kinds];
	f.nonce = (struct ima_bytes){ b.m.nonce, b.m.nonce_len };
	for (unsigned int i = 0; i < arg_rounds; i++) {
		f.v = verifier_of(&b, true, 256U << 20, 1);
		wall[i] = seconds(CLOCK_MONOTONIC);
		cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID);
		run_fleet(&f);
		wall[i] = seconds(CLOCK_MONOTONIC) - wall[i];
		cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu[i];
		ima_verifier_free(f.v);
	}
	report("fleet of one image", hosts, "evidences", wall, cpu);
	free(order);
}

static size_t number(int argc, char **argv, int i)
{
	const size_t n = i < argc ? strtoul(argv[i], NULL, 10) : 0;

	must(n, "usage: verify_lists files N | excludes N | rsa N | ecc N | repeats rsa|ecc N HOSTS | fleet HOSTS N [--threads N] [--rounds N]");
	return n;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	while (argc > 3 && !strncmp(argv[argc - 2], "--", 2)) {
		if (!strcmp(argv[argc - 2], "--threads"))
			arg_threads = (unsigned int)number(argc, argv, argc - 1);
		else
			arg_rounds = (unsigned int)number(argc, argv, argc - 1);
		argc -= 2;
	}
	must(arg_rounds <= 16 && arg_threads <= 64, "too many rounds or threads");
	if (!strcmp(what, "files"))
		bench_files(number(argc, argv, 2));
	else if (!strcmp(what, "excludes"))
		bench_excludes(number(argc, argv, 2));
	else if (!strcmp(what, "rsa") || !strcmp(what, "ecc"))
		bench_signed(*what == 'r', number(argc, argv, 2), 1);
	else if (!strcmp(what, "repeats") && argc > 4)
		bench_signed(*argv[2] == 'r', number(argc, argv, 3), number(argc, argv, 4));
	else if (!strcmp(what, "fleet"))
		bench_fleet(number(argc, argv, 2), number(argc, argv, 3));
	else
		number(0, NULL, 0);
	return 0;
}
