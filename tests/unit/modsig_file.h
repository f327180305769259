/* SPDX-License-Identifier: BSD-2-Clause */
/* Files with an appended signature, put together in memory from vectors/modsig; for the tests that need cmocka's asserts around them. */
#pragma once

static inline uint8_t *vector(const char *name, size_t *ret_len)
{
	char path[4096];
	uint8_t *bytes;
	FILE *f;

	snprintf(path, sizeof(path), "%s/modsig/%s", getenv("IMA_TEST_VECTORS"), name);
	f = fopen(path, "r");
	assert_non_null(f);
	bytes = calloc(1, 65536);
	*ret_len = fread(bytes, 1, 65535, f);
	assert_true(*ret_len > 0);
	fclose(f);
	return bytes;
}

static inline struct ima_key *key_of(const char *cert)
{
	struct ima_diag diag = { 0 };
	struct ima_key *key = NULL;
	size_t len;
	uint8_t *der = vector(cert, &len);

	assert_int_equal(ima_key_parse((struct ima_bytes){ der, len }, &key, &diag), 0);
	free(der);
	return key;
}

/* @certs: names divided by spaces */
static inline struct ima_keyring *ring_of(const char *certs)
{
	struct ima_keyring *ring = NULL;
	char copy[100], *save = NULL;

	assert_int_equal(ima_keyring_new(&ring), 0);
	snprintf(copy, sizeof(copy), "%s", certs);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		assert_int_equal(ima_keyring_add(ring, key_of(w)), 0);
	return ring;
}

/* a file in memory: content, message, tail */
struct memory {
	uint8_t bytes[32768];
	size_t len;
};

static inline int memory_read(void *user, uint64_t at, uint8_t *ret, size_t len)
{
	struct memory *m = user;

	if (at > m->len || len > m->len - at)
		return -EINVAL;
	memcpy(ret, m->bytes + at, len);
	return 0;
}

static inline int memory_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, uint64_t len,
			 struct ima_digest *ret)
{
	struct memory *m = user;

	return len > m->len ? -EINVAL : ima_hash_bytes(h, algo, (struct ima_bytes){ m->bytes, len }, ret);
}

static inline void add(struct memory *m, const void *bytes, size_t len)
{
	assert_true(m->len + len <= sizeof(m->bytes));
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static inline void append(struct memory *m, const char *name)
{
	uint8_t head[12] = { 0, 0, 2 };
	size_t len;
	uint8_t *b = vector(name, &len);

	add(m, b, len);
	free(b);
	head[10] = (uint8_t)(len >> 8);
	head[11] = (uint8_t)len;
	add(m, head, sizeof(head));
	add(m, "~Module signature appended~\n", 28);
}

static inline void make_file(const char *message, struct memory *ret)
{
	size_t len;
	uint8_t *content = vector("content", &len);

	ret->len = 0;
	add(ret, content, len);
	free(content);
	append(ret, message);
}
