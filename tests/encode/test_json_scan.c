/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON scanner: each verdict, what comes out, depth, truncation, reserved keys, and that no byte outside the input
 * is read and none outside the output written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "encode/json_scan.h"
#include "json_corpus.h"
#include "settings/settings.h"
#include "support/json_oracle.h"

#define ALL_COLUMNS 0x3f

static void test_corpus(void **state)
{
	uint8_t out[1024];

	(void)state;
	for (size_t i = 0; i < N_JSON_CORPUS; i++) {
		const struct json_case *c = &json_corpus[i];
		const char *want = c->out != NULL ? c->out : c->in, *wrong;
		bool accepted = c->verdict == SCAN_OBJECT || c->verdict == SCAN_OTHER;
		size_t len = !accepted ? 0 : c->out != NULL ? strlen(c->out) : c->len;
		struct json_scanned got = json_scan((const uint8_t *)c->in, c->len, 0, out);

		if (got.verdict != c->verdict || got.len != len || memcmp(out, want, len) != 0)
			fail_msg("%s: %s, \"%.*s\"", c->in, json_verdict_text(got.verdict), (int)got.len, (char *)out);
		wrong = json_oracle((const uint8_t *)c->in, c->len);
		if (wrong != NULL)
			fail_msg("%s: %s", c->in, wrong);
	}
}

/* A valid document cut anywhere is none, unless what is left is one by chance (numbers at the top). */
static void test_truncated(void **state)
{
	uint8_t out[1024];

	(void)state;
	for (size_t i = 0; i < N_JSON_CORPUS; i++) {
		const struct json_case *c = &json_corpus[i];
		size_t end = c->len;

		if (c->verdict != SCAN_OBJECT)
			continue;
		while (c->in[end - 1] != '}')
			end--;
		for (size_t len = 0; len < end; len++) {
			struct json_scanned got = json_scan((const uint8_t *)c->in, len, 0, out);

			assert_true(got.verdict == SCAN_SYNTAX || got.verdict == SCAN_EMPTY ||
				    got.verdict == SCAN_UTF8);
			assert_int_equal(got.len, 0);
		}
	}
}

static void nest(char *text, size_t depth, char open, char close)
{
	memset(text, open, depth);
	memset(text + depth, close, depth);
}

static void test_depth(void **state)
{
	const size_t depths[] = { 1, 63, 64, 65, 100, SCAN_MAX_DEPTH };
	uint8_t out[2 * SCAN_MAX_DEPTH + 2];
	char text[sizeof(out)];

	(void)state;
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		struct json_scanned got;

		nest(text, depths[i], '[', ']');
		got = json_scan((uint8_t *)text, 2 * depths[i], 0, out);
		assert_int_equal(got.verdict, SCAN_OTHER);
		assert_int_equal(got.len, 2 * depths[i]);
		text[2 * depths[i] - 1] = '}';
		assert_int_equal(json_scan((uint8_t *)text, 2 * depths[i], 0, out).verdict, SCAN_SYNTAX);
	}
	nest(text, SCAN_MAX_DEPTH + 1, '[', ']');
	assert_int_equal(json_scan((uint8_t *)text, 2 * SCAN_MAX_DEPTH + 2, 0, out).verdict, SCAN_DEPTH);
	assert_int_equal(json_scan((uint8_t *)text, SCAN_MAX_DEPTH + 1, 0, out).verdict, SCAN_DEPTH);
	assert_int_equal(json_scan((uint8_t *)text, SCAN_MAX_DEPTH, 0, out).verdict, SCAN_SYNTAX);
}

/* Objects and arrays in turn, so that each level must remember what it is. */
static void test_mixed_depth(void **state)
{
	enum { LEVELS = SCAN_MAX_DEPTH / 2 };
	static char text[LEVELS * 8 + 1];
	static uint8_t out[sizeof(text)];
	size_t n = 0;
	struct json_scanned got;

	(void)state;
	for (int i = 0; i < LEVELS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "{\"k\":[");
	for (int i = 0; i < LEVELS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "]}");
	got = json_scan((uint8_t *)text, n, 0, out);
	assert_int_equal(got.verdict, SCAN_OBJECT);
	assert_int_equal(got.len, n);
	assert_memory_equal(out, text, n);
	for (size_t i = 0; i < LEVELS; i++) {
		text[n - 1 - i] ^= ']' ^ '}';
		assert_int_equal(json_scan((uint8_t *)text, n, 0, out).verdict, SCAN_SYNTAX);
		text[n - 1 - i] ^= ']' ^ '}';
	}
}

static enum scan_verdict reserved(const char *text, unsigned columns)
{
	uint8_t out[512];

	return json_scan((const uint8_t *)text, strlen(text), columns, out).verdict;
}

static void test_reserved(void **state)
{
	(void)state;
	assert_int_equal(reserved("{\"kafka_topic\":1}", METADATA_TOPIC), SCAN_RESERVED);
	assert_int_equal(reserved("{\"kafka_topic\":1}", 0), SCAN_OBJECT);
	assert_int_equal(reserved("{\"kafka_topic\":1}", ALL_COLUMNS & ~METADATA_TOPIC), SCAN_OBJECT);
	assert_int_equal(reserved("{\"kafka_partition\":1}", METADATA_PARTITION), SCAN_RESERVED);
	assert_int_equal(reserved("{\"kafka_offset\":1}", METADATA_OFFSET), SCAN_RESERVED);
	assert_int_equal(reserved("{\"kafka_timestamp\":1}", METADATA_TIMESTAMP), SCAN_RESERVED);
	assert_int_equal(reserved("{\"kafka_key\":1}", METADATA_KEY), SCAN_RESERVED);
	assert_int_equal(reserved("{\"kafka_headers\":1}", METADATA_HEADERS), SCAN_RESERVED);
	assert_int_equal(reserved("{\"KAFKA_Key\":1}", ALL_COLUMNS), SCAN_RESERVED);
	assert_int_equal(reserved("{\"\\u006bafka\\u005Fke\\u0079\":1}", ALL_COLUMNS), SCAN_RESERVED);
	assert_int_equal(reserved("{\"\\u212aafka_\xe2\x84\xaa"
				  "ey\":1}",
				  ALL_COLUMNS),
			 SCAN_RESERVED); /* Kelvin */
	assert_int_equal(reserved("{\"a\":1,\"kafka_key\":1}", ALL_COLUMNS), SCAN_RESERVED);
	assert_int_equal(reserved("{\"a\":{\"b\":2},\"kafka_key\":1}", ALL_COLUMNS), SCAN_RESERVED);
	assert_int_equal(reserved("{\"a\":{\"kafka_key\":2}}", ALL_COLUMNS), SCAN_OBJECT);
	assert_int_equal(reserved("[{\"kafka_key\":2}]", ALL_COLUMNS), SCAN_OTHER);
	assert_int_equal(reserved("{\"a\":\"kafka_key\"}", ALL_COLUMNS), SCAN_OBJECT);
	assert_int_equal(reserved("{\"kafka_keys\":1,\"kafka_ke\":2,\"\":3,\"kafka\\/key\":4}", ALL_COLUMNS),
			 SCAN_OBJECT);
	assert_int_equal(reserved("{\"kafka_timestamps\":1,\"kafka_timestamp_\xc3\xa4\":2}", ALL_COLUMNS), SCAN_OBJECT);
	assert_int_equal(reserved("{\"k\":1,\"K\":2,\"kafka_timestam\\u0000\":3}", ALL_COLUMNS), SCAN_OBJECT);
	/* In the second block of the quick way, and at its edge. */
	for (int pad = 0; pad < 130; pad++) {
		char text[256];

		snprintf(text, sizeof(text), "{\"a\":\"%*s\",\"Kafka_key\":1}", pad, "");
		assert_int_equal(reserved(text, ALL_COLUMNS), SCAN_RESERVED);
		assert_int_equal(reserved(text, METADATA_TOPIC), SCAN_OBJECT);
	}
}

static void test_empty_object(void **state)
{
	uint8_t out[16];

	(void)state;
	assert_true(json_scan((const uint8_t *)"{}", 2, 0, out).empty_object);
	assert_true(json_scan((const uint8_t *)" { } ", 5, 0, out).empty_object);
	assert_true(json_scan((const uint8_t *)"{}", 2, ALL_COLUMNS, out).empty_object);
	assert_false(json_scan((const uint8_t *)"[]", 2, 0, out).empty_object);
	assert_false(json_scan((const uint8_t *)"{\"a\":1}", 7, 0, out).empty_object);
}

/* A page that ends at one that cannot be touched. */
static uint8_t *page_before_guard(size_t *size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + page, page, PROT_READ | PROT_WRITE), 0);
	*size = page;
	return p + page;
}

static void scan_at_edges(uint8_t *in, uint8_t *out, size_t page, const char *text, size_t len)
{
	struct json_scanned at_end, at_begin;

	memcpy(in + page - len, text, len);
	at_end = json_scan(in + page - len, len, 0, out + page - len);
	memcpy(in, text, len);
	at_begin = json_scan(in, len, ALL_COLUMNS, out);
	assert_int_equal(at_begin.verdict, at_end.verdict);
	assert_int_equal(at_begin.len, at_end.len);
	assert_memory_equal(out, out + page - len, at_end.len);
}

static void test_guard_pages(void **state)
{
	size_t page;
	uint8_t *in = page_before_guard(&page), *out = page_before_guard(&page);

	(void)state;
	for (size_t i = 0; i < N_JSON_CORPUS; i++)
		for (size_t len = 0; len <= json_corpus[i].len; len++)
			scan_at_edges(in, out, page, json_corpus[i].in, len);
	for (int pad = 0; pad < 200; pad++) { /* strings that end at any place of a block */
		char text[256];
		int n = snprintf(text, sizeof(text), "{\"a\":\"%0*d\"}", pad, 1);

		scan_at_edges(in, out, page, text, (size_t)n);
		scan_at_edges(in, out, page, text, (size_t)n - 1);
		n = snprintf(text, sizeof(text), "{\"a\": \"%*s\"}", pad, "\xc3\xa4\\\"");
		scan_at_edges(in, out, page, text, (size_t)n);
		n = snprintf(text, sizeof(text), "%*s{\"a\":true", pad, "");
		scan_at_edges(in, out, page, text, (size_t)n);
	}
	munmap(in - page, 3 * page);
	munmap(out - page, 3 * page);
}

static void test_texts(void **state)
{
	(void)state;
	for (enum scan_verdict v = SCAN_OBJECT; v <= SCAN_RESERVED; v++)
		assert_true(strlen(json_verdict_text(v)) > 4);
	assert_string_equal(json_verdict_text(SCAN_SYNTAX), "not a JSON document");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),       cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_depth),        cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_empty_object), cmocka_unit_test(test_mixed_depth),
		cmocka_unit_test(test_texts),        cmocka_unit_test(test_guard_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
