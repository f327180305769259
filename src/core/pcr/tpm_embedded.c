/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole TPM 2.0 in this process: libtpms behind a TCTI of our own, driven by the same ESYS code as a device.
 *
 * Promise: it comes up with the banks sha1, sha256, sha384 and sha512, all PCRs reset, permanent state as stored; or it does
 * not come up. A state that cannot be loaded or stored makes every later call fail instead of a TPM that forgets.
 *
 * libtpms is one TPM a process and its callbacks carry no user pointer: that is the reason for the one static object here.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "core/pcr/tpm_internal.h"
#include "core/pcr/tpm_tss2.h"

#define TCTI_MAGIC 0x494d4154504d4531ULL /* "IMATPME1" */

struct embedded_tcti {
	TSS2_TCTI_CONTEXT_COMMON_V1 common;
	unsigned char *response; /* of libtpms: kept and grown by it */
	uint32_t response_len;   /* bytes waiting for receive(), 0: none */
	uint32_t response_cap;
};

struct ima_tpm_embedded {
	struct ima_tpm_tss2 tss2;
	struct embedded_tcti tcti;
	bool running; /* between TPMLIB_MainInit() and TPMLIB_Terminate() */
};

/* what the callbacks of libtpms reach; in_use is taken by whoever has the TPM open */
static struct {
	atomic_flag in_use;
	struct ima_tpm_state state;
} the_tpm = { .in_use = ATOMIC_FLAG_INIT };

static TPM_RESULT nvram_init(void)
{
	return TPM_SUCCESS;
}

static TPM_RESULT nvram_load(unsigned char **data, uint32_t *length, uint32_t tpm_number,
			     const char *name)
{
	uint8_t *copy;
	size_t len;
	int r;

	r = ima_tpm_state_load(&the_tpm.state, name, &copy, &len);
	if (r == -ENOENT)
		return TPM_RETRY; /* libtpms' word for "never stored" */
	if (r < 0)
		return TPM_FAIL;
	*data = copy; /* malloc'd, as libtpms' own allocator does */
	*length = (uint32_t)len;
	return TPM_SUCCESS;
}

static TPM_RESULT nvram_store(const unsigned char *data, uint32_t length, uint32_t tpm_number,
			      const char *name)
{
	return ima_tpm_state_store(&the_tpm.state, name, (struct ima_bytes){ data, length }) < 0
		       ? TPM_FAIL
		       : TPM_SUCCESS;
}

static TPM_RESULT nvram_delete(uint32_t tpm_number, const char *name, TPM_BOOL must_exist)
{
	return ima_tpm_state_delete(&the_tpm.state, name, must_exist) < 0 ? TPM_FAIL : TPM_SUCCESS;
}

static TPM_RESULT io_init(void)
{
	return TPM_SUCCESS;
}

static TPM_RESULT io_locality(TPM_MODIFIER_INDICATOR *locality, uint32_t tpm_number)
{
	*locality = 0;
	return TPM_SUCCESS;
}

static TPM_RESULT io_presence(TPM_BOOL *presence, uint32_t tpm_number)
{
	*presence = FALSE;
	return TPM_SUCCESS;
}

static TSS2_RC tcti_transmit(TSS2_TCTI_CONTEXT *ctx, size_t size, const uint8_t *command)
{
	struct embedded_tcti *t = (struct embedded_tcti *)ctx;
	uint8_t in[TPM2_MAX_COMMAND_SIZE]; /* libtpms takes no const */

	if (t->response_len)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	if (size > sizeof(in))
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	memcpy(in, command, size);
	if (TPMLIB_Process(&t->response, &t->response_len, &t->response_cap, in,
			   (uint32_t)size) != TPM_SUCCESS ||
	    t->response_len == 0) {
		t->response_len = 0;
		return TSS2_TCTI_RC_IO_ERROR;
	}
	return TSS2_RC_SUCCESS;
}

static TSS2_RC tcti_receive(TSS2_TCTI_CONTEXT *ctx, size_t *size, uint8_t *response,
			    int32_t timeout_ms)
{
	struct embedded_tcti *t = (struct embedded_tcti *)ctx;
	size_t room = *size;

	if (!t->response_len)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	*size = t->response_len;
	if (!response)
		return TSS2_RC_SUCCESS;
	if (room < t->response_len)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	memcpy(response, t->response, t->response_len);
	t->response_len = 0;
	/* the command was done, but a TPM that cannot keep its state is no TPM */
	return the_tpm.state.error ? TSS2_TCTI_RC_IO_ERROR : TSS2_RC_SUCCESS;
}

static void tcti_finalize(TSS2_TCTI_CONTEXT *ctx)
{
	struct embedded_tcti *t = (struct embedded_tcti *)ctx;

	TPM_Free(t->response);
	t->response = NULL;
}

static void tcti_init(struct embedded_tcti *t)
{
	t->common.magic = TCTI_MAGIC;
	t->common.version = 1;
	t->common.transmit = tcti_transmit;
	t->common.receive = tcti_receive;
	t->common.finalize = tcti_finalize;
}

/* @diag: the folder's own words when it was the folder */
static int start_failed(struct ima_diag *diag, const char *what)
{
	if (!the_tpm.state.error)
		return ima_diag_text(diag, -EIO, "embedded TPM: %s", what);
	if (diag)
		*diag = the_tpm.state.diag;
	return the_tpm.state.error;
}

static void power_off(struct ima_tpm_embedded *e)
{
	if (e->tss2.esys && e->running && !the_tpm.state.error)
		ima_ignore(Esys_Shutdown(e->tss2.esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					 TPM2_SU_CLEAR));
	ima_tpm_tss2_stop(&e->tss2);
	if (e->running)
		TPMLIB_Terminate();
	e->running = false;
	e->tcti.response_len = 0;
}

static int power_on(struct ima_tpm_embedded *e, struct ima_diag *diag)
{
	TPM_RESULT res = TPMLIB_MainInit();
	TSS2_RC rc;
	int r;

	if (res != TPM_SUCCESS) {
		TPMLIB_Terminate();
		return start_failed(diag, "libtpms does not start");
	}
	e->running = true;
	if (the_tpm.state.error)
		return start_failed(diag, "state");
	r = ima_tpm_tss2_start(&e->tss2, diag);
	if (r < 0)
		return r;
	rc = Esys_Startup(e->tss2.esys, TPM2_SU_CLEAR);
	if (the_tpm.state.error)
		return start_failed(diag, "state");
	if (rc)
		return ima_tpm_tss2_fail(&e->tss2.head, rc, diag, "embedded TPM: TPM2_Startup");
	return 0;
}

static const uint16_t wanted_banks[] = { TPM2_ALG_SHA1, TPM2_ALG_SHA256, TPM2_ALG_SHA384,
					 TPM2_ALG_SHA512 };

static bool has_wanted_banks(const struct ima_tpm *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_banks; i++)
		for (size_t j = 0; j < IMA_N_ELEMENTS(wanted_banks); j++)
			n += t->bank_alg[i] == wanted_banks[j];
	return n == IMA_N_ELEMENTS(wanted_banks) && t->n_banks == n;
}

/* takes effect at the next power on */
static int allocate_banks(struct ima_tpm_embedded *e, struct ima_diag *diag)
{
	TPML_PCR_SELECTION all = { .count = IMA_N_ELEMENTS(wanted_banks) };
	uint32_t max, needed, available;
	TPMI_YES_NO done = 0;
	TSS2_RC rc;

	for (size_t i = 0; i < all.count; i++)
		all.pcrSelections[i] = (TPMS_PCR_SELECTION){
			.hash = wanted_banks[i],
			.sizeofSelect = IMA_PCR_COUNT / 8,
			.pcrSelect = { 0xff, 0xff, 0xff },
		};
	rc = Esys_PCR_Allocate(e->tss2.esys, ESYS_TR_RH_PLATFORM, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			       ESYS_TR_NONE, &all, &done, &max, &needed, &available);
	if (the_tpm.state.error)
		return start_failed(diag, "state");
	if (rc)
		return ima_tpm_tss2_fail(&e->tss2.head, rc, diag, "embedded TPM: TPM2_PCR_Allocate");
	if (!done)
		return ima_diag_text(diag, -EIO, "embedded TPM: no room for four banks");
	return 0;
}

static int bring_up(struct ima_tpm_embedded *e, struct ima_diag *diag)
{
	int r = power_on(e, diag);

	if (r < 0)
		return r;
	/* no active bank at all is what we are about to repair, so only look at the count afterwards */
	if (ima_tpm_tss2_banks(&e->tss2, diag) == 0 && has_wanted_banks(&e->tss2.head))
		return 0;
	r = allocate_banks(e, diag);
	if (r < 0)
		return r;
	power_off(e);
	r = power_on(e, diag);
	if (r < 0)
		return r;
	r = ima_tpm_tss2_banks(&e->tss2, diag);
	if (r < 0)
		return r;
	if (!has_wanted_banks(&e->tss2.head))
		return ima_diag_text(diag, -EIO, "embedded TPM: its banks cannot be set");
	return 0;
}

static void embedded_free(struct ima_tpm *t)
{
	struct ima_tpm_embedded *e = (struct ima_tpm_embedded *)t; /* tss2.head is first */

	power_off(e);
	tcti_finalize((TSS2_TCTI_CONTEXT *)&e->tcti);
	ima_tpm_state_close(&the_tpm.state);
	atomic_flag_clear(&the_tpm.in_use);
	free(e);
}

static const struct ima_tpm_ops embedded_ops = {
	.name = "embedded",
	.extend = ima_tpm_tss2_extend,
	.read = ima_tpm_tss2_read,
	.command = ima_tpm_tss2_command,
	.free = embedded_free,
};

static int libtpms_setup(void)
{
	struct libtpms_callbacks cb = {
		.sizeOfStruct = sizeof(cb),
		.tpm_nvram_init = nvram_init,
		.tpm_nvram_loaddata = nvram_load,
		.tpm_nvram_storedata = nvram_store,
		.tpm_nvram_deletename = nvram_delete,
		.tpm_io_init = io_init,
		.tpm_io_getlocality = io_locality,
		.tpm_io_getphysicalpresence = io_presence,
	};

	if (TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2) != TPM_SUCCESS)
		return -EIO;
	return TPMLIB_RegisterCallbacks(&cb) == TPM_SUCCESS ? 0 : -EIO;
}

static int fill(struct ima_tpm_embedded *e, const char *state_dir, struct ima_diag *diag)
{
	int r = ima_tpm_state_open(&the_tpm.state, state_dir, diag);

	if (r < 0)
		return r;
	if (libtpms_setup() < 0)
		return ima_diag_text(diag, -EIO, "embedded TPM: libtpms has no TPM 2.0");
	snprintf(e->tss2.head.where, sizeof(e->tss2.head.where), "libtpms, state in %.80s",
		 state_dir);
	return bring_up(e, diag);
}

int ima_tpm_open_embedded(const char *state_dir, struct ima_tpm **ret, struct ima_diag *diag)
{
	struct ima_tpm_embedded *e;
	int r;

	if (!state_dir || !*state_dir)
		return ima_diag_text(diag, -EINVAL, "embedded TPM: no state folder named");
	if (atomic_flag_test_and_set(&the_tpm.in_use))
		return ima_diag_text(diag, -EBUSY, "embedded TPM: open in this process already");
	e = calloc(1, sizeof(*e));
	if (!e) {
		atomic_flag_clear(&the_tpm.in_use);
		return -ENOMEM;
	}
	e->tss2.head.ops = &embedded_ops;
	tcti_init(&e->tcti);
	e->tss2.tcti = (TSS2_TCTI_CONTEXT *)&e->tcti;
	r = fill(e, state_dir, diag);
	if (r < 0) {
		embedded_free(&e->tss2.head);
		return r;
	}
	*ret = &e->tss2.head;
	return 0;
}
