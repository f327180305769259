/* SPDX-License-Identifier: BSD-2-Clause */
/* The mode is a number either way; names go out as they are covered and come in one at a time. */
#include "securityfs/evm_file.h"

#include <errno.h>

#include "base/hex.h"
#include "control/control.h"

#define TIMEOUT_MS 10000

static int ask(const char *control_path, json_t *request, json_t **ret)
{
	struct ima_control *c = NULL;
	int r = request ? ima_control_open(control_path, &c) : -ENOMEM;

	if (r < 0 && request)
		r = -EIO;
	else if (request)
		r = ima_control_call(c, request, TIMEOUT_MS, ret, NULL);
	ima_control_free(c);
	json_decref(request);
	return r == -ECONNRESET || r == -ETIMEDOUT || r == -EPROTO ? -EIO : r;
}

int ima_evm_file_read(const char *control_path, struct ima_buffer *out)
{
	json_t *reply = NULL, *mode;
	int r = ask(control_path, json_pack("{s:s}", "op", "status"), &reply);

	mode = json_object_get(json_object_get(reply, "appraisal"), "evm");
	if (r == 0)
		r = json_is_integer(mode) ? ima_buffer_printf(out, "%lld", (long long)json_integer_value(mode)) : -EIO;
	json_decref(reply);
	return r;
}

int ima_evm_file_write(const char *control_path, struct ima_bytes text)
{
	json_t *reply = NULL;
	int r;

	if (!text.len || text.len > 31)
		return -EINVAL;
	r = ask(control_path, json_pack("{s:s, s:s%}", "op", "evm_write", "text", (const char *)text.data, text.len),
		&reply);
	json_decref(reply);
	return r == -ENOMEM ? -EINVAL : r; /* bytes that are no text are no number */
}

int ima_evm_names_file_read(const char *control_path, struct ima_buffer *out)
{
	json_t *reply = NULL, *text;
	int r = ask(control_path, json_pack("{s:s}", "op", "evm_names"), &reply);

	text = json_object_get(reply, "text");
	if (r == 0)
		r = ima_buffer_append(out, json_string_value(text), json_string_length(text));
	json_decref(reply);
	return r;
}

int ima_evm_names_file_write(const char *control_path, struct ima_bytes text)
{
	char hex[2 * IMA_EVM_NAME_LEN + 1];
	json_t *reply = NULL;
	int r;

	if (text.len > IMA_EVM_NAME_LEN)
		return -E2BIG;
	ima_hex_encode(text.data, text.len, hex);
	hex[2 * text.len] = 0;
	r = ask(control_path, json_pack("{s:s, s:s}", "op", "evm_name", "name", hex), &reply);
	json_decref(reply);
	return r;
}
