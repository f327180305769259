/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl appraise confirm: the machine still serves its people, so enforcing may stay. */
#include <errno.h>
#include <string.h>

#include "control/control.h"
#include "imactl/sources.h"

#define TIMEOUT_MS 10000

int cmd_appraise_confirm(int argc, char **argv)
{
	static const struct option options[] = {
		{ "control", required_argument, NULL, 'c' }, { "json", no_argument, NULL, 'j' }, { 0 } };
	const char *control = NULL;
	struct ima_control *c = NULL;
	struct ima_diag diag = { 0 };
	json_t *request, *reply = NULL;
	bool json = false, confirmed;
	int opt, r;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c': control = optarg; break;
		case 'j': json = true; break;
		default: return imactl_usage("appraise confirm");
		}
	}
	if (optind != argc)
		return imactl_usage("appraise confirm");
	r = ima_control_open(control, &c);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "no daemon answers: %s", strerror(-r));
	request = json_pack("{s:s}", "op", "appraise_confirm");
	r = request ? ima_control_call(c, request, TIMEOUT_MS, &reply, &diag) : -ENOMEM;
	confirmed = json_is_true(json_object_get(reply, "confirmed"));
	ima_control_free(c);
	json_decref(request);
	json_decref(reply);
	if (r < 0)
		return imactl_fail(r == -ETIME ? EXIT_BAD : EXIT_UNABLE, "%s", diag.text[0] ? diag.text : strerror(-r));
	if (json)
		return imactl_print_json(json_pack("{s:b}", "confirmed", (int)confirmed), EXIT_GOOD, true);
	puts(confirmed ? "confirmed: these rules stay enforced" : "nothing is on trial");
	return EXIT_GOOD;
}
