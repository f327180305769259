/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two tables of fixed size, by source and by fingerprint, never more than half full. A key is made outside the lock: two threads may make the same one, and
 * the first that comes back stays.
 */
#include "core/attest/known_aks.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/mix.h"
#include "core/attest/ak.h"

#define FINGERPRINT_LEN 64

struct slot {
	const struct ima_ak *ak; /* NULL: free */
	uint64_t hash;
	bool is_trusted, is_own;
};

struct ima_known_aks {
	pthread_mutex_t lock; /* of by_source and n_own */
	uint64_t seed;
	size_t mask;
	struct slot *by_source, *by_fingerprint; /* the latter of trusted keys alone, never changed */
	const struct ima_ak *const *trusted;
	size_t n_trusted, n_own;
};

void ima_known_ak_done(struct ima_known_ak *a)
{
	ima_ak_free(a->own);
	*a = (struct ima_known_ak){ 0 };
}

static bool is_source(const struct ima_ak *ak, struct ima_bytes source)
{
	const struct ima_bytes have = ima_ak_source(ak);

	return have.len == source.len && !memcmp(have.data, source.data, have.len);
}

/* where the key of this source is, or would be */
static struct slot *find(const struct ima_known_aks *k, uint64_t hash, struct ima_bytes source)
{
	size_t i = hash & k->mask;

	while (k->by_source[i].ak && !(k->by_source[i].hash == hash && is_source(k->by_source[i].ak, source)))
		i = (i + 1) & k->mask;
	return &k->by_source[i];
}

static uint64_t hash_fingerprint(const struct ima_known_aks *k, const struct ima_ak *ak)
{
	char text[FINGERPRINT_LEN + 1];

	ima_ak_fingerprint(ak, text);
	return ima_mix_bytes(k->seed, (struct ima_bytes){ (const uint8_t *)text, FINGERPRINT_LEN });
}

static void lend(struct ima_known_aks *k, const struct ima_ak *ak)
{
	const uint64_t by_source = ima_mix_bytes(k->seed, ima_ak_source(ak)), by_fingerprint = hash_fingerprint(k, ak);
	size_t i = by_fingerprint & k->mask;

	*find(k, by_source, ima_ak_source(ak)) = (struct slot){ .ak = ak, .hash = by_source, .is_trusted = true };
	while (k->by_fingerprint[i].ak)
		i = (i + 1) & k->mask;
	k->by_fingerprint[i] = (struct slot){ .ak = ak, .hash = by_fingerprint };
}

int ima_known_aks_new(const struct ima_ak *const *trusted, size_t n_trusted, struct ima_known_aks **ret)
{
	struct ima_known_aks *k = calloc(1, sizeof(*k));
	size_t n = 1;

	if (!k)
		return -ENOMEM;
	while (n < 2 * (n_trusted + IMA_KNOWN_AKS_MAX))
		n *= 2;
	pthread_mutex_init(&k->lock, NULL);
	k->mask = n - 1;
	k->trusted = trusted;
	k->n_trusted = n_trusted;
	k->by_source = calloc(n, sizeof(*k->by_source));
	k->by_fingerprint = calloc(n, sizeof(*k->by_fingerprint));
	if (!k->by_source || !k->by_fingerprint || getrandom(&k->seed, sizeof(k->seed), 0) != sizeof(k->seed)) {
		const int r = k->by_source && k->by_fingerprint ? -EIO : -ENOMEM;

		ima_known_aks_free(k);
		return r;
	}
	for (size_t i = 0; i < n_trusted; i++)
		lend(k, trusted[i]);
	*ret = k;
	return 0;
}

struct ima_known_aks *ima_known_aks_free(struct ima_known_aks *k)
{
	if (!k)
		return NULL;
	for (size_t i = 0; k->by_source && i <= k->mask; i++)
		if (k->by_source[i].is_own)
			ima_ak_free(ima_unconst(k->by_source[i].ak));
	free(k->by_source);
	free(k->by_fingerprint);
	pthread_mutex_destroy(&k->lock);
	free(k);
	return NULL;
}

/* the same key under other attributes is another object of the TPM: where both names are known they are equal, too */
static bool is_same(const struct ima_ak *a, const struct ima_ak *b)
{
	const struct ima_bytes m = ima_ak_name(a), n = ima_ak_name(b);

	return ima_ak_is_same_key(a, b) && (!m.len || !n.len || (m.len == n.len && !memcmp(m.data, n.data, m.len)));
}

/* the fingerprint finds one of many; a key that is written in another way has another one */
static bool is_trusted(const struct ima_known_aks *k, const struct ima_ak *ak)
{
	const uint64_t hash = hash_fingerprint(k, ak);

	for (size_t i = hash & k->mask; k->by_fingerprint[i].ak; i = (i + 1) & k->mask)
		if (k->by_fingerprint[i].hash == hash && is_same(k->by_fingerprint[i].ak, ak))
			return true;
	for (size_t i = 0; i < k->n_trusted; i++)
		if (is_same(k->trusted[i], ak))
			return true;
	return false;
}

static bool look_up(struct ima_known_aks *k, uint64_t hash, struct ima_bytes source, struct ima_known_ak *ret)
{
	const struct slot *s;

	pthread_mutex_lock(&k->lock);
	s = find(k, hash, source);
	*ret = (struct ima_known_ak){ .ak = s->ak, .is_trusted = s->is_trusted };
	pthread_mutex_unlock(&k->lock);
	return ret->ak != NULL;
}

/* @a->own goes into the table where there is room for it and it is not there yet */
static void keep(struct ima_known_aks *k, uint64_t hash, struct ima_known_ak *a)
{
	const struct ima_bytes source = ima_ak_source(a->own);
	struct slot *s;

	pthread_mutex_lock(&k->lock);
	s = find(k, hash, source);
	if (!s->ak && k->n_own < IMA_KNOWN_AKS_MAX && source.len <= IMA_KNOWN_AK_LEN_MAX) {
		*s = (struct slot){ .ak = a->own, .hash = hash, .is_trusted = a->is_trusted, .is_own = true };
		k->n_own++;
		a->own = NULL;
	}
	pthread_mutex_unlock(&k->lock);
}

int ima_known_aks_get(struct ima_known_aks *k, struct ima_bytes source, struct ima_known_ak *ret, struct ima_diag *diag)
{
	const uint64_t hash = ima_mix_bytes(k->seed, source);
	struct ima_known_ak a;
	int r;

	if (look_up(k, hash, source, ret))
		return 0;
	a = (struct ima_known_ak){ 0 };
	r = ima_ak_parse(source, &a.own, diag);
	if (r < 0)
		return r;
	a.ak = a.own;
	a.is_trusted = is_trusted(k, a.own);
	keep(k, hash, &a);
	*ret = a;
	return 0;
}
