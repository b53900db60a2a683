/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_FINDINGS_H
#define VERIFY_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

/* What is wrong, counted, and the first FINDINGS_MAX of it in words. Pure. */

#define FINDINGS_MAX 1000

enum finding_kind {
	FINDING_MISSING, /* records that a later range counts are not there */
	FINDING_DOUBLE,  /* records stand there twice, or an object that nobody counts */
	FINDING_DAMAGED, /* an object that cannot be read to its end */
	FINDING_CHAIN,   /* an object says what cannot be: metadata of others, or that does not fit together */
	FINDING_KINDS,
};

struct finding {
	enum finding_kind kind;
	char *topic; /* NULL: of no partition */
	int32_t partition;
	int64_t first, next; /* offsets; -1: not known */
	char *text;          /* owned */
};

struct findings {
	struct finding *items;
	size_t n;
	uint64_t counts[FINDING_KINDS];
};

void findings_init(struct findings *f);
void findings_free(struct findings *f);

void findings_add(struct findings *f, const struct finding *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

uint64_t findings_total(const struct findings *f);
const char *finding_kind_name(enum finding_kind kind);

#endif
