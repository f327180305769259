/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as rules, in every behaviour: what is accepted and shown is accepted again, and shown alike. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ima/policy.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	const struct ima_policy *p;
	const struct ima_policy_event *ev;
};

static void explain(void *user, const struct ima_policy_step *step)
{
	struct ima_buffer rule = { 0 }, why = { 0 };
	const struct told *t = user;

	if (ima_policy_step_text(t->p, step, t->ev, &rule, &why) < 0 || !why.len)
		abort();
	ima_buffer_done(&rule);
	ima_buffer_done(&why);
}

static void found(void *user, const struct ima_lint_finding *f)
{
	if (!f->line || !f->text[0])
		abort();
}

/* every line has its audit text, wrong ones too */
static void audit(struct ima_policy *p, const uint8_t *data, size_t size)
{
	struct ima_buffer text = { 0 };

	if (ima_policy_begin(p) < 0)
		abort();
	while (size) {
		const uint8_t *nl = memchr(data, '\n', size);
		const size_t len = nl ? (size_t)(nl - data) : size;

		ima_ignore(ima_policy_add_line_audited(p, (struct ima_bytes){ data, len }, &text, NULL));
		text.len = 0;
		data += len + (nl != NULL);
		size -= len + (nl != NULL);
	}
	ima_policy_abort(p);
	ima_buffer_done(&text);
}

static int load(enum ima_profile profile, struct ima_bytes text, struct ima_buffer *shown)
{
	const struct ima_policy_opts opts = { .profile = profile, .lsm_available = true };
	const struct ima_policy_event ev = { .func = IMA_FUNC_FILE_CHECK, .mask = 4,
					     .has_inode = true, .fsname = "ext4" };
	struct ima_policy_result res;
	struct ima_policy *p;
	int r;

	if (ima_policy_new(&opts, &p) < 0)
		abort();
	r = ima_policy_load(p, text, NULL);
	if (r == 0) {
		ima_policy_match(p, &ev, 0, &res);
		ima_policy_explain(p, &ev, &res, explain, &(struct told){ p, &ev });
		ima_policy_lint(p, found, NULL);
		ima_ignore(ima_policy_scope(p, &ev));
		ima_ignore(ima_policy_pending(p, &ev, 0, 0, 10));
		if (ima_policy_show(p, shown) < 0)
			abort();
	}
	audit(p, text.data, text.len);
	ima_policy_free(p);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned int profile = 0; profile < IMA_PROFILE__LAST; profile++) {
		struct ima_buffer a = { 0 }, b = { 0 };

		/* names over 63 characters are shown cut, ids as signed numbers, and old kernels show sigv3 in an order that
		 * they do not read: only the newest behaviour without those promises a round trip */
		if (load((enum ima_profile)profile, (struct ima_bytes){ data, size }, &a) == 0 && a.len &&
		    profile == IMA_PROFILE_NEWEST &&
		    load((enum ima_profile)profile, ima_buffer_bytes(&a), &b) == 0 &&
		    (a.len != b.len || memcmp(a.data, b.data, a.len)))
			abort();
		ima_buffer_done(&a);
		ima_buffer_done(&b);
	}
	return 0;
}
