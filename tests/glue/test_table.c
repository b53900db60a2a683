/* SPDX-License-Identifier: Apache-2.0 */
/* A table that is there: taken or refused, grown, and never shrunk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "glue/table.h"

#define DEFAULT_KEY "{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}"

static struct settings some;
static struct table_definition def;

static void define(const char *columns, const char *serde)
{
	json_t *c = json_loads(columns, 0, NULL), *p = json_loads(serde, 0, NULL);

	assert_non_null(c);
	assert_non_null(p);
	definition_free(&def);
	definition_init(&def, &some, &some.topic, "orders", "2026-01-02");
	definition_columns(&def, c, p);
	json_decref(c);
	json_decref(p);
}

#define A_AND_B "[{\"Name\":\"a\",\"Type\":\"bigint\"},{\"Name\":\"b\",\"Type\":\"string\"}]"
#define PLAIN "{\"case.insensitive\":\"true\"}"

static int begin(void **state)
{
	(void)state;
	some = (struct settings){
		.s3_bucket = (char *)"lake-one",
		.glue_database = (char *)"lake",
		.topic = { .prefix = (char *)"raw", .format = (char *)"json", .key = (char *)DEFAULT_KEY },
	};
	define(A_AND_B, PLAIN);
	return 0;
}

static int end(void **state)
{
	(void)state;
	definition_free(&def);
	return 0;
}

/* As GetTable would say it. */
static json_t *in_glue(void)
{
	json_t *table = definition_input(&def);

	json_object_set_new(table, "DatabaseName", json_string("lake"));
	json_object_set_new(table, "CreateTime", json_real(1.5));
	json_object_set_new(table, "VersionId", json_string("7"));
	json_object_set_new(table, "IsRegisteredWithLakeFormation", json_false());
	json_object_set_new(table, "Description", json_string("of the sales people"));
	json_object_set_new(table, "Retention", json_integer(0));
	return table;
}

static json_t *storage(json_t *table)
{
	return json_object_get(table, "StorageDescriptor");
}

static json_t *serde(json_t *table)
{
	return json_object_get(json_object_get(storage(table), "SerdeInfo"), "Parameters");
}

static void expect_refused(json_t *table, const char *words)
{
	struct error e = { 0 };

	assert_int_equal(table_fits(table, &def, &e), -1);
	assert_int_equal(e.action, ERROR_GIVE_UP);
	if (strstr(e.text, words) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", e.text, words);
	json_decref(table);
}

static void test_a_table_of_another_place_or_format_is_refused(void **state)
{
	json_t *t = in_glue();
	struct error e;

	(void)state;
	assert_int_equal(table_fits(t, &def, &e), 0);
	json_object_set_new(storage(t), "Location", json_string("s3://lake-one/raw/orders"));
	assert_int_equal(table_fits(t, &def, &e), 0);
	json_object_set_new(storage(t), "Location", json_string("s3://lake-one/raw/order/"));
	expect_refused(t, "its location is \"s3://lake-one/raw/order/\"");
	t = in_glue();
	json_object_set_new(storage(t), "InputFormat", json_string("parquet"));
	expect_refused(t, "input format");
	t = in_glue();
	json_object_set_new(json_object_get(storage(t), "SerdeInfo"), "SerializationLibrary", json_string("Lazy"));
	expect_refused(t, "SerDe is \"Lazy\"");
	t = in_glue();
	json_array_remove(json_object_get(t, "PartitionKeys"), 1);
	expect_refused(t, "partition columns is \"dt\" where the settings have \"dt, hour\"");
	t = in_glue();
	json_array_insert_new(json_object_get(t, "PartitionKeys"), 0,
			      json_pack("{ss ss}", "Name", "hour", "Type", "string"));
	json_array_remove(json_object_get(t, "PartitionKeys"), 2);
	expect_refused(t, "\"hour, dt\"");
	t = json_pack("{ss ss}", "Name", "orders", "TableType", "VIRTUAL_VIEW");
	expect_refused(t, "location is \"\"");
}

static json_t *grown(const json_t *table, const char *words)
{
	struct buf said;
	json_t *input;

	buf_init(&said, 1 << 16);
	input = table_grown(table, &def, &said);
	assert_string_equal(buf_str(&said), words);
	buf_free(&said);
	return input;
}

static void test_what_is_as_it_should_be_is_left_alone(void **state)
{
	json_t *t = in_glue();

	(void)state;
	assert_null(grown(t, ""));
	json_decref(t);
}

static const char *column(json_t *input, size_t i, const char *what)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(storage(input), "Columns"), i), what));
}

static void test_columns_are_added_behind_and_widened_where_they_are(void **state)
{
	json_t *t = in_glue(), *input;

	(void)state;
	json_array_insert_new(json_object_get(storage(t), "Columns"), 0,
			      json_pack("{ss ss ss}", "Name", "theirs", "Type", "date", "Comment", "of others"));
	json_object_set_new(serde(t), "mapping.stale", json_string("x"));
	json_object_set_new(serde(t), "ignore.malformed.json", json_string("true"));
	define("[{\"Name\":\"b\",\"Type\":\"string\"},{\"Name\":\"c\",\"Type\":\"array<string>\"},"
	       "{\"Name\":\"a\",\"Type\":\"double\"}]",
	       "{\"case.insensitive\":\"true\",\"mapping.c\":\"c c\"}");
	input = grown(t, "column \"c\" array<string>, column \"a\" is double, was bigint, \"mapping.c\" is \"c c\", "
			 "no \"mapping.stale\"");
	assert_int_equal(json_array_size(json_object_get(storage(input), "Columns")), 4);
	assert_string_equal(column(input, 0, "Name"), "theirs");
	assert_string_equal(column(input, 0, "Comment"), "of others");
	assert_string_equal(column(input, 1, "Name"), "a");
	assert_string_equal(column(input, 1, "Type"), "double");
	assert_string_equal(column(input, 2, "Name"), "b");
	assert_string_equal(column(input, 3, "Name"), "c");
	assert_null(json_object_get(input, "CreateTime"));
	assert_null(json_object_get(input, "VersionId"));
	assert_null(json_object_get(input, "DatabaseName"));
	assert_null(json_object_get(input, "IsRegisteredWithLakeFormation"));
	assert_string_equal(json_string_value(json_object_get(input, "Description")), "of the sales people");
	assert_null(grown(input, ""));
	json_decref(input);
	json_decref(t);
}

static json_t *parameters(json_t *table)
{
	return json_object_get(table, "Parameters");
}

static void test_projection_begins_at_the_earliest_day_that_any_has_seen(void **state)
{
	json_t *t = in_glue(), *input;
	char dt[TABLE_DT_SIZE];

	(void)state;
	assert_true(table_first_dt(t, &def, dt));
	assert_string_equal(dt, "2026-01-02");
	json_object_set_new(parameters(t), "projection.dt.range", json_string(" 2025-12-31 , NOW+3DAYS"));
	assert_null(grown(t, ""));
	assert_true(table_first_dt(t, &def, dt));
	assert_string_equal(dt, "2025-12-31");
	json_object_set_new(parameters(t), "projection.dt.range", json_string("NOW-3YEARS,NOW"));
	assert_null(grown(t, ""));
	assert_false(table_first_dt(t, &def, dt));
	json_object_set_new(parameters(t), "projection.dt.range", json_string("2026-01-03,NOW"));
	json_object_set_new(parameters(t), "comment", json_string("mine"));
	input = grown(t, "\"projection.dt.range\" is \"2026-01-02,NOW+1DAY\"");
	assert_string_equal(json_string_value(json_object_get(parameters(input), "comment")), "mine");
	json_decref(input);
	json_decref(t);
}

static void test_the_settings_say_who_finds_the_partitions(void **state)
{
	json_t *projected = in_glue(), *input;

	(void)state;
	some.glue_partitions = GLUE_PARTITIONS_REGISTERED;
	define(A_AND_B, PLAIN);
	input = grown(projected, "\"projection.enabled\" is \"false\"");
	json_decref(projected);
	some.glue_partitions = GLUE_PARTITIONS_PROJECTION;
	define(A_AND_B, PLAIN);
	projected = grown(input, "\"projection.enabled\" is \"true\"");
	assert_non_null(projected);
	json_decref(projected);
	json_decref(input);
}

static void test_a_partition_has_the_columns_of_its_table(void **state)
{
	json_t *t = in_glue(), *values = json_pack("[ss]", "2026-01-02", "03"), *p, *again;
	const char *place = "s3://lake-one/raw/orders/dt=2026-01-02/hour=03/";
	char before[TABLE_HASH], after[TABLE_HASH];

	(void)state;
	table_hash(t, before);
	p = table_partition(t, values, place, NULL);
	assert_true(json_equal(json_object_get(p, "Values"), values));
	assert_true(json_equal(json_object_get(storage(p), "Columns"), json_object_get(storage(t), "Columns")));
	assert_string_equal(json_string_value(json_object_get(storage(p), "Location")), place);
	assert_string_equal(json_string_value(json_object_get(parameters(p), TABLE_COLUMNS_PARAMETER)), before);
	assert_string_equal(json_string_value(json_object_get(parameters(p), "classification")), "json");
	json_object_set_new(json_array_get(json_object_get(storage(t), "Columns"), 0), "Type", json_string("double"));
	json_object_set_new(parameters(p), "theirs", json_string("1"));
	table_hash(t, after);
	assert_string_not_equal(before, after);
	again = table_partition(t, values, place, parameters(p));
	assert_string_equal(json_string_value(json_object_get(parameters(again), TABLE_COLUMNS_PARAMETER)), after);
	assert_string_equal(json_string_value(json_object_get(parameters(again), "theirs")), "1");
	json_decref(again);
	json_decref(p);
	json_decref(values);
	json_decref(t);
}

static void test_the_hash_is_of_columns_and_mapping_alone(void **state)
{
	json_t *t = in_glue();
	char first[TABLE_HASH], now[TABLE_HASH];

	(void)state;
	table_hash(t, first);
	json_object_set_new(parameters(t), "x", json_string("y"));
	json_object_set_new(json_array_get(json_object_get(storage(t), "Columns"), 0), "Comment", json_string("c"));
	table_hash(t, now);
	assert_string_equal(now, first);
	json_object_set_new(serde(t), "mapping.a", json_string("A"));
	table_hash(t, now);
	assert_string_not_equal(now, first);
	json_decref(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_table_of_another_place_or_format_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_as_it_should_be_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(test_columns_are_added_behind_and_widened_where_they_are, begin, end),
		cmocka_unit_test_setup_teardown(test_projection_begins_at_the_earliest_day_that_any_has_seen, begin,
						end),
		cmocka_unit_test_setup_teardown(test_the_settings_say_who_finds_the_partitions, begin, end),
		cmocka_unit_test_setup_teardown(test_a_partition_has_the_columns_of_its_table, begin, end),
		cmocka_unit_test_setup_teardown(test_the_hash_is_of_columns_and_mapping_alone, begin, end),
	};

	return cmocka_run_group_tests_name("glue/table", tests, NULL, NULL);
}
