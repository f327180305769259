/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest's workload does and no shell can: each subcommand is one kind of access.
 *
 * usage: helper COMMAND FILE...; exit status 0 done, 1 the system refused (errno is printed), 2 usage
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int refused(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

static int do_dlopen(char **argv)
{
	void *h = dlopen(argv[0], RTLD_NOW);

	if (!h)
		printf("%s\n", dlerror());
	return !h;
}

/* a mapping that no dynamic loader made */
static int do_mmap(char **argv)
{
	int fd = open(argv[0], O_RDONLY);
	void *p = fd < 0 ? MAP_FAILED :
			   mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED)
		return refused("mmap");
	usleep(300000); /* what is measured late is still there */
	return 0;
}

static int do_mprotect(char **argv)
{
	int fd = open(argv[0], O_RDONLY);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED || mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0)
		return refused("mprotect");
	return 0;
}

static int run(int fd, char *name)
{
	char *const args[] = { name, NULL };
	char *const env[] = { NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_execveat, fd, "", args, env, AT_EMPTY_PATH);
		printf("execveat: %s\n", strerror(errno));
		fflush(stdout);
		_exit(126);
	}
	return waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ? 1 : WEXITSTATUS(status);
}

static int copy_into(int to, const char *path)
{
	int from = open(path, O_RDONLY);
	char buf[65536];
	ssize_t n;

	if (from < 0)
		return -1;
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			return -1;
	close(from);
	return (int)n;
}

static int do_memfd(char **argv)
{
	int fd = memfd_create(argv[1], 0);

	if (fd < 0 || copy_into(fd, argv[0]) < 0)
		return refused("memfd");
	return run(fd, argv[1]);
}

static int do_unlinked(char **argv)
{
	int fd = open(argv[0], O_RDONLY);

	if (fd < 0 || unlink(argv[0]) < 0)
		return refused("unlink");
	return run(fd, argv[0]);
}

/* FILE [INITRD [COMMAND-LINE]] */
static int do_kexec(char **argv)
{
	int kernel = open(argv[0], O_RDONLY);
	int initrd = argv[1] ? open(argv[1], O_RDONLY) : -1;
	const char *line = argv[1] && argv[2] ? argv[2] : "";

	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(line) + 1, line,
		    initrd < 0 ? 4UL : 0UL) < 0)
		return refused("kexec_file_load");
	return 0;
}

static int do_direct(char **argv)
{
	void *p = NULL;
	int fd = open(argv[0], O_RDONLY | O_DIRECT);

	if (fd < 0 || posix_memalign(&p, 4096, 4096) || read(fd, p, 4096) < 0)
		return refused("O_DIRECT");
	return 0;
}

static int do_write(char **argv)
{
	int fd = open(argv[0], O_WRONLY);

	if (fd < 0 || pwrite(fd, argv[1], strlen(argv[1]), 0) < 0)
		return refused("pwrite");
	return 0;
}

/* stores through a shared mapping; the descriptor is closed first */
static int do_shared(char **argv)
{
	int fd = open(argv[0], O_RDWR);
	char *p = fd < 0 ? MAP_FAILED :
			   mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return refused("mmap");
	close(fd);
	memcpy(p, argv[1], strlen(argv[1]));
	return 0;
}

static int do_aio(char **argv)
{
	aio_context_t ctx = 0;
	struct io_event done;
	int fd = open(argv[0], O_WRONLY);
	struct iocb cb = { .aio_fildes = (__u32)fd, .aio_lio_opcode = IOCB_CMD_PWRITE,
			   .aio_buf = (__u64)(uintptr_t)argv[1], .aio_nbytes = strlen(argv[1]) };
	struct iocb *list = &cb;

	if (fd < 0 || syscall(SYS_io_setup, 1, &ctx) < 0 || syscall(SYS_io_submit, ctx, 1, &list) != 1 ||
	    syscall(SYS_io_getevents, ctx, 1, 1, &done, NULL) != 1)
		return refused("aio");
	return (long)done.res < 0;
}

static const struct {
	const char *name;
	int n_args;
	int (*fn)(char **argv);
} commands[] = {
	{ "dlopen", 1, do_dlopen },   { "mmap", 1, do_mmap },	  { "mprotect", 1, do_mprotect },
	{ "memfd", 2, do_memfd },     { "unlinked", 1, do_unlinked }, { "kexec", 1, do_kexec },
	{ "direct", 1, do_direct },   { "write", 2, do_write },	  { "shared", 2, do_shared },
	{ "aio", 2, do_aio },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].n_args)
			return commands[i].fn(argv + 2);
	fprintf(stderr, "usage: helper COMMAND FILE...\n");
	return 2;
}
