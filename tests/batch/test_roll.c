/* SPDX-License-Identifier: Apache-2.0 */

#include "batch/roll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct topic_settings limits = { .roll_bytes = 1000, .roll_records = 50, .roll_age_ms = 300 };
static const struct topic_settings no_limits;

static void test_limits(void **state)
{
	static const struct {
		struct roll_state s;
		int64_t now;
		enum roll_reason reason;
	} cases[] = {
		{ { 0, 0, 5000, 0 }, 5000, ROLL_NONE },
		{ { 999, 49, 5000, 8999 }, 5299, ROLL_NONE },
		{ { 1000, 1, 5000, 1 }, 5000, ROLL_BYTES },
		{ { 1, 50, 5000, 1 }, 5000, ROLL_RECORDS },
		{ { 1, 1, 5000, ROLL_MAX_PARTS }, 5000, ROLL_PARTS },
		{ { 1, 1, 5000, 1 }, 5300, ROLL_AGE },
		{ { 1, 1, 5000, 1 }, 6000, ROLL_AGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(roll_due(&limits, &cases[i].s, cases[i].now), cases[i].reason);
}

/* Zero is "not by this"; what S3 does not take is a limit all the same. */
static void test_no_limits(void **state)
{
	struct roll_state s = { INT64_MAX, INT64_MAX, 0, ROLL_MAX_PARTS - 1 };

	(void)state;
	assert_int_equal(roll_due(&no_limits, &s, INT64_MAX - 1), ROLL_NONE);
	assert_int_equal(roll_deadline_ms(&no_limits, &s), INT64_MAX);
	s.most_parts++;
	assert_int_equal(roll_due(&no_limits, &s, 0), ROLL_PARTS);
	assert_in_range(ROLL_MAX_PARTS, 1, 9900);
}

static void test_deadline(void **state)
{
	struct roll_state s = { .opened_boot_ms = 5000 };

	(void)state;
	assert_int_equal(roll_deadline_ms(&limits, &s), 5300);
	assert_int_equal(roll_due(&limits, &s, roll_deadline_ms(&limits, &s)), ROLL_AGE);
	assert_int_equal(roll_due(&limits, &s, roll_deadline_ms(&limits, &s) - 1), ROLL_NONE);
}

static void test_names(void **state)
{
	(void)state;
	for (enum roll_reason a = ROLL_NONE; a < ROLL_REASONS; a++) {
		assert_non_null(roll_reason_name(a));
		for (enum roll_reason b = ROLL_NONE; b < a; b++)
			assert_string_not_equal(roll_reason_name(a), roll_reason_name(b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_limits),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
