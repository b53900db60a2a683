/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_DEFINITION_H
#define GLUE_DEFINITION_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "settings/settings.h"
#include "store/key.h"
#include "store/key_catalog.h"

/* A table as settings and columns make it: the one source of what Glue is told and of the DDL, so that the two cannot
 * say different things. Thread: any; pure. Source: aws.md 2, 3.2, 3.3. */

#define DEFINITION_NAME_MAX 255

struct table_column {
	char *name, *type; /* as Glue has them */
	char *comment;     /* what somebody has said of it; "": nothing */
};

struct table_pair {
	char *name, *value;
};

struct table_pairs {
	struct table_pair *items;
	size_t n;
};

struct table_definition {
	char *database, *name;
	char *location; /* "s3://bucket/prefix/table/" */
	struct table_column *columns;
	size_t n_columns;
	char partitions[KEY_PARTITIONS_MAX][DEFINITION_NAME_MAX + 1]; /* their columns, all strings */
	size_t n_partitions;
	bool compressed;
	struct table_pairs serde;      /* of the SerDe: the mapping */
	struct table_pairs parameters; /* of the table: projection and what crawlers say too */
};

#define DEFINITION_INPUT_FORMAT "org.apache.hadoop.mapred.TextInputFormat"
#define DEFINITION_OUTPUT_FORMAT "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
#define DEFINITION_SERDE "org.openx.data.jsonserde.JsonSerDe"

/* The table of these topic settings (which have passed key_catalog_check), its columns yet to be added. first_dt: where
 * projection begins, "2026-01-31". Owns: the caller frees with definition_free. */
void definition_init(struct table_definition *d, const struct settings *s, const struct topic_settings *t,
		     const char *table, const char *first_dt);
void definition_free(struct table_definition *d);

/* Its columns, [{"Name":…,"Type":…}], and what of the SerDe's parameters they need; once. A table that nothing is known
 * of gets a column that is always null, since there is no table without one. */
void definition_columns(struct table_definition *d, const json_t *columns, const json_t *serde);

/* What the SerDe has under that name; NULL: nothing. */
const char *definition_serde(const struct table_definition *d, const char *name);

/* CreateTable's TableInput. Owns: the caller's to json_decref. */
json_t *definition_input(const struct table_definition *d);

/* CREATE EXTERNAL TABLE as Athena reads it, with its semicolon. */
void definition_ddl(const struct table_definition *d, struct buf *out);

/* The folder of a slot, below the bucket: "raw/orders/dt=2026-01-31/hour=07/"; partitions false: the table's own. */
void definition_folder(const struct topic_settings *t, const char *table, int64_t slot, bool partitions,
		       char out[KEY_MAX + 1]);
/* The values of a slot's partition columns, as JSON strings in their order. Owns: the caller's to json_decref. */
json_t *definition_values(const struct topic_settings *t, int64_t slot);
/* Is it a day as folders name them, "2026-01-31"? Of what others have put there, much is not. */
bool definition_is_day(const char *text, size_t len);
/* The way back; false: no slot of these settings has such values. */
bool definition_slot(const struct topic_settings *t, const json_t *values, int64_t *slot);

#endif
