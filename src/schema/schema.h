/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings/settings.h"

/* The columns of a table of JSON lines: from the settings, from a Glue table, and learnt from what goes by. They are
 * only ever added to at the end, and types only ever widened.
 *
 * A name belongs to one JSON key in all of the table, at any depth: readers apply a "mapping.NAME" to the fields of
 * structs too (Trino's OpenXJsonDeserializer and the SerDe itself). Names are of lower-case letters, digits and '_',
 * and none is that of a partition column; a name that is taken gets a number. Keys that differ only in case share a
 * column. As long as no document holds two such keys, readers are told to ignore case, and mappings hold keys in lower
 * case; from then on they are told not to, for a SerDe that ignores case refuses such lines, and the column has the
 * first spelling.
 *
 * A column of the settings, and one whose type no inference makes (date, decimal, map, …), is fixed: what does not fit
 * is counted. Thread: one at a time. Source: aws.md 1.1, 1.3, 3.3. */
struct schema;

#define SCHEMA_FIELDS_MAX 10000 /* columns and fields of structs, those with nothing but null included */
#define SCHEMA_KEY_MAX 1024     /* a longer key, and an empty one, has no column */

struct schema_counts {
	uint64_t documents;
	uint64_t unread;          /* lines that are no JSON object, or none that can be read here */
	uint64_t case_collisions; /* keys in another case than their column's */
	uint64_t duplicate_keys;  /* documents with the same key twice */
	uint64_t misfits;         /* values that a fixed type does not hold */
	uint64_t left_out;        /* keys without a column: too many, too long, empty */
};

/* The columns that the settings name. Owns: the caller frees; t is not kept. */
struct schema *schema_new(const struct topic_settings *t);
void schema_free(struct schema *s);

/* Learn from a line as it lies in S3, or from a document that is parsed already. Metadata columns are left alone. */
void schema_learn_line(struct schema *s, const char *line, size_t len);
void schema_learn(struct schema *s, const json_t *document);

/* Take over what a Glue table has: StorageDescriptor.Columns and SerdeInfo.Parameters (NULL: none). Its columns come
 * first, in its order, with its names; then those that are here alone. To be called again whenever somebody else may
 * have changed the table. */
void schema_merge_table(struct schema *s, const json_t *columns, const json_t *serde_parameters);
/* Put the columns of output.metadata behind the others, once; before the table is made or updated. */
void schema_add_metadata(struct schema *s);

/* Columns with a known type, as Glue takes them: [{"Name":…,"Type":…}], with what else the table's columns held, such
 * as comments. Empty: nothing is known yet. Owns: the caller's json_decref. */
json_t *schema_columns(const struct schema *s);
/* What of SerdeInfo.Parameters the columns need: "case.insensitive" and "mapping.NAME". Any other mapping there is
 * stale. Owns: the caller's json_decref. */
json_t *schema_serde(const struct schema *s);
/* Rises whenever one of the two becomes another. */
uint64_t schema_changes(const struct schema *s);

struct schema_counts schema_counts(const struct schema *s);
/* A sentence for the log, once for each key or column that it is about; NULL: none more. Owns: the caller frees. */
char *schema_next_news(struct schema *s);

#endif
