/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_PACE_H
#define REPLAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* When the next row may go: by a rate, by the distances of a time column, or at once.
 * A row whose time is not later than that of a row before it goes at once.
 * Who falls behind by more than PACE_CATCH_UP_MS (Kafka was away) does not make up for it: the schedule moves.
 * Thread: one at a time; pure: the clock is a parameter, any that only goes forward. */
struct pace {
	double rate;   /* rows per second; 0: not by this */
	double factor; /* how much faster than the column; 0: not by this */
	bool begun;
	int64_t origin_ms; /* the clock's time of the first row; */
	int64_t first_ms;  /* its time in the column; */
	int64_t latest_ms; /* the latest time in the column so far; */
	double rows;       /* how many went since */
};

#define PACE_CATCH_UP_MS 1000

void pace_init_free(struct pace *p);
void pace_init_rate(struct pace *p, double rows_per_second);
void pace_init_column(struct pace *p, double factor);

/* The clock's time at which the next row may go; not later than now: it may. column_ms: its time in the column. */
int64_t pace_due(struct pace *p, int64_t now_ms, int64_t column_ms);
/* It went. */
void pace_sent(struct pace *p);
/* The file begins again: distances count from its first row anew. A rate goes on as it is. */
void pace_again(struct pace *p);

#endif
