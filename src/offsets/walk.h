/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OFFSETS_WALK_H
#define OFFSETS_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "batch/range_id.h"
#include "batch/record.h"
#include "offsets/tail.h"
#include "settings/settings.h"
#include "settings/skip.h"

/* The log against the tail of the chain: each record goes where the settings send it, and so it is found what every
 * range of the tail holds, what of it S3 lacks, and where those end of which S3 does not say it: behind the record that
 * is the last line of what is there. What is there is compared line by line, so nothing is guessed. Pure. */

#define WALK_MAX (2 * TAIL_MAX + 1)

struct walk_about {
	const char *topic;
	int32_t partition;
	const struct topic_settings *settings;
	const char *table;
	uint64_t fingerprint; /* of the settings */
	struct skip skip;     /* its owner's; what is walked is told by a copy of its place */
	int64_t part_bytes;   /* s3.part_size */
	char mark[RANGE_MARK_SIZE];
};

struct walked_range {
	struct range_facts facts;
	bool whole; /* S3 has all of its objects */
	bool new;   /* nothing of it is in S3, and nothing there names it */
};

struct walk;

/* from: the first offset that is not in S3, or is in the first range of the tail. late: the log begins behind the start
 * of the tail's only range. about and tail must outlive it.
 * Bound: records in a row that S3 does not show, before lines of a range whose end is not known go on; late, a range of
 * which none of so many is a line has ended before the log begins. */
#define WALK_LOOK_AHEAD INT64_C(10000000)
#define WALK_LATE_LOOK_AHEAD INT64_C(100000) /* and twice as many as the range has lines */

struct walk *walk_new(const struct walk_about *about, const struct tail *tail, int64_t from, bool late);
void walk_free(struct walk *w); /* NULL is fine */

/* False: no more is wanted. */
bool walk_add(struct walk *w, const struct record *r);

/* No more comes; log_end: NULL when walk_add said so, else where the log ends. Returns the ranges, without a gap and in
 * order; 0: late, and the range ends before the log begins. -1: GIVE_UP, the log does not hold what S3 holds. */
int walk_end(struct walk *w, const int64_t *log_end, struct error *e);
const struct walked_range *walk_range(const struct walk *w, int i);

#endif
