/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl measure: give the daemon a buffer to measure: critical data of a program, or a key that was added to a keyring. */
#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "control/control.h"
#include "imactl/sources.h"

#define DATA_MAX (500U << 10) /* bytes: twice as many characters, and their request around them, go into one request */
#define TIMEOUT_MS 10000

struct measure_args {
	const char *file, *label, *name, *keyring, *control;
	bool by_hash, json;
};

static int parse_args(int argc, char **argv, struct measure_args *a)
{
	static const struct option options[] = {
		{ "label", required_argument, NULL, 'l' }, { "name", required_argument, NULL, 'n' },
		{ "keyring", required_argument, NULL, 'k' }, { "by-hash", no_argument, NULL, 'h' },
		{ "control", required_argument, NULL, 'c' }, { "json", no_argument, NULL, 'j' }, { 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'l': a->label = optarg; break;
		case 'n': a->name = optarg; break;
		case 'k': a->keyring = optarg; break;
		case 'h': a->by_hash = true; break;
		case 'c': a->control = optarg; break;
		case 'j': a->json = true; break;
		default: return imactl_usage("measure");
		}
	}
	a->file = optind < argc ? argv[optind++] : "-";
	if (optind != argc || (a->keyring ? a->label || a->name || a->by_hash : !a->label || !a->name))
		return imactl_usage("measure");
	return 0;
}

static json_t *request_of(const struct measure_args *a, const uint8_t *data, size_t len)
{
	char *hex = malloc(2 * len + 1);
	json_t *o = NULL;

	if (hex) {
		ima_hex_encode(data, len, hex);
		o = json_pack("{s:s, s:s*, s:s*, s:s*, s:s%, s:b}", "op", "measure", "label", a->label, "name",
			      a->name, "keyring", a->keyring, "data", hex, 2 * len, "by_hash", (int)a->by_hash);
	}
	free(hex);
	return o;
}

static int report(const struct measure_args *a, json_t *reply)
{
	const bool wanted = json_is_true(json_object_get(reply, "wanted"));
	const bool added = json_is_true(json_object_get(reply, "added"));

	if (a->json)
		return imactl_print_json(json_pack("{s:b, s:b}", "measured", (int)wanted, "added", (int)added),
					 wanted ? EXIT_GOOD : EXIT_BAD, true);
	puts(!wanted ? "not measured: no rule in force names it" : added ? "measured" : "measured before");
	return wanted ? EXIT_GOOD : EXIT_BAD;
}

int cmd_measure(int argc, char **argv)
{
	ima_cleanup(ima_freep) uint8_t *data = NULL;
	struct measure_args a = { 0 };
	struct ima_control *c = NULL;
	struct ima_diag diag = { 0 };
	json_t *request, *reply = NULL;
	size_t len = 0;
	int r = parse_args(argc, argv, &a), status;

	if (r)
		return r;
	r = imactl_read_file(a.file, DATA_MAX, &data, &len);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a.file, r == -EFBIG ? "more than 500 KiB" : strerror(-r));
	request = request_of(&a, data, len);
	r = request ? ima_control_open(a.control, &c) : -ENOMEM;
	if (r < 0)
		ima_ignore(snprintf(diag.text, sizeof(diag.text), "no daemon answers: %s", strerror(-r)));
	else
		r = ima_control_call(c, request, TIMEOUT_MS, &reply, &diag);
	status = r < 0 ? imactl_fail(EXIT_UNABLE, "%s", diag.text[0] ? diag.text : strerror(-r))
		       : report(&a, reply);
	ima_control_free(c);
	json_decref(request);
	json_decref(reply);
	return status;
}
