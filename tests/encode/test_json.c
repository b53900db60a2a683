/* SPDX-License-Identifier: Apache-2.0 */
/* Records to lines: objects, wrapped values, tombstones, metadata columns, sizes; and dead letters. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encode/encoder.h"
#include "support/fake_headers.h"

#define ALL_COLUMNS 0x3f

static const struct record_source source = { "stock_market", 3 };

static enum encoded encode(const struct topic_settings *t, const struct record *r, struct buf *out, const char **reason)
{
	return encoder_find("json")->encode(t, &source, r, out, reason);
}

static void expect_line(const struct topic_settings *t, const struct record *r, const char *line)
{
	const char *reason = NULL;
	struct buf out;

	buf_init(&out, 1 << 20);
	buf_adds(&out, "before\n");
	assert_int_equal(encode(t, r, &out, &reason), ENCODED);
	assert_true(out.len - 7 <= encoder_bound(t, &source, r));
	assert_memory_equal(out.data, "before\n", 7);
	assert_string_equal(buf_str(&out) + 7, line);
	buf_free(&out);
}

static void expect_dead(const struct topic_settings *t, const struct record *r, const char *why)
{
	const char *reason = NULL;
	struct buf out;

	buf_init(&out, 1 << 20);
	buf_adds(&out, "before\n");
	assert_int_equal(encode(t, r, &out, &reason), ENCODE_DEAD);
	assert_string_equal(reason, why);
	assert_string_equal(buf_str(&out), "before\n");
	buf_free(&out);
}

static void test_find(void **state)
{
	(void)state;
	assert_string_equal(encoder_find("json")->suffix, ".json");
	assert_null(encoder_find("xml"));
	assert_null(encoder_find(""));
}

static void test_values(void **state)
{
	struct topic_settings t = fake_settings();
	struct record r;

	(void)state;
	r = fake_record("{\"a\":1}", NULL);
	expect_line(&t, &r, "{\"a\":1}\n");
	r = fake_record(" { \"a\" : [ 1,\n 2 ] }\n", NULL);
	expect_line(&t, &r, "{\"a\":[1,2]}\n");
	r = fake_record("{}", NULL);
	expect_line(&t, &r, "{}\n");
	r = fake_record("[1, {\"a\": 2}]", NULL);
	expect_line(&t, &r, "{\"value\":[1,{\"a\":2}]}\n");
	r = fake_record("\"text\"", NULL);
	expect_line(&t, &r, "{\"value\":\"text\"}\n");
	r = fake_record(" 12.50 ", NULL);
	expect_line(&t, &r, "{\"value\":12.50}\n");
	r = fake_record("null", NULL);
	expect_line(&t, &r, "{\"value\":null}\n");
}

static void test_dead(void **state)
{
	struct topic_settings t = fake_settings();
	struct record r;

	(void)state;
	r = fake_record("", NULL);
	expect_dead(&t, &r, "empty");
	r = fake_record("  ", NULL);
	expect_dead(&t, &r, "empty");
	r = fake_record("{", NULL);
	expect_dead(&t, &r, "not a JSON document");
	r = fake_record("{\"a\":\"\xff\"}", NULL);
	expect_dead(&t, &r, "not UTF-8");
	r = fake_record("{\"kafka_topic\":1}", NULL);
	expect_line(&t, &r, "{\"kafka_topic\":1}\n");
	t.metadata = METADATA_TOPIC;
	expect_dead(&t, &r, "has a key that a metadata column wants");
}

static void test_tombstones(void **state)
{
	struct topic_settings t = fake_settings();
	struct record r = fake_record(NULL, "k");
	const char *reason = NULL;
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(encode(&t, &r, &out, &reason), ENCODE_SKIP);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	t.tombstones = TOMBSTONES_DEAD_LETTER;
	expect_dead(&t, &r, "a tombstone");
	t.tombstones = TOMBSTONES_WRITE;
	expect_line(&t, &r, "{\"value\":null}\n");
	t.metadata = METADATA_KEY;
	expect_line(&t, &r, "{\"value\":null,\"kafka_key\":\"k\"}\n");
}

static void test_metadata(void **state)
{
	const struct fake_header items[] = { { "trace", "abc", 3 }, { "b\"in", "\xff\x00", 2 }, { "none", NULL, 0 } };
	struct fake_headers headers = { items, 3 };
	struct topic_settings t = fake_settings();
	struct record r = fake_record("{\"a\":1}", "k\n\"1\"");

	(void)state;
	t.metadata = ALL_COLUMNS;
	r.message = &headers;
	expect_line(
		&t, &r,
		"{\"a\":1,\"kafka_topic\":\"stock_market\",\"kafka_partition\":3,\"kafka_offset\":4711,"
		"\"kafka_timestamp\":\"2026-11-22 15:04:05.678\",\"kafka_key\":\"k\\n\\\"1\\\"\","
		"\"kafka_headers\":[{\"key\":\"trace\",\"value\":\"abc\"},{\"key\":\"b\\\"in\",\"value\":\"base64:/wA=\"},"
		"{\"key\":\"none\",\"value\":null}]}\n");
	r = fake_record("{}", NULL);
	r.timestamp_ms = -1;
	r.offset = INT64_MAX;
	expect_line(&t, &r,
		    "{\"kafka_topic\":\"stock_market\",\"kafka_partition\":3,\"kafka_offset\":9223372036854775807,"
		    "\"kafka_timestamp\":null,\"kafka_key\":null,\"kafka_headers\":[]}\n");
	t.metadata = METADATA_OFFSET;
	expect_line(&t, &r, "{\"kafka_offset\":9223372036854775807}\n");
	r = fake_record("[]", NULL);
	expect_line(&t, &r, "{\"value\":[],\"kafka_offset\":4711}\n");
}

static void expect_key(const char *key, size_t len, const char *text)
{
	struct topic_settings t = fake_settings();
	struct record r = fake_record("{}", NULL);
	char line[256];

	t.metadata = METADATA_KEY;
	r.key = (const uint8_t *)key;
	r.key_len = (uint32_t)len;
	snprintf(line, sizeof(line), "{\"kafka_key\":%s}\n", text);
	expect_line(&t, &r, line);
}

/* Each key can be told back to its bytes, and the column is always a string. */
static void test_keys(void **state)
{
	(void)state;
	expect_key("", 0, "\"\"");
	expect_key("\xe2\x82\xac", 3, "\"\xe2\x82\xac\"");
	expect_key("\0\x1f\b\f\r\t\\", 7, "\"\\u0000\\u001f\\b\\f\\r\\t\\\\\"");
	expect_key("\xff", 1, "\"base64:/w==\"");
	expect_key("\xed\xa0\x80", 3, "\"base64:7aCA\"");
	expect_key("base64:AA", 9, "\"base64:YmFzZTY0OkFB\"");
	expect_key("base64", 6, "\"base64\"");
}

static void test_times(void **state)
{
	struct topic_settings t = fake_settings();
	struct record r = fake_record("{}", NULL);

	(void)state;
	t.metadata = METADATA_TIMESTAMP;
	r.timestamp_ms = 0;
	expect_line(&t, &r, "{\"kafka_timestamp\":\"1970-01-01 00:00:00.000\"}\n");
	r.timestamp_ms = INT64_C(9223372036854); /* 2262 */
	expect_line(&t, &r, "{\"kafka_timestamp\":\"2262-04-11 23:47:16.854\"}\n");
	r.timestamp_ms = INT64_C(253402300799999);
	expect_line(&t, &r, "{\"kafka_timestamp\":\"9999-12-31 23:59:59.999\"}\n");
	r.timestamp_ms++;
	expect_line(&t, &r, "{\"kafka_timestamp\":null}\n");
}

static void test_size(void **state)
{
	struct topic_settings t = fake_settings();
	struct record r = fake_record("{\"a\":12345}", "key");

	(void)state;
	t.max_record_bytes = r.value_len;
	expect_line(&t, &r, "{\"a\":12345}\n");
	t.max_record_bytes--;
	expect_dead(&t, &r, "larger than output.max_record");
	t.max_record_bytes = r.value_len;
	t.metadata = METADATA_KEY; /* the line that readers see counts, columns included */
	expect_dead(&t, &r, "larger than output.max_record");
	t.max_record_bytes = 100;
	expect_line(&t, &r, "{\"a\":12345,\"kafka_key\":\"key\"}\n");
}

/* A buffer without room for the bound is left alone; one with room for just that is enough. */
static void test_full(void **state)
{
	struct topic_settings t = fake_settings();
	struct record r = fake_record("[\"a\"]", "key");
	const char *reason;
	struct buf out;
	size_t bound;

	(void)state;
	t.metadata = ALL_COLUMNS;
	bound = encoder_bound(&t, &source, &r);
	for (size_t max = 0; max <= bound; max++) {
		enum encoded got;

		buf_init(&out, max);
		got = encode(&t, &r, &out, &reason);
		assert_true(got == ENCODED || (got == ENCODE_FULL && out.len == 0));
		assert_true(max < bound || got == ENCODED);
		buf_clear(&out);
		assert_true(dead_letter_encode(&t, &source, &r, "why", &out) || (max < bound && out.len == 0));
		buf_free(&out);
	}
}

static json_t *letter(const struct topic_settings *t, const struct record *r, const char *reason)
{
	struct buf out;
	json_t *j;

	buf_init(&out, 1 << 20);
	assert_true(dead_letter_encode(t, &source, r, reason, &out));
	assert_true(out.len <= encoder_bound(t, &source, r));
	assert_ptr_equal(memchr(out.data, '\n', out.len), out.data + out.len - 1);
	j = json_loadb((char *)out.data, out.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	assert_non_null(j);
	assert_int_equal(json_object_size(j), 8);
	buf_free(&out);
	return j;
}

static void test_dead_letter(void **state)
{
	const struct fake_header items[] = { { "h", "\xfe", 1 } };
	struct fake_headers headers = { items, 1 };
	struct topic_settings t = fake_settings();
	struct record r = fake_record("{\"a\":\xff", "k");
	json_t *j, *header;

	(void)state;
	r.message = &headers;
	j = letter(&t, &r, "not \"UTF-8\"");
	assert_string_equal(json_string_value(json_object_get(j, "topic")), "stock_market");
	assert_int_equal(json_integer_value(json_object_get(j, "partition")), 3);
	assert_int_equal(json_integer_value(json_object_get(j, "offset")), 4711);
	assert_string_equal(json_string_value(json_object_get(j, "timestamp")), "2026-11-22 15:04:05.678");
	assert_string_equal(json_string_value(json_object_get(j, "key")), "k");
	assert_string_equal(json_string_value(json_object_get(j, "value")), "eyJhIjr/");
	assert_string_equal(json_string_value(json_object_get(j, "reason")), "not \"UTF-8\"");
	header = json_array_get(json_object_get(j, "headers"), 0);
	assert_string_equal(json_string_value(json_object_get(header, "key")), "h");
	assert_string_equal(json_string_value(json_object_get(header, "value")), "base64:/g==");
	json_decref(j);
}

/* Without key, headers, timestamp and value; and an empty value, which is none of these. */
static void test_dead_letter_of_little(void **state)
{
	struct topic_settings t = fake_settings();
	struct record r = fake_record(NULL, NULL);
	json_t *j;

	(void)state;
	r.timestamp_ms = -1;
	j = letter(&t, &r, "a tombstone");
	assert_true(json_is_null(json_object_get(j, "timestamp")));
	assert_true(json_is_null(json_object_get(j, "key")));
	assert_true(json_is_null(json_object_get(j, "value")));
	assert_int_equal(json_array_size(json_object_get(j, "headers")), 0);
	json_decref(j);
	r = fake_record("", "");
	j = letter(&t, &r, "empty");
	assert_string_equal(json_string_value(json_object_get(j, "key")), "");
	assert_string_equal(json_string_value(json_object_get(j, "value")), "");
	json_decref(j);
}

static void test_dead_letter_by_reference(void **state)
{
	const struct fake_header items[] = { { "h", "0123456789", 10 } };
	struct fake_headers headers = { items, 1 };
	struct topic_settings t = fake_settings();
	struct record r = fake_record("{\"a\":12345}", "0123456789ab");
	json_t *j;

	(void)state;
	r.message = &headers;
	t.max_record_bytes = 11;
	j = letter(&t, &r, "larger than output.max_record");
	assert_string_equal(json_string_value(json_object_get(j, "value")), "eyJhIjoxMjM0NX0=");
	assert_true(json_is_null(json_object_get(j, "key")));
	assert_int_equal(json_array_size(json_object_get(j, "headers")), 0);
	json_decref(j);
	r.value_len = 10;
	t.max_record_bytes = 9;
	j = letter(&t, &r, "larger than output.max_record");
	assert_true(json_is_null(json_object_get(j, "value")));
	assert_int_equal(json_integer_value(json_object_get(j, "offset")), 4711);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_tombstones),
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_dead_letter),
		cmocka_unit_test(test_dead_letter_of_little),
		cmocka_unit_test(test_dead_letter_by_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
