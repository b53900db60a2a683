/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OFFSETS_PLAN_H
#define OFFSETS_PLAN_H

#include <stdbool.h>

#include "kafka/group.h"
#include "kafka/intent.h"
#include "offsets/walk.h"

/* Where a partition stands, and what is to be committed instead. Pure. */

enum standing_kind {
	STANDING_NONE,      /* no offset */
	STANDING_BARE,      /* an offset without a text of ours: set by another program */
	STANDING_ELSEWHERE, /* the text is of another cluster, topic, partition or offset: mirrored, or moved with it */
	STANDING_OURS,
	STANDING_NEWER,
	STANDING_DAMAGED,
};

struct standing {
	const struct group_partition *of;
	enum standing_kind kind;
	bool moved;              /* OURS: it goes to another bucket or prefix than the settings say */
	struct intent_text text; /* OURS, ELSEWHERE */
};

void standing_read(struct standing *s, const struct group_partition *p, const char *cluster,
		   const struct settings *settings);

enum plan_kind {
	PLAN_SET,
	PLAN_SAME, /* it is there already */
	PLAN_KEPT, /* its text is whole, and so better than what S3 says */
	PLAN_REFUSED,
};

struct plan {
	const struct standing *from;
	enum plan_kind kind;
	struct intent_text text; /* SET: the offset is its start */
	char why[ERROR_TEXT_MAX];
	char note[256]; /* SET: what a person should know */
};

/* What all texts of a run have in common. */
struct plan_world {
	const struct settings *settings;
	const char *cluster;
	const struct standing *standings;
	size_t n;
	int64_t now_ms;
	bool drop_intents;
};

void plan_refuse(struct plan *p, const struct standing *from, const char *why);

/* To this offset, whatever is there: the chain begins anew, for this reason. */
void plan_offset(struct plan *p, const struct plan_world *w, const struct standing *from, int64_t offset,
		 const char *reason);

/* Behind what is whole of n walked ranges; the others are named, to be made again as they are. */
void plan_ranges(struct plan *p, const struct plan_world *w, const struct standing *from, const struct chain *before,
		 const struct walked_range *const *ranges, int n);

/* "topic:3=1700": false: it is none. topic is cut off at its end. */
bool plan_parse(char *text, const char **topic, int32_t *partition, int64_t *offset);

#endif
