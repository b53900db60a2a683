/* SPDX-License-Identifier: Apache-2.0 */
/* Columns from the settings and from a Glue table, and what a catalog is told of all of them. learn.c has what comes of
 * documents. Pure.
 * A table that is taken over is the law for order and names: all is bound anew, in the order settings, table, what was
 * here; and what was here finds its place by its key. */
#include "schema/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "schema/state.h"
#include "store/key_catalog.h"

#define CASE "case.insensitive"
#define MAPPING "mapping."

/* What encode/metadata.c writes. */
static const struct {
	unsigned column;
	const char *name, *type;
} metadata[] = {
	{ METADATA_TOPIC, "kafka_topic", "string" },
	{ METADATA_PARTITION, "kafka_partition", "int" },
	{ METADATA_OFFSET, "kafka_offset", "bigint" },
	{ METADATA_TIMESTAMP, "kafka_timestamp", "timestamp" },
	{ METADATA_KEY, "kafka_key", "string" },
	{ METADATA_HEADERS, "kafka_headers", "array<struct<key:string,value:string>>" },
};
#define N_METADATA (sizeof(metadata) / sizeof(metadata[0]))

void schema_tell(struct schema *s, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	if (s->n_news == SCHEMA_NEWS_MAX)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) >= 0)
		s->news[s->n_news++] = text;
	va_end(args);
}

char *schema_next_news(struct schema *s)
{
	char *first = s->n_news > 0 ? s->news[0] : NULL;

	if (first != NULL)
		memmove(s->news, s->news + 1, --s->n_news * sizeof(s->news[0]));
	return first;
}

/* The fields of structs, too, are names; those of the settings and of tables are read from keys of the same name. */
static void bind_fields(struct schema *s, const struct type *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->kind == TYPE_STRUCT)
			names_bind(s->names, t->fields[i].name, t->fields[i].name, false);
		bind_fields(s, t->fields[i].type);
	}
}

/* The column, which is made if it is not there. */
static struct type *column_of(struct schema *s, const char *name)
{
	struct type *t = type_field(s->root, name);

	return t != NULL ? t : type_add_field(s->root, name);
}

static void set_type(struct type *t, const struct type *other)
{
	struct type was = *t, *copy = type_copy(other);

	*t = *copy;
	*copy = was;
	type_free(copy);
}

static void bind_given(struct schema *s)
{
	for (size_t i = 0; i < s->n_given; i++) {
		const struct schema_given *g = &s->given[i];
		const struct name *known = names_known(s->names, g->key);
		struct name *name = names_bind(s->names, g->name, g->key, strcmp(g->key, g->name) != 0);

		if (name != NULL)
			name->fixed = true;
		/* Two columns for what differs only in case. */
		s->case_sensitive |= known != NULL && strcmp(known->key, g->key) != 0;
	}
	for (size_t i = 0; i < s->n_given; i++)
		bind_fields(s, s->given[i].type);
	for (size_t i = 0; i < N_METADATA; i++) {
		struct name *name = (s->metadata & metadata[i].column) != 0
					    ? names_bind(s->names, metadata[i].name, metadata[i].name, true)
					    : NULL;

		if (name != NULL)
			name->metadata = true;
	}
}

static void begin(struct schema *s)
{
	s->names = names_new();
	s->root = type_new(TYPE_STRUCT);
	for (size_t i = 0; i < s->n_partitions; i++)
		names_reserve(s->names, s->partitions[i]);
	bind_given(s);
}

static void add_given(struct schema *s)
{
	for (size_t i = 0; i < s->n_given; i++)
		set_type(column_of(s, s->given[i].name), s->given[i].type);
}

struct schema *schema_new(const struct topic_settings *t)
{
	struct schema *s = mem_zalloc(sizeof(*s));
	struct key_partition partitions[KEY_PARTITIONS_MAX];
	struct error e;

	s->metadata = t->metadata;
	s->table_columns = mem_must(json_object());
	s->n_partitions = key_partitions(t, partitions);
	s->partitions = mem_array(KEY_PARTITIONS_MAX, sizeof(*s->partitions));
	for (size_t i = 0; i < s->n_partitions; i++)
		s->partitions[i] = mem_printf("%.*s", (int)partitions[i].len, partitions[i].name);
	s->given = mem_array(t->columns.n > 0 ? t->columns.n : 1, sizeof(*s->given));
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct column_setting *c = &t->columns.items[i];
		struct type *type = type_parse(c->type, &e);

		s->given[s->n_given++] = (struct schema_given){
			mem_strdup(c->name),
			mem_strdup(c->path[0] != '\0' ? c->path : c->name),
			type != NULL ? type : type_other(c->type),
		};
	}
	begin(s);
	add_given(s);
	s->fields = type_fields(s->root);
	return s;
}

void schema_free(struct schema *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_given; i++) {
		free(s->given[i].name);
		free(s->given[i].key);
		type_free(s->given[i].type);
	}
	for (size_t i = 0; i < s->n_partitions; i++)
		free(s->partitions[i]);
	for (size_t i = 0; i < s->n_news; i++)
		free(s->news[i]);
	free(s->given);
	free(s->partitions);
	names_free(s->names);
	type_free(s->root);
	json_decref(s->table_columns);
	free(s);
}

static void bind_mappings(struct schema *s, const json_t *serde)
{
	const char *ignore_case = json_string_value(json_object_get(serde, CASE)), *parameter;
	json_t *key;

	s->case_sensitive |= ignore_case != NULL && strcasecmp(ignore_case, "false") == 0;
	json_object_foreach((json_t *)serde, parameter, key)
		if (strncmp(parameter, MAPPING, strlen(MAPPING)) == 0 && json_is_string(key))
			names_bind(s->names, parameter + strlen(MAPPING), json_string_value(key), s->case_sensitive);
}

static void add_table_column(struct schema *s, json_t *column)
{
	const char *name = json_string_value(json_object_get(column, "Name")),
		   *text = json_string_value(json_object_get(column, "Type"));
	struct error e;
	struct type *t;

	if (name == NULL || text == NULL || type_field(s->root, name) != NULL)
		return;
	t = type_parse(text, &e);
	if (t == NULL)
		t = type_other(text);
	names_bind(s->names, name, name, false);
	bind_fields(s, t);
	set_type(column_of(s, name), t);
	type_free(t);
	json_object_set(s->table_columns, name, column);
}

/* The name that a key has now: the same one if that still reads it, for a table may have two names that do. */
static struct name *name_now(struct schema *s, const struct name *was)
{
	const char *why;
	struct name *same = names_find(s->names, was->name), *other = names_of_key(s->names, was->key, &why);
	char *key = names_fold(s->names, was->key), *key_now = same != NULL ? names_fold(s->names, same->key) : NULL;
	bool still = key_now != NULL && strcmp(key, key_now) == 0;

	free(key);
	free(key_now);
	return still ? same : other;
}

/* The same type with the names that keys have now. */
static struct type *renamed(struct schema *s, const struct names *old, const struct type *t)
{
	struct type *copy = type_copy(t);

	for (size_t i = 0; i < copy->n; i++) {
		const struct name *was = copy->fields[i].name != NULL ? names_find(old, copy->fields[i].name) : NULL;
		struct name *is = was != NULL ? name_now(s, was) : NULL;
		struct type *child = renamed(s, old, copy->fields[i].type);

		type_free(copy->fields[i].type);
		copy->fields[i].type = child;
		if (is == NULL)
			continue;
		is->told_case |= was->told_case;
		is->told_misfit |= was->told_misfit;
		free(copy->fields[i].name);
		copy->fields[i].name = mem_strdup(is->name);
	}
	return copy;
}

/* What was here before the table was taken over. */
static void add_learnt(struct schema *s, const struct names *old, const struct type *root)
{
	struct type *t = renamed(s, old, root);

	for (size_t i = 0; i < t->n; i++) {
		const struct name *name = names_find(s->names, t->fields[i].name);

		if (name != NULL && !name->fixed && !name->metadata) {
			struct type *column = column_of(s, name->name);

			type_widen(column, t->fields[i].type);
			if (type_is_inferred(column) && type_text_size(column) > TYPE_TEXT_MAX)
				type_become_string(column);
		}
	}
	type_free(t);
}

static void note_change(struct schema *s, json_t *columns, json_t *serde)
{
	json_t *columns_now = schema_columns(s), *serde_now = schema_serde(s);

	s->changes += !json_equal(columns, columns_now) || !json_equal(serde, serde_now);
	json_decref(columns);
	json_decref(serde);
	json_decref(columns_now);
	json_decref(serde_now);
}

void schema_merge_table(struct schema *s, const json_t *columns, const json_t *serde_parameters)
{
	json_t *columns_before = schema_columns(s), *serde_before = schema_serde(s), *column;
	struct names *names = s->names;
	struct type *root = s->root;
	size_t i;

	json_object_clear(s->table_columns);
	begin(s);
	bind_mappings(s, serde_parameters);
	json_array_foreach(columns, i, column)
		add_table_column(s, column);
	add_given(s);
	add_learnt(s, names, root);
	names_free(names);
	type_free(root);
	type_settle(s->root);
	if (s->has_metadata)
		schema_add_metadata(s);
	s->fields = type_fields(s->root);
	note_change(s, columns_before, serde_before);
}

void schema_add_metadata(struct schema *s)
{
	struct error e;

	for (size_t i = 0; i < N_METADATA; i++) {
		struct type *t, *old;

		if ((s->metadata & metadata[i].column) == 0)
			continue;
		t = type_parse(metadata[i].type, &e);
		old = type_field(s->root, metadata[i].name);
		s->changes += old == NULL || !type_same(old, t);
		set_type(column_of(s, metadata[i].name), t);
		type_free(t);
	}
	type_settle(s->root);
	s->has_metadata = true;
	s->fields = type_fields(s->root);
}

json_t *schema_columns(const struct schema *s)
{
	json_t *columns = mem_must(json_array());
	struct buf text;

	buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < s->root->n && type_is_known(s->root->fields[i].type); i++) {
		const char *name = s->root->fields[i].name;
		const json_t *of_table = json_object_get(s->table_columns, name);
		json_t *column = mem_must(of_table != NULL ? json_copy((json_t *)of_table) : json_object());

		buf_clear(&text);
		type_print(s->root->fields[i].type, &text);
		json_object_set_new(column, "Name", json_string(name));
		json_object_set_new(column, "Type", json_string(buf_str(&text)));
		json_array_append_new(columns, column);
	}
	buf_free(&text);
	return columns;
}

static void add_mappings(const struct schema *s, const struct type *t, json_t *serde)
{
	for (size_t i = 0; i < t->n && type_is_known(t->fields[i].type); i++) {
		const struct name *name = t->kind == TYPE_STRUCT ? names_find(s->names, t->fields[i].name) : NULL;

		if (name != NULL) {
			char *column = names_fold(s->names, name->name);
			char *key = s->case_sensitive ? mem_strdup(name->key) : names_fold(s->names, name->key);
			char *parameter = mem_printf(MAPPING "%s", column);

			if (strcmp(key, column) != 0)
				json_object_set_new(serde, parameter, json_string(key));
			free(column);
			free(key);
			free(parameter);
		}
		add_mappings(s, t->fields[i].type, serde);
	}
}

json_t *schema_serde(const struct schema *s)
{
	json_t *serde = mem_must(json_object());

	json_object_set_new(serde, CASE, json_string(s->case_sensitive ? "false" : "true"));
	add_mappings(s, s->root, serde);
	return serde;
}

uint64_t schema_changes(const struct schema *s)
{
	return s->changes;
}

struct schema_counts schema_counts(const struct schema *s)
{
	return s->counts;
}
