/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_FACTS_H
#define VERIFY_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What an object says of itself and of the range before its own, read from its user metadata, and from nothing else.
 * Pure. Source: design.md, "The chain". */

#define FACTS_NAME_MAX 256

enum facts_begins {
	BEGINS_NOT,
	BEGINS_FIRST,
	BEGINS_DESTINATION,
	BEGINS_MOVED,
	BEGINS_SETTINGS,
	BEGINS_TRUNCATED,
	BEGINS_OTHER, /* a reason of a newer version */
};

struct facts {
	uint64_t id;
	char group[FACTS_NAME_MAX];
	char cluster[FACTS_NAME_MAX];
	enum facts_begins begins; /* BEGINS_NOT: previous_… count */
	int64_t previous_start;
	uint64_t previous_id;
	int32_t previous_objects;
	int64_t previous_records;
	int64_t skipped_first, skipped_next; /* offsets in no object, between the two; equal: none */
	int64_t skipped_tombstones;
};

/* lines: "name\tvalue\n" as S3_HEAD gives them. 0; 1: it carries no range id, so it is none of ours; -1: it carries
 * one, and something is missing or not well-formed (GIVE_UP). */
int facts_read(const char *lines, struct facts *f, struct error *e);

/* 16 hex digits; false: anything else. */
bool facts_parse_id(const char *s, size_t len, uint64_t *id);

const char *facts_begins_name(enum facts_begins b);

#endif
