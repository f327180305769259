/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates: who may write them is checked before what is in them. */
#include "imad/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/file.h"
#include "core/evm/blob.h"
#include "core/pcr/sealed.h"
#include "core/sig/kernel_keyring.h"
#include "core/sig/key.h"
#include "imad/sealed_key.h"

#define MAX_CERT (64U << 10)
#define MAX_BLOB IMA_SEALED_MAX_TEXT
#define MAX_MASTER 1024
#define MAX_REVOKED (16U << 20)
#define REVOKED_DIR "/etc/keys/ima_blacklist"
#define REVOKED_HASHES "/etc/keys/ima_blacklist.hashes"

struct loading {
	const struct imad_config *c;
	void (*say)(void *user, int level, const char *text);
	void *user;
	const struct ima_keyring *cas; /* NULL: every certificate may enter */
};

static void say(struct loading *l, int level, const char *path, const char *why)
{
	char text[700];

	snprintf(text, sizeof(text), "%.400s: %.250s", path, why);
	l->say(l->user, level, text);
}

/* whoever else can write it could sign anything */
static const char *who_may_write(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "not owned by root: not used";
	if (st->st_mode & 022)
		return "others than its owner may write it: not used";
	return NULL;
}

static int read_file(struct loading *l, const char *path, mode_t forbidden, size_t max, uint8_t **ret,
		     size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *why;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
		say(l, LOG_ERR, path, strerror(errno));
		return r;
	}
	why = S_ISREG(st.st_mode) ? who_may_write(&st) : "not a regular file: not used";
	if (!why && (st.st_mode & forbidden))
		why = "others than its owner may read it: not used";
	if (why) {
		say(l, LOG_ERR, path, why);
		return -EACCES;
	}
	r = ima_file_read_fd(fd, max, ret, ret_len);
	if (r < 0)
		say(l, LOG_ERR, path, strerror(-r));
	return r;
}

static const char *trust_text(enum ima_key_trust t)
{
	switch (t) {
	case IMA_KEY_UNSIGNED:
		return "no trusted certificate signed it: not used";
	case IMA_KEY_NO_CA:
		return "signed by a certificate that may not sign others: not used";
	case IMA_KEY_WRONG_USE:
		return "its key usage does not name digitalSignature: not used";
	default:
		return "cannot be checked against the trusted certificates: not used";
	}
}

static bool may_enter(struct loading *l, const char *path, const struct ima_key *key)
{
	enum ima_key_trust t;

	/* its kernel cannot read the certificate: the key is unknown, not wrong */
	if (!ima_key_is_of_use(key, ima_profile_number(l->c->profile))) {
		say(l, LOG_ERR, path, "an SM2 key, which kernels of this behaviour have lost: not used");
		return false;
	}
	if (!l->cas)
		return true;
	t = ima_key_judge(key, l->cas, l->c->profile != IMA_PROFILE_6_1);
	if (t != IMA_KEY_TRUSTED)
		say(l, LOG_ERR, path, trust_text(t));
	return t == IMA_KEY_TRUSTED;
}

static void say_taken(struct loading *l, const char *path, const struct ima_key *key)
{
	char text[400];
	uint32_t id = 0;

	if (ima_key_id(key, &id) < 0)
		snprintf(text, sizeof(text), "key without identifier, %s, %.250s", ima_key_algorithm(key),
			 ima_key_name(key));
	else
		snprintf(text, sizeof(text), "key %08x, %s, %.250s", id, ima_key_algorithm(key),
			 ima_key_name(key));
	say(l, LOG_INFO, path, text);
	if (ima_key_is_expired(key))
		say(l, LOG_WARNING, path, "the certificate has expired; its signatures count, as they do for the kernel");
}

/* the key of one certificate; NULL: said why not */
static struct ima_key *load_key(struct loading *l, const char *path)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_diag why = { 0 };
	struct ima_key *key = NULL;
	size_t len = 0;

	if (read_file(l, path, 0, MAX_CERT, &bytes, &len) < 0)
		return NULL;
	if (ima_key_parse((struct ima_bytes){ bytes, len }, &key, &why) < 0) {
		say(l, LOG_ERR, path, why.text[0] ? why.text : "out of memory");
		return NULL;
	}
	return key;
}

static int add_one(struct loading *l, const char *path, struct ima_keyring *ring)
{
	struct ima_key *key = load_key(l, path);
	int r;

	if (!key || !may_enter(l, path, key)) {
		ima_key_free(key);
		return 0;
	}
	r = ima_keyring_add(ring, key);
	if (r == 0)
		say_taken(l, path, key);
	else
		ima_key_free(key);
	return r == -EEXIST ? 0 : r;
}

/* whoever signed it: what is revoked need not be trusted */
static int revoke_one(struct loading *l, const char *path, struct ima_keyring *ring)
{
	struct ima_key *key = load_key(l, path);
	uint32_t id;
	int r = key ? ima_key_id(key, &id) : -ENOENT;

	if (r == 0) {
		r = ima_keyring_revoke(ring, id);
		say(l, LOG_INFO, path, "revoked: what it signed is refused");
	}
	ima_key_free(key);
	return r == -ENOENT ? 0 : r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_dir(const char *path, char ***ret, size_t *ret_n)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int r = 0;

	if (!d)
		return -errno;
	while (r == 0 && (e = readdir(d))) {
		char **more, *name;

		if (!ima_file_is_certificate_name(e->d_name))
			continue;
		more = reallocarray(*ret, *ret_n + 1, sizeof(*more));
		if (more)
			*ret = more;
		if (!more || asprintf(&name, "%s/%s", path, e->d_name) < 0)
			r = -ENOMEM;
		else
			(*ret)[(*ret_n)++] = name;
	}
	closedir(d);
	return r;
}

typedef int (*take_fn)(struct loading *l, const char *path, struct ima_keyring *ring);

/* a certificate, or every one in a folder, in the order of their names */
static int take_place(struct loading *l, const char *path, struct ima_keyring *ring, take_fn take)
{
	struct stat st;
	char **names = NULL;
	size_t n = 0;
	int r;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return take(l, path, ring);
	if (who_may_write(&st)) {
		say(l, LOG_ERR, path, who_may_write(&st));
		return 0;
	}
	r = list_dir(path, &names, &n);
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n && r == 0; i++)
		r = take(l, names[i], ring);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return r;
}

static int revoke_all(struct loading *l, struct ima_keyring *ring, struct ima_diag *diag)
{
	const char *named = l->c->revoked_keys;
	const int r = take_place(l, named ? named : REVOKED_DIR, ring, revoke_one);

	if (r < 0 && named)
		return ima_diag_text(diag, r, "%s: %s", named, strerror(-r));
	return r == -ENOENT ? 0 : r;
}

/* @named: by a setting; else the places of the kernel, which need not be there */
static int fill(struct loading *l, const char *named, const char *const places[],
		struct ima_keyring **ret, struct ima_diag *diag)
{
	int r = ima_keyring_new(ret);

	if (r == 0 && named) {
		r = take_place(l, named, *ret, add_one);
		if (r < 0)
			r = ima_diag_text(diag, r, "%s: %s", named, strerror(-r));
	}
	for (size_t i = 0; r == 0 && !named && places[i]; i++) {
		r = take_place(l, places[i], *ret, add_one);
		if (r == -ENOENT)
			r = 0;
	}
	return r == 0 ? revoke_all(l, *ret, diag) : r;
}

static int count_key(void *user, const struct ima_kernel_key *key)
{
	size_t *n = user;

	*n += !strcmp(key->type, "asymmetric");
	return 0;
}

static void say_ring(struct loading *l, const char *name, int32_t serial)
{
	char text[100];
	size_t n = 0;

	if (ima_kernel_keyring_each(serial, count_key, &n) < 0)
		snprintf(text, sizeof(text), "kernel keyring %d: its keys cannot be listed", serial);
	else
		snprintf(text, sizeof(text), "kernel keyring %d verifies too; keys now: %zu", serial, n);
	say(l, LOG_INFO, name, text);
}

/*
 * Keyrings of the kernel's IMA, where it has them. Into those with a dot the kernel lets only what a key of its own signed; the others take
 * anything, so that they do not go with trusted_keys.
 */
static int add_kernel_rings(struct loading *l, const char *const names[], struct ima_keyring *ring)
{
	int32_t serial;
	int r = 0;

	for (size_t i = 0; r == 0 && l->c->kernel_keyrings && names[i]; i++) {
		const int found = ima_kernel_keyring_find(names[i], &serial);

		if (found == -EPERM)
			say(l, LOG_WARNING, names[i], "a kernel keyring of this name belongs to another user: not used");
		if (found < 0)
			continue;
		if (names[i][0] != '.' && l->cas) {
			say(l, LOG_WARNING, names[i], "takes keys that no trusted certificate signed: not used");
			continue;
		}
		r = ima_keyring_add_kernel(ring, serial);
		if (r == 0)
			say_ring(l, names[i], serial);
	}
	return r;
}

static int evm_key_error(struct ima_diag *diag, const char *path, int error)
{
	switch (error) {
	case -EINVAL:
	case -E2BIG:
		return ima_diag_text(diag, -EINVAL, "%s: an EVM key has 1 to %d bytes", path, IMA_EVM_KEY_LEN);
	case -EBADMSG:
		return ima_diag_text(diag, -EINVAL, "%s: not an encrypted key as keyctl pipe prints it", path);
	case -EKEYREJECTED:
		return ima_diag_text(diag, -EINVAL, "%s: not encrypted with that master key, or changed since", path);
	case -EOPNOTSUPP:
		return ima_diag_text(diag, -EINVAL, "%s: its master key is a trusted one; only user keys can be read", path);
	default:
		return ima_diag_text(diag, error, "%s: %s", path, strerror(-error));
	}
}

/* a key that the kernel keeps encrypted; @key is its text and becomes the key */
static int open_blob(struct loading *l, uint8_t **key, size_t *len)
{
	ima_cleanup(ima_freep) uint8_t *master = NULL;
	uint8_t *plain;
	size_t master_len = 0;
	int r;

	if (!l->c->evm_master_key)
		return -ENOKEY;
	r = read_file(l, l->c->evm_master_key, 077, MAX_MASTER, &master, &master_len);
	if (r < 0)
		return r;
	plain = malloc(IMA_EVM_KEY_LEN);
	if (!plain)
		return -ENOMEM;
	r = ima_evm_open_blob((struct ima_bytes){ *key, *len },
			      (struct ima_bytes){ master, master_len }, plain, IMA_EVM_KEY_LEN, len);
	explicit_bzero(master, master_len);
	free(*key);
	*key = plain;
	return r;
}

/* a key that the TPM keeps; @key is its text and becomes the key */
static int open_sealed(struct loading *l, const char *path, uint8_t **key, size_t *len, struct ima_diag *diag)
{
	struct ima_diag why = { 0 };
	uint8_t *plain;
	const int r = imad_sealed_key_open(l->c, (struct ima_bytes){ *key, *len }, &plain, len, &why);

	if (r < 0)
		return ima_diag_text(diag, r, "%s: %s", path, why.text[0] ? why.text : strerror(-r));
	free(*key);
	*key = plain;
	return 0;
}

static int load_evm_key(struct loading *l, struct ima_evm *evm, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *key = NULL;
	const char *path = l->c->evm_key;
	size_t len = 0;
	int r;

	if (!path)
		return 0;
	r = read_file(l, path, 077, MAX_BLOB, &key, &len);
	if (r == 0 && ima_sealed_is((struct ima_bytes){ key, len })) {
		r = open_sealed(l, path, &key, &len, diag);
		if (r < 0)
			return r;
	} else if (r == 0 && ima_evm_is_blob((struct ima_bytes){ key, len })) {
		r = open_blob(l, &key, &len);
	}
	if (r == 0)
		r = ima_evm_set_key(evm, (struct ima_bytes){ key, len });
	if (r == 0)
		explicit_bzero(key, len);
	return r < 0 ? evm_key_error(diag, path, r) : 0;
}

/* a list that is there and cannot be used would let through what it names: that is an error, other than a certificate left out */
static int load_hashes(struct loading *l, struct ima_revoked *set, struct ima_diag *diag)
{
	const char *path = l->c->revoked_hashes ? l->c->revoked_hashes : REVOKED_HASHES;
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	size_t len = 0;
	struct stat st;
	int r;

	if (!l->c->revoked_hashes && stat(path, &st) < 0 && errno == ENOENT)
		return 0;
	r = read_file(l, path, 0, MAX_REVOKED, &text, &len);
	if (r < 0)
		return ima_diag_text(diag, r, "%s: %s", path, strerror(-r));
	r = ima_revoked_load(set, (struct ima_bytes){ text, len }, diag);
	if (r == -EINVAL) {
		char why[sizeof(diag->text)];

		memcpy(why, diag->text, sizeof(why));
		return ima_diag_text(diag, r, "%.80s:%u: %.90s", path, diag->line, why);
	}
	return r;
}

static int take_kernel_hash(void *user, const struct ima_kernel_key *key)
{
	const int r = ima_revoked_add(user, key->description);

	return r == -EINVAL ? 0 : r; /* tbs: a certificate */
}

static int load_revoked(struct loading *l, struct ima_revoked **ret, struct ima_diag *diag)
{
	char text[100];
	int32_t ring;
	int r = ima_revoked_new(ret);

	if (r == 0)
		r = load_hashes(l, *ret, diag);
	if (r == 0 && l->c->kernel_keyrings && ima_kernel_keyring_find(".blacklist", &ring) == 0)
		r = ima_kernel_keyring_each(ring, take_kernel_hash, *ret);
	if (r == -EACCES && !diag->text[0]) {
		say(l, LOG_WARNING, ".blacklist", "the kernel's revoked hashes cannot be read");
		r = 0;
	}
	if (r == 0 && ima_revoked_size(*ret)) {
		snprintf(text, sizeof(text), "%zu contents are revoked", ima_revoked_size(*ret));
		l->say(l->user, LOG_INFO, text);
	}
	return r;
}

static int load_trusted(struct loading *l, struct ima_keyring **ret, struct ima_diag *diag)
{
	static const char *const none[] = { NULL };
	const char *named = l->c->trusted_keys;
	int32_t serial;
	int r;

	if (strncmp(named, IMAD_KEYRING, strlen(IMAD_KEYRING)))
		return fill(l, named, none, ret, diag);
	r = ima_kernel_keyring_find(named + strlen(IMAD_KEYRING), &serial);
	if (r < 0)
		return ima_diag_text(diag, r, "trusted_keys = %.100s: %s", named,
				     r == -ENOKEY ? "the kernel has no such keyring" : strerror(-r));
	r = ima_keyring_new(ret);
	return r < 0 ? r : ima_keyring_add_kernel(*ret, serial);
}

int imad_keys_load(const struct imad_config *c, void (*fn)(void *user, int level, const char *text),
		   void *user, struct imad_keys *ret, struct ima_diag *diag)
{
	static const char *const ima_places[] = { "/etc/keys/x509_ima.der", "/etc/keys/ima", NULL };
	static const char *const evm_places[] = { "/etc/keys/x509_evm.der", "/etc/keys/evm", NULL };
	static const char *const platform_places[] = { "/etc/keys/platform", NULL };
	static const char *const ima_rings[] = { ".ima", "_ima", NULL };
	static const char *const evm_rings[] = { ".evm", "_evm", NULL };
	static const char *const platform_rings[] = { ".platform", NULL };
	struct loading l = { .c = c, .say = fn, .user = user };
	struct ima_keyring *cas = NULL;
	struct imad_keys k = { 0 };
	int r = 0;

	if (c->trusted_keys) {
		r = load_trusted(&l, &cas, diag);
		l.cas = cas;
	}
	if (r == 0)
		r = fill(&l, c->keys, ima_places, &k.ima, diag);
	if (r == 0)
		r = add_kernel_rings(&l, ima_rings, k.ima);
	if (r == 0)
		r = ima_evm_new(ima_profile_number(c->profile), &k.evm);
	if (r == 0)
		r = fill(&l, c->evm_keys, evm_places, &k.evm->keys, diag);
	if (r == 0)
		r = add_kernel_rings(&l, evm_rings, k.evm->keys);
	if (r == 0 && ima_keyring_n_keys(k.evm->keys))
		k.evm->mode |= IMA_EVM_INIT_X509;
	if (r == 0)
		r = load_evm_key(&l, k.evm, diag);
	l.cas = NULL;
	if (r == 0)
		r = fill(&l, NULL, platform_places, &k.platform, diag);
	if (r == 0)
		r = add_kernel_rings(&l, platform_rings, k.platform);
	if (r == 0)
		r = load_revoked(&l, &k.revoked, diag);
	ima_keyring_free(cas);
	if (r < 0) {
		imad_keys_done(&k);
		return r;
	}
	k.evm->fix = c->evm_fix;
	*ret = k;
	return 0;
}

void imad_keys_done(struct imad_keys *k)
{
	ima_keyring_free(k->ima);
	ima_keyring_free(k->platform);
	ima_evm_free(k->evm);
	ima_revoked_free(k->revoked);
	*k = (struct imad_keys){ 0 };
}
