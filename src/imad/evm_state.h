/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was written to the files "evm" and "evm_xattrs": it holds until this imad ends, whichever worker answers. The supervisor's memory keeps
 * it; the key itself stays with the worker.
 */
#pragma once

#include <jansson.h>

#include "core/evm/evm.h"

struct imad_worker;

/** struct imad_evm_state - the list of names and the mode, as they were written last; all zero: nothing was written */
struct imad_evm_state {
	bool written;
	uint32_t mode;
	bool names_locked;
	size_t n_names;
	struct ima_evm_name names[IMA_EVM_MAX_NAMES];
};

/** imad_evm_restore() - what an earlier worker was told. The HMAC is in use only where there is a key */
void imad_evm_restore(const struct imad_evm_state *s, struct ima_evm *evm);

/* control operations; the reply */
json_t *imad_evm_mode_write(struct imad_worker *w, const json_t *req);
json_t *imad_evm_name_add(struct imad_worker *w, const json_t *req);
json_t *imad_evm_names(struct imad_worker *w);
