/* SPDX-License-Identifier: Apache-2.0 */
/* Columns learnt from documents, from a table, from the settings, and what a catalog is told of them. */
#include "schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "schema/type.h"
#include "support/dice.h"

#define KEY "{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}"

static struct topic_settings plain(void)
{
	return (struct topic_settings){ .key = (char *)KEY };
}

static struct schema *new_plain(void)
{
	struct topic_settings t = plain();

	return schema_new(&t);
}

static void learn(struct schema *s, const char *line)
{
	schema_learn_line(s, line, strlen(line));
}

/* "a bigint; b string" */
static char *columns_of(const struct schema *s)
{
	json_t *columns = schema_columns(s), *column;
	struct buf b;
	char *text;
	size_t i;

	buf_init(&b, SIZE_MAX);
	json_array_foreach(columns, i, column)
		buf_addf(&b, "%s%s %s", i > 0 ? "; " : "", json_string_value(json_object_get(column, "Name")),
			 json_string_value(json_object_get(column, "Type")));
	text = mem_strdup(buf_str(&b));
	buf_free(&b);
	json_decref(columns);
	return text;
}

static void assert_columns(const struct schema *s, const char *wanted)
{
	char *text = columns_of(s);

	assert_string_equal(text, wanted);
	free(text);
}

static void assert_serde(const struct schema *s, const char *wanted)
{
	json_t *serde = schema_serde(s);
	char *text = json_dumps(serde, JSON_SORT_KEYS | JSON_COMPACT);

	assert_string_equal(text, wanted);
	free(text);
	json_decref(serde);
}

static void assert_news(struct schema *s, const char *part)
{
	char *news = schema_next_news(s);

	assert_non_null(news);
	if (strstr(news, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, news);
	free(news);
}

static void assert_no_news(struct schema *s)
{
	char *news = schema_next_news(s);

	if (news != NULL)
		fail_msg("%s", news);
}

static void merge(struct schema *s, const char *columns, const char *serde)
{
	json_t *c = json_loads(columns, 0, NULL), *p = json_loads(serde, 0, NULL);

	assert_non_null(c);
	schema_merge_table(s, c, p);
	json_decref(c);
	json_decref(p);
}

/* The sample that the README begins with. */
static void test_stock_rows(void **state)
{
	struct schema *s = new_plain();

	(void)state;
	learn(s, "{\"Index\":\"HSI\",\"Date\":\"1986-12-31\",\"Open\":2568,\"High\":2568.3,\"Low\":2568,"
		 "\"Close\":2568.3,\"Adj Close\":2568,\"Volume\":0,\"CloseUSD\":333.879}");
	assert_columns(s, "index string; date string; open bigint; high double; low bigint; close double; "
			  "adj_close bigint; volume bigint; closeusd double");
	learn(s, "{\"Index\":\"HSI\",\"Date\":\"1987-01-02\",\"Open\":2540.1,\"High\":2540,\"Low\":2540.1,"
		 "\"Close\":2540,\"Adj Close\":2540.1,\"Volume\":12,\"CloseUSD\":330}");
	assert_columns(s, "index string; date string; open double; high double; low double; close double; "
			  "adj_close double; volume bigint; closeusd double");
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.adj_close\":\"adj close\"}");
	assert_no_news(s);
	schema_free(s);
}

static void test_what_json_becomes(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"a\":true}", "a boolean" },
		{ "{\"a\":9223372036854775807}", "a bigint" },
		{ "{\"a\":9223372036854775808}", "a string" },
		{ "{\"a\":[1,-9223372036854775809],\"b\":1}", "a array<string>; b bigint" },
		{ "{\"a\":1e999,\"b\":\"9999999999999999999\\\"\"}", "a string; b string" },
		{ "{\"a\":1.0}", "a double" },
		{ "{\"a\":null,\"b\":1}", "b bigint" },
		{ "{\"a\":[],\"b\":{},\"c\":[{}],\"d\":[[]]}", "" },
		{ "{\"a\":[1,2.5]}", "a array<double>" },
		{ "{\"a\":[1,\"x\",null]}", "a array<string>" },
		{ "{\"a\":{\"b\":{\"c\":[true]}}}", "a struct<b:struct<c:array<boolean>>>" },
		{ "{\"a\":[{\"x\":1},{\"y\":null},{\"z\":\"\"}]}", "a array<struct<x:bigint,z:string>>" },
		{ "{\"a\":[[1],[2.5]]}", "a array<array<double>>" },
		{ "{\"a\":\"2026-01-02\"}", "a string" },
		{ "{}", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schema *s = new_plain();

		learn(s, cases[i][0]);
		assert_columns(s, cases[i][1]);
		assert_int_equal(schema_counts(s).unread, 0);
		schema_free(s);
	}
}

/* Behind what is there, as soon as something is known of it. */
static void test_columns_are_added_at_the_end(void **state)
{
	struct schema *s = new_plain();
	uint64_t changes;

	(void)state;
	learn(s, "{\"z\":null,\"b\":1,\"s\":{\"y\":null,\"x\":1}}");
	assert_columns(s, "b bigint; s struct<x:bigint>");
	learn(s, "{\"a\":\"\",\"b\":2}");
	learn(s, "{\"z\":false,\"s\":{\"w\":1}}");
	learn(s, "{\"s\":{\"y\":1}}");
	assert_columns(s, "b bigint; s struct<x:bigint,w:bigint,y:bigint>; a string; z boolean");
	changes = schema_changes(s);
	learn(s, "{\"z\":null,\"a\":\"b\",\"b\":1,\"s\":{\"x\":3},\"new\":null}");
	assert_true(schema_changes(s) == changes);
	learn(s, "{\"new\":[1]}");
	assert_true(schema_changes(s) > changes);
	schema_free(s);
}

static void test_names(void **state)
{
	struct schema *s = new_plain();
	char *line = mem_printf("{\"%0300d\":1}", 7);

	(void)state;
	learn(s, "{\"a b\":1,\"a-b\":1,\"a.b\":1,\"a_b\":1}");
	assert_columns(s, "a_b bigint; a_b_2 bigint; a_b_3 bigint; a_b_4 bigint");
	learn(s, "{\"Gr\xc3\x96\xc3\x9f"
		 "e\":1,\"\xe6\x97\xa5\":1,\"dt\":1,\"Hour\":1}");
	assert_columns(s, "a_b bigint; a_b_2 bigint; a_b_3 bigint; a_b_4 bigint; gr__e bigint; column bigint; "
			  "dt_2 bigint; hour_2 bigint");
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.a_b\":\"a b\",\"mapping.a_b_2\":\"a-b\","
			"\"mapping.a_b_3\":\"a.b\",\"mapping.a_b_4\":\"a_b\",\"mapping.column\":\"\xe6\x97\xa5\","
			"\"mapping.dt_2\":\"dt\",\"mapping.gr__e\":\"gr\xc3\xb6\xc3\x9f"
			"e\",\"mapping.hour_2\":\"hour\"}");
	learn(s, line);
	learn(s, "{\"\":1}");
	assert_int_equal(schema_counts(s).left_out, 1);
	assert_news(s, "\"\" has no column: it is empty");
	free(line);
	schema_free(s);
}

/* A mapping is for all of a table: a key has one name, and a name one key, wherever they stand. */
static void test_names_are_the_same_at_any_depth(void **state)
{
	struct schema *s = new_plain();

	(void)state;
	learn(s, "{\"a b\":1,\"s\":{\"a_b\":\"x\",\"a b\":true,\"dt\":1},\"t\":[{\"dt\":\"x\",\"firstName\":\"\"}]}");
	assert_columns(s, "a_b bigint; s struct<a_b_2:string,a_b:boolean,dt_2:bigint>; "
			  "t array<struct<dt_2:string,firstname:string>>");
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.a_b\":\"a b\",\"mapping.a_b_2\":\"a_b\","
			"\"mapping.dt_2\":\"dt\"}");
	schema_free(s);
}

static void test_case(void **state)
{
	struct schema *s = new_plain();

	(void)state;
	learn(s, "{\"userId\":1,\"Adj Close\":2}");
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.adj_close\":\"adj close\"}");
	assert_no_news(s);
	learn(s, "{\"USERID\":1.5}");
	learn(s, "{\"USERID\":2}");
	assert_int_equal(schema_counts(s).case_collisions, 2);
	assert_columns(s, "userid double; adj_close bigint");
	assert_news(s, "\"userId\" and \"USERID\" differ only in case");
	assert_no_news(s);
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.adj_close\":\"adj close\"}");
	schema_free(s);
}

/* The SerDe refuses such a line as long as it ignores case. */
static void test_two_cases_in_one_document(void **state)
{
	struct schema *s = new_plain();
	uint64_t changes;

	(void)state;
	learn(s, "{\"Id\":{\"iD\":1},\"x\":{\"URL\":\"\"}}");
	assert_news(s, "differ only in case");
	changes = schema_changes(s);
	learn(s, "{\"x\":{\"URL\":\"\",\"Url\":\"\"}}");
	assert_true(schema_changes(s) > changes);
	assert_columns(s, "id struct<id:bigint>; x struct<url:string>");
	assert_serde(s, "{\"case.insensitive\":\"false\",\"mapping.id\":\"Id\",\"mapping.url\":\"URL\"}");
	assert_news(s, "differ only in case");
	assert_news(s, "readers are told to tell case");
	assert_no_news(s);
	schema_free(s);
}

static void test_lines_that_teach_nothing(void **state)
{
	struct schema *s = new_plain();

	(void)state;
	learn(s, "[1]");
	learn(s, "{\"a\":");
	learn(s, "");
	learn(s, "{\"a\\u0000b\":1}");
	assert_int_equal(schema_counts(s).unread, 4);
	assert_int_equal(schema_counts(s).documents, 4);
	learn(s, "{\"a\":1,\"a\":2,\"b\":\"\\u0000\"}");
	assert_int_equal(schema_counts(s).duplicate_keys, 1);
	assert_int_equal(schema_counts(s).unread, 4);
	assert_columns(s, "a bigint; b string");
	schema_free(s);
}

static void test_columns_of_the_settings(void **state)
{
	struct column_setting columns[] = {
		{ (char *)"trade_date", (char *)"date", (char *)"Date" },
		{ (char *)"amount", (char *)"decimal(5,2)", (char *)"" },
		{ (char *)"s", (char *)"struct<a:int,b:array<timestamp>>", (char *)"" },
	};
	struct topic_settings t = plain();
	struct schema *s;

	(void)state;
	t.columns = (struct column_list){ columns, 3 };
	s = schema_new(&t);
	learn(s,
	      "{\"x\":1,\"Date\":\"2026-01-02\",\"amount\":999.99,\"s\":{\"a\":\"7\",\"b\":[\"2026-01-02 03:04:05\"]}}");
	learn(s, "{\"date\":null,\"Amount\":\"1.5\",\"s\":{\"A\":1,\"unknown\":true}}");
	assert_columns(s, "trade_date date; amount decimal(5,2); s struct<a:int,b:array<timestamp>>; x bigint");
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.trade_date\":\"date\"}");
	assert_int_equal(schema_counts(s).misfits, 0);
	learn(s, "{\"Date\":\"yesterday\",\"amount\":1000,\"s\":{\"a\":2147483648}}");
	learn(s, "{\"Date\":\"tomorrow\",\"s\":1}");
	assert_int_equal(schema_counts(s).misfits, 5);
	assert_news(s, "\"Date\" and \"date\" differ only in case");
	assert_news(s, "\"amount\" and \"Amount\" differ only in case");
	assert_news(s, "\"Date\" is no date: in the column \"trade_date\"");
	assert_news(s, "\"amount\" is no decimal(5,2)");
	assert_news(s, "\"s\" is no struct<a:int,b:array<timestamp>>");
	assert_no_news(s);
	schema_free(s);
}

/* As Athena's manual does it: both columns are there, and case counts. */
static void test_settings_that_tell_case(void **state)
{
	struct column_setting columns[] = {
		{ (char *)"url1", (char *)"string", (char *)"URL" },
		{ (char *)"url2", (char *)"string", (char *)"Url" },
	};
	struct topic_settings t = plain();
	struct schema *s;

	(void)state;
	t.columns = (struct column_list){ columns, 2 };
	s = schema_new(&t);
	learn(s, "{\"URL\":\"a\",\"Url\":\"b\"}");
	assert_columns(s, "url1 string; url2 string");
	assert_serde(s, "{\"case.insensitive\":\"false\",\"mapping.url1\":\"URL\",\"mapping.url2\":\"Url\"}");
	assert_int_equal(schema_counts(s).case_collisions, 0);
	assert_no_news(s);
	schema_free(s);
}

static void test_a_table_that_is_there(void **state)
{
	struct schema *s = new_plain();
	json_t *columns;

	(void)state;
	learn(s, "{\"b\":1,\"a-b\":1,\"a b\":\"\",\"d\":\"x\",\"pending\":null}");
	merge(s,
	      "[{\"Name\":\"a_b\",\"Type\":\"bigint\",\"Comment\":\"ours\"},{\"Name\":\"d\",\"Type\":\"date\"},"
	      "{\"Name\":\"u\",\"Type\":\"uniontype<int,string>\"},{\"Name\":\"n\",\"Type\":\"struct<firstName:int>\"}]",
	      "{\"mapping.a_b\":\"a b\",\"paths\":\"a,b\"}");
	assert_columns(s, "a_b string; d date; u uniontype<int,string>; n struct<firstName:int>; b bigint; "
			  "a_b_2 bigint");
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.a_b\":\"a b\",\"mapping.a_b_2\":\"a-b\"}");
	columns = schema_columns(s);
	assert_string_equal(json_string_value(json_object_get(json_array_get(columns, 0), "Comment")), "ours");
	assert_null(json_object_get(json_array_get(columns, 1), "Comment"));
	json_decref(columns);
	learn(s, "{\"d\":\"soon\",\"u\":[],\"n\":{\"firstName\":\"x\",\"last\":1},\"pending\":1}");
	assert_columns(s, "a_b string; d date; u uniontype<int,string>; n struct<firstName:int,last:bigint>; b bigint; "
			  "a_b_2 bigint; pending bigint");
	assert_int_equal(schema_counts(s).misfits, 2);
	schema_free(s);
}

/* What both sides added at the same time is all there, and what came first keeps its place. */
static void test_a_table_that_grew_meanwhile(void **state)
{
	struct schema *s = new_plain();
	uint64_t changes;

	(void)state;
	merge(s, "[{\"Name\":\"a\",\"Type\":\"bigint\"}]", "{}");
	learn(s, "{\"a\":1,\"c\":1}");
	merge(s, "[{\"Name\":\"a\",\"Type\":\"double\"},{\"Name\":\"b\",\"Type\":\"string\"}]", "{}");
	assert_columns(s, "a double; b string; c bigint");
	changes = schema_changes(s);
	merge(s,
	      "[{\"Name\":\"a\",\"Type\":\"double\"},{\"Name\":\"b\",\"Type\":\"string\"},"
	      "{\"Name\":\"c\",\"Type\":\"bigint\"}]",
	      "{\"case.insensitive\":\"true\"}");
	assert_true(schema_changes(s) == changes);
	schema_free(s);
}

static void test_a_table_that_tells_case(void **state)
{
	struct schema *s = new_plain();
	uint64_t changes;

	(void)state;
	merge(s, "[{\"Name\":\"id\",\"Type\":\"bigint\"},{\"Name\":\"name\",\"Type\":\"string\"}]",
	      "{\"case.insensitive\":\"FALSE\",\"mapping.id\":\"ID\"}");
	changes = schema_changes(s);
	learn(s, "{\"ID\":1}");
	assert_true(schema_changes(s) == changes);
	assert_serde(s, "{\"case.insensitive\":\"false\",\"mapping.id\":\"ID\"}");
	learn(s, "{\"Name\":\"x\"}");
	assert_true(schema_changes(s) > changes);
	assert_serde(s, "{\"case.insensitive\":\"false\",\"mapping.id\":\"ID\",\"mapping.name\":\"Name\"}");
	schema_free(s);
}

static void test_settings_above_the_table(void **state)
{
	struct column_setting columns[] = { { (char *)"d", (char *)"date", (char *)"When" } };
	struct topic_settings t = plain();
	struct schema *s;

	(void)state;
	t.columns = (struct column_list){ columns, 1 };
	s = schema_new(&t);
	merge(s, "[{\"Name\":\"a\",\"Type\":\"bigint\"},{\"Name\":\"d\",\"Type\":\"string\"}]",
	      "{\"mapping.d\":\"x\"}");
	assert_columns(s, "a bigint; d date");
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.d\":\"when\"}");
	schema_free(s);
}

/* The fields of what is said keep their keys, whatever the table has mapped. */
static void test_fields_of_the_settings(void **state)
{
	struct column_setting columns[] = { { (char *)"s", (char *)"struct<a_b:int>", (char *)"" } };
	struct topic_settings t = plain();
	struct schema *s;

	(void)state;
	t.columns = (struct column_list){ columns, 1 };
	s = schema_new(&t);
	merge(s, "[{\"Name\":\"a_b\",\"Type\":\"bigint\"}]", "{\"mapping.a_b\":\"a b\"}");
	learn(s, "{\"a b\":1,\"s\":{\"a_b\":1}}");
	assert_columns(s, "a_b bigint; s struct<a_b:int>; a_b_2 bigint");
	assert_serde(s, "{\"case.insensitive\":\"true\",\"mapping.a_b_2\":\"a b\"}");
	schema_free(s);
}

static void test_metadata_columns(void **state)
{
	struct topic_settings t = plain();
	struct schema *s;
	uint64_t changes;

	(void)state;
	t.metadata = METADATA_OFFSET | METADATA_TIMESTAMP | METADATA_HEADERS;
	s = schema_new(&t);
	learn(s, "{\"a\":1,\"kafka_topic\":\"x\",\"kafka_offset\":7,\"kafka_timestamp\":null,\"kafka_headers\":[]}");
	assert_columns(s, "a bigint; kafka_topic string");
	schema_add_metadata(s);
	changes = schema_changes(s);
	schema_add_metadata(s);
	assert_true(schema_changes(s) == changes);
	learn(s, "{\"b\":1,\"kafka_offset\":8}");
	assert_columns(s, "a bigint; kafka_topic string; kafka_offset bigint; kafka_timestamp timestamp; "
			  "kafka_headers array<struct<key:string,value:string>>; b bigint");
	merge(s, "[{\"Name\":\"kafka_offset\",\"Type\":\"string\"},{\"Name\":\"a\",\"Type\":\"bigint\"}]", "{}");
	assert_columns(s, "kafka_offset bigint; a bigint; kafka_topic string; b bigint; kafka_timestamp timestamp; "
			  "kafka_headers array<struct<key:string,value:string>>");
	assert_int_equal(schema_counts(s).misfits, 0);
	schema_free(s);
}

/* {"f0":1,"f1":1,…} from first on. */
static char *wide(int first, int n)
{
	struct buf b;
	char *text;

	buf_init(&b, SIZE_MAX);
	for (int i = 0; i < n; i++)
		buf_addf(&b, "%c\"field_of_some_length_%d\":1", i > 0 ? ',' : '{', first + i);
	buf_addc(&b, '}');
	text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

static void test_too_many_columns(void **state)
{
	struct schema *s = new_plain();
	char *all = wide(0, SCHEMA_FIELDS_MAX), *more = wide(SCHEMA_FIELDS_MAX - 1, 3);
	json_t *columns;

	(void)state;
	learn(s, all);
	assert_int_equal(schema_counts(s).left_out, 0);
	learn(s, more);
	columns = schema_columns(s);
	assert_int_equal(json_array_size(columns), SCHEMA_FIELDS_MAX);
	json_decref(columns);
	assert_int_equal(schema_counts(s).left_out, 2);
	assert_news(s, "too many already");
	assert_no_news(s);
	free(all);
	free(more);
	schema_free(s);
}

/* Half of it is the table's, half of it ours. */
static void test_a_table_and_ours_are_too_large(void **state)
{
	struct schema *s = new_plain(), *other = new_plain();
	char *left = wide(0, 2500), *right = wide(2500, 2500);
	char *line = mem_printf("{\"d\":%s}", left), *other_line = mem_printf("{\"d\":%s}", right);
	json_t *columns;

	(void)state;
	learn(s, line);
	learn(other, other_line);
	columns = schema_columns(other);
	schema_merge_table(s, columns, NULL);
	assert_columns(s, "d string");
	json_decref(columns);
	free(left);
	free(right);
	free(line);
	free(other_line);
	schema_free(s);
	schema_free(other);
}

/* An object that is used as a dictionary, and one that never ends. */
static void test_types_that_are_too_large(void **state)
{
	struct schema *s = new_plain();
	char *inner = wide(0, 5000), *line = mem_printf("{\"d\":%s,\"a\":1}", inner);
	struct buf deep;

	(void)state;
	learn(s, line);
	assert_columns(s, "d string; a bigint");
	assert_news(s, "\"d\" would have a type of more than 131072 bytes");
	buf_init(&deep, SIZE_MAX);
	buf_adds(&deep, "{\"deep\":");
	for (int i = 0; i < 40; i++)
		buf_adds(&deep, "[");
	buf_adds(&deep, "1");
	for (int i = 0; i < 40; i++)
		buf_adds(&deep, "]");
	buf_adds(&deep, "}");
	learn(s, buf_str(&deep));
	learn(s, buf_str(&deep));
	assert_news(s, "\"deep\" nests deeper than 32");
	assert_no_news(s);
	free(inner);
	inner = columns_of(s);
	assert_non_null(strstr(inner, "array<array<string>>"));
	free(inner);
	free(line);
	buf_free(&deep);
	schema_free(s);
}

static void add_value(struct dice *d, struct buf *b, int depth)
{
	static const char *const scalars[] = { "null", "true", "1", "2.5", "\"x\"", "99999999999999999999" };
	int64_t at = dice_below(d, depth > 2 ? 6 : 8);

	if (at < 6) {
		buf_adds(b, scalars[at]);
		return;
	}
	buf_addc(b, at == 6 ? '[' : '{');
	for (int64_t i = 0, n = dice_below(d, 4); i < n; i++) {
		buf_adds(b, i > 0 ? "," : "");
		if (at == 7)
			buf_addf(b, "\"%c\":", (char)('a' + 4 * i + dice_below(d, 4)));
		add_value(d, b, depth + 1);
	}
	buf_addc(b, at == 6 ? ']' : '}');
}

static char *random_line(struct dice *d)
{
	struct buf b;
	char *text;

	buf_init(&b, SIZE_MAX);
	for (int i = 0; i < 4; i++) {
		buf_addf(&b, "%s\"%c\":", i == 0 ? "{" : ",", (char)('a' + 4 * i + dice_below(d, 4)));
		add_value(d, &b, 0);
	}
	buf_addc(&b, '}');
	text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

static json_t *sorted(const struct type *t)
{
	json_t *out = json_object();
	struct buf b;

	if (t->kind != TYPE_STRUCT && t->kind != TYPE_ARRAY) {
		buf_init(&b, SIZE_MAX);
		type_print(t, &b);
		json_object_set_new(out, "is", json_string(buf_str(&b)));
		buf_free(&b);
	}
	for (size_t i = 0; i < t->n; i++)
		json_object_set_new(out, t->kind == TYPE_STRUCT ? t->fields[i].name : "[]", sorted(t->fields[i].type));
	return out;
}

/* Name to type, whatever the order. */
static json_t *types_of(const struct schema *s)
{
	json_t *columns = schema_columns(s), *column, *out = json_object();
	struct error e;
	size_t i;

	json_array_foreach(columns, i, column) {
		struct type *t = type_parse(json_string_value(json_object_get(column, "Type")), &e);

		json_object_set_new(out, json_string_value(json_object_get(column, "Name")), sorted(t));
		type_free(t);
	}
	json_decref(columns);
	return out;
}

/* Each column of before is at its place, and its type still holds what it held. */
static void assert_only_grew(json_t *before, json_t *after)
{
	json_t *column;
	struct error e;
	size_t i;

	assert_true(json_array_size(after) >= json_array_size(before));
	json_array_foreach(before, i, column) {
		json_t *now = json_array_get(after, i);
		struct type *was = type_parse(json_string_value(json_object_get(column, "Type")), &e),
			    *is = type_parse(json_string_value(json_object_get(now, "Type")), &e);

		assert_string_equal(json_string_value(json_object_get(column, "Name")),
				    json_string_value(json_object_get(now, "Name")));
		assert_false(type_widen(is, was));
		type_free(was);
		type_free(is);
	}
}

static void test_the_order_of_documents_makes_no_difference(void **state)
{
	struct dice d;

	(void)state;
	dice_init(&d, dice_seed(11));
	for (int round = 0; round < 300; round++) {
		struct schema *s = new_plain(), *other = new_plain();
		json_t *types, *others, *before = schema_columns(s);
		char *lines[12];

		for (size_t i = 0; i < 12; i++) {
			json_t *after;

			lines[i] = random_line(&d);
			learn(s, lines[i]);
			after = schema_columns(s);
			assert_only_grew(before, after);
			json_decref(before);
			before = after;
		}
		json_decref(before);
		for (size_t i = 0; i < 12; i++) {
			size_t k = i + (size_t)dice_below(&d, (int64_t)(12 - i));
			char *line = lines[k];

			lines[k] = lines[i];
			learn(other, line);
			free(line);
		}
		types = types_of(s);
		others = types_of(other);
		assert_true(json_equal(types, others));
		json_decref(types);
		json_decref(others);
		schema_free(s);
		schema_free(other);
	}
}

/* One takes over what the table has, and writes what it has beside. */
static void write_back(struct schema *s, json_t **columns, json_t **serde)
{
	json_t *before = *columns;

	schema_merge_table(s, *columns, *serde);
	json_decref(*serde);
	*columns = schema_columns(s);
	*serde = schema_serde(s);
	assert_only_grew(before, *columns);
	json_decref(before);
}

/* Is each column among those of the other, in a type that holds it? */
static void assert_within(const struct schema *s, const struct schema *other)
{
	json_t *columns = schema_columns(s), *others = schema_columns(other), *column, *candidate;
	struct error e;
	size_t i, k;

	json_array_foreach(columns, i, column) {
		bool found = false;

		json_array_foreach(others, k, candidate) {
			struct type *mine, *theirs;

			if (!json_equal(json_object_get(column, "Name"), json_object_get(candidate, "Name")))
				continue;
			found = true;
			mine = type_parse(json_string_value(json_object_get(column, "Type")), &e);
			theirs = type_parse(json_string_value(json_object_get(candidate, "Type")), &e);
			assert_false(type_widen(theirs, mine));
			type_free(mine);
			type_free(theirs);
		}
		assert_true(found);
	}
	json_decref(columns);
	json_decref(others);
}

/* Two who write to one table come to the same columns: all of either, and no more than one who saw all would have. */
static void test_two_learn_the_same_table(void **state)
{
	struct dice d;

	(void)state;
	dice_init(&d, dice_seed(12));
	for (int round = 0; round < 200; round++) {
		struct schema *s[] = { new_plain(), new_plain() }, *all = new_plain();
		json_t *columns = json_array(), *serde = json_object(), *types[2];

		for (int i = 0; i < 12; i++) {
			struct schema *one = s[dice_below(&d, 2)];
			char *line = random_line(&d);

			learn(one, line);
			learn(all, line);
			free(line);
			write_back(one, &columns, &serde);
		}
		for (int i = 0; i < 4; i++)
			write_back(s[i % 2], &columns, &serde);
		types[0] = types_of(s[0]);
		types[1] = types_of(s[1]);
		assert_true(json_equal(types[0], types[1]));
		assert_within(s[0], all);
		json_decref(types[0]);
		json_decref(types[1]);
		json_decref(columns);
		json_decref(serde);
		schema_free(s[0]);
		schema_free(s[1]);
		schema_free(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stock_rows),
		cmocka_unit_test(test_what_json_becomes),
		cmocka_unit_test(test_columns_are_added_at_the_end),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_are_the_same_at_any_depth),
		cmocka_unit_test(test_case),
		cmocka_unit_test(test_two_cases_in_one_document),
		cmocka_unit_test(test_lines_that_teach_nothing),
		cmocka_unit_test(test_columns_of_the_settings),
		cmocka_unit_test(test_settings_that_tell_case),
		cmocka_unit_test(test_a_table_that_is_there),
		cmocka_unit_test(test_a_table_that_grew_meanwhile),
		cmocka_unit_test(test_a_table_that_tells_case),
		cmocka_unit_test(test_settings_above_the_table),
		cmocka_unit_test(test_fields_of_the_settings),
		cmocka_unit_test(test_metadata_columns),
		cmocka_unit_test(test_too_many_columns),
		cmocka_unit_test(test_types_that_are_too_large),
		cmocka_unit_test(test_a_table_and_ours_are_too_large),
		cmocka_unit_test(test_the_order_of_documents_makes_no_difference),
		cmocka_unit_test(test_two_learn_the_same_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
