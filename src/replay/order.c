/* SPDX-License-Identifier: Apache-2.0 */
/* Random order: an index of blocks, and permutations that need no memory.
 *
 * A permutation of [0, n) is a Feistel network over the next even number of bits, walked on until the value lies
 * below n. Its rounds mix with the key by the finaliser of MurmurHash3 as improved by Stafford ("mix 13"). */
#include "replay/order.h"

#include <stdlib.h>

#include "base/mem.h"

#define FIRST_PLACES 1024
#define FEISTEL_ROUNDS 6
#define HALF_BITS_LEAST 4 /* fewer would leave too few permutations */

struct place {
	int64_t offset;
	uint64_t line;
};

struct order {
	uint64_t seed;
	struct place *places; /* one a block */
	size_t n;
	size_t cap;
	size_t max;
	size_t block_rows; /* a power of two; the last block may have fewer */
	uint64_t rows;

	uint64_t key;  /* of this round */
	uint64_t next; /* pass * n + block, before they are permuted */
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t mix2(uint64_t a, uint64_t b)
{
	return mix(mix(a + UINT64_C(0x9e3779b97f4a7c15)) + b);
}

static uint64_t feistel(uint64_t x, unsigned half_bits, uint64_t key)
{
	uint64_t mask = (UINT64_C(1) << half_bits) - 1, left = x >> half_bits, right = x & mask;

	for (unsigned i = 0; i < FEISTEL_ROUNDS; i++) {
		uint64_t next = left ^ (mix2(key + i, right) & mask);

		left = right;
		right = next;
	}
	return left << half_bits | right;
}

/* Where the permutation of [0, n) that the key names puts x. */
static uint64_t permute(uint64_t x, uint64_t n, uint64_t key)
{
	unsigned half_bits = HALF_BITS_LEAST;

	while (n > UINT64_C(1) << (2 * half_bits))
		half_bits++;
	do
		x = feistel(x, half_bits, key);
	while (x >= n);
	return x;
}

struct order *order_new(uint64_t seed, size_t max_places)
{
	struct order *o = mem_zalloc(sizeof(*o));

	o->seed = seed;
	o->max = max_places;
	o->block_rows = 1;
	return o;
}

void order_free(struct order *o)
{
	if (o == NULL)
		return;
	free(o->places);
	free(o);
}

/* Blocks of twice as many rows: every second place goes. */
static void halve(struct order *o)
{
	for (size_t i = 0; i < o->n / 2; i++)
		o->places[i] = o->places[2 * i];
	o->n /= 2;
	o->block_rows *= 2;
}

void order_add(struct order *o, int64_t offset, uint64_t line)
{
	if (o->rows == o->n * (uint64_t)o->block_rows) {
		if (o->n == o->max)
			halve(o);
		if (o->n == o->cap) {
			o->cap = o->cap == 0 ? FIRST_PLACES : o->cap * 2;
			if (o->cap > o->max)
				o->cap = o->max;
			o->places = mem_realloc(o->places, o->cap * sizeof(*o->places));
		}
		o->places[o->n++] = (struct place){ offset, line };
	}
	o->rows++;
}

void order_begin(struct order *o, uint64_t round)
{
	o->key = mix2(o->seed, round);
	o->next = 0;
}

bool order_next(struct order *o, struct order_place *place)
{
	while (o->next < o->n * (uint64_t)o->block_rows) {
		uint64_t pass = o->next / o->n;
		uint64_t block = permute(o->next % o->n, o->n, mix2(o->key, pass));
		uint64_t row = o->block_rows == 1 ? 0 : permute(pass, o->block_rows, mix2(~o->key, block));

		o->next++;
		if (block * o->block_rows + row >= o->rows)
			continue;
		*place = (struct order_place){ o->places[block].offset, o->places[block].line, row };
		return true;
	}
	return false;
}

uint64_t order_rows(const struct order *o)
{
	return o->rows;
}

size_t order_block_rows(const struct order *o)
{
	return o->block_rows;
}
