/* SPDX-License-Identifier: Apache-2.0 */

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_set(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(error_set(&e, ERROR_WAIT_PERSON, 403, "no access to \"%s\"", "lake"), -1);
	assert_int_equal(e.action, ERROR_WAIT_PERSON);
	assert_int_equal(e.code, 403);
	assert_string_equal(e.text, "no access to \"lake\"");
}

/* Context goes in front; action and code stay. */
static void test_context(void **state)
{
	struct error e;

	(void)state;
	error_set(&e, ERROR_RETRY, 503, "slow down");
	assert_int_equal(error_context(&e, "part %d", 7), -1);
	error_context(&e, "upload");
	assert_string_equal(e.text, "upload: part 7: slow down");
	assert_int_equal(e.action, ERROR_RETRY);
	assert_int_equal(e.code, 503);
}

static void test_long_text_is_cut(void **state)
{
	char text[2 * ERROR_TEXT_MAX];
	struct error e;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&e, ERROR_GIVE_UP, 0, "%s", text);
	assert_int_equal(strlen(e.text), ERROR_TEXT_MAX - 1);
	error_context(&e, "in %s", "front");
	assert_int_equal(strlen(e.text), ERROR_TEXT_MAX - 1);
	assert_memory_equal(e.text, "in front: xxx", 13);
}

static void test_action_names_differ(void **state)
{
	(void)state;
	for (enum error_action a = ERROR_GIVE_UP; a <= ERROR_REPLAY; a++)
		for (enum error_action b = ERROR_GIVE_UP; b < a; b++)
			assert_string_not_equal(error_action_name(a), error_action_name(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_action_names_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
