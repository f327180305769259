/* SPDX-License-Identifier: BSD-2-Clause */
/* A TCTI whose other end is imad: every command is one request on the control socket, so that the same ESYS code quotes with its TPM. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/hex.h"
#include "control/control.h"
#include "core/pcr/tpm_tss2.h"
#include "imactl/tpm_source.h"

#define TCTI_MAGIC 0x494d41435452544cULL /* "IMACTRTL" */
#define ANSWER_MS 120000                 /* some TPMs take that long to make an RSA key */

struct control_tcti {
	TSS2_TCTI_CONTEXT_COMMON_V1 common;
	struct ima_control *control; /* owned */
	uint8_t response[IMA_TPM_COMMAND_MAX];
	size_t response_len; /* waiting for receive(), 0: none */
	struct ima_diag diag; /* of the first failure */
};

static TSS2_RC take_response(struct control_tcti *t, const json_t *reply)
{
	const json_t *hex = json_object_get(reply, "response");
	const size_t n = json_string_length(hex);

	if (!n || n / 2 > sizeof(t->response) || ima_hex_decode(json_string_value(hex), n, t->response) < 0)
		return TSS2_TCTI_RC_IO_ERROR;
	t->response_len = n / 2;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *ctx, size_t size, const uint8_t *command)
{
	struct control_tcti *t = (struct control_tcti *)ctx;
	char hex[2 * IMA_TPM_COMMAND_MAX];
	json_t *request, *reply = NULL;
	TSS2_RC rc = TSS2_TCTI_RC_IO_ERROR;

	if (t->response_len)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	if (size > IMA_TPM_COMMAND_MAX)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	ima_hex_encode(command, size, hex);
	request = json_pack("{s:s, s:s%}", "op", "tpm", "command", hex, 2 * size);
	if (request && ima_control_call(t->control, request, ANSWER_MS, &reply, &t->diag) == 0)
		rc = take_response(t, reply);
	json_decref(request);
	json_decref(reply);
	return rc;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *ctx, size_t *size, uint8_t *response, int32_t timeout_ms)
{
	struct control_tcti *t = (struct control_tcti *)ctx;
	const size_t room = *size;

	if (!t->response_len)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	*size = t->response_len;
	if (!response)
		return TSS2_RC_SUCCESS;
	if (room < t->response_len)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	memcpy(response, t->response, t->response_len);
	t->response_len = 0;
	return TSS2_RC_SUCCESS;
}

static void finalize(TSS2_TCTI_CONTEXT *ctx)
{
	struct control_tcti *t = (struct control_tcti *)ctx;

	t->control = ima_control_free(t->control);
}

int imactl_tpm_control(const char *control, struct ima_tpm **ret, struct ima_diag *diag)
{
	struct control_tcti *t = calloc(1, sizeof(*t));
	int r = t ? ima_control_open(control, &t->control) : -ENOMEM;

	if (r < 0) {
		free(t);
		return ima_diag_text(diag, r, "no daemon answers: %s", strerror(-r));
	}
	t->common.magic = TCTI_MAGIC;
	t->common.version = 1;
	t->common.transmit = transmit;
	t->common.receive = receive;
	t->common.finalize = finalize;
	r = ima_tpm_adopt_tss2((TSS2_TCTI_CONTEXT *)t, "imad", ret, diag);
	if (r < 0) {
		/* the daemon's words say more than the TSS's */
		if (t->diag.text[0] && diag)
			*diag = t->diag;
		finalize((TSS2_TCTI_CONTEXT *)t);
		free(t);
	}
	return r;
}
