/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of the trace tier that need no filter: which threads wait for calls, what is known of files. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "hook/trace/cache.h"
#include "hook/trace/crew.h"
#include "hook/trace/stat.h"

#define MANY 100000 /* looks: more than any limit of the crew's */

static struct ima_trace_crew *crew_of(unsigned int n, unsigned int n_useful)
{
	struct ima_trace_crew *c;

	assert_int_equal(ima_trace_crew_new(n, n_useful, &c), 0);
	assert_int_equal(ima_trace_crew_wanted(c), 1);
	assert_true(ima_trace_crew_join(c));
	return c;
}

/* here one thread plays all of them: a join that nobody wanted would never return */
static void test_crew_lends(void **state)
{
	struct ima_trace_crew *c = crew_of(3, 1);

	for (unsigned int n = 2; n <= 3; n++) {
		ima_trace_crew_lend(c);
		assert_int_equal(ima_trace_crew_wanted(c), n);
		assert_true(ima_trace_crew_join(c));
	}
	ima_trace_crew_lend(c); /* all three: there is no fourth */
	assert_int_equal(ima_trace_crew_wanted(c), 3);
	for (int i = 0; i < MANY; i++)
		assert_false(ima_trace_crew_may_rest(c, false)); /* nobody else would be there */
	for (int i = 0; i < 3; i++)
		ima_trace_crew_back(c);
	assert_true(ima_trace_crew_may_rest(c, false)); /* those that were called for the time */
	assert_true(ima_trace_crew_may_rest(c, false));
	assert_int_equal(ima_trace_crew_wanted(c), 1);
	for (int i = 0; i < MANY; i++)
		assert_false(ima_trace_crew_may_rest(c, false));
	ima_trace_crew_free(c);
}

static void test_crew_queue(void **state)
{
	struct ima_trace_crew *c = crew_of(8, 3);

	assert_false(ima_trace_crew_may_rest(c, true));
	assert_int_equal(ima_trace_crew_wanted(c), 1); /* one look says little */
	for (int i = 0; i < MANY; i++)
		assert_false(ima_trace_crew_may_rest(c, true));
	assert_int_equal(ima_trace_crew_wanted(c), 3);
	assert_true(ima_trace_crew_join(c));
	assert_true(ima_trace_crew_join(c));
	for (int i = 0; i < MANY; i++) /* it comes and goes */
		assert_false(ima_trace_crew_may_rest(c, i % 2));
	assert_int_equal(ima_trace_crew_wanted(c), 3);
	for (int i = 0, rest = 0; rest < 2; i++) {
		assert_true(i < MANY);
		rest += ima_trace_crew_may_rest(c, false);
	}
	assert_int_equal(ima_trace_crew_wanted(c), 1);
	ima_trace_crew_free(c);
}

/* whatever is useful: the one that waits is held up */
static void test_crew_help(void **state)
{
	struct ima_trace_crew *c = crew_of(4, 1);

	for (unsigned int n = 2; n <= 4; n++) {
		ima_trace_crew_help(c);
		assert_int_equal(ima_trace_crew_wanted(c), n);
		assert_true(ima_trace_crew_join(c));
	}
	ima_trace_crew_help(c);
	assert_int_equal(ima_trace_crew_wanted(c), 4);
	ima_trace_crew_free(c);
}

static void *join(void *crew)
{
	return ima_trace_crew_join(crew) ? crew : NULL;
}

static void test_crew_ends(void **state)
{
	struct ima_trace_crew *c = crew_of(3, 1);
	pthread_t id[2];
	void *joined[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&id[i], NULL, join, c), 0);
	ima_trace_crew_help(c);
	while (!ima_trace_crew_may_rest(c, false)) /* until the one that was wanted is there */
		sched_yield();
	ima_trace_crew_end(c);
	for (int i = 0; i < 2; i++)
		pthread_join(id[i], &joined[i]);
	assert_true(!joined[0] || !joined[1]);
	assert_false(ima_trace_crew_join(c));
	ima_trace_crew_free(c);
}

#define SETTLE_MS 50

static struct ima_trace_cache *new_cache(void)
{
	struct ima_trace_cache *c;

	assert_int_equal(ima_trace_cache_new(SETTLE_MS, &c), 0);
	return c;
}

static struct ima_file_event use_of(enum ima_func func, unsigned int mask)
{
	return (struct ima_file_event){ .checks = { { func, mask } }, .n_checks = 1 };
}

static void settle(void)
{
	const struct timespec pause = { .tv_nsec = 2 * SETTLE_MS * 1000000 };

	nanosleep(&pause, NULL);
}

/* rewritten in place with as many bytes: nothing but the ctime tells */
static void test_cache_rewritten(void **state)
{
	char path[] = "/tmp/ima-test-XXXXXX";
	const struct ima_file_event ev = use_of(IMA_FUNC_FILE_CHECK, IMA_MAY_READ);
	struct ima_trace_cache *c = new_cache();
	struct ima_trace_stat st;
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(pwrite(fd, "one", 3, 0), 3);
	assert_int_equal(ima_trace_stat(fd, "", &st), 0);
	ima_trace_cache_add(c, IMA_TRACE_MEASURED, &st.st, 1, &ev); /* too young */
	assert_false(ima_trace_cache_has(c, IMA_TRACE_MEASURED, &st.st, 1, &ev));
	settle();
	ima_trace_cache_add(c, IMA_TRACE_MEASURED, &st.st, 1, &ev);
	assert_true(ima_trace_cache_has(c, IMA_TRACE_MEASURED, &st.st, 1, &ev));
	assert_int_equal(pwrite(fd, "two", 3, 0), 3);
	assert_int_equal(ima_trace_stat(fd, "", &st), 0);
	assert_false(ima_trace_cache_has(c, IMA_TRACE_MEASURED, &st.st, 1, &ev));
	settle();
	ima_trace_cache_add(c, IMA_TRACE_UNWANTED, &st.st, 1, &ev);
	assert_true(ima_trace_cache_has(c, IMA_TRACE_UNWANTED, &st.st, 1, &ev));
	assert_int_equal(fchmod(fd, 0640), 0); /* rules ask for owner and mode */
	assert_int_equal(ima_trace_stat(fd, "", &st), 0);
	assert_false(ima_trace_cache_has(c, IMA_TRACE_UNWANTED, &st.st, 1, &ev));
	close(fd);
	ima_trace_cache_free(c);
}

/* all that decides is part of what is known */
static void test_cache_keys(void **state)
{
	const struct ima_file_event ev = use_of(IMA_FUNC_FILE_CHECK, IMA_MAY_READ);
	const struct stat st = { .st_dev = 1, .st_ino = 2, .st_size = 3, .st_ctim = { 4, 5 } };
	struct ima_trace_cache *c = new_cache();
	struct ima_file_event other[9];
	struct stat another[5];

	ima_trace_cache_add(c, IMA_TRACE_MEASURED, &st, 7, &ev);
	assert_true(ima_trace_cache_has(c, IMA_TRACE_MEASURED, &st, 7, &ev));
	assert_false(ima_trace_cache_has(c, IMA_TRACE_UNWANTED, &st, 7, &ev));
	assert_false(ima_trace_cache_has(c, IMA_TRACE_CONTENT, &st, 7, &ev));
	assert_false(ima_trace_cache_has(c, IMA_TRACE_MEASURED, &st, 8, &ev));
	for (size_t i = 0; i < IMA_N_ELEMENTS(other); i++)
		other[i] = ev;
	other[0].facts.uid = other[1].facts.euid = other[2].facts.suid = 1;
	other[3].facts.gid = other[4].facts.egid = other[5].facts.sgid = 1;
	other[6].facts.cap_setuid = other[7].facts.cap_setgid = true;
	other[8].checks[0].mask = IMA_MAY_WRITE;
	for (size_t i = 0; i < IMA_N_ELEMENTS(other); i++)
		assert_false(ima_trace_cache_has(c, IMA_TRACE_MEASURED, &st, 7, &other[i]));
	for (size_t i = 0; i < IMA_N_ELEMENTS(another); i++)
		another[i] = st;
	another[0].st_dev++;
	another[1].st_ino++;
	another[2].st_size++;
	another[3].st_ctim.tv_sec++;
	another[4].st_ctim.tv_nsec++;
	for (size_t i = 0; i < IMA_N_ELEMENTS(another); i++)
		assert_false(ima_trace_cache_has(c, IMA_TRACE_MEASURED, &another[i], 7, &ev));
	ima_trace_cache_add(c, IMA_TRACE_CONTENT, &st, 7, &ev);
	assert_true(ima_trace_cache_has(c, IMA_TRACE_CONTENT, &st, 8, &ev)); /* content is the same wherever it is mounted */
	ima_trace_cache_free(c);
}

/* as stat(2) says it */
static void test_stat(void **state)
{
	struct ima_trace_stat have;
	struct stat st;

	assert_int_equal(ima_trace_stat(AT_FDCWD, "/nonexistent", &have), -ENOENT);
	assert_int_equal(ima_trace_stat(AT_FDCWD, "/proc/self/exe", &have), 0);
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	assert_true(have.st.st_dev == st.st_dev && have.st.st_ino == st.st_ino && have.st.st_size == st.st_size);
	assert_true(have.st.st_mode == st.st_mode && have.st.st_uid == st.st_uid && have.st.st_gid == st.st_gid);
	assert_true(have.st.st_nlink == st.st_nlink && have.st.st_ctim.tv_sec == st.st_ctim.tv_sec);
	assert_true(have.st.st_ctim.tv_nsec == st.st_ctim.tv_nsec && have.st.st_mtim.tv_nsec == st.st_mtim.tv_nsec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crew_lends),
		cmocka_unit_test(test_crew_queue),
		cmocka_unit_test(test_crew_help),
		cmocka_unit_test(test_crew_ends),
		cmocka_unit_test(test_cache_rewritten),
		cmocka_unit_test(test_cache_keys),
		cmocka_unit_test(test_stat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
