/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OFFSETS_TAIL_H
#define OFFSETS_TAIL_H

#include <stdbool.h>

#include "base/error.h"
#include "batch/chain.h"
#include "offsets/bucket.h"

/* The end of a partition's chain, as far back as a daemon can have left it unfinished: at most 8 ranges are sealed and
 * not committed, and S3 may hold any of their objects. Pure. */

#define TAIL_MAX (2 * BUCKET_RANGES)

struct tail_range {
	int64_t start;
	int64_t end; /* -1: nothing in S3 says it */
	char id[RANGE_ID_SIZE];
	int32_t objects;                  /* that it was written as; -1: nothing says it */
	int64_t records;                  /* in them, likewise */
	const struct bucket_range *there; /* NULL: none of its objects is */
	struct bucket_lines *lines;       /* where end is -1: of its objects; the caller's */
};

struct tail {
	/* Oldest first; what is before the first is finished. Between two there may be offsets of which S3 shows
	 * nothing. */
	struct tail_range ranges[TAIL_MAX];
	int n;
	bool open; /* so it may be before the first: nothing says what comes before it */
	struct chain before;
};

/* p has at least one range. mark: of the group, for ids of stretches without objects. Errors: GIVE_UP, the chain is not
 * whole where it matters, or is another group's. */
int tail_of(const struct bucket_partition *p, const char *group, const char *cluster, const char *mark, struct tail *t,
	    struct error *e);

#endif
