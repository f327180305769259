/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding lists and PCR values. A source that was named and does not answer is an error; others are tried in turn. */
#include "imactl/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/hex.h"
#include "control/control.h"
#include "core/pcr/tpm.h"

#define ASK_TIMEOUT_MS 10000
#define PCRS_MAX (1U << 20)
#define KERNEL_LIST "/sys/kernel/security/integrity/ima/binary_runtime_measurements"

static int ask_with(const char *control, json_t *request, json_t **ret, struct ima_diag *diag)
{
	struct ima_control *c = NULL;
	int r = ima_control_open(control, &c);

	if (r < 0)
		ima_ignore(ima_diag_text(diag, r, "no daemon answers: %s", strerror(-r)));
	else
		r = ima_control_call(c, request, ASK_TIMEOUT_MS, ret, diag);
	ima_control_free(c);
	json_decref(request);
	return r;
}

int imactl_ask(const char *control, const char *op, json_t **ret, struct ima_diag *diag)
{
	return ask_with(control, json_pack("{s:s}", "op", op), ret, diag);
}

static int open_named(const char *path, char **ret_name, struct ima_diag *diag)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);

	if (fd < 0) {
		*ret_name = strdup(path);
		return ima_diag_text(diag, -errno, "%s", strerror(errno));
	}
	*ret_name = strdup(path);
	return fd;
}

int imactl_open_list(const char *file, const char *control, char **ret_name, struct ima_diag *diag)
{
	const char *journal = file ? file : getenv("IMAD_JOURNAL");
	json_t *status = NULL;
	int fd;

	if (journal)
		return open_named(journal, ret_name, diag);
	if (imactl_ask(control, "status", &status, NULL) == 0) {
		journal = json_string_value(json_object_get(status, "journal"));
		fd = journal ? open_named(journal, ret_name, diag) : -ENOENT;
		json_decref(status);
		return fd;
	}
	json_decref(status);
	fd = open(KERNEL_LIST, O_RDONLY | O_CLOEXEC);
	*ret_name = strdup(KERNEL_LIST);
	if (fd < 0)
		return ima_diag_text(diag, -errno,
				     "%s: no daemon runs, and the kernel shows no list", strerror(errno));
	return fd;
}

int imactl_list_format(const char *name, enum ima_list_format *ret)
{
	static const char *const names[IMA_LIST__LAST] = {
		[IMA_LIST_BINARY] = "binary", [IMA_LIST_TEXT] = "text",
		[IMA_LIST_KEXEC] = "kexec", [IMA_LIST_JOURNAL] = "journal",
	};

	for (unsigned int i = 0; i < IMA_LIST__LAST; i++) {
		if (!names[i] || strcmp(name, names[i]))
			continue;
		*ret = (enum ima_list_format)i;
		return 0;
	}
	return imactl_fail(EXIT_USAGE, "%s: not one of text, binary, kexec, journal", name);
}

static int from_file(const char *path, struct ima_pcrs *ret, struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	enum ima_hash_algo algo = IMA_HASH_SHA1;
	const char *comma = strchr(path, ',');
	size_t len = 0;
	int r;

	/* "sha256,FILE" as evmctl takes it */
	if (comma && ima_hash_by_name(path, (size_t)(comma - path), &algo) == 0)
		path = comma + 1;
	r = imactl_read_file(path, PCRS_MAX, &text, &len);
	if (r < 0)
		return ima_diag_text(diag, r, "%s", strerror(-r));
	return ima_pcrs_parse((struct ima_bytes){ text, len }, algo, ret, diag);
}

static int from_tpm(const char *spec, uint32_t mask, struct ima_pcrs *ret, struct ima_diag *diag)
{
	const struct ima_tpm_opts opts = { .spec = spec };
	struct ima_tpm *t = NULL;
	int r;

	if (!strcmp(spec, "embedded") || !strcmp(spec, "auto"))
		return ima_diag_text(diag, -EINVAL,
				     "an embedded TPM lives in the daemon: ask the daemon, or name a TCTI");
	r = ima_tpm_open(&opts, &t, diag);
	if (r == 0) {
		r = ima_tpm_read(t, mask, ret);
		if (r < 0)
			ima_ignore(ima_diag_text(diag, r, "the PCRs cannot be read (0x%x)", t->last_rc));
	}
	ima_tpm_free(t);
	return r;
}

static int take_bank(struct ima_pcrs *pcrs, const char *name, json_t *values)
{
	enum ima_hash_algo algo;
	struct ima_pcr_bank *b;
	const char *key;
	json_t *value;

	if (ima_hash_by_name(name, strlen(name), &algo) < 0 || ima_pcrs_add_bank(pcrs, algo, &b) < 0)
		return -EPROTO;
	json_object_foreach (values, key, value) {
		const unsigned long i = strtoul(key, NULL, 10);
		const size_t len = ima_hash_len(algo);

		if (i >= IMA_PCR_COUNT || json_string_length(value) != 2 * len ||
		    ima_hex_decode(json_string_value(value), 2 * len, b->value[i]) < 0)
			return -EPROTO;
		b->known |= 1U << i;
	}
	return 0;
}

static int from_daemon(const char *control, uint32_t mask, struct ima_pcrs *ret,
		       struct ima_diag *diag)
{
	struct ima_pcrs pcrs = { 0 };
	json_t *reply = NULL, *values;
	const char *name;
	int r = ask_with(control, json_pack("{s:s, s:I}", "op", "pcrs", "mask", (json_int_t)mask),
			 &reply, diag);

	if (r == 0) {
		json_object_foreach (json_object_get(reply, "banks"), name, values) {
			r = take_bank(&pcrs, name, values);
			if (r < 0)
				break;
		}
	}
	json_decref(reply);
	if (r == 0)
		*ret = pcrs;
	return r;
}

static int named(char **ret_source, const char *kind, const char *name)
{
	return asprintf(ret_source, "%s%s%s", kind, name ? " " : "", name ? name : "") < 0 ? -ENOMEM : 0;
}

int imactl_pcrs(const struct imactl_pcr_opts *o, uint32_t mask, struct ima_pcrs *ret,
		char **ret_source, struct ima_diag *diag)
{
	int r;

	if (o->pcrs_file) {
		r = from_file(o->pcrs_file, ret, diag);
		return r < 0 ? r : named(ret_source, "file", o->pcrs_file);
	}
	if (o->tpm) {
		r = from_tpm(o->tpm, mask, ret, diag);
		return r < 0 ? r : named(ret_source, "TPM", o->tpm);
	}
	if (!o->hardware && from_daemon(o->control, mask, ret, diag) == 0)
		return named(ret_source, "the daemon's TPM", NULL);
	if (ima_tpm_read_sysfs(getenv("IMACTL_SYSFS_TPM"), ret) == 0)
		return named(ret_source, "/sys/class/tpm/tpm0", NULL);
	r = from_tpm("device:/dev/tpmrm0", mask, ret, NULL);
	if (r == 0)
		return named(ret_source, "/dev/tpmrm0", NULL);
	return ima_diag_text(diag, -ENODEV,
			     "there is no source of PCR values: no daemon, no TPM; give --pcrs or --tpm");
}
