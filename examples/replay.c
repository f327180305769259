/* SPDX-License-Identifier: BSD-2-Clause */
/* What a measurement list leads to, in whatever form it is. cc replay.c $(pkg-config --cflags --libs libima) */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ima/replay.h>

static void print(const struct ima_replay_result *res)
{
	printf("%llu records, %llu violations, %llu bad\n", (unsigned long long)res->n_records,
	       (unsigned long long)res->n_violations, (unsigned long long)res->n_bad_digests);
	for (size_t i = 0; i < res->n_pcrs; i++) {
		const struct ima_digest *d = &res->pcrs[i].value;

		printf("%s %u ", ima_hash_name(d->algo), res->pcrs[i].pcr);
		for (size_t k = 0; k < d->len; k++)
			printf("%02x", d->data[k]);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static struct ima_replay_result res;
	const struct ima_replay_opts opts = { 0 };
	struct ima_diag diag = { 0 };
	int fd, r;

	if (argc != 2) {
		fprintf(stderr, "usage: replay LIST\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 3;
	}
	r = ima_replay_fd(fd, &opts, &res, &diag);
	close(fd);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], diag.text[0] ? diag.text : strerror(-r));
		return 3;
	}
	print(&res);
	return res.n_bad_digests ? 1 : 0;
}
