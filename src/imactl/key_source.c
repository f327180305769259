/* SPDX-License-Identifier: BSD-2-Clause */
/* The key is read once; nothing of it or of its password is left in this process's ordinary memory by us. */
#include "imactl/key_source.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "imactl/crypto_code.h"
#include "imactl/secret.h"

#define CERT_MAX (1U << 20)

static int from_fd(const char *text, struct imactl_secret *ret)
{
	char *end;
	const unsigned long fd = strtoul(text, &end, 10);

	if (!*text || *end || fd > 65535)
		return imactl_fail(EXIT_USAGE, "--pass-fd %s: not a descriptor's number", text);
	return imactl_secret_read_fd((int)fd, ret);
}

int imactl_key_password(const struct imactl_key_opts *o, struct imactl_secret *ret)
{
	const char *env = getenv(o->pass_env ? o->pass_env : "IMACTL_KEY_PASSWORD");
	const char *from = o->pass_file ? o->pass_file : o->pass_fd ? "the password's descriptor" : "the password";
	int r = 0;

	if (o->pass_file && o->pass_fd)
		return imactl_fail(EXIT_USAGE, "--pass-file and --pass-fd: one of the two");
	if (o->password)
		r = imactl_secret_copy(o->password, ret);
	else if (o->pass_file)
		r = imactl_secret_read(o->pass_file, ret);
	else if (o->pass_fd)
		r = from_fd(o->pass_fd, ret);
	else if (env)
		r = imactl_secret_copy(env, ret);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", from, strerror(-r));
	if (r == 0 && ret->data && (o->pass_file || o->pass_fd))
		imactl_secret_first_line(ret);
	return r;
}

static bool is_elsewhere(const struct imactl_key_opts *o)
{
	return o->engine || o->provider || ima_signer_is_uri(o->key);
}

static int load(const struct imactl_key_opts *o, struct ima_bytes bytes, const struct imactl_secret *password,
		struct ima_signer **ret, struct ima_diag *diag)
{
	const struct ima_signer_opts opts = { .password = (const char *)password->data, .engine = o->engine,
					      .provider = o->provider };

	if (is_elsewhere(o))
		return ima_signer_open(o->key, &opts, ret, diag);
	return ima_signer_parse(bytes, opts.password, ret, diag);
}

/* a URI may hold the PIN: it does not belong into a message */
static const char *shown(const struct imactl_key_opts *o, char ret[256])
{
	snprintf(ret, 256, "%.*s", is_elsewhere(o) ? (int)strcspn(o->key, "?") : 255, o->key);
	return ret;
}

static int load_asking(const struct imactl_key_opts *o, struct ima_bytes bytes, struct imactl_secret *password, bool *asked,
		       struct ima_signer **ret)
{
	struct ima_diag diag = { 0 };
	char prompt[300], name[256];
	int r = load(o, bytes, password, ret, &diag);

	if (r == -EKEYREJECTED && !password->data) {
		snprintf(prompt, sizeof(prompt), "Password of %s: ", shown(o, name));
		*asked = true;
		r = imactl_secret_ask(prompt, password);
		if (r == 0)
			r = load(o, bytes, password, ret, &diag);
		else
			r = -EKEYREJECTED;
	}
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, shown(o, name), &diag, r) : EXIT_GOOD;
}

static int set_keyid(const char *text, struct ima_signer *s)
{
	char *end;
	const unsigned long id = strtoul(text, &end, 16);

	if (*end || !isxdigit((unsigned char)*text) || id > UINT32_MAX)
		return imactl_fail(EXIT_USAGE, "--keyid %s: up to eight hex digits", text);
	ima_signer_set_keyid(s, (uint32_t)id);
	return EXIT_GOOD;
}

static int set_cert(const char *path, struct ima_signer *s)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct ima_diag diag = { 0 };
	size_t len = 0;
	int r = imactl_read_file(path, CERT_MAX, &bytes, &len);

	if (r == 0)
		r = ima_signer_set_cert(s, (struct ima_bytes){ bytes, len }, &diag);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, path, &diag, r) : EXIT_GOOD;
}

static int read_key(const struct imactl_key_opts *o, struct imactl_secret *ret)
{
	int r = is_elsewhere(o) ? 0 : imactl_secret_read(o->key, ret);

	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", o->key, strerror(-r)) : EXIT_GOOD;
}

/* what the crypto library keeps of the key; a core dump would hold the rest */
int imactl_key_lock_memory(void)
{
	const struct rlimit none = { 0 };
	const int r = ima_signer_lock_memory();

	setrlimit(RLIMIT_CORE, &none);
	if (r == -EPERM)
		fputs("imactl: the limit on locked memory (ulimit -l) is too low: the private key may reach the swap\n", stderr);
	return r == -ENOMEM ? imactl_fail(EXIT_UNABLE, "out of memory") : EXIT_GOOD;
}

static bool is_file(const char *path)
{
	struct stat st;

	return !path || (stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

/* nobody is asked twice, and a pipe is read once */
static bool can_be_read_again(const struct imactl_key_opts *o, bool asked)
{
	return !asked && !o->password && !o->pass_fd && !is_elsewhere(o) && is_file(o->key) && is_file(o->pass_file) && is_file(o->cert);
}

int imactl_key_open(const struct imactl_key_opts *o, struct ima_signer **ret)
{
	struct imactl_secret password = { 0 }, key = { 0 };
	struct ima_signer *s = NULL;
	bool asked = false;
	int r = o->engine && o->provider && !o->pass_env ? imactl_fail(EXIT_USAGE, "--engine and --provider: one of the two") : EXIT_GOOD;

	if (r == 0)
		r = imactl_key_lock_memory();
	if (r == 0)
		r = imactl_key_password(o, &password);
	if (r == 0)
		r = read_key(o, &key);
	if (r == 0)
		r = load_asking(o, (struct ima_bytes){ key.data, key.len }, &password, &asked, &s);
	imactl_secret_done(&key);
	imactl_secret_done(&password);
	if (r == 0 && o->cert)
		r = set_cert(o->cert, s);
	if (r == 0 && o->keyid)
		r = set_keyid(o->keyid, s);
	if (r == 0 && o->many && can_be_read_again(o, asked))
		imactl_crypto_code_choose(s);
	if (r)
		ima_signer_free(s);
	else
		*ret = s;
	return r;
}
