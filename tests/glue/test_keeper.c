/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of attempts: when they are made again, what is told, and what those hear who wait for partitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/backoff.h"
#include "glue/fake_glue.h"

#define PERSON_MS 5000
#define PASSING_MS 30000
#define TOLD_MS 60000

static void flop(struct fake_glue *g, struct kept_table *t, enum job job, enum error_action action, const char *text)
{
	struct error e;

	error_set(&e, action, 0, "%s", text);
	keeper_failed(&g->keeper, t, &t->attempts[job], "it", &e, g->now);
}

static void work(struct fake_glue *g, struct kept_table *t, enum job job)
{
	keeper_worked(&g->keeper, t, &t->attempts[job], "it");
}

static const char *trouble(struct fake_glue *g, const char *table)
{
	static char why[ERROR_TEXT_MAX];

	return registry_is_in_trouble(g->keeper.registry, table, why) ? why : "";
}

static struct kept_table *orders(struct fake_glue *g)
{
	return keeper_table(&g->keeper, "orders", "orders", g->now);
}

static void test_a_table_is_kept_once_with_all_that_is_due(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = orders(g);

	assert_ptr_equal(orders(g), t);
	assert_ptr_equal(keeper_find(&g->keeper, "orders"), t);
	assert_null(keeper_find(&g->keeper, "clicks"));
	assert_true(t->folders_due && t->mend_due && t->differs);
	g->settings.glue_partitions = GLUE_PARTITIONS_PROJECTION;
	t = keeper_table(&g->keeper, "clicks", "clicks", g->now);
	assert_true(t->folders_due && !t->mend_due);
	g->settings.catalog = CATALOG_CRAWLER;
	t = keeper_table(&g->keeper, "events", "events", g->now);
	assert_true(!t->folders_due && !t->mend_due);
	assert_int_equal(g->keeper.n_tables, 3);
}

static void test_what_passes_is_tried_again_with_jitter_up_to_a_limit(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = orders(g);
	int64_t longest = 0;

	for (int i = 0; i < 200; i++) {
		int64_t wait;

		flop(g, t, JOB_REGISTER, ERROR_RETRY, "503");
		wait = t->attempts[JOB_REGISTER].next_ms - g->now;
		assert_in_range(wait, 0, BACKOFF_CAP_MS);
		if (i == 0)
			assert_in_range(wait, 0, BACKOFF_BASE_MS);
		longest = wait > longest ? wait : longest;
		g->now += wait;
	}
	assert_true(longest > BACKOFF_CAP_MS / 2);
	assert_int_equal(t->attempts[JOB_TABLE].next_ms, 0); /* each job by itself */
}

static void test_what_a_person_must_mend_is_asked_at_leisure(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = orders(g);

	for (int i = 0; i < 20; i++) {
		flop(g, t, JOB_TABLE, ERROR_WAIT_PERSON, "denied");
		assert_in_range(t->attempts[JOB_TABLE].next_ms - g->now, PERSON_MS, BACKOFF_CAP_MS);
		assert_true(t->attempts[JOB_TABLE].lasting);
	}
}

static void test_a_failure_is_trouble_when_it_lasts(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = orders(g);
	const struct attempt *a = &t->attempts[JOB_REGISTER];

	flop(g, t, JOB_REGISTER, ERROR_RETRY, "503");
	g->now += PASSING_MS - 1;
	flop(g, t, JOB_REGISTER, ERROR_RETRY, "503");
	assert_string_equal(trouble(g, "orders"), "");
	assert_int_equal(a->told_ms, 0);
	g->now++;
	flop(g, t, JOB_REGISTER, ERROR_RETRY, "throttled");
	assert_string_equal(trouble(g, "orders"), "throttled");
	assert_int_equal(a->told_ms, g->now);
	work(g, t, JOB_REGISTER);
	assert_string_equal(trouble(g, "orders"), "");
	assert_int_equal(a->failures, 0);
	flop(g, t, JOB_REGISTER, ERROR_RETRY, "503"); /* a row of its own */
	assert_string_equal(trouble(g, "orders"), "");
}

static void test_it_is_told_once_a_minute(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = orders(g);
	const struct attempt *a = &t->attempts[JOB_TABLE];
	int64_t first = g->now;

	flop(g, t, JOB_TABLE, ERROR_GIVE_UP, "another's");
	assert_int_equal(a->told_ms, first);
	g->now += TOLD_MS - 1;
	flop(g, t, JOB_TABLE, ERROR_GIVE_UP, "another's");
	assert_int_equal(a->told_ms, first);
	g->now++;
	flop(g, t, JOB_TABLE, ERROR_GIVE_UP, "another's");
	assert_int_equal(a->told_ms, g->now);
}

/* A table cannot be had, and cannot get partitions: it is in trouble until both are over; nobody waits for the rest. */
static void test_trouble_is_of_the_table_and_its_registrations(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = orders(g);

	flop(g, t, JOB_MEND, ERROR_WAIT_PERSON, "no mending");
	flop(g, t, JOB_GROW, ERROR_WAIT_PERSON, "no growing");
	flop(g, t, JOB_FOLDERS, ERROR_WAIT_PERSON, "no lists");
	assert_string_equal(trouble(g, "orders"), "");
	flop(g, t, JOB_REGISTER, ERROR_WAIT_PERSON, "no partitions");
	assert_string_equal(trouble(g, "orders"), "no partitions");
	flop(g, t, JOB_TABLE, ERROR_WAIT_PERSON, "no table");
	assert_string_equal(trouble(g, "orders"), "no table");
	assert_string_equal(trouble(g, "clicks"), "");
	work(g, t, JOB_TABLE);
	assert_string_equal(trouble(g, "orders"), "no partitions");
	work(g, t, JOB_REGISTER);
	assert_string_equal(trouble(g, "orders"), "");
}

static void test_a_table_that_glue_refuses_is_defined_without_what_was_learnt(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t = orders(g);
	struct table_definition d;

	schema_learn_line(t->schema, "{\"a\":1,\"b\":2}", strlen("{\"a\":1,\"b\":2}"));
	keeper_define(&g->keeper, t, &d);
	assert_int_equal(d.n_columns, 2);
	definition_free(&d);
	t->bare = true;
	keeper_define(&g->keeper, t, &d);
	assert_int_equal(d.n_columns, 1);
	assert_string_equal(d.columns[0].name, "nothing_yet");
	definition_free(&d);
}

/* "2026-01-31" of projection.dt.range. */
static void range_begins(struct fake_glue *g, struct kept_table *t, char day[TABLE_DT_SIZE])
{
	struct table_definition d;
	const char *range = "";

	keeper_define(&g->keeper, t, &d);
	for (size_t i = 0; i < d.parameters.n; i++) {
		if (strcmp(d.parameters.items[i].name, "projection.dt.range") == 0)
			range = d.parameters.items[i].value;
	}
	snprintf(day, TABLE_DT_SIZE, "%s", range);
	definition_free(&d);
}

static void test_projection_never_begins_after_today(void **state)
{
	struct fake_glue *g = *state;
	struct kept_table *t;
	char day[TABLE_DT_SIZE], today[TABLE_DT_SIZE];

	g->settings.glue_partitions = GLUE_PARTITIONS_PROJECTION;
	t = orders(g);
	upkeep_first_dt(t, "2099-01-01");
	range_begins(g, t, today);
	assert_true(strcmp(today, "2026-01-01") > 0 && strcmp(today, "2099-01-01") < 0);
	upkeep_first_dt(t, "2021-03-04");
	upkeep_first_dt(t, "2022-01-01");
	range_begins(g, t, day);
	assert_string_equal(day, "2021-03-04");
}

int main(void)
{
#define IN_GLUE(f) cmocka_unit_test_setup_teardown(f, fake_begin, fake_end)
	const struct CMUnitTest tests[] = {
		IN_GLUE(test_a_table_is_kept_once_with_all_that_is_due),
		IN_GLUE(test_what_passes_is_tried_again_with_jitter_up_to_a_limit),
		IN_GLUE(test_what_a_person_must_mend_is_asked_at_leisure),
		IN_GLUE(test_a_failure_is_trouble_when_it_lasts),
		IN_GLUE(test_it_is_told_once_a_minute),
		IN_GLUE(test_trouble_is_of_the_table_and_its_registrations),
		IN_GLUE(test_a_table_that_glue_refuses_is_defined_without_what_was_learnt),
		IN_GLUE(test_projection_never_begins_after_today),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
