/* SPDX-License-Identifier: BSD-2-Clause */
/* What has to stand before the first worker: folders, lock, journal, socket, hook. */
#pragma once

#include "imad/state.h"

/** struct imad_host - the supervisor's own possessions */
struct imad_host {
	struct imad_setup setup;
	struct ima_hook_opts hook_opts;
	int lock_fd;
	struct ima_hasher *hasher; /* never used: keeps the crypto library's modules loaded for every worker */
	bool no_hook; /* opening failed because no hook tier is to be had */
	char *control_path;
};

/** imad_host_open() - everything, or -errno with @diag; a message says what still works */
ima_must_check int imad_host_open(struct imad_config *c, struct imad_host *ret,
				  struct ima_diag *diag);

/** imad_host_close() - closes, removes the socket and what the run folder holds of ours */
void imad_host_close(struct imad_host *h);
