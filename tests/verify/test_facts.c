/* SPDX-License-Identifier: Apache-2.0 */
/* User metadata as HEAD gives it, well-formed and not. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "verify/facts.h"

#define OURS "range-id\t00ffee00c0ffee11\ngroup\tstock%20to%2Flake\ncluster\tc\n"

static void all_that_a_writer_says_is_read(void **state)
{
	struct facts f;
	struct error e;

	(void)state;
	assert_int_equal(facts_read(OURS "previous\t1200,00ffee0000000001,3,4500\nskipped\t1300,1400,tombstones=7\n"
					 "other\tx\n",
				    &f, &e),
			 0);
	assert_true(f.id == 0x00ffee00c0ffee11);
	assert_string_equal(f.group, "stock to/lake");
	assert_string_equal(f.cluster, "c");
	assert_int_equal(f.begins, BEGINS_NOT);
	assert_int_equal(f.previous_start, 1200);
	assert_true(f.previous_id == 0x00ffee0000000001);
	assert_int_equal(f.previous_objects, 3);
	assert_int_equal(f.previous_records, 4500);
	assert_int_equal(f.skipped_first, 1300);
	assert_int_equal(f.skipped_next, 1400);
	assert_int_equal(f.skipped_tombstones, 7);
}

static void a_beginning_has_a_reason(void **state)
{
	static const struct {
		const char *lines;
		enum facts_begins begins;
	} cases[] = {
		{ OURS "chain-begins\tfirst\n", BEGINS_FIRST },
		{ OURS "chain-begins\tdestination\n", BEGINS_DESTINATION },
		{ OURS "chain-begins\tmoved\n", BEGINS_MOVED },
		{ OURS "chain-begins\tsettings\n", BEGINS_SETTINGS },
		{ OURS "chain-begins\ttruncated\n", BEGINS_TRUNCATED },
		{ OURS "chain-begins\tnever%20heard\n", BEGINS_OTHER },
	};
	struct facts f;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(facts_read(cases[i].lines, &f, &e), 0);
		assert_int_equal(f.begins, cases[i].begins);
	}
	assert_string_equal(facts_begins_name(BEGINS_SETTINGS), "settings");
}

static void what_carries_no_id_is_none_of_ours(void **state)
{
	struct facts f;
	struct error e;

	(void)state;
	assert_int_equal(facts_read("", &f, &e), 1);
	assert_int_equal(facts_read("group\tg\ncluster\tc\nchain-begins\tfirst\n", &f, &e), 1);
}

static void what_is_not_well_formed_is_told(void **state)
{
	static const char *const cases[] = {
		"range-id\t00ffee00c0ffee1\n",
		"range-id\t00FFEE00C0FFEE11\n",
		"range-id\t\n",
		OURS,
		OURS "chain-begins\tfirst\nprevious\t1,00ffee0000000001,3,4\n",
		"range-id\t00ffee00c0ffee11\ncluster\tc\nchain-begins\tfirst\n",
		OURS "previous\t\n",
		OURS "previous\t1,00ffee0000000001,3\n",
		OURS "previous\t1,00ffee0000000001,3,4,5\n",
		OURS "previous\t-1,00ffee0000000001,3,4\n",
		OURS "previous\t1,00ffee000000001,3,4\n",
		OURS "previous\t1,00ffee0000000001,0,4\n",
		OURS "previous\t1,00ffee0000000001,9999999999,4\n",
		OURS "previous\t99999999999999999999,00ffee0000000001,3,4\n",
		OURS "previous\t1,00ffee0000000001\n",
		OURS "chain-begins\tfirst\nskipped\t5\n",
		OURS "chain-begins\tfirst\nskipped\t5,5,tombstones=0\n",
	};
	struct facts f;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e.text[0] = '\0';
		if (facts_read(cases[i], &f, &e) != -1 || e.text[0] == '\0')
			fail_msg("%s", cases[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_writer_says_is_read),
		cmocka_unit_test(a_beginning_has_a_reason),
		cmocka_unit_test(what_carries_no_id_is_none_of_ours),
		cmocka_unit_test(what_is_not_well_formed_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
