/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOARD_METER_H
#define BOARD_METER_H

#include <stdbool.h>
#include <stdint.h>

/* How fast counters grow, over the last ten seconds and the last minute; and when a mark that creeps on will have
 * passed a place. Pure: time is a parameter. Thread: its owner. */

#define METER_SAMPLES 64 /* more than a minute of them */

struct meter_sample {
	int64_t at_ms;
	uint64_t records, bytes;
};

struct meter {
	struct meter_sample samples[METER_SAMPLES]; /* a ring */
	unsigned n;                                 /* put in so far */
};

/* A second each; 0 while nothing is known yet. */
struct meter_rates {
	double records_10s, bytes_10s;
	double records_60s, bytes_60s;
};

/* What the counters are now; more often than once a second is left out. */
void meter_add(struct meter *m, int64_t now_ms, uint64_t records, uint64_t bytes);
struct meter_rates meter_rates(const struct meter *m);

/* A mark that moves on in leaps, as the first offset of a log does when retention takes a piece of it. Its pace is what
 * it moved since the leap that the window began with; the window is twelve to twenty-four hours, or since the first
 * leap that was seen. */
struct creep {
	bool seen;
	int64_t mark;              /* when it was noted last */
	int64_t from, from_ms;     /* where the window begins; 0: no leap was seen yet */
	int64_t middle, middle_ms; /* where the next one will */
};

#define CREEP_UNKNOWN (-1)

void creep_note(struct creep *c, int64_t now_ms, int64_t mark);
/* ms until it has gone so far at its pace; CREEP_UNKNOWN: fewer than two leaps were seen. */
int64_t creep_until(const struct creep *c, int64_t now_ms, int64_t distance);

#endif
