/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl keys list, id, import: keys in files and in the kernel, by the id that signatures name. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <ima/signer.h>

#include "base/file.h"
#include "core/sig/kernel_keyring.h"
#include "core/sig/keypair.h"
#include "imactl/certs.h"
#include "imactl/key_source.h"

#define KEY_MAX (1U << 20)

struct list_run {
	bool json;
	json_t *all; /* array */
	uint64_t n_unable;
};

struct listed {
	const char *place, *algorithm, *name;
	uint32_t id;
	bool has_id, is_expired;
	int32_t serial; /* 0: in a file */
};

static int show(struct list_run *l, const struct listed *k)
{
	char id[9] = "-", serial[16] = "";

	if (k->has_id)
		snprintf(id, sizeof(id), "%08x", k->id);
	if (l->json)
		return json_array_append_new(l->all, imactl_json_named("place", k->place,
			json_pack("{s:s*, s:s, s:s, s:b, s:o*}", "id", k->has_id ? id : NULL, "algorithm", k->algorithm, "name", k->name, "expired",
				  (int)k->is_expired, "serial", k->serial ? json_integer(k->serial) : NULL))) < 0 ? -ENOMEM : 0;
	if (k->serial)
		snprintf(serial, sizeof(serial), " %d", k->serial);
	printf("%-8s %-20s %s  (", id, k->algorithm[0] ? k->algorithm : "-", k->name);
	imactl_print_path(stdout, k->place);
	printf("%s)%s\n", serial, k->is_expired ? " expired" : "");
	return 0;
}

static void cannot(struct list_run *l, const char *place, const char *why)
{
	imactl_fail(EXIT_UNABLE, "%s: %s", place, why);
	l->n_unable++;
}

static bool has(struct ima_bytes text, const char *mark)
{
	return memmem(text.data, text.len, mark, strlen(mark));
}

static int list_cert(struct list_run *l, const char *path, struct ima_bytes cert)
{
	struct listed k = { .place = path };
	struct ima_diag diag = { 0 };
	struct ima_key *key = NULL;
	int r = ima_key_parse(cert, &key, &diag);

	if (r < 0) {
		cannot(l, path, diag.text[0] ? diag.text : strerror(-r));
		return 0;
	}
	k.has_id = ima_key_id(key, &k.id) == 0;
	k.algorithm = ima_key_algorithm(key);
	k.name = ima_key_name(key);
	k.is_expired = ima_key_is_expired(key);
	r = show(l, &k);
	ima_key_free(key);
	return r;
}

/* @named: a private key is passed over where a folder is listed */
static int list_file(struct list_run *l, const char *path, bool named)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct imactl_certs certs = { 0 };
	struct ima_bytes cert;
	size_t len = 0;
	int r = imactl_read_file(path, KEY_MAX, &bytes, &len);

	if (r < 0) {
		cannot(l, path, strerror(-r));
		return 0;
	}
	certs.rest = (struct ima_bytes){ bytes, len };
	if (!named && has(certs.rest, "PRIVATE KEY-----"))
		return 0;
	while (r == 0 && imactl_certs_next(&certs, &cert))
		r = list_cert(l, path, cert);
	return r;
}

static int is_certificate(const struct dirent *e)
{
	return ima_file_is_certificate_name(e->d_name);
}

static int list_folder(struct list_run *l, const char *path)
{
	struct dirent **entries;
	const int n = scandir(path, &entries, is_certificate, alphasort);
	int r = 0;

	if (n < 0) {
		cannot(l, path, strerror(errno));
		return 0;
	}
	for (int i = 0; i < n; i++) {
		ima_cleanup(ima_freep) char *name = NULL;

		if (r == 0)
			r = asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0 ? -ENOMEM : list_file(l, name, false);
		free(entries[i]);
	}
	free(entries);
	return r;
}

struct ring_run {
	struct list_run *l;
	const char *name;
};

static int list_kernel_key(void *user, const struct ima_kernel_key *key)
{
	const struct ring_run *ring = user;
	const struct listed k = { .place = ring->name, .algorithm = key->algorithm, .name = key->description, .id = key->keyid,
				  .has_id = key->has_keyid, .serial = key->serial };

	return strcmp(key->type, "asymmetric") ? 0 : show(ring->l, &k);
}

static int list_keyring(struct list_run *l, const char *name, bool must_be)
{
	struct ring_run ring = { l, name };
	int32_t serial;
	int r = ima_kernel_keyring_find(name, &serial);

	if (r == 0)
		r = ima_kernel_keyring_each(serial, list_kernel_key, &ring);
	if (r < 0 && r != -ENOMEM && must_be)
		cannot(l, name, r == -ENOKEY || r == -EINVAL ? "neither a file nor a keyring" : strerror(-r));
	return r == -ENOMEM ? r : 0;
}

static int list_place(struct list_run *l, const char *place)
{
	struct stat st;

	if (stat(place, &st) < 0)
		return list_keyring(l, place, true);
	return S_ISDIR(st.st_mode) ? list_folder(l, place) : list_file(l, place, true);
}

/* where the kernel and imad look */
static int list_defaults(struct list_run *l)
{
	static const char *const folders[] = { "/etc/keys", "/etc/keys/ima", "/etc/keys/evm" };
	static const char *const rings[] = { ".ima", ".evm", "_ima", "_evm", ".ima_blacklist", ".builtin_trusted_keys",
					     ".secondary_trusted_keys", ".machine", ".platform" };
	struct stat st;
	int r = 0;

	for (size_t i = 0; i < IMA_N_ELEMENTS(folders) && r == 0; i++)
		if (stat(folders[i], &st) == 0)
			r = list_folder(l, folders[i]);
	for (size_t i = 0; i < IMA_N_ELEMENTS(rings) && r == 0; i++)
		r = list_keyring(l, rings[i], false);
	return r;
}

int cmd_keys_list(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	struct list_run l = { 0 };
	int opt, r;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'j')
			return imactl_usage("keys list");
		l.json = true;
	}
	l.all = l.json ? json_array() : NULL;
	r = optind == argc ? list_defaults(&l) : 0;
	for (int i = optind; i < argc && r == 0; i++)
		r = list_place(&l, argv[i]);
	if (r < 0) {
		json_decref(l.all);
		return imactl_fail(EXIT_UNABLE, "%s", strerror(-r));
	}
	r = l.n_unable ? EXIT_UNABLE : EXIT_GOOD;
	return l.json ? imactl_print_json(l.all, r, true) : r;
}

/* a certificate, a public key, a private key */
static int id_of(const char *path, const struct imactl_key_opts *opts, uint32_t *ret)
{
	struct imactl_key_opts with_key = *opts;
	struct imactl_secret bytes = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_signer *s = NULL;
	struct ima_key *key = NULL;
	struct ima_bytes view;
	bool is_private;
	int r = imactl_secret_read(path, &bytes);

	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(-r));
	view = (struct ima_bytes){ bytes.data, bytes.len };
	is_private = has(view, "PRIVATE KEY-----");
	r = is_private ? -EBADMSG : ima_key_parse(view, &key, &diag);
	if (r == 0 && ima_key_id(key, ret) < 0)
		r = imactl_fail(EXIT_UNABLE, "%s: the certificate has no subject key identifier, which is what signatures name", path);
	else if (r < 0 && !is_private && ima_public_key_id(view, ret) == 0)
		r = EXIT_GOOD;
	else if (r == -ENOPKG)
		r = imactl_fail_diag(EXIT_UNABLE, path, &diag, r);
	ima_key_free(key);
	imactl_secret_done(&bytes);
	if (r >= 0)
		return r;
	with_key.key = path;
	r = imactl_key_open(&with_key, &s);
	if (r == EXIT_GOOD)
		*ret = ima_signer_keyid(s);
	ima_signer_free(s);
	return r;
}

int cmd_keys_id(int argc, char **argv)
{
	static const struct option options[] = { { "pass-file", required_argument, NULL, 'p' }, { "pass-fd", required_argument, NULL, 'P' },
						 { 0 } };
	struct imactl_key_opts opts = { 0 };
	uint32_t id;
	int opt, r = EXIT_GOOD, e;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p')
			opts.pass_file = optarg;
		else if (opt == 'P')
			opts.pass_fd = optarg;
		else
			return imactl_usage("keys id");
	}
	if (optind == argc)
		return imactl_misuse("keys id", "no file is named");
	for (int i = optind; i < argc; i++) {
		e = id_of(argv[i], &opts, &id);
		if (e != EXIT_GOOD) {
			r = e;
			continue;
		}
		printf("%08x ", id);
		imactl_print_path(stdout, argv[i]);
		putchar('\n');
	}
	return r;
}

static const char *refusal(int error)
{
	switch (error) {
	case -EBADMSG:
	case -ENOPKG:
		return "the kernel cannot read such a certificate";
	case -ENODEV:
		return "this kernel has no asymmetric keys";
	case -ENOKEY:
		return "the keyring is restricted, and no key that it trusts signed the certificate";
	case -EPERM:
	case -EACCES:
		return "the keyring is restricted, or not the caller's to write";
	case -ENOSYS:
		return "this kernel has no keyrings";
	default:
		return strerror(-error);
	}
}

int cmd_keys_import(int argc, char **argv)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_buffer der = { 0 };
	int32_t ring, serial;
	size_t len = 0;
	int r;

	if (getopt_long(argc, argv, "", (const struct option[]){ { 0 } }, NULL) != -1)
		return imactl_usage("keys import");
	if (argc - optind != 2)
		return imactl_misuse("keys import", "a certificate, and a keyring");
	r = imactl_read_file(argv[optind], KEY_MAX, &bytes, &len);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", argv[optind], strerror(-r));
	if (ima_cert_der((struct ima_bytes){ bytes, len }, &der) < 0)
		return imactl_fail(EXIT_UNABLE, "%s: not an X.509 certificate in DER or PEM", argv[optind]);
	r = ima_kernel_keyring_find(argv[optind + 1], &ring);
	if (r < 0) {
		ima_buffer_done(&der);
		return imactl_fail(EXIT_UNABLE, "%s: %s", argv[optind + 1], r == -ENOKEY ? "there is no such keyring" : strerror(-r));
	}
	r = ima_kernel_key_add(ring, "asymmetric", NULL, ima_buffer_bytes(&der), &serial);
	ima_buffer_done(&der);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", argv[optind + 1], refusal(r));
	printf("%d\n", serial);
	return EXIT_GOOD;
}
