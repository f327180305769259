/* SPDX-License-Identifier: BSD-2-Clause */
/* write(2) semantics of the kernel's policy file, carried over the control socket. */
#include "securityfs/policy_file.h"

#include <errno.h>
#include <string.h>

#define TIMEOUT_MS 10000
#define WRITE_MAX 4095

static int call(struct ima_control *c, json_t *request, json_t **ret)
{
	json_t *reply = NULL;
	int r = request ? ima_control_call(c, request, TIMEOUT_MS, &reply, NULL) : -ENOMEM;

	json_decref(request);
	if (ret && r == 0)
		*ret = reply;
	else
		json_decref(reply);
	return r == -ECONNRESET || r == -ETIMEDOUT || r == -EPROTO ? -EIO : r;
}

static int open_control(const char *path, struct ima_control **ret)
{
	return ima_control_open(path, ret) < 0 ? -EIO : 0;
}

int ima_policy_file_read(const char *control_path, struct ima_policy_handle *h)
{
	struct ima_control *c = NULL;
	json_t *reply = NULL, *text;
	int r = open_control(control_path, &c);

	if (r == 0)
		r = call(c, json_pack("{s:s}", "op", "policy_show"), &reply);
	text = json_object_get(reply, "text");
	if (r == 0)
		r = json_is_string(text) ? ima_buffer_append(&h->text, json_string_value(text),
							     json_string_length(text))
					 : -EIO;
	json_decref(reply);
	ima_control_free(c);
	return r;
}

int ima_policy_file_begin(const char *control_path, int pid, struct ima_policy_handle *h)
{
	int r = open_control(control_path, &h->control);

	if (r == 0)
		r = call(h->control, json_pack("{s:s, s:i}", "op", "policy_begin", "pid", pid), NULL);
	if (r < 0)
		h->control = ima_control_free(h->control);
	return r;
}

static json_t *text_request(const char *op, const char *key, struct ima_bytes text)
{
	return json_pack("{s:s, s:s%}", "op", op, key, (const char *)text.data, text.len);
}

ssize_t ima_policy_file_write(struct ima_policy_handle *h, struct ima_bytes data)
{
	const uint8_t *nul, *nl;
	struct ima_bytes line;
	size_t taken;
	int r;

	if (data.len > WRITE_MAX)
		data.len = WRITE_MAX;
	nul = data.len ? memchr(data.data, 0, data.len) : NULL;
	if (nul)
		data.len = (size_t)(nul - data.data);
	nl = data.len ? memchr(data.data, '\n', data.len) : NULL;
	line = (struct ima_bytes){ data.data, nl ? (size_t)(nl - data.data) : data.len };
	if (line.len && line.data[0] == '/') {
		r = call(h->control, text_request("policy_path", "path", line), NULL);
		taken = data.len;
	} else {
		r = call(h->control, text_request("policy_line", "line", line), NULL);
		taken = line.len + (nl != NULL);
	}
	/* bytes that are not UTF-8 cannot be a rule */
	if (r == -ENOMEM)
		r = -EINVAL;
	return r < 0 ? r : (ssize_t)taken;
}

void ima_policy_file_close(struct ima_policy_handle *h)
{
	if (h->control)
		ima_ignore(call(h->control, json_pack("{s:s}", "op", "policy_commit"), NULL));
	h->control = ima_control_free(h->control);
	ima_buffer_done(&h->text);
}
