/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_ORDER_H
#define REPLAY_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Random order in bounded memory. "Random" means: every row exactly once a round, in a pseudo-random permutation that
 * follows from the seed, the round and the number of rows alone.
 *
 * The index holds the place of every row, up to ORDER_MAX_PLACES. When it is full, every second place is given up, and
 * each that stays stands for a block of twice as many rows. A round then has as many passes as a block has rows: each
 * pass takes one row out of every block, the blocks in an order of their own, and which row that is, is another
 * permutation. So neighbours in the file do not come out as neighbours, whatever the file's size; what large files
 * lose is only that two rows of one block never come out in the same pass.
 * Thread: one at a time; pure. */
struct order;

#define ORDER_MAX_PLACES ((size_t)2 << 20) /* 32 MiB; kept whole up to that many rows */

struct order_place {
	int64_t offset; /* of a row; */
	uint64_t line;
	size_t skip; /* the one that is meant comes so many rows later */
};

/* max_places: a power of two, at least two. */
struct order *order_new(uint64_t seed, size_t max_places);
void order_free(struct order *o); /* NULL is fine */

/* First every row in the file's order; */
void order_add(struct order *o, int64_t offset, uint64_t line);
/* then round after round: begin, and next until false. */
void order_begin(struct order *o, uint64_t round);
bool order_next(struct order *o, struct order_place *place);

uint64_t order_rows(const struct order *o);
size_t order_block_rows(const struct order *o);

#endif
