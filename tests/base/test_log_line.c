/* SPDX-License-Identifier: Apache-2.0 */
/* A line as a person, a program and the journal get it, to the byte. */
#include "base/log_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define NOW_MS INT64_C(1795937922123) /* 2026-11-29T07:38:42.123Z */

static const struct log_field fields[] = {
	LOG_TEXT("TOPIC", "or\"ders\\"),
	LOG_NUMBER("PARTITION", 3),
	LOG_TEXT("S3_KEY", "a\nb\x1b[1m"),
	LOG_NUMBER("SECONDS", -7),
};
static const struct log_line line = { MESSAGE_RANGE_LANDED, LOG_LEVEL_INFO, "landed \"all\" \\x0a", fields, 4 };

static void assert_is(struct buf *b, const char *expected)
{
	assert_string_equal(buf_str(b), expected);
	buf_free(b);
}

static void test_text(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	log_line_text(&line, NOW_MS, &b);
	assert_is(&b, "2026-11-29T07:38:42.123Z info    landed \"all\" \\x0a\n");
	buf_init(&b, 50);
	log_line_text(&line, NOW_MS, &b);
	assert_int_equal(b.len, 50);
	assert_int_equal(b.data[49], '\n');
	buf_free(&b);
}

static void test_json(void **state)
{
	struct buf b;
	json_t *root;

	(void)state;
	buf_init(&b, 4096);
	log_line_json(&line, NOW_MS, &b);
	assert_int_equal(b.data[b.len - 1], '\n');
	assert_ptr_equal(memchr(b.data, '\n', b.len), b.data + b.len - 1);
	root = json_loadb((const char *)b.data, b.len, 0, NULL);
	assert_non_null(root);
	assert_int_equal(json_object_size(root), 8);
	assert_string_equal(json_string_value(json_object_get(root, "time")), "2026-11-29T07:38:42.123Z");
	assert_string_equal(json_string_value(json_object_get(root, "level")), "info");
	assert_string_equal(json_string_value(json_object_get(root, "event")), "range-landed");
	assert_string_equal(json_string_value(json_object_get(root, "message")), line.text);
	assert_string_equal(json_string_value(json_object_get(root, "topic")), fields[0].text);
	assert_int_equal(json_integer_value(json_object_get(root, "partition")), 3);
	assert_string_equal(json_string_value(json_object_get(root, "s3_key")), "a\\x0ab\\x1b[1m");
	assert_int_equal(json_integer_value(json_object_get(root, "seconds")), -7);
	json_decref(root);
	buf_free(&b);
}

/* Fields that do not fit are left out whole: it is a document all the same. */
static void test_json_that_does_not_fit(void **state)
{
	struct buf b;
	json_t *root;

	(void)state;
	for (size_t max = 80; max < 260; max++) {
		buf_init(&b, max);
		log_line_json(&line, NOW_MS, &b);
		root = json_loadb((const char *)b.data, b.len, 0, NULL);
		assert_non_null(root);
		assert_non_null(json_object_get(root, "level"));
		json_decref(root);
		buf_free(&b);
	}
}

static void test_journal(void **state)
{
	const struct log_line plain = { MESSAGE_NONE, LOG_LEVEL_ERROR, "plain", NULL, 0 };
	char expected[512];
	struct buf b;

	(void)state;
	snprintf(expected, sizeof(expected),
		 "PRIORITY=6\nSYSLOG_IDENTIFIER=kafka2s3\nMESSAGE_ID=%s\nEVENT=range-landed\n"
		 "MESSAGE=landed \"all\" \\x0a\nTOPIC=or\"ders\\\nPARTITION=3\nS3_KEY=a\\x0ab\\x1b[1m\nSECONDS=-7\n",
		 message_facts(MESSAGE_RANGE_LANDED)->journal_id);
	buf_init(&b, 65536);
	log_line_journal(&line, &b);
	assert_is(&b, expected);
	buf_init(&b, 65536);
	log_line_journal(&plain, &b);
	assert_is(&b, "PRIORITY=3\nSYSLOG_IDENTIFIER=kafka2s3\nMESSAGE=plain\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_that_does_not_fit),
		cmocka_unit_test(test_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
