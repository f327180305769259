/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines as scripts know them. A file's lines are kept together until its turn has come. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/hex.h"

static void say(struct imactl_file_result *res, const char *fmt, va_list ap)
{
	ima_cleanup(ima_freep) char *text = NULL;

	if (!res)
		vfprintf(stderr, fmt, ap);
	else if (vasprintf(&text, fmt, ap) < 0 || ima_buffer_append_str(&res->err, text) < 0)
		res->status = IMACTL_FILE_UNABLE;
}

void evmctl_say(struct imactl_file_result *res, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(res, fmt, ap);
	va_end(ap);
}

const char *evmctl_hex(const uint8_t *digest, size_t len, char ret[static EVMCTL_HEX])
{
	ima_hex_encode(digest, len, ret);
	ret[2 * len] = 0;
	return ret;
}

static char *hex_of(struct ima_bytes bytes)
{
	struct ima_buffer b = { 0 };

	if (ima_buffer_append_hex(&b, bytes.data, bytes.len) < 0 || ima_buffer_append_str(&b, "\n") < 0) {
		ima_buffer_done(&b);
		return NULL;
	}
	return (char *)b.data;
}

void evmctl_say_hex(struct imactl_file_result *res, const char *prefix, struct ima_bytes bytes)
{
	ima_cleanup(ima_freep) char *hex = hex_of(bytes);

	evmctl_say(res, "%s%s", prefix, hex ? hex : "out of memory\n");
}

void evmctl_print_hex(struct imactl_file_result *res, struct ima_bytes bytes)
{
	ima_cleanup(ima_freep) char *hex = hex_of(bytes);

	if (!hex || ima_buffer_append_str(&res->out, hex) < 0)
		res->status = IMACTL_FILE_UNABLE;
}

void evmctl_say_digest(const struct evmctl *e, struct imactl_file_result *res, const struct ima_digest *d)
{
	evmctl_say(res, "hash(%s): ", d->algo == e->algo ? e->algo_name : ima_hash_name(d->algo));
	evmctl_say_hex(res, "", (struct ima_bytes){ d->data, d->len });
}

static void say_errno(struct imactl_file_result *res, int error)
{
	if (error < 0)
		evmctl_say(res, "errno: %s (%d)\n", strerror(-error), -error);
}

int evmctl_fail(int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	say_errno(NULL, error);
	return EVMCTL_UNABLE;
}

void evmctl_file_fail(struct imactl_file_result *res, int error, const char *fmt, ...)
{
	va_list ap;

	if (error == -ECANCELED || error == -EXDEV) {
		res->status = error == -EXDEV ? IMACTL_FILE_SKIPPED : IMACTL_FILE_LEFT;
		return;
	}
	va_start(ap, fmt);
	say(res, fmt, ap);
	va_end(ap);
	evmctl_say(res, "\n");
	say_errno(res, error);
	res->status = IMACTL_FILE_UNABLE;
}
