/* SPDX-License-Identifier: Apache-2.0 */

#include "replay/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define START 1000000

static void test_unpaced(void **state)
{
	struct pace p;

	(void)state;
	pace_init_free(&p);
	for (int i = 0; i < 10; i++, pace_sent(&p))
		assert_int_equal(pace_due(&p, START + i, 0), START + i);
}

static void test_one_a_second(void **state)
{
	struct pace p;

	(void)state;
	pace_init_rate(&p, 1.0);
	for (int i = 0; i < 10; i++, pace_sent(&p))
		assert_int_equal(pace_due(&p, START + i * 1000, 0), START + i * 1000);
	/* asked again while waiting, it says the same */
	assert_int_equal(pace_due(&p, START + 9100, 0), START + 10000);
	assert_int_equal(pace_due(&p, START + 9900, 0), START + 10000);
}

static void test_fractions(void **state)
{
	struct pace slow, fast;
	int64_t now = START;

	(void)state;
	pace_init_rate(&slow, 0.25);
	pace_due(&slow, START, 0);
	pace_sent(&slow);
	assert_int_equal(pace_due(&slow, START, 0), START + 4000);

	/* 3,333.3 rows a second for a minute: roundings do not add up */
	pace_init_rate(&fast, 3333.3);
	for (int i = 0; i < 199998; i++, pace_sent(&fast)) {
		int64_t due = pace_due(&fast, now, 0);

		now = due > now ? due : now;
	}
	assert_in_range(now, START + 59995, START + 60005);
}

static void test_no_burst_after_an_outage(void **state)
{
	struct pace p;
	int64_t now = START;

	(void)state;
	pace_init_rate(&p, 10);
	pace_due(&p, now, 0);
	pace_sent(&p);
	now += 60000;
	assert_true(pace_due(&p, now, 0) <= now);
	pace_sent(&p);
	assert_int_equal(pace_due(&p, now, 0), now + 100);
}

static void test_short_delays_are_made_up_for(void **state)
{
	struct pace p;

	(void)state;
	pace_init_rate(&p, 10);
	pace_due(&p, START, 0);
	pace_sent(&p);
	for (int i = 1; i <= 8; i++, pace_sent(&p))
		assert_true(pace_due(&p, START + 800, 0) <= START + 800);
	assert_int_equal(pace_due(&p, START + 800, 0), START + 900);
}

static void test_column(void **state)
{
	struct pace p;

	(void)state;
	pace_init_column(&p, 2.0);
	assert_int_equal(pace_due(&p, START, -5000), START);
	pace_sent(&p);
	assert_int_equal(pace_due(&p, START, -5000), START);
	assert_int_equal(pace_due(&p, START, 5000), START + 5000);
	/* an earlier time than before goes at once, and moves nothing */
	assert_int_equal(pace_due(&p, START + 5000, -400000), START + 5000);
	assert_int_equal(pace_due(&p, START + 5000, 6000), START + 5500);
	/* the next round counts from its own first row */
	pace_again(&p);
	assert_int_equal(pace_due(&p, START + 7000, -5000), START + 7000);
	assert_int_equal(pace_due(&p, START + 7000, -3000), START + 8000);
}

static void test_column_after_an_outage(void **state)
{
	struct pace p;

	(void)state;
	pace_init_column(&p, 1.0);
	pace_due(&p, START, 0);
	assert_int_equal(pace_due(&p, START + 60000, 1000), START + 60000);
	assert_int_equal(pace_due(&p, START + 60000, 2000), START + 61000);
}

static void test_far_away(void **state)
{
	struct pace p;

	(void)state;
	pace_init_column(&p, 1e-9);
	pace_due(&p, START, 0);
	assert_true(pace_due(&p, START, INT64_C(253402214400000)) > INT64_C(800000000000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpaced),
		cmocka_unit_test(test_one_a_second),
		cmocka_unit_test(test_fractions),
		cmocka_unit_test(test_no_burst_after_an_outage),
		cmocka_unit_test(test_short_delays_are_made_up_for),
		cmocka_unit_test(test_column),
		cmocka_unit_test(test_column_after_an_outage),
		cmocka_unit_test(test_far_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
