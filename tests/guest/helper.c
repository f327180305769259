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
#include <sys/fanotify.h>
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

/* bytes that make the program of test "race" exit with 2 instead of 1 */
static const char evil = 2;
#define EVIL_AT 0x79

static int flip_fd(int fd)
{
	return pwrite(fd, &evil, 1, EVIL_AT) == 1 ? 0 : refused("pwrite");
}

static int do_flip(char **argv)
{
	int fd = open(argv[0], O_WRONLY);

	return fd < 0 ? refused("open") : flip_fd(fd);
}

static int do_flip_shared(char **argv)
{
	int fd = open(argv[0], O_RDWR);
	char *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return refused("mmap");
	close(fd);
	p[EVIL_AT] = evil;
	return 0;
}

static int do_flip_aio(char **argv)
{
	aio_context_t ctx = 0;
	struct io_event done;
	int fd = open(argv[0], O_WRONLY);
	struct iocb cb = { .aio_fildes = (__u32)fd, .aio_lio_opcode = IOCB_CMD_PWRITE,
			   .aio_buf = (__u64)(uintptr_t)&evil, .aio_nbytes = 1, .aio_offset = EVIL_AT };
	struct iocb *list = &cb;

	if (fd < 0 || syscall(SYS_io_setup, 1, &ctx) < 0 || syscall(SYS_io_submit, ctx, 1, &list) != 1 ||
	    syscall(SYS_io_getevents, ctx, 1, 1, &done, NULL) != 1)
		return refused("aio");
	return (long)done.res != 1;
}

/* through the descriptor that another permission group is handed: writes to it raise no event */
static int do_flip_group(char **argv)
{
	int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDWR);
	struct fanotify_event_metadata ev;
	struct fanotify_response answer = { .response = FAN_ALLOW };
	pid_t pid;
	int r;

	if (group < 0 || fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, argv[0]) < 0)
		return refused("fanotify");
	pid = fork();
	if (pid == 0)
		_exit(open(argv[0], O_RDONLY) < 0);
	if (read(group, &ev, sizeof(ev)) != (ssize_t)sizeof(ev))
		return refused("read");
	r = flip_fd(ev.fd);
	answer.fd = ev.fd;
	if (write(group, &answer, sizeof(answer)) < 0)
		r = refused("answer");
	close(ev.fd);
	close(group);
	waitpid(pid, NULL, 0);
	return r;
}

static int flip_in_child(char *path)
{
	char *args[] = { path, NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(do_flip(args));
	return waitpid(pid, &status, 0) < 0 || status ? -1 : 0;
}

/* a descriptor from before the change: what it maps executable is the changed content */
static int do_old_mmap(char **argv)
{
	int fd = open(argv[0], O_RDONLY);

	if (fd < 0 || flip_in_child(argv[0]) < 0)
		return refused("flip");
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return 126;
	return evil;
}

static int do_old_mprotect(char **argv)
{
	int fd = open(argv[0], O_RDONLY);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED || flip_in_child(argv[0]) < 0)
		return refused("flip");
	return mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0 ? 126 : evil;
}

static int do_by_handle(char **argv)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} handle = { .h.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, mount = open(argv[1], O_RDONLY | O_DIRECTORY), fd;

	if (name_to_handle_at(AT_FDCWD, argv[0], &handle.h, &mount_id, 0) < 0)
		return refused("name_to_handle_at");
	fd = open_by_handle_at(mount, &handle.h, O_RDONLY);
	if (fd < 0)
		return errno == EPERM || errno == EACCES ? 126 : refused("open_by_handle_at");
	return run(fd, argv[0]);
}

static const struct {
	const char *name;
	int n_args;
	int (*fn)(char **argv);
} commands[] = {
	{ "dlopen", 1, do_dlopen },   { "mmap", 1, do_mmap },	  { "mprotect", 1, do_mprotect },
	{ "memfd", 2, do_memfd },     { "unlinked", 1, do_unlinked }, { "kexec", 1, do_kexec },
	{ "direct", 1, do_direct },
	{ "flip", 1, do_flip },	      { "flip-shared", 1, do_flip_shared },
	{ "flip-aio", 1, do_flip_aio }, { "flip-group", 1, do_flip_group },
	{ "old-mmap", 1, do_old_mmap }, { "old-mprotect", 1, do_old_mprotect },
	{ "by-handle", 2, do_by_handle },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].n_args)
			return commands[i].fn(argv + 2);
	fprintf(stderr, "usage: helper COMMAND FILE...\n");
	return 2;
}
