/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing one binary record; every length is checked against a limit before it is believed. */
#include "core/mlist/record_parse.h"

#include <errno.h>
#include <string.h>

#define LEGACY_DIGEST_LEN 20

static int need(struct ima_reader *in, size_t n, struct ima_bytes *ret)
{
	return ima_read_bytes(in, n, ret) < 0 ? -ENODATA : 0;
}

static int need_length(struct ima_reader *in, uint32_t max, uint32_t *ret)
{
	if (ima_read_u32(in, ret) < 0)
		return -ENODATA;
	return *ret > max ? -EBADMSG : 0;
}

/* bare digest, u32 name length, name: turned into the form that all other templates have */
static int parse_legacy(struct ima_reader *in, struct ima_buffer *scratch, struct ima_bytes *ret)
{
	struct ima_bytes digest, name;
	uint32_t len;
	int r = need(in, LEGACY_DIGEST_LEN, &digest);

	if (r == 0)
		r = need_length(in, IMA_TEMPLATE_LEGACY_NAME_LEN - 1, &len);
	if (r == 0)
		r = need(in, len, &name);
	if (r < 0)
		return r;
	scratch->len = 0;
	r = ima_buffer_append_u32(scratch, LEGACY_DIGEST_LEN);
	if (r == 0)
		r = ima_buffer_append(scratch, digest.data, digest.len);
	if (r == 0)
		r = ima_buffer_append_u32(scratch, len + 1);
	if (r == 0)
		r = ima_buffer_append(scratch, name.data, name.len);
	if (r == 0)
		r = ima_buffer_append_u8(scratch, 0);
	*ret = ima_buffer_bytes(scratch);
	return r;
}

static int parse_data(struct ima_reader *in, struct ima_bytes *ret)
{
	uint32_t len;
	int r = need_length(in, IMA_RECORD_MAX, &len);

	return r < 0 ? r : need(in, len, ret);
}

int ima_record_parse(struct ima_reader *in, size_t digest_len, struct ima_buffer *scratch,
		     struct ima_record *ret)
{
	struct ima_reader cur = *in;
	struct ima_record rec = { 0 };
	uint32_t name_len;
	int r;

	if (ima_read_u32(&cur, &rec.pcr) < 0)
		return -ENODATA;
	r = need(&cur, digest_len, &rec.digest);
	if (r == 0)
		r = need_length(&cur, IMA_TEMPLATE_NAME_MAX, &name_len);
	if (r == 0)
		r = name_len ? need(&cur, name_len, &rec.name) : -EBADMSG;
	if (r < 0)
		return r;
	if (rec.name.len == 3 && !memcmp(rec.name.data, "ima", 3))
		r = parse_legacy(&cur, scratch, &rec.data);
	else
		r = parse_data(&cur, &rec.data);
	if (r < 0)
		return r;
	*in = cur;
	*ret = rec;
	return 0;
}
