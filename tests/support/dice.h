/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_DICE_H
#define SUPPORT_DICE_H

#include <stdbool.h>
#include <stdint.h>

/* Random numbers that a seed brings back. A test that fails prints its seed; KAFKA2S3_SEED runs it again. */
struct dice {
	uint64_t state;
};

/* $KAFKA2S3_SEED, else the given one. */
uint64_t dice_seed(uint64_t usual);
void dice_init(struct dice *d, uint64_t seed);
uint64_t dice_next(struct dice *d);
/* 0 to n - 1. */
int64_t dice_below(struct dice *d, int64_t n);
/* True in percent of the throws. */
bool dice_chance(struct dice *d, int percent);

#endif
