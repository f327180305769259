/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times one kind of access and prints the median in nanoseconds; with "mean" behind it the mean of all, in which what the kernel puts off
 * for later counts as well.
 *
 * usage: access open FILE N      the same file, N times
 *        access exec PROGRAM N   the same program, N times
 *        access open-each DIR N  DIR/0 .. DIR/N-1, once each
 *        access exec-each DIR N
 *        access call - N         100 calls of getppid(2): no file, how fast the machine is just now
 *        access fork - N         a child that ends at once: the same, for exec
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
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

static uint64_t time_call(const char *path)
{
	const uint64_t t = now_ns();

	for (int i = 0; i < 100; i++)
		syscall(SYS_getppid);
	return now_ns() - t;
}

static uint64_t time_fork(const char *path)
{
	const uint64_t t = now_ns();
	const pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	return now_ns() - t;
}

static const struct {
	const char *name;
	uint64_t (*time)(const char *path);
} kinds[] = { { "open", time_open }, { "exec", time_exec }, { "call", time_call }, { "fork", time_fork } };

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	const bool mean = argc == 5 && !strcmp(argv[4], "mean");
	const bool each = argc >= 4 && strstr(argv[1], "-each");
	uint64_t (*time_one)(const char *path) = NULL;
	unsigned long n;
	uint64_t *took, whole = 0;
	char path[4096];

	for (size_t i = 0; argc == 4 + mean && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strncmp(argv[1], kinds[i].name, strlen(kinds[i].name)))
			time_one = kinds[i].time;
	if (!time_one || !(n = strtoul(argv[3], NULL, 10)) || !(took = calloc(n, sizeof(*took)))) {
		fprintf(stderr, "usage: access open|exec|open-each|exec-each|call|fork PATH N [mean]\n");
		return 2;
	}
	for (unsigned long i = 0; i < n; i++) {
		if (each)
			snprintf(path, sizeof(path), "%s/%lu", argv[2], i);
		took[i] = time_one(each ? path : argv[2]);
		whole += took[i];
	}
	qsort(took, n, sizeof(*took), by_value);
	printf("%llu", (unsigned long long)took[n / 2]);
	if (mean)
		printf(" %llu", (unsigned long long)(whole / n));
	printf("\n");
	return 0;
}
