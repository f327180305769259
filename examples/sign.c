/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Labels for a file that is nowhere yet: content in memory, metadata and attributes as it will have them. Prints the values of security.ima
 * and security.evm in hex. cc sign.c $(pkg-config --cflags --libs libima)
 */
#include <stdio.h>
#include <string.h>

#include <ima/label.h>

static size_t read_file(const char *path, uint8_t *ret, size_t max)
{
	FILE *f = fopen(path, "rb");
	size_t n = 0;

	if (f) {
		n = fread(ret, 1, max, f);
		fclose(f);
	}
	return n;
}

static void print(const char *name, const uint8_t *data, size_t len)
{
	printf("%s=0x", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

static int sign(const struct ima_signer *signer, struct ima_hasher *h, const char *text, struct ima_label *ret)
{
	/* what setcap cap_net_raw+ep leaves: the signature of the metadata covers it */
	static const uint8_t capability[20] = { 1, 0, 0, 2, 0, 0x20 };
	const struct ima_xattr xattrs[] = { { "security.capability", { capability, sizeof(capability) } } };
	const struct ima_label_opts opts = { .evm = IMA_LABEL_PORTABLE };
	struct ima_digest content;
	const struct ima_label_file file = { .content = &content, .size = strlen(text), .mode = 0100755,
					     .xattrs = xattrs, .n_xattrs = 1 };
	int r = ima_hash_bytes(h, IMA_HASH_SHA256, (struct ima_bytes){ (const uint8_t *)text, strlen(text) }, &content);

	return r < 0 ? r : ima_label_make(signer, h, &opts, &file, ret);
}

int main(int argc, char **argv)
{
	static uint8_t key[65536];
	struct ima_signer *signer = NULL;
	struct ima_hasher *h = NULL;
	struct ima_diag diag = { 0 };
	struct ima_label label;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: sign KEY TEXT\n");
		return 2;
	}
	r = ima_signer_parse((struct ima_bytes){ key, read_file(argv[1], key, sizeof(key)) }, NULL, &signer, &diag);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], diag.text);
		return 3;
	}
	r = ima_hasher_new(&h);
	if (r == 0)
		r = sign(signer, h, argv[2], &label);
	if (r == 0) {
		print("security.ima", label.ima, label.ima_len);
		print("security.evm", label.evm, label.evm_len);
	} else {
		fprintf(stderr, "%s\n", strerror(-r));
	}
	ima_hasher_free(h);
	ima_signer_free(signer);
	return r < 0 ? 3 : 0;
}
