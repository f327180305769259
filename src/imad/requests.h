/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon answers on its control socket; one function an operation. */
#pragma once

#include <jansson.h>

#include "base/buffer.h"
#include "imad/who.h"
#include "imad/state.h"

/** struct imad_upload - a policy upload of one connection: lines are tried at once and take effect together */
struct imad_upload {
	bool open;
	bool poisoned;
	struct ima_buffer text; /* lines taken so far */
	int peer;               /* process of the connection */
	struct imad_who who;    /* gives the policy */
	bool has_tpm; /* not of the upload: the connection uses the TPM */
};

/** imad_upload_abort() - nothing of it stays but what belongs to the connection */
void imad_upload_abort(struct imad_worker *w, struct imad_upload *u);

/** imad_request() - a new reply object, NULL only without memory */
json_t *imad_request(struct imad_worker *w, struct imad_upload *u, const json_t *request);

/** imad_status() - the "status" reply */
json_t *imad_status(struct imad_worker *w);
