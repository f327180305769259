/* SPDX-License-Identifier: BSD-2-Clause */
/* The private key is read once, before the first file; certificates are numbered as they are read. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "imactl/key_source.h"

#define CERT_MAX (64U << 10)

/* the subject key identifier of @path, of whatever key */
static int keyid_of_cert(const char *path, uint32_t *ret, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_key *key = NULL;
	size_t len = 0;
	int r = imactl_read_file(path, CERT_MAX, &bytes, &len);

	if (r == 0)
		r = ima_key_parse((struct ima_bytes){ bytes, len }, &key, diag);
	if (r == 0) {
		r = ima_key_id(key, ret);
		if (r < 0)
			snprintf(diag->text, sizeof(diag->text), "the certificate has no subject key identifier");
	}
	ima_key_free(key);
	return r;
}

static int set_keyid(const struct evmctl *e, struct ima_signer *s)
{
	struct ima_diag diag = { 0 };
	uint32_t id;
	int r;

	if (e->keyid_cert) {
		r = keyid_of_cert(e->keyid_cert, &id, &diag);
		if (r < 0) {
			evmctl_fail(r, "%s: %s\nError reading keyid.", e->keyid_cert, diag.text[0] ? diag.text : strerror(-r));
			return 1;
		}
		evmctl_say(NULL, "keyid %x (from %s)\n", id, e->keyid_cert);
		ima_signer_set_keyid(s, id);
	}
	if (e->keyid)
		ima_signer_set_keyid(s, (uint32_t)strtoul(e->keyid, NULL, 16));
	return 0;
}

/* as evmctl: the certificate says, else the digest of the public key */
static uint32_t keyid_of(const struct ima_key *k)
{
	uint32_t id = 0;

	if (ima_key_id(k, &id) < 0 && ima_key_public_id(k, &id) < 0)
		return 0;
	return id;
}

/* a folder of keys is none: number N counts files */
static int add_key(const struct evmctl *e, const char *path, struct evmctl_keys *k)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_diag diag = { 0 };
	struct ima_key *key = NULL;
	size_t len = 0;
	uint32_t id;
	int r = imactl_read_file(path, CERT_MAX, &bytes, &len);

	if (r < 0)
		return evmctl_fail(r, "Failed to open keyfile: %s", path);
	r = ima_key_parse((struct ima_bytes){ bytes, len }, &key, &diag);
	if (r == 0 && k->n == EVMCTL_MAX_KEYS)
		r = -E2BIG;
	if (r < 0) {
		ima_key_free(key);
		return evmctl_fail(r, "Failed to read key file: %s: %s", path, diag.text[0] ? diag.text : strerror(-r));
	}
	k->keys[k->n++] = key;
	if (ima_key_id(key, &id) == 0)
		evmctl_say(NULL, "keyid %x (from %s)\n", id, path);
	else if (e->verbose)
		evmctl_say(NULL, "keyid: %x\n", keyid_of(key));
	evmctl_say(NULL, "key %zu: %x %s\n", k->n, keyid_of(key), path);
	return 0;
}

void evmctl_keys_load(const struct evmctl *e, struct evmctl_keys *ret)
{
	ima_cleanup(ima_freep) char *list = e->key ? strdup(e->key) : NULL;
	char *save = NULL;

	*ret = (struct evmctl_keys){ 0 };
	if (!e->key && access(EVMCTL_KEY_PUBLIC, F_OK) == 0)
		add_key(e, EVMCTL_KEY_PUBLIC, ret);
	else if (!e->key && e->verbose)
		evmctl_say(NULL, "Failed to open keyfile: %s\n", EVMCTL_KEY_PUBLIC);
	for (char *w = list ? strtok_r(list, ", \t", &save) : NULL; w; w = strtok_r(NULL, ", \t", &save))
		add_key(e, w, ret);
}

void evmctl_keys_free(struct evmctl_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		ima_key_free(k->keys[i]);
	k->n = 0;
}

/* by the certificate's identifiers, as the kernel does; or by the digest of the public key, as evmctl does */
static const struct ima_key *find(const struct evmctl_keys *k, uint32_t keyid)
{
	uint32_t id;

	for (size_t i = 0; i < k->n; i++)
		if (ima_key_answers_to(k->keys[i], keyid) || (ima_key_public_id(k->keys[i], &id) == 0 && id == keyid))
			return k->keys[i];
	return NULL;
}

enum ima_sig_verdict evmctl_keys_check(const struct evmctl *e, const struct evmctl_keys *k, const char *path,
				       const struct ima_signature *s, const struct ima_digest *digest,
				       struct imactl_file_result *res)
{
	const struct ima_key *key = find(k, s->keyid);
	enum ima_sig_verdict v;

	if (!key) {
		evmctl_say(res, "key %zu: %x (unknown keyid)\n", k->n + 1, s->keyid);
		if (e->verbose)
			evmctl_say(res, "%s: verification failed: unknown keyid %x\n", path, s->keyid);
		return IMA_SIG_NO_KEY;
	}
	v = ima_key_verify(key, s->sig, digest);
	if (v == IMA_SIG_GOOD)
		return v;
	if (v == IMA_SIG_BAD)
		evmctl_say(res, "%s: verification failed: 0 (bad signature)\n", path);
	else
		evmctl_say(res, "%s: verification failed: %s\n", path, ima_sig_verdict_text(v));
	return v;
}

/* a certificate in the key's own file gives the id, as long as nothing else does */
static void say_keyid(const struct evmctl *e, const char *path, const struct ima_signer *s)
{
	if (ima_signer_has_cert(s) && !e->keyid && !e->keyid_cert)
		evmctl_say(NULL, "keyid %x (from %s)\n", ima_signer_keyid(s), path);
	else if (e->verbose)
		evmctl_say(NULL, "keyid: %x\n", ima_signer_keyid(s));
}

int evmctl_signer(const struct evmctl *e, struct ima_signer **ret)
{
	const struct imactl_key_opts opts = { .key = e->key ? e->key : EVMCTL_KEY_PRIVATE, .password = e->password,
					      .pass_env = "EVMCTL_KEY_PASSWORD", .engine = e->engine, .provider = e->provider,
					      .many = e->recursive };
	int r;

	if (!e->engine && !e->provider && !ima_signer_is_uri(opts.key) && access(opts.key, R_OK) < 0)
		return evmctl_fail(-errno, "Failed to open keyfile: %s", opts.key);
	if (imactl_key_open(&opts, ret) != EXIT_GOOD)
		return evmctl_fail(0, "Failed to read the private key: %.*s", (int)strcspn(opts.key, "?"), opts.key);
	r = set_keyid(e, *ret);
	if (r)
		*ret = ima_signer_free(*ret);
	else
		say_keyid(e, opts.key, *ret);
	return r;
}
