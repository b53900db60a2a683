/* SPDX-License-Identifier: Apache-2.0 */

#include "replay/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "support/csv_oracle.h"

#define PLENTY ((size_t)1 << 20)

static char path[] = "/tmp/test_csv.XXXXXX";

static struct csv *open_text(const char *text, size_t len, char delimiter, size_t max_row)
{
	struct error e = { 0 };
	struct csv *c;
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	c = csv_open(path, delimiter, max_row, &e);
	if (c == NULL)
		fail_msg("%s", e.text);
	return c;
}

/* Everything that the reader says about a text, as one: "1:a|b;" a row that began on line 1, "!3;" a bad one. */
static const char *read_all(struct csv *c, struct buf *said)
{
	struct csv_row row;
	struct error e;
	enum csv_result r;

	buf_clear(said);
	while ((r = csv_next(c, &row, &e)) != CSV_END) {
		assert_int_not_equal(r, CSV_ERROR);
		buf_addf(said, r == CSV_BAD ? "!%ju" : "%ju:", (uintmax_t)row.line);
		for (size_t i = 0; r == CSV_ROW && i < row.n; i++) {
			buf_adds(said, i > 0 ? "|" : "");
			buf_add(said, row.fields[i].data, row.fields[i].len);
		}
		buf_addc(said, ';');
	}
	assert_int_equal(csv_next(c, &row, &e), CSV_END);
	return buf_str(said);
}

static void expect(const char *text, const char *expected)
{
	struct csv *c = open_text(text, strlen(text), ',', PLENTY);
	struct buf said;

	buf_init(&said, PLENTY);
	assert_string_equal(read_all(c, &said), expected);
	buf_free(&said);
	csv_close(c);
}

static void test_rfc4180(void **state)
{
	(void)state;
	expect("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", "1:aaa|bbb|ccc;2:zzz|yyy|xxx;");
	expect("aaa,bbb,ccc\r\nzzz,yyy,xxx", "1:aaa|bbb|ccc;2:zzz|yyy|xxx;");
	expect("\"aaa\",\"b \r\nbb\",\"ccc\"\r\nzzz,yyy,xxx", "1:aaa|b \r\nbb|ccc;3:zzz|yyy|xxx;");
	expect("\"aaa\",\"b\"\"bb\",\"ccc\"", "1:aaa|b\"bb|ccc;");
	expect("\"\"\"\"", "1:\";");
	expect("\"\"\"a\"\"\",\"\"\"\"\"\"", "1:\"a\"|\"\";");
	expect(" a , b ", "1: a | b ;");
	expect("\"a,b\",\"\n\n\",c\nx", "1:a,b|\n\n|c;4:x;");
}

static void test_ends(void **state)
{
	(void)state;
	expect("", "");
	expect("\n", "");
	expect("\r\n", "");
	expect("a", "1:a;");
	expect("a\n", "1:a;");
	expect("a\r", "1:a;");
	expect("\"a\"", "1:a;");
	expect("\"a\"\r", "1:a;");
	expect("\"a\"\r\n", "1:a;");
	expect(",", "1:|;");
	expect("a,\n", "1:a|;");
	expect("a,\r\n,b", "1:a|;2:|b;");
	expect("a\r,b\n", "1:a\r|b;");
	expect("\"\"", "1:;");
	expect("a\n\n\r\n\nb\n\n", "1:a;5:b;");
}

static void test_byte_order_mark(void **state)
{
	struct error e;
	struct csv *c;
	FILE *f;

	(void)state;
	expect("\xef\xbb\xbf", "");
	expect("\xef\xbb\xbf"
	       "a,b\nc,d",
	       "1:a|b;2:c|d;");
	expect("\xef\xbb\xbf\"a\nb\",c", "1:a\nb|c;");
	expect("a\n\xef\xbb\xbf"
	       "b",
	       "1:a;2:\xef\xbb\xbf"
	       "b;");
	f = fopen(path, "w");
	fwrite("\xff\xfe"
	       "a\0",
	       1, 4, f);
	fclose(f);
	c = csv_open(path, ',', PLENTY, &e);
	assert_null(c);
	assert_non_null(strstr(e.text, "UTF-16"));
}

/* Whatever is wrong, the next row is looked for on the line after the one on which the bad row began. */
static void test_malformed(void **state)
{
	(void)state;
	expect("a,b\"c,d\ne,f\n", "!1;2:e|f;");
	expect("\"a\"b,c\ne", "!1;2:e;");
	expect("a\n\"b\" ,c\nx", "1:a;!2;3:x;");
	expect("a\n\"b,c\nx,e\nf,g\n", "1:a;!2;3:x|e;4:f|g;");
	expect("a,\"b\nc,\"d\"\ne\n", "!1;2:c|d;3:e;");
	expect("\"a\r\"b\n", "!1;");
	expect("\"", "!1;");
	expect("\"\"\"", "!1;");
	expect("a\n\"", "1:a;!2;");
}

static void test_messages(void **state)
{
	struct csv *c = open_text("a\nb,\"c\n", 7, ',', PLENTY);
	struct csv_row row;
	struct error e;

	(void)state;
	assert_int_equal(csv_next(c, &row, &e), CSV_ROW);
	assert_int_equal(row.offset, 0);
	assert_int_equal(csv_next(c, &row, &e), CSV_BAD);
	assert_string_equal(e.text, "line 2: a quote is opened and never closed");
	assert_int_equal(row.offset, 2);
	assert_int_equal(csv_next(c, &row, &e), CSV_END);
	assert_int_equal(csv_offset(c), 7);
	assert_int_equal(csv_size(c), 7);
	csv_close(c);
}

static void test_delimiters(void **state)
{
	static const char refused[] = { '"', '\n', '\r', '\0', '\xc3' };
	struct error e;
	struct buf said;
	struct csv *c = open_text("a;b,c;\"d;e\"\n", 12, ';', PLENTY);

	(void)state;
	buf_init(&said, PLENTY);
	assert_string_equal(read_all(c, &said), "1:a|b,c|d;e;");
	csv_close(c);
	c = open_text("a\t\tb", 4, '\t', PLENTY);
	assert_string_equal(read_all(c, &said), "1:a||b;");
	csv_close(c);
	buf_free(&said);
	for (size_t i = 0; i < sizeof(refused); i++)
		assert_null(csv_open(path, refused[i], PLENTY, &e));
}

static void test_files(void **state)
{
	struct error e;

	(void)state;
	assert_null(csv_open("/nonexistent/file.csv", ',', PLENTY, &e));
	assert_int_equal(e.code, 2);
	assert_string_equal(e.text, "cannot be opened: No such file or directory");
	assert_null(csv_open("/tmp", ',', PLENTY, &e));
	assert_non_null(strstr(e.text, "directory"));
}

/* A row of the most bytes allowed passes, one more does not, in a quote or not, and what follows is read. */
static void test_longest_row(void **state)
{
	static const size_t most[] = { 10, 1023, 1024, 1025, 3072, 20000 };

	(void)state;
	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		for (int over = 0; over < 2; over++) {
			size_t len = most[i] + over;
			char *text = malloc(2 * len + 4);
			struct csv_row row;
			struct error e;
			struct csv *c;

			memset(text, 'x', 2 * len + 4);
			text[len] = '\n';
			text[len + 1] = '"';
			text[2 * len] = '"';
			memcpy(text + 2 * len + 1, "\ny", 2);
			c = open_text(text, 2 * len + 3, ',', most[i]);
			for (int k = 0; k < 2; k++) {
				assert_int_equal(csv_next(c, &row, &e), over ? CSV_BAD : CSV_ROW);
				assert_int_equal(row.line, k + 1);
				if (over)
					assert_non_null(strstr(e.text, "longer than"));
				else
					assert_int_equal(row.bytes, len);
			}
			assert_int_equal(csv_next(c, &row, &e), CSV_ROW);
			assert_int_equal(row.line, 3);
			csv_close(c);
			free(text);
		}
	}
}

/* Whatever else is wrong with it, and however far the reader has looked already. */
static void test_a_fault_beyond_the_longest_row(void **state)
{
	static const char *const texts[] = { "\"12345678\"x\ny", "1234567,8\"\ny", "\"12345678" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t over = 0; over < 2; over++) {
			size_t len = strcspn(texts[i], "\n");
			struct csv *c = open_text(texts[i], strlen(texts[i]), ',', len - over);
			struct csv_row row;
			struct error e;

			assert_int_equal(csv_next(c, &row, &e), CSV_BAD);
			assert_int_equal(strstr(e.text, "longer than") != NULL, over);
			csv_close(c);
		}
	}
}

/* A quote that is never closed in a file longer than the longest row: one line is lost, in bounded memory. */
static void test_lost_quote_in_a_large_file(void **state)
{
	struct buf text, said;
	struct csv *c;
	size_t rows = 0;

	(void)state;
	buf_init(&text, PLENTY);
	buf_init(&said, PLENTY);
	buf_adds(&text, "first\n\"lost\n");
	for (int i = 0; i < 50000; i++)
		buf_adds(&text, "abc,def\n");
	c = open_text((char *)text.data, text.len, ',', 8192);
	read_all(c, &said);
	assert_int_equal(memcmp(said.data, "1:first;!2;3:abc|def;", 21), 0);
	for (size_t i = 0; i < said.len; i++)
		rows += said.data[i] == ';';
	assert_int_equal(rows, 50002);
	csv_close(c);
	buf_free(&text);
	buf_free(&said);
}

static void test_many_fields(void **state)
{
	struct buf text;
	struct csv *c;
	struct csv_row row;
	struct error e;

	(void)state;
	buf_init(&text, PLENTY);
	for (int i = 0; i < CSV_MAX_FIELDS - 1; i++)
		buf_addc(&text, ',');
	buf_adds(&text, "\n");
	for (int i = 0; i < CSV_MAX_FIELDS; i++)
		buf_addc(&text, ',');
	buf_adds(&text, "\nx,\"y\"\n");
	c = open_text((char *)text.data, text.len, ',', PLENTY);
	assert_int_equal(csv_next(c, &row, &e), CSV_ROW);
	assert_int_equal(row.n, CSV_MAX_FIELDS);
	assert_int_equal(csv_next(c, &row, &e), CSV_BAD);
	assert_non_null(strstr(e.text, "too many fields"));
	assert_int_equal(csv_next(c, &row, &e), CSV_ROW);
	assert_int_equal(row.n, 2);
	csv_close(c);
	buf_free(&text);
}

static void test_seek(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a,\"b\nc\"\nx,e\nf,g\n";
	struct csv *c = open_text(text, sizeof(text) - 1, ',', PLENTY);
	struct csv_row row;
	struct error e;
	int64_t at;
	uint64_t line;
	struct buf said;

	(void)state;
	buf_init(&said, PLENTY);
	assert_int_equal(csv_next(c, &row, &e), CSV_ROW);
	assert_int_equal(csv_next(c, &row, &e), CSV_ROW);
	at = row.offset;
	line = row.line;
	assert_int_equal(line, 3);
	assert_string_equal(read_all(c, &said), "4:f|g;");
	assert_int_equal(csv_seek(c, at, line, &e), 0);
	assert_string_equal(read_all(c, &said), "3:x|e;4:f|g;");
	assert_int_equal(csv_rewind(c, &e), 0);
	assert_string_equal(read_all(c, &said), "1:a|b\nc;3:x|e;4:f|g;");
	csv_close(c);
	buf_free(&said);
}

static void test_pipe(void **state)
{
	int ends[2];
	char name[32];
	struct csv *c;
	struct error e;
	struct buf said;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "a,b\nc,x\n", 8), 8);
	close(ends[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
	c = csv_open(name, ',', PLENTY, &e);
	assert_non_null(c);
	close(ends[0]);
	buf_init(&said, PLENTY);
	assert_string_equal(read_all(c, &said), "1:a|b;2:c|x;");
	assert_int_equal(csv_rewind(c, &e), -1);
	assert_non_null(strstr(e.text, "pipe"));
	csv_close(c);
	buf_free(&said);
}

static void test_against_oracle(void **state)
{
	static const char alphabet[] = ",,,\"\"\n\n\rab";
	struct buf said, expected;
	char text[9000];

	(void)state;
	srand(7);
	buf_init(&said, PLENTY);
	buf_init(&expected, PLENTY);
	for (int round = 0; round < 3000; round++) {
		/* mostly short; some are read in several pieces */
		size_t len = round % 10 == 0 ? 1000 + (size_t)rand() % 8000 : (size_t)rand() % 60;
		struct csv *c;

		for (size_t i = 0; i < len; i++)
			text[i] = len > 60 && rand() % 3 ? 'x' : alphabet[rand() % (int)(sizeof(alphabet) - 1)];
		c = open_text(text, len, ',', PLENTY);
		assert_string_equal(read_all(c, &said), csv_oracle(text, len, ',', &expected));
		csv_close(c);
	}
	buf_free(&said);
	buf_free(&expected);
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4180),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_delimiters),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_longest_row),
		cmocka_unit_test(test_a_fault_beyond_the_longest_row),
		cmocka_unit_test(test_lost_quote_in_a_large_file),
		cmocka_unit_test(test_many_fields),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_against_oracle),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
