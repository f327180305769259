/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private keys by libcrypto. A provider is loaded into a library context of its own, so that nothing else of the process changes; engines
 * know no such thing. Nothing is ever asked at a terminal here.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/sig/private_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/sig/pem_openssl.h"

#define KEY_MAX (1U << 20)

struct password {
	const char *text;
	bool asked;
};

static int give_password(char *buf, int size, int writing, void *user)
{
	struct password *p = user;
	const size_t len = p->text ? strlen(p->text) : 0;

	p->asked = true;
	if (!p->text || len > (size_t)size)
		return -1;
	memcpy(buf, p->text, len);
	return (int)len;
}

void ima_private_key_done(struct ima_private_key *k)
{
	EVP_PKEY_free(k->pkey);
	if (k->engine) {
		ENGINE_finish(k->engine);
		ENGINE_free(k->engine);
	}
	for (size_t i = 0; i < IMA_N_ELEMENTS(k->providers); i++)
		if (k->providers[i])
			OSSL_PROVIDER_unload(k->providers[i]);
	OSSL_LIB_CTX_free(k->lib);
	free(k->properties);
	*k = (struct ima_private_key){ 0 };
}

/* bytes */

static bool is_der(struct ima_bytes key)
{
	return key.data[0] == 0x30;
}

static EVP_PKEY *parse_der(BIO *b, struct password *p)
{
	EVP_PKEY *pkey = d2i_PrivateKey_bio(b, NULL);

	if (!pkey && BIO_reset(b) == 1)
		pkey = d2i_PKCS8PrivateKey_bio(b, NULL, give_password, p);
	return pkey;
}

static EVP_PKEY *parse(struct ima_bytes key, struct password *p)
{
	BIO *b = BIO_new_mem_buf(key.data, (int)key.len);
	EVP_PKEY *pkey = NULL;

	if (b)
		pkey = is_der(key) ? parse_der(b, p) : PEM_read_bio_PrivateKey(b, NULL, give_password, p);
	BIO_free(b);
	return pkey;
}

/* a private key whose algorithm the library does not know is no damaged one */
static bool is_of_unknown_kind(struct ima_bytes key)
{
	BIO *b = BIO_new_mem_buf(key.data, (int)key.len);
	PKCS8_PRIV_KEY_INFO *info = NULL;
	bool known;

	if (b)
		info = is_der(key) ? d2i_PKCS8_PRIV_KEY_INFO_bio(b, NULL) :
				     PEM_read_bio_PKCS8_PRIV_KEY_INFO(b, NULL, ima_pem_no_password, NULL);
	known = info != NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	BIO_free(b);
	return known;
}

static bool holds(struct ima_bytes text, const char *what)
{
	return memmem(text.data, text.len, what, strlen(what)) != NULL;
}

/* what a provider knows how to load */

static int load_provider(struct ima_private_key *k, const char *name)
{
	k->lib = OSSL_LIB_CTX_new();
	if (!k->lib)
		return -ENOMEM;
	k->providers[0] = OSSL_PROVIDER_load(k->lib, "default");
	k->providers[1] = k->providers[0] ? OSSL_PROVIDER_load(k->lib, name) : NULL;
	if (k->providers[1])
		return 0;
	/* it is installed, and finds no device to begin with */
	return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_INIT_FAIL ? -ENODEV : -ENOENT;
}

static int take_from_store(OSSL_STORE_CTX *store, struct ima_private_key *k)
{
	while (!k->pkey && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (!info && OSSL_STORE_error(store))
			break;
		if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			k->pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	k->in_device = true;
	return k->pkey ? 0 : -EBADMSG;
}

/* @uri, or @bytes in a form that the provider reads; the provider's own algorithms go first */
static int load_by_provider(const char *provider, const char *uri, struct ima_bytes bytes, struct password *p,
			    struct ima_private_key *k)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_password, 0);
	OSSL_STORE_CTX *store = NULL;
	BIO *b = NULL;
	int r = ui ? load_provider(k, provider) : -ENOMEM;

	if (r == 0 && asprintf(&k->properties, "?provider=%s", provider) < 0)
		r = -ENOMEM;
	if (r == 0 && uri) {
		store = OSSL_STORE_open_ex(uri, k->lib, k->properties, ui, p, NULL, NULL, NULL);
	} else if (r == 0) {
		b = BIO_new_mem_buf(bytes.data, (int)bytes.len);
		store = b ? OSSL_STORE_attach(b, "file", k->lib, k->properties, ui, p, NULL, NULL, NULL) : NULL;
	}
	if (r == 0)
		r = store ? take_from_store(store, k) : -EBADMSG;
	OSSL_STORE_close(store);
	BIO_free(b);
	UI_destroy_method(ui);
	return r;
}

static int load_by_engine(const char *name, const char *uri, const char *module, struct password *p,
			  struct ima_private_key *k)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_password, 0);
	ENGINE *e;

	ENGINE_load_builtin_engines();
	e = ui ? ENGINE_by_id(name) : NULL;
	if (e && ((module && ENGINE_ctrl_cmd_string(e, "MODULE_PATH", module, 0) != 1) || ENGINE_init(e) != 1)) {
		ENGINE_free(e);
		e = NULL;
	}
	k->engine = e;
	k->in_device = true;
	if (e) {
		/* what it says on stderr is said by us, once */
		ENGINE_ctrl_cmd_string(e, "QUIET", NULL, 1);
		k->pkey = ENGINE_load_private_key(e, uri, ui, p);
	}
	UI_destroy_method(ui);
	return !e ? -ENOENT : k->pkey ? 0 : -EBADMSG;
}

static int explain(struct ima_diag *diag, int error)
{
	switch (error) {
	case -ENODEV:
		return ima_diag_text(diag, error, "the TPM or token cannot be reached (a TPM: $TPM2OPENSSL_TCTI)");
	case -EBADMSG:
		return ima_diag_text(diag, error, "not a private key in PEM or DER");
	case -EKEYREJECTED:
		return ima_diag_text(diag, error, "the private key is encrypted, and the password is missing or wrong");
	case -ENOPKG:
		return ima_diag_text(diag, error, "the kernel verifies RSA and ECDSA (P-256, P-384, P-521) signatures; this key makes neither");
	default:
		return ima_diag_text(diag, error, "%s", strerror(-error));
	}
}

int ima_private_key_parse(struct ima_bytes key, const char *password, struct ima_private_key *ret,
			  struct ima_diag *diag)
{
	struct password p = { .text = password };
	struct ima_private_key k = { 0 };
	const bool tpm = key.len && key.len <= KEY_MAX && holds(key, "BEGIN TSS2 PRIVATE KEY");
	int r = 0;

	if (!key.len || key.len > KEY_MAX)
		return explain(diag, -EBADMSG);
	ERR_set_mark();
	if (tpm)
		r = load_by_provider("tpm2", NULL, key, &p, &k);
	else if (!(k.pkey = parse(key, &p)))
		r = p.asked ? -EKEYREJECTED : is_of_unknown_kind(key) ? -ENOPKG : -EBADMSG;
	ERR_pop_to_mark();
	if (r < 0)
		ima_private_key_done(&k);
	if (tpm && r == -ENOENT)
		return ima_diag_text(diag, r, "the key is a TPM's, and the crypto library's provider \"tpm2\" is not installed (Debian: tpm2-openssl)");
	if (tpm && r == -EBADMSG)
		return ima_diag_text(diag, p.asked ? -EKEYREJECTED : r, "the TPM does not load the key: it is another TPM's, or a password is missing or wrong");
	if (r < 0)
		return explain(diag, r);
	*ret = k;
	return 0;
}

/* places */

static bool starts(const char *text, const char *with)
{
	return !strncasecmp(text, with, strlen(with));
}

bool ima_signer_is_uri(const char *text)
{
	return starts(text, "pkcs11:") || starts(text, "handle:") || starts(text, "object:");
}

static void decode_percent(char *text)
{
	char *to = text;
	unsigned int byte;

	for (const char *from = text; *from; from++) {
		if (from[0] == '%' && from[1] && from[2] && sscanf(from + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

/* RFC 7512: "?module-path=/..." names the token's library; the engine wants it apart. It is taken out of @uri; NULL: there is none */
static char *take_module(char *uri)
{
	static const char name[] = "module-path=";
	char *at = strchr(uri, '?'), *path;
	size_t len;

	at = at ? strstr(at, name) : NULL;
	if (!at || (at[-1] != '?' && at[-1] != '&'))
		return NULL;
	len = strcspn(at, "&");
	path = strndup(at + sizeof(name) - 1, len - (sizeof(name) - 1));
	if (path)
		decode_percent(path);
	len += at[len] == '&';
	memmove(at, at + len, strlen(at + len) + 1);
	return path;
}

static int open_by_engine(const char *uri, struct password *p, struct ima_private_key *k)
{
	char *copy = strdup(uri);
	ima_cleanup(ima_freep) char *module = copy ? take_module(copy) : NULL;
	int r = copy ? load_by_engine("pkcs11", copy, module, p, k) : -ENOMEM;

	/* it may hold the PIN */
	if (copy)
		explicit_bzero(copy, strlen(uri));
	free(copy);
	return r;
}

static int open_pkcs11(const char *uri, struct password *p, struct ima_private_key *k)
{
	int r = load_by_provider("pkcs11", uri, (struct ima_bytes){ 0 }, p, k);

	if (r == -ENOENT) {
		ima_private_key_done(k);
		r = open_by_engine(uri, p, k);
	}
	return r;
}

static int explain_open(struct ima_diag *diag, int error, const char *uri, const struct password *p)
{
	const bool tpm = !starts(uri, "pkcs11:");

	if (error == -ENOENT && tpm)
		return ima_diag_text(diag, error, "the crypto library's engine or provider for it is not installed (for a TPM's key in Debian: tpm2-openssl)");
	if (error == -ENOENT)
		return ima_diag_text(diag, error, "the crypto library has no engine or provider \"pkcs11\" (Debian: libengine-pkcs11-openssl), or it finds no token library");
	if (error == -EBADMSG && p->asked)
		return ima_diag_text(diag, -EKEYREJECTED, "the PIN or password is missing or wrong, or there is no such key");
	if (error == -EBADMSG)
		return ima_diag_text(diag, error, "no such private key");
	return explain(diag, error);
}

int ima_private_key_open(const char *uri, const struct ima_signer_opts *opts, struct ima_private_key *ret,
			 struct ima_diag *diag)
{
	const struct ima_bytes none = { 0 };
	struct password p = { .text = opts->password };
	struct ima_private_key k = { 0 };
	int r;

	ERR_set_mark();
	if (opts->engine)
		r = load_by_engine(opts->engine, uri, NULL, &p, &k);
	else if (opts->provider)
		r = load_by_provider(opts->provider, uri, none, &p, &k);
	else if (starts(uri, "pkcs11:"))
		r = open_pkcs11(uri, &p, &k);
	else
		r = load_by_provider("tpm2", uri, none, &p, &k);
	ERR_pop_to_mark();
	if (r < 0) {
		ima_private_key_done(&k);
		return explain_open(diag, r, uri, &p);
	}
	*ret = k;
	return 0;
}

int ima_signer_lock_memory(void)
{
	if (CRYPTO_secure_malloc_initialized())
		return 0;
	switch (CRYPTO_secure_malloc_init(1U << 20, 32)) {
	case 1:
		return 0;
	case 2:
		return -EPERM;
	default:
		return -ENOMEM;
	}
}
