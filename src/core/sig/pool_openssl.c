/* SPDX-License-Identifier: BSD-2-Clause */
/* A context leaves the pool for the time of one call; what failed in it does not come back. */
#include "core/sig/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/cleanup.h"
#include "core/sig/ecdsa.h"
#include "core/sig/names.h"
#include "core/sig/rsa.h"

#define MAX_IDLE 64

struct member {
	struct member *next;
	EVP_PKEY *pkey; /* owned */
	EVP_PKEY_CTX *ctx;
	struct ima_rsa *rsa; /* instead of both */
	struct ima_ecdsa *ecdsa; /* beside them, goes first */
	enum ima_hash_algo algo;
};

struct ima_pool {
	EVP_PKEY *pkey; /* borrowed */
	OSSL_LIB_CTX *lib;
	const char *properties; /* borrowed */
	unsigned int flags;
	pthread_mutex_t lock;   /* of the list */
	pthread_mutex_t device; /* held for a call into a device */
	struct member *idle;
	unsigned int n_idle;
	_Atomic(struct ima_ecdsa_key *) ecdsa; /* NULL: not many signatures yet, or not that kind of key */
	atomic_uint n_verified;
};

int ima_pool_new(EVP_PKEY *pkey, OSSL_LIB_CTX *lib, const char *properties, unsigned int flags,
		 struct ima_pool **ret)
{
	struct ima_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->pkey = pkey;
	p->lib = lib;
	p->properties = properties;
	p->flags = flags;
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->device, NULL);
	*ret = p;
	return 0;
}

static void member_free(struct member *m)
{
	if (m) {
		EVP_PKEY_CTX_free(m->ctx);
		EVP_PKEY_free(m->pkey);
		ima_rsa_free(m->rsa);
		ima_ecdsa_free(m->ecdsa);
		free(m);
	}
}

struct ima_pool *ima_pool_free(struct ima_pool *p)
{
	struct member *m;

	if (!p)
		return NULL;
	while ((m = p->idle)) {
		p->idle = m->next;
		member_free(m);
	}
	ima_ecdsa_key_free(atomic_load(&p->ecdsa));
	pthread_mutex_destroy(&p->lock);
	pthread_mutex_destroy(&p->device);
	free(p);
	return NULL;
}

static int set_algo(const struct ima_pool *p, struct member *m)
{
	EVP_MD *md = EVP_MD_fetch(p->lib, ima_library_hash_name(m->algo), NULL);
	const bool ok = md &&
			(!EVP_PKEY_is_a(m->pkey, "RSA") ||
			 EVP_PKEY_CTX_set_rsa_padding(m->ctx, RSA_PKCS1_PADDING) == 1) &&
			EVP_PKEY_CTX_set_signature_md(m->ctx, md) == 1;

	EVP_MD_free(md);
	return ok ? 0 : -ENOPKG;
}

static EVP_PKEY *copy_of(const struct ima_pool *p)
{
	if (!(p->flags & IMA_POOL_DEVICE))
		return EVP_PKEY_dup(p->pkey);
	return EVP_PKEY_up_ref(p->pkey) == 1 ? p->pkey : NULL;
}

static int make_context(const struct ima_pool *p, struct member *m)
{
	m->pkey = copy_of(p);
	m->ctx = m->pkey ? EVP_PKEY_CTX_new_from_pkey(p->lib, m->pkey, p->properties) : NULL;
	if (!m->ctx)
		return -ENOMEM;
	return (p->flags & IMA_POOL_SIGN ? EVP_PKEY_sign_init(m->ctx) : EVP_PKEY_verify_init(m->ctx)) == 1 ? set_algo(p, m) : -EIO;
}

/* a provider or a device that was asked for by name is asked */
static bool may_leave_evp(const struct ima_pool *p)
{
	return !p->flags && !p->lib && !p->properties;
}

static int member_new(const struct ima_pool *p, enum ima_hash_algo algo, struct member **ret)
{
	struct member *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->algo = algo;
	r = may_leave_evp(p) ? ima_rsa_new(p->pkey, algo, &m->rsa) : -EOPNOTSUPP;
	if (r == -EOPNOTSUPP)
		r = make_context(p, m);
	if (r < 0) {
		member_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

static int take(struct ima_pool *p, enum ima_hash_algo algo, struct member **ret)
{
	struct member *m;

	pthread_mutex_lock(&p->lock);
	for (struct member **at = &p->idle; (m = *at); at = &m->next) {
		if (m->algo != algo)
			continue;
		*at = m->next;
		p->n_idle--;
		break;
	}
	pthread_mutex_unlock(&p->lock);
	if (!m)
		return member_new(p, algo, ret);
	*ret = m;
	return 0;
}

static void give_back(struct ima_pool *p, struct member *m)
{
	bool kept;

	pthread_mutex_lock(&p->lock);
	kept = p->n_idle < MAX_IDLE;
	if (kept) {
		m->next = p->idle;
		p->idle = m;
		p->n_idle++;
	}
	pthread_mutex_unlock(&p->lock);
	if (!kept)
		member_free(m);
}

static int sign(struct ima_pool *p, const struct ima_digest *digest, uint8_t *ret, size_t *len)
{
	struct member *m;
	int r = take(p, digest->algo, &m);

	if (r < 0)
		return r;
	/* 0 and every negative number are failures */
	if (EVP_PKEY_sign(m->ctx, ret, len, digest->data, digest->len) == 1) {
		give_back(p, m);
		return 0;
	}
	member_free(m);
	return -EIO;
}

int ima_pool_sign(struct ima_pool *p, const struct ima_digest *digest, uint8_t *ret, size_t *len)
{
	int r;

	if (p->flags & IMA_POOL_DEVICE)
		pthread_mutex_lock(&p->device);
	ERR_set_mark();
	r = sign(p, digest, ret, len);
	ERR_pop_to_mark();
	if (p->flags & IMA_POOL_DEVICE)
		pthread_mutex_unlock(&p->device);
	return r;
}

/* once, by the thread whose turn it is; the others go on as before until it is there */
static void prepare_for_many(struct ima_pool *p)
{
	struct ima_ecdsa_key *k = NULL;

	if (may_leave_evp(p) && atomic_fetch_add(&p->n_verified, 1) == IMA_ECDSA_KEY_PAYS && ima_ecdsa_key_new(p->pkey, &k) == 0)
		atomic_store(&p->ecdsa, k);
}

/* without memory for it the context does */
static void take_shortcut(struct ima_pool *p, struct member *m)
{
	const struct ima_ecdsa_key *k = atomic_load(&p->ecdsa);

	if (!k)
		prepare_for_many(p);
	else if (!m->ecdsa)
		ima_ignore(ima_ecdsa_new(k, &m->ecdsa));
}

static enum ima_sig_verdict verify_by(struct ima_pool *p, struct member *m, struct ima_bytes sig, const struct ima_digest *digest)
{
	if (m->rsa)
		return ima_rsa_verify(m->rsa, sig, digest);
	take_shortcut(p, m);
	if (m->ecdsa)
		return ima_ecdsa_verify(m->ecdsa, sig, digest);
	return EVP_PKEY_verify(m->ctx, sig.data, sig.len, digest->data, digest->len) == 1 ? IMA_SIG_GOOD : IMA_SIG_BAD;
}

enum ima_sig_verdict ima_pool_verify(struct ima_pool *p, struct ima_bytes sig, const struct ima_digest *digest)
{
	enum ima_sig_verdict v = IMA_SIG_BAD;
	struct member *m;
	int r;

	ERR_set_mark();
	r = take(p, digest->algo, &m);
	if (r == 0) {
		v = verify_by(p, m, sig, digest);
		give_back(p, m);
	}
	ERR_pop_to_mark();
	return r == 0 ? v : r == -ENOPKG ? IMA_SIG_NO_ALGORITHM : IMA_SIG_UNCHECKED;
}
