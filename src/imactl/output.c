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

/* bytes at @c that would be more than text on a terminal: C0, DEL, and C1 in UTF-8 */
static size_t control_len(const unsigned char *c)
{
	if (*c && (*c < 0x20 || *c == 0x7f))
		return 1;
	return *c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f ? 2 : 0;
}

static int append_escaped(struct ima_buffer *b, const char *text, bool backslashes)
{
	int r = 0;

	for (const unsigned char *c = (const unsigned char *)text; r == 0 && *c;) {
		const size_t n = backslashes && *c == '\\' ? 1 : control_len(c);

		if (!n)
			r = ima_buffer_append(b, c++, 1);
		for (size_t i = 0; r == 0 && i < n; i++)
			r = ima_buffer_printf(b, "\\x%02x", *c++);
	}
	return r;
}

/* a message is a line, whatever the names in it are, and one write */
static void say(const char *text)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer b = { 0 };

	if (ima_buffer_printf(&b, "%s: ", arg_name) == 0 && append_escaped(&b, text, false) == 0 && ima_buffer_append(&b, "\n", 1) == 0)
		fwrite(b.data, 1, b.len, stderr);
	else
		fprintf(stderr, "%s: out of memory\n", arg_name);
}

int imactl_usage(const char *command)
{
	for (const struct imactl_command *c = imactl_commands; c->name; c++)
		if (!strcmp(c->name, command))
			imactl_help_usage(stderr, c);
	return EXIT_USAGE;
}

int imactl_misuse(const char *command, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return imactl_fail(EXIT_USAGE, "%s: %s; see imactl %s --help", command, text, command);
}

int imactl_fail(int status, const char *fmt, ...)
{
	ima_cleanup(ima_freep) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	say(text ? text : "out of memory");
	return status;
}

int imactl_fail_diag(int status, const char *file, const struct ima_diag *d, int error)
{
	const char *text = d->text[0] ? d->text : strerror(-error), *colon = d->token[0] ? ": " : "";
	char place[48] = "";

	if (d->line && d->column)
		snprintf(place, sizeof(place), "%u:%u:", d->line, d->column);
	else if (d->line)
		snprintf(place, sizeof(place), "%u:", d->line);
	else if (d->has_offset)
		snprintf(place, sizeof(place), " offset %llu:", (unsigned long long)d->offset);
	return imactl_fail(status, "%s:%s %s%s%s", file, place, d->token, colon, text);
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

json_t *imactl_json_named(const char *key, const char *path, json_t *rest)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer hex = { 0 };
	json_t *text = json_string(path), *o = json_object();
	char key_hex[32];
	int r = 0;

	snprintf(key_hex, sizeof(key_hex), "%s_hex", key);
	if (!text) {
		r = ima_buffer_append_hex(&hex, path, strlen(path));
		text = r == 0 ? json_string((char *)hex.data) : NULL;
		key = key_hex;
	}
	if (json_object_set_new(o, key, text) < 0 || json_object_update(o, rest) < 0) {
		json_decref(o);
		o = NULL;
	}
	json_decref(rest);
	return o;
}

int imactl_append_path(struct ima_buffer *b, const char *path)
{
	return append_escaped(b, path, true);
}

void imactl_print_path(FILE *f, const char *path)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer b = { 0 };

	if (imactl_append_path(&b, path) == 0)
		fwrite(b.data, 1, b.len, f);
}

int imactl_read_file(const char *path, size_t max, uint8_t **ret, size_t *ret_len)
{
	ima_cleanup(ima_closep) int fd =
		strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);

	return fd < 0 ? -errno : ima_file_read_fd(fd, max, ret, ret_len);
}
