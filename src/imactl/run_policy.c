/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of "imactl run": tcb for everybody, since the command's user is seldom root. */
#include "imactl/run_policy.h"

#include <errno.h>
#include <string.h>

#include "base/buffer.h"

/* takes "uid=0 " or "euid=0 " out of a read-back line; true: it had one */
static bool drop_word(char *line, const char *word)
{
	char *at = strstr(line, word);

	if (!at || (at > line && at[-1] != ' '))
		return false;
	memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
	return true;
}

static int add_line(struct ima_buffer *out, char *line)
{
	const size_t before = out->len;
	int r;

	/* tcb says the same twice, for the effective and for the real user */
	if (!drop_word(line, "euid=0 "))
		ima_ignore(drop_word(line, "uid=0 "));
	r = ima_buffer_printf(out, "%s\n", line);
	if (r == 0 && strstr((const char *)out->data, line) != (const char *)out->data + before)
		out->data[out->len = before] = 0;
	return r;
}

static int rules_for_everybody(const struct ima_policy *tcb, struct ima_buffer *out)
{
	struct ima_buffer text = { 0 };
	char *line, *rest;
	int r = ima_policy_show(tcb, &text);

	for (line = r == 0 ? (char *)text.data : NULL; line && *line && r == 0; line = rest) {
		rest = line + strcspn(line, "\n");
		if (*rest)
			*rest++ = 0;
		r = add_line(out, line);
	}
	ima_buffer_done(&text);
	return r;
}

int run_policy_default(struct ima_policy *p)
{
	const struct ima_policy_opts opts = { .profile = IMA_PROFILE_NEWEST };
	struct ima_policy *tcb = NULL;
	struct ima_buffer rules = { 0 };
	struct ima_diag diag = { 0 };
	int r = ima_policy_new(&opts, &tcb);

	if (r == 0)
		r = ima_policy_builtin(tcb, "tcb", &diag);
	if (r == 0)
		r = rules_for_everybody(tcb, &rules);
	if (r == 0)
		r = ima_policy_load(p, ima_buffer_bytes(&rules), &diag);
	ima_buffer_done(&rules);
	ima_policy_free(tcb);
	return r;
}
