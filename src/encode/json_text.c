/* SPDX-License-Identifier: Apache-2.0 */
/* Composing JSON into memory whose size was asked for before. */
#include "encode/json_text.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/text.h"

#define BINARY "base64:"
#define BINARY_LEN (sizeof(BINARY) - 1)
#define NULL_LEN 4

static bool passes_as_text(const uint8_t *data, size_t len)
{
	return text_is_utf8(data, len) && (len < BINARY_LEN || memcmp(data, BINARY, BINARY_LEN) != 0);
}

/* The letter of a two-character escape, or 0. */
static char short_escape(uint8_t c)
{
	switch (c) {
	case '"':
		return '"';
	case '\\':
		return '\\';
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

static size_t escaped_size(const uint8_t *data, size_t len)
{
	size_t n = len;

	for (size_t i = 0; i < len; i++)
		if (data[i] < ' ' || data[i] == '"' || data[i] == '\\')
			n += short_escape(data[i]) != 0 ? 1 : 5;
	return n;
}

static uint8_t *escaped_put(uint8_t *out, const uint8_t *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		char letter = short_escape(data[i]);

		if (letter != 0) {
			*out++ = '\\';
			*out++ = (uint8_t)letter;
		} else if (data[i] < ' ') {
			out = json_raw_put(out, "\\u00");
			*out++ = (uint8_t)hex[data[i] >> 4];
			*out++ = (uint8_t)hex[data[i] & 15];
		} else {
			*out++ = data[i];
		}
	}
	return out;
}

static size_t base64_len(size_t len)
{
	return (len + 2) / 3 * 4;
}

/* text_base64 ends with a zero, for which the closing quote makes room. */
static uint8_t *base64_put(uint8_t *out, const uint8_t *data, size_t len)
{
	out += text_base64(data, len, (char *)out);
	*out++ = '"';
	return out;
}

size_t json_text_size(const uint8_t *data, size_t len)
{
	if (data == NULL)
		return NULL_LEN;
	return 2 + (passes_as_text(data, len) ? escaped_size(data, len) : BINARY_LEN + base64_len(len));
}

uint8_t *json_text_put(uint8_t *out, const uint8_t *data, size_t len)
{
	if (data == NULL)
		return json_raw_put(out, "null");
	*out++ = '"';
	if (!passes_as_text(data, len))
		return base64_put(json_raw_put(out, BINARY), data, len);
	out = escaped_put(out, data, len);
	*out++ = '"';
	return out;
}

size_t json_base64_size(const uint8_t *data, size_t len)
{
	return data == NULL ? NULL_LEN : 2 + base64_len(len);
}

uint8_t *json_base64_put(uint8_t *out, const uint8_t *data, size_t len)
{
	if (data == NULL)
		return json_raw_put(out, "null");
	*out++ = '"';
	return base64_put(out, data, len);
}

uint8_t *json_int_put(uint8_t *out, int64_t value)
{
	uint8_t digits[JSON_INT_MAX];
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	size_t n = 0;

	do
		digits[n++] = (uint8_t)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*out++ = '-';
	while (n > 0)
		*out++ = digits[--n];
	return out;
}

uint8_t *json_time_put(uint8_t *out, int64_t timestamp_ms)
{
	if (!civil_text(timestamp_ms, (char *)out + 1))
		return json_raw_put(out, "null");
	out[0] = '"';
	out[CIVIL_TEXT + 1] = '"';
	return out + CIVIL_TEXT + 2;
}

uint8_t *json_raw_put(uint8_t *out, const char *text)
{
	return mempcpy(out, text, strlen(text)); /* NOLINT(bugprone-not-null-terminated-result): bytes, no string */
}
