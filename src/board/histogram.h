/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOARD_HISTOGRAM_H
#define BOARD_HISTOGRAM_H

#include <stdint.h>

/* How often a value lay up to each of some fixed bounds. Plain values: copied as they are. Thread: its owner. */

#define HISTOGRAM_BOUNDS 14

struct histogram_bounds {
	int n;
	double upper[HISTOGRAM_BOUNDS]; /* rising */
};

struct histogram {
	uint64_t n[HISTOGRAM_BOUNDS + 1]; /* values above the bound before and up to this one; the last: above all */
	uint64_t count;
	double sum;
};

extern const struct histogram_bounds histogram_seconds; /* of a request: 5 ms to 60 s */
extern const struct histogram_bounds histogram_ages;    /* of a record that lands: 1 s to a day */
extern const struct histogram_bounds histogram_bytes;   /* of an object: 1 KiB to 1 GiB */

void histogram_add(struct histogram *h, const struct histogram_bounds *b, double value);
/* Add what another one holds; both have the same bounds. */
void histogram_join(struct histogram *h, const struct histogram *other);

#endif
