/* SPDX-License-Identifier: BSD-2-Clause */
/* The owner of libkeyutils. /proc/keys is read for what keyctl(2) does not tell: keyrings by name, and the key id. */
#include "core/sig/kernel_keyring.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <keyutils.h>

#include "base/cleanup.h"
#include "base/hex.h"

#define PROC_KEYS "/proc/keys"
#define MAX_DESCRIPTION 4096 /* bytes, with NUL, that keyctl(2) takes */

/* one line: serial, flags, uses, timeout, permissions, uid, gid, type (cut to nine characters), then the text */
struct line {
	int32_t serial;
	uint32_t uid;
	char type[10];
	const char *text; /* description, ": ", what the type says */
};

static bool parse_line(char *text, struct line *ret)
{
	unsigned int serial;
	int at = 0;

	text[strcspn(text, "\n")] = 0;
	if (sscanf(text, "%8x %*s %*s %*s %*s %u %*s %9s %n", &serial, &ret->uid, ret->type, &at) != 3 || !at)
		return false;
	ret->serial = (int32_t)serial;
	ret->text = text + at;
	return true;
}

/* @fn: 0 goes on */
static int each_line(int (*fn)(void *user, const struct line *l), void *user)
{
	ima_cleanup(ima_fclosep) FILE *f = fopen(PROC_KEYS, "re");
	ima_cleanup(ima_freep) char *text = NULL;
	size_t size = 0;
	struct line l;
	int r = 0;

	if (!f)
		return -errno;
	while (r == 0 && getline(&text, &size, f) > 0)
		if (parse_line(text, &l))
			r = fn(user, &l);
	return r;
}

static bool may_be_trusted(uint32_t uid)
{
	return uid == 0 || uid == geteuid();
}

struct wanted_ring {
	const char *name;
	int32_t serial;
	bool foreign; /* one of that name belongs to somebody else */
};

static int match_ring(void *user, const struct line *l)
{
	struct wanted_ring *w = user;
	const size_t len = strlen(w->name);

	/* after the name: ": empty" or a count; a name may hold colons itself */
	if (strcmp(l->type, "keyring") || strncmp(l->text, w->name, len) || strncmp(l->text + len, ": ", 2) ||
	    strchr(l->text + len + 2, ':'))
		return 0;
	if (!may_be_trusted(l->uid)) {
		w->foreign = true;
		return 0;
	}
	w->serial = l->serial;
	return 1;
}

static int find_named(const char *name, int32_t *ret)
{
	struct wanted_ring w = { .name = name };
	int r;

	if (!*name)
		return -EINVAL;
	r = each_line(match_ring, &w);
	if (r == -ENOENT)
		return -ENOSYS;
	if (r < 0)
		return r;
	if (r == 0)
		return w.foreign ? -EPERM : -ENOKEY;
	*ret = w.serial;
	return 0;
}

static int find_special(const char *name, int32_t *ret)
{
	static const struct {
		const char *name;
		int32_t id;
	} names[] = {
		{ "@t", KEY_SPEC_THREAD_KEYRING },	 { "@p", KEY_SPEC_PROCESS_KEYRING },
		{ "@s", KEY_SPEC_SESSION_KEYRING },	 { "@u", KEY_SPEC_USER_KEYRING },
		{ "@us", KEY_SPEC_USER_SESSION_KEYRING },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++) {
		long id;

		if (strcmp(name, names[i].name))
			continue;
		id = keyctl_get_keyring_ID(names[i].id, 0);
		if (id < 0)
			return -errno;
		*ret = (int32_t)id;
		return 0;
	}
	return -EINVAL;
}

static int find_numbered(const char *name, int32_t *ret)
{
	struct ima_kernel_key key;
	char *end;
	const long long n = strtoll(name, &end, 0);
	int r;

	if (*end || n <= 0 || n > INT32_MAX)
		return -EINVAL;
	r = ima_kernel_key_describe((int32_t)n, &key);
	if (r == 0 && strcmp(key.type, "keyring"))
		r = -ENOTDIR;
	if (r == 0)
		*ret = (int32_t)n;
	return r;
}

int ima_kernel_keyring_find(const char *name, int32_t *ret)
{
	if (name[0] == '@')
		return find_special(name, ret);
	if (isdigit((unsigned char)name[0]))
		return find_numbered(name, ret);
	return find_named(strncmp(name, "%:", 2) ? name : name + 2, ret);
}

/* "type;uid;gid;permissions;description"; the description may hold semicolons */
static int parse_description(const char *text, struct ima_kernel_key *ret)
{
	int at = 0;

	if (sscanf(text, "%31[^;];%u;%*[^;];%*[^;];%n", ret->type, &ret->uid, &at) != 2 || !at)
		return -EBADMSG;
	snprintf(ret->description, sizeof(ret->description), "%s", text + at);
	return 0;
}

struct wanted_id {
	struct ima_kernel_key *key;
	const char *description; /* uncut: where the type's own words begin */
};

/* the words are looked for behind the description, which can say anything */
static int take_words(void *user, const struct line *l)
{
	struct wanted_id *w = user;
	const size_t len = strlen(w->description);
	char word[32], id[9];

	if (l->serial != w->key->serial)
		return 0;
	if (!strncmp(l->text, w->description, len) &&
	    sscanf(l->text + len, ": %31s %8[0-9a-f] [", word, id) == 2 && strlen(id) == 8) {
		snprintf(w->key->algorithm, sizeof(w->key->algorithm), "%s", word);
		w->key->keyid = (uint32_t)strtoul(id, NULL, 16);
		w->key->has_keyid = true;
	}
	return 1;
}

int ima_kernel_key_describe(int32_t serial, struct ima_kernel_key *ret)
{
	ima_cleanup(ima_freep) char *text = NULL;
	struct ima_kernel_key key = { .serial = serial };
	int r;

	if (keyctl_describe_alloc(serial, &text) < 0)
		return -errno;
	r = parse_description(text, &key);
	if (r < 0)
		return r;
	if (!strcmp(key.type, "asymmetric")) {
		const char *description = strrchr(text, 0) - strlen(key.description);
		struct wanted_id w = { .key = &key, .description = description };

		/* without /proc/keys there is no id, and the rest is as good */
		ima_ignore(each_line(take_words, &w));
	}
	*ret = key;
	return 0;
}

int ima_kernel_keyring_each(int32_t ring, int (*fn)(void *user, const struct ima_kernel_key *key),
			    void *user)
{
	ima_cleanup(ima_freep) void *list = NULL;
	const int len = keyctl_read_alloc(ring, &list);
	struct ima_kernel_key key;
	int32_t serial;
	int r = 0;

	if (len < 0)
		return -errno;
	for (size_t at = 0; r == 0 && at + sizeof(serial) <= (size_t)len; at += sizeof(serial)) {
		memcpy(&serial, (const uint8_t *)list + at, sizeof(serial));
		r = ima_kernel_key_describe(serial, &key);
		if (r == 0)
			r = fn(user, &key);
		else if (r != -ENOMEM)
			r = 0; /* gone since, or hidden */
	}
	return r;
}

int ima_kernel_key_add(int32_t ring, const char *type, const char *description, struct ima_bytes payload,
		       int32_t *ret)
{
	const key_serial_t serial = add_key(type, description ? description : "", payload.data, payload.len, ring);

	if (serial < 0)
		return -errno;
	*ret = serial;
	return 0;
}

int ima_kernel_key_search(int32_t ring, const char *type, const char *description, int32_t *ret)
{
	const long serial = keyctl_search(ring, type, description, 0);

	if (serial < 0)
		return errno == EAGAIN || errno == ENOTDIR ? -ENOKEY : -errno;
	*ret = (int32_t)serial;
	return 0;
}

int ima_kernel_key_request(const char *type, const char *description, int32_t *ret)
{
	const key_serial_t serial = request_key(type, description, NULL, 0);

	if (serial < 0)
		return -errno;
	*ret = serial;
	return 0;
}

int ima_kernel_key_read(int32_t serial, uint8_t **ret, size_t *ret_len)
{
	void *payload;
	const int len = keyctl_read_alloc(serial, &payload);

	if (len < 0)
		return -errno;
	*ret = payload;
	*ret_len = (size_t)len;
	return 0;
}

int ima_kernel_keyring_lookup(int32_t ring, const struct ima_bytes *parts, size_t n_parts, int32_t *ret)
{
	char id[MAX_DESCRIPTION] = "id:";
	size_t at = strlen(id);

	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i].len > (sizeof(id) - 1 - at) / 2)
			return -EINVAL;
		ima_hex_encode(parts[i].data, parts[i].len, id + at);
		at += 2 * parts[i].len;
	}
	return id[3] ? ima_kernel_key_search(ring, "asymmetric", id, ret) : -EINVAL;
}

static enum ima_sig_verdict verdict_of(int error)
{
	switch (error) {
	case EINVAL:
	case EBADMSG:
	case EOVERFLOW:
	case EKEYREJECTED:
		return IMA_SIG_BAD;
	case ENOPKG:
		return IMA_SIG_NO_ALGORITHM;
	case EKEYREVOKED:
		return IMA_SIG_REVOKED;
	case ENOKEY:
	case EACCES:
	case EKEYEXPIRED:
		return IMA_SIG_NO_KEY;
	default:
		return IMA_SIG_UNCHECKED;
	}
}

/*
 * An RSA signature is as long as its modulus. Linux 6.18 was seen to pass one that lacked its last byte, when that byte still lay in the
 * memory behind it, so that the length is not left to the kernel. An ECDSA signature holds its own lengths.
 */
static enum ima_sig_verdict check_length(int32_t serial, const char *info, size_t len)
{
	struct keyctl_pkey_query about;

	if (keyctl_pkey_query(serial, info, &about) < 0)
		return verdict_of(errno);
	return len == about.max_sig_size ? IMA_SIG_GOOD : IMA_SIG_BAD;
}

enum ima_sig_verdict ima_kernel_key_verify(int32_t serial, struct ima_bytes sig,
					   const struct ima_digest *digest)
{
	const char *hash = ima_hash_name(digest->algo);
	enum ima_sig_verdict v = IMA_SIG_GOOD;
	struct ima_kernel_key key;
	char info[64];
	bool ecdsa;

	if (!hash || ima_kernel_key_describe(serial, &key) < 0)
		return IMA_SIG_NO_KEY;
	ecdsa = strstr(key.algorithm, "ecdsa");
	snprintf(info, sizeof(info), "enc=%s hash=%s", ecdsa ? "x962" : "pkcs1", hash);
	if (!ecdsa)
		v = check_length(serial, info, sig.len);
	if (v == IMA_SIG_GOOD &&
	    keyctl_pkey_verify(serial, info, digest->data, digest->len, sig.data, sig.len) < 0)
		v = verdict_of(errno);
	return v;
}
