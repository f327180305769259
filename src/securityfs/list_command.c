/* SPDX-License-Identifier: BSD-2-Clause */
/* One write, one command. */
#include "securityfs/list_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"

#define TIMEOUT_MS 60000 /* a long list is replayed before it is deleted */

static int ask(const char *control_path, json_t *request)
{
	struct ima_control *c = NULL;
	json_t *reply = NULL;
	int r = request ? ima_control_open(control_path, &c) : -ENOMEM;

	if (r == 0)
		r = ima_control_call(c, request, TIMEOUT_MS, &reply, NULL);
	ima_control_free(c);
	json_decref(request);
	json_decref(reply);
	return r == -ECONNRESET || r == -ECONNREFUSED || r == -ETIMEDOUT || r == -EPROTO ? -EIO : r;
}

int ima_list_command(const char *control_path, bool staged, struct ima_bytes text)
{
	char word[22];
	unsigned long long n;
	char *end;

	if (text.len < 2 || text.len > 21 || text.data[text.len - 1] != '\n')
		return -EINVAL;
	memcpy(word, text.data, text.len - 1);
	word[text.len - 1] = 0;
	if (staged && !strcmp(word, "A"))
		return ask(control_path, json_pack("{s:s}", "op", "stage"));
	if (staged && !strcmp(word, "D"))
		return ask(control_path, json_pack("{s:s}", "op", "drop_staged"));
	if (staged || word[0] < '0' || word[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(word, &end, 10);
	if (errno || *end || !n)
		return -EINVAL;
	if (n > INT64_MAX)
		return -ENOENT;
	return ask(control_path, json_pack("{s:s, s:I}", "op", "trim", "n", (json_int_t)n));
}
