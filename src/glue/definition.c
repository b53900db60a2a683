/* SPDX-License-Identifier: Apache-2.0 */
/* What a table is: its place, its partition columns, and the properties that go with them. Which columns it has is the
 * schema's to say. definition_text.c puts it into words. Pure. */
#include "glue/definition.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/mem.h"
#include "base/when.h"
#include "encode/codec.h"

#define HOUR_MS INT64_C(3600000)
#define SOME_ID "0000000000000000"
#define ATHENAS_OWN "default"
#define NOTHING_YET "nothing_yet"

static void add_pair(struct table_pairs *p, const char *name, const char *value)
{
	p->items = mem_realloc(p->items, (p->n + 1) * sizeof(p->items[0]));
	p->items[p->n++] = (struct table_pair){ mem_strdup(name), mem_strdup(value) };
}

static void free_pairs(struct table_pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->items[i].name);
		free(p->items[i].value);
	}
	free(p->items);
}

/* A key of that slot, cut behind a folder: all folders but those of the partitions are the table's. */
void definition_folder(const struct topic_settings *t, const char *table, int64_t slot, bool partitions,
		       char out[KEY_MAX + 1])
{
	const struct key_facts facts = { .topic = "t", .table = table, .range_id = SOME_ID, .slot = slot };
	struct key_partition columns[KEY_PARTITIONS_MAX];
	size_t n = partitions ? 0 : key_partitions(t, columns);

	key_build(t, &facts, out);
	for (char *slash = strrchr(out, '/'); slash != NULL;
	     slash = n-- > 0 ? memrchr(out, '/', (size_t)(slash - out)) : NULL)
		slash[1] = '\0';
}

json_t *definition_values(const struct topic_settings *t, int64_t slot)
{
	char dt[KEY_SLOT_TEXT + 1], hour[KEY_SLOT_TEXT + 1];
	struct key_partition columns[KEY_PARTITIONS_MAX];
	size_t n = key_partitions(t, columns);
	json_t *values = mem_must(json_array());

	key_slot_texts(slot, dt, hour);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(values, mem_must(json_string(columns[i].field == FIELD_DT ? dt : hour)));
	return values;
}

static bool read_hour(const char *text, int64_t *hour)
{
	if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]) || text[2] != '\0')
		return false;
	*hour = (text[0] - '0') * 10 + text[1] - '0';
	return *hour < 24;
}

static bool read_day(const char *text, size_t len, int64_t *ms)
{
	return len == strlen("2026-01-31") && text[4] == '-' && text[7] == '-' &&
	       when_parse((const uint8_t *)text, len, ms);
}

bool definition_is_day(const char *text, size_t len)
{
	int64_t ms;

	return read_day(text, len, &ms);
}

bool definition_slot(const struct topic_settings *t, const json_t *values, int64_t *slot)
{
	struct key_partition columns[KEY_PARTITIONS_MAX];
	size_t n = key_partitions(t, columns), nulls = 0;
	int64_t day = 0, hour = 0;
	bool dated = n == 0;

	if (json_array_size(values) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(values, i));

		if (text == NULL)
			return false;
		dated |= columns[i].field == FIELD_DT;
		if (strcmp(text, KEY_NULL_PARTITION) == 0)
			nulls++;
		else if (columns[i].field == FIELD_HOUR ? !read_hour(text, &hour) : !read_day(text, strlen(text), &day))
			return false;
	}
	*slot = nulls > 0 ? SLOT_NONE : day + hour * HOUR_MS;
	return dated && (nulls == 0 || nulls == n);
}

/* Only dt and hour are ever partition columns. */
static void project(struct table_definition *d, const struct key_partition *columns, const char *first_dt)
{
	static const char *const of_dt[][2] = {
		{ "type", "date" }, { "format", "yyyy-MM-dd" }, { "interval", "1" }, { "interval.unit", "DAYS" }
	};
	static const char *const of_hour[][2] = { { "type", "integer" }, { "range", "0,23" }, { "digits", "2" } };
	char *template = mem_strdup(d->location);

	add_pair(&d->parameters, "projection.enabled", "true");
	for (size_t i = 0; i < d->n_partitions; i++) {
		bool dt = columns[i].field == FIELD_DT;
		const char *const(*rows)[2] = dt ? of_dt : of_hour;
		size_t n = dt ? sizeof(of_dt) / sizeof(of_dt[0]) : sizeof(of_hour) / sizeof(of_hour[0]);
		char *longer = mem_printf("%s%s=${%s}/", template, d->partitions[i], d->partitions[i]);

		for (size_t k = 0; k < n; k++) {
			char *name = mem_printf("projection.%s.%s", d->partitions[i], rows[k][0]);

			add_pair(&d->parameters, name, rows[k][1]);
			free(name);
		}
		if (dt) {
			char *name = mem_printf("projection.%s.range", d->partitions[i]);
			char *range = mem_printf("%s,NOW+1DAY", first_dt);

			add_pair(&d->parameters, name, range);
			free(name);
			free(range);
		}
		free(template);
		template = longer;
	}
	add_pair(&d->parameters, "storage.location.template", template);
	free(template);
}

void definition_init(struct table_definition *d, const struct settings *s, const struct topic_settings *t,
		     const char *table, const char *first_dt)
{
	struct key_partition columns[KEY_PARTITIONS_MAX];
	char folder[KEY_MAX + 1];

	definition_folder(t, table, 0, false, folder);
	*d = (struct table_definition){ .database = mem_strdup(s->glue_database[0] != '\0' ? s->glue_database
											   : ATHENAS_OWN),
					.name = mem_strdup(table),
					.location = mem_printf("s3://%s/%s", s->s3_bucket, folder),
					.compressed = t->compression != COMPRESSION_NONE };
	d->n_partitions = key_partitions(t, columns);
	for (size_t i = 0; i < d->n_partitions; i++)
		snprintf(d->partitions[i], sizeof(d->partitions[i]), "%.*s", (int)columns[i].len, columns[i].name);
	add_pair(&d->serde, "ignore.malformed.json", "false");
	add_pair(&d->parameters, "classification", "json");
	add_pair(&d->parameters, "compressionType", codec_find(t->compression)->name);
	add_pair(&d->parameters, "typeOfData", "file");
	if (s->glue_partitions == GLUE_PARTITIONS_PROJECTION && d->n_partitions > 0)
		project(d, columns, first_dt);
}

static char *text_of(const json_t *column, const char *name)
{
	const char *s = json_string_value(json_object_get(column, name));

	return mem_strdup(s != NULL ? s : "");
}

static void add_column(struct table_definition *d, char *name, char *type, char *comment)
{
	d->columns = mem_realloc(d->columns, (d->n_columns + 1) * sizeof(d->columns[0]));
	d->columns[d->n_columns++] = (struct table_column){ name, type, comment };
}

void definition_columns(struct table_definition *d, const json_t *columns, const json_t *serde)
{
	const char *name;
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)columns, i, value) {
		add_column(d, text_of(value, "Name"), text_of(value, "Type"), text_of(value, "Comment"));
	}
	if (d->n_columns == 0)
		add_column(d, mem_strdup(NOTHING_YET), mem_strdup("string"), mem_strdup(""));
	json_object_foreach((json_t *)serde, name, value) {
		add_pair(&d->serde, name, json_string_value(value));
	}
}

const char *definition_serde(const struct table_definition *d, const char *name)
{
	for (size_t i = 0; i < d->serde.n; i++) {
		if (strcmp(d->serde.items[i].name, name) == 0)
			return d->serde.items[i].value;
	}
	return NULL;
}

void definition_free(struct table_definition *d)
{
	for (size_t i = 0; i < d->n_columns; i++) {
		free(d->columns[i].name);
		free(d->columns[i].type);
		free(d->columns[i].comment);
	}
	free(d->columns);
	free_pairs(&d->serde);
	free_pairs(&d->parameters);
	free(d->database);
	free(d->name);
	free(d->location);
	*d = (struct table_definition){ 0 };
}
