/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as recorded events, driven through a policy into a list. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hook/replay/memory_list.h"
#include "hook/replay/recorded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ima_policy *policy(void)
{
	static const char rules[] = "dont_measure fsmagic=0x9fa0\nmeasure func=BPRM_CHECK pcr=11 template=ima-sigv2\n"
				    "measure func=KEY_CHECK\nmeasure func=CRITICAL_DATA label=a|b\nmeasure func=FILE_CHECK uid=0\n"
				    "audit fowner>5\nappraise func=MMAP_CHECK\nmeasure template=evm-sig obj_type=x\n";
	const struct ima_policy_opts opts = { .lsm_available = true };
	struct ima_policy *p;

	if (ima_policy_new(&opts, &p) < 0 ||
	    ima_policy_load(p, (struct ima_bytes){ (const uint8_t *)rules, strlen(rules) }, NULL) < 0)
		abort();
	return p;
}

static void run(struct ima_monitor *m, struct ima_hasher *h, struct ima_bytes text)
{
	while (text.len) {
		const uint8_t *nl = memchr(text.data, '\n', text.len);
		const size_t len = nl ? (size_t)(nl - text.data) : text.len;
		struct ima_recorded *e = NULL;
		struct ima_outcome out;
		struct ima_diag diag = { 0 };
		int r = ima_recorded_parse((struct ima_bytes){ text.data, len }, &e, &diag);

		if (r == 1)
			ima_recorded_run(e, m, h, &out);
		else if (r == -EINVAL && !diag.text[0])
			abort(); /* a refusal says why */
		ima_recorded_free(e);
		text.data += len + (nl != NULL);
		text.len -= len + (nl != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ima_hasher *h;
	static struct ima_policy *p;
	struct ima_memory_list *list = NULL;
	struct ima_monitor *m = NULL;
	struct ima_monitor_opts mo = { .templ = ima_template_builtin("ima-sig", 7), .hash = IMA_HASH_SHA256, .pcr = 10 };

	if (!h && (ima_hasher_new(&h) < 0 || !(p = policy())))
		abort();
	if (ima_memory_list_new(IMA_HASH_SHA256, &list) < 0)
		abort();
	mo.policy = p;
	mo.mlist = list->list;
	if (ima_monitor_new(&mo, &m) < 0)
		abort();
	run(m, h, (struct ima_bytes){ data, size });
	ima_monitor_free(m);
	ima_memory_list_free(list);
	return 0;
}
