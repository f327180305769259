/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program whose content is changed in place while it is started over and over: does a content ever run that is not the good one?
 *
 * usage: race victim FILE             make the good program
 *        race run FILE SECONDS        three writers (pwrite, a shared mapping, native AIO), two that execute
 * Prints "good N evil N refused N busy N other N"; exit status 0 when the race took place.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GOOD 1
#define EVIL 2
#define REFUSED 126
#define BUSY 125
#define SIZE 65536 /* long enough to be changed while it is hashed */

/* a whole x86-64 program: exit(imm32) */
static const unsigned char program[] = {
	0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* ident */
	2, 0, 62, 0, 1, 0, 0, 0,                                 /* ET_EXEC, x86-64 */
	0x78, 0, 0x40, 0, 0, 0, 0, 0,                            /* entry 0x400078 */
	0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,       /* phoff, shoff */
	0, 0, 0, 0, 0x40, 0, 0x38, 0, 1, 0, 0, 0, 0, 0, 0, 0,    /* one program header */
	1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,          /* PT_LOAD, R+X, offset 0 */
	0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0,
	0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,          /* SIZE twice */
	0, 0x10, 0, 0, 0, 0, 0, 0,
	0xbf, GOOD, 0, 0, 0,                                     /* mov edi, GOOD */
	0xb8, 60, 0, 0, 0,                                       /* mov eax, 60 */
	0x0f, 0x05,                                              /* syscall */
};
#define AT 0x79 /* of the exit status */

struct counts {
	unsigned long n[256];
	volatile int stop;
};

static int make(const char *path)
{
	static unsigned char image[SIZE];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	memcpy(image, program, sizeof(program));
	if (fd < 0 || write(fd, image, sizeof(image)) != (ssize_t)sizeof(image) || fchmod(fd, 0755) < 0)
		return 1;
	return close(fd) < 0;
}

static void rest(unsigned int *seed, long max_us)
{
	const struct timespec t = { .tv_nsec = rand_r(seed) % max_us * 1000 };

	nanosleep(&t, NULL);
}

static void put_pwrite(int fd, unsigned char v)
{
	if (pwrite(fd, &v, 1, AT) != 1)
		perror("pwrite");
}

static void put_shared(int fd, unsigned char v)
{
	unsigned char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return;
	p[AT] = v;
	munmap(p, 4096);
}

static void put_aio(int fd, unsigned char v)
{
	aio_context_t ctx = 0;
	struct io_event done;
	struct iocb cb = { .aio_fildes = (__u32)fd, .aio_lio_opcode = IOCB_CMD_PWRITE,
			   .aio_buf = (__u64)(uintptr_t)&v, .aio_nbytes = 1, .aio_offset = AT };
	struct iocb *list = &cb;

	if (syscall(SYS_io_setup, 1, &ctx) < 0)
		return;
	if (syscall(SYS_io_submit, ctx, 1, &list) == 1)
		syscall(SYS_io_getevents, ctx, 1, 1, &done, NULL);
	syscall(SYS_io_destroy, ctx);
}

/* ETXTBSY while it runs: again */
static int open_busy(const char *path)
{
	int fd;

	do {
		fd = open(path, O_RDWR);
	} while (fd < 0 && errno == ETXTBSY);
	return fd;
}

/* evil and good again, within one open or with a rest between two */
static void writer(const char *path, struct counts *c, void (*put)(int, unsigned char), unsigned int seed)
{
	while (!c->stop) {
		int fd = open_busy(path);

		put(fd, EVIL);
		rest(&seed, 500);
		if (rand_r(&seed) % 2) {
			close(fd);
			rest(&seed, 5000);
			fd = open_busy(path);
		}
		put(fd, GOOD);
		close(fd);
		rest(&seed, 20000);
	}
	_exit(0);
}

static int execute(const char *path)
{
	char name[] = "program", *const args[] = { name, NULL };
	char *const env[] = { NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, args, env);
		_exit(errno == ETXTBSY ? BUSY : errno == EACCES || errno == EPERM ? REFUSED : 255);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

static void executer(const char *path, struct counts *c)
{
	while (!c->stop)
		__sync_fetch_and_add(&c->n[execute(path)], 1);
	_exit(0);
}

static int run(const char *path, unsigned int seconds)
{
	static void (*const puts[])(int, unsigned char) = { put_pwrite, put_shared, put_aio };
	struct counts *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long other = 0;

	if (c == MAP_FAILED)
		return 1;
	for (unsigned int i = 0; i < 3; i++)
		if (fork() == 0)
			writer(path, c, puts[i], 7 + i);
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			executer(path, c);
	sleep(seconds);
	c->stop = 1;
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < 256; i++)
		if (i != GOOD && i != EVIL && i != REFUSED && i != BUSY)
			other += c->n[i];
	printf("good %lu evil %lu refused %lu busy %lu other %lu\n", c->n[GOOD], c->n[EVIL],
	       c->n[REFUSED], c->n[BUSY], other);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "victim"))
		return make(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "run"))
		return run(argv[2], (unsigned int)atoi(argv[3]));
	fprintf(stderr, "usage: race victim FILE | race run FILE SECONDS\n");
	return 2;
}
