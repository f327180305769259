/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TPM belongs to the worker (the embedded one lives in it), and a quote has to come from there. Commands pass as they are, when they are
 * among those that quoting and enrolling need: none of them changes a PCR, a policy or what others keep in the TPM, but for the
 * endorsement key's own handle.
 *
 * Promise: the heart goes on beating while the TPM thinks (making an RSA key takes seconds on some).
 */
#include "imad/tpm_pass.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/reader.h"
#include "control/control.h"

#define BEAT_NS 100000000L
#define EK_HANDLE 0x81010001U
#define EVICT_CONTROL 0x120U
#define EVICT_LEN 35 /* tag 2, size 4, code 4, two handles, an empty password's area 4 + 9, the new handle */

static bool is_allowed(uint32_t code)
{
	static const uint32_t codes[] = {
		0x131, /* CreatePrimary */     0x153, /* Create */        0x157, /* Load */
		0x165, /* FlushContext */      0x158, /* Quote */         0x173, /* ReadPublic */
		0x14e, /* NV_Read */           0x169, /* NV_ReadPublic */ 0x17a, /* GetCapability */
		0x17e, /* PCR_Read */          0x176, /* StartAuthSession */ 0x151, /* PolicySecret */
		0x147, /* ActivateCredential */ 0x181, /* ReadClock */    0x148, /* Certify */
		0x17b, /* GetRandom */
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* EvictControl: only to put a new object at the endorsement key's handle; the TPM itself refuses when there is one */
static bool is_ek_evict(struct ima_bytes c)
{
	struct ima_reader in = ima_reader_init(c, IMA_ORDER_BIG);
	struct ima_bytes head;
	uint32_t object, persistent;

	return ima_read_bytes(&in, 14, &head) == 0 && ima_read_u32(&in, &object) == 0 && object >> 24 == 0x80 &&
	       c.len == EVICT_LEN && ima_read_bytes(&in, 13, &head) == 0 &&
	       ima_read_u32(&in, &persistent) == 0 && persistent == EK_HANDLE;
}

static bool may_pass(struct ima_bytes c)
{
	struct ima_reader in = ima_reader_init(c, IMA_ORDER_BIG);
	struct ima_bytes head;
	uint32_t code;

	if (ima_read_bytes(&in, 6, &head) < 0 || ima_read_u32(&in, &code) < 0)
		return false;
	return is_allowed(code) || (code == EVICT_CONTROL && is_ek_evict(c));
}

struct job {
	struct ima_tpm *tpm;
	struct ima_bytes command;
	uint8_t response[IMA_TPM_COMMAND_MAX];
	size_t response_len;
	int result;
};

static void *run(void *arg)
{
	struct job *j = arg;

	j->result = ima_tpm_command(j->tpm, j->command, j->response, &j->response_len);
	return NULL;
}

static int run_beating(struct imad_worker *w, struct job *j)
{
	struct timespec until;
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, j))
		return -EAGAIN;
	do {
		atomic_fetch_add(&w->setup->shared->heartbeat, 1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += BEAT_NS;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
	} while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
	return j->result;
}

static json_t *reply_of(const struct job *j)
{
	char hex[2 * IMA_TPM_COMMAND_MAX];

	ima_hex_encode(j->response, j->response_len, hex);
	return json_pack("{s:b, s:s%}", "ok", 1, "response", hex, 2 * j->response_len);
}

static int take_owner(struct imad_worker *w, bool *owns)
{
	if (*owns)
		return 0;
	if (w->tpm_is_lent)
		return -EBUSY;
	w->tpm_is_lent = *owns = true;
	return 0;
}

json_t *imad_tpm_pass(struct imad_worker *w, bool *owns, const json_t *request)
{
	const json_t *hex = json_object_get(request, "command");
	uint8_t command[IMA_TPM_COMMAND_MAX];
	struct job j = { .tpm = w->tpm, .command = { command, json_string_length(hex) / 2 } };
	int r;

	if (!w->tpm->n_banks)
		return ima_control_error(-ENODEV, NULL, "imad runs without a TPM");
	if (!json_is_string(hex) || j.command.len > sizeof(command) ||
	    ima_hex_decode(json_string_value(hex), json_string_length(hex), command) < 0)
		return ima_control_error(-EINVAL, NULL, "tpm: the command is not hexadecimal, or too long");
	if (!may_pass(j.command))
		return ima_control_error(-EPERM, NULL, "tpm: this command is not handed through");
	r = take_owner(w, owns);
	if (r < 0)
		return ima_control_error(r, NULL, "another program is using imad's TPM");
	r = run_beating(w, &j);
	return r < 0 ? ima_control_error(r, NULL, "the TPM did not answer: %s", strerror(-r)) : reply_of(&j);
}

void imad_tpm_release(struct imad_worker *w, bool *owns)
{
	if (!*owns)
		return;
	ima_tpm_flush(w->tpm);
	w->tpm_is_lent = *owns = false;
}
