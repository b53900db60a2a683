/* SPDX-License-Identifier: Apache-2.0 */
/* A table and its partitions, whoever else makes, drops and changes them meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "glue/fake_glue.h"

#define FIRST INT64_C(1769817600000) /* 2026-01-31T00:00Z */
#define LATER_MS 61000               /* longer than any back-off, and than a table is fresh */

static struct kept_table *ready(struct fake_glue *g, const char *name)
{
	struct kept_table *t = fake_table(g, name);

	assert_int_equal(upkeep_read(&g->keeper, t, g->now), 0);
	return t;
}

static bool in_trouble(struct fake_glue *g, const char *table)
{
	char why[ERROR_TEXT_MAX];

	return registry_is_in_trouble(g->keeper.registry, table, why);
}

static bool has(struct fake_glue *g, const char *table, int hour)
{
	return registry_has(g->keeper.registry, table, FIRST + hour * FAKE_HOUR);
}

/* Until nothing is left to do. */
static void keep(struct fake_glue *g, struct kept_table *t)
{
	struct keeper *k = &g->keeper;
	bool busy = true;

	for (int i = 0; i < 100 && busy; i++) {
		g->now += LATER_MS;
		busy = partitions_register(k, g->now);
		busy |= folders_step(k, t, g->now) || upkeep_step(k, t, g->now) || partitions_mend(k, t, g->now);
	}
	assert_false(busy);
}

/* Those who wait for its partitions are not read before that. */
static void test_a_table_that_could_not_be_read_is_read_again(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");

	keep(g, t);
	fake_refuse(g, "GetTable", "AccessDeniedException", ERROR_WAIT_PERSON, 1);
	assert_int_equal(upkeep_read(&g->keeper, t, g->now), -1);
	assert_true(in_trouble(g, "orders"));
	assert_false(upkeep_step(&g->keeper, t, t->attempts[JOB_TABLE].next_ms - 1));
	keep(g, t);
	assert_false(in_trouble(g, "orders"));
}

static void test_a_table_that_a_person_makes_instead_is_found(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = keeper_table(&g->keeper, "orders", "orders", g->now);
	struct table_definition d;

	fake_refuse(g, "CreateTable", "AccessDeniedException", ERROR_WAIT_PERSON, -1);
	has(g, "orders", 0);
	for (int i = 0; i < 10; i++) {
		g->now += LATER_MS;
		partitions_register(&g->keeper, g->now);
		upkeep_step(&g->keeper, t, g->now);
	}
	assert_true(in_trouble(g, "orders"));
	assert_true(t->attempts[JOB_TABLE].failures > 3);
	keeper_define(&g->keeper, t, &d);
	fake_make(&g->service, definition_input(&d));
	definition_free(&d);
	keep(g, t);
	assert_false(in_trouble(g, "orders"));
	assert_true(has(g, "orders", 0));
}

static void place(struct fake_glue *g, const char *name, const char *location)
{
	json_t *table = json_object_get(json_object_get(g->service.tables, name), "Table");

	json_object_set_new(json_object_get(table, "StorageDescriptor"), "Location", json_string(location));
}

/* It was dropped and made otherwise, and then as it should be: of that one's
 * partitions nothing is known. */
static void test_a_table_that_was_anothers_meanwhile_has_none_of_the_partitions(void **state)
{
	static const char *const keys[] = { "raw/orders/dt=2026-01-31/hour=00/a", "raw/orders/dt=2026-01-31/hour=07/b",
					    NULL };
	struct fake_glue *g = *state;
	struct kept_table *t = fake_table(g, "orders");

	g->s3.keys = keys;
	has(g, "orders", 0);
	keep(g, t);
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 2);
	json_object_clear(fake_partitions(g, "orders"));
	place(g, "orders", "s3://elsewhere/");
	assert_int_equal(upkeep_read(&g->keeper, t, g->now), -1);
	place(g, "orders", "s3://lake-one/raw/orders/");
	keep(g, t);
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 2);
	assert_true(has(g, "orders", 0));
}

/* A step comes when all other tables have had theirs: a minute can have gone by
 * each time. */
static void test_partitions_are_mended_however_many_tables_there_are(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = fake_table(g, "orders");

	for (int i = 0; i < 3; i++) {
		g->now += LATER_MS;
		upkeep_step(&g->keeper, t, g->now);
		partitions_mend(&g->keeper, t, g->now);
	}
	assert_false(t->mend_due);
}

/* It landed it, died before it was registered, and this one found no record of it any more. */
static void test_what_another_daemon_left_is_found_within_a_day(void **state)
{
	static const char *const before[] = { "raw/orders/dt=2026-01-31/hour=00/a", NULL };
	static const char *const after[] = { "raw/orders/dt=2026-01-31/hour=00/a", "raw/orders/dt=2026-01-31/hour=07/b",
					     NULL };
	struct fake_glue *g = *state;
	struct kept_table *t = fake_table(g, "orders");

	g->s3.keys = before;
	keep(g, t);
	g->s3.keys = after;
	keep(g, t);
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 1);
	g->now += FAKE_DAY;
	keep(g, t);
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 2);
}

/* What somebody has put elsewhere, in another format for one, is theirs. */
static void test_partitions_with_a_folder_of_their_own_are_left_alone(void **state)
{
	static const char *const keys[] = { "raw/orders/dt=2026-01-31/hour=00/a", NULL };
	struct fake_glue *g = *state;
	struct kept_table *t = fake_table(g, "orders");
	json_t *theirs = json_pack("{s[ss] s{ss ss} s{}}", "Values", "2026-01-31", "00", "StorageDescriptor",
				   "Location", "s3://lake-one/compact/00/", "InputFormat", "parquet", "Parameters"),
	       *before = json_deep_copy(theirs);

	g->s3.keys = keys;
	json_object_set_new(fake_partitions(g, "orders"), "2026-01-31/00", theirs);
	keep(g, t);
	assert_true(json_equal(json_object_get(fake_partitions(g, "orders"), "2026-01-31/00"), before));
	assert_int_equal(fake_calls(&g->service, "BatchUpdatePartition"), 0);
	assert_false(in_trouble(g, "orders"));
	json_decref(before);
}

static void test_a_partition_without_values_is_none(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = fake_table(g, "orders");

	json_object_set_new(fake_partitions(g, "orders"), "x", json_object());
	keep(g, t);
	assert_int_equal(fake_calls(&g->service, "BatchUpdatePartition"), 0);
	assert_false(t->mend_due);
}

int main(void)
{
#define IN_GLUE(f) cmocka_unit_test_setup_teardown(f, fake_begin, fake_end)
	const struct CMUnitTest tests[] = {
		IN_GLUE(test_a_table_that_could_not_be_read_is_read_again),
		IN_GLUE(test_a_table_that_a_person_makes_instead_is_found),
		IN_GLUE(test_a_table_that_was_anothers_meanwhile_has_none_of_the_partitions),
		IN_GLUE(test_what_another_daemon_left_is_found_within_a_day),
		IN_GLUE(test_partitions_are_mended_however_many_tables_there_are),
		IN_GLUE(test_partitions_with_a_folder_of_their_own_are_left_alone),
		IN_GLUE(test_a_partition_without_values_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
