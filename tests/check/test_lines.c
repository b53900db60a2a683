/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a preflight: what all of them come to, and that what others wrote does no harm in them. */
#include "check/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void the_worst_counts(void **state)
{
	struct lines l;

	(void)state;
	lines_init(&l, true, false);
	assert_int_equal(lines_outcome(&l), OUTCOME_OK);
	lines_add(&l, OUTCOME_OK, "a", "fine");
	assert_int_equal(lines_outcome(&l), OUTCOME_OK);
	lines_add(&l, OUTCOME_UNPROVED, "b", "who knows");
	assert_int_equal(lines_outcome(&l), OUTCOME_UNPROVED);
	lines_add(&l, OUTCOME_FAILED, "c", "%d of %d", 1, 2);
	lines_add(&l, OUTCOME_UNPROVED, "d", "who knows");
	assert_int_equal(lines_outcome(&l), OUTCOME_FAILED);
	assert_int_equal(l.n, 4);
	assert_string_equal(l.items[2].text, "1 of 2");
	assert_string_equal(outcome_name(l.items[3].outcome), "not proved");
	lines_free(&l);
}

static void what_others_wrote_is_shown_plain(void **state)
{
	struct lines l;

	(void)state;
	lines_init(&l, true, false);
	lines_add(&l, OUTCOME_FAILED, "topic \"a\x1b[31m\"", "%s", "two\nlines");
	assert_string_equal(l.items[0].name, "topic \"a\\x1b[31m\"");
	assert_string_equal(l.items[0].text, "two\\x0alines");
	lines_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_counts),
		cmocka_unit_test(what_others_wrote_is_shown_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
