/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_INTENT_H
#define KAFKA_INTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "batch/assignment.h"
#include "batch/chain.h"

/* The text that is committed with each offset, both ways. Pure. Source: design.md, Delivery 3 and 5.
 *
 *   kafka2s3/1 cluster=ID topic=T partition=3 start=100 to=0123456789abcdef schema=0 born=1795360838000,-2,4
 *   before=50,5c1f00aa01bb02cc,1,50 skipped=90,100,10 land=0,900,2,95,5,0
 *   range=200,5c1fd0…,9f8e…,1,99,1,0,1048576 range=…
 *
 * before is a range (start, id, objects, records), or "begins:REASON"; skipped stands only when there is something;
 * land (first, stop, objects, landed, dead, skipped) only in the group of a one-shot land;
 * a range is end, id, fingerprint, objects, landed, dead, skipped, bytes; it starts where the one before it ends. */

#define INTENT_VERSION 1
#define INTENT_TEXT_MAX 4096 /* the broker's default limit, offset.metadata.max.bytes */
#define INTENT_NAME_MAX 256

/* When this group met this topic first; every text carries it (protocol.md H12). */
struct birth {
	int64_t time_ms;
	int64_t start_ms;   /* the setting as it was: -2 earliest, -1 latest, else a time */
	int32_t partitions; /* the topic had then */
};

/* A one-shot land: offsets [first, stop) of the partition are to be landed, and nothing else of it. The counts are of
 * what lies before the committed offset, whoever landed it. */
struct intent_land {
	bool given; /* false: the group goes on for ever */
	int64_t first, stop;
	int64_t objects, landed, dead, skipped;
};

/* It ends there now, since the log has no more; and begins there at the latest. */
void intent_land_end_at(struct intent_land *l, int64_t stop);

struct intent_text {
	char cluster[INTENT_NAME_MAX];
	char topic[INTENT_NAME_MAX];
	int32_t partition;
	int64_t start;        /* equals the committed offset */
	uint64_t destination; /* a hash: where the objects of this group go */
	int32_t schema;
	struct birth birth;
	struct chain before; /* what comes before the first range */
	struct intent_land land;
	struct range_facts ranges[ASSIGNMENT_MAX_SEALED];
	int n;
};

enum intent_verdict {
	INTENT_OURS,
	INTENT_ABSENT,  /* no text, or not one of this program */
	INTENT_NEWER,   /* of a version, or with a field, that this program does not know: wait for a newer program */
	INTENT_DAMAGED, /* ours by its first word, but it does not parse */
};

/* Write the text; names only the first max_ranges ranges. out holds INTENT_TEXT_MAX. Returns its length. */
int intent_write(const struct intent_text *t, int max_ranges, char *out);
/* Read it back; *t is complete only when the verdict is INTENT_OURS. text may be NULL. */
enum intent_verdict intent_read(const char *text, struct intent_text *t);

/* Is it about this very commit? Mirrored or edited offsets carry texts of other places. */
bool intent_is_about(const struct intent_text *t, const char *cluster, const char *topic, int32_t partition,
		     int64_t offset);

#endif
