/* SPDX-License-Identifier: BSD-2-Clause */
/* Usage lines broken between options. */
#include "imactl/help.h"

#include <string.h>

#define WIDTH 100
#define INDENT 12

static void print_row(FILE *f, const struct imactl_command *c)
{
	fprintf(f, "  %-18s %s\n", c->name, c->summary);
}

void imactl_help_all(FILE *f)
{
	fputs("usage: imactl COMMAND [OPTION...]\n\n", f);
	for (const struct imactl_command *c = imactl_commands; c->name; c++)
		print_row(f, c);
	fputs("\nimactl COMMAND --help shows its options; imactl(1) explains them.\n"
	      "Exit status: 0 good, 1 checked and bad, 2 usage, 3 could not check.\n",
	      f);
}

static bool is_of(const struct imactl_command *c, const char *word)
{
	const size_t n = strlen(word);

	return n && !strncmp(c->name, word, n) && c->name[n] == ' ';
}

bool imactl_help_group(FILE *f, const char *word)
{
	bool any = false;

	for (const struct imactl_command *c = imactl_commands; c->name; c++)
		if (is_of(c, word)) {
			if (!any)
				fprintf(f, "usage: imactl %s COMMAND [OPTION...]\n\n", word);
			print_row(f, c);
			any = true;
		}
	return any;
}

/* up to the blank that ends the next option or word: blanks within brackets do not */
static size_t piece(const char *at)
{
	int depth = 0;
	size_t n = 0;

	for (; at[n] && (depth > 0 || at[n] != ' '); n++)
		depth += (at[n] == '[' || at[n] == '(') - (at[n] == ']' || at[n] == ')');
	return n;
}

/* one way of calling, up to @end */
static void print_way(FILE *f, const char *at, const char *end)
{
	size_t column = (size_t)fprintf(f, "imactl");

	while (at < end) {
		size_t n = piece(at);

		if (at + n > end)
			n = (size_t)(end - at);
		if (column + 1 + n > WIDTH)
			column = (size_t)fprintf(f, "\n%*s", INDENT, "") - 1;
		column += (size_t)fprintf(f, " %.*s", (int)n, at);
		at += n;
		at += strspn(at, " ");
	}
	fputc('\n', f);
}

void imactl_help_usage(FILE *f, const struct imactl_command *c)
{
	const char *at = c->usage;

	while (*at) {
		const char *end = strstr(at, "; ");

		fputs(at == c->usage ? "usage: " : "       ", f);
		print_way(f, at, end ? end : at + strlen(at));
		at = end ? end + 2 : at + strlen(at);
	}
}

void imactl_help_one(FILE *f, const struct imactl_command *c)
{
	fprintf(f, "%s\n\n", c->summary);
	imactl_help_usage(f, c);
	fputs("\nimactl(1) explains the options.\n", f);
}
