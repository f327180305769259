/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks are told apart by their first lines alone; whether one is a certificate is for the parser to say. */
#include "imactl/certs.h"

#include <string.h>

#define BEGIN "-----BEGIN "
#define IS_CERT "CERTIFICATE-----" /* also X509 CERTIFICATE, TRUSTED CERTIFICATE; no request */
#define DER_SEQUENCE 0x30

static const uint8_t *find(struct ima_bytes in, const char *text)
{
	return in.len ? memmem(in.data, in.len, text, strlen(text)) : NULL;
}

/* from its first line to the next block's */
static bool next_block(struct ima_bytes *rest, struct ima_bytes *ret)
{
	const uint8_t *at = find(*rest, BEGIN), *next;
	size_t left;

	if (!at)
		return false;
	left = (size_t)(rest->data + rest->len - at);
	next = find((struct ima_bytes){ at + 1, left - 1 }, BEGIN);
	*ret = (struct ima_bytes){ at, next ? (size_t)(next - at) : left };
	*rest = (struct ima_bytes){ at + ret->len, left - ret->len };
	return true;
}

static bool is_cert(struct ima_bytes block)
{
	const uint8_t *end = memchr(block.data, '\n', block.len);

	return find((struct ima_bytes){ block.data, end ? (size_t)(end - block.data) : block.len }, IS_CERT);
}

bool imactl_certs_next(struct imactl_certs *c, struct ima_bytes *ret)
{
	const struct ima_bytes whole = c->rest;

	while ((!whole.len || whole.data[0] != DER_SEQUENCE) && next_block(&c->rest, ret))
		if (is_cert(*ret)) {
			c->any = true;
			return true;
		}
	if (c->any)
		return false;
	*ret = whole;
	c->any = true;
	c->rest.len = 0;
	return true;
}
