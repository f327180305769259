/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading TCG firmware event logs. Every length is checked before it is believed; a log that lies is refused at its offset.
 *
 *   TPM 1.2 form   u32 pcr | u32 type | u8 sha1[20] | u32 len | data
 *   crypto-agile   one record of that form whose data is the Spec ID event (which digests there are and how long), then
 *                  u32 pcr | u32 type | u32 n | n x { u16 alg | digest } | u32 len | data
 *
 * Source: TCG PC Client Platform Firmware Profile Specification, "Event Logging"
 */
#include <ima/eventlog.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/reader.h"

#define SHA1_LEN 20
#define SPEC_ID "Spec ID Event03" /* with its NUL: 16 bytes */
#define STARTUP_LOCALITY "StartupLocality"
#define EV_NO_ACTION 3
#define MAX_DATA (64U << 20)

struct ima_eventlog {
	struct ima_reader in;
	bool agile, header_done;
	size_t n_algs;
	struct {
		uint16_t alg, len;
	} algs[IMA_PCR_MAX_BANKS];
};

static int read_data(struct ima_reader *in, struct ima_bytes *ret, struct ima_diag *diag)
{
	const uint64_t at = ima_reader_offset(in);
	uint32_t len;

	if (ima_read_u32(in, &len) < 0)
		return ima_diag_at(diag, -EBADMSG, at, "the event is cut");
	if (len > MAX_DATA || ima_read_bytes(in, len, ret) < 0)
		return ima_diag_at(diag, -EBADMSG, at,
				   "the event says %u bytes of data, %zu are left", len,
				   ima_reader_left(in));
	return 0;
}

static int read_old(struct ima_reader *in, struct ima_tcg_event *ret, struct ima_diag *diag)
{
	struct ima_tcg_event e = { .offset = ima_reader_offset(in), .n_digests = 1 };

	e.digests[0].tpm_alg = ima_hash_tpm_alg(IMA_HASH_SHA1);
	if (ima_read_u32(in, &e.pcr) < 0 || ima_read_u32(in, &e.type) < 0 ||
	    ima_read_bytes(in, SHA1_LEN, &e.digests[0].digest) < 0)
		return ima_diag_at(diag, -EBADMSG, e.offset, "the event is cut");
	*ret = e;
	return read_data(in, &ret->data, diag);
}

static size_t digest_len(const struct ima_eventlog *l, uint16_t alg)
{
	for (size_t i = 0; i < l->n_algs; i++)
		if (l->algs[i].alg == alg)
			return l->algs[i].len;
	return 0;
}

static int read_digest(struct ima_eventlog *l, struct ima_tcg_event *e, struct ima_diag *diag)
{
	const uint64_t at = ima_reader_offset(&l->in);
	struct ima_bytes digest;
	uint16_t alg;
	size_t len;

	if (ima_read_u16(&l->in, &alg) < 0)
		return ima_diag_at(diag, -EBADMSG, at, "the event is cut");
	len = digest_len(l, alg);
	if (!len)
		return ima_diag_at(diag, -EBADMSG, at,
				   "algorithm 0x%04x is not among those that the header names", alg);
	if (ima_read_bytes(&l->in, len, &digest) < 0)
		return ima_diag_at(diag, -EBADMSG, at, "the event is cut");
	e->digests[e->n_digests].tpm_alg = alg;
	e->digests[e->n_digests++].digest = digest;
	return 0;
}

static int read_agile(struct ima_eventlog *l, struct ima_tcg_event *ret, struct ima_diag *diag)
{
	struct ima_tcg_event e = { .offset = ima_reader_offset(&l->in) };
	uint32_t n;
	int r = 0;

	if (ima_read_u32(&l->in, &e.pcr) < 0 || ima_read_u32(&l->in, &e.type) < 0 ||
	    ima_read_u32(&l->in, &n) < 0)
		return ima_diag_at(diag, -EBADMSG, e.offset, "the event is cut");
	if (n > l->n_algs)
		return ima_diag_at(diag, -EBADMSG, e.offset, "the event has %u digests, the header names %zu",
				   n, l->n_algs);
	while (e.n_digests < n && r == 0)
		r = read_digest(l, &e, diag);
	if (r == 0)
		r = read_data(&l->in, &e.data, diag);
	if (r == 0)
		*ret = e;
	return r;
}

/* u32 class | u8 minor, major, errata, uintn | u32 n | n x { u16 alg, u16 len } | u8 vendor_len | vendor */
static int parse_spec_id(struct ima_eventlog *l, const struct ima_tcg_event *e,
			 struct ima_diag *diag)
{
	struct ima_reader in = ima_reader_init(e->data, IMA_ORDER_LITTLE);
	struct ima_bytes skip;
	uint32_t n;

	if (ima_read_bytes(&in, sizeof(SPEC_ID) + 8, &skip) < 0 || ima_read_u32(&in, &n) < 0)
		return ima_diag_at(diag, -EBADMSG, e->offset, "the Spec ID event is cut");
	if (!n || n > IMA_PCR_MAX_BANKS)
		return ima_diag_at(diag, -EBADMSG, e->offset, "the Spec ID event names %u algorithms", n);
	for (l->n_algs = 0; l->n_algs < n; l->n_algs++) {
		enum ima_hash_algo algo;
		uint16_t alg, len;

		if (ima_read_u16(&in, &alg) < 0 || ima_read_u16(&in, &len) < 0)
			return ima_diag_at(diag, -EBADMSG, e->offset, "the Spec ID event is cut");
		if (!len || len > IMA_DIGEST_MAX ||
		    (ima_hash_by_tpm_alg(alg, &algo) == 0 && ima_hash_len(algo) != len))
			return ima_diag_at(diag, -EBADMSG, e->offset,
					   "the Spec ID event gives algorithm 0x%04x %u bytes", alg, len);
		l->algs[l->n_algs].alg = alg;
		l->algs[l->n_algs].len = len;
	}
	return 0;
}

int ima_eventlog_open(struct ima_bytes log, struct ima_eventlog **ret, struct ima_diag *diag)
{
	struct ima_eventlog *l = calloc(1, sizeof(*l));
	struct ima_tcg_event first;
	struct ima_reader in;
	int r = 0;

	if (!l)
		return -ENOMEM;
	l->in = in = ima_reader_init(log, IMA_ORDER_LITTLE);
	if (log.len)
		r = read_old(&in, &first, diag);
	if (r == 0 && log.len && first.type == EV_NO_ACTION && first.data.len >= sizeof(SPEC_ID) &&
	    !memcmp(first.data.data, SPEC_ID, sizeof(SPEC_ID))) {
		l->agile = true;
		r = parse_spec_id(l, &first, diag);
	}
	if (r < 0) {
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

struct ima_eventlog *ima_eventlog_free(struct ima_eventlog *l)
{
	free(l);
	return NULL;
}

bool ima_eventlog_is_crypto_agile(const struct ima_eventlog *l)
{
	return l->agile;
}

int ima_eventlog_next(struct ima_eventlog *l, struct ima_tcg_event *ret, struct ima_diag *diag)
{
	struct ima_reader before = l->in;
	int r;

	if (!ima_reader_left(&l->in))
		return 0;
	if (l->agile && l->header_done)
		r = read_agile(l, ret, diag);
	else
		r = read_old(&l->in, ret, diag);
	if (r < 0) {
		l->in = before;
		return r;
	}
	l->header_done = true;
	return 1;
}

static const struct {
	uint32_t type;
	const char *name;
} types[] = {
	{ 0x00, "EV_PREBOOT_CERT" },
	{ 0x01, "EV_POST_CODE" },
	{ 0x03, "EV_NO_ACTION" },
	{ 0x04, "EV_SEPARATOR" },
	{ 0x05, "EV_ACTION" },
	{ 0x06, "EV_EVENT_TAG" },
	{ 0x07, "EV_S_CRTM_CONTENTS" },
	{ 0x08, "EV_S_CRTM_VERSION" },
	{ 0x09, "EV_CPU_MICROCODE" },
	{ 0x0a, "EV_PLATFORM_CONFIG_FLAGS" },
	{ 0x0b, "EV_TABLE_OF_DEVICES" },
	{ 0x0c, "EV_COMPACT_HASH" },
	{ 0x0d, "EV_IPL" },
	{ 0x0e, "EV_IPL_PARTITION_DATA" },
	{ 0x0f, "EV_NONHOST_CODE" },
	{ 0x10, "EV_NONHOST_CONFIG" },
	{ 0x11, "EV_NONHOST_INFO" },
	{ 0x12, "EV_OMIT_BOOT_DEVICE_EVENTS" },
	{ 0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG" },
	{ 0x80000002, "EV_EFI_VARIABLE_BOOT" },
	{ 0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION" },
	{ 0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER" },
	{ 0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER" },
	{ 0x80000006, "EV_EFI_GPT_EVENT" },
	{ 0x80000007, "EV_EFI_ACTION" },
	{ 0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB" },
	{ 0x80000009, "EV_EFI_HANDOFF_TABLES" },
	{ 0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2" },
	{ 0x8000000b, "EV_EFI_HANDOFF_TABLES2" },
	{ 0x8000000c, "EV_EFI_VARIABLE_BOOT2" },
	{ 0x80000010, "EV_EFI_HCRTM_EVENT" },
	{ 0x800000e0, "EV_EFI_VARIABLE_AUTHORITY" },
	{ 0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB" },
	{ 0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG" },
};

const char *ima_eventlog_type_name(uint32_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

/* a TPM that was started from another locality begins PCR 0 with that number */
static void take_locality(struct ima_pcrs *pcrs, const struct ima_tcg_event *e)
{
	const size_t at = sizeof(STARTUP_LOCALITY);

	if (e->data.len <= at || memcmp(e->data.data, STARTUP_LOCALITY, at))
		return;
	for (size_t i = 0; i < pcrs->n_banks; i++)
		pcrs->banks[i].value[0][ima_hash_len(pcrs->banks[i].algo) - 1] = e->data.data[at];
}

static int add_banks(struct ima_hasher *h, const struct ima_eventlog *l, struct ima_pcrs *pcrs)
{
	const size_t n = l->agile ? l->n_algs : 1;

	for (size_t i = 0; i < n; i++) {
		enum ima_hash_algo algo = IMA_HASH_SHA1;
		struct ima_pcr_bank *b;
		int r;

		if (l->agile && ima_hash_by_tpm_alg(l->algs[i].alg, &algo) < 0)
			continue;
		if (!ima_hasher_has(h, algo))
			continue;
		r = ima_pcrs_add_bank(pcrs, algo, &b);
		if (r < 0)
			return r;
		b->known = (1U << 17) - 1; /* PCR 0 to 16 begin with zeros */
	}
	return 0;
}

static int extend_event(struct ima_hasher *h, struct ima_pcrs *pcrs, const struct ima_tcg_event *e,
			struct ima_diag *diag)
{
	if (e->pcr >= IMA_PCR_COUNT)
		return ima_diag_at(diag, -EBADMSG, e->offset, "the event names PCR %u", e->pcr);
	for (size_t i = 0; i < e->n_digests; i++) {
		enum ima_hash_algo algo;
		struct ima_pcr_bank *b;
		int r;

		if (ima_hash_by_tpm_alg(e->digests[i].tpm_alg, &algo) < 0)
			continue;
		b = ima_pcrs_bank(pcrs, algo);
		r = b ? ima_pcr_extend(h, b, e->pcr, e->digests[i].digest) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int ima_eventlog_replay(struct ima_hasher *h, struct ima_bytes log, struct ima_pcrs *ret,
			struct ima_diag *diag)
{
	struct ima_pcrs pcrs = { 0 };
	struct ima_eventlog *l = NULL;
	struct ima_tcg_event e;
	int r = ima_eventlog_open(log, &l, diag);

	if (r == 0)
		r = add_banks(h, l, &pcrs);
	while (r == 0 && (r = ima_eventlog_next(l, &e, diag)) == 1) {
		if (e.type == EV_NO_ACTION) {
			take_locality(&pcrs, &e);
			r = 0;
		} else {
			r = extend_event(h, &pcrs, &e, diag);
		}
	}
	ima_eventlog_free(l);
	if (r == 0)
		*ret = pcrs;
	return r;
}
