/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl restart: after an upgrade, or to take new settings over. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "imactl/sources.h"

#define WAIT_MS 30000
#define STEP_MS 50

static long long started(const char *control)
{
	struct ima_diag diag = { 0 };
	json_t *status = NULL;
	long long when = -1;

	if (imactl_ask(control, "status", &status, &diag) == 0)
		when = (long long)json_integer_value(json_object_get(status, "instance"));
	json_decref(status);
	return when;
}

/* 0: another imad answers */
static int wait_for_another(const char *control, long long before)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (int i = 0; i < WAIT_MS / STEP_MS; i++) {
		const long long now = started(control);

		if (now >= 0 && now != before)
			return 0;
		nanosleep(&step, NULL);
	}
	return -ETIMEDOUT;
}

int cmd_restart(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "control", required_argument, NULL, 'c' },
						 { 0 } };
	const char *control = NULL;
	struct ima_diag diag = { 0 };
	json_t *reply = NULL;
	bool json = false;
	long long before;
	int opt, r;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'j')
			json = true;
		else if (opt == 'c')
			control = optarg;
		else
			return imactl_usage("restart");
	}
	if (optind != argc)
		return imactl_usage("restart");
	before = started(control);
	r = imactl_ask(control, "restart", &reply, &diag);
	json_decref(reply);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "imad was not replaced: %s", diag.text[0] ? diag.text : strerror(-r));
	if (wait_for_another(control, before) < 0)
		return imactl_fail(EXIT_UNABLE, "no new imad answers; what was in force stays in force with the gate and fail_mode = closed");
	if (json)
		return imactl_print_json(json_pack("{s:b}", "restarted", 1), EXIT_GOOD, true);
	puts("imad was started anew");
	return EXIT_GOOD;
}
