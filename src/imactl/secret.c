/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal gets its echo back whatever ends the question. */
#include "imactl/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ROOM (64U << 10) /* bytes, with the NUL */

static int make(struct imactl_secret *ret)
{
	void *p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	/* a limit on locked memory is no reason to refuse the key */
	ima_ignore(mlock(p, ROOM));
	madvise(p, ROOM, MADV_DONTDUMP);
	*ret = (struct imactl_secret){ .data = p };
	return 0;
}

void imactl_secret_done(struct imactl_secret *s)
{
	if (s->data) {
		explicit_bzero(s->data, ROOM);
		munmap(s->data, ROOM);
	}
	*s = (struct imactl_secret){ 0 };
}

static int fill(int fd, struct imactl_secret *s)
{
	ssize_t n;

	while ((n = read(fd, s->data + s->len, ROOM - s->len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s->len += (size_t)n;
		if (s->len == ROOM)
			return -EFBIG;
	}
	return 0;
}

int imactl_secret_read_fd(int fd, struct imactl_secret *ret)
{
	struct imactl_secret s;
	int r = make(&s);

	if (r < 0)
		return r;
	r = fill(fd, &s);
	if (r < 0)
		imactl_secret_done(&s);
	else
		*ret = s;
	return r;
}

int imactl_secret_read(const char *path, struct imactl_secret *ret)
{
	ima_cleanup(ima_closep) int fd =
		strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : dup(STDIN_FILENO);

	return fd < 0 ? -errno : imactl_secret_read_fd(fd, ret);
}

int imactl_secret_copy(const char *text, struct imactl_secret *ret)
{
	const size_t len = strlen(text);
	struct imactl_secret s;
	int r = len < ROOM ? make(&s) : -EFBIG;

	if (r < 0)
		return r;
	memcpy(s.data, text, len);
	s.len = len;
	*ret = s;
	return 0;
}

void imactl_secret_first_line(struct imactl_secret *s)
{
	const size_t len = strcspn((char *)s->data, "\r\n");

	if (len < s->len) {
		explicit_bzero(s->data + len, s->len - len);
		s->len = len;
	}
}

/* signals that end the question; they are sent on once the terminal is as it was */
static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
static volatile sig_atomic_t ended_by;

static void on_signal(int sig)
{
	ended_by = sig;
}

static int read_line(int tty, struct imactl_secret *s)
{
	while (s->len + 1 < ROOM) {
		const ssize_t n = read(tty, s->data + s->len, 1);

		if (n < 0 && errno == EINTR && !ended_by)
			continue;
		if (n <= 0)
			return -ECANCELED;
		if (s->data[s->len] == '\n') {
			s->data[s->len] = 0;
			return 0;
		}
		s->len++;
	}
	return -EFBIG;
}

static int ask_quietly(int tty, struct imactl_secret *s)
{
	struct sigaction old[IMA_N_ELEMENTS(ends)], new = { .sa_handler = on_signal };
	struct termios was, quiet;
	int r;

	if (tcgetattr(tty, &was) < 0)
		return -errno;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ICANON | ECHONL;
	ended_by = 0;
	for (size_t i = 0; i < IMA_N_ELEMENTS(ends); i++)
		sigaction(ends[i], &new, &old[i]);
	r = tcsetattr(tty, TCSAFLUSH, &quiet) < 0 ? -errno : read_line(tty, s);
	tcsetattr(tty, TCSANOW, &was);
	for (size_t i = 0; i < IMA_N_ELEMENTS(ends); i++)
		sigaction(ends[i], &old[i], NULL);
	if (ended_by)
		raise(ended_by);
	return r;
}

int imactl_secret_ask(const char *prompt, struct imactl_secret *ret)
{
	ima_cleanup(ima_closep) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct imactl_secret s;
	int r;

	if (tty < 0)
		return -ENXIO;
	if (write(tty, prompt, strlen(prompt)) < 0)
		return -errno;
	r = make(&s);
	if (r < 0)
		return r;
	r = ask_quietly(tty, &s);
	if (r < 0)
		imactl_secret_done(&s);
	else
		*ret = s;
	return r;
}
