/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_LANES_H
#define REPLAY_LANES_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(LANES_PORTABLE)
#include <emmintrin.h>
#define LANES_SSE2 1
#endif

/* Sixteen bytes at a time: each question answers with a mask, bit n for byte n. SSE2 where the compiler has it, else
 * plain loops. All of them read sixteen bytes at p, and lanes_copy writes sixteen, so buffers are padded with LANES. */
#define LANES 16

static inline void lanes_copy(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, LANES);
}

/* Which bytes are a, b or c. */
static inline uint32_t lanes_any3(const uint8_t *p, uint8_t a, uint8_t b, uint8_t c)
{
#ifdef LANES_SSE2
	__m128i x = _mm_loadu_si128((const __m128i *)p);
	__m128i m = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8((char)a)), _mm_cmpeq_epi8(x, _mm_set1_epi8((char)b)));

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(m, _mm_cmpeq_epi8(x, _mm_set1_epi8((char)c))));
#else
	uint32_t mask = 0;

	for (unsigned i = 0; i < LANES; i++)
		mask |= (uint32_t)(p[i] == a || p[i] == b || p[i] == c) << i;
	return mask;
#endif
}

/* Which bytes are not '0' to '9'. */
static inline uint32_t lanes_not_digit(const uint8_t *p)
{
#ifdef LANES_SSE2
	__m128i x = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8('0'));

	return ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_min_epu8(x, _mm_set1_epi8(9)))) & 0xffff;
#else
	uint32_t mask = 0;

	for (unsigned i = 0; i < LANES; i++)
		mask |= (uint32_t)(p[i] < '0' || p[i] > '9') << i;
	return mask;
#endif
}

/* Which bytes a JSON string must escape: below 0x20, '"' and '\'; *high: which are beyond ASCII. */
static inline uint32_t lanes_escape(const uint8_t *p, uint32_t *high)
{
#ifdef LANES_SSE2
	__m128i x = _mm_loadu_si128((const __m128i *)p);
	__m128i m = _mm_cmpeq_epi8(x, _mm_min_epu8(x, _mm_set1_epi8(0x1f)));

	m = _mm_or_si128(m, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
	m = _mm_or_si128(m, _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
	*high = (uint32_t)_mm_movemask_epi8(x);
	return (uint32_t)_mm_movemask_epi8(m);
#else
	uint32_t mask = 0;

	*high = 0;
	for (unsigned i = 0; i < LANES; i++) {
		mask |= (uint32_t)(p[i] < 0x20 || p[i] == '"' || p[i] == '\\') << i;
		*high |= (uint32_t)(p[i] >> 7) << i;
	}
	return mask;
#endif
}

#endif
