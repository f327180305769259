/* SPDX-License-Identifier: BSD-2-Clause */
/* What another kernel measured before it handed over by kexec. */
#pragma once

#include "imad/state.h"

/** imad_list_restore() - when the journal is fresh and the settings name a list; entries before a damaged one are taken, as the kernel does */
ima_must_check int imad_list_restore(struct imad_worker *w, struct ima_diag *diag);
