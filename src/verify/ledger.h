/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_LEDGER_H
#define VERIFY_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verify/facts.h"

/* What has been seen in the bucket, as small as it gets: one entry of 72 bytes an object, in the order of the listing,
 * which is that of keys and so of hours, not of offsets. Nothing can be left out before the listing has ended, since
 * the successor of a range may stand in any hour. Bound: 72 bytes an object, and at most half of a partition's again,
 * of which the kernel gives no page before it is used: 1,000,000 objects take 72 MB. Pure. */

enum ledger_flag {
	LEDGER_FACTS = 1 << 0, /* its metadata was read; without: it is only known to be there */
	LEDGER_NAMED = 1 << 1, /* a later range names it; the prover's */
};

/* An object; and when its partition is folded, a range. */
struct ledger_entry {
	int64_t start;
	uint64_t id;
	int64_t previous_start;
	uint64_t previous_id;
	int64_t previous_records;
	int64_t lines; /* deep: in it; -1: not counted */
	int64_t end;   /* the prover's: where the range that names it begins */
	int32_t previous_objects;
	uint32_t origin;  /* hash of cluster and skipped stretch: alike in all objects of a range */
	uint32_t cluster; /* hash: alike along a chain */
	int32_t objects : 24;
	uint32_t begins : 4; /* enum facts_begins */
	uint32_t flags : 4;
};

struct ledger_partition {
	char *topic;
	int32_t partition;
	struct ledger_entry *entries;
	size_t n, cap;
	uint64_t objects, bytes;
	uint64_t faults; /* findings about it */
};

struct ledger {
	struct ledger_partition **partitions; /* by topic, then number */
	size_t n, cap;
	struct ledger_partition *last;
};

void ledger_init(struct ledger *l);
void ledger_free(struct ledger *l);

/* The partition, made when it is new. */
struct ledger_partition *ledger_partition(struct ledger *l, const char *topic, int32_t partition);

/* An object of it. facts NULL: known to be there only. lines -1: not counted. */
void ledger_add(struct ledger_partition *p, int64_t start, uint64_t id, const struct facts *facts, int64_t lines,
		int64_t bytes);

/* In place: entries become ranges, by start and id. differs is called for each range whose objects do not say the same.
 */
void ledger_fold(struct ledger_partition *p, void (*differs)(void *arg, const struct ledger_entry *range), void *arg);

#endif
