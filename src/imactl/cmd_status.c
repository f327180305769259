/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl status: the daemon's own words, or what the kernel's IMA shows when no daemon runs. */
#include <string.h>
#include <time.h>

#include "imactl/sources.h"

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static long long number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void print_tpm(const json_t *tpm)
{
	const json_t *banks = json_object_get(tpm, "banks");

	printf("TPM          %s", text_of(tpm, "owner"));
	if (text_of(tpm, "where")[0])
		printf(" (%s)", text_of(tpm, "where"));
	for (size_t i = 0; i < json_array_size(banks); i++)
		printf("%s%s", i ? ", " : "; banks ", json_string_value(json_array_get(banks, i)));
	putchar('\n');
}

static void print_events(const json_t *e)
{
	printf("events       %lld seen, %lld measured, %lld lost, %lld allowed late, %lld taken over\n",
	       number_of(e, "seen"), number_of(e, "measured"), number_of(e, "lost"),
	       number_of(e, "allowed_late"), number_of(e, "retried"));
}

static void print_marks(const json_t *marks)
{
	const json_t *skipped = json_object_get(marks, "skipped");

	printf("hooked       %lld file systems; left out:", number_of(marks, "filesystems"));
	if (!json_array_size(skipped))
		printf(" none");
	putchar('\n');
	for (size_t i = 0; i < json_array_size(skipped); i++) {
		const json_t *s = json_array_get(skipped, i);

		printf("               %-12s %s (%s)\n", text_of(s, "fs"), text_of(s, "where"),
		       text_of(s, "reason"));
	}
}

static void print_warnings(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		printf("warning      %s\n", json_string_value(json_array_get(list, i)));
}

static void print_policy(const json_t *s)
{
	const json_t *p = json_object_get(s, "policy");
	const bool custom = json_is_true(json_object_get(p, "custom"));

	printf("policy       %s%s%lld rules; behaviour %s\n",
	       custom ? "custom" : text_of(p, "names"),
	       custom || text_of(p, "names")[0] ? ", " : "none, ", number_of(p, "rules"),
	       text_of(s, "profile"));
}

static void print_status(const json_t *s)
{
	const json_t *view = json_object_get(s, "view");
	const json_t *worker = json_object_get(s, "worker");

	printf("imad         %s, process %lld, worker %lld (%lld restarts)\n", text_of(s, "version"),
	       number_of(s, "pid"), number_of(worker, "pid"), number_of(worker, "restarts"));
	printf("tier         %s: %s\n", text_of(s, "tier"), text_of(s, "tier_reason"));
	print_policy(s);
	if (number_of(s, "deleted") > 0)
		printf("list         %lld older entries were taken off it\n", number_of(s, "deleted"));
	printf("list         %lld entries, %lld violations, %lld gaps; template %s, hash %s, PCR %lld\n",
	       number_of(s, "entries"), number_of(s, "violations"), number_of(s, "gaps"),
	       text_of(s, "template"), text_of(s, "hash"), number_of(s, "pcr"));
	print_tpm(json_object_get(s, "tpm"));
	print_events(json_object_get(s, "events"));
	printf("view         %s%s%s\n", text_of(view, "path"),
	       json_is_true(json_object_get(view, "mounted")) ? "" : ": not mounted: ",
	       json_is_true(json_object_get(view, "mounted")) ? "" : text_of(view, "reason"));
	printf("audit        to the %s, %lld records dropped\n", text_of(json_object_get(s, "audit"), "to"),
	       number_of(json_object_get(s, "audit"), "dropped"));
	printf("journal      %s\n", text_of(s, "journal"));
	print_marks(json_object_get(s, "marks"));
	print_warnings(json_object_get(s, "warnings"));
}

static long long read_counter(const char *path)
{
	ima_cleanup(ima_fclosep) FILE *f = fopen(path, "re");
	long long n;

	return f && fscanf(f, "%lld", &n) == 1 ? n : -1;
}

static int kernel_status(const struct ima_diag *diag)
{
	const long long entries =
		read_counter("/sys/kernel/security/integrity/ima/runtime_measurements_count");
	const long long violations = read_counter("/sys/kernel/security/integrity/ima/violations");

	imactl_fail(EXIT_UNABLE, "%s", diag->text);
	if (entries >= 0)
		printf("kernel IMA   %lld entries, %lld violations\n", entries, violations);
	return EXIT_UNABLE;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "control", required_argument, NULL, 'c' },
						 { 0 } };
	const char *control = NULL;
	struct ima_diag diag = { 0 };
	json_t *status = NULL;
	bool json = false;
	int opt, r;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'j')
			json = true;
		else if (opt == 'c')
			control = optarg;
		else
			return imactl_usage("status");
	}
	if (optind != argc)
		return imactl_usage("status");
	r = imactl_ask(control, "status", &status, &diag);
	if (r < 0) {
		json_decref(status);
		return kernel_status(&diag);
	}
	if (json)
		return imactl_print_json(status, EXIT_GOOD, true);
	print_status(status);
	json_decref(status);
	return EXIT_GOOD;
}
