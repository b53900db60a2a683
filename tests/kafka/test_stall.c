/* SPDX-License-Identifier: Apache-2.0 */
/* What stands still, and what only has nothing to give. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "kafka/stall.h"

/* A partition that is read from 100 on; with an end, its text names one range up to there. */
static struct delivery reading(int64_t planned_end)
{
	struct intent_text t = { .start = 100, .n = planned_end > 0 ? 1 : 0 };
	struct delivery d;

	t.ranges[0].start = 100;
	t.ranges[0].end = planned_end;
	delivery_begin(&d, &t, 0);
	return d;
}

static void test_the_end_of_the_log_may_last(void **state)
{
	struct delivery d = reading(0);
	struct stall s;

	(void)state;
	stall_begin(&s, 0);
	assert_false(stall_found(&s, &d, 150, -1, 1000));
	assert_false(stall_found(&s, &d, 150, 150, 2000));
	assert_false(stall_found(&s, &d, 150, 150, 100 * STALL_MS));
}

static void test_an_end_behind_a_gap_is_one(void **state)
{
	struct delivery d = reading(0);
	struct stall s;

	(void)state;
	stall_begin(&s, 0);
	assert_false(stall_found(&s, &d, 150, 152, 2000));
	assert_false(stall_found(&s, &d, 150, 152, 100 * STALL_MS));
}

static void test_nothing_since_it_is_read(void **state)
{
	struct delivery d = reading(0);
	struct stall s;

	(void)state;
	stall_begin(&s, 7000);
	assert_false(stall_found(&s, &d, 100, -1, 8000));
	assert_false(stall_found(&s, &d, 100, -1, 8000 + STALL_MS - 1));
	assert_true(stall_found(&s, &d, 100, -1, 8000 + STALL_MS));
}

/* Records came after the last end: another end must follow. */
static void test_nothing_behind_a_record(void **state)
{
	struct delivery d = reading(0);
	struct stall s;

	(void)state;
	stall_begin(&s, 0);
	assert_false(stall_found(&s, &d, 150, 150, 1000));
	assert_false(stall_found(&s, &d, 160, 150, 2000));
	assert_false(stall_found(&s, &d, 160, 150, 1999 + STALL_MS));
	assert_true(stall_found(&s, &d, 160, 150, 2000 + STALL_MS));
}

static void test_each_record_begins_the_time_anew(void **state)
{
	struct delivery d = reading(0);
	struct stall s;

	(void)state;
	stall_begin(&s, 0);
	for (int i = 0; i < 10; i++)
		assert_false(stall_found(&s, &d, 100 + i, -1, i * (STALL_MS - 1)));
}

static void test_a_recovery_is_given_less_time(void **state)
{
	struct delivery d = reading(200);
	struct stall s;

	(void)state;
	stall_begin(&s, 0);
	assert_false(stall_found(&s, &d, 150, -1, 1000));
	assert_false(stall_found(&s, &d, 150, -1, 999 + STALL_RECOVERY_MS));
	assert_true(stall_found(&s, &d, 150, -1, 1000 + STALL_RECOVERY_MS));
}

/* The log has become shorter than what is to be recovered. */
static void test_an_end_inside_of_a_recovery_is_a_standstill(void **state)
{
	struct delivery d = reading(200);
	struct stall s;

	(void)state;
	stall_begin(&s, 0);
	assert_false(stall_found(&s, &d, 150, 150, 1000));
	assert_true(stall_found(&s, &d, 150, 150, 1000 + STALL_RECOVERY_MS));
}

static void test_a_recovery_that_has_read_its_range_waits_for_no_record(void **state)
{
	struct delivery d = reading(200);
	struct stall s;

	(void)state;
	stall_begin(&s, 0);
	assert_false(stall_found(&s, &d, 150, 200, 1000));
	assert_false(stall_found(&s, &d, 150, 200, 100 * STALL_MS));
	assert_false(stall_found(&s, &d, 200, 150, 100 * STALL_MS + 1));
	assert_false(stall_found(&s, &d, 200, 150, 100 * STALL_MS + STALL_RECOVERY_MS + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_end_of_the_log_may_last),
		cmocka_unit_test(test_an_end_behind_a_gap_is_one),
		cmocka_unit_test(test_nothing_since_it_is_read),
		cmocka_unit_test(test_nothing_behind_a_record),
		cmocka_unit_test(test_each_record_begins_the_time_anew),
		cmocka_unit_test(test_a_recovery_is_given_less_time),
		cmocka_unit_test(test_an_end_inside_of_a_recovery_is_a_standstill),
		cmocka_unit_test(test_a_recovery_that_has_read_its_range_waits_for_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
