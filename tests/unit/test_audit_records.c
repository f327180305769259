/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every audit record that real kernels wrote comes out again, byte for byte: by the formatter from its fields, and by the monitor from the
 * access that led to it. What no kernel could be made to write stands as text, in the order that all of them share.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/hex.h"
#include "core/monitor/monitor.h"
#include "hook/replay/memory_list.h"

static const char *const files[] = { "audit-6.1/records", "audit-6.1/records-no-module", "audit-6.12/records",
				     "audit-6.12/records-no-module" };

/* lines of one recorded file: NULL-terminated */
static char **read_lines(const char *name)
{
	char path[4096];
	size_t n = 0, cap = 0;
	char **lines = calloc(1024, sizeof(*lines)), *line = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", getenv("IMA_TEST_VECTORS"), name);
	f = fopen(path, "re");
	if (!f || !lines)
		fail_msg("%s: %s", path, strerror(errno));
	while (getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		assert_true(n < 1023);
		lines[n++] = strdup(line);
	}
	free(line);
	fclose(f);
	assert_true(n > 10);
	return lines;
}

static void free_lines(char **lines)
{
	for (size_t i = 0; lines[i]; i++)
		free(lines[i]);
	free(lines);
}

/* "audit: type=1800 audit(...): text"; NULL: no record */
static const char *text_of(const char *line, int *type)
{
	const char *text = strstr(line, "): ");

	return sscanf(line, "audit: type=%d", type) == 1 && text ? text + 3 : NULL;
}

struct fields {
	struct ima_audit_field f[40];
	uint8_t value[40][4096];
	size_t n;
};

static void take_apart(const char *text, struct fields *ret)
{
	ret->n = 0;
	while (ima_audit_field_next(&text, &ret->f[ret->n]) == 1) {
		struct ima_audit_field *f = &ret->f[ret->n];

		if (f->hex) {
			assert_int_equal(ima_hex_decode((const char *)f->raw.data, f->raw.len, ret->value[ret->n]), 0);
			f->raw = (struct ima_bytes){ ret->value[ret->n], f->raw.len / 2 };
		}
		assert_true(++ret->n < 40);
	}
	assert_string_equal(text, "");
}

static struct ima_bytes value(const struct fields *f, const char *key)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->f[i].key.len == strlen(key) && !memcmp(f->f[i].key.data, key, strlen(key)))
			return f->f[i].raw;
	return (struct ima_bytes){ 0 };
}

static const char *text_value(const struct fields *f, const char *key, char *ret, size_t size)
{
	const struct ima_bytes v = value(f, key);

	snprintf(ret, size, "%.*s", (int)v.len, (const char *)v.data);
	return ret;
}

static uint32_t number(const struct fields *f, const char *key)
{
	char text[32];

	return (uint32_t)strtoll(text_value(f, key, text, sizeof(text)), NULL, 10);
}

static struct ima_audit_subject subject_of(const struct fields *f)
{
	struct ima_audit_subject s = { .pid = (int)number(f, "pid"), .uid = number(f, "uid"), .auid = number(f, "auid"),
				       .ses = number(f, "ses"), .label = value(f, "subj") };

	text_value(f, "comm", s.comm, sizeof(s.comm));
	return s;
}

static void format_common(const struct fields *f, int type, struct ima_buffer *out)
{
	const struct ima_audit_subject s = subject_of(f);
	char op[64], cause[64], dev[64];
	const struct ima_audit_record rec = {
		.type = (enum ima_audit_type)type,
		.subject = &s,
		.op = text_value(f, "op", op, sizeof(op)),
		.cause = text_value(f, "cause", cause, sizeof(cause)),
		.name = value(f, "name"),
		.dev = value(f, "dev").len ? text_value(f, "dev", dev, sizeof(dev)) : NULL,
		.ino = number(f, "ino"),
		.result = number(f, "res") ? 0 : -EACCES,
		.error = (int)number(f, "errno"),
	};

	assert_int_equal(ima_audit_format(out, &rec), 0);
}

static void format_rule(const struct fields *f, struct ima_buffer *out)
{
	static struct ima_audit_task t;
	const struct ima_audit_subject s = subject_of(f);
	struct ima_digest d = { 0 };
	char hash[200];
	const struct ima_audit_rule rec = {
		.subject = &s, .task = &t, .file = value(f, "file"), .digest = &d, .uid = number(f, "uid"),
		.euid = number(f, "euid"), .suid = number(f, "suid"), .gid = number(f, "gid"), .egid = number(f, "egid"),
		.sgid = number(f, "sgid"),
	};

	t = (struct ima_audit_task){ .ppid = (int)number(f, "ppid"), .tgid = (int)number(f, "pid"),
				     .fsuid = number(f, "fsuid"), .fsgid = number(f, "fsgid") };
	if (memcmp(value(f, "tty").data, "(none)", 6))
		text_value(f, "tty", t.tty, sizeof(t.tty));
	text_value(f, "exe", t.exe, sizeof(t.exe));
	assert_memory_equal(text_value(f, "hash", hash, sizeof(hash)), "sha256:", 7);
	d.algo = IMA_HASH_SHA256;
	d.len = 32;
	assert_int_equal(ima_hex_decode(hash + 7, 64, d.data), 0);
	assert_int_equal(ima_audit_format_rule(out, &rec), 0);
}

/* the rule that was written, from its record: "action=" was not; a policy takes it or refuses it as the kernel did */
static void format_policy_rule(const char *text, struct ima_buffer *out)
{
	const struct ima_policy_opts opts = { .profile = IMA_PROFILE_6_1 };
	char rule[512] = "", copy[512], *rest = NULL;
	struct ima_policy *p;
	struct ima_diag diag;
	int r;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
		const char *word = !strncmp(w, "action=", 7) ? w + 7 : !strncmp(w, "UNKNOWN=", 8) ? w + 8 : w;

		if (!strncmp(w, "res=", 4))
			break;
		strcat(rule, word);
		strcat(rule, " ");
	}
	assert_int_equal(ima_policy_new(&opts, &p), 0);
	assert_int_equal(ima_policy_begin(p), 0);
	r = ima_policy_add_line_audited(p, (struct ima_bytes){ (const uint8_t *)rule, strlen(rule) }, out, &diag);
	assert_int_equal(r < 0, strstr(text, " res=0") != NULL);
	ima_policy_free(p);
}

static void recorded_records_come_out_again(void **state)
{
	static struct fields f;
	size_t n[10] = { 0 };

	for (size_t i = 0; i < IMA_N_ELEMENTS(files); i++) {
		char **lines = read_lines(files[i]);

		for (size_t k = 0; lines[k]; k++) {
			struct ima_buffer out = { 0 };
			int type;
			const char *text = text_of(lines[k], &type);

			if (!text)
				continue;
			if (type != IMA_AUDIT_POLICY_RULE)
				take_apart(text, &f);
			if (type == IMA_AUDIT_POLICY_RULE)
				format_policy_rule(text, &out);
			else if (type == IMA_AUDIT_RULE)
				format_rule(&f, &out);
			else
				format_common(&f, type, &out);
			if (strcmp((char *)out.data, text))
				fail_msg("%s:%zu:\n%s\n%s", files[i], k + 1, text, (char *)out.data);
			n[type - 1800]++;
			ima_buffer_done(&out);
		}
		free_lines(lines);
	}
	assert_true(n[0] > 20 && n[1] > 8 && n[2] > 10 && n[4] > 60 && n[5] > 6 && n[7] > 30);
}

/* ------------------------------------------------------------------------------------------ the monitor's own words */

struct file {
	struct ima_bytes content;
	const char *label; /* hex */
	bool writers, readers;
};

static int says_writers(void *user)
{
	return ((const struct file *)user)->writers;
}

static int says_readers(void *user)
{
	return ((const struct file *)user)->readers;
}

static int says_digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	return ima_hash_bytes(h, algo, ((const struct file *)user)->content, ret);
}

static int says_xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct file *f = user;
	const size_t len = f->label ? strlen(f->label) : 0;

	if (!len || strcmp(name, "security.ima"))
		return -ENODATA;
	*ret = malloc(len / 2);
	*ret_len = len / 2;
	return *ret ? ima_hex_decode(f->label, len, *ret) : -ENOMEM;
}

static int says_no_verity(void *user, struct ima_digest *ret)
{
	return -ENODATA;
}

static const struct ima_file_ops file_ops = { .has_writers = says_writers, .has_readers = says_readers,
					      .digest = says_digest, .xattr = says_xattr, .verity = says_no_verity };

static const struct ima_event_ops *task_of_record(void);

/* labels of "content" */
#define GOOD_SHA256 "0404ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
#define GOOD_SHA1 "01040f06fd774092478d450774f5ba30c5da78acc8"
#define BAD_SHA256 "04041111111111111111111111111111111111111111111111111111111111111111"
#define SIG_TRUNCATED "030204aabbccdd010000"

static const char rules[] = "dont_measure fsmagic=0x9fa0\n"
			    "appraise func=BPRM_CHECK fowner=1001\n"
			    "appraise func=MMAP_CHECK fowner=1002\n"
			    "appraise func=FILE_CHECK mask=MAY_READ fowner=1003 appraise_type=imasig\n"
			    "appraise fowner=1010\n"
			    "appraise func=FILE_CHECK fowner=1011 digest_type=verity appraise_type=sigv3\n"
			    "measure func=FILE_CHECK fowner=1012 digest_type=verity template=ima-ngv2\n"
			    "appraise func=BPRM_CHECK fowner=1013 appraise_algos=sha256,sha384\n"
			    "appraise func=FILE_CHECK fowner=1014 permit_directio\n"
			    "audit func=BPRM_CHECK fowner=1015\n"
			    "measure func=FILE_CHECK mask=MAY_READ uid=0 fowner=0\n"
			    "appraise func=SETXATTR_CHECK appraise_algos=sha256,sha384\n";

struct row {
	const char *record;  /* words of the recorded line: file, then what tells it from the file's others */
	const char *which;
	enum ima_func func;
	unsigned int mask;
	uint32_t fowner;
	const char *label;
	bool direct, mapped_writers, writers, readers;
	bool nothing; /* no record */
	int from;     /* index of files */
};

static const struct row rows[] = {
	{ "exec-bad", "invalid-hash", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1001, BAD_SHA256 },
	{ "exec-none", "missing-hash", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1001, NULL },
	{ "exec-good", "", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1001, GOOD_SHA256, .nothing = true },
	{ "map-none", "missing-hash", IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC, 1002, NULL },
	{ "map-written", "mmapped_writers", IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC, 1002, GOOD_SHA256, .mapped_writers = true },
	{ "map-written", "", IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC, 1002, GOOD_SHA256, .nothing = true },
	/* a rule without func does not ask who has it mapped; nor is a program asked about that is executed */
	{ "map-plain-written", "", IMA_FUNC_MMAP_CHECK, IMA_MAY_EXEC, 1010, GOOD_SHA256, .mapped_writers = true, .nothing = true },
	{ "exec-good", "", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1001, GOOD_SHA256, .mapped_writers = true, .nothing = true },
	{ "read-bad", "invalid-signature", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 1003, SIG_TRUNCATED },
	{ "read-trunc", "invalid-signature", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 1003, SIG_TRUNCATED },
	{ "read-good", "IMA-signature-required", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 1003, GOOD_SHA256 },
	{ "read-none", "IMA-signature-required", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 1003, NULL },
	{ "\"verity\"", "no-verity-digest", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 1011, NULL },
	{ "verity-measure", "no-verity-digest", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 1012, NULL },
	{ "dio", "failed(directio)", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 1014, NULL, .direct = true },
	{ "sha1", "denied-hash-algorithm", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1013, GOOD_SHA1, .from = 1 },
	{ "/root/a/plain", "hash_added", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 0, NULL },
	{ "2F726F6F742F612F77697468207370616365", "hash_added", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 0, NULL },
	{ "apos'trophe", "hash_added", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 0, NULL },
	{ "/root/a/plain", "open_writers", IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 0, NULL, .writers = true },
	{ "/root/a/plain", "ToMToU", IMA_FUNC_FILE_CHECK, IMA_MAY_WRITE, 0, NULL, .readers = true },
	{ "/root/a/audited", "file=", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1015, NULL },
	{ "617564206974", "file=", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1015, NULL },
	{ "/root/a/setid", "file=", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1015, NULL },
	{ "/root/a/audited", "tty=pts0", IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC, 1015, NULL, .from = 1 },
};

struct scene {
	struct ima_memory_list *list;
	struct ima_policy *policy;
	struct ima_monitor *monitor;
	struct ima_hasher *h;
	struct ima_audit_sink sink;
	struct ima_buffer said; /* "type text\n" a record */
	char **lines[IMA_N_ELEMENTS(files)];
};

static void keep(void *user, enum ima_audit_type type, const char *text)
{
	struct scene *s = user;

	assert_int_equal(ima_buffer_printf(&s->said, "audit: type=%d audit(): %s\n", (int)type, text), 0);
}

static int begin(void **state)
{
	static struct scene scene;
	const struct ima_policy_opts po = { .profile = IMA_PROFILE_6_1 };
	struct scene *s = &scene;
	struct ima_monitor_opts mo = { .hash = IMA_HASH_SHA256, .pcr = 10, .violation_each_time = true, .appraise = true,
				       .enforce = true, .version = 601, .available_algos = UINT32_MAX,
				       .templ = ima_template_builtin("ima-sig", 7), .audit = &s->sink };
	struct ima_diag diag = { 0 };

	*s = (struct scene){ .sink = { .emit = keep, .user = s, .info = true } };
	assert_int_equal(ima_hasher_new(&s->h), 0);
	assert_int_equal(ima_memory_list_new(IMA_HASH_SHA256, &s->list), 0);
	assert_int_equal(ima_policy_new(&po, &s->policy), 0);
	assert_int_equal(ima_policy_load(s->policy, (struct ima_bytes){ (const uint8_t *)rules, strlen(rules) }, &diag), 0);
	mo.policy = s->policy;
	mo.mlist = s->list->list;
	assert_int_equal(ima_monitor_new(&mo, &s->monitor), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(files); i++)
		s->lines[i] = read_lines(files[i]);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	ima_monitor_free(s->monitor);
	ima_memory_list_free(s->list);
	ima_policy_free(s->policy);
	ima_hasher_free(s->h);
	ima_buffer_done(&s->said);
	for (size_t i = 0; i < IMA_N_ELEMENTS(files); i++)
		free_lines(s->lines[i]);
	return 0;
}

/* text of the recorded record that has both words */
static const char *recorded(const struct scene *s, int from, const char *a, const char *b, int *type)
{
	for (size_t i = 0; s->lines[from][i]; i++) {
		const char *text = text_of(s->lines[from][i], type);

		if (text && strstr(text, a) && strstr(text, b))
			return text;
	}
	fail_msg("%s: no record with %s and %s", files[from], a, b);
	return NULL;
}

/* of the record that the running row expects */
static struct fields want;

static void says_dev(const struct ima_file_event *ev, char ret[static IMA_EVENT_DEV_MAX])
{
	text_value(&want, "dev", ret, IMA_EVENT_DEV_MAX);
}

static void says_task(const struct ima_file_event *ev, struct ima_audit_task *ret)
{
	*ret = (struct ima_audit_task){ .ppid = (int)number(&want, "ppid"), .tgid = (int)number(&want, "pid"),
					.fsuid = number(&want, "fsuid"), .fsgid = number(&want, "fsgid") };
	if (memcmp(value(&want, "tty").data, "(none)", 6))
		text_value(&want, "tty", ret->tty, sizeof(ret->tty));
	text_value(&want, "exe", ret->exe, sizeof(ret->exe));
}

static const struct ima_event_ops *task_of_record(void)
{
	static const struct ima_event_ops ops = { .task = says_task, .dev = says_dev };

	return &ops;
}

/* the access as the record shows it; a digest that the record holds is that of the file */
static struct ima_file_event event_of(const struct row *row, char path[static 512])
{
	struct ima_file_event ev = {
		.facts = { .has_inode = true, .fowner = row->fowner, .fsmagic = 0xef53, .fsname = "ext4",
			   .uid = number(&want, "uid"), .euid = number(&want, "euid"), .suid = number(&want, "suid") },
		.checks = { { row->func, row->mask } },
		.n_checks = 1,
		.dev_number = 1,
		.ino = number(&want, "ino"),
		.mode = 0100755,
		.size = 7,
		.direct_io = row->direct,
		.mapped_writers = row->mapped_writers,
		.opened_for_write = row->mask & IMA_MAY_WRITE,
		.subject = subject_of(&want),
		.event_ops = task_of_record(),
		.ops = &file_ops,
	};
	const struct ima_bytes name = value(&want, value(&want, "file").len ? "file" : "name");
	const char *slash;

	/* a record with the last name alone still is of a file with a path */
	snprintf(path, 512, "%s%.*s", name.len && name.data[0] != '/' ? "/root/a/" : "", (int)name.len, (const char *)name.data);
	slash = strrchr(path, '/');
	ev.path = (struct ima_bytes){ (const uint8_t *)path, strlen(path) };
	if (slash)
		ev.last = (struct ima_bytes){ (const uint8_t *)slash + 1, strlen(slash + 1) };
	return ev;
}

/* the digest in an audit rule's record is that of the recorded program; ours is of other content */
static void same_but_for_the_digest(char *have, const char *expected)
{
	const char *hash = strstr(expected, "hash=\"sha256:");
	char *at = strstr(have, "hash=\"sha256:");

	if (hash && at)
		memcpy(at, hash, strlen("hash=\"sha256:") + 64);
}

static void each_outcome_has_its_record(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		static const char content[] = "content";
		const struct row *row = &rows[i];
		struct file f = { .content = { (const uint8_t *)content, 7 }, .label = row->label,
				  .writers = row->writers, .readers = row->readers };
		char path[512], wanted[1024] = "";
		struct ima_file_event ev;
		struct ima_outcome out;
		const char *text;
		int type = 0;

		text = recorded(s, row->from, row->record, row->which, &type);
		take_apart(text, &want);
		if (!row->nothing)
			snprintf(wanted, sizeof(wanted), "audit: type=%d audit(): %s\n", type, text);
		ev = event_of(row, path);
		ev.user = &f;
		s->said.len = 0;
		ima_monitor_file(s->monitor, s->h, &ev, &out);
		if (s->said.len)
			same_but_for_the_digest((char *)s->said.data, wanted);
		if (row->nothing ? s->said.len && !strstr((char *)s->said.data, "hash_") :
				   !s->said.len || !strstr((char *)s->said.data, wanted))
			fail_msg("%s %s: want\n%sbut it says\n%.*s", row->record, row->which, wanted, (int)s->said.len,
				 s->said.data ? (char *)s->said.data : "");
		assert_int_equal(out.refused, type == IMA_AUDIT_DATA && !row->nothing && row->fowner != 1012 && row->fowner != 1014);
	}
}

/* what the hooks bring and only the record is the monitor's */
static void hooks_bring_outcomes_of_their_own(void **state)
{
	static const struct {
		const char *record, *which, *op;
		enum ima_integrity status;
		bool last;
	} told[] = {
		{ "map-good", "failed-mprotect", "collect_data" },
		{ "set-label", "denied-hash-algorithm", "set_data" },
		{ "m-nolabel", "comm=\"chmod\"", "appraise_metadata", IMA_INTEGRITY_NOLABEL },
		{ "m-fail", "comm=\"chown\"", "appraise_metadata", IMA_INTEGRITY_FAIL },
		{ "m-none", "op=update_metadata", "update_metadata", IMA_INTEGRITY_NOXATTRS },
		{ "m-none", "op=appraise_metadata", "appraise_metadata", IMA_INTEGRITY_NOXATTRS },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < IMA_N_ELEMENTS(told); i++) {
		const struct row row = { told[i].record, told[i].which, IMA_FUNC_FILE_CHECK, IMA_MAY_READ, 0, NULL };
		char path[512], wanted[1024];
		struct ima_file_event ev;
		int type = 0;
		const char *text = recorded(s, 0, told[i].record, told[i].which, &type);

		take_apart(text, &want);
		snprintf(wanted, sizeof(wanted), "audit: type=%d audit(): %s\n", type, text);
		ev = event_of(&row, path);
		s->said.len = 0;
		if (told[i].status)
			ima_monitor_metadata_refused(s->monitor, &ev, told[i].op, told[i].status);
		else if (!strcmp(told[i].op, "set_data"))
			ima_monitor_label_refused(s->monitor, &ev);
		else
			ima_monitor_refused(s->monitor, &ev, told[i].op, told[i].which);
		assert_string_equal((char *)s->said.data, wanted);
	}
}

static void policy_uploads(void **state)
{
	static const struct {
		const char *record, *op, *cause;
		int result;
	} given[] = {
		{ "invalid-policy", "update_policy", "invalid-policy", -EINVAL },
		{ "cause=failed", "policy_update", "failed", -EINVAL },
		{ "cause=completed", "policy_update", "completed", 0 },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < IMA_N_ELEMENTS(given); i++) {
		char wanted[1024];
		struct ima_audit_subject who;
		int type = 0;
		const char *text = recorded(s, 0, given[i].record, "op=", &type);

		take_apart(text, &want);
		who = subject_of(&want);
		snprintf(wanted, sizeof(wanted), "audit: type=%d audit(): %s\n", type, text);
		s->said.len = 0;
		ima_monitor_policy_said(s->monitor, &who, given[i].op, given[i].cause, given[i].result);
		assert_string_equal((char *)s->said.data, wanted);
	}
}

static const struct ima_audit_subject someone = { .pid = 7, .uid = 0, .auid = 1000, .ses = 2, .comm = "keyctl" };

/* no kernel here can be made to write these: the order is that of its other records */
static void records_that_no_boot_shows(void **state)
{
	struct ima_buffer out = { 0 };
	static const struct {
		enum ima_audit_type type;
		const char *op, *cause, *name;
		int result, error;
		const char *text;
	} shown[] = {
		{ IMA_AUDIT_STATUS, "policy_update", "signed policy required", "", -EACCES, 0,
		  "pid=7 uid=0 auid=1000 ses=2 op=policy_update cause=signed policy required comm=\"keyctl\" res=0 errno=0" },
		{ IMA_AUDIT_PCR, "measuring_key", "hashing_error", ".ima", -ENOMEM, -ENOMEM,
		  "pid=7 uid=0 auid=1000 ses=2 op=measuring_key cause=hashing_error comm=\"keyctl\" name=\".ima\" res=0 errno=-12" },
		{ IMA_AUDIT_PCR, "add_template_measure", "TPM_error(257)", "/usr/bin/id", 0, 0,
		  "pid=7 uid=0 auid=1000 ses=2 op=add_template_measure cause=TPM_error(257) comm=\"keyctl\" name=\"/usr/bin/id\" res=1 errno=0" },
		{ IMA_AUDIT_USERSPACE, "appraise_data", "missing-hash", "/tmp/x y", -EACCES, 0,
		  "pid=7 uid=0 auid=1000 ses=2 op=appraise_data cause=missing-hash comm=\"keyctl\" name=2F746D702F782079 res=0 errno=0" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(shown); i++) {
		const struct ima_audit_record rec = { .type = shown[i].type, .subject = &someone, .op = shown[i].op,
						      .cause = shown[i].cause, .result = shown[i].result, .error = shown[i].error,
						      .name = { (const uint8_t *)shown[i].name, strlen(shown[i].name) } };

		out.len = 0;
		assert_int_equal(ima_audit_format(&out, &rec), 0);
		assert_string_equal((char *)out.data, shown[i].text);
	}
	out.len = 0;
	assert_int_equal(ima_audit_format_xattr(&out, (struct ima_bytes){ (const uint8_t *)"security.a b", 12 }, -EEXIST), 0);
	assert_string_equal((char *)out.data, "xattr=73656375726974792E612062 res=-17");
	ima_buffer_done(&out);
}

static void buffers_are_named_by_their_text(void **state)
{
	struct scene *s = *state;
	const char rule[] = "measure func=CRITICAL_DATA label=one|two\n";
	struct ima_buffer_event ev = { .facts = { .func = IMA_FUNC_CRITICAL_DATA, .func_data = { (const uint8_t *)"one", 3 } },
				       .name = "state", .subject = &someone };
	static const uint8_t data[] = "on=1;\0rest";
	struct ima_diag diag;

	assert_int_equal(ima_policy_load(s->policy, (struct ima_bytes){ (const uint8_t *)rule, strlen(rule) }, &diag), 0);
	ev.data = (struct ima_bytes){ data, sizeof(data) };
	s->said.len = 0;
	assert_int_equal(ima_monitor_buffer(s->monitor, s->h, &ev), 0);
	assert_int_equal(ima_monitor_buffer(s->monitor, s->h, &ev), 0);
	assert_string_equal((char *)s->said.data,
			    "audit: type=1804 audit(): pid=7 uid=0 auid=1000 ses=2 op=add_template_measure cause=hash_added "
			    "comm=\"keyctl\" name=\"on=1;\" res=1 errno=0\n"
			    "audit: type=1804 audit(): pid=7 uid=0 auid=1000 ses=2 op=add_template_measure cause=hash_exists "
			    "comm=\"keyctl\" name=\"on=1;\" res=0 errno=0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_records_come_out_again),
		cmocka_unit_test_setup_teardown(each_outcome_has_its_record, begin, end),
		cmocka_unit_test_setup_teardown(hooks_bring_outcomes_of_their_own, begin, end),
		cmocka_unit_test_setup_teardown(policy_uploads, begin, end),
		cmocka_unit_test_setup_teardown(buffers_are_named_by_their_text, begin, end),
		cmocka_unit_test(records_that_no_boot_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
