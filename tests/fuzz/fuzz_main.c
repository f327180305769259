/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a harness over the files of its corpus, without a fuzzer: the corpus is an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	ima_cleanup(ima_fclosep) FILE *f = fopen(path, "re");
	uint8_t *data = malloc(4U << 20);
	size_t n;

	if (!f || !data)
		return -1;
	n = fread(data, 1, 4U << 20, f);
	LLVMFuzzerTestOneInput(data, n);
	/* and cut at many places: the reader's ends are where mistakes live */
	for (size_t cut = 1; cut < n; cut += 1 + n / 257)
		LLVMFuzzerTestOneInput(data, cut);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int n = 0;

	for (int i = 1; i < argc; i++) {
		if (run_file(argv[i]) < 0) {
			fprintf(stderr, "%s cannot be read\n", argv[i]);
			return 1;
		}
		n++;
	}
	printf("%u files\n", n);
	return n ? 0 : 1;
}
