/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What commands do that a tracer gets wrong: each mode checks that the system calls behave as they do without one.
 *
 * usage: tree MODE [DIR]    exit status 0: as it should be; else the first line on stderr says what was not
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char dir[4096];
static char true_program[] = "/bin/true";

static void die(const char *what)
{
	fprintf(stderr, "tree: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void check(int good, const char *what)
{
	if (!good)
		die(what);
}

static char *in_dir(const char *name, char path[static 4200])
{
	snprintf(path, 4200, "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	char path[4200];
	int fd = open(in_dir(name, path), O_WRONLY | O_CREAT | O_TRUNC, 0755);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0, path);
}

/* ---- opens ---- */

/* the task's own limit, not ours */
static void no_more_descriptors(void)
{
	char path[4200];
	struct rlimit old, none;
	int fds[64], n = 0;

	write_file("again", "data\n");
	in_dir("again", path);
	check(getrlimit(RLIMIT_NOFILE, &old) == 0, "getrlimit");
	none = (struct rlimit){ 32, old.rlim_max };
	check(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
	while ((fds[n] = open(path, O_RDONLY)) >= 0)
		check(++n < 64, "more descriptors than there may be");
	check(errno == EMFILE && n > 0, "too many files are open, to read");
	check(open(path, O_RDWR) < 0 && errno == EMFILE, "too many files are open, to write");
	check(close(fds[--n]) == 0 && (fds[n] = open(path, O_RDONLY)) >= 0, "a descriptor that is free again");
	for (; n >= 0; n--)
		close(fds[n]);
	check(setrlimit(RLIMIT_NOFILE, &old) == 0, "setrlimit");
}

static void opens(void)
{
	char path[4200], text[16] = "";
	struct stat st;
	int fd, other;

	umask(027);
	fd = open(in_dir("made", path), O_RDWR | O_CREAT | O_EXCL, 0666);
	check(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0640, "the mode of a file that was made");
	check(st.st_uid == geteuid(), "its owner");
	check(fcntl(fd, F_GETFD) == 0, "O_CLOEXEC that nobody asked for");
	check(write(fd, "abcdef", 6) == 6, "write");
	check(open(path, O_RDWR | O_CREAT | O_EXCL, 0666) < 0 && errno == EEXIST, "O_EXCL");
	other = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	check(other >= 0 && fcntl(other, F_GETFD) == FD_CLOEXEC, "O_CLOEXEC");
	check((fcntl(other, F_GETFL) & (O_APPEND | O_ACCMODE)) == (O_APPEND | O_WRONLY), "flags of the descriptor");
	check(write(other, "gh", 2) == 2 && pread(fd, text, 16, 0) == 8 && !memcmp(text, "abcdefgh", 8), "O_APPEND");
	check(open(path, O_WRONLY | O_TRUNC) >= 0 && fstat(fd, &st) == 0 && st.st_size == 0, "O_TRUNC");
	check(symlink("made", in_dir("link", path)) == 0 && open(path, O_RDONLY | O_NOFOLLOW) < 0 && errno == ELOOP, "O_NOFOLLOW");
	check(open(path, O_RDONLY | O_DIRECTORY) < 0 && errno == ENOTDIR, "O_DIRECTORY");
	check(open(in_dir("nothing", path), O_RDONLY) < 0 && errno == ENOENT, "a file that is missing");
	check(open((const char *)8, O_RDONLY) < 0 && errno == EFAULT, "an address that is none");
	check(chmod(in_dir("made", path), 0) == 0 && (geteuid() == 0 || (open(path, O_RDONLY) < 0 && errno == EACCES)), "permission");
	no_more_descriptors();
	fd = open(dir, O_TMPFILE | O_RDWR, 0600);
	check(fd >= 0 || errno == EOPNOTSUPP, "O_TMPFILE");
	check(fd < 0 || (fstat(fd, &st) == 0 && st.st_nlink == 0), "a file without a name");
}

static void opens_at(void)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
	char path[4200], text[8] = "", link[64];
	int at = open(dir, O_PATH | O_DIRECTORY), fd;

	write_file("data", "data\n");
	check(at >= 0, "O_PATH");
	check((fd = openat(at, "data", O_RDONLY)) >= 0 && read(fd, text, 5) == 5 && !memcmp(text, "data\n", 5), "openat");
	check(openat(at, "../data", O_RDONLY) < 0 && errno == ENOENT, "..");
	check(openat(12345, "data", O_RDONLY) < 0 && errno == EBADF, "a descriptor that is none");
	check(syscall(SYS_openat2, at, "data", &how, sizeof(how)) >= 0, "openat2");
	check(syscall(SYS_openat2, at, "../x", &how, sizeof(how)) < 0 && errno == EXDEV, "RESOLVE_BENEATH");
	check(chdir(dir) == 0 && (fd = open("data", O_RDONLY)) >= 0, "a relative path");
	snprintf(link, sizeof(link), "/dev/fd/%d", fd);
	check(open(link, O_RDONLY) >= 0, "/dev/fd");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	check(open(link, O_RDWR | O_CREAT | O_TRUNC, 0600) >= 0, "/proc/self/fd, as a shell redirects");
	check(readlink("/proc/self/exe", path, sizeof(path)) > 0 && open("/proc/self/exe", O_RDONLY) >= 0, "/proc/self/exe");
	fd = open("/proc/self/stat", O_RDONLY);
	memset(path, 0, sizeof(path));
	check(fd >= 0 && read(fd, path, 4000) > 0 && strtol(path, NULL, 10) == getpid(), "/proc/self is another process");
}

/* ---- many at once ---- */

#define N_THREADS 200
#define N_OPENS 20

static void *open_some(void *arg)
{
	char path[4200], name[32], text[32];
	const intptr_t number = (intptr_t)arg;

	for (int i = 0; i < N_OPENS; i++) {
		int fd;

		snprintf(name, sizeof(name), "t%d", (int)(number + i) % N_THREADS);
		fd = open(in_dir(name, path), O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, text, sizeof(text)) != (ssize_t)strlen(name) || memcmp(text, name, strlen(name)))
			die(path);
		close(fd);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t id[N_THREADS];
	char name[32];

	for (int i = 0; i < N_THREADS; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		write_file(name, name);
	}
	for (intptr_t i = 0; i < N_THREADS; i++)
		check(pthread_create(&id[i], NULL, open_some, (void *)i) == 0, "pthread_create");
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(id[i], NULL);
}

static void on_alarm(int sig)
{
}

/* a call that waits for the supervisor is not begun twice: O_EXCL would then find its own file */
static void signals(void)
{
	const struct itimerval often = { { 0, 300 }, { 0, 300 } };
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	char path[4200], name[32];

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 400; i++) {
		int fd;

		snprintf(name, sizeof(name), "s%d", i);
		fd = open(in_dir(name, path), O_RDWR | O_CREAT | O_EXCL, 0600);
		check(fd >= 0, path);
		close(fd);
	}
}

/* ---- programs ---- */

static int run(char *path)
{
	char *const argv[] = { path, NULL };
	int status, pid = vfork();

	if (pid == 0) {
		execv(path, argv);
		_exit(111);
	}
	check(pid > 0 && waitpid(pid, &status, 0) == pid, "vfork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 222;
}

static void *exec_here(void *arg)
{
	char *const argv[] = { arg, NULL };

	execv(arg, argv);
	return NULL;
}

static void programs(void)
{
	char path[4200], deep[4200], text[4300];
	pthread_t id;

	write_file("script", "#!/bin/sh\nexit 7\n");
	check(run(in_dir("script", path)) == 7, "a script");
	snprintf(text, sizeof(text), "#!%s\n", path);
	write_file("deep", text);
	check(run(in_dir("deep", deep)) == 7, "a script that a script interprets");
	check(run(true_program) == 0, "a program");
	check(run(in_dir("nothing", path)) == 111, "a program that is missing");
	write_file("plain", "#!/nonexistent\n");
	check(run(in_dir("plain", path)) == 111, "a script whose interpreter is missing");
	check(pthread_create(&id, NULL, exec_here, true_program) == 0, "pthread_create");
	pthread_join(id, NULL);
	die("execve from a thread");
}

static void copy_to(int out, const char *path)
{
	char text[65536];
	int in = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	check(in >= 0, path);
	while ((n = read(in, text, sizeof(text))) > 0)
		check(write(out, text, (size_t)n) == n, "write");
	close(in);
}

static void memory_program(void)
{
	char *const argv[] = { true_program, NULL };
	int fd = memfd_create("in-memory", MFD_CLOEXEC);

	copy_to(fd, "/bin/true");
	check(fd >= 0, "memfd_create");
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	die("execveat of a memfd");
}

static void mappings(void)
{
	char path[4200];
	int fd;
	void *p;

	write_file("code", "\xc3\x90\x90\x90");
	fd = open(in_dir("code", path), O_RDONLY);
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	check(p != MAP_FAILED, "mmap of a file with PROT_EXEC");
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	check(p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0, "mprotect");
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0, "mprotect of anonymous memory");
	check(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 12345, 0) == MAP_FAILED && errno == EBADF, "mmap of no descriptor");
}

static void io_uring(void)
{
	char params[256] = { 0 };

	check(syscall(SYS_io_uring_setup, 4, params) < 0 && errno == ENOSYS, "io_uring_setup");
}

static int leased;

/* another call has to be answered before the one that waits for the lease */
static void on_lease_break(int sig)
{
	static int times;
	int fd;

	if (times++) /* the same open asks twice: to read, then to write */
		return;
	fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
	check(fd >= 0 && close(fd) == 0, "an open while another one waits");
	check(fcntl(leased, F_SETLEASE, F_UNLCK) == 0, "the kernel took the lease away: the other open waited so long");
}

static void lease(void)
{
	struct sigaction sa = { .sa_handler = on_lease_break, .sa_flags = SA_RESTART };
	char path[4200], text[8] = "";
	int status, pid, fd;

	write_file("leased", "data\n");
	sigaction(SIGIO, &sa, NULL);
	leased = open(in_dir("leased", path), O_RDWR);
	check(leased >= 0, path);
	while (fcntl(leased, F_SETLEASE, F_WRLCK) < 0) /* somebody may still be looking at it */
		check(errno == EAGAIN, "a lease");
	pid = fork();
	if (pid == 0) {
		fd = open(path, O_RDWR);
		_exit(fd < 0 || read(fd, text, 5) != 5 || memcmp(text, "data\n", 5));
	}
	check(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "an open that waits for a lease");
}

/* until no more processes can be made; all of them end */
static void fork_bomb(void)
{
	int n = 0, pid;

	while ((pid = fork()) > 0 && n < 100000)
		n++;
	if (pid == 0) {
		int fd = open("/etc/hostname", O_RDONLY);

		_exit(fd < 0 && errno != EMFILE && errno != ENFILE);
	}
	check(n > 10, "too few processes for a test");
	for (int status; wait(&status) > 0;)
		check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "an open in one of many processes");
}

/* opens and runs until it cannot: after its supervisor is gone it must end */
static void endless(void)
{
	signal(SIGTERM, SIG_IGN);
	for (;;) {
		int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			_exit(99);
		close(fd);
		usleep(1000);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} modes[] = {
		{ "opens", opens }, { "opens-at", opens_at }, { "threads", threads }, { "signals", signals },
		{ "programs", programs }, { "memory-program", memory_program }, { "mappings", mappings },
		{ "io-uring", io_uring }, { "lease", lease }, { "fork-bomb", fork_bomb }, { "endless", endless },
	};

	if (argc > 2)
		snprintf(dir, sizeof(dir), "%s", argv[2]);
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name))
			continue;
		modes[i].run();
		return 0;
	}
	fprintf(stderr, "usage: tree MODE [DIR]\n");
	return 2;
}
