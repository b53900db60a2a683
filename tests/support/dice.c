/* SPDX-License-Identifier: Apache-2.0 */
/* SplitMix64: any seed is a good one, and neighbours share nothing. */
#include "support/dice.h"

#include <stdlib.h>

uint64_t dice_seed(uint64_t usual)
{
	const char *given = getenv("KAFKA2S3_SEED");

	return given != NULL && *given != '\0' ? strtoull(given, NULL, 0) : usual;
}

void dice_init(struct dice *d, uint64_t seed)
{
	d->state = seed;
}

uint64_t dice_next(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

int64_t dice_below(struct dice *d, int64_t n)
{
	return (int64_t)(dice_next(d) % (uint64_t)n);
}

bool dice_chance(struct dice *d, int percent)
{
	return dice_below(d, 100) < percent;
}
