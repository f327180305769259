/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is asked of a file by several rules, one after the other, as tests/guest/test_appraise.sh sees real kernels answer ("asked"); and what the
 * next worker knows of it. Digests in labels are sha256sum's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "core/monitor/asked.h"
#include "core/monitor/rewrite.h"
#include "hook/replay/memory_list.h"

#define HELLO "04045891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

struct file {
	const char *content;
	uint8_t label[64];
	size_t label_len;
	int has_writers;
};

struct machine {
	struct ima_monitor_memory *memory;
	struct ima_monitor_opts opts;
	struct ima_monitor *m;
	struct ima_memory_list *list;
	struct ima_hasher *h;
	struct file f;
	struct ima_file_event ev;
};

static int digest(void *user, struct ima_hasher *h, enum ima_hash_algo algo, struct ima_digest *ret)
{
	const struct file *f = user;

	return ima_hash_bytes(h, algo, (struct ima_bytes){ (const uint8_t *)f->content, strlen(f->content) }, ret);
}

static int xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	const struct file *f = user;

	if (strcmp(name, "security.ima") || !f->label_len)
		return -ENODATA;
	*ret = malloc(f->label_len);
	memcpy(*ret, f->label, f->label_len);
	*ret_len = f->label_len;
	return 0;
}

static int set_xattr(void *user, const char *name, struct ima_bytes value)
{
	struct file *f = user;

	assert_string_equal(name, "security.ima");
	assert_true(value.len <= sizeof(f->label));
	memcpy(f->label, value.data, value.len);
	f->label_len = value.len;
	return 0;
}

static int has_writers(void *user)
{
	return ((struct file *)user)->has_writers;
}

static const struct ima_file_ops ops = { .digest = digest, .xattr = xattr, .set_xattr = set_xattr, .has_writers = has_writers };

static void write_file(struct machine *x, const char *content, const char *label)
{
	x->f.content = content;
	assert_int_equal(strlen(label) % 2, 0);
	x->f.label_len = strlen(label) / 2;
	assert_int_equal(ima_hex_decode(label, strlen(label), x->f.label), 0);
}

static void start_worker(struct machine *x)
{
	x->opts.memory = x->memory;
	assert_int_equal(ima_monitor_new(&x->opts, &x->m), 0);
}

static void begin(struct machine *x, const char *rules)
{
	const struct ima_policy_opts po = { .profile = IMA_PROFILE_6_1 };
	struct ima_diag diag = { 0 };

	*x = (struct machine){ .opts = { .hash = IMA_HASH_SHA256, .pcr = 10, .appraise = true, .enforce = true, .version = 601,
					 .templ = ima_template_builtin("ima-sig", 7) } };
	x->memory = calloc(1, ima_monitor_memory_size());
	assert_non_null(x->memory);
	assert_int_equal(ima_hasher_new(&x->h), 0);
	assert_int_equal(ima_memory_list_new(IMA_HASH_SHA256, &x->list), 0);
	x->opts.mlist = x->list->list;
	assert_int_equal(ima_policy_new(&po, &x->opts.policy), 0);
	assert_int_equal(ima_policy_load(x->opts.policy, (struct ima_bytes){ (const uint8_t *)rules, strlen(rules) }, &diag), 0);
	x->ev = (struct ima_file_event){ .facts = { .has_inode = true, .fowner = 1009, .fsmagic = 0xef53, .fsname = "ext4" },
					 .n_checks = 1, .dev = "vda", .dev_number = 1, .ino = 7, .birth_ns = 8, .attrs = 1,
					 .mode = 0100755, .size = 6, .ops = &ops, .user = &x->f };
	write_file(x, "hello\n", HELLO);
	start_worker(x);
}

static void end(struct machine *x)
{
	ima_monitor_free(x->m);
	ima_policy_free(x->opts.policy);
	ima_memory_list_free(x->list);
	ima_hasher_free(x->h);
	free(x->memory);
}

/* what the gate would be told last */
static struct ima_outcome use(struct machine *x, enum ima_func func, unsigned int mask)
{
	struct ima_outcome out;

	x->ev.checks[0] = (struct ima_check){ func, mask };
	ima_monitor_file(x->m, x->h, &x->ev, &out);
	return out;
}

static void expect(struct machine *x, enum ima_func func, const char *cause)
{
	const struct ima_outcome out = use(x, func, func == IMA_FUNC_BPRM_CHECK ? IMA_MAY_EXEC : IMA_MAY_READ);

	assert_int_equal(out.refused, cause != NULL);
	assert_int_equal(!out.cause, !cause);
	if (cause)
		assert_string_equal(out.cause, cause);
	/* a use through the gate gets the same answer */
	assert_int_equal(out.good >> func & 1, !cause);
}

#define RULES "appraise func=BPRM_CHECK fowner=1009 appraise_type=imasig\nappraise func=FILE_CHECK mask=MAY_READ fowner=1009\n"
#define REQUIRED "IMA-signature-required"

static void test_order_counts(void **state)
{
	struct machine x;

	begin(&x, RULES);
	/* read first: good, and stays so while nothing changes */
	expect(&x, IMA_FUNC_FILE_CHECK, NULL);
	expect(&x, IMA_FUNC_BPRM_CHECK, REQUIRED);
	expect(&x, IMA_FUNC_FILE_CHECK, NULL);
	/* written and labelled again: judged anew, by all that was asked */
	write_file(&x, "hello again\n", "0404d9a4c6676a62cb3b8ca0b8459ab341837cdba8543316c8574b454ccc24d4c690");
	expect(&x, IMA_FUNC_FILE_CHECK, REQUIRED);
	write_file(&x, "hello\n", HELLO);
	expect(&x, IMA_FUNC_BPRM_CHECK, REQUIRED);
	/* owner, mode or times were set: forgotten */
	x.ev.attrs++;
	expect(&x, IMA_FUNC_FILE_CHECK, NULL);
	end(&x);
	begin(&x, RULES);
	/* executed first: what that asked for is asked of readers */
	expect(&x, IMA_FUNC_BPRM_CHECK, REQUIRED);
	expect(&x, IMA_FUNC_FILE_CHECK, REQUIRED);
	x.ev.mode = 0100711;
	expect(&x, IMA_FUNC_FILE_CHECK, NULL);
	x.ev.ino++;
	expect(&x, IMA_FUNC_FILE_CHECK, NULL);
	end(&x);
}

/* one that only measures asks as well */
static void test_every_rule_asks(void **state)
{
	static const char *const rules[] = {
		"measure func=BPRM_CHECK fowner=1009 digest_type=verity\nappraise func=FILE_CHECK fowner=1009\n",
		"measure func=BPRM_CHECK fowner=1009\nappraise func=FILE_CHECK fowner=1009\n",
	};

	for (size_t i = 0; i < 2; i++) {
		struct machine x;
		struct ima_outcome out;

		begin(&x, rules[i]);
		expect(&x, IMA_FUNC_FILE_CHECK, NULL);
		ima_ignore(use(&x, IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC));
		x.ev.ino++;
		ima_ignore(use(&x, IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC));
		out = use(&x, IMA_FUNC_FILE_CHECK, IMA_MAY_READ);
		/* the file has no fs-verity digest, so that nothing can be compared */
		assert_int_equal(out.refused, i == 0);
		end(&x);
	}
}

/* only where nothing that may still be asked can change the answer the opens go unseen */
static void test_caching(void **state)
{
	struct ima_outcome out;
	struct machine x;

	begin(&x, RULES);
	out = use(&x, IMA_FUNC_FILE_CHECK, IMA_MAY_READ);
	assert_false(out.done & IMA_ACTION_APPRAISE);
	end(&x);
	begin(&x, "appraise func=BPRM_CHECK fowner=1009\nappraise func=FILE_CHECK mask=MAY_READ fowner=1009\n");
	x.ev.violations_told = true;
	out = use(&x, IMA_FUNC_FILE_CHECK, IMA_MAY_READ);
	assert_true(out.done & IMA_ACTION_APPRAISE);
	end(&x);
}

/* a label by an algorithm that is not there: no digest, so nothing is listed and the use is refused */
static void test_streebog_label(void **state)
{
	struct ima_outcome out;
	struct machine x;

	begin(&x, "measure func=BPRM_CHECK\nappraise func=BPRM_CHECK fowner=1009\n");
	write_file(&x, "hello\n", "04120000000000000000000000000000000000000000000000000000000000000000");
	out = use(&x, IMA_FUNC_BPRM_CHECK, IMA_MAY_EXEC);
	assert_true(out.refused);
	if (ima_hasher_has(x.h, IMA_HASH_STREEBOG256)) {
		assert_string_equal(out.cause, "invalid-hash");
		assert_int_equal(out.n_added, 1);
	} else {
		assert_string_equal(out.cause, "failed");
		assert_int_equal(out.n_added, 0);
	}
	assert_false(out.good >> IMA_FUNC_BPRM_CHECK & 1);
	end(&x);
}

/* whose file system is gone, and everybody else's is there */
static bool is_other_than(void *user, uint64_t dev)
{
	return dev != *(const uint64_t *)user;
}

static void test_next_worker(void **state)
{
	uint64_t other;
	struct machine x;

	begin(&x, RULES);
	expect(&x, IMA_FUNC_BPRM_CHECK, REQUIRED);
	ima_monitor_free(x.m);
	start_worker(&x);
	other = x.ev.dev_number + 1;
	expect(&x, IMA_FUNC_FILE_CHECK, REQUIRED);
	ima_monitor_forget_files(x.m, is_other_than, &other);
	expect(&x, IMA_FUNC_FILE_CHECK, REQUIRED);
	ima_monitor_forget_files(x.m, is_other_than, &x.ev.dev_number);
	expect(&x, IMA_FUNC_FILE_CHECK, NULL);
	end(&x);
}

/* opened for writing under one worker, closed under the next: the label is that of what was written */
static void test_label_follows(void **state)
{
	static const char *const want = "04045891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
	uint8_t label[64];
	uint64_t other;
	struct machine x;

	begin(&x, "appraise func=FILE_CHECK fowner=1009\n");
	/* sha256sum of nothing */
	write_file(&x, "", "0404e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	x.ev.opened_for_write = true;
	x.f.has_writers = 1;
	assert_false(use(&x, IMA_FUNC_FILE_CHECK, IMA_MAY_WRITE).refused);
	ima_monitor_free(x.m);
	start_worker(&x);
	other = x.ev.dev_number + 1;
	ima_monitor_forget_files(x.m, is_other_than, &other);
	x.f.content = "hello\n";
	x.ev.opened_for_write = false;
	x.f.has_writers = 0;
	assert_true(ima_monitor_closed(x.m, x.h, &x.ev) >= 0);
	assert_int_equal(ima_hex_decode(want, strlen(want), label), 0);
	assert_int_equal(x.f.label_len, strlen(want) / 2);
	assert_memory_equal(x.f.label, label, x.f.label_len);
	assert_int_equal(ima_monitor_closed(x.m, x.h, &x.ev), -1);
	/* its file system is gone: whatever comes under its number is another file */
	x.ev.opened_for_write = true;
	x.f.has_writers = 1;
	assert_false(use(&x, IMA_FUNC_FILE_CHECK, IMA_MAY_WRITE).refused);
	ima_monitor_forget_files(x.m, is_other_than, &x.ev.dev_number);
	x.ev.opened_for_write = false;
	x.f.has_writers = 0;
	assert_int_equal(ima_monitor_closed(x.m, x.h, &x.ev), -1);
	end(&x);
}

/* many notes in one table, taken in another order */
static void test_table(void **state)
{
	struct ima_rewrite_table *t = calloc(1, sizeof(*t));
	struct ima_file_event ev = { .dev_number = 3, .birth_ns = 4 };
	struct ima_rewrites s;

	assert_non_null(t);
	ima_rewrites_init(&s, t);
	for (ev.ino = 1; ev.ino <= IMA_REWRITE_SLOTS / 2; ev.ino++)
		assert_int_equal(ima_rewrites_note(&s, &ev, ev.ino % 2 ? IMA_REWRITE_NEW : IMA_REWRITE_LABEL), 0);
	assert_int_equal(ima_rewrites_note(&s, &ev, IMA_REWRITE_NEW), -ENOSPC);
	ev.ino = 2;
	assert_int_equal(ima_rewrites_note(&s, &ev, IMA_REWRITE_NEW), 0);
	assert_int_equal(ima_rewrites_note(&s, &ev, IMA_REWRITE_LABEL), 0);
	assert_int_equal(ima_rewrites_find(&s, &ev), IMA_REWRITE_NEW);
	for (ev.ino = 3; ev.ino <= IMA_REWRITE_SLOTS / 2; ev.ino += 2)
		assert_int_equal(ima_rewrites_take(&s, &ev), IMA_REWRITE_NEW);
	for (ev.ino = 4; ev.ino <= IMA_REWRITE_SLOTS / 2; ev.ino += 2)
		assert_int_equal(ima_rewrites_take(&s, &ev), IMA_REWRITE_LABEL);
	for (ev.ino = 1; ev.ino <= 2; ev.ino++)
		assert_int_equal(ima_rewrites_take(&s, &ev), IMA_REWRITE_NEW);
	assert_int_equal(t->n, 0);
	for (size_t i = 0; i < IMA_REWRITE_SLOTS; i++)
		assert_int_equal(t->slots[i].what, IMA_REWRITE_NONE);
	ev.birth_ns = 0;
	assert_int_equal(ima_rewrites_note(&s, &ev, IMA_REWRITE_NEW), 0);
	assert_int_equal(ima_rewrites_find(&s, &ev), IMA_REWRITE_NONE);
	ima_rewrites_done(&s);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_counts), cmocka_unit_test(test_every_rule_asks), cmocka_unit_test(test_caching),
		cmocka_unit_test(test_streebog_label), cmocka_unit_test(test_next_worker), cmocka_unit_test(test_label_follows), cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
