/* SPDX-License-Identifier: BSD-2-Clause */
/* Keylime's verifiers parse four templates and one PCR; a line of any other fails the whole host there. Said once, at start. */
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "core/policy/rule.h"
#include "imad/worker.h"

static bool is_parsed(const struct ima_template *t)
{
	static const char *const names[] = { "ima", "ima-ng", "ima-sig", "ima-buf" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++)
		if (!strcmp(ima_template_display_name(t), names[i]))
			return true;
	return false;
}

static void warn_template(struct imad_worker *w, const struct ima_template *t)
{
	imad_say(w, LOG_WARNING, "template %s: Keylime's verifiers cannot parse it and would refuse this host; they take ima, ima-ng, ima-sig and ima-buf",
		 ima_template_display_name(t));
}

static void warn_pcr(struct imad_worker *w, unsigned int pcr)
{
	imad_say(w, LOG_WARNING, "PCR %u: Keylime's verifiers take PCR 10 alone and would refuse this host", pcr);
}

void imad_keylime_warn(struct imad_worker *w)
{
	size_t n;
	struct ima_rule *const *rules = ima_policy_rules(w->policy, &n);
	const unsigned int pcr = w->setup->config->pcr;

	if (!is_parsed(w->templ))
		warn_template(w, w->templ);
	if (pcr != IMA_PCR_DEFAULT)
		warn_pcr(w, pcr);
	for (size_t i = 0; i < n; i++) {
		if (rules[i]->templ && rules[i]->templ != w->templ && !is_parsed(rules[i]->templ))
			warn_template(w, rules[i]->templ);
		if (rules[i]->given & RULE_PCR && rules[i]->pcr != IMA_PCR_DEFAULT && rules[i]->pcr != (int)pcr)
			warn_pcr(w, (unsigned int)rules[i]->pcr);
	}
}
