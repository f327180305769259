/* SPDX-License-Identifier: BSD-2-Clause */
/* What every command says, in one form. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "base/file.h"
#include "imactl/command.h"
#include "imactl/help.h"

static const char *arg_name = "imactl";

void imactl_set_name(const char *name)
{
	arg_name = name;
}

int imactl_usage(const char *command)
{
	for (const struct imactl_command *c = imactl_commands; c->name; c++)
		if (!strcmp(c->name, command))
			imactl_help_usage(stderr, c);
	return EXIT_USAGE;
}

int imactl_fail(int status, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", arg_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

int imactl_fail_diag(int status, const char *file, const struct ima_diag *d, int error)
{
	const char *text = d->text[0] ? d->text : strerror(-error);

	fprintf(stderr, "%s: %s:", arg_name, file);
	if (d->line && d->column)
		fprintf(stderr, "%u:%u:", d->line, d->column);
	else if (d->line)
		fprintf(stderr, "%u:", d->line);
	else if (d->has_offset)
		fprintf(stderr, " offset %llu:", (unsigned long long)d->offset);
	if (d->token[0])
		fprintf(stderr, " %s:", d->token);
	fprintf(stderr, " %s\n", text);
	return status;
}

bool imactl_output_failed(void)
{
	static bool said;
	bool failed;

	errno = 0;
	failed = fflush(stdout) == EOF || ferror(stdout);
	if (failed && !said) /* whoever wrote earlier kept no reason */
		imactl_fail(EXIT_UNABLE, "standard output: %s", errno ? strerror(errno) : "what was to be written was not taken");
	said |= failed;
	return failed;
}

int imactl_print_json(json_t *o, int status, bool pretty)
{
	if (!o || json_dumpf(o, stdout, pretty ? JSON_INDENT(2) : JSON_COMPACT) < 0)
		status = imactl_output_failed() ? EXIT_UNABLE :
						 imactl_fail(EXIT_UNABLE, "the result cannot be written as JSON");
	else
		putchar('\n');
	json_decref(o);
	return status;
}

void imactl_print_path(FILE *f, const char *path)
{
	for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
		if (*c < 0x20 || *c == 0x7f || *c == '\\')
			fprintf(f, "\\x%02x", *c);
		else
			fputc(*c, f);
	}
}

int imactl_read_file(const char *path, size_t max, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd =
		strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);

	return fd < 0 ? -errno : ima_file_read_fd(fd, max, ret, ret_len);
}
