/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding an appended signature: every byte of the tail has one right value, but the length. */
#include "core/sig/modsig.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/reader.h"
#include "core/sig/pkcs7.h"

#define HEAD 8 /* bytes before the length */

static const char marker[] = "~Module signature appended~\n";

int ima_modsig_parse_tail(const uint8_t tail[static IMA_MODSIG_TAIL], uint64_t size,
			  uint64_t *ret_content_len, uint32_t *ret_sig_len)
{
	static const uint8_t head[HEAD] = { 0, 0, 2 };
	struct ima_reader in = ima_reader_init((struct ima_bytes){ tail, IMA_MODSIG_TAIL }, IMA_ORDER_BIG);
	struct ima_bytes got;
	uint32_t len;

	static_assert(HEAD + 4 + sizeof(marker) - 1 == IMA_MODSIG_TAIL, "the tail's parts");
	if (size < IMA_MODSIG_TAIL ||
	    memcmp(tail + HEAD + 4, marker, sizeof(marker) - 1))
		return -ENODATA;
	if (ima_read_bytes(&in, HEAD, &got) < 0 || ima_read_u32(&in, &len) < 0 ||
	    memcmp(got.data, head, HEAD) || !len || len > size - IMA_MODSIG_TAIL)
		return -EBADMSG;
	if (len > IMA_MODSIG_MAX)
		return -E2BIG;
	*ret_sig_len = len;
	*ret_content_len = size - IMA_MODSIG_TAIL - len;
	return 0;
}

struct ima_modsig {
	struct ima_modsig_file file;
	uint64_t content_len;
	uint8_t *der;
	size_t der_len;
	struct ima_pkcs7 *pkcs7;
	struct ima_digest digests[2]; /* computed before; len 0: none */
};

struct ima_modsig *ima_modsig_free(struct ima_modsig *m)
{
	if (m) {
		ima_pkcs7_free(m->pkcs7);
		free(m->der);
		free(m);
	}
	return NULL;
}

static int read_der(struct ima_modsig *m)
{
	const struct ima_modsig_file *f = &m->file;
	uint8_t tail[IMA_MODSIG_TAIL];
	uint32_t len;
	int r;

	if (f->size < sizeof(tail))
		return -ENODATA;
	r = f->read(f->user, f->size - sizeof(tail), tail, sizeof(tail));
	if (r == 0)
		r = ima_modsig_parse_tail(tail, f->size, &m->content_len, &len);
	if (r < 0)
		return r;
	m->der = malloc(len);
	if (!m->der)
		return -ENOMEM;
	m->der_len = len;
	return f->read(f->user, m->content_len, m->der, len);
}

int ima_modsig_open(const struct ima_modsig_file *file, struct ima_modsig **ret)
{
	struct ima_modsig *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->file = *file;
	r = read_der(m);
	if (r == 0)
		r = ima_pkcs7_parse(ima_modsig_der(m), &m->pkcs7);
	if (r < 0) {
		ima_modsig_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

static int fd_read(void *user, uint64_t at, uint8_t *ret, size_t len)
{
	return ima_file_pread((int)(intptr_t)user, at, ret, len);
}

static int fd_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, uint64_t len,
		     struct ima_digest *ret)
{
	return ima_hash_fd_head(h, algo, (int)(intptr_t)user, len, ret);
}

int ima_modsig_open_fd(int fd, uint64_t size, struct ima_modsig **ret)
{
	const struct ima_modsig_file file = { .size = size, .read = fd_read, .digest = fd_digest,
					      .user = (void *)(intptr_t)fd };

	return ima_modsig_open(&file, ret);
}

struct ima_bytes ima_modsig_der(const struct ima_modsig *m)
{
	return (struct ima_bytes){ m->der, m->der_len };
}

struct digest_call {
	struct ima_modsig *m;
	struct ima_hasher *h;
};

/* verification by several keyrings, and the list, ask for the same one */
static int digest_of(void *user, enum ima_hash_algo algo, struct ima_digest *ret)
{
	struct digest_call *call = user;
	struct ima_modsig *m = call->m;
	struct ima_digest *kept = &m->digests[0];
	int r = 0;

	if (kept->len && kept->algo != algo)
		kept = &m->digests[1];
	if (!kept->len || kept->algo != algo)
		r = m->file.digest(m->file.user, call->h, algo, m->content_len, kept);
	if (r < 0) {
		kept->len = 0;
		return r;
	}
	*ret = *kept;
	return 0;
}

int ima_modsig_digest(struct ima_modsig *m, struct ima_hasher *h, struct ima_digest *ret)
{
	struct digest_call call = { .m = m, .h = h };
	enum ima_hash_algo algo;
	int r = ima_pkcs7_algo(m->pkcs7, &algo);

	return r < 0 ? r : digest_of(&call, algo, ret);
}

enum ima_sig_verdict ima_modsig_verify(struct ima_modsig *m, struct ima_hasher *h,
				       const struct ima_keyring *ring, unsigned int version)
{
	struct digest_call call = { .m = m, .h = h };

	return ima_pkcs7_verify(m->pkcs7, ring, version, digest_of, &call);
}
