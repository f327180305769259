/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that was named must be a certificate; in a folder only what is named like one is looked at. */
#include "imactl/keyring_source.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "core/sig/kernel_keyring.h"
#include "core/sig/key.h"
#include "imactl/certs.h"

#define CERT_MAX (64U << 10)
#define RING "keyring:"

static int add_cert(struct ima_keyring *ring, struct ima_bytes cert, struct ima_diag *diag)
{
	struct ima_key *key = NULL;
	int r = ima_key_parse(cert, &key, diag);

	if (r == 0)
		r = ima_keyring_add(ring, key);
	if (r < 0)
		ima_key_free(key);
	return r == -EEXIST ? 0 : r;
}

static int add_file(struct ima_keyring *ring, const char *path)
{
	ima_cleanup(ima_freep) uint8_t *bytes = NULL;
	struct imactl_certs certs = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_bytes cert;
	size_t len = 0;
	int r = imactl_read_file(path, CERT_MAX, &bytes, &len);

	certs.rest = (struct ima_bytes){ bytes, len };
	while (r == 0 && imactl_certs_next(&certs, &cert))
		r = add_cert(ring, cert, &diag);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, path, &diag, r) : EXIT_GOOD;
}

static int is_certificate(const struct dirent *e)
{
	return ima_file_is_certificate_name(e->d_name);
}

static int add_kernel_ring(struct ima_keyring *ring, const char *name)
{
	int32_t serial;
	int r = ima_kernel_keyring_find(name, &serial);

	if (r == 0)
		r = ima_keyring_add_kernel(ring, serial);
	switch (r) {
	case 0:
		return EXIT_GOOD;
	case -EINVAL:
		return imactl_fail(EXIT_UNABLE, "keyring:%s: not a keyring's name or number", name);
	case -ENOKEY:
		return imactl_fail(EXIT_UNABLE, "keyring:%s: the kernel has no such keyring", name);
	case -EPERM:
		return imactl_fail(EXIT_UNABLE, "keyring:%s: it belongs to another user", name);
	case -E2BIG:
		return imactl_fail(EXIT_UNABLE, "keyring:%s: more than %d keyrings", name, IMA_KEYRING_KERNEL_MAX);
	default:
		return imactl_fail(EXIT_UNABLE, "keyring:%s: %s", name, strerror(-r));
	}
}

/* a file, or what a folder holds; @ret_n: how many */
static int add_place(struct ima_keyring *ring, const char *path, int *ret_n)
{
	struct dirent **entries;
	struct stat st;
	int n, r = EXIT_GOOD;

	*ret_n = 1;
	if (stat(path, &st) < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return add_file(ring, path);
	n = scandir(path, &entries, is_certificate, alphasort);
	if (n < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		ima_cleanup(ima_freep) char *name = NULL;

		if (r == EXIT_GOOD && asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			r = imactl_fail(EXIT_UNABLE, "out of memory");
		else if (r == EXIT_GOOD)
			r = add_file(ring, name);
		free(entries[i]);
	}
	free(entries);
	*ret_n = n;
	return r;
}

int imactl_keyring_add(struct ima_keyring *ring, const char *path)
{
	int n, r;

	if (!strncmp(path, RING, strlen(RING)))
		return add_kernel_ring(ring, path + strlen(RING));
	r = add_place(ring, path, &n);
	return r || n ? r : imactl_fail(EXIT_UNABLE, "%s: no certificate in it: none of its files ends in .der, .x509, .pem or .crt", path);
}

int imactl_keyring_defaults(struct ima_keyring *ring)
{
	static const char *const places[] = { "/etc/keys/x509_ima.der", "/etc/keys/ima",
					      "/etc/keys/x509_evm.der", "/etc/keys/evm" };
	struct stat st;
	int n, r = EXIT_GOOD;

	for (size_t i = 0; i < IMA_N_ELEMENTS(places) && r == EXIT_GOOD; i++)
		if (stat(places[i], &st) == 0)
			r = add_place(ring, places[i], &n);
	return r;
}
