/* SPDX-License-Identifier: Apache-2.0 */
#include "status/human.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_durations(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} all[] = { { -1, "-" },
		    { 0, "0 s" },
		    { 59999, "59 s" },
		    { 60000, "1 min 0 s" },
		    { 3723000, "1 h 2 min" },
		    { 86400000LL * 4 + 7200000, "4 d 2 h" },
		    { INT64_MAX, "106751991167 d 7 h" } };
	char out[HUMAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		human_duration(all[i].ms, out);
		assert_string_equal(out, all[i].text);
	}
}

static void test_bytes(void **state)
{
	char out[HUMAN_MAX];

	(void)state;
	human_bytes(512, out);
	assert_string_equal(out, "512 B");
	human_bytes(1536, out);
	assert_string_equal(out, "1.5 KiB");
	human_bytes(256.0 * 1024 * 1024, out);
	assert_string_equal(out, "256 MiB");
	human_bytes(-1, out);
	assert_string_equal(out, "-");
}

static void test_counts(void **state)
{
	char out[HUMAN_MAX];

	(void)state;
	human_count(0, out);
	assert_string_equal(out, "0");
	human_count(999, out);
	assert_string_equal(out, "999");
	human_count(1234567, out);
	assert_string_equal(out, "1,234,567");
	human_count(1e17, out);
	assert_string_equal(out, "100,000,000,000,000,000");
	human_count(9e300, out);
	assert_string_equal(out, "very many");
	human_count(-1, out);
	assert_string_equal(out, "-");
}

static void test_times(void **state)
{
	char out[HUMAN_MAX];

	(void)state;
	human_time(0, out);
	assert_string_equal(out, "");
	human_time(1769869859123, out);
	assert_string_equal(out, "2026-01-31T14:30:59Z");
}

static void test_escapes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	human_escape("a\033[2J", &b);
	human_escape("\n\xff", &b);
	assert_string_equal(buf_str(&b), "a\\x1b[2J\\x0a\\xff");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations), cmocka_unit_test(test_bytes),   cmocka_unit_test(test_counts),
		cmocka_unit_test(test_times),     cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
