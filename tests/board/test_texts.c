/* SPDX-License-Identifier: Apache-2.0 */
#include "board/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_texts_come_back(void **state)
{
	struct texts t, copy;
	text_at a, b;

	(void)state;
	texts_init(&t);
	texts_init(&copy);
	a = texts_add(&t, "one");
	b = texts_add(&t, "another");
	texts_copy(&copy, &t);
	texts_clear(&t);
	texts_add(&t, "something else, which is longer than both");
	assert_string_equal(texts_get(&copy, a), "one");
	assert_string_equal(texts_get(&copy, b), "another");
	texts_free(&t);
	texts_free(&copy);
}

static void test_none_is_the_empty_one(void **state)
{
	struct texts t, copy;

	(void)state;
	texts_init(&t);
	texts_init(&copy);
	assert_int_equal(texts_add(&t, ""), 0);
	assert_int_equal(texts_add(&t, NULL), 0);
	assert_string_equal(texts_get(&t, 0), "");
	assert_string_equal(texts_get(&t, 12345), "");
	texts_copy(&copy, &t);
	assert_string_equal(texts_get(&copy, 0), "");
	texts_free(&t);
	texts_free(&copy);
}

static void test_the_same_one_again_costs_nothing(void **state)
{
	struct texts t;
	text_at first;
	size_t len;

	(void)state;
	texts_init(&t);
	first = texts_add(&t, "topic");
	len = t.all.len;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(texts_add(&t, "topic"), first);
	assert_int_equal(t.all.len, len);
	texts_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_come_back),
		cmocka_unit_test(test_none_is_the_empty_one),
		cmocka_unit_test(test_the_same_one_again_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
