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
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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

/* while it is mapped shared and writable, through a descriptor that is closed by then */
static int do_mmap_written(char **argv)
{
	int fd = open(argv[0], O_RDWR);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return refused("shared mmap");
	close(fd);
	return do_mmap(argv);
}

/* executable because the task's personality says so, not because it was asked for */
static int do_mmap_implied(char **argv)
{
	int fd = open(argv[0], O_RDONLY);
	void *p;

	if (fd < 0 || personality(READ_IMPLIES_EXEC) < 0)
		return refused("personality");
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return refused("mmap");
	usleep(300000);
	return 0;
}

static int do_mprotect(char **argv)
{
	int fd = open(argv[0], O_RDONLY);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED)
		return refused("mmap");
	if (mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0) {
		refused("mprotect");
		usleep(300000); /* its path is still to be found */
		return 1;
	}
	return 0;
}

static int do_open(char **argv)
{
	int fd = open(argv[0], O_RDONLY);

	if (fd < 0)
		return refused("open");
	close(fd);
	return 0;
}

static int do_append(char **argv)
{
	int fd = open(argv[0], O_WRONLY | O_APPEND);

	if (fd < 0)
		return refused("open");
	close(fd);
	return 0;
}

static int do_exec(char **argv)
{
	char *const args[] = { argv[0], NULL };
	char *const env[] = { NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(argv[0], args, env);
		refused("execve");
		fflush(stdout);
		_exit(1);
	}
	return waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ? 1 : WEXITSTATUS(status);
}

/* a module by its file; gone again at once */
static int do_load(char **argv)
{
	int fd = open(argv[0], O_RDONLY);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
		return refused("finit_module");
	close(fd);
	return syscall(SYS_delete_module, argv[1], O_NONBLOCK) < 0 ? refused("delete_module") : 0;
}

/* for writing, from a pin */
static int do_map(char **argv)
{
	union bpf_attr a = { .pathname = (uintptr_t)argv[0] };

	return syscall(SYS_bpf, BPF_OBJ_GET, &a, sizeof(a)) < 0 ? refused("BPF_OBJ_GET") : 0;
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

static int store_shared(char **argv, char value)
{
	int fd = open(argv[0], O_RDWR);
	char *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return refused("mmap");
	close(fd);
	p[EVIL_AT] = value;
	return 0;
}

static int do_flip_shared(char **argv)
{
	return store_shared(argv, evil);
}

static int do_same_shared(char **argv)
{
	return store_shared(argv, 1);
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

/* FILE [CHANGED]: a descriptor from before the change, which may be made by another name; what it maps executable is the changed content */
static int do_old_mmap(char **argv)
{
	int fd = open(argv[0], O_RDONLY);

	if (fd < 0 || flip_in_child(argv[1] ? argv[1] : argv[0]) < 0)
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

/* PID: held by a debugger for as long as a test lasts */
static int do_trace(char **argv)
{
	const pid_t pid = atoi(argv[0]);

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		return refused("ptrace");
	sleep(20);
	return 0;
}

struct uring {
	int fd;
	struct io_uring_params p;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

static int uring_open(struct uring *u)
{
	u->fd = (int)syscall(SYS_io_uring_setup, 4, &u->p);
	if (u->fd < 0)
		return -1;
	u->sq = mmap(NULL, 4096 * 4, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, IORING_OFF_SQ_RING);
	u->cq = u->sq;
	u->sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, IORING_OFF_SQES);
	return u->sq == MAP_FAILED || u->sqes == MAP_FAILED ||
	       !(u->p.features & IORING_FEAT_SINGLE_MMAP);
}

/* one request, to its end; its result */
static int uring_do(struct uring *u, const struct io_uring_sqe *sqe)
{
	unsigned int *tail = (unsigned int *)(u->sq + u->p.sq_off.tail);
	unsigned int *array = (unsigned int *)(u->sq + u->p.sq_off.array);
	unsigned int *head = (unsigned int *)(u->cq + u->p.cq_off.head);
	const struct io_uring_cqe *cqes = (const struct io_uring_cqe *)(u->cq + u->p.cq_off.cqes);
	int r;

	u->sqes[0] = *sqe;
	array[*tail & (u->p.sq_entries - 1)] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	r = cqes[*head & (u->p.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return r;
}

/*
 * VICTIM EVIL: a page of the victim is pinned while it is mapped; mapping and descriptor go; the victim is used once; then another
 * file is read into the pinned page. Exit status: the victim's, used again.
 */
static int do_pinned_page(char **argv)
{
	struct uring u = { 0 };
	int fd = open(argv[0], O_RDWR), from = open(argv[1], O_RDONLY), again;
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	const struct iovec page = { p, 4096 };
	const struct io_uring_sqe sqe = { .opcode = IORING_OP_READ_FIXED, .fd = from, .len = 4096,
					  .addr = (uintptr_t)p };
	int r;

	if (fd < 0 || from < 0 || p == MAP_FAILED || uring_open(&u))
		return refused("prepare");
	if (syscall(SYS_io_uring_register, u.fd, IORING_REGISTER_BUFFERS, &page, 1) < 0)
		return refused("register");
	munmap(p, 4096);
	close(fd);
	again = open(argv[0], O_RDONLY);
	run(again, argv[0]);
	r = uring_do(&u, &sqe);
	if (r < 0)
		printf("read: %s\n", strerror(-r));
	return run(again, argv[0]);
}

/* opened by a request of io_uring, not by a call of the task */
static int do_uring_open(char **argv)
{
	struct uring u = { 0 };
	const struct io_uring_sqe sqe = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD,
					  .addr = (uintptr_t)argv[0], .open_flags = O_RDONLY };
	int fd = uring_open(&u) ? -errno : uring_do(&u, &sqe);

	if (fd < 0) {
		printf("openat: %s\n", strerror(-fd));
		return fd == -EPERM || fd == -EACCES ? 126 : 1;
	}
	return run(fd, argv[0]);
}

static const struct {
	const char *name;
	int n_args;
	int (*fn)(char **argv);
} commands[] = {
	{ "dlopen", 1, do_dlopen },   { "mmap", 1, do_mmap },	{ "mmap-implied", 1, do_mmap_implied },	  { "mprotect", 1, do_mprotect },
	{ "mmap-written", 1, do_mmap_written },
	{ "memfd", 2, do_memfd },     { "unlinked", 1, do_unlinked }, { "kexec", 1, do_kexec },
	{ "append", 1, do_append },	  { "exec", 1, do_exec },	{ "load", 2, do_load },
	{ "direct", 1, do_direct },	  { "open", 1, do_open },	{ "map", 1, do_map },
	{ "flip", 1, do_flip },	      { "flip-shared", 1, do_flip_shared },
	{ "same-shared", 1, do_same_shared },
	{ "flip-aio", 1, do_flip_aio }, { "flip-group", 1, do_flip_group },
	{ "old-mmap", 1, do_old_mmap }, { "old-mprotect", 1, do_old_mprotect },
	{ "by-handle", 2, do_by_handle }, { "pinned-page", 2, do_pinned_page },
	{ "uring-open", 1, do_uring_open }, { "trace", 1, do_trace },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].n_args)
			return commands[i].fn(argv + 2);
	fprintf(stderr, "usage: helper COMMAND FILE...\n");
	return 2;
}
