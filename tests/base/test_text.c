/* SPDX-License-Identifier: Apache-2.0 */

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void test_hex(void **state)
{
	char out[9];

	(void)state;
	text_hex("\x00\x7f\x80\xff", 4, out);
	assert_string_equal(out, "007f80ff");
	text_hex("", 0, out);
	assert_string_equal(out, "");
}

/* The vectors of RFC 4648, 10, and bytes that use the last two digits. */
static void test_base64(void **state)
{
	static const struct {
		const char *in, *out;
	} vectors[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" },
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t len = strlen(vectors[i].in);

		assert_int_equal(text_base64(vectors[i].in, len, out), strlen(vectors[i].out));
		assert_string_equal(out, vectors[i].out);
		assert_int_equal(text_base64_size(len), strlen(vectors[i].out) + 1);
	}
}

static void test_parse_size(void **state)
{
	static const struct {
		const char *in;
		int64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "512B", 512 },
		{ "64KiB", 65536 },
		{ "128MiB", 134217728 },
		{ "128 MiB", 134217728 },
		{ "1GiB", 1073741824 },
		{ "10MB", 10000000 },
		{ "1kB", 1000 },
		{ "1KB", 1000 },
		{ "1TiB", INT64_C(1099511627776) },
		{ "9223372036854775807", INT64_MAX },
	};
	static const char *const bad[] = {
		"",
		" ",
		"-1",
		"+1",
		"1.5MiB",
		"MiB",
		"10mb",
		"10 ",
		"10  MiB",
		" 10",
		"10MiBs",
		"0x10",
		"9223372036854775808",
		"8388608TiB",
		"99999999999999999999",
	};
	int64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(text_parse_size(good[i].in, &bytes));
		assert_int_equal(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_parse_size(bad[i], &bytes))
			fail_msg("\"%s\" passed as a size", bad[i]);
}

static void test_parse_duration(void **state)
{
	static const struct {
		const char *in;
		int64_t ms;
	} good[] = {
		{ "0", 0 },        { "250ms", 250 },    { "30s", 30000 },    { "5min", 300000 },
		{ "1h", 3600000 }, { "2d", 172800000 }, { "5 min", 300000 },
	};
	static const char *const bad[] = { "", "5", "00", "-5s", "5m", "5sec", "1.5h", "106751991168d", "s" };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(text_parse_duration(good[i].in, &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_parse_duration(bad[i], &ms))
			fail_msg("\"%s\" passed as a duration", bad[i]);
}

/* What is printed is the shortest form and parses back to the same number. */
static void test_format(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} size[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 1000, "1kB" },
		{ 1023, "1023" },
		{ 1024, "1KiB" },
		{ 134217728, "128MiB" },
		{ 10000000, "10MB" },
		{ 134217729, "134217729" },
		{ INT64_MAX, "9223372036854775807" },
	};
	static const struct {
		int64_t ms;
		const char *text;
	} duration[] = {
		{ 0, "0" }, { 1, "1ms" }, { 1500, "1500ms" }, { 60000, "1min" }, { 90000, "90s" }, { 86400000, "1d" },
	};
	char out[32];
	int64_t back;

	(void)state;
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		text_format_size(size[i].bytes, out);
		assert_string_equal(out, size[i].text);
		assert_true(text_parse_size(out, &back));
		assert_int_equal(back, size[i].bytes);
	}
	for (size_t i = 0; i < sizeof(duration) / sizeof(duration[0]); i++) {
		text_format_duration(duration[i].ms, out);
		assert_string_equal(out, duration[i].text);
		assert_true(text_parse_duration(out, &back));
		assert_int_equal(back, duration[i].ms);
	}
	text_format_size(-1, out);
	assert_string_equal(out, "-1");
}

/* By the definition: decode, then look at the code point. Slow and plain. */
static bool is_utf8_plainly(const uint8_t *p, size_t len)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i = 0;

	while (i < len) {
		size_t n = p[i] < 0x80 ? 1 : (p[i] & 0xe0) == 0xc0 ? 2 : (p[i] & 0xf0) == 0xe0 ? 3 : 4;
		uint32_t c;

		if (n == 1) {
			i++;
			continue;
		}
		if ((n == 4 && (p[i] & 0xf8) != 0xf0) || i + n > len)
			return false;
		c = p[i] & (0x7fu >> n);
		for (size_t k = 1; k < n; k++) {
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
			c = c << 6 | (p[i + k] & 0x3f);
		}
		if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
		i += n;
	}
	return true;
}

/* Every sequence of three bytes from the first to the last that can matter, and four-byte ones around the limits. */
static void test_utf8_against_definition(void **state)
{
	static const uint8_t edge[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xff };
	uint8_t p[4];

	(void)state;
	for (unsigned v = 0; v < 1u << 16; v++) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
		for (size_t i = 0; i < sizeof(edge) * sizeof(edge); i++) {
			p[2] = edge[i / sizeof(edge)];
			p[3] = edge[i % sizeof(edge)];
			for (size_t len = 1; len <= 4; len++)
				if (text_is_utf8(p, len) != is_utf8_plainly(p, len))
					fail_msg("%02x %02x %02x %02x, %zu bytes", p[0], p[1], p[2], p[3], len);
		}
	}
}

/* The path of eight bytes at a time: a bad byte at every place of a longer text. */
static void test_utf8_long(void **state)
{
	char text[40];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(text_is_utf8(text, sizeof(text)));
	assert_true(text_is_utf8(text, 0));
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)0xff;
		assert_false(text_is_utf8(text, sizeof(text)));
		text[i] = 'a';
		if (i + 1 == sizeof(text))
			continue;
		memcpy(text + i, "\xc3\xa9", 2);
		assert_true(text_is_utf8(text, sizeof(text)));
		assert_false(text_is_utf8(text, i + 1));
		memset(text + i, 'a', 2);
	}
}

static void test_distance(void **state)
{
	char far[80];

	(void)state;
	assert_int_equal(text_distance("", ""), 0);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	assert_int_equal(text_distance("sitting", "kitten"), 3);
	assert_int_equal(text_distance("broker", "brokers"), 1);
	assert_int_equal(text_distance("topics", "topics"), 0);
	memset(far, 'x', sizeof(far) - 1);
	far[79] = '\0';
	assert_int_equal(text_distance(far, "x"), 79);
	far[63] = '\0';
	assert_int_equal(text_distance(far, "x"), 62);
}

static void assert_plain(const char *given, size_t size, const char *expected)
{
	char out[64];

	assert_int_equal(text_plain(given, out, size), strlen(expected));
	assert_string_equal(out, expected);
}

static void test_plain(void **state)
{
	(void)state;
	assert_plain("", 64, "");
	assert_plain("a \"key\" ~ \\n", 64, "a \"key\" ~ \\n");
	assert_plain("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0", 64,
		     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0");
	assert_plain("\033[31mred\a\r\n\t\x7f.", 64, "\\x1b[31mred\\x07\\x0d\\x0a\\x09\\x7f.");
	assert_plain("\xc2\x9b;31m", 64, "\\xc2\\x9b;31m"); /* the same as ESC [ to many a terminal */
	assert_plain("\xff\xc3(\xed\xa0\x80\xe2\x82", 64, "\\xff\\xc3(\\xed\\xa0\\x80\\xe2\\x82");
	assert_plain("abc\n", 8, "abc\\x0a");
	assert_plain("abc\n", 7, "abc");
	assert_plain("ab\xe2\x82\xac", 5, "ab");
	assert_plain("abc", 1, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex),        cmocka_unit_test(test_base64),
		cmocka_unit_test(test_parse_size), cmocka_unit_test(test_parse_duration),
		cmocka_unit_test(test_format),     cmocka_unit_test(test_utf8_against_definition),
		cmocka_unit_test(test_utf8_long),  cmocka_unit_test(test_plain),
		cmocka_unit_test(test_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
