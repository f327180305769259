/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times one kind of access and prints the median in nanoseconds.
 *
 * usage: access open FILE N      the same file, N times
 *        access exec PROGRAM N   the same program, N times
 *        access open-each DIR N  DIR/0 .. DIR/N-1, once each
 *        access exec-each DIR N
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "access: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t time_open(const char *path)
{
	const uint64_t t = now_ns();
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	close(fd);
	return now_ns() - t;
}

static uint64_t time_exec(const char *path)
{
	char *argv[] = { (char *)(uintptr_t)path, NULL };
	const uint64_t t = now_ns();
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, path, NULL, NULL, argv, NULL);
	if (errno)
		die(path);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		die("the program failed");
	return now_ns() - t;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	const bool each = argc == 4 && strstr(argv[1], "-each");
	const bool exec = argc == 4 && !strncmp(argv[1], "exec", 4);
	unsigned long n;
	uint64_t *took;
	char path[4096];

	if (argc != 4 || !(n = strtoul(argv[3], NULL, 10)) || !(took = calloc(n, sizeof(*took)))) {
		fprintf(stderr, "usage: access open|exec|open-each|exec-each PATH N\n");
		return 2;
	}
	for (unsigned long i = 0; i < n; i++) {
		if (each)
			snprintf(path, sizeof(path), "%s/%lu", argv[2], i);
		took[i] = exec ? time_exec(each ? path : argv[2]) : time_open(each ? path : argv[2]);
	}
	qsort(took, n, sizeof(*took), by_value);
	printf("%llu\n", (unsigned long long)took[n / 2]);
	return 0;
}
