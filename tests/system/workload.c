/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes, runs and reads many small programs and files, and writes down what it used: the test's own account of what must be
 * listed.
 *
 * usage: workload DIR PROGRAM N_PROGRAMS N_OPENS N_JOBS ACCOUNT
 *
 * PROGRAM is a static program that exits 0; each copy gets distinct bytes appended. ACCOUNT gets a line "path" for each file
 * that was run or read with success. The last line of stdout is the longest time of one operation, in milliseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N_FILES_PER_JOB 64 /* data files that are opened over and over */

struct job {
	const char *dir, *program;
	unsigned long n_programs, n_opens;
	unsigned int number;
	FILE *account;
	uint64_t *longest_ns;
};

static void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void note_time(struct job *j, uint64_t since)
{
	const uint64_t took = now_ns() - since;

	if (took > *j->longest_ns)
		*j->longest_ns = took;
}

static void make_file(const char *from, const char *path, const char *extra, mode_t mode)
{
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (out < 0)
		die(path);
	if (from) {
		int in = open(from, O_RDONLY | O_CLOEXEC);
		struct stat st;

		if (in < 0 || fstat(in, &st) < 0 ||
		    sendfile(out, in, NULL, (size_t)st.st_size) != st.st_size)
			die(from);
		close(in);
	}
	if (write(out, extra, strlen(extra)) != (ssize_t)strlen(extra))
		die(path);
	close(out);
}

static void run_one(struct job *j, const char *path)
{
	char *argv[] = { (char *)(uintptr_t)path, NULL };
	uint64_t t = now_ns();
	int status;
	pid_t pid;

	/* another job's fork may hold our file open for writing for a moment */
	while ((errno = posix_spawn(&pid, path, NULL, NULL, argv, NULL)) == ETXTBSY)
		t = now_ns();
	if (errno)
		die(path);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		die("a program did not run");
	note_time(j, t);
	fprintf(j->account, "%s\n", path);
}

static void run_programs(struct job *j)
{
	char path[4096], extra[64];

	for (unsigned long i = 0; i < j->n_programs; i++) {
		snprintf(path, sizeof(path), "%s/p-%u-%lu", j->dir, j->number, i);
		snprintf(extra, sizeof(extra), "program %u %lu\n", j->number, i);
		make_file(j->program, path, extra, 0755);
		run_one(j, path);
		if (i % 64 != 0)
			unlink(path);
	}
}

static void open_files(struct job *j)
{
	char path[4096], extra[64], byte;

	for (unsigned long i = 0; i < N_FILES_PER_JOB && i < j->n_opens; i++) {
		snprintf(path, sizeof(path), "%s/d-%u-%lu", j->dir, j->number, i);
		snprintf(extra, sizeof(extra), "data %u %lu\n", j->number, i);
		make_file(NULL, path, extra, 0644);
	}
	for (unsigned long i = 0; i < j->n_opens; i++) {
		uint64_t t = now_ns();
		int fd;

		snprintf(path, sizeof(path), "%s/d-%u-%lu", j->dir, j->number, i % N_FILES_PER_JOB);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, &byte, 1) != 1)
			die(path);
		close(fd);
		note_time(j, t);
		if (i < N_FILES_PER_JOB)
			fprintf(j->account, "%s\n", path);
	}
}

static void run_job(struct job *j, const char *account)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s.%u", account, j->number);
	j->account = fopen(path, "we");
	if (!j->account)
		die(path);
	run_programs(j);
	open_files(j);
	if (fclose(j->account))
		die(path);
	_exit(0);
}

int main(int argc, char **argv)
{
	uint64_t *longest, worst = 0;
	unsigned int n_jobs;
	int failed = 0;

	if (argc != 7) {
		fprintf(stderr, "usage: workload DIR PROGRAM N_PROGRAMS N_OPENS N_JOBS ACCOUNT\n");
		return 2;
	}
	n_jobs = (unsigned int)atoi(argv[5]);
	longest = mmap(NULL, n_jobs * sizeof(*longest), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!n_jobs || longest == MAP_FAILED)
		die("shared memory");
	for (unsigned int i = 0; i < n_jobs; i++) {
		struct job j = { .dir = argv[1], .program = argv[2],
				 .n_programs = strtoul(argv[3], NULL, 10) / n_jobs,
				 .n_opens = strtoul(argv[4], NULL, 10) / n_jobs, .number = i,
				 .longest_ns = &longest[i] };

		if (fork() == 0)
			run_job(&j, argv[6]);
	}
	for (unsigned int i = 0; i < n_jobs; i++) {
		int status;

		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			failed = 1;
	}
	for (unsigned int i = 0; i < n_jobs; i++)
		if (longest[i] > worst)
			worst = longest[i];
	printf("%llu\n", (unsigned long long)(worst / 1000000));
	return failed;
}
