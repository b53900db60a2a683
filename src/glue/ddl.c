/* SPDX-License-Identifier: Apache-2.0 */
/* Columns are those of the settings and, with them, those of the table in Glue, where the daemon keeps one; else what
 * the newest objects have. Changes nothing anywhere. */
#include "glue/ddl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "aws/credentials_cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "glue/catalog.h"
#include "glue/definition.h"
#include "glue/newest.h"
#include "glue/table.h"
#include "schema/schema.h"

#define DDL_MAX (4 << 20)

struct ddl {
	const struct settings *settings;
	const struct topic_settings *topic;
	const char *table;
	struct credential_provider *credentials;
	struct lake lake;
	struct schema *schema;
	char first_dt[KEY_SLOT_TEXT + 1]; /* where projection begins */
	char last_dt[KEY_SLOT_TEXT + 1];  /* and ends, today */
	struct days days;
};

static void define(const struct ddl *d, struct table_definition *out)
{
	json_t *columns, *serde;

	schema_add_metadata(d->schema);
	columns = schema_columns(d->schema);
	serde = schema_serde(d->schema);
	definition_init(out, d->settings, d->topic, d->table, d->first_dt);
	definition_columns(out, columns, serde);
	json_decref(columns);
	json_decref(serde);
}

/* 1: there is none. */
static int take_table(struct ddl *d, struct data_catalog *c, struct error *e)
{
	struct table_definition wanted;
	const json_t *storage;
	char dt[TABLE_DT_SIZE];
	json_t *table;
	int rc;

	if (catalog_get_table(c, d->table, &table, e) < 0)
		return -1;
	if (table == NULL)
		return 1;
	define(d, &wanted);
	rc = table_fits(table, &wanted, e);
	if (rc == 0 && table_first_dt(table, &wanted, dt))
		snprintf(d->first_dt, sizeof(d->first_dt), "%s", dt);
	definition_free(&wanted);
	storage = json_object_get(table, "StorageDescriptor");
	if (rc == 0)
		schema_merge_table(d->schema, json_object_get(storage, "Columns"),
				   json_object_get(json_object_get(storage, "SerdeInfo"), "Parameters"));
	json_decref(table);
	return rc;
}

static int from_glue(struct ddl *d, struct error *e)
{
	struct data_catalog c;
	int rc = catalog_open(&c, d->settings, d->credentials, e);

	if (rc == 0)
		rc = take_table(d, &c, e);
	catalog_close(&c);
	return rc;
}

static bool has_columns(const struct ddl *d)
{
	json_t *columns = schema_columns(d->schema);
	bool has = json_array_size(columns) > 0;

	json_decref(columns);
	return has;
}

static int from_objects(struct ddl *d, struct error *e)
{
	size_t objects = 0;

	if (d->days.newest == NULL)
		return 0;
	return newest_learn(&d->lake, d->days.newest, d->schema, &objects, e);
}

static int fail(const struct ddl *d, int code, const struct error *e)
{
	fprintf(stderr, "kafka2s3: table \"%s\": %s\n", d->table, e->text);
	return code;
}

static void print_unseen(const struct ddl *d)
{
	if (d->settings->glue_partitions != GLUE_PARTITIONS_PROJECTION)
		return;
	if (d->days.nowhere)
		puts("-- Not seen by projection: records without a usable time (" KEY_NULL_PARTITION ").");
	if (d->days.before > 0)
		printf("-- Not seen by projection: %zu days before its range, such as %s.\n", d->days.before,
		       d->days.some_before);
	if (d->days.beyond > 0)
		printf("-- Not seen by projection: %zu days that are still to come, such as %s.\n", d->days.beyond,
		       d->days.some_beyond);
}

static void print(const struct ddl *d)
{
	struct table_definition definition;
	struct buf out;

	define(d, &definition);
	buf_init(&out, DDL_MAX);
	definition_ddl(&definition, &out);
	fputs(buf_str(&out), stdout);
	if (d->settings->glue_partitions == GLUE_PARTITIONS_REGISTERED && d->settings->catalog != CATALOG_TABLE &&
	    definition.n_partitions > 0)
		printf("-- Now, and again for each new folder: MSCK REPAIR TABLE `%s`.`%s`;\n", definition.database,
		       definition.name);
	print_unseen(d);
	buf_free(&out);
	definition_free(&definition);
}

/* The range that a daemon would give it, where Glue has said nothing else. */
static int look_into_bucket(struct ddl *d, bool in_glue, struct error *e)
{
	if (newest_days(&d->lake, d->topic, d->table, d->first_dt, d->last_dt, &d->days, e) < 0)
		return -1;
	if (in_glue || d->days.first[0] == '\0' || strcmp(d->days.first, d->first_dt) >= 0)
		return 0;
	snprintf(d->first_dt, sizeof(d->first_dt), "%s", d->days.first);
	d->days.before = 0;
	return 0;
}

static int describe(struct ddl *d)
{
	bool in_glue = false;
	struct error e;
	int rc;

	if (key_catalog_check(d->topic, &e) < 0)
		return fail(d, EX_CONFIG, &e);
	if (d->settings->catalog == CATALOG_TABLE) {
		rc = from_glue(d, &e);
		if (rc < 0)
			return fail(d, EX_UNAVAILABLE, &e);
		in_glue = rc == 0;
	}
	if (look_into_bucket(d, in_glue, &e) < 0 || (!in_glue && from_objects(d, &e) < 0))
		return fail(d, EX_UNAVAILABLE, &e);
	if (!has_columns(d)) {
		error_set(&e, ERROR_GIVE_UP, 0,
			  "no columns are known: nothing has landed yet, and \"columns\" names none");
		return fail(d, EX_DATAERR, &e);
	}
	print(d);
	return 0;
}

static int describe_topic(const struct settings *s, struct credential_provider *credentials, const char *topic)
{
	struct ddl d = { .settings = s, .topic = settings_for_topic(s, topic), .credentials = credentials };
	char *table = settings_table_name(d.topic, topic), hour[KEY_SLOT_TEXT + 1];
	int64_t today = slot_of(PARTITION_BY_DAY, clock_real_ms());
	struct error e;
	int code;

	d.table = table;
	d.schema = schema_new(d.topic);
	key_slot_texts(today, d.first_dt, hour);
	key_slot_texts(slot_end(PARTITION_BY_DAY, today), d.last_dt, hour);
	if (lake_open(&d.lake, s, credentials_hold(credentials), &e) < 0)
		code = fail(&d, EX_CONFIG, &e);
	else
		code = describe(&d);
	lake_close(&d.lake);
	schema_free(d.schema);
	free(d.days.newest);
	free(table);
	return code;
}

static int describe_all(const struct settings *s, struct credential_provider *credentials)
{
	int code = 0;

	for (size_t i = 0; i < s->kafka_topics.n; i++) {
		const char *name = s->kafka_topics.items[i];
		int one = EX_USAGE;

		if (name[0] == '^')
			fprintf(stderr, "kafka2s3: which topics match \"%s\" only Kafka knows; name one with --topic\n",
				name);
		else
			one = describe_topic(s, credentials, name);
		code = code == 0 ? one : code;
	}
	return code;
}

int ddl_command(const struct settings *s, const char *topic)
{
	struct credential_provider *credentials = credentials_shared(s, NULL);
	int code = topic != NULL ? describe_topic(s, credentials, topic) : describe_all(s, credentials);

	credentials->free(credentials);
	return code;
}
