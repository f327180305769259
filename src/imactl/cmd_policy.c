/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl policy: show rules, give the daemon new ones. */
#include <errno.h>
#include <string.h>

#include <ima/policy.h>

#include "base/buffer.h"
#include "control/control.h"
#include "imactl/sources.h"

#define POLICY_MAX (16U << 20)
#define LOAD_TIMEOUT_MS 10000

struct policy_args {
	const char *file, *builtin, *control;
	enum ima_profile profile;
	bool json;
};

static int parse_args(int argc, char **argv, const char *command, struct policy_args *a)
{
	static const struct option options[] = {
		{ "profile", required_argument, NULL, 'p' }, { "builtin", required_argument, NULL, 'b' },
		{ "control", required_argument, NULL, 'c' }, { "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p' && ima_profile_by_name(optarg, &a->profile) < 0)
			return imactl_fail(EXIT_USAGE,
					   "--profile %s: not one of 6.1, 6.12, 7.1, newest", optarg);
		if (opt == 'b')
			a->builtin = optarg;
		else if (opt == 'c')
			a->control = optarg;
		else if (opt == 'j')
			a->json = true;
		else if (opt != 'p')
			return imactl_usage(command);
	}
	if (optind < argc)
		a->file = argv[optind++];
	return optind != argc ? imactl_usage(command) : 0;
}

static int read_policy(const struct policy_args *a, uint8_t **ret, size_t *ret_len)
{
	int r = imactl_read_file(a->file, POLICY_MAX, ret, ret_len);

	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", a->file, strerror(-r)) : 0;
}

static int show_builtin(const struct policy_args *a)
{
	const struct ima_policy_opts opts = { .profile = a->profile };
	struct ima_buffer out = { 0 };
	struct ima_policy *p = NULL;
	struct ima_diag diag = { 0 };
	int r = ima_policy_new(&opts, &p);

	if (r == 0)
		r = ima_policy_builtin(p, a->builtin, &diag);
	if (r == 0)
		r = ima_policy_show(p, &out);
	if (r == 0 && out.len)
		fwrite(out.data, 1, out.len, stdout);
	ima_buffer_done(&out);
	ima_policy_free(p);
	if (r == -ENOENT)
		return imactl_fail(EXIT_USAGE, "%s", diag.text);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-r)) : EXIT_GOOD;
}

int cmd_policy_show(int argc, char **argv)
{
	struct policy_args a = { 0 };
	struct ima_diag diag = { 0 };
	json_t *reply = NULL;
	const char *text;
	int r = parse_args(argc, argv, "policy show", &a);

	if (r || a.file)
		return r ? r : imactl_usage("policy show");
	if (a.builtin)
		return show_builtin(&a);
	r = imactl_ask(a.control, "policy_show", &reply, &diag);
	text = json_string_value(json_object_get(reply, "text"));
	if (r == 0 && text)
		fputs(text, stdout);
	json_decref(reply);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s", diag.text) : EXIT_GOOD;
}

static int call(struct ima_control *c, json_t *request, struct ima_diag *diag)
{
	json_t *reply = NULL;
	int r = request ? ima_control_call(c, request, LOAD_TIMEOUT_MS, &reply, diag) : -EINVAL;

	json_decref(request);
	json_decref(reply);
	return r;
}

static int send_lines(struct ima_control *c, const uint8_t *text, size_t len,
		      struct ima_diag *diag)
{
	const uint8_t *end = text + len;
	int r = call(c, json_pack("{s:s}", "op", "policy_begin"), diag);

	while (r == 0 && text < end) {
		const uint8_t *nl = memchr(text, '\n', (size_t)(end - text));
		const size_t n = (size_t)((nl ? nl : end) - text);

		r = call(c, json_pack("{s:s, s:s%}", "op", "policy_line", "line", (const char *)text, n),
			 diag);
		text = nl ? nl + 1 : end;
	}
	return r < 0 ? r : call(c, json_pack("{s:s}", "op", "policy_commit"), diag);
}

int cmd_policy_load(int argc, char **argv)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	struct ima_control *c = NULL;
	struct policy_args a = { 0 };
	struct ima_diag diag = { 0 };
	size_t len = 0;
	int r = parse_args(argc, argv, "policy load", &a);

	if (r || !a.file)
		return r ? r : imactl_usage("policy load");
	r = read_policy(&a, &text, &len);
	if (r)
		return r;
	r = ima_control_open(a.control, &c);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "no daemon answers: %s", strerror(-r));
	r = send_lines(c, text, len, &diag);
	ima_control_free(c);
	if (r < 0)
		return imactl_fail_diag(r == -EINVAL || r == -ERANGE || r == -EACCES ? EXIT_BAD
										      : EXIT_UNABLE,
					a.file, &diag, r);
	return EXIT_GOOD;
}
