/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys by id. Few keys, so a list does. */
#include <ima/sig.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/sig/kernel_keyring.h"
#include "core/sig/key.h"

struct ima_keyring {
	struct ima_key **keys; /* owned */
	size_t n_keys;
	uint32_t *revoked;
	size_t n_revoked;
	int32_t kernel[IMA_KEYRING_KERNEL_MAX];
	size_t n_kernel;
};

int ima_keyring_new(struct ima_keyring **ret)
{
	struct ima_keyring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	*ret = ring;
	return 0;
}

struct ima_keyring *ima_keyring_free(struct ima_keyring *ring)
{
	if (!ring)
		return NULL;
	for (size_t i = 0; i < ring->n_keys; i++)
		ima_key_free(ring->keys[i]);
	free(ring->keys);
	free(ring->revoked);
	free(ring);
	return NULL;
}

int ima_keyring_add(struct ima_keyring *ring, struct ima_key *key)
{
	struct ima_key **more;

	for (size_t i = 0; i < ring->n_keys; i++)
		if (ima_key_is_same(ring->keys[i], key))
			return -EEXIST;
	more = reallocarray(ring->keys, ring->n_keys + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	ring->keys = more;
	ring->keys[ring->n_keys++] = key;
	return 0;
}

int ima_keyring_revoke(struct ima_keyring *ring, uint32_t keyid)
{
	uint32_t *more = reallocarray(ring->revoked, ring->n_revoked + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	ring->revoked = more;
	ring->revoked[ring->n_revoked++] = keyid;
	return 0;
}

int ima_keyring_add_kernel(struct ima_keyring *ring, int32_t serial)
{
	if (ring->n_kernel == IMA_KEYRING_KERNEL_MAX)
		return -E2BIG;
	ring->kernel[ring->n_kernel++] = serial;
	return 0;
}

size_t ima_keyring_n_keys(const struct ima_keyring *ring)
{
	return ring ? ring->n_keys : 0;
}

const struct ima_key *ima_keyring_key(const struct ima_keyring *ring, size_t i)
{
	return i < ring->n_keys ? ring->keys[i] : NULL;
}

const struct ima_key *ima_keyring_find(const struct ima_keyring *ring, uint32_t keyid)
{
	for (size_t i = 0; ring && i < ring->n_keys; i++)
		if (ima_key_answers_to(ring->keys[i], keyid))
			return ring->keys[i];
	return NULL;
}

static bool is_revoked(const struct ima_keyring *ring, uint32_t keyid)
{
	for (size_t i = 0; ring && i < ring->n_revoked; i++)
		if (ring->revoked[i] == keyid)
			return true;
	return false;
}

static bool is_revoked_in_kernel(const struct ima_keyring *ring, int32_t serial)
{
	struct ima_kernel_key key;

	return ring->n_revoked && (ima_kernel_key_describe(serial, &key) < 0 || !key.has_keyid ||
				   is_revoked(ring, key.keyid));
}

bool ima_keyring_has_revoked(const struct ima_keyring *ring, const uint8_t end[static 4])
{
	return is_revoked(ring, (uint32_t)end[0] << 24 | (uint32_t)end[1] << 16 | (uint32_t)end[2] << 8 | end[3]);
}

enum ima_sig_verdict ima_keyring_verify_named(const struct ima_keyring *ring, const struct ima_bytes *parts,
					      size_t n_parts, struct ima_bytes sig,
					      const struct ima_digest *digest)
{
	enum ima_sig_verdict v = IMA_SIG_NO_KEY;
	int32_t key;

	for (size_t i = 0; ring && i < ring->n_kernel && v == IMA_SIG_NO_KEY; i++) {
		if (ima_kernel_keyring_lookup(ring->kernel[i], parts, n_parts, &key) < 0)
			continue;
		/* it may have been named otherwise than by the identifier that is revoked */
		v = is_revoked_in_kernel(ring, key) ? IMA_SIG_REVOKED : ima_kernel_key_verify(key, sig, digest);
	}
	return v;
}

static enum ima_sig_verdict verify_in_kernel(const struct ima_keyring *ring, uint32_t keyid,
					     struct ima_bytes sig, const struct ima_digest *digest)
{
	const uint8_t end[4] = { (uint8_t)(keyid >> 24), (uint8_t)(keyid >> 16), (uint8_t)(keyid >> 8),
				 (uint8_t)keyid };
	const struct ima_bytes id = { end, sizeof(end) };

	return ima_keyring_verify_named(ring, &id, 1, sig, digest);
}

enum ima_sig_verdict ima_keyring_verify(const struct ima_keyring *ring, const struct ima_signature *s,
					const struct ima_digest *digest)
{
	struct ima_digest signed_digest = *digest;
	const struct ima_key *key = ima_keyring_find(ring, s->keyid);

	if (is_revoked(ring, s->keyid))
		return IMA_SIG_REVOKED;
	/* the header names the algorithm; bytes of another one do not pass for it */
	signed_digest.algo = s->algo;
	if (digest->len != ima_hash_len(s->algo))
		return key ? IMA_SIG_BAD : IMA_SIG_NO_KEY;
	return key ? ima_key_verify(key, s->sig, &signed_digest) :
		     verify_in_kernel(ring, s->keyid, s->sig, &signed_digest);
}

bool ima_key_is_of_use(const struct ima_key *k, unsigned int version)
{
	return version < IMA_NO_SM2_SINCE || strcmp(ima_key_algorithm(k), "SM2");
}

enum ima_sig_verdict ima_keyring_verify_as(const struct ima_keyring *ring, unsigned int version,
					   const struct ima_signature *s, const struct ima_digest *digest)
{
	const enum ima_sig_verdict v = ima_keyring_verify(ring, s, digest);
	const struct ima_key *key = ima_keyring_find(ring, s->keyid);

	return v == IMA_SIG_REVOKED || !key || ima_key_is_of_use(key, version) ? v : IMA_SIG_NO_ALGORITHM;
}

const char *ima_sig_verdict_text(enum ima_sig_verdict v)
{
	static const char *const texts[IMA_SIG__LAST] = {
		[IMA_SIG_UNCHECKED] = "not checked",
		[IMA_SIG_GOOD] = "good signature",
		[IMA_SIG_BAD] = "bad signature",
		[IMA_SIG_NO_KEY] = "unknown key",
		[IMA_SIG_REVOKED] = "revoked key",
		[IMA_SIG_UNSUPPORTED] = "unsupported signature version",
		[IMA_SIG_MALFORMED] = "malformed signature",
		[IMA_SIG_NO_ALGORITHM] = "key and hash algorithm do not go together",
	};

	return (unsigned int)v < IMA_SIG__LAST ? texts[v] : NULL;
}
