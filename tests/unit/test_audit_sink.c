/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where audit records go: a file's lines, the journal's fields, what is not taken goes to the log. Whoever hands a record over never waits, also
 * when the target hangs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "imad/audit_sink.h"
#include "imad/queue.h"

static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;
static struct ima_buffer said;

static void say(void *user, int level, const char *text)
{
	pthread_mutex_lock(&said_lock);
	assert_int_equal(ima_buffer_printf(&said, "<%d>%s\n", level, text), 0);
	pthread_mutex_unlock(&said_lock);
}

static int forget(void **state)
{
	ima_buffer_done(&said);
	return 0;
}

static size_t count_said(const char *words)
{
	size_t n = 0;

	pthread_mutex_lock(&said_lock);
	for (const char *p = said.data ? (char *)said.data : ""; (p = strstr(p, words)); p++)
		n++;
	pthread_mutex_unlock(&said_lock);
	return n;
}

static char *read_text(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		fail_msg("%s: %s", path, strerror(errno));
	text[n] = 0;
	close(fd);
	return text;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define RECORD "pid=7 uid=0 op=invalid_pcr cause=ToMToU comm=\"cat\" name=2F746D702F612062 res=1 errno=0"
#define REFUSED "pid=7 uid=0 op=policy_update cause=signed policy required comm=\"it's\" res=0 errno=0"

static void a_file_has_auditds_lines(void **state)
{
	char path[] = "/tmp/test_audit_sink.XXXXXX", moved[64];
	const struct imad_audit_opts opts = { .to = path, .say = say };
	struct imad_audit *a;
	struct stat st;
	int n = 0;

	close(mkstemp(path));
	unlink(path);
	snprintf(moved, sizeof(moved), "%s.1", path);
	a = imad_audit_new(&opts);
	imad_audit_emit(a, IMA_AUDIT_PCR, RECORD);
	for (int i = 0; i < 200 && (stat(path, &st) < 0 || !st.st_size); i++)
		usleep(10000);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_string_equal(imad_audit_where(a), "file");
	/* as logrotate does */
	assert_int_equal(rename(path, moved), 0);
	imad_audit_emit(a, IMA_AUDIT_STATUS, REFUSED);
	assert_true(imad_audit_free(a));
	assert_int_equal(sscanf(read_text(moved), "type=INTEGRITY_PCR msg=audit(%*u.%*3u:1): pid=7 uid=0 op=invalid_pcr%n", &n), 0);
	assert_true(n > 0);
	assert_non_null(strstr(read_text(moved), "): " RECORD "\n"));
	assert_non_null(strstr(read_text(path), ":2): " REFUSED "\n"));
	assert_null(said.data);
	unlink(path);
	unlink(moved);
}

static void what_is_no_file_is_said_once_and_the_log_takes_all(void **state)
{
	char pipe_path[64];
	const char *const bad[] = { "/nowhere/at/all", "/dev/null", "/tmp", pipe_path };

	snprintf(pipe_path, sizeof(pipe_path), "/tmp/test_audit_sink.%d.pipe", getpid());
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++) {
		const struct imad_audit_opts opts = { .to = bad[i], .say = say };
		struct imad_audit *a;
		char words[100];

		forget(NULL);
		a = imad_audit_new(&opts);
		for (int k = 0; k < 5; k++)
			imad_audit_emit(a, IMA_AUDIT_PCR, RECORD);
		assert_true(imad_audit_free(a));
		snprintf(words, sizeof(words), "<%d>audit = %s: ", LOG_WARNING, bad[i]);
		if (count_said(words) != 1 || count_said("audit: type=1804 " RECORD) != 5)
			fail_msg("%s: %s", bad[i], (char *)said.data);
	}
	unlink(pipe_path);
}

/* no line is cut in two: the limit stands for a full disk */
static void a_full_disk_leaves_whole_lines(void **state)
{
	char path[] = "/tmp/test_audit_sink.XXXXXX";
	const struct imad_audit_opts opts = { .to = path, .say = say };
	const struct rlimit limit = { 300, 300 }; /* two lines and a bit */
	const pid_t pid = (close(mkstemp(path)), fork());
	const char *text;
	int status;

	if (pid == 0) {
		struct imad_audit *a;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		a = imad_audit_new(&opts);
		for (int k = 0; k < 10; k++)
			imad_audit_emit(a, IMA_AUDIT_PCR, RECORD);
		_exit(!imad_audit_free(a) || count_said("File too large") + count_said("No space left") != 1 ||
		      count_said("audit: type=1804 ") != 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	text = read_text(path);
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(text, "type=INTEGRITY_PCR msg=audit(", 29);
		text = strchr(text, '\n') + 1;
	}
	assert_string_equal(text, "");
	unlink(path);
}

static void more_than_the_rate_is_dropped_and_said_once(void **state)
{
	const struct imad_audit_opts opts = { .to = "log", .rate = 20, .say = say };
	struct imad_audit *a = imad_audit_new(&opts);

	for (int i = 0; i < 500; i++)
		imad_audit_emit(a, IMA_AUDIT_PCR, RECORD);
	assert_true(imad_audit_dropped(a) >= 470 && imad_audit_dropped(a) <= 480);
	usleep(300000);
	for (int i = 0; i < 20; i++)
		imad_audit_emit(a, IMA_AUDIT_PCR, RECORD);
	assert_string_equal(imad_audit_where(a), "log");
	assert_true(imad_audit_dropped(a) >= 480 && imad_audit_dropped(a) < 496);
	assert_true(imad_audit_free(a));
	assert_int_equal(count_said("was dropped"), 1);
}

/* a queue whose writer does not come back */
static void hang(void *user, int tag, const char *line)
{
	for (;;)
		pause();
}

static void a_writer_that_hangs_holds_up_nobody(void **state)
{
	const struct imad_queue_opts opts = { .n_max = 8, .write = hang };
	struct imad_queue *q = imad_queue_new(&opts);
	const double begin = now();
	unsigned int taken = 0;

	for (int i = 0; i < 10000; i++)
		taken += imad_queue_put(q, 0, "line");
	assert_true(now() - begin < 1.0);
	assert_true(taken >= 8 && taken <= 9);
	assert_int_equal(imad_queue_dropped(q), 10000 - taken);
	assert_false(imad_queue_free(q));
	assert_true(now() - begin < 2.5);
}

/* a journal's socket in a place of its own; -1: none can be made here */
static int fake_journal(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
	const int small = 1;
	int s;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
		return -1;
	if (mkdir("/run/systemd", 0755) < 0 || mkdir("/run/systemd/journal", 0755) < 0)
		return -1;
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(s, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	return bind(s, (struct sockaddr *)&at, sizeof(at)) < 0 ? -1 : s;
}

static bool has_field(const char *data, size_t len, const char *field)
{
	return memmem(data, len, field, strlen(field)) != NULL;
}

/* in a child: the namespace goes with it. 0: as it should be */
static int journal_child(void)
{
	const struct imad_audit_opts opts = { .to = "journal", .say = say };
	char data[8192];
	const int s = fake_journal();
	struct imad_audit *a;
	double begin;
	ssize_t n;

	if (s < 0)
		return 77;
	a = imad_audit_new(&opts);
	imad_audit_emit(a, IMA_AUDIT_PCR, RECORD);
	n = recv(s, data, sizeof(data), 0);
	if (n <= 0 || !has_field(data, (size_t)n, "MESSAGE=audit: type=INTEGRITY_PCR " RECORD "\n") ||
	    !has_field(data, (size_t)n, "IMA_NAME=/tmp/a b\n") || !has_field(data, (size_t)n, "IMA_CAUSE=ToMToU\n") ||
	    !has_field(data, (size_t)n, "PRIORITY=5\n") || !has_field(data, (size_t)n, "SYSLOG_IDENTIFIER=imad\n"))
		return 1;
	imad_audit_emit(a, IMA_AUDIT_STATUS, REFUSED);
	n = recv(s, data, sizeof(data), 0);
	if (n <= 0 || !has_field(data, (size_t)n, "IMA_CAUSE=signed policy required\n") ||
	    !has_field(data, (size_t)n, "IMA_COMM=it's\n") || !has_field(data, (size_t)n, "PRIORITY=4\n"))
		return 2;
	/* and now nobody reads */
	begin = now();
	for (int i = 0; i < 5000; i++)
		imad_audit_emit(a, IMA_AUDIT_PCR, RECORD);
	if (now() - begin > 2.0 || imad_audit_dropped(a) < 5000 - IMAD_AUDIT_WAITING - 600 || count_said("was dropped") != 1)
		return 3;
	return imad_audit_free(a) ? 4 : 0;
}

static void the_journal_gets_fields_and_may_hang(void **state)
{
	const pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(journal_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77 && getuid())
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* without a journal, or without the right to write to the audit system: the log */
static int bare_child(const char *to)
{
	const struct imad_audit_opts opts = { .to = to, .say = say };
	struct imad_audit *a;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 || setuid(65534) < 0)
		return 77;
	a = imad_audit_new(&opts);
	for (int i = 0; i < 3; i++)
		imad_audit_emit(a, IMA_AUDIT_PCR, RECORD);
	if (!imad_audit_free(a))
		return 1;
	return count_said("go to the log") == 1 && count_said("audit: type=1804 " RECORD) == 3 ? 0 : 2;
}

static void a_refused_target_is_said_and_the_log_takes_all(void **state)
{
	static const char *const to[] = { "journal", "kernel" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(to); i++) {
		const pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(bare_child(to[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77 && getuid())
			skip();
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_file_has_auditds_lines, forget),
		cmocka_unit_test_setup(what_is_no_file_is_said_once_and_the_log_takes_all, forget),
		cmocka_unit_test_setup(a_full_disk_leaves_whole_lines, forget),
		cmocka_unit_test_setup(more_than_the_rate_is_dropped_and_said_once, forget),
		cmocka_unit_test_setup(a_writer_that_hangs_holds_up_nobody, forget),
		cmocka_unit_test_setup(the_journal_gets_fields_and_may_hang, forget),
		cmocka_unit_test_setup(a_refused_target_is_said_and_the_log_takes_all, forget),
	};
	const int r = cmocka_run_group_tests(tests, NULL, NULL);

	forget(NULL);
	return r;
}
