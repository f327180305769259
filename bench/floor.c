/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own share of a cached access: the marks that imad sets, and nobody behind them.
 *
 * usage: floor MOUNT FILE... -- COMMAND...
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#define EVENTS (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM)

static int fail(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	int i, group = fanotify_init(FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS |
					     FAN_REPORT_TID,
				     O_RDONLY | O_LARGEFILE);

	if (argc < 5 || group < 0)
		return fail("usage: floor MOUNT FILE... -- COMMAND...");
	/* the group stays open over exec: the command runs under its marks */
	for (i = 2; i < argc && strcmp(argv[i], "--"); i++)
		if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_EVICTABLE,
				  EVENTS, AT_FDCWD, argv[i]) < 0)
			return fail(argv[i]);
	if (i + 1 >= argc)
		return fail("no command");
	if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, EVENTS, AT_FDCWD, argv[1]) < 0)
		return fail(argv[1]);
	execv(argv[i + 1], argv + i + 1);
	return fail(argv[i + 1]);
}
