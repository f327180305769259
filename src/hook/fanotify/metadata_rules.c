/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate is to know of EVM: its mode, and the attributes that it covers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hook/fanotify/metadata_rules.h"

struct rules_call {
	struct ima_gate_rules *rules;
	struct ima_gate_name names[IMA_EVM_MAX_NAMES];
	size_t n;
};

static int take_rules(const struct ima_evm *e, void *arg)
{
	struct rules_call *c = arg;

	c->rules->evm = IMA_GATE_EVM_ON | (e->fix ? IMA_GATE_EVM_FIX : 0);
	c->rules->evm_mode = e->mode;
	c->rules->evm_version = e->version;
	for (size_t i = 0; i < e->n_names; i++)
		if (e->names[i].enabled)
			strcpy(c->names[c->n++].text, e->names[i].name);
	return 0;
}

int ima_fan_metadata_rules(struct ima_fan *f, struct ima_monitor *m, struct ima_gate_rules *rules)
{
	struct rules_call *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->rules = rules;
	r = ima_monitor_evm_call(m, take_rules, c);
	if (rules->evm && ima_monitor_is_enforcing(m))
		rules->evm |= IMA_GATE_EVM_REFUSE | (f->opts.fail_closed ? IMA_GATE_EVM_CLOSED : 0);
	if (rules->evm && f->opts.lsm != IMA_LSM_SELINUX && f->opts.lsm != IMA_LSM_SMACK)
		rules->evm |= IMA_GATE_EVM_BARE;
	if (r == 0)
		r = ima_gate_cover(f->gate, c->names, c->n);
	free(c);
	return r;
}
