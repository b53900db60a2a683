/* SPDX-License-Identifier: Apache-2.0 */
/* The strict JSON scanner. Plain rows take the quick way of json_fast.c, which can only say yes; everything else, and
 * so every "no", is decided here, byte by byte outside strings and 16 bytes at a time inside them. What lies between
 * two stretches of white space is copied as one run. Pure, without allocation; the open brackets are a stack of bits.
 * Nothing beyond in[len) is read. */
#include "encode/json_scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "encode/json_fast.h"
#include "encode/json_reserved.h"

#define INLINE static inline __attribute__((always_inline))
#define BLOCK 16

struct scan {
	const uint8_t *end;
	const uint8_t *run; /* checked from here on, but not copied yet */
	uint8_t *out;       /* the next byte to write */
	unsigned depth, reserved;
	enum scan_verdict why;                 /* valid once a function has returned NULL */
	uint64_t objects[SCAN_MAX_DEPTH / 64]; /* bit d: the bracket at depth d + 1 is an object's */
};

/* Every step returns the place behind what it has checked, or NULL through here. */
INLINE const uint8_t *refuse(struct scan *s, enum scan_verdict why)
{
	s->why = why;
	return NULL;
}

/* Copy the run that ends at p. There is room for len bytes behind the output's beginning, and it is never ahead of the
 * input: so whole blocks may be written where whole blocks can be read. */
static void copy_run(struct scan *s, const uint8_t *p)
{
	size_t n = (size_t)(p - s->run);

	if (n <= BLOCK && s->end - s->run >= BLOCK)
		memcpy(s->out, s->run, BLOCK);
	else
		memcpy(s->out, s->run, n);
	s->out += n;
	s->run = p;
}

static const uint8_t *white_space(struct scan *s, const uint8_t *p)
{
	copy_run(s, p);
	while (p < s->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	s->run = p;
	return p;
}

INLINE const uint8_t *skip(struct scan *s, const uint8_t *p)
{
	return p < s->end && *p <= ' ' ? white_space(s, p) : p;
}

/* Behind the UTF-8 character at p, or NULL. Source: RFC 3629, 4. */
static const uint8_t *utf8_character(const uint8_t *p, const uint8_t *end)
{
	size_t left = (size_t)(end - p);
	uint8_t low = 0x80, high = 0xbf;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return left >= 2 && (p[1] & 0xc0) == 0x80 ? p + 2 : NULL;
	if (p[0] >= 0xe0 && p[0] <= 0xef) {
		low = p[0] == 0xe0 ? 0xa0 : low;
		high = p[0] == 0xed ? 0x9f : high;
		return left >= 3 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 ? p + 3 : NULL;
	}
	if (p[0] < 0xf0 || p[0] > 0xf4)
		return NULL;
	low = p[0] == 0xf0 ? 0x90 : low;
	high = p[0] == 0xf4 ? 0x8f : high;
	return left >= 4 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 && (p[3] & 0xc0) == 0x80 ? p + 4
													  : NULL;
}

/* A byte that cannot stand here: bad UTF-8 if it is that, else bad syntax. A byte order mark is no JSON, though UTF-8.
 */
static const uint8_t *unexpected(struct scan *s, const uint8_t *p)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };

	if (p == s->end || *p < 0x80)
		return refuse(s, SCAN_SYNTAX);
	if (s->end - p >= 3 && memcmp(p, mark, 3) == 0)
		return refuse(s, SCAN_UTF8);
	return refuse(s, utf8_character(p, s->end) != NULL ? SCAN_SYNTAX : SCAN_UTF8);
}

INLINE bool plain_in_string(uint8_t c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

/* The first byte from p on that ends or interrupts a plain stretch of a string, or the end. */
INLINE const uint8_t *plain_stretch(const struct scan *s, const uint8_t *p)
{
#if defined(__x86_64__)
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');

	for (; s->end - p >= BLOCK; p += BLOCK) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i special = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash));
		/* The comparison has a sign: control characters and all that is not ASCII are below the space. */
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(special, _mm_cmplt_epi8(x, space)));

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
#else
	for (; s->end - p >= 8; p += 8) {
		const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
		uint64_t x, quote, backslash, control;

		memcpy(&x, p, 8);
		quote = x ^ (ones * '"');
		backslash = x ^ (ones * '\\');
		control = x - ones * ' ';
		if ((((quote - ones) | (backslash - ones) | control | x) & tops) != 0)
			break;
	}
#endif
	while (p < s->end && plain_in_string(*p))
		p++;
	return p;
}

INLINE bool hex_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* p is at a backslash. A lone surrogate is allowed by the grammar and passes as it is written. */
static const uint8_t *escape(struct scan *s, const uint8_t *p)
{
	if (s->end - p < 2)
		return refuse(s, SCAN_SYNTAX);
	if (p[1] == 'u') {
		if (s->end - p >= 6 && hex_digit(p[2]) && hex_digit(p[3]) && hex_digit(p[4]) && hex_digit(p[5]))
			return p + 6;
		return refuse(s, SCAN_SYNTAX);
	}
	return p[1] != 0 && strchr("\"\\/bfnrt", p[1]) != NULL ? p + 2 : unexpected(s, p + 1);
}

/* p is behind the opening quote. */
INLINE const uint8_t *string(struct scan *s, const uint8_t *p)
{
	for (;;) {
		p = plain_stretch(s, p);
		if (p == s->end)
			return refuse(s, SCAN_SYNTAX);
		if (*p == '"')
			return p + 1;
		if (*p < ' ')
			return refuse(s, SCAN_SYNTAX);
		if (*p == '\\') {
			p = escape(s, p);
			if (p == NULL)
				return NULL;
		}
		while (p < s->end && *p >= 0x80) {
			p = utf8_character(p, s->end);
			if (p == NULL)
				return refuse(s, SCAN_UTF8);
		}
	}
}

INLINE bool digit_at(const struct scan *s, const uint8_t *p)
{
	return p < s->end && (uint8_t)(*p - '0') < 10;
}

/* One digit or more. */
INLINE const uint8_t *digits(struct scan *s, const uint8_t *p)
{
	if (!digit_at(s, p))
		return unexpected(s, p);
	while (digit_at(s, p))
		p++;
	return p;
}

INLINE const uint8_t *number(struct scan *s, const uint8_t *p)
{
	p += *p == '-';
	p = p < s->end && *p == '0' ? p + 1 : digits(s, p);
	if (p != NULL && p < s->end && *p == '.')
		p = digits(s, p + 1);
	if (p != NULL && p < s->end && (*p | 0x20) == 'e') {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		p = digits(s, p);
	}
	return p;
}

INLINE const uint8_t *literal(struct scan *s, const uint8_t *p, const char *text, size_t len)
{
	return (size_t)(s->end - p) >= len && memcmp(p, text, len) == 0 ? p + len : refuse(s, SCAN_SYNTAX);
}

INLINE bool in_object(const struct scan *s)
{
	return (s->objects[(s->depth - 1) / 64] >> ((s->depth - 1) % 64)) & 1;
}

INLINE bool push(struct scan *s, bool object)
{
	uint64_t bit = UINT64_C(1) << (s->depth % 64), *word = &s->objects[s->depth / 64];

	if (s->depth == SCAN_MAX_DEPTH)
		return false;
	*word = object ? *word | bit : *word & ~bit;
	s->depth++;
	return true;
}

/* A key and its colon, from p on, which may be at white space; then white space again. */
INLINE const uint8_t *key(struct scan *s, const uint8_t *p)
{
	const uint8_t *name;

	p = skip(s, p);
	if (p == s->end || *p != '"')
		return unexpected(s, p);
	name = p + 1;
	p = string(s, name);
	if (p == NULL)
		return NULL;
	if (s->reserved != 0 && s->depth == 1 && json_reserved(name, (size_t)(p - 1 - name), s->reserved))
		return refuse(s, SCAN_RESERVED);
	p = skip(s, p);
	if (p == s->end || *p != ':')
		return unexpected(s, p);
	return skip(s, p + 1);
}

/* A scalar. */
INLINE const uint8_t *scalar(struct scan *s, const uint8_t *p)
{
	if (*p == '"')
		return string(s, p + 1);
	if (*p == '-' || digit_at(s, p))
		return number(s, p);
	if (*p == 't')
		return literal(s, p, "true", 4);
	if (*p == 'f')
		return literal(s, p, "false", 5);
	return *p == 'n' ? literal(s, p, "null", 4) : unexpected(s, p);
}

/* From the beginning of a value to that of the innermost value in it: through opening brackets and, in objects, the
 * first key. Stops at a scalar, or behind the bracket that closes an empty container (*empty). */
INLINE const uint8_t *descend(struct scan *s, const uint8_t *p, bool *empty)
{
	*empty = false;
	while (p < s->end && (*p == '{' || *p == '[')) {
		uint8_t close = *p == '{' ? '}' : ']';

		if (!push(s, close == '}'))
			return refuse(s, SCAN_DEPTH);
		p = skip(s, p + 1);
		if (p < s->end && *p == close) {
			*empty = true;
			s->depth--;
			return p + 1;
		}
		if (close == '}')
			p = key(s, p);
		if (p == NULL)
			return NULL;
	}
	return p == s->end ? refuse(s, SCAN_SYNTAX) : p;
}

/* From the end of a value through closing brackets to the next value, or to the end of the document (depth 0). */
INLINE const uint8_t *ascend(struct scan *s, const uint8_t *p)
{
	while (s->depth > 0) {
		bool object = in_object(s);

		p = skip(s, p);
		if (p == s->end)
			return refuse(s, SCAN_SYNTAX);
		if (*p == ',')
			return object ? key(s, p + 1) : skip(s, p + 1);
		if (*p != (object ? '}' : ']'))
			return unexpected(s, p);
		s->depth--;
		p++;
	}
	return p;
}

/* The document from its first byte that is no white space on. */
static const uint8_t *document(struct scan *s, const uint8_t *p)
{
	bool empty;

	do {
		p = descend(s, p, &empty);
		if (p != NULL && !empty)
			p = scalar(s, p);
		if (p != NULL)
			p = ascend(s, p);
		if (p == NULL)
			return NULL;
	} while (s->depth > 0);
	copy_run(s, p);
	p = white_space(s, p);
	return p == s->end ? p : unexpected(s, p);
}

static struct json_scanned scan(const uint8_t *in, size_t len, unsigned reserved, uint8_t *out)
{
	struct scan s = { .end = in + len, .run = in, .out = out, .reserved = reserved };
	const uint8_t *p = white_space(&s, in);
	bool object = p < s.end && *p == '{';
	size_t n;

	if (p == s.end)
		return (struct json_scanned){ .verdict = SCAN_EMPTY };
	if (document(&s, p) == NULL)
		return (struct json_scanned){ .verdict = s.why };
	n = (size_t)(s.out - out);
	return (struct json_scanned){ object ? SCAN_OBJECT : SCAN_OTHER, n, object && n == 2 };
}

struct json_scanned json_scan(const uint8_t *in, size_t len, unsigned reserved, uint8_t *out)
{
	if (json_fast_accept(in, len, reserved != 0, out))
		return (struct json_scanned){ SCAN_OBJECT, len, len == 2 };
	return scan(in, len, reserved, out);
}

const char *json_verdict_text(enum scan_verdict v)
{
	static const char *const text[] = {
		[SCAN_OBJECT] = "a JSON object",
		[SCAN_OTHER] = "a JSON document that is no object",
		[SCAN_EMPTY] = "empty",
		[SCAN_SYNTAX] = "not a JSON document",
		[SCAN_UTF8] = "not UTF-8",
		[SCAN_DEPTH] = "nested too deep",
		[SCAN_RESERVED] = "has a key that a metadata column wants",
	};

	return text[v];
}
