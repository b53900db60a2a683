/* SPDX-License-Identifier: Apache-2.0 */
#include "board/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct histogram_bounds bounds = { 3, { 1, 10, 100 } };

static void test_a_value_at_a_bound_is_below_it(void **state)
{
	static const double values[] = { 0, 1, 1.5, 10, 100, 101, 1e9 };
	struct histogram h = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		histogram_add(&h, &bounds, values[i]);
	assert_int_equal(h.n[0], 2);
	assert_int_equal(h.n[1], 2);
	assert_int_equal(h.n[2], 1);
	assert_int_equal(h.n[HISTOGRAM_BOUNDS], 2);
	assert_int_equal(h.count, 7);
	assert_true(h.sum == 0 + 1 + 1.5 + 10 + 100 + 101 + 1e9);
}

static void test_two_are_joined(void **state)
{
	struct histogram a = { 0 }, b = { 0 };

	(void)state;
	histogram_add(&a, &bounds, 5);
	histogram_add(&b, &bounds, 6);
	histogram_add(&b, &bounds, 1000);
	histogram_join(&a, &b);
	assert_int_equal(a.n[1], 2);
	assert_int_equal(a.n[HISTOGRAM_BOUNDS], 1);
	assert_int_equal(a.count, 3);
	assert_true(a.sum == 1011);
}

static void test_bounds_rise(void **state)
{
	static const struct histogram_bounds *const all[] = { &histogram_seconds, &histogram_ages, &histogram_bytes };

	(void)state;
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		assert_in_range(all[k]->n, 1, HISTOGRAM_BOUNDS);
		for (int i = 1; i < all[k]->n; i++)
			assert_true(all[k]->upper[i] > all[k]->upper[i - 1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_at_a_bound_is_below_it),
		cmocka_unit_test(test_two_are_joined),
		cmocka_unit_test(test_bounds_rise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
