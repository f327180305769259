/* SPDX-License-Identifier: BSD-2-Clause */
/* The digest of an open file, and its fs-verity digest. cc hash.c $(pkg-config --cflags --libs libima) */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ima/digest.h>

static void print(const char *what, const struct ima_digest *d)
{
	printf("%s %s:", what, ima_hash_name(d->algo));
	for (size_t i = 0; i < d->len; i++)
		printf("%02x", d->data[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	const struct ima_verity_opts opts = { 0 };
	struct ima_digest content, verity;
	struct ima_hasher *h;
	int fd, r;

	if (argc != 2) {
		fprintf(stderr, "usage: hash FILE\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 3;
	}
	r = ima_hasher_new(&h);
	if (r == 0) {
		r = ima_hash_fd(h, IMA_HASH_SHA256, fd, &content, NULL);
		if (r == 0)
			r = ima_verity_digest_fd(h, &opts, fd, &verity);
		ima_hasher_free(h);
	}
	close(fd);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
		return 3;
	}
	print("content", &content);
	print("fs-verity", &verity);
	return 0;
}
