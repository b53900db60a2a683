/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the bucket and Glue does not know of: each folder that is a partition of ours is wanted, and no other;
 * for projection, the earliest day is found with a handful of questions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "glue/fake_glue.h"

#define FIRST INT64_C(1769817600000) /* 2026-01-31T00:00Z */
#define OBJECT "orders+0+00000000000000000000+0123456789abcdef.json"
#define KEY(dt, hour) "raw/orders/dt=" dt "/hour=" hour "/" OBJECT

static const char *const some[] = {
	"raw/orders/" OBJECT,
	"raw/orders/_temporary/hour=01/" OBJECT,
	KEY("2026-01-31", "00"),
	KEY("2026-01-31", "01"),
	KEY("2026-01-31", "24"),
	KEY("2026-01-31", "7"),
	KEY("2026-02-01", "23"),
	KEY("2026-31-01", "00"),
	KEY("__HIVE_DEFAULT_PARTITION__", "__HIVE_DEFAULT_PARTITION__"),
	"raw/orders/hour=03/dt=2026-01-31/" OBJECT,
	"raw/others/dt=2020-01-01/hour=00/" OBJECT,
	NULL,
};

static const int64_t ours[] = { SLOT_NONE, FIRST, FIRST + FAKE_HOUR, FIRST + FAKE_DAY + 23 * FAKE_HOUR };
#define OURS (sizeof(ours) / sizeof(ours[0]))

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void expect_wanted(struct fake_glue *g, const int64_t *slots, size_t n)
{
	int64_t found[64], sorted[64];
	const char *table;
	size_t got = registry_take(g->keeper.registry, false, &table, found, 64);

	assert_int_equal(got, n);
	memcpy(sorted, slots, n * sizeof(slots[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare);
	qsort(found, n, sizeof(found[0]), compare);
	assert_memory_equal(found, sorted, n * sizeof(slots[0]));
}

static int walk(struct fake_glue *g, struct kept_table *t)
{
	int n = 0;

	while (folders_step(&g->keeper, t, g->now)) {
		assert_true(++n < 1000);
		g->now += 40000;
	}
	return n;
}

static struct kept_table *missing(struct fake_glue *g)
{
	struct kept_table *t = keeper_table(&g->keeper, "orders", "orders", g->now);

	t->missing = true;
	return t;
}

static void test_folders_of_ours_are_wanted_and_no_others(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = missing(g);

	g->s3.keys = some;
	assert_int_equal(walk(g, t), 5); /* the table's, and four that may be days */
	assert_false(t->folders_due);
	expect_wanted(g, ours, OURS);
	assert_int_equal(walk(g, t), 0);
}

static void test_page_by_page(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = missing(g);

	g->s3.keys = some;
	g->s3.page = 1;
	assert_in_range(walk(g, t), 10, 20);
	expect_wanted(g, ours, OURS);
}

static void test_a_list_that_fails_goes_on_where_it_was(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = missing(g);
	const struct attempt *a = &t->attempts[JOB_FOLDERS];

	g->s3.keys = some;
	g->s3.page = 2;
	assert_true(folders_step(&g->keeper, t, g->now));
	g->s3.fails = 3;
	for (int i = 1; i <= 3; i++) {
		assert_true(folders_step(&g->keeper, t, g->now));
		assert_int_equal(a->failures, i);
		g->now = a->next_ms - 1;
		assert_false(folders_step(&g->keeper, t, g->now));
		g->now = a->next_ms;
	}
	walk(g, t);
	assert_int_equal(a->failures, 0);
	expect_wanted(g, ours, OURS);
}

static void test_what_glue_has_is_not_wanted(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = fake_table(g, "orders");

	g->s3.keys = some;
	assert_false(folders_step(&g->keeper, t, g->now)); /* what there is in Glue comes first */
	assert_int_equal(upkeep_read(&g->keeper, t, g->now), 0);
	assert_false(folders_step(&g->keeper, t, g->now));
	registry_has(g->keeper.registry, "orders", ours[1]);
	registry_has(g->keeper.registry, "orders", ours[3]);
	assert_true(partitions_register(&g->keeper, g->now));
	registry_forget(g->keeper.registry, "orders");
	while (t->mend_due)
		assert_true(partitions_mend(&g->keeper, t, g->now));
	assert_int_equal(t->seen.n, 2);
	assert_int_equal(walk(g, t), 5);
	expect_wanted(g, (const int64_t[]){ ours[0], ours[2] }, 2);
	assert_int_equal(t->seen.cap, 0);
}

static void test_nothing_lies_there(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = missing(g);

	assert_int_equal(walk(g, t), 1);
	assert_false(t->folders_due);
	expect_wanted(g, ours, 0);
}

/* Folders in which something lies again and again: what is remembered of a walk is gone with it. */
static void test_a_walk_that_is_given_up_leaves_nothing(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = missing(g);

	g->s3.keys = some;
	g->s3.page = 1;
	for (int i = 0; i < 3; i++)
		folders_step(&g->keeper, t, g->now);
	assert_true(t->folders.n > 0);
	folders_forget(t);
	assert_int_equal(t->folders.n, 0);
	assert_null(t->folders_page);
	g->s3.page = 1000;
	walk(g, t);
	expect_wanted(g, ours, OURS);
}

static void test_projection_begins_at_the_earliest_day(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = missing(g);

	g->settings.glue_partitions = GLUE_PARTITIONS_PROJECTION;
	g->s3.keys = some;
	assert_int_equal(walk(g, t), 1);
	assert_int_equal(g->s3.lists, 1);
	assert_string_equal(t->first_dt, "2026-01-31");
	expect_wanted(g, ours, 0);
}

static void test_projection_of_hours_before_days(void **state)
{
	static const char *const keys[] = {
		"raw/orders/hour=03/dt=2026-02-01/" OBJECT,
		"raw/orders/hour=23/dt=2026-01-31/" OBJECT,
		"raw/orders/hour=__HIVE_DEFAULT_PARTITION__/dt=__HIVE_DEFAULT_PARTITION__/" OBJECT,
		NULL,
	};
	struct fake_glue *g = *state;
	struct kept_table *t;

	g->settings.topic.key = (char *)"{prefix}/{table}/hour={hour}/dt={dt}/{topic}+{partition}+{start}+{id}.{ext}";
	g->settings.glue_partitions = GLUE_PARTITIONS_PROJECTION;
	g->s3.keys = keys;
	t = missing(g);
	assert_int_equal(walk(g, t), 24);
	assert_string_equal(t->first_dt, "2026-01-31");
}

static void test_projection_without_a_day(void **state)
{
	static const char *const keys[] = { KEY("__HIVE_DEFAULT_PARTITION__", "__HIVE_DEFAULT_PARTITION__"), NULL };
	struct fake_glue *g = *state;
	struct kept_table *t = missing(g);

	g->settings.glue_partitions = GLUE_PARTITIONS_PROJECTION;
	g->s3.keys = keys;
	walk(g, t);
	assert_string_equal(t->first_dt, "");
}

int main(void)
{
#define IN_GLUE(f) cmocka_unit_test_setup_teardown(f, fake_begin, fake_end)
	const struct CMUnitTest tests[] = {
		IN_GLUE(test_folders_of_ours_are_wanted_and_no_others),
		IN_GLUE(test_page_by_page),
		IN_GLUE(test_a_list_that_fails_goes_on_where_it_was),
		IN_GLUE(test_what_glue_has_is_not_wanted),
		IN_GLUE(test_nothing_lies_there),
		IN_GLUE(test_a_walk_that_is_given_up_leaves_nothing),
		IN_GLUE(test_projection_begins_at_the_earliest_day),
		IN_GLUE(test_projection_of_hours_before_days),
		IN_GLUE(test_projection_without_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
