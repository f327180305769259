/* SPDX-License-Identifier: BSD-2-Clause */
/* imad: settings from their three sources, checks that need no privilege, then the supervisor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "imad/supervisor.h"
#include "imad/worker.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2, EXIT_UNABLE = 3 };

static int read_kernel_parameters(struct imad_config *c)
{
	ima_cleanup(ima_fclosep) FILE *f = fopen("/proc/cmdline", "re");
	ima_cleanup(ima_freep) char *text = NULL;
	size_t size = 0;

	/* one line, whatever its length */
	if (!f || getdelim(&text, &size, 0, f) < 0)
		return 0;
	return imad_config_kernel(c, text);
}

static void print_warnings(const struct imad_config *c)
{
	for (const char *p = c->warnings; p && *p;) {
		const char *nl = strchr(p, '\n');

		fprintf(stderr, "imad: kernel parameter ignored: %.*s\n", (int)(nl - p), p);
		p = nl + 1;
	}
}

static void print_policy_error(const char *file, const struct ima_diag *d)
{
	if (d->line && d->column)
		fprintf(stderr, "imad: %s:%u:%u: %s%s%s\n", file, d->line, d->column, d->token,
			d->token[0] ? ": " : "", d->text);
	else if (d->line)
		fprintf(stderr, "imad: %s:%u: %s\n", file, d->line, d->text);
	else
		fprintf(stderr, "imad: %s: %s\n", file, d->text);
}

/* a bad rule file stops a start that named it; the default one is only reported */
static int check_policy(struct imad_config *c)
{
	const char *file = c->policy_file;
	struct ima_diag diag = { 0 };
	struct ima_policy *p = NULL;
	bool custom;
	int r;

	c->lsm = ima_lsm_detect("/sys");
	r = imad_policy_setup(c, file, c->policy_file_given, &p, &custom, &diag);

	ima_policy_free(p);
	if (r == 0)
		return 0;
	print_policy_error(file ? file : "policy", &diag);
	if (!file || c->policy_file_given)
		return r == -EINVAL || r == -ERANGE ? EXIT_BAD : EXIT_UNABLE;
	fprintf(stderr, "imad: no rule of %s is in force\n", file);
	free(c->policy_file);
	c->policy_file = NULL;
	return 0;
}

static int check_words(struct imad_config *c)
{
	const struct ima_policy_opts opts = { .profile = c->profile };
	struct ima_diag diag = { 0 };
	struct ima_policy *p = NULL;
	int r = ima_policy_new(&opts, &p);

	if (r == 0 && c->policy_names)
		r = ima_policy_builtin(p, c->policy_names, &diag);
	ima_policy_free(p);
	if (r != -ENOENT)
		return r < 0 ? EXIT_UNABLE : 0;
	fprintf(stderr, "imad: ima_policy=%s: %s\n", c->policy_names, diag.text);
	return c->policy_source == IMAD_FROM_KERNEL ? 0 : EXIT_USAGE;
}

static int load_settings(struct imad_config *c, int argc, char **argv)
{
	char *file = NULL;
	struct ima_diag diag = { 0 };
	int r = imad_config_args(NULL, argc, argv, &file);

	if (r)
		return r < 0 ? EXIT_USAGE : -1;
	r = read_kernel_parameters(c);
	if (r == 0)
		r = imad_config_file(c, file ? file : IMAD_CONFIG_FILE, file != NULL, &diag);
	if (r < 0) {
		print_policy_error(file ? file : IMAD_CONFIG_FILE, &diag);
		return r == -EINVAL || r == -ENOENT ? EXIT_USAGE : EXIT_UNABLE;
	}
	return imad_config_args(c, argc, argv, &file) < 0 ? EXIT_USAGE : 0;
}

int main(int argc, char **argv)
{
	struct imad_config c;
	int r;

	imad_config_init(&c);
	r = load_settings(&c, argc, argv);
	if (r == 0)
		print_warnings(&c);
	if (r == 0)
		r = check_words(&c);
	if (r == 0)
		r = check_policy(&c);
	if (r == 0 && geteuid() != 0) {
		fprintf(stderr, "imad: measuring needs root (CAP_SYS_ADMIN for fanotify permission events); "
				"imactl list, replay and policy work without\n");
		r = EXIT_UNABLE;
	}
	if (r == 0) {
		setenv("TSS2_LOG", "all+none", 0);
		r = imad_supervise(&c, argv);
	}
	imad_config_done(&c);
	return r < 0 ? EXIT_GOOD : r;
}
