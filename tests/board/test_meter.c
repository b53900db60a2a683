/* SPDX-License-Identifier: Apache-2.0 */
#include "board/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define HOUR_MS (3600LL * 1000)

static void test_nothing_is_known_at_first(void **state)
{
	struct meter m = { 0 };

	(void)state;
	assert_true(meter_rates(&m).records_10s == 0 && meter_rates(&m).bytes_60s == 0);
	meter_add(&m, 1000, 7, 70);
	assert_true(meter_rates(&m).records_10s == 0 && meter_rates(&m).bytes_60s == 0);
}

static void test_rates_of_ten_seconds_and_a_minute(void **state)
{
	struct meter m = { 0 };
	struct meter_rates r;
	uint64_t records = 0;
	int64_t now = 5000;

	(void)state;
	for (int i = 0; i < 200; i++) { /* the last ten seconds are ten times as fast */
		meter_add(&m, now, records, records * 100);
		now += 1000;
		records += i < 190 ? 10 : 100;
	}
	meter_add(&m, now, records, records * 100);
	r = meter_rates(&m);
	assert_true(r.records_10s == 100 && r.bytes_10s == 10000);
	assert_true(r.records_60s == (50 * 10 + 10 * 100) / 60.0);
	assert_true(r.bytes_60s == r.records_60s * 100);
}

static void test_what_comes_too_often_is_left_out(void **state)
{
	struct meter m = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		meter_add(&m, 1000 + i, (uint64_t)i, 0);
	assert_int_equal(m.n, 1);
	meter_add(&m, 2000, 1000, 0);
	assert_true(meter_rates(&m).records_10s == 1000);
}

static void test_a_mark_that_stands_has_no_pace(void **state)
{
	struct creep c = { 0 };

	(void)state;
	assert_int_equal(creep_until(&c, 1000, 5), CREEP_UNKNOWN);
	for (int64_t t = 1; t < 3 * HOUR_MS; t += 60000)
		creep_note(&c, t, 500);
	assert_int_equal(creep_until(&c, 3 * HOUR_MS, 100), CREEP_UNKNOWN);
}

static void test_one_leap_is_no_pace(void **state)
{
	struct creep c = { 0 };

	(void)state;
	creep_note(&c, 1000, 0);
	creep_note(&c, 2000, 1000000);
	creep_note(&c, HOUR_MS, 1000000);
	assert_int_equal(creep_until(&c, HOUR_MS, 10), CREEP_UNKNOWN);
}

static void test_pace_from_leap_to_leap(void **state)
{
	struct creep c = { 0 };
	int64_t mark = 0;

	(void)state;
	for (int64_t hour = 0; hour <= 10; hour++) { /* 36,000 an hour: ten a second */
		creep_note(&c, 1 + hour * HOUR_MS, mark);
		mark += 36000;
	}
	assert_int_equal(creep_until(&c, 1 + 10 * HOUR_MS, 7200), 7200 * 100);
	assert_int_equal(creep_until(&c, 1 + 10 * HOUR_MS, 0), 0);
	assert_int_equal(creep_until(&c, 1 + 10 * HOUR_MS, -5), 0);
	assert_int_equal(creep_until(&c, 1 + 10 * HOUR_MS, INT64_MAX), 365 * 24 * HOUR_MS);
}

static void test_an_old_pace_is_forgotten(void **state)
{
	struct creep c = { 0 };
	int64_t t = 1, mark = 0;

	(void)state;
	for (; t < 24 * HOUR_MS; t += 60000, mark += 60000) /* a thousand a second */
		creep_note(&c, t, mark);
	for (; t < 72 * HOUR_MS; t += 60000, mark += 60) /* one a second */
		creep_note(&c, t, mark);
	assert_in_range(creep_until(&c, t, 100), 99000, 101000);
}

static void test_a_mark_that_goes_back_begins_anew(void **state)
{
	struct creep c = { 0 };

	(void)state;
	creep_note(&c, 1000, 100);
	creep_note(&c, 20000, 200);
	creep_note(&c, 40000, 300);
	assert_int_equal(creep_until(&c, 40000, 100), 20000);
	creep_note(&c, 50000, 0); /* the topic was made again */
	assert_int_equal(creep_until(&c, 90000, 100), CREEP_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_known_at_first),
		cmocka_unit_test(test_rates_of_ten_seconds_and_a_minute),
		cmocka_unit_test(test_what_comes_too_often_is_left_out),
		cmocka_unit_test(test_a_mark_that_stands_has_no_pace),
		cmocka_unit_test(test_one_leap_is_no_pace),
		cmocka_unit_test(test_pace_from_leap_to_leap),
		cmocka_unit_test(test_an_old_pace_is_forgotten),
		cmocka_unit_test(test_a_mark_that_goes_back_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
