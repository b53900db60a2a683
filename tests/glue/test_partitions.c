/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions on their way into Glue: none counts as there before Glue says so of that one, and none that is wanted is
 * forgotten, whatever Glue answers. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "glue/fake_glue.h"

#define FIRST INT64_C(1769817600000) /* 2026-01-31T00:00Z */
#define LATER_MS 40000               /* longer than any back-off */

static int64_t hour(int i)
{
	return FIRST + i * FAKE_HOUR;
}

static void want(struct fake_glue *g, const char *table, int from, int to)
{
	for (int i = from; i < to; i++)
		registry_has(g->keeper.registry, table, hour(i));
}

/* How many are wanted, of all tables. */
static size_t wanted(struct fake_glue *g)
{
	enum { MANY = 20000 };
	struct registry *r = g->keeper.registry;
	int64_t *slots = mem_array(MANY, sizeof(*slots));
	const char *table;
	size_t n = 0;

	for (int troubled = 0; troubled < 2; troubled++) {
		size_t got = registry_take(r, troubled, &table, slots, MANY);

		for (size_t i = 0; i < got; i++)
			registry_again(r, table, slots[i]);
		n += got;
	}
	free(slots);
	return n;
}

static bool has(struct fake_glue *g, const char *table, int i)
{
	return registry_has(g->keeper.registry, table, hour(i));
}

/* One that Glue has, and that was read. */
static struct kept_table *ready(struct fake_glue *g, const char *name)
{
	struct kept_table *t = fake_table(g, name);

	assert_int_equal(upkeep_read(&g->keeper, t, g->now), 0);
	return t;
}

static bool step(struct fake_glue *g)
{
	return partitions_register(&g->keeper, g->now);
}

/* Until nothing is to be done, each time when the last back-off is over. */
static int steps(struct fake_glue *g)
{
	int n = 0;

	for (g->now += LATER_MS; step(g); g->now += LATER_MS)
		n++;
	return n;
}

static json_t *partition(struct fake_glue *g, const char *table, const char *key)
{
	json_t *p = json_object_get(fake_partitions(g, table), key);

	assert_non_null(p);
	return p;
}

static json_t *table_of(struct fake_glue *g, const char *name)
{
	return json_object_get(json_object_get(g->service.tables, name), "Table");
}

static const char *location(const json_t *p)
{
	return fake_text(json_object_get(p, "StorageDescriptor"), "Location");
}

static void test_a_hundred_a_call(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");
	char hash[TABLE_HASH];
	json_t *p;

	want(g, "orders", 0, 250);
	assert_true(step(g));
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 100);
	assert_int_equal(wanted(g), 150);
	assert_int_equal(steps(g), 2);
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 250);
	assert_int_equal(fake_calls(&g->service, "BatchCreatePartition"), 3);
	assert_int_equal(g->service.largest, 100);
	assert_int_equal(g->keeper.shown.partitions, 250);
	assert_true(has(g, "orders", 0) && has(g, "orders", 249));
	p = partition(g, "orders", "2026-02-01/03");
	assert_string_equal(location(p), "s3://lake-one/raw/orders/dt=2026-02-01/hour=03/");
	table_hash(t->there, hash);
	assert_string_equal(fake_text(json_object_get(p, "Parameters"), TABLE_COLUMNS_PARAMETER), hash);
	assert_true(json_equal(json_object_get(json_object_get(p, "StorageDescriptor"), "Columns"),
			       json_object_get(json_object_get(t->there, "StorageDescriptor"), "Columns")));
}

static void test_what_is_known_is_not_asked_for_again(void **state)
{
	struct fake_glue *g = *state;

	ready(g, "orders");
	want(g, "orders", 0, 3);
	assert_true(step(g));
	want(g, "orders", 0, 3);
	assert_false(step(g));
	assert_int_equal(fake_calls(&g->service, "BatchCreatePartition"), 1);
	registry_forget(g->keeper.registry, "orders");
	want(g, "orders", 0, 3);
	assert_true(step(g));
	assert_int_equal(fake_calls(&g->service, "BatchCreatePartition"), 2);
	assert_true(has(g, "orders", 2));
}

static void test_one_that_is_there_is_a_success_in_our_folder(void **state)
{
	struct fake_glue *g = *state;
	json_t *foreign;

	ready(g, "orders");
	want(g, "orders", 0, 3);
	step(g);
	foreign = json_object_get(partition(g, "orders", "2026-01-31/01"), "StorageDescriptor");
	json_object_set_new(foreign, "Location", json_string("s3://elsewhere/"));
	registry_forget(g->keeper.registry, "orders");
	want(g, "orders", 0, 5);
	assert_true(step(g));
	assert_int_equal(fake_calls(&g->service, "BatchGetPartition"), 1);
	assert_true(has(g, "orders", 0) && has(g, "orders", 2) && has(g, "orders", 3) && has(g, "orders", 4));
	assert_false(has(g, "orders", 1));
	assert_string_equal(location(partition(g, "orders", "2026-01-31/01")), "s3://elsewhere/");
}

static void test_what_nobody_can_mend_but_a_person_is_trouble_at_once(void **state)
{
	struct fake_glue *g = *state;
	char why[ERROR_TEXT_MAX];
	json_t *storage;

	ready(g, "orders");
	want(g, "orders", 0, 1);
	step(g);
	storage = json_object_get(partition(g, "orders", "2026-01-31/00"), "StorageDescriptor");
	json_object_set_new(storage, "Location", json_string("s3://elsewhere/"));
	registry_forget(g->keeper.registry, "orders");
	want(g, "orders", 0, 1);
	step(g);
	assert_true(registry_is_in_trouble(g->keeper.registry, "orders", why));
	assert_non_null(strstr(why, "s3://elsewhere/"));
	json_object_del(fake_partitions(g, "orders"), "2026-01-31/00"); /* as it says */
	assert_int_equal(steps(g), 1);
	assert_true(has(g, "orders", 0));
	assert_false(registry_is_in_trouble(g->keeper.registry, "orders", why));
}

static json_t *blamed; /* PartitionValues of an error; NULL: it names none */

static void add_error(const char *action, json_t *answer)
{
	json_t *error = json_pack("{s{ss ss}}", "ErrorDetail", "ErrorCode", "InternalServiceException", "ErrorMessage",
				  "it is late");

	if (strcmp(action, "BatchCreatePartition") != 0) {
		json_decref(error);
		return;
	}
	if (blamed != NULL)
		json_object_set(error, "PartitionValues", blamed);
	json_array_append_new(json_object_get(answer, "Errors"), error);
}

static void blame(struct fake_glue *g, json_t *values)
{
	blamed = values;
	g->service.edit = add_error;
}

static void forgive(struct fake_glue *g)
{
	json_decref(blamed);
	blamed = NULL;
	g->service.edit = NULL;
}

static void test_errors_inside_a_200_are_seen(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");

	blame(g, json_pack("[ss]", "2026-01-31", "01"));
	want(g, "orders", 0, 3);
	assert_true(step(g));
	assert_true(has(g, "orders", 0) && has(g, "orders", 2));
	assert_false(has(g, "orders", 1));
	assert_int_equal(t->attempts[JOB_REGISTER].failures, 1);
	assert_non_null(strstr(t->attempts[JOB_REGISTER].why, "it is late"));
	g->now = t->attempts[JOB_REGISTER].next_ms - 1;
	assert_false(step(g)); /* backs off */
	forgive(g);
	assert_int_equal(steps(g), 1);
	assert_true(has(g, "orders", 1));
	assert_null(t->attempts[JOB_REGISTER].why);
}

/* Of which partition it speaks cannot be told: each may be the one. */
static void test_an_answer_that_does_not_account_for_each_leaves_all_wanted(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");

	for (int named = 0; named < 2; named++) {
		blame(g, named ? json_pack("[ss]", "1999-01-01", "01") : NULL);
		want(g, "orders", 10 * named, 10 * named + 3);
		g->now += LATER_MS;
		assert_true(step(g));
		assert_int_equal(wanted(g), 3);
		assert_int_equal(t->attempts[JOB_REGISTER].failures, 1);
		forgive(g);
		assert_int_equal(steps(g), 1);
		assert_int_equal(wanted(g), 0);
	}
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 6);
}

static void leave_out(const char *action, json_t *answer)
{
	json_t *found = json_object_get(answer, "Partitions"), *row;

	if (strcmp(action, "BatchGetPartition") != 0)
		return;
	row = json_array_get(found, 0);
	json_array_append_new(json_object_get(answer, "UnprocessedKeys"),
			      json_pack("{sO}", "Values", json_object_get(row, "Values")));
	json_array_remove(found, 0);
}

static void test_keys_that_are_left_out_stay_wanted(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");

	want(g, "orders", 0, 3);
	step(g);
	registry_forget(g->keeper.registry, "orders");
	want(g, "orders", 0, 3);
	g->service.edit = leave_out;
	assert_true(step(g));
	assert_false(has(g, "orders", 0));
	assert_true(has(g, "orders", 1) && has(g, "orders", 2));
	assert_int_equal(t->attempts[JOB_REGISTER].failures, 1);
	g->service.edit = NULL;
	assert_int_equal(steps(g), 1);
	assert_true(has(g, "orders", 0));
}

static void test_throttling_backs_off_and_becomes_trouble_when_it_lasts(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");
	const struct attempt *a = &t->attempts[JOB_REGISTER];
	const int64_t began = g->now;
	char why[ERROR_TEXT_MAX];
	int calls = 0;

	fake_refuse(g, "BatchCreatePartition", "ThrottlingException", ERROR_RETRY, -1);
	want(g, "orders", 0, 150);
	while (g->now < began + 30000) {
		assert_true(step(g));
		assert_int_equal(fake_calls(&g->service, "BatchCreatePartition"), ++calls);
		assert_true(a->next_ms >= g->now && a->next_ms <= g->now + LATER_MS);
		assert_false(a->next_ms > g->now && step(g));
		assert_int_equal(wanted(g), 150);
		assert_int_equal(registry_is_in_trouble(g->keeper.registry, "orders", why), g->now >= began + 30000);
		g->now = a->next_ms + 1;
	}
	assert_true(calls < 40); /* far from one a turn */
	assert_true(step(g));
	assert_true(registry_is_in_trouble(g->keeper.registry, "orders", why));
	assert_non_null(strstr(why, "ThrottlingException"));
	g->service.times = 0;
	assert_int_equal(steps(g), 2);
	assert_false(registry_is_in_trouble(g->keeper.registry, "orders", why));
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 150);
}

static void test_an_answer_that_is_lost_registers_nothing_twice(void **state)
{
	struct fake_glue *g = *state;

	ready(g, "orders");
	fake_refuse(g, "BatchCreatePartition", "", ERROR_RETRY, 1);
	g->service.works = true;
	want(g, "orders", 0, 3);
	assert_true(step(g));
	assert_int_equal(wanted(g), 3);
	assert_int_equal(steps(g), 1);
	assert_int_equal(fake_calls(&g->service, "BatchGetPartition"), 1);
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 3);
	assert_true(has(g, "orders", 0) && has(g, "orders", 1) && has(g, "orders", 2));
}

static void test_a_table_that_is_gone_is_read_again_and_nothing_of_it_known(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");

	want(g, "orders", 0, 2);
	step(g);
	t->folders_due = t->mend_due = false;
	json_object_del(g->service.tables, "orders");
	want(g, "orders", 2, 3);
	assert_true(step(g));
	assert_null(t->there);
	assert_true(t->folders_due && t->mend_due);
	assert_false(has(g, "orders", 0));
	assert_false(step(g));
	g->now += LATER_MS;
	assert_true(upkeep_step(&g->keeper, t, g->now)); /* it is missing, */
	assert_true(upkeep_step(&g->keeper, t, g->now)); /* and made */
	assert_int_equal(steps(g), 1);
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 2);
}

/* Somebody has dropped it and made it anew, as it was: nothing is registered there. */
static void test_of_another_table_nothing_is_known(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");
	json_t *again = json_deep_copy(table_of(g, "orders"));

	want(g, "orders", 0, 2);
	step(g);
	t->folders_due = t->mend_due = false;
	fake_make(&g->service, again);
	want(g, "orders", 2, 3);
	g->now += 61000;
	assert_true(step(g));
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 1);
	assert_false(has(g, "orders", 0));
	assert_true(t->folders_due && t->mend_due);
}

/* A Glue that shows a table and knows nothing of it is not asked without an end. */
static void test_a_table_that_comes_and_goes_backs_off(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");

	fake_refuse(g, "BatchCreatePartition", "EntityNotFoundException", ERROR_GIVE_UP, -1);
	want(g, "orders", 0, 2);
	for (int i = 1; i < 5; i++) {
		assert_true(step(g));
		assert_int_equal(t->attempts[JOB_REGISTER].failures, i);
		assert_true(upkeep_step(&g->keeper, t, g->now));
		g->now = t->attempts[JOB_REGISTER].next_ms + 1;
	}
	assert_int_equal(wanted(g), 2);
}

static void many(struct fake_glue *g, int from, int to, bool there)
{
	for (int i = from; i < to; i++) {
		char *name = mem_printf("t%d", i);

		if (there)
			ready(g, name);
		else
			keeper_table(&g->keeper, name, name, g->now);
		want(g, name, 0, 2);
		free(name);
	}
}

static void test_many_tables_that_are_not_ready_hold_up_none(void **state)
{
	struct fake_glue *g = *state;

	many(g, 0, 50, false);
	assert_false(step(g));
	assert_int_equal(g->keeper.catalog.calls, 0);
	many(g, 50, 52, true);
	assert_true(step(g));
	assert_true(step(g));
	assert_true(has(g, "t50", 1) && has(g, "t51", 1));
	assert_false(step(g));
	assert_false(has(g, "t0", 0));
}

/* A table gets into trouble while it is looked at: the look at those that are not ready ends all the same. */
static void test_a_look_ends_when_a_table_gets_into_trouble(void **state)
{
	struct fake_glue *g = *state;
	char why[ERROR_TEXT_MAX];

	ready(g, "orders");
	want(g, "orders", 0, 1);
	many(g, 0, 2, false);
	g->now += 61000;
	json_object_set_new(json_object_get(table_of(g, "orders"), "StorageDescriptor"), "Location",
			    json_string("s3://elsewhere/"));
	alarm(60);
	assert_false(step(g));
	alarm(0);
	assert_true(registry_is_in_trouble(g->keeper.registry, "orders", why));
	assert_int_equal(wanted(g), 3);
}

static void test_a_look_ends_when_a_table_gets_out_of_trouble(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");
	char why[ERROR_TEXT_MAX];

	want(g, "orders", 0, 1);
	many(g, 0, 2, false);
	fake_refuse(g, "GetTable", "AccessDeniedException", ERROR_WAIT_PERSON, 1);
	assert_int_equal(upkeep_read(&g->keeper, t, g->now), -1);
	assert_true(registry_is_in_trouble(g->keeper.registry, "orders", why));
	registry_trouble(g->keeper.registry, "t0", "denied");
	registry_trouble(g->keeper.registry, "t1", "denied");
	json_object_del(g->service.tables, "orders");
	g->now += 61000;
	alarm(60);
	assert_false(step(g));
	alarm(0);
	assert_false(registry_is_in_trouble(g->keeper.registry, "orders", why));
	assert_true(t->missing);
}

/* What waits for a Glue that is away is what there is to register, however long, and however often it is asked for. */
static void test_memory_is_bounded_while_glue_is_away(void **state)
{
	struct fake_glue *g = *state;
	size_t before = 0;

	ready(g, "orders");
	fake_refuse(g, "*", "", ERROR_RETRY, -1);
	for (int i = 0; i < 5000; i++) {
		want(g, "orders", 0, 100);
		g->now += 1000;
		step(g);
		if (i == 100)
			before = mallinfo2().uordblks;
	}
	assert_in_range(mallinfo2().uordblks, 0, before + (1 << 18)); /* a slot a question would be 8 MB */
	assert_int_equal(wanted(g), 100);
	g->service.times = 0;
	assert_int_equal(steps(g), 1);
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), 100);
}

static void test_what_is_known_is_bounded_and_asked_of_glue_again(void **state)
{
	struct fake_glue *g = *state;
	enum { MANY = 8300 };

	ready(g, "orders");
	want(g, "orders", 0, MANY);
	assert_int_equal(steps(g), MANY / 100);
	want(g, "orders", MANY, MANY + 1);
	assert_false(has(g, "orders", 0));
	assert_int_equal(steps(g), 1);
	assert_int_equal(fake_calls(&g->service, "BatchGetPartition"), 1);
	assert_true(has(g, "orders", 0) && has(g, "orders", MANY));
	assert_int_equal(json_object_size(fake_partitions(g, "orders")), MANY + 1);
}

/* Without registration, a slot says what lies there, and is never waited for. */
static void test_without_registration_slots_tell_where_projection_begins(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = ready(g, "orders");

	g->settings.glue_partitions = GLUE_PARTITIONS_PROJECTION;
	t->differs = false;
	want(g, "orders", 24, 300);
	registry_has(g->keeper.registry, "unheard_of", hour(0));
	assert_false(step(g));
	assert_string_equal(t->first_dt, "2026-02-01");
	assert_true(t->differs && g->keeper.crawl.wanted);
	assert_int_equal(wanted(g), 0);
	assert_int_equal(fake_calls(&g->service, "BatchCreatePartition"), 0);
}

/* ---- mending */

static size_t stale(const struct fake_glue *g, const struct kept_table *t)
{
	char hash[TABLE_HASH];
	const char *key;
	json_t *p;
	size_t n = 0;

	table_hash(t->there, hash);
	json_object_foreach(fake_partitions(g, t->name), key, p) {
		n += strcmp(fake_text(json_object_get(p, "Parameters"), TABLE_COLUMNS_PARAMETER), hash) != 0;
	}
	return n;
}

static bool mend(struct fake_glue *g, struct kept_table *t)
{
	return partitions_mend(&g->keeper, t, g->now);
}

static void mend_all(struct fake_glue *g, struct kept_table *t)
{
	while (mend(g, t))
		g->now += LATER_MS;
}

/* 250 of them, in three pages, and a table that has another column than they have. */
static struct kept_table *grown(struct fake_glue *g)
{
	struct kept_table *t = ready(g, "orders");

	want(g, "orders", 0, 250);
	steps(g);
	mend_all(g, t);
	assert_int_equal(stale(g, t), 0);
	return t;
}

/* As another daemon, or this one, changes the table. */
static void add_column(struct fake_glue *g, const char *name)
{
	json_array_append_new(json_object_get(json_object_get(table_of(g, "orders"), "StorageDescriptor"), "Columns"),
			      json_pack("{ss ss}", "Name", name, "Type", "string"));
}

static void test_partitions_get_the_columns_of_their_table(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = grown(g);
	json_t *p = partition(g, "orders", "2026-01-31/05");

	json_object_set_new(json_object_get(p, "Parameters"), "owner", json_string("sales"));
	add_column(g, "b");
	assert_int_equal(upkeep_read(&g->keeper, t, g->now), 0);
	assert_int_equal(stale(g, t), 250);
	mend_all(g, t);
	assert_int_equal(stale(g, t), 0);
	assert_true(g->service.largest <= 100);
	p = partition(g, "orders", "2026-01-31/05");
	assert_string_equal(fake_text(json_object_get(p, "Parameters"), "owner"), "sales");
	assert_string_equal(location(p), "s3://lake-one/raw/orders/dt=2026-01-31/hour=05/");
	assert_false(mend(g, t));
}

static void test_columns_that_change_in_between_are_mended_from_the_first_page(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = grown(g);

	add_column(g, "b");
	assert_int_equal(upkeep_read(&g->keeper, t, g->now), 0);
	assert_true(mend(g, t));
	assert_int_equal(stale(g, t), 150);
	add_column(g, "c");
	assert_int_equal(upkeep_read(&g->keeper, t, g->now), 0);
	mend_all(g, t);
	assert_int_equal(stale(g, t), 0);
}

/* Another daemon has given the table a column, and this one registers what that one has. */
static void test_newer_columns_are_not_taken_back(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = grown(g), now = { .there = NULL };
	json_t *p;
	char *place = mem_strdup("s3://lake-one/raw/orders/dt=2026-01-31/hour=05/");

	add_column(g, "b");
	p = table_partition(table_of(g, "orders"), json_object_get(partition(g, "orders", "2026-01-31/05"), "Values"),
			    place, NULL);
	json_object_set_new(fake_partitions(g, "orders"), "2026-01-31/05", p);
	registry_forget(g->keeper.registry, "orders");
	want(g, "orders", 5, 6);
	g->now = t->read_ms + 1;
	assert_true(step(g));
	mend_all(g, t);
	now.there = table_of(g, "orders");
	now.name = t->name;
	assert_int_equal(stale(g, &now), 0);
	free(place);
}

static void test_a_page_that_fails_begins_anew(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = grown(g);

	add_column(g, "b");
	assert_int_equal(upkeep_read(&g->keeper, t, g->now), 0);
	assert_true(mend(g, t));
	fake_refuse(g, "BatchUpdatePartition", "ThrottlingException", ERROR_RETRY, 1);
	assert_true(mend(g, t));
	assert_null(t->mend_page);
	assert_true(t->mend_due);
	g->now = t->attempts[JOB_MEND].next_ms - 1;
	assert_false(mend(g, t));
	g->now += LATER_MS;
	mend_all(g, t);
	assert_int_equal(stale(g, t), 0);
}

int main(void)
{
#define IN_GLUE(f) cmocka_unit_test_setup_teardown(f, fake_begin, fake_end)
	const struct CMUnitTest tests[] = {
		IN_GLUE(test_a_hundred_a_call),
		IN_GLUE(test_what_is_known_is_not_asked_for_again),
		IN_GLUE(test_one_that_is_there_is_a_success_in_our_folder),
		IN_GLUE(test_what_nobody_can_mend_but_a_person_is_trouble_at_once),
		IN_GLUE(test_errors_inside_a_200_are_seen),
		IN_GLUE(test_an_answer_that_does_not_account_for_each_leaves_all_wanted),
		IN_GLUE(test_keys_that_are_left_out_stay_wanted),
		IN_GLUE(test_throttling_backs_off_and_becomes_trouble_when_it_lasts),
		IN_GLUE(test_an_answer_that_is_lost_registers_nothing_twice),
		IN_GLUE(test_a_table_that_is_gone_is_read_again_and_nothing_of_it_known),
		IN_GLUE(test_of_another_table_nothing_is_known),
		IN_GLUE(test_a_table_that_comes_and_goes_backs_off),
		IN_GLUE(test_many_tables_that_are_not_ready_hold_up_none),
		IN_GLUE(test_a_look_ends_when_a_table_gets_into_trouble),
		IN_GLUE(test_a_look_ends_when_a_table_gets_out_of_trouble),
		IN_GLUE(test_memory_is_bounded_while_glue_is_away),
		IN_GLUE(test_what_is_known_is_bounded_and_asked_of_glue_again),
		IN_GLUE(test_without_registration_slots_tell_where_projection_begins),
		IN_GLUE(test_partitions_get_the_columns_of_their_table),
		IN_GLUE(test_columns_that_change_in_between_are_mended_from_the_first_page),
		IN_GLUE(test_newer_columns_are_not_taken_back),
		IN_GLUE(test_a_page_that_fails_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
