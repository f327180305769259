/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl run: the measurement list of one command and everything it starts, without privileges. The command's output is its own; what
 * we have to say goes to stderr, after it. Its exit status is kept.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include <ima/eventlog.h>
#include <ima/reference.h>
#include <ima/replay.h>

#include "base/byteset.h"
#include "base/diag.h"
#include "base/hex.h"
#include "core/attest/reference.h"
#include "core/monitor/monitor.h"
#include "hook/trace/trace.h"
#include "imactl/policy_source.h"
#include "imactl/run_evidence.h"
#include "imactl/run_list.h"
#include "imactl/run_policy.h"

#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

struct run_args {
	struct policy_source source;
	const char *list, *pcrs, *templ, *reference, *tpm;
	struct run_evidence_opts evidence;
	enum ima_hash_algo hash;
	bool deny_unknown, best_effort, io_uring, json, quiet;
	char **command;
};

enum kind { KIND_PROGRAM, KIND_LIBRARY, KIND_FILE, KIND__LAST };

struct run {
	const struct run_args *a;
	struct ima_policy *policy;
	struct ima_template *custom;
	struct ima_reference *reference;
	struct run_list list;
	struct ima_hasher *h;
	struct ima_monitor *monitor;
	struct ima_trace *trace;
	pthread_mutex_t lock;
	struct ima_byteset *seen; /* path and kind */
	uint64_t n[KIND__LAST];
	uint64_t unknown;         /* measured, and not in the reference */
};

static struct ima_trace *running; /* for the signal handler */

static void hand_on(int sig)
{
	if (running)
		ima_trace_signal(running, sig);
}

/* ---- the command line ---- */

static int take_option(struct run_args *a, int opt)
{
	switch (opt) {
	case 'p': a->source.file = optarg; break;
	case 'b': a->source.builtin = optarg; break;
	case 'l': a->list = optarg; break;
	case 'P': a->pcrs = optarg; break;
	case 't': a->templ = optarg; break;
	case 'R': a->reference = optarg; break;
	case 'd': a->deny_unknown = true; break;
	case 'e': a->best_effort = true; break;
	case 'u': a->io_uring = true; break;
	case 'T': a->tpm = optarg; break;
	case 'E': a->evidence.out = optarg; break;
	case 'k': a->evidence.ak = optarg; break;
	case 'n': a->evidence.nonce = optarg; break;
	case 'j': a->json = true; break;
	case 'q': a->quiet = true; break;
	case 'H':
		if (ima_hash_by_name(optarg, strlen(optarg), &a->hash) < 0)
			return imactl_fail(EXIT_USAGE, "--hash %s: not a hash algorithm", optarg);
		break;
	default:
		return imactl_usage("run");
	}
	return 0;
}

static int parse_args(int argc, char **argv, struct run_args *a)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "builtin", required_argument, NULL, 'b' },
		{ "list", required_argument, NULL, 'l' },
		{ "pcrs", required_argument, NULL, 'P' },
		{ "template", required_argument, NULL, 't' },
		{ "hash", required_argument, NULL, 'H' },
		{ "reference", required_argument, NULL, 'R' },
		{ "deny-unknown", no_argument, NULL, 'd' },
		{ "best-effort", no_argument, NULL, 'e' },
		{ "allow-io-uring", no_argument, NULL, 'u' },
		{ "tpm", required_argument, NULL, 'T' },
		{ "evidence", required_argument, NULL, 'E' },
		{ "ak", required_argument, NULL, 'k' },
		{ "nonce", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },
		{ 0 },
	};
	int opt, r = 0;

	/* the command's own options are not ours */
	while (r == 0 && (opt = getopt_long(argc, argv, "+q", options, NULL)) != -1)
		r = take_option(a, opt);
	if (r)
		return r;
	a->command = argv + optind;
	if (!a->command[0])
		return imactl_usage("run");
	if (a->deny_unknown && !a->reference)
		return imactl_fail(EXIT_USAGE, "--deny-unknown needs --reference: what is known?");
	if (a->evidence.out && a->tpm && !strcmp(a->tpm, "none"))
		return imactl_fail(EXIT_USAGE, "--evidence needs a TPM: not --tpm none");
	return run_evidence_check(&a->evidence);
}

/* ---- what is said meanwhile and decided ---- */

static void say(void *user, int level, const char *text)
{
	imactl_fail(0, "run: %s", text);
}

static enum kind kind_of(const struct ima_file_event *ev)
{
	enum kind k = KIND_FILE;

	for (size_t i = 0; i < ev->n_checks; i++) {
		if (ev->checks[i].func == IMA_FUNC_BPRM_CHECK)
			return KIND_PROGRAM;
		if (ev->checks[i].func == IMA_FUNC_MMAP_CHECK)
			k = KIND_LIBRARY;
	}
	return k;
}

/* first seen under this path, as this kind of use? Names over 255 bytes are told by their end */
static bool is_new(struct run *r, const struct ima_file_event *ev, enum kind k)
{
	const size_t skip = ev->path.len > 255 ? ev->path.len - 255 : 0;
	const struct ima_bytes key = { ev->path.data + skip, ev->path.len - skip };

	if (ima_byteset_has(r->seen, k, key))
		return false;
	return ima_byteset_add(r->seen, k, key) == 0;
}

static bool is_known(const struct run *r, const struct ima_file_event *ev, const struct ima_digest *content)
{
	return !r->reference || ima_reference_find(r->reference, ev->path, content, time(NULL), NULL) == IMA_REFERENCE_MATCH;
}

static bool admit(void *user, const struct ima_file_event *ev, const struct ima_digest *content)
{
	struct run *r = user;
	const enum kind k = kind_of(ev);
	const bool known = is_known(r, ev, content);
	const bool refuse = !known && r->a->deny_unknown && k != KIND_FILE;
	bool new;

	pthread_mutex_lock(&r->lock);
	new = is_new(r, ev, k);
	r->n[k] += new;
	r->unknown += new && !known;
	pthread_mutex_unlock(&r->lock);
	if (refuse && !r->a->quiet)
		imactl_fail(0, "run: %.*s: not in the reference values: refused", (int)ev->path.len, (const char *)ev->path.data);
	return !refuse;
}

/* ---- setting up ---- */

static int load_policy(struct run *r)
{
	const struct ima_policy_opts opts = { .profile = r->a->source.profile, .lsm_available = true };

	if (r->a->source.file || r->a->source.builtin)
		return imactl_policy_open(&r->a->source, &r->policy);
	if (ima_policy_new(&opts, &r->policy) < 0 || run_policy_default(r->policy) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return 0;
}

static int load_reference(struct run *r)
{
	struct ima_reference_builder *b = NULL;
	struct ima_diag diag = { 0 };
	int e;

	if (!r->a->reference)
		return 0;
	e = ima_reference_builder_new(&b);
	if (e == 0)
		e = ima_reference_load(b, r->a->reference, &diag);
	if (e == 0)
		e = ima_reference_finish(b, &r->reference);
	ima_reference_builder_free(b);
	return e < 0 ? imactl_fail_diag(EXIT_UNABLE, r->a->reference, &diag, e) : 0;
}

static int choose_template(struct run *r, const struct ima_template **ret)
{
	const char *t = r->a->templ ? r->a->templ : "ima-sig";

	*ret = ima_template_builtin(t, strlen(t));
	if (!*ret && ima_template_parse(t, strlen(t), &r->custom) < 0)
		return imactl_fail(EXIT_USAGE, "--template %s: neither a template nor a format", t);
	if (!*ret)
		*ret = r->custom;
	return 0;
}

static int add_first_records(struct run *r)
{
	static const char label[] = "kernel_info";
	struct ima_buffer_event kernel = {
		.facts = { .func = IMA_FUNC_CRITICAL_DATA, .func_data = { (const uint8_t *)label, sizeof(label) - 1 } },
		.name = "kernel_version",
	};
	struct ima_digest aggregate, legacy = { .algo = IMA_HASH_SHA1, .len = ima_hash_len(IMA_HASH_SHA1) };
	struct ima_pcrs pcrs;
	struct utsname u;
	int e = run_list_pcrs(&r->list, 0x3ff, &pcrs);

	if (e == 0)
		e = ima_boot_aggregate_choose(r->h, &pcrs, r->a->hash, &aggregate);
	if (e == 0 && ima_pcrs_bank_const(&pcrs, IMA_HASH_SHA1))
		e = ima_boot_aggregate(r->h, &pcrs, IMA_HASH_SHA1, &legacy);
	if (e == 0)
		e = ima_monitor_boot_aggregate(r->monitor, r->h, &aggregate, &legacy);
	if (e < 0)
		return imactl_fail(EXIT_UNABLE, "the list's first record cannot be written: %s", strerror(-e));
	if (uname(&u) == 0) {
		kernel.data = (struct ima_bytes){ (const uint8_t *)u.release, strlen(u.release) };
		ima_ignore(ima_monitor_buffer(r->monitor, r->h, &kernel)); /* -ENOENT: no rule wants it */
	}
	return 0;
}

static int set_up(struct run *r)
{
	struct ima_monitor_opts mo = { .hash = r->a->hash, .pcr = IMA_PCR_DEFAULT,
				       .version = ima_profile_number(r->a->source.profile) };
	int e = load_policy(r);

	if (e == 0)
		e = choose_template(r, &mo.templ);
	if (e == 0)
		e = load_reference(r);
	if (e == 0)
		e = run_list_open(&r->list, r->a->list, r->a->tpm ? r->a->tpm : "embedded", r->a->hash);
	if (e)
		return e;
	mo.policy = r->policy;
	mo.mlist = r->list.list;
	if (ima_hasher_new(&r->h) < 0 || ima_byteset_new(&r->seen) < 0 || ima_monitor_new(&mo, &r->monitor) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return add_first_records(r);
}

static void tear_down(struct run *r)
{
	ima_trace_free(r->trace);
	ima_monitor_free(r->monitor);
	ima_byteset_free(r->seen);
	ima_hasher_free(r->h);
	run_list_close(&r->list);
	ima_reference_free(r->reference);
	ima_template_free(r->custom);
	ima_policy_free(r->policy);
}

/* ---- afterwards ---- */

struct verdict {
	struct ima_pcrs pcrs;
	struct ima_replay_result replay;
	bool has_tpm, matches;
};

static int replay(struct run *r, struct verdict *v)
{
	const struct ima_replay_opts opts = { .targets = v->has_tpm ? &v->pcrs : NULL };
	struct ima_diag diag = { 0 };
	int e;

	if (lseek(r->list.fd, 0, SEEK_SET) < 0)
		return imactl_fail(EXIT_UNABLE, "the list: %s", strerror(errno));
	e = ima_replay_fd(r->list.fd, &opts, &v->replay, &diag);
	if (e < 0)
		return imactl_fail_diag(EXIT_UNABLE, r->a->list ? r->a->list : "the list", &diag, e);
	v->matches = !v->replay.n_bad_digests;
	for (size_t i = 0; i < v->replay.n_pcrs; i++)
		if (v->replay.pcrs[i].used && v->replay.pcrs[i].has_target)
			v->matches &= v->replay.pcrs[i].matched && v->replay.pcrs[i].matched_at == v->replay.n_records;
	return 0;
}

static int check_list(struct run *r, struct verdict *v)
{
	v->has_tpm = r->list.tpm->n_banks != 0;
	if (run_list_pcrs(&r->list, 0xffffff, &v->pcrs) < 0)
		return imactl_fail(EXIT_UNABLE, "the TPM's PCRs cannot be read (0x%x)", r->list.tpm->last_rc);
	return replay(r, v);
}

/* "sha256 10 HEX", as imactl replay --pcrs reads it */
static int write_pcrs(const char *path, const struct ima_pcrs *pcrs)
{
	FILE *f = fopen(path, "we");
	int e = f ? 0 : -errno;

	for (size_t i = 0; f && i < pcrs->n_banks; i++) {
		const struct ima_pcr_bank *b = &pcrs->banks[i];

		for (unsigned int pcr = 0; pcr < IMA_PCR_COUNT; pcr++) {
			char hex[2 * IMA_DIGEST_MAX + 1];

			if (!(b->known >> pcr & 1))
				continue;
			ima_hex_encode(b->value[pcr], ima_hash_len(b->algo), hex);
			hex[2 * ima_hash_len(b->algo)] = 0;
			fprintf(f, "%s %u %s\n", ima_hash_name(b->algo), pcr, hex);
		}
	}
	if (f && fclose(f) == EOF)
		e = -errno;
	return e < 0 ? imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(-e)) : 0;
}

static void print_pcrs(const struct verdict *v)
{
	for (size_t i = 0; i < v->replay.n_pcrs; i++) {
		const struct ima_replay_pcr *p = &v->replay.pcrs[i];
		char hex[2 * IMA_DIGEST_MAX + 1];

		if (!p->used || !p->has_target || (p->algo != IMA_HASH_SHA256 && v->replay.n_pcrs > 1))
			continue;
		ima_hex_encode(p->value.data, ima_hash_len(p->algo), hex);
		hex[2 * ima_hash_len(p->algo)] = 0;
		fprintf(stderr, "imactl run: PCR %u %s %s: %s\n", p->pcr, ima_hash_name(p->algo), hex,
			p->matched && p->matched_at == v->replay.n_records ? "the list leads to it" : "the list does NOT lead to it");
	}
}

static void print_summary(const struct run *r, const struct verdict *v, const struct ima_trace_stats *s)
{
	fprintf(stderr, "imactl run: measured %" PRIu64 " programs, %" PRIu64 " libraries, %" PRIu64 " files: %" PRIu64 " entries, %" PRIu64 " violations\n",
		r->n[KIND_PROGRAM], r->n[KIND_LIBRARY], r->n[KIND_FILE], v->replay.n_records, v->replay.n_violations);
	if (r->reference)
		fprintf(stderr, "imactl run: %" PRIu64 " of them not in the reference values, %" PRIu64 " uses refused\n", r->unknown, s->refused);
	if (s->unmeasured)
		fprintf(stderr, "imactl run: %" PRIu64 " uses could not be measured: %s\n", s->unmeasured, r->a->best_effort ? "allowed" : "refused");
	print_pcrs(v);
	if (!v->matches)
		fprintf(stderr, "imactl run: the list does NOT match\n");
}

static json_t *pcrs_json(const struct verdict *v)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < v->replay.n_pcrs; i++) {
		const struct ima_replay_pcr *p = &v->replay.pcrs[i];
		char hex[2 * IMA_DIGEST_MAX + 1];

		if (!p->used || !p->has_target)
			continue;
		ima_hex_encode(p->value.data, ima_hash_len(p->algo), hex);
		hex[2 * ima_hash_len(p->algo)] = 0;
		json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:b}", "pcr", (int)p->pcr, "bank", ima_hash_name(p->algo), "value", hex,
						      "matched", (int)(p->matched && p->matched_at == v->replay.n_records)));
	}
	return list;
}

static void print_json(const struct run *r, const struct verdict *v, const struct ima_trace_stats *s, int status)
{
	json_t *o = json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "status", status, "programs",
			      (json_int_t)r->n[KIND_PROGRAM], "libraries", (json_int_t)r->n[KIND_LIBRARY], "files",
			      (json_int_t)r->n[KIND_FILE], "entries", (json_int_t)v->replay.n_records, "violations",
			      (json_int_t)v->replay.n_violations, "unknown", (json_int_t)r->unknown, "refused", (json_int_t)s->refused,
			      "unmeasured", (json_int_t)s->unmeasured, "calls", (json_int_t)s->calls, "hashed", (json_int_t)s->hashed, "matches", (int)v->matches, "pcrs", pcrs_json(v));

	if (!o || json_dumpf(o, stderr, JSON_COMPACT) < 0)
		imactl_fail(0, "run: the summary cannot be written as JSON");
	fputc('\n', stderr);
	json_decref(o);
}

static int status_of(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

static int finish(struct run *r, int wait_status)
{
	static struct verdict v; /* large */
	const struct ima_trace_stats s = ima_trace_stats(r->trace);
	int status = status_of(wait_status);
	int e = check_list(r, &v);

	if (e == 0 && r->a->pcrs)
		e = write_pcrs(r->a->pcrs, &v.pcrs);
	if (e == 0 && r->a->evidence.out)
		e = run_evidence_write(&r->a->evidence, &r->list, r->h);
	if (e == 0 && r->a->json)
		print_json(r, &v, &s, status);
	else if (e == 0 && !r->a->quiet)
		print_summary(r, &v, &s);
	if (status == 0 && (e || !v.matches || s.unmeasured))
		status = EXIT_UNABLE;
	return status;
}

static void prepare_process(void)
{
	struct sigaction on = { .sa_handler = hand_on, .sa_flags = SA_RESTART };

	signal(SIGINT, SIG_IGN); /* the terminal sends them to the command as well */
	signal(SIGQUIT, SIG_IGN);
	sigaction(SIGTERM, &on, NULL);
	sigaction(SIGHUP, &on, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static int start(struct run *r)
{
	const struct ima_trace_opts opts = {
		.monitor = r->monitor,
		.lsm = ima_lsm_detect("/sys"),
		.list_fd = r->list.fd,
		.best_effort = r->a->best_effort,
		.io_uring = r->a->io_uring,
		.admit = admit,
		.log = r->a->quiet ? NULL : say,
		.user = r,
	};
	struct ima_diag diag = { 0 };
	int e;

	prepare_process();
	e = ima_trace_start(&opts, r->a->command, &r->trace, &diag);
	if (e == 0)
		return 0;
	imactl_fail(0, "run: %s", diag.text[0] ? diag.text : strerror(-e));
	return e == -ENOENT ? EXIT_NOT_FOUND : e == -EACCES || e == -ENOEXEC || e == -EPERM ? EXIT_CANNOT_RUN : EXIT_UNABLE;
}

int cmd_run(int argc, char **argv)
{
	struct run_args a = { .hash = IMA_HASH_SHA256 };
	struct run r = { .a = &a, .list.fd = -EBADF, .lock = PTHREAD_MUTEX_INITIALIZER };
	int status = parse_args(argc, argv, &a);
	int wait_status = 0;

	if (status == 0)
		status = set_up(&r);
	if (status == 0)
		status = start(&r);
	if (status == 0) {
		running = r.trace;
		status = ima_trace_wait(r.trace, &wait_status) < 0 ? imactl_fail(EXIT_UNABLE, "run: waiting for the command failed")
								   : finish(&r, wait_status);
		running = NULL;
	}
	tear_down(&r);
	return status;
}
