/* SPDX-License-Identifier: Apache-2.0 */
/* Dates by arithmetic, every day up to the year 9999 against the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"

static void test_every_day(void **state)
{
	(void)state;
	for (int64_t day = 0; day * CIVIL_DAY_MS < CIVIL_END_MS; day++) {
		time_t at = (time_t)(day * 86400);
		struct civil_date d = civil_date(day);
		struct tm tm;

		gmtime_r(&at, &tm);
		assert_int_equal(d.year, tm.tm_year + 1900);
		assert_int_equal(d.month, tm.tm_mon + 1);
		assert_int_equal(d.day, tm.tm_mday);
	}
}

static void expect_text(int64_t ms, const char *text)
{
	char out[CIVIL_TEXT + 1] = "";

	assert_true(civil_text(ms, out));
	assert_string_equal(out, text);
}

static void test_text(void **state)
{
	char out[CIVIL_TEXT];

	(void)state;
	expect_text(0, "1970-01-01 00:00:00.000");
	expect_text(CIVIL_END_MS - 1, "9999-12-31 23:59:59.999");
	expect_text(INT64_C(951782400000), "2000-02-29 00:00:00.000");
	expect_text(INT64_C(4107542399009), "2100-02-28 23:59:59.009");
	assert_false(civil_text(-1, out));
	assert_false(civil_text(INT64_MIN, out));
	assert_false(civil_text(CIVIL_END_MS, out));
	assert_false(civil_text(INT64_MAX, out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
