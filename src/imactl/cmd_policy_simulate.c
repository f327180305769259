/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imactl policy simulate: what a policy would do, before it is loaded. Recorded events drive the same monitor as live ones;
 * a tree is walked as if each of its files were used. Nothing is hooked, no live list grows.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/diag.h"
#include "hook/replay/memory_list.h"
#include "hook/replay/recorded.h"
#include "imactl/keyring_source.h"
#include "imactl/policy_source.h"

#define EVENTS_MAX (1U << 30)
#define LABEL_MAX 65536

struct simulate_args {
	struct policy_source source;
	struct event_facts facts;
	char *root;
	const char *events, *templ;
	enum ima_hash_algo hash;
	const char *keys;
	bool json, list;
	bool plan; /* only what would be refused, and a count of the reasons */
};

struct counts {
	unsigned long long events, wanted, entries, violations, appraised, refused, unsure, audited, unreadable;
};

#define MAX_CAUSES 24

struct cause {
	const char *word;
	unsigned long long n;
};

struct simulation {
	const struct simulate_args *a;
	struct ima_policy *policy;
	struct ima_memory_list *list;
	struct ima_monitor *monitor;
	struct ima_hasher *h;
	struct ima_template *custom;
	struct ima_keyring *keys;
	struct counts n;
	struct cause causes[MAX_CAUSES];
};

static const char *command_name(const struct simulate_args *a)
{
	return a->plan ? "appraise plan" : "policy simulate";
}

static int parse_args(int argc, char **argv, struct simulate_args *a)
{
	static const struct option options[] = {
		FACT_OPTIONS,
		{ "policy", required_argument, NULL, 'p' }, { "builtin", required_argument, NULL, 'b' },
		{ "profile", required_argument, NULL, 'v' }, { "control", required_argument, NULL, 'c' },
		{ "root", required_argument, NULL, 'r' }, { "events", required_argument, NULL, 'e' },
		{ "template", required_argument, NULL, 't' }, { "hash", required_argument, NULL, 'H' },
		{ "keys", required_argument, NULL, 'k' }, { "list", no_argument, NULL, 'l' }, { "json", no_argument, NULL, 'j' }, { 0 },
	};
	int opt, r = 0;

	while (r == 0 && (opt = getopt_long(argc, argv, "r:k:", options, NULL)) != -1) {
		switch (opt) {
		case 'p': a->source.file = optarg; break;
		case 'b': a->source.builtin = optarg; break;
		case 'c': a->source.control = optarg; break;
		case 'r': a->root = optarg; break;
		case 'e': a->events = optarg; break;
		case 't': a->templ = optarg; break;
		case 'k': a->keys = optarg; break;
		case 'l': a->list = true; break;
		case 'j': a->json = true; break;
		case 'H':
			if (ima_hash_by_name(optarg, strlen(optarg), &a->hash) < 0)
				r = imactl_fail(EXIT_USAGE, "--hash %s: not a hash algorithm", optarg);
			break;
		case 'v':
			if (ima_profile_by_name(optarg, &a->source.profile) < 0)
				r = imactl_fail(EXIT_USAGE, "--profile %s: not one of 6.1, 6.12, 7.1, newest", optarg);
			break;
		default:
			r = opt >= FACT_FUNC ? imactl_facts_option(&a->facts, opt, optarg)
					     : imactl_usage(command_name(a));
		}
	}
	if (r)
		return r;
	if (optind != argc || !a->root == !a->events)
		return imactl_usage(command_name(a));
	return 0;
}

/* ---- appraisal ---- */

/* signed, and there is nothing to verify with */
static bool is_unsure(const struct simulation *s, const struct ima_outcome *out)
{
	return !ima_keyring_n_keys(s->keys) && (!strcmp(out->cause, "invalid-signature") ||
						!strcmp(out->cause, "invalid-verity-signature"));
}

static const char *appraise(struct simulation *s, const struct ima_outcome *out)
{
	if (!(out->action & IMA_ACTION_APPRAISE))
		return NULL;
	s->n.appraised++;
	if (!out->refused)
		return "pass";
	if (!out->cause)
		return "refused";
	if (is_unsure(s, out)) {
		s->n.unsure++;
		return "signed, and there is no key to verify it with";
	}
	s->n.refused++;
	return out->cause;
}

/* ---- one event ---- */

static json_t *outcome_json(const struct ima_file_event *ev, const struct ima_outcome *out,
			    const char *appraisal)
{
	json_t *o = json_pack("{s:s, s:b, s:i, s:b, s:b, s:s*}", "func", ima_func_name(ev->checks[0].func),
			      "measure", (out->action & IMA_ACTION_MEASURE) != 0, "entries",
			      (int)out->n_added, "appraise", (out->action & IMA_ACTION_APPRAISE) != 0,
			      "audit", (out->action & IMA_ACTION_AUDIT) != 0, "appraisal", appraisal);
	json_t *path = json_stringn((const char *)ev->path.data, ev->path.len);

	json_object_set_new(o, "path", path ? path : json_null());
	return o;
}

static void print_outcome(const struct simulation *s, const struct ima_file_event *ev,
			  const struct ima_outcome *out, const char *appraisal)
{
	const bool measure = out->action & IMA_ACTION_MEASURE;

	if (s->a->list)
		return;
	if (s->a->json) {
		json_t *o = outcome_json(ev, out, appraisal);

		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
		return;
	}
	if (!out->action)
		return;
	printf("%-8s %-8s %-5s %-12s %.*s%s%s%s\n", !measure ? "-" : out->n_added ? "measure" : "listed",
	       out->action & IMA_ACTION_APPRAISE ? "appraise" : "-",
	       out->action & IMA_ACTION_AUDIT ? "audit" : "-", ima_func_name(ev->checks[0].func),
	       (int)ev->path.len, (const char *)ev->path.data, appraisal ? " (" : "",
	       appraisal ? appraisal : "", appraisal ? ")" : "");
}

static void count_cause(struct simulation *s, const char *word)
{
	for (size_t i = 0; i < MAX_CAUSES; i++) {
		if (s->causes[i].word && strcmp(s->causes[i].word, word))
			continue;
		s->causes[i].word = word;
		s->causes[i].n++;
		return;
	}
}

static void plan(struct simulation *s, const struct ima_file_event *ev, const struct ima_outcome *out)
{
	const unsigned long long before = s->n.refused + s->n.unsure;
	const char *appraisal = appraise(s, out);

	s->n.unreadable += out->error < 0;
	if (s->n.refused + s->n.unsure == before)
		return;
	count_cause(s, appraisal);
	if (s->a->json) {
		json_t *o = outcome_json(ev, out, appraisal);

		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	} else {
		printf("%.*s: %s\n", (int)ev->path.len, (const char *)ev->path.data, appraisal);
	}
}

static void note(struct simulation *s, const struct ima_file_event *ev, const struct ima_outcome *out)
{
	const char *appraisal = appraise(s, out);

	s->n.wanted += out->action != 0;
	s->n.audited += (out->action & IMA_ACTION_AUDIT) != 0;
	s->n.unreadable += out->error < 0;
	print_outcome(s, ev, out, appraisal);
}

static int run_line(struct simulation *s, struct ima_bytes line, unsigned int number)
{
	struct ima_recorded *e = NULL;
	struct ima_outcome out;
	struct ima_diag diag = { 0 };
	int r = ima_recorded_parse(line, &e, &diag);

	if (r == 0)
		return 0;
	if (r < 0) {
		diag.line = number;
		return imactl_fail_diag(EXIT_UNABLE, s->a->events, &diag, r);
	}
	s->n.events++;
	ima_recorded_run(e, s->monitor, s->h, &out);
	if (s->a->plan && ima_recorded_file(e))
		plan(s, ima_recorded_file(e), &out);
	else if (ima_recorded_file(e))
		note(s, ima_recorded_file(e), &out);
	else
		s->n.wanted += out.action != 0;
	ima_recorded_free(e);
	return 0;
}

static int run_events(struct simulation *s)
{
	ima_cleanup(ima_freep) uint8_t *text = NULL;
	unsigned int number = 0;
	size_t len = 0;
	int r = imactl_read_file(s->a->events, EVENTS_MAX, &text, &len);
	const uint8_t *at = text, *end = text ? text + len : NULL;

	if (r < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", s->a->events, strerror(-r));
	while (at < end && r == 0) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));

		r = run_line(s, (struct ima_bytes){ at, (size_t)((nl ? nl : end) - at) }, ++number);
		at = nl ? nl + 1 : end;
	}
	return r;
}

/* ---- a tree ---- */

static int fd_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	return ima_hash_fd(h, algo, *(int *)user, ret, NULL);
}

static int fd_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	uint8_t *v = malloc(LABEL_MAX);
	ssize_t n = v ? fgetxattr(*(int *)user, name, v, LABEL_MAX) : -1;

	if (n < 0) {
		const int e = v ? -errno : -ENOMEM;

		free(v);
		return e;
	}
	*ret = v;
	*ret_len = (size_t)n;
	return 0;
}

static bool is_shared_object(int fd)
{
	uint8_t head[18];

	return pread(fd, head, sizeof(head), 0) == sizeof(head) && !memcmp(head, "\177ELF", 4) && head[16] == 3;
}

static void file_checks(struct ima_file_event *ev, const struct simulate_args *a, int fd, mode_t mode)
{
	if (a->facts.has_func) {
		ev->checks[ev->n_checks++] = (struct ima_check){ a->facts.ev.func, a->facts.ev.mask };
		return;
	}
	if (mode & 0111) {
		ev->checks[ev->n_checks++] = (struct ima_check){ IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC };
		ev->checks[ev->n_checks++] = (struct ima_check){ IMA_FUNC_FILE_CHECK, IMA_MAY_EXEC };
	}
	if (is_shared_object(fd))
		ev->checks[ev->n_checks++] = (struct ima_check){ IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC };
	ev->checks[ev->n_checks++] = (struct ima_check){ IMA_FUNC_FILE_CHECK, IMA_MAY_READ };
}

static int run_file(struct simulation *s, const char *path, const char *name, const struct stat *st)
{
	static const struct ima_file_ops ops = { .digest = fd_digest, .xattr = fd_xattr };
	ima_cleanup(ima_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	const char *slash = strrchr(name, '/');
	struct event_facts facts = s->a->facts;
	struct ima_file_event ev = { .ops = &ops, .user = &fd };
	struct ima_outcome out;

	if (fd < 0 && errno == EPERM)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || imactl_facts_file(&facts, fd) < 0) {
		s->n.unreadable++;
		ima_ignore(imactl_fail(0, "%s: %s", path, strerror(errno)));
		return 0;
	}
	ev.facts = facts.ev;
	ev.path = (struct ima_bytes){ (const uint8_t *)name, strlen(name) };
	ev.last = (struct ima_bytes){ (const uint8_t *)(slash ? slash + 1 : name),
				      strlen(slash ? slash + 1 : name) };
	ev.dev = "simulated";
	ev.dev_number = st->st_dev;
	ev.ino = st->st_ino;
	ev.mode = (uint16_t)st->st_mode;
	ev.size = (uint64_t)st->st_size;
	file_checks(&ev, s->a, fd, st->st_mode);
	s->n.events++;
	ima_monitor_file(s->monitor, s->h, &ev, &out);
	if (s->a->plan)
		plan(s, &ev, &out);
	else
		note(s, &ev, &out);
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int run_root(struct simulation *s)
{
	char *const roots[] = { s->a->root, NULL };
	const size_t root_len = strlen(s->a->root) - (*s->a->root && s->a->root[strlen(s->a->root) - 1] == '/');
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, by_name);
	FTSENT *e;
	int r = 0;

	if (!tree)
		return imactl_fail(EXIT_UNABLE, "%s: %s", s->a->root, strerror(errno));
	while (r == 0 && (errno = 0, e = fts_read(tree)) != NULL) {
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS) {
			if (e->fts_level == FTS_ROOTLEVEL)
				r = imactl_fail(EXIT_UNABLE, "%s: %s", e->fts_path, strerror(e->fts_errno));
			s->n.unreadable++;
		} else if (e->fts_info == FTS_F) {
			r = run_file(s, e->fts_accpath,
				     e->fts_pathlen > root_len ? e->fts_path + root_len : e->fts_path,
				     e->fts_statp);
		}
	}
	fts_close(tree);
	return r;
}

/* ---- the whole ---- */

static int print_list(const struct simulation *s)
{
	const struct ima_buffer *b = &s->list->binary;
	struct ima_buffer line = { 0 };
	int fd = memfd_create("list", MFD_CLOEXEC), r;
	struct ima_list_reader *in = NULL;
	const struct ima_list_reader_opts opts = { .format = IMA_LIST_BINARY };
	const struct ima_template *t;
	struct ima_record rec;

	r = fd < 0 ? -errno : 0;
	if (r == 0 && b->len && (write(fd, b->data, b->len) != (ssize_t)b->len || lseek(fd, 0, SEEK_SET) < 0))
		r = -EIO;
	if (r == 0)
		r = ima_list_reader_new(fd, &opts, &in);
	while (r == 0 && (r = ima_list_reader_next(in, &rec, &t, NULL)) == 1) {
		line.len = 0;
		r = ima_record_print(&line, &rec, t);
		if (r == 0 && fwrite(line.data, 1, line.len, stdout) != line.len)
			r = -EIO;
	}
	ima_list_reader_free(in);
	ima_buffer_done(&line);
	ima_ignore(ima_close(fd));
	if (imactl_output_failed())
		return EXIT_UNABLE;
	return r < 0 ? imactl_fail(EXIT_UNABLE, "the list cannot be printed: %s", strerror(-r)) : 0;
}

static void print_plan(const struct simulation *s)
{
	fprintf(stderr, "%llu uses of %llu files are appraised: %llu would be refused, %llu cannot be told without a key\n",
		s->n.appraised, s->n.events, s->n.refused, s->n.unsure);
	for (size_t i = 0; i < MAX_CAUSES && s->causes[i].word; i++)
		fprintf(stderr, "%8llu %s\n", s->causes[i].n, s->causes[i].word);
	if (s->n.unreadable)
		fprintf(stderr, "%8llu could not be read\n", s->n.unreadable);
}

static void print_summary(struct simulation *s)
{
	const struct ima_mlist_stats stats = ima_mlist_stats(s->list->list);
	FILE *f = s->a->list ? stderr : stdout;

	if (s->a->json) {
		json_t *o = json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}", "summary", "events",
				      (json_int_t)s->n.events, "wanted", (json_int_t)s->n.wanted, "entries",
				      (json_int_t)stats.entries, "violations", (json_int_t)stats.violations,
				      "appraised", (json_int_t)s->n.appraised, "refused",
				      (json_int_t)s->n.refused, "unsure", (json_int_t)s->n.unsure, "audited",
				      (json_int_t)s->n.audited, "unreadable", (json_int_t)s->n.unreadable);

		json_dumpf(o, f, JSON_COMPACT);
		putc('\n', f);
		json_decref(o);
		return;
	}
	fprintf(f, "%llu %s, %llu that a rule wants: %llu entries (%llu violations), %llu audited\n",
		s->n.events, s->a->root ? "files" : "events", s->n.wanted, (unsigned long long)stats.entries,
		(unsigned long long)stats.violations, s->n.audited);
	if (s->n.appraised)
		fprintf(f, "%llu appraised: %llu would be refused under enforce, %llu cannot be told without their keys\n",
			s->n.appraised, s->n.refused, s->n.unsure);
	if (s->n.unreadable)
		fprintf(f, "%llu could not be read\n", s->n.unreadable);
}

static int load_keys(struct simulation *s)
{
	if (ima_keyring_new(&s->keys) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return s->a->keys ? imactl_keyring_add(s->keys, s->a->keys) : imactl_keyring_defaults(s->keys);
}

static int set_up(struct simulation *s)
{
	struct ima_monitor_opts mo = { .hash = s->a->hash, .pcr = IMA_PCR_DEFAULT, .appraise = true, .enforce = true,
				       .version = ima_profile_number(s->a->source.profile) };
	const char *t = s->a->templ ? s->a->templ : "ima-ng";
	int r = imactl_policy_open(&s->a->source, &s->policy);

	if (r)
		return r;
	mo.templ = ima_template_builtin(t, strlen(t));
	if (!mo.templ && ima_template_parse(t, strlen(t), &s->custom) < 0)
		return imactl_fail(EXIT_USAGE, "--template %s: neither a template nor a format", t);
	if (!mo.templ)
		mo.templ = s->custom;
	r = load_keys(s);
	if (r)
		return r;
	mo.keys = s->keys;
	r = ima_hasher_new(&s->h);
	if (r == 0)
		r = ima_memory_list_new(s->a->hash, &s->list);
	mo.policy = s->policy;
	mo.mlist = r == 0 ? s->list->list : NULL;
	mo.violation_each_time = s->a->source.profile == IMA_PROFILE_6_1;
	if (r == 0)
		r = ima_monitor_new(&mo, &s->monitor);
	return r < 0 ? imactl_fail(EXIT_UNABLE, "%s", strerror(-r)) : 0;
}

static int run(struct simulate_args *a, int argc, char **argv)
{
	struct simulation s = { .a = a };
	int r = parse_args(argc, argv, a);

	if (r)
		return r;
	imactl_facts_subject(&a->facts);
	r = set_up(&s);
	if (r == 0)
		r = a->events ? run_events(&s) : run_root(&s);
	if (r == 0 && a->list)
		r = print_list(&s);
	if (r == 0 && a->plan)
		print_plan(&s);
	else if (r == 0)
		print_summary(&s);
	if (r == 0 && a->plan && (s.n.refused || s.n.unsure))
		r = EXIT_BAD;
	ima_monitor_free(s.monitor);
	ima_memory_list_free(s.list);
	ima_policy_free(s.policy);
	ima_template_free(s.custom);
	ima_keyring_free(s.keys);
	ima_hasher_free(s.h);
	return r;
}

int cmd_policy_simulate(int argc, char **argv)
{
	struct simulate_args a = { .hash = IMA_HASH_SHA256 };

	return run(&a, argc, argv);
}

int cmd_appraise_plan(int argc, char **argv)
{
	struct simulate_args a = { .hash = IMA_HASH_SHA256, .plan = true };

	return run(&a, argc, argv);
}
