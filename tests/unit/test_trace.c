/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of the trace tier that need no filter: which threads wait for calls. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "hook/trace/crew.h"

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
	while (ima_trace_crew_may_rest(c, false) == false) /* until the one that was wanted is there */
		;
	ima_trace_crew_end(c);
	for (int i = 0; i < 2; i++)
		pthread_join(id[i], &joined[i]);
	assert_true(!joined[0] || !joined[1]);
	assert_false(ima_trace_crew_join(c));
	ima_trace_crew_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crew_lends),
		cmocka_unit_test(test_crew_queue),
		cmocka_unit_test(test_crew_help),
		cmocka_unit_test(test_crew_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
