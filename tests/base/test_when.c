/* SPDX-License-Identifier: Apache-2.0 */

#include "base/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static void test_known(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} known[] = {
		{ "1970-01-01", 0 },
		{ "1965-12-31", -126316800000 },
		{ "2026-01-31", 1769817600000 },
		{ "2026/01/31", 1769817600000 },
		{ "20260131", 1769817600000 },
		{ "2024-02-29", 1709164800000 },
		{ "2000-02-29T00:00", 951782400000 },
		{ "2026-01-31 14:30", 1769869800000 },
		{ "2026-01-31 14:30:59", 1769869859000 },
		{ "2026-01-31T14:30:59Z", 1769869859000 },
		{ "2026-01-31t14:30:59.1z", 1769869859100 },
		{ "2026-01-31 14:30:59.123", 1769869859123 },
		{ "2026-01-31 14:30:59,123", 1769869859123 },
		{ "2026-01-31T14:30:59.123999999Z", 1769869859123 },
		{ "2026-01-31T16:30:59+02:00", 1769869859000 },
		{ "2026-01-31T16:30:59+0200", 1769869859000 },
		{ "2026-01-31T09:00:59.5-05:30", 1769869859500 },
		{ "2262-04-11T23:47:16.854Z", 9223372036854 },
		{ "9999-12-31", 253402214400000 },
		{ "0001-01-01", -62135596800000 },
		{ "0", 0 },
		{ "1969", 1969000 },
		{ "1769869859", 1769869859000 },
		{ "1769869859.5", 1769869859500 },
		{ "1769869859.1239", 1769869859123 },
		{ "-1.5", -1500 },
		{ "-126316800", -126316800000 },
		{ "1769869859123", 1769869859123 },
		{ "1769869859123456", 1769869859123 },
		{ "1769869859123456789", 1769869859123 },
		{ "9223372036854775807", 9223372036854 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int64_t ms = 42;

		if (!when_parse((const uint8_t *)known[i].text, strlen(known[i].text), &ms) || ms != known[i].ms)
			fail_msg("\"%s\": %jd", known[i].text, (intmax_t)ms);
	}
}

static void test_unknown(void **state)
{
	static const char *const unknown[] = {
		"",
		"-",
		"x",
		"N/A",
		"2026-",
		"2026-1-31",
		"2026-13-01",
		"2026-00-01",
		"2026-02-29",
		"1900-02-29",
		"2026-04-31",
		"0000-01-01",
		"20261301",
		"2026-01-31T",
		"2026-01-31 ",
		"2026-01-31x",
		"2026-01-31 24:00",
		"2026-01-31 14:60",
		"2026-01-31 14:30:61",
		"2026-01-31 14:30:59.",
		"2026-01-31 14:30:59+2",
		"2026-01-31 14:30:59ZZ",
		"2026-01-31 14:30:59 UTC",
		"31.01.2026",
		"1e9",
		"1.",
		".5",
		"12345678901234567890",
		" 1769869859",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		int64_t ms;

		if (when_parse((const uint8_t *)unknown[i], strlen(unknown[i]), &ms))
			fail_msg("\"%s\"", unknown[i]);
	}
}

/* Every day of four centuries, against the C library. */
static void test_days(void **state)
{
	(void)state;
	for (int64_t day = -25567; day < 120000; day++) {
		time_t t = (time_t)day * 86400;
		struct tm tm;
		char text[32];
		int64_t ms;
		size_t len;

		gmtime_r(&t, &tm);
		len = strftime(text, sizeof(text), "%Y-%m-%d", &tm);
		assert_true(when_parse((const uint8_t *)text, len, &ms));
		assert_int_equal(ms, day * 86400000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
