/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which files EVM takes for new: their metadata may be set for the first time. */
#pragma once

#include "core/evm/change.h"

#include "gate.bpf.h"

#define EVM_OWN_NEW 609 /* from here on only mknod(2) makes what EVM takes for new; before, every open that makes a file and is appraised */

/* a file that was made just now: nobody could have given it an attribute yet */
static __always_inline void note_made(struct inode *inode, struct ima_gate_config *cfg, bool made)
{
	struct ima_gate_live *l;

	if (!(cfg->evm & IMA_GATE_EVM_ON))
		return;
	l = live_of(inode, true);
	if (!l)
		return;
	if (cfg->evm & IMA_GATE_EVM_BARE) {
		l->evm = IMA_GATE_EVM(IMA_INTEGRITY_NOXATTRS);
		l->evm_epoch = cfg->epoch;
	}
	l->made = made;
}
