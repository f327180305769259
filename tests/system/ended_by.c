/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ended_by SIGNAL rchar|wchar COMMAND...: the signal once the command has read, or written, some of a large file: in the midst of its work, however fast the machine
 * is. Exit status: as a shell says it; 2 the command ended before.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENOUGH (2UL << 20)

static int number_of(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = { { "INT", SIGINT }, { "TERM", SIGTERM }, { "HUP", SIGHUP }, { "PIPE", SIGPIPE }, { "KILL", SIGKILL } };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!strcmp(name, signals[i].name))
			return signals[i].number;
	exit(3);
}

static unsigned long bytes_of(pid_t pid, const char *what)
{
	char path[64], line[128];
	unsigned long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, what, strlen(what)) && sscanf(line + strlen(what), ": %lu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	const int signal_number = argc > 3 ? number_of(argv[1]) : 0;
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(signal_number, SIG_DFL);
		execv(argv[3], argv + 3);
		_exit(127);
	}
	while (bytes_of(pid, argv[2]) < ENOUGH && waitpid(pid, &status, WNOHANG) == 0)
		usleep(200);
	if (kill(pid, signal_number) < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
