/* SPDX-License-Identifier: Apache-2.0 */

#include "replay/order.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROW_BYTES 10

/* An index of rows that are all ten bytes long, the first on line 2. */
static struct order *make(uint64_t seed, size_t max_places, uint64_t rows)
{
	struct order *o = order_new(seed, max_places);

	for (uint64_t i = 0; i < rows; i++)
		order_add(o, (int64_t)i * ROW_BYTES, i + 2);
	assert_int_equal(order_rows(o), rows);
	return o;
}

/* The rows of one round by their numbers; each must come exactly once. */
static uint64_t *round_of(struct order *o, uint64_t round)
{
	uint64_t rows = order_rows(o), n = 0;
	uint64_t *out = calloc(rows + 1, sizeof(*out));
	char *seen = calloc(rows + 1, 1);
	struct order_place place;

	order_begin(o, round);
	while (order_next(o, &place)) {
		uint64_t row = (uint64_t)place.offset / ROW_BYTES;

		assert_int_equal(place.line, row + 2);
		assert_true(place.skip < order_block_rows(o));
		row += place.skip;
		assert_true(row < rows && n < rows);
		assert_false(seen[row]);
		seen[row] = 1;
		out[n++] = row;
	}
	assert_int_equal(n, rows);
	free(seen);
	return out;
}

static void test_each_row_once(void **state)
{
	static const uint64_t rows[] = { 0, 1, 2, 3, 7, 15, 16, 17, 31, 33, 100, 255, 256, 257, 1000, 5000 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t places = 2; places <= 8192; places *= 4) {
			struct order *o = make(i, places, rows[i]);

			for (uint64_t round = 0; round < 3; round++)
				free(round_of(o, round));
			order_free(o);
		}
	}
}

static void test_index_is_bounded(void **state)
{
	struct order *o = make(1, 1024, 1024);

	(void)state;
	assert_int_equal(order_block_rows(o), 1);
	order_add(o, 10240, 1026);
	assert_int_equal(order_block_rows(o), 2);
	order_free(o);
	o = make(1, 1024, 100000);
	assert_int_equal(order_block_rows(o), 128);
	free(round_of(o, 0));
	order_free(o);
}

static void test_seed_and_round(void **state)
{
	struct order *a = make(1, 65536, 1000), *b = make(1, 65536, 1000), *c = make(2, 65536, 1000);
	uint64_t *first = round_of(a, 0), *same = round_of(b, 0), *other = round_of(c, 0), *second = round_of(a, 1);

	(void)state;
	assert_memory_equal(first, same, 1000 * sizeof(*first));
	assert_memory_not_equal(first, other, 1000 * sizeof(*first));
	assert_memory_not_equal(first, second, 1000 * sizeof(*first));
	free(first);
	free(same);
	free(other);
	free(second);
	order_free(a);
	order_free(b);
	order_free(c);
}

/* How far the order is from the file's: correlation of position and row, and how many neighbours stay neighbours. */
static void expect_shuffled(uint64_t seed, size_t places, uint64_t rows)
{
	struct order *o = make(seed, places, rows);
	uint64_t *out = round_of(o, 0), neighbours = 0;
	double mean = (double)(rows - 1) / 2, sum = 0, squares = 0;

	for (uint64_t i = 0; i < rows; i++) {
		sum += ((double)i - mean) * ((double)out[i] - mean);
		squares += ((double)i - mean) * ((double)i - mean);
		neighbours += i > 0 && (out[i] == out[i - 1] + 1 || out[i] + 1 == out[i - 1]);
	}
	if (fabs(sum / squares) > 5 / sqrt((double)rows))
		fail_msg("seed %ju, %zu places: correlation %f", (uintmax_t)seed, places, sum / squares);
	if (neighbours > 15)
		fail_msg("seed %ju, %zu places: %ju neighbours", (uintmax_t)seed, places, (uintmax_t)neighbours);
	free(out);
	order_free(o);
}

static void test_shuffled(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		expect_shuffled(seed, 65536, 20000);
		expect_shuffled(seed, 1024, 20000);
	}
}

/* Few rows: with many seeds every order of four comes about as often as any other. */
static void test_small_orders(void **state)
{
	unsigned counts[256] = { 0 };
	double chi = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 24000; seed++) {
		struct order *o = make(seed, 65536, 4);
		uint64_t *out = round_of(o, 0);

		counts[out[0] << 6 | out[1] << 4 | out[2] << 2 | out[3]]++;
		free(out);
		order_free(o);
	}
	for (int i = 0; i < 256; i++)
		if (counts[i] > 0)
			chi += ((double)counts[i] - 1000) * ((double)counts[i] - 1000) / 1000;
	assert_true(chi < 60); /* 23 degrees of freedom: one in 30,000 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_once),  cmocka_unit_test(test_index_is_bounded),
		cmocka_unit_test(test_seed_and_round), cmocka_unit_test(test_shuffled),
		cmocka_unit_test(test_small_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
