/* SPDX-License-Identifier: Apache-2.0 */
/* A table as Glue and Athena are told of it: the same from both. Expectations are aws.md's own examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/dice.h"
#include "glue/definition.h"

#define DEFAULT_KEY "{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}"
#define HOUR INT64_C(3600000)
#define SLOT (INT64_C(1767312000000) + 3 * HOUR) /* 2026-01-02T03 */

static struct settings some;

static struct topic_settings *common(void)
{
	some = (struct settings){
		.s3_bucket = (char *)"lake-one",
		.glue_database = (char *)"lake",
		.topic = { .table = (char *)"",
			   .prefix = (char *)"raw",
			   .format = (char *)"json",
			   .compression = COMPRESSION_GZIP,
			   .key = (char *)DEFAULT_KEY,
			   .dead_letter_prefix = (char *)"dead-letter" },
	};
	return &some.topic;
}

static void add(json_t *columns, const char *name, const char *type)
{
	json_array_append_new(columns, json_pack("{ss ss}", "Name", name, "Type", type));
}

/* Takes both. */
static void give(struct table_definition *d, json_t *columns, json_t *serde)
{
	definition_columns(d, columns, serde);
	json_decref(columns);
	json_decref(serde);
}

static void orders(struct table_definition *d)
{
	json_t *columns = json_array();

	definition_init(d, &some, &some.topic, "orders", "2026-01-01");
	add(columns, "order_id", "string");
	add(columns, "amount", "double");
	add(columns, "created_at", "timestamp");
	add(columns, "customer", "struct<id:bigint,name:string>");
	add(columns, "tags", "array<string>");
	add(columns, "attrs", "map<string,string>");
	add(columns, "kafka_partition", "int");
	add(columns, "kafka_offset", "bigint");
	give(d, columns, json_pack("{ss}", "case.insensitive", "true"));
}

static void test_the_input_is_that_of_the_api(void **state)
{
	struct table_definition d;
	json_t *got, *wanted;
	json_error_t e;

	(void)state;
	common();
	some.glue_partitions = GLUE_PARTITIONS_REGISTERED;
	orders(&d);
	got = definition_input(&d);
	wanted = json_loads(
		"{\"Name\":\"orders\",\"TableType\":\"EXTERNAL_TABLE\","
		"\"Parameters\":{\"EXTERNAL\":\"TRUE\",\"classification\":\"json\",\"compressionType\":\"gzip\","
		"\"typeOfData\":\"file\"},"
		"\"PartitionKeys\":[{\"Name\":\"dt\",\"Type\":\"string\"},{\"Name\":\"hour\",\"Type\":\"string\"}],"
		"\"StorageDescriptor\":{\"Columns\":["
		"{\"Name\":\"order_id\",\"Type\":\"string\"},{\"Name\":\"amount\",\"Type\":\"double\"},"
		"{\"Name\":\"created_at\",\"Type\":\"timestamp\"},"
		"{\"Name\":\"customer\",\"Type\":\"struct<id:bigint,name:string>\"},"
		"{\"Name\":\"tags\",\"Type\":\"array<string>\"},{\"Name\":\"attrs\",\"Type\":\"map<string,string>\"},"
		"{\"Name\":\"kafka_partition\",\"Type\":\"int\"},{\"Name\":\"kafka_offset\",\"Type\":\"bigint\"}],"
		"\"Location\":\"s3://lake-one/raw/orders/\","
		"\"InputFormat\":\"org.apache.hadoop.mapred.TextInputFormat\","
		"\"OutputFormat\":\"org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat\","
		"\"Compressed\":true,\"NumberOfBuckets\":-1,\"StoredAsSubDirectories\":false,"
		"\"SerdeInfo\":{\"SerializationLibrary\":\"org.openx.data.jsonserde.JsonSerDe\",\"Parameters\":"
		"{\"case.insensitive\":\"true\",\"ignore.malformed.json\":\"false\"}}}}",
		0, &e);
	assert_non_null(wanted);
	assert_true(json_equal(got, wanted));
	json_decref(got);
	json_decref(wanted);
	definition_free(&d);
}

static void test_the_ddl_is_what_athena_reads(void **state)
{
	struct table_definition d;
	struct buf out;

	(void)state;
	common();
	orders(&d);
	buf_init(&out, 1 << 20);
	definition_ddl(&d, &out);
	assert_string_equal(
		buf_str(&out),
		"CREATE EXTERNAL TABLE IF NOT EXISTS `lake`.`orders` (\n"
		"  `order_id` string,\n  `amount` double,\n  `created_at` timestamp,\n"
		"  `customer` struct<`id`:bigint,`name`:string>,\n  `tags` array<string>,\n"
		"  `attrs` map<string,string>,\n  `kafka_partition` int,\n  `kafka_offset` bigint\n)\n"
		"PARTITIONED BY (\n  `dt` string,\n  `hour` string\n)\n"
		"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\n"
		"WITH SERDEPROPERTIES (\n  'ignore.malformed.json'='false',\n  'case.insensitive'='true'\n)\n"
		"STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'\n"
		"  OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n"
		"LOCATION 's3://lake-one/raw/orders/'\n"
		"TBLPROPERTIES (\n  'classification'='json',\n  'compressionType'='gzip',\n  'typeOfData'='file',\n"
		"  'projection.enabled'='true',\n"
		"  'projection.dt.type'='date',\n  'projection.dt.format'='yyyy-MM-dd',\n"
		"  'projection.dt.interval'='1',\n  'projection.dt.interval.unit'='DAYS',\n"
		"  'projection.dt.range'='2026-01-01,NOW+1DAY',\n"
		"  'projection.hour.type'='integer',\n  'projection.hour.range'='0,23',\n"
		"  'projection.hour.digits'='2',\n"
		"  'storage.location.template'='s3://lake-one/raw/orders/dt=${dt}/hour=${hour}/'\n);\n");
	buf_free(&out);
	definition_free(&d);
}

static void test_a_table_of_nothing_has_a_column_all_the_same(void **state)
{
	struct table_definition d;

	(void)state;
	definition_init(&d, &some, common(), "market", "2026-01-01");
	give(&d, json_array(), json_object());
	assert_int_equal(d.n_columns, 1);
	assert_string_equal(d.columns[0].name, "nothing_yet");
	definition_free(&d);
}

static void test_quotes_end_nothing(void **state)
{
	struct table_definition d;
	struct buf out;

	(void)state;
	common()->prefix = (char *)"it's";
	definition_init(&d, &some, &some.topic, "t", "2026-01-01");
	give(&d,
	     json_pack("[{ss ss ss}]", "Name", "a`b", "Type", "struct<date:array<struct<order:decimal(10,2)>>>",
		       "Comment", "the buyer's"),
	     json_pack("{ss}", "mapping.a`b", "a'b\\c\""));
	buf_init(&out, 1 << 20);
	definition_ddl(&d, &out);
	assert_non_null(strstr(buf_str(&out), "\n  `a``b` struct<`date`:array<struct<`order`:decimal(10,2)>>> "
					      "COMMENT 'the buyer\\'s'\n"));
	assert_non_null(strstr(buf_str(&out), "'mapping.a`b'='a\\'b\\\\c\"'"));
	assert_non_null(strstr(buf_str(&out), "LOCATION 's3://lake-one/it\\'s/t/'\n"));
	buf_free(&out);
	definition_free(&d);
}

/* Folders, values and slots of a template; slot SLOT. */
static void expect_place(const char *key, enum partition_by by, const char *root, const char *folder, const char *first,
			 const char *second)
{
	struct topic_settings *t = common();
	int64_t slot = slot_of(by, SLOT), back = -1;
	char out[KEY_MAX + 1];
	struct error e;
	json_t *values;

	t->key = (char *)key;
	t->partition_by = by;
	assert_int_equal(key_catalog_check(t, &e), 0);
	definition_folder(t, "orders", slot, false, out);
	assert_string_equal(out, root);
	definition_folder(t, "orders", slot, true, out);
	assert_string_equal(out, folder);
	values = definition_values(t, slot);
	assert_int_equal(json_array_size(values), (first != NULL) + (second != NULL));
	if (first != NULL)
		assert_string_equal(json_string_value(json_array_get(values, 0)), first);
	if (second != NULL)
		assert_string_equal(json_string_value(json_array_get(values, 1)), second);
	assert_true(definition_slot(t, values, &back));
	assert_int_equal(back, slot);
	json_decref(values);
	values = definition_values(t, SLOT_NONE);
	assert_true(definition_slot(t, values, &back));
	assert_int_equal(back, first != NULL ? SLOT_NONE : 0);
	json_decref(values);
}

static void test_folders_and_values_of_slots(void **state)
{
	(void)state;
	expect_place(DEFAULT_KEY, PARTITION_BY_HOUR, "raw/orders/", "raw/orders/dt=2026-01-02/hour=03/", "2026-01-02",
		     "03");
	expect_place(DEFAULT_KEY, PARTITION_BY_DAY, "raw/orders/", "raw/orders/dt=2026-01-02/", "2026-01-02", NULL);
	expect_place(DEFAULT_KEY, PARTITION_BY_NONE, "raw/orders/", "raw/orders/", NULL, NULL);
	expect_place("{prefix}/v1/{table}/h={hour}/day={dt}/{topic}+{partition}+{start}+{id}.{ext}", PARTITION_BY_HOUR,
		     "raw/v1/orders/", "raw/v1/orders/h=03/day=2026-01-02/", "03", "2026-01-02");
}

static void expect_no_slot(const struct topic_settings *t, const char *text)
{
	json_t *values = json_loads(text, 0, NULL);
	int64_t slot;

	assert_non_null(values);
	assert_false(definition_slot(t, values, &slot));
	json_decref(values);
}

static void test_values_of_others_are_no_slots(void **state)
{
	struct topic_settings *t = common();

	(void)state;
	expect_no_slot(t, "[]");
	expect_no_slot(t, "[\"2026-01-02\"]");
	expect_no_slot(t, "[\"2026-01-02\",\"24\"]");
	expect_no_slot(t, "[\"2026-01-02\",\"3\"]");
	expect_no_slot(t, "[\"2026-01-02\",\"003\"]");
	expect_no_slot(t, "[\"2026-13-02\",\"03\"]");
	expect_no_slot(t, "[\"20260102\",\"03\"]");
	expect_no_slot(t, "[\"2026/01/02\",\"03\"]");
	expect_no_slot(t, "[\"2026-01-02\",3]");
	expect_no_slot(t, "[\"2026-01-02\",\"" KEY_NULL_PARTITION "\"]");
	t->key = (char *)"{prefix}/{table}/hour={hour}/{topic}+{dt}+{partition}+{start}+{id}.{ext}";
	expect_no_slot(t, "[\"03\"]");
}

static void test_days_are_told_from_other_folders(void **state)
{
	static const char *const others[] = { "",           "20240101/h",  "2024_01_01", "2024/01/01", "2024-13-01",
					      "2024-02-30", "2024-01-01 ", "1234567890", "-024-01-01" };

	(void)state;
	assert_true(definition_is_day("2024-02-29/", 10));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(definition_is_day(others[i], strlen(others[i])));
}

/* What stands between quotes at *p, read as Hive does, and the place behind. */
static char *unquoted(const char **p)
{
	char quote = **p, *out = malloc(strlen(*p) + 1);
	size_t n = 0;

	assert_true(quote == '\'' || quote == '`');
	for ((*p)++;; (*p)++) {
		assert_true(**p != '\0');
		assert_true((unsigned char)**p >= ' ');
		if (quote == '\'' && **p == '\\' && (*p)[1] == 'u') {
			char hex[5] = { (*p)[2], (*p)[3], (*p)[4], (*p)[5], '\0' };
			unsigned long c = strtoul(hex, NULL, 16);

			if (c >= 0x80)
				out[n++] = (char)0xc2;
			out[n++] = (char)c;
			*p += 5;
			continue;
		}
		if (quote == '\'' && **p == '\\')
			(*p)++;
		else if (**p == quote && (quote == '\'' || (*p)[1] != quote))
			break;
		else if (**p == quote)
			(*p)++;
		out[n++] = **p;
	}
	(*p)++;
	out[n] = '\0';
	return out;
}

static void expect_word(const char **p, const char *word)
{
	assert_int_equal(strncmp(*p, word, strlen(word)), 0);
	*p += strlen(word);
}

/* Columns: "`name` type", up to a line feed or a comma before one. */
static void expect_columns(const char **p, const json_t *columns)
{
	size_t i;
	json_t *c;

	json_array_foreach(columns, i, c) {
		char type[1024];
		size_t n = 0;
		char *name;

		expect_word(p, i == 0 ? "\n  " : ",\n  ");
		name = unquoted(p);
		assert_string_equal(name, json_string_value(json_object_get(c, "Name")));
		free(name);
		expect_word(p, " ");
		for (; **p != '\n' && !(**p == ',' && (*p)[1] == '\n'); (*p)++)
			if (**p != '`')
				type[n++] = **p;
		type[n] = '\0';
		assert_string_equal(type, json_string_value(json_object_get(c, "Type")));
	}
	expect_word(p, "\n)\n");
}

/* All of them, and no others; extra: how many the API has beside. */
static void expect_pairs(const char **p, const json_t *pairs, size_t extra)
{
	size_t n = json_object_size(pairs) - extra;

	for (size_t i = 0; i < n; i++) {
		char *name, *value;

		expect_word(p, i == 0 ? "\n  " : ",\n  ");
		name = unquoted(p);
		expect_word(p, "=");
		value = unquoted(p);
		assert_string_equal(value, json_string_value(json_object_get(pairs, name)));
		free(name);
		free(value);
	}
	expect_word(p, "\n)");
}

static void expect_text(const char **p, const char *word, const json_t *value)
{
	char *s;

	expect_word(p, word);
	s = unquoted(p);
	assert_string_equal(s, json_string_value(value));
	free(s);
}

static void expect_same(const struct table_definition *d)
{
	json_t *input = definition_input(d), *storage = json_object_get(input, "StorageDescriptor"),
	       *serde = json_object_get(storage, "SerdeInfo");
	struct buf out;
	const char *p;
	char *name;

	buf_init(&out, 1 << 20);
	definition_ddl(d, &out);
	p = buf_str(&out);
	expect_word(&p, "CREATE EXTERNAL TABLE IF NOT EXISTS `lake`.");
	name = unquoted(&p);
	assert_string_equal(name, json_string_value(json_object_get(input, "Name")));
	free(name);
	expect_word(&p, " (");
	expect_columns(&p, json_object_get(storage, "Columns"));
	if (json_array_size(json_object_get(input, "PartitionKeys")) > 0) {
		expect_word(&p, "PARTITIONED BY (");
		expect_columns(&p, json_object_get(input, "PartitionKeys"));
	}
	expect_text(&p, "ROW FORMAT SERDE ", json_object_get(serde, "SerializationLibrary"));
	expect_word(&p, "\nWITH SERDEPROPERTIES (");
	expect_pairs(&p, json_object_get(serde, "Parameters"), 0);
	expect_text(&p, "\nSTORED AS INPUTFORMAT ", json_object_get(storage, "InputFormat"));
	expect_text(&p, "\n  OUTPUTFORMAT ", json_object_get(storage, "OutputFormat"));
	expect_text(&p, "\nLOCATION ", json_object_get(storage, "Location"));
	expect_word(&p, "\nTBLPROPERTIES (");
	expect_pairs(&p, json_object_get(input, "Parameters"), 1); /* EXTERNAL, which the first words say */
	assert_string_equal(p, ";\n");
	buf_free(&out);
	json_decref(input);
}

/* Keys of records and what others say of a column. */
static void test_nothing_in_the_ddl_steers_a_terminal(void **state)
{
	struct topic_settings *t = common();
	struct table_definition d;
	json_t *columns = json_pack("[{s:s, s:s, s:s}]", "Name", "a", "Type", "string", "Comment",
				    "x\x1b[2J\xc2\x9b\x7f\n\\u0041\xc2\xa0");
	json_t *serde = json_pack("{s:s}", "mapping.a", "\x07");
	struct buf out;

	(void)state;
	definition_init(&d, &some, t, "orders", "2026-01-02");
	definition_columns(&d, columns, serde);
	buf_init(&out, 1 << 20);
	definition_ddl(&d, &out);
	assert_non_null(strstr(buf_str(&out), " COMMENT 'x\\u001b[2J\\u009b\\u007f\\u000a\\\\u0041\xc2\xa0'\n"));
	assert_non_null(strstr(buf_str(&out), "'mapping.a'='\\u0007'"));
	buf_free(&out);
	definition_free(&d);
	json_decref(columns);
	json_decref(serde);
}

static void test_ddl_and_api_say_the_same_of_any_table(void **state)
{
	static const char *const types[] = { "string", "bigint", "decimal(38,4)",
					     "array<struct<date:string,n:array<map<string,bigint>>>>",
					     "struct<order:struct<a:double,b:timestamp>>" };
	static const char letters[] = "ab`'\\\"$,;:= \n\x1b\x7f.Z";
	struct dice d;

	(void)state;
	dice_init(&d, 6);
	for (int round = 0; round < 500; round++) {
		struct topic_settings *t = common();
		struct table_definition def;
		json_t *columns, *serde;

		t->partition_by = (enum partition_by)dice_below(&d, 3);
		t->compression = (enum compression)dice_below(&d, 3);
		some.glue_partitions = (enum glue_partitions)dice_below(&d, 2);
		definition_init(&def, &some, t, "orders", "1999-12-31");
		columns = json_array();
		serde = json_object();
		for (int64_t i = dice_below(&d, 12); i > 0; i--) {
			char name[8], key[8], text[40];

			for (size_t k = 0; k < sizeof(name); k++) {
				name[k] = (char)('a' + dice_below(&d, 26));
				key[k] = letters[dice_below(&d, sizeof(letters) - 1)];
			}
			key[dice_below(&d, sizeof(key))] = '\0';
			snprintf(text, sizeof(text), "mapping.%.8s_%lld", name, (long long)i);
			add(columns, text + strlen("mapping."), types[dice_below(&d, 5)]);
			json_object_set_new(serde, text, json_string(key));
		}
		give(&def, columns, serde);
		expect_same(&def);
		definition_free(&def);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_input_is_that_of_the_api),
		cmocka_unit_test(test_the_ddl_is_what_athena_reads),
		cmocka_unit_test(test_a_table_of_nothing_has_a_column_all_the_same),
		cmocka_unit_test(test_quotes_end_nothing),
		cmocka_unit_test(test_folders_and_values_of_slots),
		cmocka_unit_test(test_values_of_others_are_no_slots),
		cmocka_unit_test(test_days_are_told_from_other_folders),
		cmocka_unit_test(test_nothing_in_the_ddl_steers_a_terminal),
		cmocka_unit_test(test_ddl_and_api_say_the_same_of_any_table),
	};

	return cmocka_run_group_tests_name("glue/definition", tests, NULL, NULL);
}
