/* SPDX-License-Identifier: Apache-2.0 */

/* Small pure text tools: hex, base64, sizes and durations with units, UTF-8, what a terminal may
 * get, edit distance. Time and locale play no
 * part: digits and letters are ASCII. Thread: any. */

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* Of two names for a factor, the one that is printed stands first. */
static const struct unit sizes[] = {
	{ "TiB", INT64_C(1) << 40 },
	{ "GiB", INT64_C(1) << 30 },
	{ "MiB", INT64_C(1) << 20 },
	{ "KiB", INT64_C(1) << 10 },
	{ "TB", INT64_C(1000000000000) },
	{ "GB", INT64_C(1000000000) },
	{ "MB", INT64_C(1000000) },
	{ "kB", INT64_C(1000) },
	{ "KB", INT64_C(1000) },
	{ "", 1 },
	{ "B", 1 },
	{ NULL, 0 },
};

static const struct unit durations[] = {
	{ "d", INT64_C(86400000) },
	{ "h", INT64_C(3600000) },
	{ "min", INT64_C(60000) },
	{ "s", INT64_C(1000) },
	{ "ms", 1 },
	{ NULL, 0 },
};

void text_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

size_t text_base64_size(size_t len)
{
	return (len / 3 + (len % 3 != 0)) * 4 + 1;
}

size_t text_base64(const void *data, size_t len, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = data;
	char *o = out;

	for (; len >= 3; len -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		*o++ = digits[v >> 18];
		*o++ = digits[v >> 12 & 63];
		*o++ = digits[v >> 6 & 63];
		*o++ = digits[v & 63];
	}
	if (len > 0) {
		uint32_t v = (uint32_t)p[0] << 16 | (len > 1 ? (uint32_t)p[1] << 8 : 0);

		*o++ = digits[v >> 18];
		*o++ = digits[v >> 12 & 63];
		*o++ = len > 1 ? digits[v >> 6 & 63] : '=';
		*o++ = '=';
	}
	*o = '\0';
	return (size_t)(o - out);
}

/* Digits into *value; NULL when there are none or they pass int64, else what follows them. */
static const char *parse_digits(const char *s, int64_t *value)
{
	if (*s < '0' || *s > '9')
		return NULL;
	for (*value = 0; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *s - '0', value))
			return NULL;
	return s;
}

/* "128MiB" and "128 MiB": digits, spaces, a unit of the table. */
static bool parse_units(const char *s, const struct unit *units, int64_t *value)
{
	int64_t n;

	s = parse_digits(s, &n);
	if (s == NULL)
		return false;
	if (*s == ' ' && s[1] != '\0')
		s++;
	for (; units->name != NULL; units++)
		if (strcmp(s, units->name) == 0)
			return !__builtin_mul_overflow(n, units->factor, value);
	return false;
}

bool text_parse_size(const char *s, int64_t *bytes)
{
	return parse_units(s, sizes, bytes);
}

bool text_parse_duration(const char *s, int64_t *ms)
{
	if (strcmp(s, "0") == 0) {
		*ms = 0;
		return true;
	}
	return parse_units(s, durations, ms);
}

/* In the largest unit that divides value, which is above 0; `smallest` names a unit of 1. */
static void format_units(int64_t value, const struct unit *units, const char *smallest, char out[32])
{
	const struct unit *best = &(const struct unit){ smallest, 1 };

	for (; units->name != NULL; units++)
		if (value % units->factor == 0 && units->factor > best->factor)
			best = units;
	snprintf(out, 32, "%" PRId64 "%s", value / best->factor, best->name);
}

void text_format_size(int64_t bytes, char out[32])
{
	if (bytes <= 0)
		snprintf(out, 32, "%" PRId64, bytes);
	else
		format_units(bytes, sizes, "", out);
}

void text_format_duration(int64_t ms, char out[32])
{
	if (ms <= 0)
		snprintf(out, 32, "%" PRId64 "%s", ms, ms == 0 ? "" : "ms");
	else
		format_units(ms, durations, "ms", out);
}

/* Length of the character at p, 0 when it is none. Source: the table of well-formed sequences, Unicode 3.9. */
static size_t utf8_character(const uint8_t *p, size_t len)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0; /* below: overlong */
	else if (p[0] == 0xed)
		high = 0x9f; /* above: surrogates */
	else if (p[0] == 0xf0)
		low = 0x90; /* below: overlong */
	else if (p[0] == 0xf4)
		high = 0x8f; /* above: beyond U+10FFFF */
	if (len < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool text_is_utf8(const void *data, size_t len)
{
	const uint8_t *p = data, *end = p + len;

	while (p < end) {
		uint64_t eight;
		size_t n;

		if (end - p >= 8) {
			memcpy(&eight, p, 8);
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				p += 8;
				continue;
			}
		}
		n = *p < 0x80 ? 1 : utf8_character(p, (size_t)(end - p));
		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

/* How many bytes at p can stand on a line as they are; 0: the first cannot. */
static size_t plain_character(const uint8_t *p, size_t len)
{
	size_t n = utf8_character(p, len);

	if (p[0] < 0x80)
		return p[0] >= ' ' && p[0] != 0x7f;
	return p[0] == 0xc2 && p[1] < 0xa0 ? 0 : n; /* C1 */
}

size_t text_plain(const char *s, char *out, size_t size)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);
	size_t at = 0;

	while (p < end) {
		size_t n = plain_character(p, (size_t)(end - p));
		size_t takes = n > 0 ? n : 4;

		if (at + takes >= size)
			break;
		if (n > 0) {
			memcpy(out + at, p, n);
		} else {
			memcpy(out + at, "\\x", 2);
			text_hex(p, 1, out + at + 2);
		}
		at += takes;
		p += n > 0 ? n : 1;
	}
	out[at] = '\0';
	return at;
}

unsigned text_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned row[64];

	if (a_len > 63 || b_len > 63)
		return (unsigned)(a_len > b_len ? a_len : b_len);
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			unsigned remove = row[j] + 1, insert = row[j - 1] + 1;

			diagonal = row[j];
			row[j] = change < remove ? change : remove;
			row[j] = row[j] < insert ? row[j] : insert;
		}
	}
	return row[b_len];
}
