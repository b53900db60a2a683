/* SPDX-License-Identifier: Apache-2.0 */
/* What a start is said to bring: which of bytes, records and age makes objects, and what they cost. */
#include "check/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct expectation of(const struct topic_settings *t, int64_t left, double a_day, double bytes, double ratio)
{
	const struct settings s = { .s3_part_size_bytes = 8 << 20 };
	const struct expect_input in = { t, left, a_day, bytes, ratio };
	struct expectation x = { 0 };

	expect_add(&x, &s, &in);
	return x;
}

static void by_age(void **state)
{
	const struct topic_settings t = { .roll_bytes = 128 << 20,
					  .roll_age_ms = 300000,
					  .partition_by = PARTITION_BY_HOUR };
	struct expectation x = of(&t, 1000, 1e6, 100, 0.25);

	(void)state;
	assert_true(x.records == 1000 && x.bytes == 100000 && x.compressed == 25000);
	assert_true(x.objects_a_day == 288 + 24);
	assert_true(x.requests_a_day == x.objects_a_day);
	assert_true(x.bytes_a_day == 1e6 * 100 * 0.25);
	assert_true(expect_dollars_a_day(&x) > 0.00155 && expect_dollars_a_day(&x) < 0.00157);
}

static void by_bytes_in_parts(void **state)
{
	const struct topic_settings t = { .roll_bytes = 128 << 20, .partition_by = PARTITION_BY_NONE };
	struct expectation x = of(&t, 0, 1280 * 1024, 1024, 1);

	(void)state;
	assert_true(x.objects_a_day == 10);
	assert_true(x.requests_a_day == 10 * (16 + 2));
}

static void by_records(void **state)
{
	const struct topic_settings t = { .roll_records = 1000, .partition_by = PARTITION_BY_DAY };
	struct expectation x = of(&t, 0, 50000, 10, 1);

	(void)state;
	assert_true(x.objects_a_day == 50 + 1);
}

static void no_more_objects_than_records(void **state)
{
	const struct topic_settings t = { .roll_age_ms = 1000, .partition_by = PARTITION_BY_HOUR };
	struct expectation x = of(&t, 0, 7, 10, 1), idle = of(&t, 0, 0, 0, 1);

	(void)state;
	assert_true(x.objects_a_day == 7);
	assert_true(idle.objects_a_day == 0 && idle.requests_a_day == 0);
}

static void what_a_person_reads(void **state)
{
	static const char *const says[] = {
		"first start  1000 records, about 97.7 KiB, 24.4 KiB in S3\n",
		"each day     about 1000000 records in 312 objects of 78.3 KiB on average",
		"requests     about 312 PUTs a day, 0.00 USD (S3 Standard in us-east-1",
		"memory       at most 256MiB of records (memory), and some 64MiB for the program",
	};
	const struct topic_settings t = { .roll_bytes = 128 << 20,
					  .roll_age_ms = 300000,
					  .partition_by = PARTITION_BY_HOUR };
	const struct settings s = { .memory_bytes = 256 << 20 };
	struct expectation x = of(&t, 1000, 1e6, 100, 0.25);
	char text[1024] = "";
	FILE *out = fmemopen(text, sizeof(text) - 1, "w");

	(void)state;
	expect_print(&x, &s, out);
	fclose(out);
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++)
		if (strstr(text, says[i]) == NULL)
			fail_msg("\"%s\" is not in: %s", says[i], text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_person_reads),
		cmocka_unit_test(by_age),
		cmocka_unit_test(by_bytes_in_parts),
		cmocka_unit_test(by_records),
		cmocka_unit_test(no_more_objects_than_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
