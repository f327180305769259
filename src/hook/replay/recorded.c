/* SPDX-License-Identifier: BSD-2-Clause */
/* Being the file that the monitor asks about: what the event says of it is all that is known. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "hook/replay/recorded_internal.h"

struct ima_recorded *ima_recorded_free(struct ima_recorded *r)
{
	if (r) {
		free(r->path.data);
		free(r->data.data);
		free(r->content.data);
		json_decref(r->json);
		free(r);
	}
	return NULL;
}

static int says_writers(void *user)
{
	return ((const struct ima_recorded *)user)->writers;
}

static int says_readers(void *user)
{
	return ((const struct ima_recorded *)user)->readers;
}

static int says_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo,
		       struct ima_digest *ret)
{
	const struct ima_recorded *r = user;

	if (r->error)
		return -r->error;
	for (size_t i = 0; i < r->n_digests; i++) {
		if (r->digests[i].algo != algo)
			continue;
		*ret = r->digests[i];
		return 0;
	}
	if (!r->has_content)
		return -ENODATA;
	return ima_hash_bytes(h, algo, (struct ima_bytes){ r->content.data, r->content.len }, ret);
}

int ima_recorded_hex(const char *text, struct ima_recorded_bytes *ret)
{
	const size_t len = strlen(text);
	uint8_t *data = malloc(len / 2 + 1);

	if (!data)
		return -ENOMEM;
	if (ima_hex_decode(text, len, data) < 0) {
		free(data);
		return -EINVAL;
	}
	*ret = (struct ima_recorded_bytes){ data, len / 2 };
	return 0;
}

static int says_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct ima_recorded *r = user;
	const char *hex = json_string_value(
		json_object_get(json_object_get(r->json, "xattrs"), name));
	struct ima_recorded_bytes value;
	int e = hex ? ima_recorded_hex(hex, &value) : -ENODATA;

	if (e == 0) {
		*ret = value.data;
		*ret_len = value.len;
	}
	return e;
}

const struct ima_file_ops ima_recorded_ops = {
	.has_writers = says_writers,
	.has_readers = says_readers,
	.digest = says_digest,
	.xattr = says_xattr,
};

enum ima_recorded_kind ima_recorded_kind(const struct ima_recorded *r)
{
	return r->kind;
}

const struct ima_file_event *ima_recorded_file(const struct ima_recorded *r)
{
	return r->kind == IMA_RECORDED_FILE ? &r->file : NULL;
}

const struct ima_buffer_event *ima_recorded_buffer(const struct ima_recorded *r)
{
	return r->kind == IMA_RECORDED_BUFFER ? &r->buffer : NULL;
}

void ima_recorded_run(const struct ima_recorded *r, struct ima_monitor *m, struct ima_hasher *h,
		      struct ima_outcome *ret)
{
	const struct ima_digest none = { 0 };

	*ret = (struct ima_outcome){ 0 };
	switch (r->kind) {
	case IMA_RECORDED_FILE:
		ima_monitor_file(m, h, &r->file, ret);
		break;
	case IMA_RECORDED_BUFFER:
		ret->error = ima_monitor_buffer(m, h, &r->buffer);
		if (ret->error == 0)
			ret->action = ret->done = IMA_ACTION_MEASURE;
		else if (ret->error == -ENOENT)
			ret->error = 0;
		break;
	case IMA_RECORDED_BOOT_AGGREGATE:
		ret->error = ima_monitor_boot_aggregate(m, h, &r->digests[0], &none);
		ret->action = ret->done = IMA_ACTION_MEASURE;
		break;
	}
}
