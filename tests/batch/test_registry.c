/* SPDX-License-Identifier: Apache-2.0 */

#include "batch/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define HOUR INT64_C(3600000)

static void count(void *arg)
{
	++*(int *)arg;
}

static void test_without_a_registry(void **state)
{
	char why[ERROR_TEXT_MAX];

	(void)state;
	registry_begins(NULL, "t", 0);
	assert_true(registry_has(NULL, "t", 0));
	assert_false(registry_is_in_trouble(NULL, "t", why));
}

static void test_wanted_once(void **state)
{
	struct registry *r = registry_new(true);
	const char *table = NULL;
	int64_t slots[4];
	int woken = 0;

	(void)state;
	registry_waker(r, (struct waker){ count, &woken });
	assert_false(registry_has(r, "t", HOUR));
	assert_false(registry_has(r, "t", HOUR));
	assert_int_equal(woken, 1);
	assert_int_equal(registry_take(r, false, &table, slots, 4), 1);
	assert_string_equal(table, "t");
	assert_int_equal(slots[0], HOUR);
	assert_false(registry_has(r, "t", HOUR)); /* it is under way: not wanted again */
	assert_int_equal(registry_take(r, false, &table, slots, 4), 0);
	registry_again(r, "t", HOUR);
	assert_int_equal(registry_take(r, false, &table, slots, 4), 1);
	registry_done(r, "t", HOUR);
	assert_true(registry_has(r, "t", HOUR));
	assert_false(registry_has(r, "other", HOUR));
	registry_forget(r, "t");
	assert_false(registry_has(r, "t", HOUR));
	registry_free(r);
}

/* Each table has its turn, and one in trouble is asked for by itself. */
static void test_turns(void **state)
{
	struct registry *r = registry_new(true);
	char why[ERROR_TEXT_MAX];
	const char *table = NULL;
	int64_t slots[2];

	(void)state;
	for (int i = 0; i < 5; i++)
		registry_has(r, "a", i * HOUR);
	registry_has(r, "b", HOUR);
	registry_has(r, "c", HOUR);
	registry_trouble(r, "b", "denied");
	assert_true(registry_is_in_trouble(r, "b", why));
	assert_string_equal(why, "denied");
	assert_int_equal(registry_take(r, false, &table, slots, 2), 2);
	assert_string_equal(table, "a");
	assert_int_equal(registry_take(r, false, &table, slots, 2), 1);
	assert_string_equal(table, "c");
	assert_int_equal(registry_take(r, false, &table, slots, 2), 2);
	assert_string_equal(table, "a");
	assert_int_equal(registry_take(r, false, &table, slots, 2), 1);
	assert_int_equal(registry_take(r, false, &table, slots, 2), 0);
	assert_int_equal(registry_take(r, true, &table, slots, 2), 1);
	assert_string_equal(table, "b");
	registry_again(r, "b", HOUR);
	registry_trouble(r, "b", NULL);
	assert_false(registry_is_in_trouble(r, "b", why));
	assert_int_equal(registry_take(r, false, &table, slots, 2), 1);
	registry_free(r);
}

/* What is known is bounded; what is wanted is never forgotten. */
static void test_bounded(void **state)
{
	enum { MANY = 9000 };
	struct registry *r = registry_new(true);
	const char *table = NULL;
	int64_t slots[100];
	size_t n, wanted = 0;

	(void)state;
	for (int i = 0; i < MANY; i++)
		registry_done(r, "t", i * HOUR);
	assert_true(registry_has(r, "t", (MANY - 1) * HOUR));
	assert_false(registry_has(r, "t", 0));
	for (int i = 1; i < MANY; i++)
		registry_done(r, "t", i * HOUR);
	while ((n = registry_take(r, false, &table, slots, 100)) > 0)
		wanted += n;
	assert_int_equal(wanted, 1);
	assert_int_equal(slots[0], 0);
	registry_free(r);
}

static void test_tables_are_known_by_their_topics(void **state)
{
	struct registry *r = registry_new(true);
	const char *table, *topic;
	const void *at = NULL;

	(void)state;
	registry_topic(NULL, "t", "T");
	registry_begins(r, "only_a_slot", 1);
	registry_topic(r, "orders", "Orders");
	registry_topic(r, "orders", "orders");
	registry_topic(r, "clicks", "clicks");
	assert_true(registry_next(r, &at, &table, &topic));
	assert_string_equal(table, "orders");
	assert_string_equal(topic, "Orders");
	assert_true(registry_next(r, &at, &table, &topic));
	assert_string_equal(topic, "clicks");
	assert_false(registry_next(r, &at, &table, &topic));
	registry_topic(r, "late", "late");
	assert_true(registry_next(r, &at, &table, &topic));
	assert_string_equal(table, "late");
	registry_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_are_known_by_their_topics),
		cmocka_unit_test(test_without_a_registry),
		cmocka_unit_test(test_wanted_once),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
