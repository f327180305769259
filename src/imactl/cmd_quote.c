/* SPDX-License-Identifier: BSD-2-Clause */
/* imactl quote: the three parts of a quote as files that tpm2_checkquote(1) takes, or as the one string that Keylime's agents send. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "imactl/ak_files.h"
#include "imactl/quote_source.h"

struct quote_cmd {
	struct imactl_quote_opts opts;
	const char *out;
	bool keylime;
};

static int parse_args(int argc, char **argv, struct quote_cmd *c)
{
	static const struct option options[] = {
		IMACTL_QUOTE_OPTIONS, { "out", required_argument, NULL, 'o' }, { "format", required_argument, NULL, 'f' }, { 0 },
	};
	int opt, r = 0;

	while (!r && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'o')
			c->out = optarg;
		else if (opt == 'f' && !strcmp(optarg, "keylime"))
			c->keylime = true;
		else
			r = imactl_quote_option(&c->opts, opt) ? 0 : imactl_usage("quote");
		if (!r && c->opts.failed)
			r = EXIT_USAGE;
	}
	if (!r && optind != argc)
		r = imactl_misuse("quote", "%s: nothing stands without an option", argv[optind]);
	if (!r && !c->out == !c->keylime)
		r = imactl_misuse("quote", "--out FOLDER or --format keylime: one of the two");
	return r;
}

static int write_parts(const char *folder, const struct ima_quote_parts *q)
{
	struct ima_buffer pcrs = { 0 };
	int r = ima_quote_pcrs_write(&pcrs, &q->pcrs);

	r = r < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-r)) : EXIT_GOOD;
	if (!r && mkdir(folder, 0755) < 0 && errno != EEXIST)
		r = imactl_fail(EXIT_UNABLE, "%s: %s", folder, strerror(errno));
	if (!r)
		r = imactl_write_file(folder, "quote.msg", ima_buffer_bytes(&q->attest), 0644);
	if (!r)
		r = imactl_write_file(folder, "quote.sig", ima_buffer_bytes(&q->signature), 0644);
	if (!r)
		r = imactl_write_file(folder, "quote.pcrs", ima_buffer_bytes(&pcrs), 0644);
	ima_buffer_done(&pcrs);
	return r;
}

int cmd_quote(int argc, char **argv)
{
	struct ima_quote_parts q = { 0 };
	struct ima_ak_blobs ak = { 0 };
	struct ima_buffer text = { 0 };
	struct quote_cmd c = { 0 };
	int r = parse_args(argc, argv, &c);

	if (!r)
		r = imactl_ak_read(imactl_quote_folder(&c.opts), &ak);
	if (!r)
		r = imactl_quote(&c.opts, &ak, &q);
	if (!r && c.keylime) {
		r = ima_keylime_quote(&q, &text) < 0 ? imactl_fail(EXIT_UNABLE, "out of memory") : EXIT_GOOD;
		if (!r)
			printf("%s\n", (char *)text.data);
	} else if (!r) {
		r = write_parts(c.out, &q);
	}
	ima_buffer_done(&text);
	ima_ak_blobs_done(&ak);
	ima_quote_parts_done(&q);
	return r;
}
