/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The replay tier: the accesses of the recorded boots, driven through the builtin policies and the custom one, must give the
 * lists that the kernels recorded, byte for byte. Bad event lines are refused by what is wrong with them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <ima/replay.h>

#include "hook/replay/memory_list.h"
#include "hook/replay/recorded.h"

static const struct {
	const char *folder;
	enum ima_profile profile;
	const char *builtin; /* NULL: policy.ima of the folder */
	const char *templ;
	enum ima_hash_algo hash;
	const char *audited; /* programs that the kernel's log shows as audited, in order */
} boots[] = {
	{ "6.1-tcb-ima-sig", IMA_PROFILE_6_1, "tcb", "ima-sig", IMA_HASH_SHA256, "" },
	{ "6.1-tcb-ima-legacy", IMA_PROFILE_6_1, "tcb", "ima", IMA_HASH_SHA1, "" },
	{ "6.1-tcb-ima-ng", IMA_PROFILE_6_1, "tcb", "ima-ng", IMA_HASH_SHA256, "" },
	{ "6.1-tcb-ngv2-sha1", IMA_PROFILE_6_1, "tcb", "ima-ngv2", IMA_HASH_SHA1, "" },
	{ "6.1-tcb-critical-sigv2", IMA_PROFILE_6_1, "tcb|critical_data", "ima-sigv2", IMA_HASH_SHA256, "" },
	{ "6.1-tcb-all-fields", IMA_PROFILE_6_1, "tcb",
	  "d-ng|n-ng|sig|evmsig|iuid|igid|imode|xattrnames|xattrlengths|xattrvalues", IMA_HASH_SHA256, "" },
	{ "6.1-custom-policy", IMA_PROFILE_6_1, NULL, "ima-sig", IMA_HASH_SHA256,
	  "file=\"/usr/bin/cat\" hash=\"sha256:008f819498fe591f3cc920d543709347d8d14a139bb3482bc2cd8635c1b3162e\"\n"
	  "file=\"/root/w/nbuname\" hash=\"sha256:ed210303cc81299ad2bf8804d4a2f1e2853ad34f6307a3114b48444ceb6c60da\"\n" },
	{ "6.12-tcb", IMA_PROFILE_6_12, "tcb", "ima-sig", IMA_HASH_SHA256, "" },
};

static void read_file(const char *folder, const char *name, struct ima_buffer *out)
{
	char path[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s/%s", getenv("IMA_TEST_VECTORS"), folder, name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	do {
		assert_int_equal(ima_buffer_reserve(out, 65536), 0);
		n = fread(out->data + out->len, 1, 65536, f);
		out->len += n;
	} while (n);
	fclose(f);
}

struct scene {
	struct ima_memory_list *list;
	struct ima_monitor *monitor;
	struct ima_policy *policy;
	struct ima_template *custom;
	struct ima_hasher *h;
	struct ima_buffer audited;
	struct ima_audit_sink sink;
};

static void keep_audit(void *user, enum ima_audit_type type, const char *text)
{
	struct scene *s = user;
	const char *end = strstr(text, " ppid=");

	if (type != IMA_AUDIT_RULE)
		return;
	assert_non_null(end);
	assert_int_equal(ima_buffer_append(&s->audited, text, (size_t)(end - text)), 0);
	assert_int_equal(ima_buffer_append_u8(&s->audited, '\n'), 0);
}

static void begin(struct scene *s, size_t boot)
{
	const struct ima_policy_opts opts = { .profile = boots[boot].profile };
	struct ima_monitor_opts mo = { .hash = boots[boot].hash, .pcr = 10, .violation_each_time = true };
	struct ima_diag diag = { 0 };
	struct ima_buffer text = { 0 };

	*s = (struct scene){ .sink = { .emit = keep_audit, .user = s } };
	assert_int_equal(ima_hasher_new(&s->h), 0);
	assert_int_equal(ima_memory_list_new(boots[boot].hash, &s->list), 0);
	assert_int_equal(ima_policy_new(&opts, &s->policy), 0);
	if (boots[boot].builtin) {
		assert_int_equal(ima_policy_builtin(s->policy, boots[boot].builtin, &diag), 0);
	} else {
		read_file(boots[boot].folder, "policy.ima", &text);
		assert_int_equal(ima_policy_load(s->policy, ima_buffer_bytes(&text), &diag), 0);
		ima_buffer_done(&text);
	}
	mo.templ = ima_template_builtin(boots[boot].templ, strlen(boots[boot].templ));
	if (!mo.templ) {
		assert_int_equal(ima_template_parse(boots[boot].templ, strlen(boots[boot].templ), &s->custom), 0);
		mo.templ = s->custom;
	}
	mo.policy = s->policy;
	mo.mlist = s->list->list;
	mo.audit = &s->sink;
	assert_int_equal(ima_monitor_new(&mo, &s->monitor), 0);
}

static void end(struct scene *s)
{
	ima_monitor_free(s->monitor);
	ima_memory_list_free(s->list);
	ima_policy_free(s->policy);
	ima_template_free(s->custom);
	ima_hasher_free(s->h);
	ima_buffer_done(&s->audited);
}

static void run_events(struct scene *s, const char *folder)
{
	struct ima_buffer text = { 0 };
	unsigned int line = 0;
	uint8_t *at, *nl;

	read_file(folder, "events.jsonl", &text);
	for (at = text.data; (nl = memchr(at, '\n', (size_t)(text.data + text.len - at))); at = nl + 1) {
		struct ima_recorded *e = NULL;
		struct ima_outcome out;
		struct ima_diag diag = { 0 };

		line++;
		if (ima_recorded_parse((struct ima_bytes){ at, (size_t)(nl - at) }, &e, &diag) != 1)
			fail_msg("%s/events.jsonl:%u: %s %s", folder, line, diag.token, diag.text);
		ima_recorded_run(e, s->monitor, s->h, &out);
		if (out.error)
			fail_msg("%s/events.jsonl:%u: error %d", folder, line, out.error);
		ima_recorded_free(e);
	}
	assert_true(line > 100);
	ima_buffer_done(&text);
}

static void same_list(const char *folder, const struct ima_buffer *have)
{
	struct ima_buffer want = { 0 };
	size_t i = 0;

	read_file(folder, "binary_runtime_measurements", &want);
	while (i < have->len && i < want.len && have->data[i] == want.data[i])
		i++;
	if (i != want.len || have->len != want.len)
		fail_msg("%s: differs at byte %zu (%zu and %zu bytes)", folder, i, have->len, want.len);
	ima_buffer_done(&want);
}

static void recorded_accesses_give_the_recorded_lists(void **state)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(boots); i++) {
		struct scene s;

		begin(&s, i);
		run_events(&s, boots[i].folder);
		same_list(boots[i].folder, &s.list->binary);
		assert_int_equal(s.audited.len, strlen(boots[i].audited));
		if (s.audited.len)
			assert_memory_equal(s.audited.data, boots[i].audited, s.audited.len);
		end(&s);
	}
}

/* the recorded values are those after the whole list, or, where the dump was measured last, after one record less */
static void and_the_recorded_pcrs(void **state)
{
	static struct ima_replay_result res;

	for (size_t i = 0; i < IMA_N_ELEMENTS(boots); i++) {
		struct ima_replay_opts opts = { 0 };
		struct ima_buffer text = { 0 };
		struct ima_pcrs want = { 0 };
		struct ima_diag diag = { 0 };
		unsigned int used = 0;
		struct scene s;
		int fd = memfd_create("list", MFD_CLOEXEC);

		begin(&s, i);
		run_events(&s, boots[i].folder);
		read_file(boots[i].folder, "pcrs", &text);
		assert_int_equal(ima_pcrs_parse(ima_buffer_bytes(&text), IMA_HASH_SHA1, &want, &diag), 0);
		assert_int_equal(write(fd, s.list->binary.data, s.list->binary.len), (ssize_t)s.list->binary.len);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		opts.targets = &want;
		assert_int_equal(ima_replay_fd(fd, &opts, &res, &diag), 0);
		for (size_t k = 0; k < res.n_pcrs; k++) {
			used += res.pcrs[k].used;
			if (res.pcrs[k].used && (!res.pcrs[k].matched || res.pcrs[k].matched_at + 1 < res.n_records))
				fail_msg("%s: PCR %u in bank %s differs", boots[i].folder, res.pcrs[k].pcr,
					 ima_hash_name(res.pcrs[k].algo));
			/* and what the list keeps of its own is what a replay finds */
			assert_memory_equal(ima_pcrs_bank(&s.list->pcrs, res.pcrs[k].algo)->value[res.pcrs[k].pcr],
					    res.pcrs[k].value.data, res.pcrs[k].used ? res.pcrs[k].value.len : 0);
		}
		assert_true(used >= 2);
		ima_buffer_done(&text);
		close(fd);
		end(&s);
	}
}

static void bad_lines_say_what_is_wrong(void **state)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
		{ "{", "not JSON" },
		{ "[]", "not a JSON object" },
		{ "{\"func\":\"FILE_CHECK\",\"func\":\"BPRM_CHECK\"}", "not JSON" },
		{ "{\"path\":\"/a\"}", "no such func" },
		{ "{\"func\":\"NOPE\",\"path\":\"/a\"}", "no such func" },
		{ "{\"func\":7,\"path\":\"/a\"}", "not a string" },
		{ "{\"func\":\"FILE_CHECK\",\"mask\":\"READ\",\"path\":\"/a\"}", "MAY_" },
		{ "{\"func\":\"FILE_CHECK\"}", "names its file" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"\"}", "names its file" },
		{ "{\"checks\":[],\"path\":\"/a\"}", "empty" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"uid\":-1}", "not a number" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"uid\":4294967296}", "not a number" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"digest\":\"sha256:00\"}", "ALGORITHM:HEX" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"digest\":\"sha9:00\"}", "ALGORITHM:HEX" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"fsmagic\":\"0xg\"}", "hexadecimal" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"fsuuid\":\"1-2\"}", "UUID" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"mode\":\"9\"}", "octal" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"xattrs\":{\"security.ima\":\"0\"}}", "hexadecimal" },
		{ "{\"func\":\"FILE_CHECK\",\"path_hex\":\"2\"}", "hexadecimal" },
		{ "{\"func\":\"FILE_CHECK\",\"path\":\"/a\",\"writers\":1}", "true nor false" },
		{ "{\"func\":\"KEY_CHECK\",\"name\":\".ima\"}", "has data" },
		{ "{\"func\":\"KEY_CHECK\",\"data\":\"x\"}", "has a name" },
		{ "{\"boot_aggregate\":\"sha256\"}", "ALGORITHM:HEX" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++) {
		struct ima_recorded *e = NULL;
		struct ima_diag d = { 0 };
		int r = ima_recorded_parse((struct ima_bytes){ (const uint8_t *)bad[i].line, strlen(bad[i].line) },
					   &e, &d);

		if (r != -EINVAL || !strstr(d.text, bad[i].says))
			fail_msg("%s: %d, %s", bad[i].line, r, d.text);
		assert_null(e);
	}
}

static void blank_lines_and_comments_are_nothing(void **state)
{
	static const char *const lines[] = { "", "  ", "# {", "\t# x" };

	for (size_t i = 0; i < IMA_N_ELEMENTS(lines); i++) {
		struct ima_recorded *e = NULL;

		assert_int_equal(ima_recorded_parse((struct ima_bytes){ (const uint8_t *)lines[i], strlen(lines[i]) },
						    &e, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_accesses_give_the_recorded_lists),
		cmocka_unit_test(and_the_recorded_pcrs),
		cmocka_unit_test(bad_lines_say_what_is_wrong),
		cmocka_unit_test(blank_lines_and_comments_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
