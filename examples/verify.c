/* SPDX-License-Identifier: BSD-2-Clause */
/* Is the label of a file good, by this certificate? Exit status 0 good, 1 bad. cc verify.c $(pkg-config --cflags --libs libima) */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <ima/label.h>

static int load_keys(const char *path, struct ima_keyring **ret)
{
	static uint8_t cert[65536];
	struct ima_diag diag = { 0 };
	struct ima_key *key = NULL;
	FILE *f = fopen(path, "rb");
	size_t n = 0;
	int r;

	if (f) {
		n = fread(cert, 1, sizeof(cert), f);
		fclose(f);
	}
	r = ima_key_parse((struct ima_bytes){ cert, n }, &key, &diag);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", path, diag.text);
		return r;
	}
	r = ima_keyring_new(ret);
	if (r == 0)
		r = ima_keyring_add(*ret, key); /* taken */
	return r;
}

static int check(const struct ima_keyring *keys, struct ima_hasher *h, int fd, struct ima_label_answer *ret)
{
	static uint8_t value[65536];
	const struct ima_label_wish wish = { .signature = true };
	struct ima_xattr label = { "security.ima", { value, 0 } };
	struct ima_digest content;
	struct ima_label_file file = { .content = &content, .xattrs = &label };
	struct stat st;
	ssize_t n = fgetxattr(fd, label.name, value, sizeof(value));
	int r;

	if (fstat(fd, &st) < 0)
		return -1;
	file.size = (uint64_t)st.st_size;
	file.mode = st.st_mode;
	file.uid = st.st_uid;
	file.gid = st.st_gid;
	file.n_xattrs = n > 0; /* without a label that is the answer */
	label.value.len = n > 0 ? (size_t)n : 0;
	r = ima_hash_fd(h, ima_label_content_algo(label.value), fd, &content, NULL);
	return r < 0 ? r : ima_label_check(keys, h, &wish, &file, ret);
}

int main(int argc, char **argv)
{
	struct ima_label_answer answer = { 0 };
	struct ima_keyring *keys = NULL;
	struct ima_hasher *h = NULL;
	int fd, r;

	if (argc != 3) {
		fprintf(stderr, "usage: verify CERTIFICATE FILE\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[2]);
		return 3;
	}
	r = load_keys(argv[1], &keys);
	if (r == 0)
		r = ima_hasher_new(&h);
	if (r == 0)
		r = check(keys, h, fd, &answer);
	close(fd);
	ima_hasher_free(h);
	ima_keyring_free(keys);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[2], strerror(-r));
		return 3;
	}
	if (answer.verdict == IMA_LABEL_GOOD)
		puts("good");
	else
		printf("bad: %s\n", answer.sig == IMA_SIG_UNCHECKED ? answer.cause : ima_sig_verdict_text(answer.sig));
	return answer.verdict == IMA_LABEL_GOOD ? 0 : 1;
}
