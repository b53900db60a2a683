/* SPDX-License-Identifier: Apache-2.0 */
/* What comes again within a minute is counted; nothing is hidden that was not told before. */
#include "base/log_repeats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct log_repeats *r;

static int set_up(void **state)
{
	(void)state;
	r = log_repeats_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_repeats_free(r);
	return 0;
}

static bool tells(enum log_level level, const char *text, int64_t partition, int64_t now_ms)
{
	const struct log_field fields[] = { LOG_TEXT("TOPIC", "t"), LOG_NUMBER("PARTITION", partition) };
	const struct log_line l = { MESSAGE_WAITS_S3, level, text, fields, 2 };

	return log_repeats_tells(r, &l, now_ms);
}

/* How many times more, of the next one that is due; 0: there is none. */
static uint64_t next(int64_t now_ms, struct log_line *l)
{
	uint64_t more = 0;

	return log_repeats_next(r, now_ms, l, &more) ? more : 0;
}

static void test_the_first_is_told_and_the_others_are_counted(void **state)
{
	struct log_line l;

	(void)state;
	assert_true(tells(LOG_LEVEL_WARNING, "waits", 1, 1000));
	for (int i = 1; i <= 5; i++)
		assert_false(tells(LOG_LEVEL_WARNING, "waits", 1, 1000 + i));
	assert_int_equal(next(30000, &l), 0);
	assert_int_equal(next(61000, &l), 5);
	assert_int_equal(l.id, MESSAGE_WAITS_S3);
	assert_string_equal(l.text, "waits");
	assert_int_equal(l.n_fields, 2);
	assert_string_equal(l.fields[0].text, "t");
	assert_int_equal(l.fields[1].number, 1);
	assert_int_equal(next(61000, &l), 0);
	assert_true(tells(LOG_LEVEL_WARNING, "waits", 1, 61000));
}

static void test_what_lasts_is_told_each_minute(void **state)
{
	struct log_line l;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(tells(LOG_LEVEL_ERROR, "waits", 1, 60000 * i));
	assert_int_equal(next(INT64_MAX, &l), 0);
}

static void test_other_partitions_and_texts_are_told(void **state)
{
	(void)state;
	for (int i = 0; i < 500; i++)
		assert_true(tells(LOG_LEVEL_WARNING, "waits", i, 1000));
	assert_true(tells(LOG_LEVEL_ERROR, "waits", 1, 1000));
	assert_true(tells(LOG_LEVEL_WARNING, "waits for more", 1, 1000));
}

static void test_what_happens_is_told_each_time(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(tells(LOG_LEVEL_INFO, "assigned", 1, 1000));
		assert_true(tells(LOG_LEVEL_DEBUG, "detail", 1, 1000));
	}
}

static void test_the_end_tells_what_is_left(void **state)
{
	struct log_line l;
	uint64_t all = 0, more;

	(void)state;
	for (int i = 0; i < 30; i++)
		tells(LOG_LEVEL_WARNING, "waits", i % 3, 1000 + i);
	while ((more = next(INT64_MAX, &l)) > 0)
		all += more;
	assert_int_equal(all, 27);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_first_is_told_and_the_others_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_lasts_is_told_each_minute, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_partitions_and_texts_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_happens_is_told_each_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_end_tells_what_is_left, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
