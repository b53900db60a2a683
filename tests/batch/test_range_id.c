/* SPDX-License-Identifier: Apache-2.0 */

#include "batch/range_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* It stands in the keys of objects and of uploads that were left behind: it must not change. */
static void test_mark(void **state)
{
	static const struct {
		const char *cluster, *group, *mark; /* printf 'CLUSTER\nGROUP' | sha256sum | cut -c 1-4 */
	} cases[] = {
		{ "c", "g", "ea08" },
		{ "c", "g2", "fa09" },
		{ "cg", "", "aa66" },
		{ "MkU3OEVBNTcwNTJENDM2Qk", "stock-to-lake", "db66" },
	};
	char mark[RANGE_MARK_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		range_mark(cases[i].cluster, cases[i].group, mark);
		assert_string_equal(mark, cases[i].mark);
	}
}

/* The mark and twelve digits that never come again. */
static void test_draw(void **state)
{
	char ids[1000][RANGE_ID_SIZE];

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		range_id_draw("5c1f", ids[i]);
		assert_memory_equal(ids[i], "5c1f", 4);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), 16);
		assert_int_equal(strlen(ids[i]), 16);
		for (size_t n = 0; n < i; n++)
			assert_string_not_equal(ids[i], ids[n]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_draw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
