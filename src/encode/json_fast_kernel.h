/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_JSON_FAST_KERNEL_H
#define ENCODE_JSON_FAST_KERNEL_H

/* The body of json_fast.h's functions, compiled once for the baseline of the machine and once for AVX2 (by the file
 * that defines JSON_FAST_AVX2 before it includes this one). 64 bytes at a time become one bit mask for each class of
 * character, the first byte in the lowest bit; the grammar is then some dozen operations on masks:
 * - every character outside strings must be allowed by the class of the one before it;
 * - adding the first bit of a run to the run carries into the place behind it: so are found the end of a key and the
 * end of a number's integer part;
 * - only brackets and literals are looked at one by one.
 * A block leaves to the next the last bit of each mask, the carries and the open brackets. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "base/text.h"

#define FAST_BLOCK 64
#define FAST_DEPTH 64 /* deeper documents are left to the scanner */

#if defined(JSON_FAST_AVX2)

#define FAST_TARGET __attribute__((target("avx2,bmi,pclmul")))
#define FAST_INLINE static inline __attribute__((always_inline, target("avx2,bmi,pclmul")))
typedef int8_t fast_vector __attribute__((vector_size(32)));
typedef int8_t fast_unaligned __attribute__((vector_size(32), aligned(1), may_alias));

struct fast_text {
	fast_vector a, b;
};

FAST_INLINE struct fast_text fast_load(const uint8_t *p)
{
	const fast_unaligned *from = (const void *)p;

	return (struct fast_text){ from[0], from[1] };
}

FAST_INLINE void fast_store(uint8_t *p, const struct fast_text *t)
{
	fast_unaligned *to = (void *)p;

	to[0] = t->a;
	to[1] = t->b;
}

FAST_INLINE uint64_t fast_bits(fast_vector v)
{
	return (uint32_t)_mm256_movemask_epi8((__m256i)v);
}

#define FAST_MASK(test) (fast_bits(test(t->a)) | fast_bits(test(t->b)) << 32)

FAST_INLINE fast_vector fast_union(const struct fast_text *t)
{
	return t->a | t->b;
}

FAST_INLINE bool fast_ascii(fast_vector seen)
{
	return fast_bits(seen) == 0;
}

FAST_INLINE uint64_t fast_prefix_xor(uint64_t x)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)x), _mm_set1_epi8(-1), 0));
}

#else

#define FAST_TARGET
#define FAST_INLINE static inline __attribute__((always_inline))
typedef int8_t fast_vector __attribute__((vector_size(16)));
typedef int8_t fast_unaligned __attribute__((vector_size(16), aligned(1), may_alias));

struct fast_text {
	fast_vector a, b, c, d;
};

FAST_INLINE struct fast_text fast_load(const uint8_t *p)
{
	const fast_unaligned *from = (const void *)p;

	return (struct fast_text){ from[0], from[1], from[2], from[3] };
}

FAST_INLINE void fast_store(uint8_t *p, const struct fast_text *t)
{
	fast_unaligned *to = (void *)p;

	to[0] = t->a;
	to[1] = t->b;
	to[2] = t->c;
	to[3] = t->d;
}

#define FAST_MASK(test) fast_bits(test(t->a), test(t->b), test(t->c), test(t->d))

#if defined(__aarch64__)

/* Weigh each byte by its place among eight, and add neighbours three times. */
FAST_INLINE uint64_t fast_bits(fast_vector a, fast_vector b, fast_vector c, fast_vector d)
{
	const uint8x16_t weight = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
	uint8x16_t ab = vpaddq_u8(vandq_u8((uint8x16_t)a, weight), vandq_u8((uint8x16_t)b, weight));
	uint8x16_t cd = vpaddq_u8(vandq_u8((uint8x16_t)c, weight), vandq_u8((uint8x16_t)d, weight));
	uint8x16_t sum = vpaddq_u8(ab, cd);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

#else

FAST_INLINE uint64_t fast_bits(fast_vector a, fast_vector b, fast_vector c, fast_vector d)
{
	uint64_t low = (uint64_t)_mm_movemask_epi8((__m128i)a) | (uint64_t)_mm_movemask_epi8((__m128i)b) << 16;
	uint64_t high = (uint64_t)_mm_movemask_epi8((__m128i)c) | (uint64_t)_mm_movemask_epi8((__m128i)d) << 16;

	return low | high << 32;
}

#endif

FAST_INLINE fast_vector fast_union(const struct fast_text *t)
{
	return t->a | t->b | t->c | t->d;
}

FAST_INLINE bool fast_ascii(fast_vector seen)
{
	return fast_bits(seen < 0, seen < 0, seen < 0, seen < 0) == 0;
}

FAST_INLINE uint64_t fast_prefix_xor(uint64_t x)
{
	for (unsigned n = 1; n < 64; n *= 2)
		x ^= x << n;
	return x;
}

#endif

struct fast_classes {
	uint64_t quote, digit, zero, dot, minus, colon, comma, bracket, k;
	bool odd; /* a byte that only the scanner understands: a backslash or a control character */
};

/* What the blocks so far leave to the next one. */
struct fast_state {
	uint64_t in_string; /* all ones inside a string */
	/* 0 or 1: the last byte was of that class. */
	uint64_t value_wanted, key_wanted, minus, number, ended, key_end, key_open, rest;
	uint64_t key_carry, integer_carry;
	uint64_t objects; /* one bit for each open bracket, 1: an object; the innermost is lowest */
	unsigned depth;
};

/* The bits of x moved to the byte behind them, and the last one left to the next block. */
FAST_INLINE uint64_t fast_behind(uint64_t x, uint64_t *last)
{
	uint64_t behind = 2 * x + *last;

	*last = x >> 63;
	return behind;
}

/* The sum of the runs in run and the first bits of some of them, with the carry of the block before: such a run becomes
 * zeros and leaves its bit behind it. */
FAST_INLINE uint64_t fast_carry(uint64_t run, uint64_t first, uint64_t *carry)
{
	uint64_t sum = run + first + *carry;

	*carry = (run & ~sum) >> 63;
	return sum;
}

#define FAST_IS_QUOTE(x) ((x) == '"')
#define FAST_IS_DIGIT(x) (((x) > '0' - 1) ^ ((x) > '9'))
#define FAST_IS_ZERO(x) ((x) == '0')
#define FAST_IS_DOT(x) ((x) == '.')
#define FAST_IS_MINUS(x) ((x) == '-')
#define FAST_IS_COLON(x) ((x) == ':')
#define FAST_IS_COMMA(x) ((x) == ',')
/* The brackets {, }, [, ] are 7b, 7d, 5b, 5d; Y, y, _ and 7f come along and are sorted out one by one. */
#define FAST_IS_BRACKET(x) (((x) | 0x26) == 0x7f)
#define FAST_IS_K(x) (((x) | 0x20) == 'k')
/* The comparisons have a sign: what is not ASCII is below zero. */
#define FAST_IS_PLAIN(x) ((((x) > ' ' - 1) | ((x) < 0)) & ((x) != '\\'))

FAST_INLINE void fast_classify(const struct fast_text *t, bool want_k, struct fast_classes *c)
{
	c->odd = FAST_MASK(FAST_IS_PLAIN) != ~UINT64_C(0);
	c->quote = FAST_MASK(FAST_IS_QUOTE);
	c->digit = FAST_MASK(FAST_IS_DIGIT);
	c->zero = FAST_MASK(FAST_IS_ZERO);
	c->dot = FAST_MASK(FAST_IS_DOT);
	c->minus = FAST_MASK(FAST_IS_MINUS);
	c->colon = FAST_MASK(FAST_IS_COLON);
	c->comma = FAST_MASK(FAST_IS_COMMA);
	c->bracket = FAST_MASK(FAST_IS_BRACKET);
	c->k = want_k ? FAST_MASK(FAST_IS_K) : 0;
}

FAST_INLINE void fast_shift(struct fast_classes *c, unsigned n)
{
	c->quote >>= n;
	c->digit >>= n;
	c->zero >>= n;
	c->dot >>= n;
	c->minus >>= n;
	c->colon >>= n;
	c->comma >>= n;
	c->bracket >>= n;
	c->k >>= n;
}

/* One of true, false, null at p, and behind it what may stand behind a value. */
FAST_INLINE bool fast_literal(const uint8_t *p, size_t left)
{
	if (left >= 6 && memcmp(p, "false", 5) == 0)
		p += 5;
	else if (left >= 5 && (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0))
		p += 4;
	else
		return false;
	return *p == ',' || (*p | 0x20) == '}';
}

/* What fast_brackets finds out about a block. */
struct fast_nesting {
	uint64_t objects; /* the bytes whose innermost bracket is an object's; behind that bracket until behind the next
			   */
	uint64_t open;
	uint64_t braces; /* the brackets that open an object */
	uint64_t empty;  /* the brackets that close an empty container */
};

/* Follow the brackets of a block whose first byte is at p. False: they do not match or are too deep, or something
 * follows the last one. */
FAST_INLINE bool fast_brackets(struct fast_state *s, uint64_t brackets, const uint8_t *p, const uint8_t *end,
			       struct fast_nesting *n)
{
	*n = (struct fast_nesting){ .objects = -(s->objects & 1) };
	for (; brackets != 0; brackets &= brackets - 1) {
		int i = __builtin_ctzll(brackets);
		uint64_t here = UINT64_C(1) << i, behind = ~here & -here, is_object = (p[i] >> 5) & 1;

		if ((p[i] & 0x06) == ('{' & 0x06)) {
			if (++s->depth > FAST_DEPTH)
				return false;
			s->objects = s->objects << 1 | is_object;
			n->open |= here;
			n->braces |= is_object << i;
		} else {
			if ((p[i] & 0x06) != ('}' & 0x06) || is_object != (s->objects & 1))
				return false;
			s->objects >>= 1;
			n->empty |= (p[i - 1] | 0x20) == '{' ? here : 0;
			if (--s->depth == 0 && p + i + 1 != end)
				return false;
		}
		n->objects = (n->objects & ~behind) | (behind & -(s->objects & 1));
	}
	return true;
}

/* What is of no class must be literals, each where a value is wanted. */
FAST_INLINE bool fast_rest(struct fast_state *s, uint64_t rest, uint64_t value_here, const uint8_t *p,
			   const uint8_t *end)
{
	uint64_t starts = rest & ~fast_behind(rest, &s->rest);

	if ((starts & ~value_here) != 0)
		return false;
	for (; starts != 0; starts &= starts - 1) {
		const uint8_t *at = p + __builtin_ctzll(starts);

		if (!fast_literal(at, (size_t)(end - at)))
			return false;
	}
	return true;
}

/* Check one block: p[0..) with the classes c, valid its bytes. False: not certain. */
FAST_INLINE bool fast_block(struct fast_state *s, const struct fast_classes *c, uint64_t valid, bool check_k,
			    const uint8_t *p, const uint8_t *end)
{
	uint64_t in_string = fast_prefix_xor(c->quote) ^
			     s->in_string; /* the opening quote is in, the closing one out */
	uint64_t outside = ~in_string & valid;
	uint64_t begin = c->quote & in_string, finish = c->quote & outside;
	uint64_t digit = c->digit & outside, dot = c->dot & outside, minus = c->minus & outside;
	uint64_t colon = c->colon & outside, comma = c->comma & outside;
	uint64_t bracket = c->bracket & outside;
	uint64_t rest = outside & ~(finish | digit | dot | minus | colon | comma | bracket);
	struct fast_nesting n;

	if (!fast_brackets(s, bracket, p, end, &n))
		return false;

	uint64_t open = n.open, close = bracket & ~open, bad;
	uint64_t value_here = fast_behind(colon | (comma & ~n.objects) | (open & ~n.braces), &s->value_wanted);
	uint64_t key_here = fast_behind((comma & n.objects) | n.braces, &s->key_wanted);
	uint64_t key_open = begin & key_here;
	uint64_t key_end = fast_carry(in_string, key_open, &s->key_carry) & finish;
	uint64_t ended = fast_behind(finish | digit | close | rest, &s->ended);
	uint64_t integer = digit & (value_here | fast_behind(minus, &s->minus));
	uint64_t integer_end = fast_carry(digit, integer, &s->integer_carry) & ~digit;
	/* No digit may stand behind a zero that begins an integer part. */
	uint64_t number = fast_behind((digit & ~(integer & c->zero)) | dot, &s->number);

	bad = (begin & ~(value_here | key_here)) | ((open | minus) & ~value_here);
	bad |= (digit & ~(integer | number)) | (dot & ~integer_end);
	bad |= (colon ^ fast_behind(key_end, &s->key_end)) | ((comma | (close & ~n.empty)) & ~ended);
	if (check_k)
		bad |= fast_behind(key_open, &s->key_open) & c->k;
	if ((rest | s->rest) != 0 && !fast_rest(s, rest, value_here, p, end))
		return false;
	s->in_string = -(in_string >> 63);
	return bad == 0;
}

/* The last block when it is not a whole one, from a copy of the bytes before it and its own. */
FAST_INLINE bool fast_document(const uint8_t *in, size_t len, bool want_k, uint8_t *out)
{
	struct fast_state s = { .value_wanted = 1 };
	const uint8_t *p = in, *end = in + len;
	struct fast_classes c;
	struct fast_text t;
	fast_vector seen = { 0 };

	for (; end - p >= FAST_BLOCK; p += FAST_BLOCK) {
		t = fast_load(p);
		fast_classify(&t, want_k, &c);
		if (c.odd || !fast_block(&s, &c, ~UINT64_C(0), want_k, p, end))
			return false;
		seen |= fast_union(&t);
		fast_store(out + (p - in), &t);
	}
	if (p < end) {
		unsigned n = (unsigned)(end - p);
		uint8_t padded[FAST_BLOCK];

		if (len >= FAST_BLOCK) {
			t = fast_load(end - FAST_BLOCK);
			fast_store(out + len - FAST_BLOCK, &t);
			fast_classify(&t, want_k, &c);
			fast_shift(&c, FAST_BLOCK - n);
		} else {
			memset(padded, ' ', sizeof(padded));
			memcpy(padded, in, len);
			t = fast_load(padded);
			memcpy(out, in, len);
			fast_classify(&t, want_k, &c);
		}
		if (c.odd || !fast_block(&s, &c, ~UINT64_C(0) >> (FAST_BLOCK - n), want_k, p, end))
			return false;
		seen |= fast_union(&t);
	}
	return s.depth == 0 && (fast_ascii(seen) || (!want_k && text_is_utf8(in, len)));
}

#endif
