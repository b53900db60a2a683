/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_CHAIN_H
#define BATCH_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The facts of ranges, and the chain that they make: every object names the range before its own, so that from the
 * objects alone it can be proved that none is missing. Pure. Source: design.md, "The chain". */

#define RANGE_ID_SIZE 17 /* 16 hex digits and the terminating zero */
#define CHAIN_REASON_SIZE 16

/* What is known of a range once it is sealed. */
struct range_facts {
	char id[RANGE_ID_SIZE];
	int64_t start;
	int64_t end;
	uint64_t fingerprint; /* of the settings that decide which record goes under which key */
	int64_t landed;       /* records in objects of the table */
	int64_t dead;         /* records in dead-letter objects */
	int64_t skipped;      /* records in no object: tombstones, by setting */
	int64_t bytes;        /* memory that building it takes at most, for admission */
	int32_t objects;
};

/* What an object says about the range before its own. */
struct chain {
	char begins[CHAIN_REASON_SIZE]; /* not "": the chain begins anew here, for this reason; no previous range */
	char previous_id[RANGE_ID_SIZE];
	int64_t previous_start;
	int64_t previous_records; /* landed and dead */
	int32_t previous_objects;
	int64_t skipped_first; /* offsets since then that made no object: [first, next); equal: none */
	int64_t skipped_next;
	int64_t skipped_tombstones;
};

/* Begin anew; reason: "first", "destination", "moved", "settings", "truncated". */
void chain_begin(struct chain *c, const char *reason);

/* A range has been sealed: it is the previous one from now on, or, without objects, joins the skipped stretch. */
void chain_advance(struct chain *c, const struct range_facts *f);

#endif
