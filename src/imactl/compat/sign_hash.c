/* SPDX-License-Identifier: BSD-2-Clause */
/* sign_hash: each line of sha*sum, or of fsverity, with its signature behind it. The first line that is none stops it. */
#include "imactl/compat/evmctl.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"

/* "HEX  PATH", or "ALG:HEX PATH" */
static int parse(const struct evmctl *e, const char *line, struct ima_digest *ret)
{
	const char *hex = line, *colon = strchr(line, ':');
	size_t len = strcspn(line, " \t");

	*ret = (struct ima_digest){ .algo = e->algo };
	if (e->verity) {
		if (!colon || colon > line + len || ima_hash_by_name(line, (size_t)(colon - line), &ret->algo) < 0 ||
		    (ret->algo != IMA_HASH_SHA256 && ret->algo != IMA_HASH_SHA512))
			return -EINVAL;
		len -= (size_t)(colon + 1 - line);
		hex = colon + 1;
	}
	ret->len = ima_hash_len(ret->algo);
	return len == 2 * ret->len ? ima_hex_decode(hex, len, ret->data) : -EINVAL;
}

static int sign_line(const struct evmctl *e, const struct ima_signer *s, struct ima_hasher *h, const char *line,
		     struct ima_digest *d)
{
	const enum ima_xattr_type type = e->verity ? IMA_XATTR_VERITY : IMA_XATTR_SIGNATURE;
	const bool v3 = e->verity || e->v3;
	struct evmctl_value v;
	char *hex;
	int r;

	evmctl_say_digest(e, NULL, d);
	r = v3 ? ima_signature_file_id(h, (uint8_t)type, d, d) : 0;
	if (r == 0)
		r = ima_signer_sign(s, type, v3 ? 3 : 2, d, v.bytes, &v.len);
	if (r < 0)
		return evmctl_fail(r, "signing failed");
	evmctl_say(NULL, "evm/ima signature: %zu bytes\n", v.len - 1);
	hex = calloc(1, 2 * v.len + 1);
	if (!hex)
		return evmctl_fail(-ENOMEM, "signing failed");
	ima_hex_encode(v.bytes, v.len, hex);
	printf("%s %s\n", line, hex);
	free(hex);
	return 0;
}

static int sign_lines(const struct evmctl *e, const struct ima_signer *s, struct ima_hasher *h)
{
	ima_cleanup(ima_freep) char *line = NULL;
	unsigned long n = 0;
	size_t size = 0;
	ssize_t len;
	int r = 0;

	while (r == 0 && (len = getline(&line, &size, stdin)) > 0) {
		struct ima_digest d;

		n++;
		if (line[len - 1] == '\n')
			line[--len] = 0;
		if (strlen(line) != (size_t)len || parse(e, line, &d) < 0)
			return evmctl_fail(0, "standard input:%lu: not a %s digest in hexadecimal%s", n,
					   e->verity ? "fs-verity" : e->algo_name, e->verity ? " (ALG:HEX PATH)" : " (HEX  PATH)");
		r = sign_line(e, s, h, line, &d);
	}
	if (r == 0 && ferror(stdin))
		return evmctl_fail(-errno, "standard input");
	return r == 0 && !n ? evmctl_usage(e) : r;
}

int evmctl_sign_hash(struct evmctl *e, int argc, char **argv)
{
	struct ima_signer *s = NULL;
	struct ima_hasher *h = NULL;
	int r = evmctl_signer(e, &s);

	if (r == 0 && ima_hasher_new(&h) < 0)
		r = evmctl_fail(0, "the crypto library cannot be used");
	if (r == 0)
		r = sign_lines(e, s, h);
	ima_hasher_free(h);
	ima_signer_free(s);
	return r;
}
