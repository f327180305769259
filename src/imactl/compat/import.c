/* SPDX-License-Identifier: BSD-2-Clause */
/* import: a certificate into a keyring of the kernel; stdout has the new key's number and nothing else. convert: not here. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <string.h>

#include "core/sig/kernel_keyring.h"

#define CERT_MAX (64U << 10)

/* the kernel's numbers of a caller's own keyrings: -1, or 0xffffffff, is the first */
static const char *const own_rings[] = { "@t", "@p", "@s", "@u", "@us", "@g" };

/* @ret_shown: the number for the message */
static int find_ring(const char *name, int32_t *ret, int32_t *ret_shown)
{
	char *end;
	const long long n = strtoll(name, &end, 0);
	const int32_t number = (int32_t)n;
	int r;

	if (*name && !*end && n >= INT32_MIN && n <= UINT32_MAX && number < 0 && number >= -(int32_t)IMA_N_ELEMENTS(own_rings))
		name = own_rings[-1 - number];
	r = ima_kernel_keyring_find(name, ret);
	*ret_shown = *ret;
	for (size_t i = 0; r == 0 && i < IMA_N_ELEMENTS(own_rings); i++)
		if (!strcmp(own_rings[i], name))
			*ret_shown = -1 - (int32_t)i;
	return r;
}

static int read_cert(const char *path, uint8_t **ret, size_t *ret_len, uint32_t *ret_keyid)
{
	struct ima_diag diag = { 0 };
	struct ima_key *key = NULL;
	int r = imactl_read_file(path, CERT_MAX, ret, ret_len);

	if (r < 0) {
		evmctl_fail(r, "Failed to open: %s", path);
		return r;
	}
	if (!*ret_len || (*ret)[0] != 0x30) {
		evmctl_fail(0, "Failed to read key file: %s: the kernel takes certificates in DER", path);
		return -EBADMSG;
	}
	r = ima_key_parse((struct ima_bytes){ *ret, *ret_len }, &key, &diag);
	if (r == 0)
		r = ima_key_public_id(key, ret_keyid);
	ima_key_free(key);
	if (r < 0)
		evmctl_fail(0, "Failed to read key file: %s: %s", path, diag.text[0] ? diag.text : strerror(-r));
	return r;
}

int evmctl_import(struct evmctl *e, int argc, char **argv)
{
	const char *path = argc ? argv[0] : EVMCTL_KEY_PUBLIC, *name = argc > 1 ? argv[1] : "@u";
	ima_cleanup(ima_freep) uint8_t *cert = NULL;
	int32_t ring = 0, shown, serial;
	uint32_t keyid;
	size_t len = 0;
	int r;

	evmctl_say(NULL, "Reading to %s\n", path);
	if (read_cert(path, &cert, &len, &keyid) < 0)
		return EVMCTL_BAD;
	if (e->verbose)
		evmctl_say(NULL, "keyid: %x\n", keyid);
	r = find_ring(name, &ring, &shown);
	if (r < 0)
		return evmctl_fail(r, "%s: no such keyring", name);
	evmctl_say(NULL, "Importing public key %x from file %s into keyring %d\n", keyid, path, shown);
	r = ima_kernel_key_add(ring, "asymmetric", NULL, (struct ima_bytes){ cert, len }, &serial);
	if (r < 0)
		return evmctl_fail(r, "add_key failed");
	evmctl_say(NULL, "keyid: %d\n", serial);
	printf("%d\n", serial);
	return 0;
}

int evmctl_convert(struct evmctl *e, int argc, char **argv)
{
	if (!argc)
		return evmctl_usage(e);
	evmctl_fail(0, "convert: keys for signatures of version 1 are not made here");
	return EVMCTL_BAD;
}
