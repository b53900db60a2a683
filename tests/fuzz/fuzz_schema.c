/* SPDX-License-Identifier: Apache-2.0 */
/* A table's life, a line an event: a JSON document is learnt from; a line that begins with "=" is a table of Glue's, an
 * object with Columns and Parameters, that is taken over. Columns are never taken away, moved or narrowed by a
 * document; what a catalog is told can be taken over, and then nothing is new. */
#include <string.h>

#include "base/mem.h"
#include "schema/schema.h"
#include "schema/type.h"

#include "target.h"

static const char *text_of(const json_t *columns, size_t i, const char *member)
{
	return json_string_value(json_object_get(json_array_get(columns, i), member));
}

static void only_grew(const json_t *before, const json_t *after)
{
	struct error e;

	must(json_array_size(after) >= json_array_size(before));
	for (size_t i = 0; i < json_array_size(before); i++) {
		struct type *was = type_parse(text_of(before, i, "Type"), &e), *is;

		must(strcmp(text_of(before, i, "Name"), text_of(after, i, "Name")) == 0);
		if (was == NULL) {
			must(strcmp(text_of(before, i, "Type"), text_of(after, i, "Type")) == 0);
			continue;
		}
		is = type_parse(text_of(after, i, "Type"), &e);
		must(is != NULL);
		must(!type_widen(is, was));
		type_free(was);
		type_free(is);
	}
}

static void names_differ(const json_t *columns)
{
	json_t *names = json_object();

	for (size_t i = 0; i < json_array_size(columns); i++) {
		const char *name = text_of(columns, i, "Name");

		must(name != NULL && strlen(text_of(columns, i, "Type")) > 0);
		must(json_object_get(names, name) == NULL);
		json_object_set_new(names, name, json_true());
	}
	json_decref(names);
}

static void take_over(struct schema *s, const char *text, size_t len)
{
	json_t *table = json_loadb(text, len, 0, NULL);

	schema_merge_table(s, json_object_get(table, "Columns"), json_object_get(table, "Parameters"));
	json_decref(table);
}

/* Telling a catalog and hearing it from there changes nothing. */
static void go_round(struct schema *s)
{
	json_t *columns = schema_columns(s), *serde = schema_serde(s), *after;
	uint64_t changes = schema_changes(s);

	names_differ(columns);
	must(serde != NULL && json_object_get(serde, "case.insensitive") != NULL);
	schema_merge_table(s, columns, serde);
	after = schema_columns(s);
	must(json_equal(columns, after));
	must(schema_changes(s) == changes);
	json_decref(columns);
	json_decref(serde);
	json_decref(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct column_setting said[] = { { (char *)"day", (char *)"date", (char *)"Date" } };
	const struct topic_settings t = {
		.key = (char *)"{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}",
		.metadata = METADATA_OFFSET,
		.columns = { said, 1 },
	};
	struct schema *s = schema_new(&t);
	const char *line = (const char *)data, *end = line + size;
	char *news;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop != NULL ? stop : end) - line);
		json_t *before = schema_columns(s), *after;

		if (len > 0 && line[0] == '=') {
			take_over(s, line + 1, len - 1);
		} else {
			schema_learn_line(s, line, len);
			after = schema_columns(s);
			only_grew(before, after);
			json_decref(after);
		}
		json_decref(before);
		line += len + 1;
	}
	schema_add_metadata(s);
	go_round(s);
	while ((news = schema_next_news(s)) != NULL)
		free(news);
	schema_free(s);
	return 0;
}
