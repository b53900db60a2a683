/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_STATE_H
#define SCHEMA_STATE_H

#include "schema/names.h"
#include "schema/schema.h"
#include "schema/type.h"

/* What is inside a struct schema, for the files that make it up. */

#define SCHEMA_NEWS_MAX 64

/* A column of the settings. */
struct schema_given {
	char *name, *key;
	struct type *type;
};

struct schema {
	struct names *names;
	struct type *root; /* a struct: its fields are the columns */
	size_t fields;     /* in it, at any depth */
	struct schema_given *given;
	size_t n_given;
	char **partitions; /* partition columns: names that no key may have */
	size_t n_partitions;
	unsigned metadata; /* bits of enum metadata_column */
	bool has_metadata; /* they are among the columns */
	bool case_sensitive;
	json_t *table_columns; /* of the last table: name to column object */
	uint64_t objects;      /* that were looked at: stamps for names */
	uint64_t changes;
	struct schema_counts counts;
	bool told_left_out;
	char *news[SCHEMA_NEWS_MAX];
	size_t n_news;
};

/* One more sentence, unless there are too many. */
void schema_tell(struct schema *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Does the value read as it is in a column of this type? Source: aws.md 1.3, the measured table. */
bool schema_fits(const struct schema *s, const struct type *t, const json_t *v);

#endif
