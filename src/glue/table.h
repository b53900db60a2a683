/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_TABLE_H
#define GLUE_TABLE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "glue/definition.h"

/* A table as Glue has it (GetTable's "Table") beside the one that it is to be. What is there is kept: columns are added
 * and widened, properties added, and none is ever taken away. Thread: any; pure. Source: aws.md 3.2. */

#define TABLE_HASH 17    /* 16 hex digits and the terminating zero */
#define TABLE_DT_SIZE 11 /* "2026-01-31" */
/* Of a partition: the hash of the columns that it was registered with. */
#define TABLE_COLUMNS_PARAMETER "kafka2s3.columns"

/* Can what is landed be read by that table: partition columns, location and format? Errors: GIVE_UP, what differs. */
int table_fits(const json_t *table, const struct table_definition *d, struct error *e);

/* The TableInput that makes of it what is wanted; NULL: it is that already. What changes is put into words, such as
 * "column \"a\" string; \"b\" is double, was bigint". Owns: the caller's to json_decref. */
json_t *table_grown(const json_t *table, const struct table_definition *d, struct buf *words);

/* The first day of its projection; false: it has none. */
bool table_first_dt(const json_t *table, const struct table_definition *d, char dt[TABLE_DT_SIZE]);

/* Of columns and mapping, by which tables and their partitions are compared. */
void table_hash(const json_t *table, char hash[TABLE_HASH]);

/* A PartitionInput with the table's columns; parameters: what others have set, or NULL. Owns: the caller's to
 * json_decref. */
json_t *table_partition(const json_t *table, json_t *values, const char *location, const json_t *parameters);

/* Do two locations name the same folder? */
bool table_same_place(const char *a, const char *b);

#endif
