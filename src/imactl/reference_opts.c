/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates are of UTC. Nothing is overwritten that was not said to be. */
#include "imactl/reference_opts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/attest/reference.h"
#include "core/attest/reference_forms.h"
#include "imactl/interrupt.h"

#define DAY 86400

int imactl_reference_date(const char *option, const char *text, int64_t *ret)
{
	struct tm tm = { 0 };
	const char *end;
	char *number_end;
	unsigned long days;

	if (*text == '+') {
		days = strtoul(text + 1, &number_end, 10);
		if (number_end > text + 1 && !strcmp(number_end, "d") && days < 100000 && text[1] != '-') {
			*ret = (int64_t)time(NULL) + (int64_t)days * DAY;
			return EXIT_GOOD;
		}
	}
	end = strptime(text, "%Y-%m-%d", &tm);
	if (end && !*end) {
		*ret = (int64_t)timegm(&tm) + DAY - 1;
		return EXIT_GOOD;
	}
	tm = (struct tm){ 0 };
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		return imactl_fail(EXIT_USAGE, "%s %s: a date as 2026-12-31, 2026-12-31T12:00:00Z or +30d", option, text);
	*ret = (int64_t)timegm(&tm);
	return *ret > 0 ? EXIT_GOOD : imactl_fail(EXIT_USAGE, "%s %s: before 1970", option, text);
}

const char *imactl_date_text(int64_t seconds, char ret[24])
{
	const time_t t = (time_t)seconds;
	struct tm tm;

	ret[0] = 0;
	if (seconds && gmtime_r(&t, &tm))
		ima_ignore(strftime(ret, 24, "%Y-%m-%dT%H:%M:%SZ", &tm));
	return ret;
}

const char *imactl_reference_path(const char *path)
{
	return strcmp(path, "-") ? path : "/dev/stdin";
}

int imactl_reference_add_file(struct ima_reference_builder *b, const char *path, const struct ima_keyring *keys)
{
	struct ima_diag diag = { 0 };
	const int r = ima_reference_load_form(b, imactl_reference_path(path), IMA_FORM_AUTO, keys, &diag);

	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, path, &diag, r) : EXIT_GOOD;
}

int imactl_reference_open(const char *path, const struct ima_keyring *keys, struct ima_reference **ret)
{
	struct ima_reference_builder *b = NULL;
	int r = ima_reference_builder_new(&b) < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : EXIT_GOOD;

	if (r == EXIT_GOOD)
		r = imactl_reference_add_file(b, path, keys);
	if (r == EXIT_GOOD && ima_reference_finish(b, ret) < 0)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	ima_reference_builder_free(b);
	return r;
}

int imactl_reference_may_write(const char *path, bool force)
{
	if (!strcmp(path, "-"))
		return imactl_fail(EXIT_USAGE, "-o -: a database is a file, and no stream");
	if (!force && access(path, F_OK) == 0)
		return imactl_fail(EXIT_UNABLE, "%s: it is there already; --force replaces it", path);
	return EXIT_GOOD;
}

int imactl_reference_write(struct ima_reference_builder *b, const char *path, bool force, bool quiet)
{
	struct ima_reference *ref = NULL;
	struct ima_diag diag = { 0 };
	struct stat st;
	int r;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return imactl_fail(EXIT_UNABLE, "%s: a database replaces no more than a regular file", path);
	r = ima_reference_finish(b, &ref);
	/* a signal does not come between: a part of a database has a name */
	imactl_interrupt_catch();
	if (r == 0)
		r = ima_reference_store(ref, path, force, &diag);
	if (r == 0 && !quiet)
		fprintf(stderr, "imactl: %s: %zu values\n", path, ima_reference_size(ref));
	ima_reference_free(ref);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, path, &diag, r) : EXIT_GOOD;
}
