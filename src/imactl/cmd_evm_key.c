/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl evm-key: an HMAC key of EVM that this machine's TPM alone opens. A file is written whole or not at all, and never over another one. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "core/pcr/sealed.h"
#include "core/pcr/tpm.h"
#include "imactl/command.h"

#define NEW_KEY_LEN 32 /* bytes */

struct evm_key_args {
	const char *tpm, *pcrs, *file, *key;
};

static bool read_args(int argc, char **argv, struct evm_key_args *a)
{
	static const struct option options[] = { { "tpm", required_argument, NULL, 't' },
						 { "pcrs", required_argument, NULL, 'p' },
						 { "key", required_argument, NULL, 'k' }, { 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 't': a->tpm = optarg; break;
		case 'p': a->pcrs = optarg; break;
		case 'k': a->key = optarg; break;
		default: return false;
		}
	}
	if (optind + 1 != argc)
		return false;
	a->file = argv[optind];
	return true;
}

static int open_tpm(const char *spec, struct ima_tpm **ret, struct ima_diag *diag)
{
	const struct ima_tpm_opts opts = { .spec = spec ? spec : "device:/dev/tpmrm0" };

	return ima_tpm_open(&opts, ret, diag);
}

static int failed(const char *file, int error, const struct ima_diag *diag)
{
	const int status = error == -EACCES || error == -EKEYREJECTED || error == -EBADMSG ? EXIT_BAD : EXIT_UNABLE;

	return imactl_fail(status, "%s: %s", file, diag->text[0] ? diag->text : strerror(-error));
}

static int write_new(const char *path, struct ima_bytes text)
{
	ima_cleanup(ima_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text.data, text.len) != (ssize_t)text.len || fsync(fd) < 0)
		r = -EIO;
	if (r < 0)
		unlink(path);
	return r;
}

static int take_key(const struct evm_key_args *a, uint8_t ret[static IMA_SEALED_MAX_SECRET], size_t *ret_len,
		    struct ima_diag *diag)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	size_t len = 0;
	int r;

	if (!a->key) {
		*ret_len = NEW_KEY_LEN;
		return getrandom(ret, NEW_KEY_LEN, 0) == NEW_KEY_LEN ? 0 : -EIO;
	}
	r = imactl_read_file(a->key, IMA_SEALED_MAX_SECRET, &bytes, &len);
	if (r == -EFBIG || (r == 0 && !len))
		return ima_diag_text(diag, -EINVAL, "%s: an EVM key has 1 to %d bytes", a->key, IMA_SEALED_MAX_SECRET);
	if (r < 0)
		return ima_diag_text(diag, r, "%s: %s", a->key, strerror(-r));
	memcpy(ret, bytes, len);
	*ret_len = len;
	explicit_bzero(bytes, len);
	return 0;
}

static int seal(const struct evm_key_args *a, struct ima_sealed *s, struct ima_diag *diag)
{
	uint8_t key[IMA_SEALED_MAX_SECRET];
	struct ima_buffer text = { 0 };
	struct ima_tpm *t = NULL;
	size_t len = 0;
	int r = take_key(a, key, &len, diag);

	if (r == 0)
		r = open_tpm(a->tpm, &t, diag);
	if (r == 0)
		r = ima_tpm_seal(t, (struct ima_bytes){ key, len }, s, diag);
	explicit_bzero(key, sizeof(key));
	if (r == 0)
		r = ima_sealed_print(s, &text);
	if (r == 0)
		r = write_new(a->file, ima_buffer_bytes(&text));
	ima_buffer_done(&text);
	ima_tpm_free(t);
	return r;
}

int cmd_evm_key_seal(int argc, char **argv)
{
	struct evm_key_args a = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_sealed s = { .bank = IMA_HASH_SHA256 };
	int r;

	if (!read_args(argc, argv, &a))
		return imactl_usage("evm-key seal");
	if (a.pcrs && ima_sealed_pcrs_parse(a.pcrs, &s) < 0)
		return imactl_fail(EXIT_USAGE, "--pcrs %s: numbers up to 23, as 7 or sha256:0,2,7", a.pcrs);
	if (access(a.file, F_OK) == 0)
		return imactl_fail(EXIT_UNABLE, "%s: there is such a file already", a.file);
	r = seal(&a, &s, &diag);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a.file, diag.text[0] ? diag.text : strerror(-r));
	return EXIT_GOOD;
}

int cmd_evm_key_check(int argc, char **argv)
{
	uint8_t key[IMA_SEALED_MAX_SECRET], *text = NULL;
	struct evm_key_args a = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_sealed s;
	struct ima_tpm *t = NULL;
	size_t len = 0;
	int r;

	if (!read_args(argc, argv, &a) || a.pcrs || a.key)
		return imactl_usage("evm-key check");
	r = imactl_read_file(a.file, IMA_SEALED_MAX_TEXT, &text, &len);
	if (r == 0)
		r = ima_sealed_parse((struct ima_bytes){ text, len }, &s, &diag);
	if (r == 0)
		r = open_tpm(a.tpm, &t, &diag);
	if (r == 0)
		r = ima_tpm_unseal(t, &s, key, &len, &diag);
	explicit_bzero(key, sizeof(key));
	ima_tpm_free(t);
	free(text);
	if (r < 0)
		return failed(a.file, r, &diag);
	printf("%s: this TPM opens it: a key of %zu bytes\n", a.file, len);
	return EXIT_GOOD;
}
