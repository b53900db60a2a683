/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_PROVE_H
#define VERIFY_PROVE_H

#include <stdbool.h>
#include <stdint.h>

#include "verify/findings.h"
#include "verify/ledger.h"

/* The proof, one partition at a time: each range is there that a later one names, with as many objects, and records
 * where they were counted, and no offset is in two. Pure.
 * What it cannot prove, and says: the newest range, which nothing names but the group's committed text, and the last
 * range before a new beginning. Where a range ends is where the next one that names it begins. */

#define PROOF_SEAMS_MAX 16

/* The chain begins anew behind other ranges, for a reason. */
struct proof_seam {
	int64_t offset;
	enum facts_begins reason;
};

struct proof {
	uint64_t ranges, objects, bytes;
	uint64_t records;     /* of the ranges that are named, and of the others where lines were counted */
	uint64_t uncounted;   /* ranges whose number of records is not known */
	int64_t first;        /* offset; -1: no range */
	int64_t newest_start; /* of the newest range */
	uint64_t newest_id;
	int32_t newest_objects;
	struct proof_seam seams[PROOF_SEAMS_MAX]; /* the first of them */
	uint64_t n_seams;
};

/* Folds the partition, and uses up its entries. oldest_given: what the oldest range that was looked at names need not
 * be there. */
void prove(struct ledger_partition *p, bool oldest_given, struct findings *f, struct proof *proof);

#endif
