/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECK_LINES_H
#define CHECK_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What a preflight has found: a line each, shown as it comes, or at the end as one JSON document. Thread: one. */

enum outcome {
	OUTCOME_OK,       /* proved; the text says how */
	OUTCOME_FAILED,   /* the text says why, and how to mend it */
	OUTCOME_UNPROVED, /* the text says why not */
	OUTCOMES,
};

struct line {
	enum outcome outcome;
	char *name; /* what was looked at */
	char *text; /* control characters are shown as such */
};

struct lines {
	bool json;     /* nothing is printed before lines_print */
	bool terminal; /* whoever waits is told for what */
	struct line *items;
	size_t n;
	size_t counts[OUTCOMES];
};

void lines_init(struct lines *l, bool json, bool terminal);
void lines_free(struct lines *l);

void lines_add(struct lines *l, enum outcome o, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What is being tried now. */
void lines_trying(struct lines *l, const char *what);

/* "ok", "failed" or "not proved": of one, and of all together. */
const char *outcome_name(enum outcome o);
enum outcome lines_outcome(const struct lines *l);

#endif
