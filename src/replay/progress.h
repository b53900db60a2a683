/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "replay/engine.h"

/* How it goes, in words: a bar for a terminal, a line for anything else. The rate is that of the acknowledged rows
 * since the last time. Thread: one at a time; pure: the clock is a parameter. */
struct progress {
	const char *topic;
	int64_t begin_ms;
	int64_t last_ms;
	uint64_t last_done;
	double rate; /* rows per second; less than 0: not known yet */
};

void progress_init(struct progress *p, const char *topic, int64_t now_ms);

/* Take note of the numbers; call it once before each of the two below. */
void progress_note(struct progress *p, const struct engine_counts *c, int64_t now_ms);

/* "stock_market [#####.....]  50 %  12000 rows  3200/s  2 skipped  0:04 left", cut to width columns. */
void progress_bar(const struct progress *p, const struct engine_counts *c, int64_t now_ms, unsigned width, char *out,
		  size_t size);
/* "12000 rows sent to "stock_market", 50 %, 3200 rows/s, 2 skipped" */
void progress_line(const struct progress *p, const struct engine_counts *c, char *out, size_t size);

#endif
