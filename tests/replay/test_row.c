/* SPDX-License-Identifier: Apache-2.0 */

#include "replay/row.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <cmocka.h>

#include "base/mem.h"

#define MAX_FIELDS 16
#define PLENTY ((size_t)1 << 20)

static const struct string_list no_strings;

/* A row as the reader gives it: the fields one after the other in padded memory. */
struct made_row {
	struct csv_field fields[MAX_FIELDS];
	struct csv_row row;
	uint8_t *memory;
};

static const struct csv_row *make_row_of(struct made_row *m, const char *const *texts, const size_t *lens, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += lens[i];
	m->memory = mem_alloc(total + LANES);
	memset(m->memory, '7', total + LANES);
	m->row = (struct csv_row){ m->fields, n, total, 12, 0 };
	total = 0;
	for (size_t i = 0; i < n; i++) {
		memcpy(m->memory + total, texts[i], lens[i]);
		m->fields[i] = (struct csv_field){ .data = m->memory + total, .len = (uint32_t)lens[i] };
		total += lens[i];
	}
	return &m->row;
}

static const struct csv_row *make_row(struct made_row *m, const char *const *texts, size_t n)
{
	size_t lens[MAX_FIELDS];

	for (size_t i = 0; i < n; i++)
		lens[i] = strlen(texts[i]);
	return make_row_of(m, texts, lens, n);
}

static struct row_shape *shape_of(const char *const *names, size_t n, const struct string_list *strings)
{
	struct made_row m;
	struct error e;
	struct row_shape *s = row_shape_new(make_row(&m, names, n), strings, &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	free(m.memory);
	return s;
}

static void expect_row(const struct row_shape *s, const char *const *texts, size_t n, const char *expected)
{
	struct made_row m;
	struct error e;
	struct buf out;

	buf_init(&out, PLENTY);
	assert_int_equal(row_write(s, make_row(&m, texts, n), &out, &e), 0);
	assert_string_equal(buf_str(&out), expected);
	buf_free(&out);
	free(m.memory);
}

static bool is_number(const char *text)
{
	size_t len = strlen(text);
	uint8_t *padded = mem_zalloc(len + LANES);
	bool answer;

	memcpy(padded, text, len);
	memset(padded + len, '5', LANES);
	answer = row_is_number(padded, len);
	free(padded);
	return answer;
}

/* What a JSON parser of others says: the text between brackets is an array of one number, and it is finite. */
static bool jansson_says_number(const char *text)
{
	char *document = mem_printf("[%s]", text);
	json_t *array = json_loads(document, JSON_DECODE_INT_AS_REAL, NULL);
	bool answer = json_array_size(array) == 1 && json_is_number(json_array_get(array, 0)) && text[0] != '\0' &&
		      strpbrk(text, " \t\r\n") == NULL && isfinite(json_number_value(json_array_get(array, 0)));

	json_decref(array);
	free(document);
	return answer;
}

/* The largest double, the middle between it and 2^1024, and the neighbours of that middle. */
#define LARGEST                                                                                                        \
	"179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766"             \
	"878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389328944075868508" \
	"455133942304583236903222948165808559332123348274797826204144723168738177180919299881250404026184124858368"
#define MIDDLE_TEXT                                                                                                    \
	"17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797"                 \
	"758720709633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447" \
	"5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497"

static void test_numbers(void **state)
{
	static const char *const yes[] = { "0",
					   "-0",
					   "1",
					   "12",
					   "-12",
					   "0.5",
					   "10.0",
					   "2568.300049",
					   "-0.0",
					   "1e5",
					   "1E5",
					   "1e+5",
					   "1e-5",
					   "1.5e300",
					   "12345678901234567890",
					   "123456789012345678901234567890",
					   "1e308",
					   "-1.7e308",
					   "1e-999",
					   "0e999",
					   "0.0e99999999999999999999",
					   "1e-99999999999999999999",
					   "1.7976931348623157e308",
					   "1234567890123456",
					   "12345678901234567",
					   "0.12345678901234",
					   "0.123456789012345",
					   "0.00000000001e318",
					   MIDDLE_TEXT "791",
					   MIDDLE_TEXT "791.9999999999999999999",
					   LARGEST,
					   "-" LARGEST ".999" };
	static const char *const no[] = { "",
					  "-",
					  "+1",
					  "007",
					  "00",
					  "-01",
					  "01.5",
					  ".5",
					  "5.",
					  "-.5",
					  "1.",
					  "1.e5",
					  "1e",
					  "1e+",
					  "1e5.5",
					  "1..2",
					  "1.2.3",
					  "1e999",
					  "-1e999",
					  "1e309",
					  "1.8e308",
					  "NaN",
					  "nan",
					  "Infinity",
					  "inf",
					  "-Infinity",
					  "0x10",
					  "1,000",
					  "1 ",
					  " 1",
					  "1\n",
					  "1_000",
					  "true",
					  "null",
					  "١",
					  "1e5e5",
					  "--1",
					  "1-1",
					  "1f",
					  "1e99999999999999999999",
					  MIDDLE_TEXT "792",
					  MIDDLE_TEXT "792.00000000001",
					  "123456789012345678901234567890x" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!is_number(yes[i]))
			fail_msg("\"%s\" is a number", yes[i]);
		if (!jansson_says_number(yes[i]))
			fail_msg("jansson: \"%s\" is none", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (is_number(no[i]))
			fail_msg("\"%s\" is no number", no[i]);
		if (jansson_says_number(no[i]))
			fail_msg("jansson: \"%s\" is one", no[i]);
	}
}

/* Short texts of what numbers are made of, and long ones near the edge of what is finite. */
static void test_numbers_against_jansson(void **state)
{
	static const char alphabet[] = "0011235789..-+eE";
	char text[512];
	size_t numbers = 0;

	(void)state;
	srand(11);
	for (int round = 0; round < 300000; round++) {
		size_t len = 1 + (size_t)rand() % (round % 3 == 0 ? 24 : 6);

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[rand() % (int)(sizeof(alphabet) - 1)];
		text[len] = '\0';
		if (is_number(text) != jansson_says_number(text))
			fail_msg("\"%s\"", text);
		numbers += is_number(text);
	}
	assert_true(numbers > 10000);
	for (int round = 0; round < 20000; round++) {
		int point = rand() % 20, digits = 1 + rand() % 18;
		long mantissa = rand() % 2 ? 17976931348623150L + rand() % 20 : 1 + rand() % 99999999;

		snprintf(text, sizeof(text), "%s%ld.%0*de%d", rand() % 2 ? "-" : "", mantissa, digits, rand() % 10,
			 308 - 16 + rand() % 4 - 1 + (mantissa < 100000000 ? point : 0));
		if (is_number(text) != jansson_says_number(text))
			fail_msg("\"%s\"", text);
	}
}

static void test_row(void **state)
{
	static const char *const names[] = { "Index", "Date", "Open", "Adj Close", "Volume", "Note" };
	static const char *const row[] = { "HSI", "1986-12-31", "2568.300049", "007", "12345678901234567890", "" };
	static const char *const odd[] = { "NaN", "1e999", "-0.0", "null", "true", "a\"b\\c\td\x01\x7f/é" };
	struct row_shape *s = shape_of(names, 6, &no_strings);

	(void)state;
	expect_row(s, row, 6,
		   "{\"Index\":\"HSI\",\"Date\":\"1986-12-31\",\"Open\":2568.300049,\"Adj Close\":\"007\","
		   "\"Volume\":12345678901234567890,\"Note\":null}");
	expect_row(s, odd, 6,
		   "{\"Index\":\"NaN\",\"Date\":\"1e999\",\"Open\":-0.0,\"Adj Close\":\"null\","
		   "\"Volume\":\"true\",\"Note\":\"a\\\"b\\\\c\\td\\u0001\x7f/é\"}");
	row_shape_free(s);
}

static void test_forced_strings(void **state)
{
	static const char *const names[] = { "id", "n" };
	static const char *const row[] = { "12", "12" };
	static const char *const empty[] = { "", "" };
	char *items[] = { (char *)(uintptr_t) "id" };
	struct string_list strings = { items, 1 }, unknown;
	char *none[] = { (char *)(uintptr_t) "nosuch" };
	struct row_shape *s = shape_of(names, 2, &strings);
	struct made_row m;
	struct error e;

	(void)state;
	expect_row(s, row, 2, "{\"id\":\"12\",\"n\":12}");
	expect_row(s, empty, 2, "{\"id\":null,\"n\":null}");
	row_shape_free(s);
	unknown = (struct string_list){ none, 1 };
	assert_null(row_shape_new(make_row(&m, names, 2), &unknown, &e));
	assert_int_equal(e.code, EX_CONFIG);
	assert_non_null(strstr(e.text, "\"nosuch\""));
	free(m.memory);
}

static void test_names(void **state)
{
	static const char *const names[] = { "a", "A", "", "a", "q\"uote", "A_2", "column3" };
	static const char *const row[] = { "1", "2", "3", "4", "5", "6", "7" };
	static const char *const bad[] = { "a", "\xff" };
	struct row_shape *s = shape_of(names, 7, &no_strings);
	struct made_row m;
	struct error e;

	(void)state;
	expect_row(s, row, 7,
		   "{\"a\":1,\"A_2\":2,\"column3\":3,\"a_3\":4,\"q\\\"uote\":5,\"A_2_2\":6,\"column3_2\":7}");
	assert_int_equal(row_shape_columns(s), 7);
	assert_int_equal(row_shape_renamed(s), 5);
	assert_string_equal(row_shape_name(s, 1), "A_2");
	assert_int_equal(row_shape_find(s, "a_3", "replay.key_column", &e), 3);
	assert_int_equal(row_shape_find(s, "b", "replay.key_column", &e), -1);
	assert_non_null(strstr(e.text, "replay.key_column"));
	row_shape_free(s);
	assert_null(row_shape_new(make_row(&m, bad, 2), &no_strings, &e));
	assert_int_equal(e.code, EX_DATAERR);
	free(m.memory);
	s = row_shape_numbered(2, &no_strings, &e);
	expect_row(s, row, 2, "{\"column1\":1,\"column2\":2}");
	row_shape_free(s);
}

static void test_bad_rows(void **state)
{
	static const char *const names[] = { "a", "b" };
	static const char *const bad[] = { "\xc3\x28", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf",
					   "abcdefghijklmnopq\xe2\x82" };
	const char *row[] = { "x", "y", "z" };
	struct row_shape *s = shape_of(names, 2, &no_strings);
	struct made_row m;
	struct error e;
	struct buf out;

	(void)state;
	buf_init(&out, PLENTY);
	for (size_t n = 1; n <= 3; n += 2) {
		assert_int_equal(row_write(s, make_row(&m, row, n), &out, &e), -1);
		assert_int_equal(e.code, EX_DATAERR);
		assert_non_null(strstr(e.text, "line 12: "));
		assert_non_null(strstr(e.text, "where 2 are expected"));
		free(m.memory);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		row[1] = bad[i];
		assert_int_equal(row_write(s, make_row(&m, row, 2), &out, &e), -1);
		assert_string_equal(e.text, "line 12: column \"b\" is not UTF-8");
		free(m.memory);
	}
	buf_free(&out);
	row_shape_free(s);
}

/* Strings of every length around the sixteen bytes, of what needs escaping and what does not, read back by a parser
 * of others. */
static void test_strings_against_jansson(void **state)
{
	static const char *const names[] = { "k" };
	static const char *const pieces[] = { "a", "b", "\"", "\\", "\n", "\x1f", "é", "€", "𝄞", "/", "\x7f" };
	struct row_shape *s = shape_of(names, 1, &no_strings);
	struct made_row m;
	struct error e;
	struct buf out;

	(void)state;
	srand(3);
	buf_init(&out, PLENTY);
	for (int round = 0; round < 20000; round++) {
		char text[256] = "s";
		size_t len = 1, n = (size_t)rand() % 60;
		const char *field = text;
		json_t *object;

		for (size_t i = 0; i < n; i++) {
			const char *piece =
				pieces[rand() % (round % 2 ? 2 : (int)(sizeof(pieces) / sizeof(pieces[0])))];

			memcpy(text + len, piece, strlen(piece));
			len += strlen(piece);
		}
		if (round % 5 == 0)
			text[len++] = '\0';
		assert_int_equal(row_write(s, make_row_of(&m, &field, &len, 1), &out, &e), 0);
		object = json_loadb((char *)out.data, out.len, JSON_ALLOW_NUL, NULL);
		assert_non_null(object);
		assert_int_equal(json_string_length(json_object_get(object, "k")), len);
		assert_memory_equal(json_string_value(json_object_get(object, "k")), text, len);
		assert_null(memchr(out.data, '\n', out.len));
		json_decref(object);
		free(m.memory);
	}
	buf_free(&out);
	row_shape_free(s);
}

/* Nothing but control characters: the most that escaping can make of a row, and a buffer that may not hold it. */
static void test_longest_escapes(void **state)
{
	static const char *const names[] = { "k" };
	struct row_shape *s = shape_of(names, 1, &no_strings);
	char text[1001];
	const char *field = text;
	struct made_row m;
	struct error e;
	struct buf out;

	(void)state;
	memset(text, 1, 1000);
	text[1000] = '\0';
	buf_init(&out, PLENTY);
	assert_int_equal(row_write(s, make_row(&m, &field, 1), &out, &e), 0);
	assert_int_equal(out.len, strlen("{\"k\":\"\"}") + 6000);
	buf_free(&out);
	buf_init(&out, 4000);
	assert_int_equal(row_write(s, &m.row, &out, &e), -1);
	assert_non_null(strstr(e.text, "too long"));
	buf_free(&out);
	free(m.memory);
	row_shape_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_numbers_against_jansson),
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_forced_strings),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_rows),
		cmocka_unit_test(test_strings_against_jansson),
		cmocka_unit_test(test_longest_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
