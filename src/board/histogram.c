/* SPDX-License-Identifier: Apache-2.0 */
#include "board/histogram.h"

#define MIB (1024.0 * 1024.0)

const struct histogram_bounds histogram_seconds = {
	13,
	{ 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60 },
};
const struct histogram_bounds histogram_ages = {
	14,
	{ 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21600, 43200, 86400 },
};
const struct histogram_bounds histogram_bytes = {
	11,
	{ 1024, 4096, 16384, 65536, MIB / 4, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, 1024 * MIB },
};

void histogram_add(struct histogram *h, const struct histogram_bounds *b, double value)
{
	int i = 0;

	while (i < b->n && value > b->upper[i])
		i++;
	h->n[i < b->n ? i : HISTOGRAM_BOUNDS]++;
	h->count++;
	h->sum += value;
}

void histogram_join(struct histogram *h, const struct histogram *other)
{
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
		h->n[i] += other->n[i];
	h->count += other->count;
	h->sum += other->sum;
}
