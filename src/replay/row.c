/* SPDX-License-Identifier: Apache-2.0 */
/* A row to JSON. What can be known beforehand is: `,"name":` of each column is made once. Fields are looked at and
 * copied sixteen bytes at a time, over the ends of both buffers into their padding.
 *
 * Invariant: row_write has reserved six bytes for each of the row, the most that escaping makes of one, before it
 * writes the first. */
#include "replay/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/mem.h"
#include "base/text.h"

#define ESCAPED_MOST 6
#define QUOTES_BYTES 2

struct column {
	char *name;
	uint8_t *prefix; /* `,"name":` or `{"name":`, and LANES bytes of padding */
	size_t prefix_len;
	bool string;
};

struct row_shape {
	size_t n;
	size_t renamed;
	size_t fixed_bytes; /* of the object, whatever the row holds */
	struct column *columns;
};

static const uint8_t null[] = { 'n', 'u', 'l', 'l' };
static const char hex[] = "0123456789abcdef";

static uint8_t *write_escape(uint8_t *to, uint8_t c)
{
	static const char letters[32] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	char letter = c < sizeof(letters) ? letters[c] : (char)c;

	*to++ = '\\';
	if (letter != '\0') {
		*to++ = (uint8_t)letter;
		return to;
	}
	to[0] = 'u';
	to[1] = to[2] = '0';
	to[3] = (uint8_t)hex[c >> 4];
	to[4] = (uint8_t)hex[c & 15];
	return to + 5;
}

/* *high becomes other than 0 when the text is not all ASCII. */
static uint8_t *write_string(uint8_t *to, const uint8_t *p, size_t len, uint32_t *high)
{
	*to++ = '"';
	while (len > 0) {
		uint32_t beyond, mask = lanes_escape(p, &beyond);
		size_t step = len < LANES ? len : LANES;
		uint32_t inside = (UINT32_C(1) << step) - 1;

		lanes_copy(to, p);
		*high |= beyond & inside;
		mask &= inside;
		if (mask != 0) {
			step = (size_t)__builtin_ctz(mask);
			to = write_escape(to + step, p[step]);
			p += step + 1;
			len -= step + 1;
			continue;
		}
		to += step;
		p += step;
		len -= step;
	}
	*to++ = '"';
	return to;
}

static size_t count_digits(const uint8_t *p, const uint8_t *end)
{
	size_t n = 0;

	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* A number's digits stand in whole and fraction; exponent is what follows `e`. Finite is what rounds to less than
 * 2^1024. Digits beyond the 400th cannot change that: the bound has 309 and zeros after them. */
static bool is_finite(const uint8_t *whole, size_t n_whole, const uint8_t *fraction, size_t n_fraction,
		      int64_t exponent)
{
	char text[448];
	size_t n = 0, skipped = 0, total = n_whole + n_fraction;
	int64_t top; /* the power of ten of the first digit that is not zero */
	double value;

	while (skipped < total && (skipped < n_whole ? whole[skipped] : fraction[skipped - n_whole]) == '0')
		skipped++;
	top = (int64_t)n_whole - 1 - (int64_t)skipped + exponent;
	if (skipped == total || top < 308)
		return true;
	if (top > 308)
		return false;
	for (size_t i = skipped; i < total && n < 400; i++)
		text[n++] = (char)(i < n_whole ? whole[i] : fraction[i - n_whole]);
	snprintf(text + n, sizeof(text) - n, "e%d", 309 - (int)n);
	value = strtod(text, NULL);
	return value - value == 0;
}

/* Saturates far beyond any length that a field can have. */
static int64_t read_exponent(const uint8_t *p, size_t n, bool negative)
{
	int64_t value = 0;

	for (size_t i = 0; i < n && value < INT64_C(1) << 40; i++)
		value = value * 10 + (p[i] - '0');
	return negative ? -value : value;
}

static bool is_number_slow(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len, *whole, *fraction;
	size_t n_whole, n_fraction = 0, n_exponent;
	int64_t exponent = 0;
	bool negative;

	if (p < end && *p == '-')
		p++;
	whole = p;
	n_whole = count_digits(p, end);
	if (n_whole == 0 || (*whole == '0' && n_whole > 1))
		return false;
	p += n_whole;
	fraction = p + 1;
	if (p < end && *p == '.') {
		n_fraction = count_digits(fraction, end);
		if (n_fraction == 0)
			return false;
		p = fraction + n_fraction;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		negative = p < end && *p == '-';
		if (p < end && (*p == '-' || *p == '+'))
			p++;
		n_exponent = count_digits(p, end);
		if (n_exponent == 0)
			return false;
		exponent = read_exponent(p, n_exponent, negative);
		p += n_exponent;
	}
	return p == end && is_finite(whole, n_whole, fraction, n_fraction, exponent);
}

/* Most numbers are short, without sign and exponent: digits, or digits around one point. */
static inline bool is_number(const uint8_t *p, size_t len)
{
	uint32_t others;

	if (len - 1 >= LANES || *p == '-')
		return is_number_slow(p, len);
	others = lanes_not_digit(p) & ((UINT32_C(1) << len) - 1);
	if (others == 0)
		return *p != '0' || len == 1;
	if (others & 1)
		return false;
	if ((others & (others - 1)) == 0 && p[__builtin_ctz(others)] == '.')
		return others >> (len - 1) == 0 && (*p != '0' || others == 2);
	return is_number_slow(p, len);
}

bool row_is_number(const uint8_t *p, size_t len)
{
	return is_number(p, len);
}

static inline uint8_t *write_short(uint8_t *to, const uint8_t *p, size_t len)
{
	lanes_copy(to, p);
	if (len > LANES)
		memcpy(to + LANES, p + LANES, len - LANES);
	return to + len;
}

/* NULL: not UTF-8. */
static inline uint8_t *write_field(uint8_t *to, const struct csv_field *f, bool string)
{
	uint32_t high = 0;

	if (f->len == 0) {
		memcpy(to, null, sizeof(null));
		return to + sizeof(null);
	}
	if (!string && is_number(f->data, f->len))
		return write_short(to, f->data, f->len);
	to = write_string(to, f->data, f->len, &high);
	return high != 0 && !text_is_utf8(f->data, f->len) ? NULL : to;
}

int row_write(const struct row_shape *s, const struct csv_row *row, struct buf *out, struct error *e)
{
	uint8_t *to;

	buf_clear(out);
	if (row->n != s->n)
		return error_set(e, ERROR_GIVE_UP, EX_DATAERR, "line %ju: %zu fields where %zu are expected",
				 (uintmax_t)row->line, row->n, s->n);
	to = buf_reserve(out, s->fixed_bytes + row->bytes * ESCAPED_MOST);
	if (to == NULL)
		return error_set(e, ERROR_GIVE_UP, EX_DATAERR, "line %ju: a row of %zu bytes is too long",
				 (uintmax_t)row->line, row->bytes);
	for (size_t i = 0; i < s->n; i++) {
		to = write_short(to, s->columns[i].prefix, s->columns[i].prefix_len);
		to = write_field(to, &row->fields[i], s->columns[i].string);
		if (to == NULL)
			return error_set(e, ERROR_GIVE_UP, EX_DATAERR, "line %ju: column \"%s\" is not UTF-8",
					 (uintmax_t)row->line, s->columns[i].name);
	}
	*to++ = '}';
	out->len = (size_t)(to - out->data);
	return 0;
}

static int find(const struct row_shape *s, size_t n, const char *name, int (*compare)(const char *, const char *))
{
	for (size_t i = 0; i < n; i++)
		if (compare(s->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

int row_shape_find(const struct row_shape *s, const char *name, const char *setting, struct error *e)
{
	int column = find(s, s->n, name, strcmp);

	if (column < 0)
		error_set(e, ERROR_GIVE_UP, EX_CONFIG, "%s: the file has no column \"%s\" (its first is \"%s\")",
			  setting, name, s->columns[0].name);
	return column;
}

/* A name of its own for column i: what the file says, or the next one that is free. */
static void name_column(struct row_shape *s, size_t i, const char *wanted)
{
	char *name = wanted[0] != '\0' ? mem_strdup(wanted) : mem_printf("column%zu", i + 1);

	for (size_t k = 2; find(s, i, name, strcasecmp) >= 0; k++) {
		free(name);
		name = mem_printf("%s_%zu", wanted[0] != '\0' ? wanted : "column", k);
	}
	s->renamed += strcmp(name, wanted) != 0;
	s->columns[i].name = name;
}

static void make_prefix(struct column *c, char before)
{
	size_t len = strlen(c->name);
	uint8_t *padded = mem_zalloc(len + LANES), *to;
	uint32_t high = 0;

	memcpy(padded, c->name, len);
	c->prefix = mem_zalloc(len * ESCAPED_MOST + QUOTES_BYTES + 2 + LANES);
	c->prefix[0] = (uint8_t)before;
	to = write_string(c->prefix + 1, padded, len, &high);
	*to++ = ':';
	c->prefix_len = (size_t)(to - c->prefix);
	free(padded);
}

/* The names stand: make what row_write needs. */
static struct row_shape *finish(struct row_shape *s, const struct string_list *strings, struct error *e)
{
	s->fixed_bytes = 1 + LANES;
	for (size_t i = 0; i < s->n; i++) {
		make_prefix(&s->columns[i], i == 0 ? '{' : ',');
		s->fixed_bytes += s->columns[i].prefix_len + sizeof(null) + QUOTES_BYTES;
	}
	for (size_t i = 0; i < strings->n; i++) {
		int column = row_shape_find(s, strings->items[i], "replay.strings", e);

		if (column < 0) {
			row_shape_free(s);
			return NULL;
		}
		s->columns[column].string = true;
	}
	return s;
}

static struct row_shape *shape_alloc(size_t n)
{
	struct row_shape *s = mem_zalloc(sizeof(*s));

	s->n = n;
	s->columns = mem_array(n, sizeof(*s->columns));
	return s;
}

struct row_shape *row_shape_new(const struct csv_row *header, const struct string_list *strings, struct error *e)
{
	struct row_shape *s = shape_alloc(header->n);

	for (size_t i = 0; i < s->n; i++) {
		const struct csv_field *f = &header->fields[i];
		char *name = mem_printf("%.*s", (int)f->len, (const char *)f->data);
		bool fits = strlen(name) == f->len && text_is_utf8(name, f->len);

		if (fits)
			name_column(s, i, name);
		free(name);
		if (!fits) {
			error_set(e, ERROR_GIVE_UP, EX_DATAERR, "line %ju: the name of column %zu is not UTF-8",
				  (uintmax_t)header->line, i + 1);
			row_shape_free(s);
			return NULL;
		}
	}
	return finish(s, strings, e);
}

struct row_shape *row_shape_numbered(size_t n, const struct string_list *strings, struct error *e)
{
	struct row_shape *s = shape_alloc(n);

	for (size_t i = 0; i < n; i++)
		s->columns[i].name = mem_printf("column%zu", i + 1);
	return finish(s, strings, e);
}

void row_shape_free(struct row_shape *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->columns[i].name);
		free(s->columns[i].prefix);
	}
	free(s->columns);
	free(s);
}

size_t row_shape_columns(const struct row_shape *s)
{
	return s->n;
}

size_t row_shape_renamed(const struct row_shape *s)
{
	return s->renamed;
}

const char *row_shape_name(const struct row_shape *s, size_t column)
{
	return s->columns[column].name;
}
