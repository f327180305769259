/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl trim: export, then delete. Exactly what is safely in the file is taken off the live list; whatever goes wrong before
 * leaves the list as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <ima/mlist.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "control/control.h"
#include "imactl/sources.h"

#define TIMEOUT_MS 120000
#define WRITE_AT 262144 /* bytes gathered before a write */

struct trim_args {
	const char *export, *control;
	bool json;
};

static int parse_args(int argc, char **argv, struct trim_args *a)
{
	static const struct option options[] = {
		{ "export", required_argument, NULL, 'e' }, { "control", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' }, { 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'e')
			a->export = optarg;
		else if (opt == 'c')
			a->control = optarg;
		else if (opt == 'j')
			a->json = true;
		else
			return imactl_usage("trim");
	}
	return optind != argc || !a->export ? imactl_usage("trim") : 0;
}

static int flush(int fd, struct ima_buffer *b)
{
	size_t at = 0;

	while (at < b->len) {
		ssize_t n = write(fd, b->data + at, b->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += (size_t)n;
	}
	b->len = 0;
	return 0;
}

static int copy_list(int list, int out, uint64_t *ret_n, struct ima_diag *diag)
{
	struct ima_list_reader *in = NULL;
	struct ima_buffer b = { 0 };
	const struct ima_template *t;
	struct ima_record rec;
	uint64_t n = 0;
	int r = ima_list_reader_new(list, NULL, &in);

	while (r == 0 && (r = ima_list_reader_next(in, &rec, &t, diag)) == 1) {
		n++;
		r = ima_record_write(&b, &rec);
		if (r == 0 && b.len >= WRITE_AT)
			r = flush(out, &b);
	}
	if (r == 0)
		r = flush(out, &b);
	if (r == 0 && fsync(out) < 0)
		r = -errno;
	ima_buffer_done(&b);
	ima_list_reader_free(in);
	*ret_n = n;
	return r;
}

static int export(const struct trim_args *a, uint64_t *ret_n)
{
	ima_cleanup(ima_freep) char *name = NULL;
	ima_cleanup(ima_closep) int list = -EBADF;
	struct ima_diag diag = { 0 };
	int out, r;

	list = imactl_open_list(NULL, a->control, &name, &diag);
	if (list < 0)
		return imactl_fail_diag(EXIT_UNABLE, name ? name : "the live list", &diag, list);
	out = open(a->export, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", a->export, strerror(errno));
	r = copy_list(list, out, ret_n, &diag);
	if (close(out) < 0 && r == 0)
		r = -errno;
	if (r < 0) {
		unlink(a->export);
		return imactl_fail_diag(EXIT_UNABLE, diag.text[0] ? name : a->export, &diag, r);
	}
	return 0;
}

int cmd_trim(int argc, char **argv)
{
	struct trim_args a = { 0 };
	struct ima_control *c = NULL;
	struct ima_diag diag = { 0 };
	json_t *request, *reply = NULL;
	uint64_t n = 0;
	int r = parse_args(argc, argv, &a);

	if (r)
		return r;
	/* the daemon first: without it nothing can be deleted, and nothing is exported in vain */
	r = ima_control_open(a.control, &c);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "no daemon answers: %s", strerror(-r));
	r = export(&a, &n);
	if (r) {
		ima_control_free(c);
		return r;
	}
	request = json_pack("{s:s, s:I}", "op", "trim", "n", (json_int_t)n);
	r = request ? ima_control_call(c, request, TIMEOUT_MS, &reply, &diag) : -ENOMEM;
	ima_control_free(c);
	json_decref(request);
	json_decref(reply);
	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s holds %llu records, none was deleted: %s", a.export,
				   (unsigned long long)n, diag.text[0] ? diag.text : strerror(-r));
	if (a.json)
		return imactl_print_json(json_pack("{s:I, s:s}", "deleted", (json_int_t)n, "file", a.export),
					 EXIT_GOOD, true);
	printf("%llu records are in %s and were taken off the list\n", (unsigned long long)n, a.export);
	return EXIT_GOOD;
}
