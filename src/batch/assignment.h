/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_ASSIGNMENT_H
#define BATCH_ASSIGNMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "batch/range_id.h"

/* Most ranges of one partition that are sealed and not yet committed: what one committed text names (design.md,
 * Delivery 3). */
#define ASSIGNMENT_MAX_SEALED 8

struct partition; /* the consumer thread's; to everyone else a token that comes back in events */
struct writer;    /* the uploader thread's */

/* How far a range that is larger than the memory has got: it is made in passes over its records, each of which makes
 * the objects of some slots, the lowest first. Once true it stays so: what is durable is so until the commit. */
struct range_pass {
	struct range_facts made; /* id: of which range; counts: of the objects that are durable */
	int64_t from_slot;       /* these are all objects of lower slots */
};

/* One local assignment of one partition: all that the uploader needs to know of it, fixed at its birth.
 * Owns: made by the consumer thread; its memory goes when the uploader takes its farewell out of the ring. */
struct assignment {
	/* Immutable. */
	struct partition *partition;
	uint64_t epoch;
	char *topic;
	int32_t partition_id;
	char *table;
	char *group;
	char *cluster;
	char mark[RANGE_MARK_SIZE];
	uint64_t fingerprint;                           /* of the settings: every generation's */
	int64_t start;                                  /* the committed offset: the first range begins here */
	struct chain chain;                             /* what comes before that range */
	struct range_facts plan[ASSIGNMENT_MAX_SEALED]; /* ranges that intents name: cut exactly so */
	int n_plan;
	struct range_pass pass; /* over one range of the plan; its id is "" when none was begun */

	/* Consumer thread sets, uploader reads: nothing of this assignment matters any more. */
	atomic_bool dropped;

	/* Consumer thread only. */
	struct assignment *next_farewell;

	/* Uploader thread only. */
	struct writer *writer;
};

struct assignment *assignment_new(const char *topic, int32_t partition_id); /* the rest is zero: the caller fills in */
void assignment_free(struct assignment *a);

#endif
