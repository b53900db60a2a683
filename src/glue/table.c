/* SPDX-License-Identifier: Apache-2.0 */
/* UpdateTable replaces a table as a whole: so what it is given is what GetTable said, less what only Glue may say, and
 * with what is new. */
#include "glue/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"

/* What TableInput takes; GetTable says more. Source: Glue API, TableInput. */
static const char *const input_members[] = {
	"Name",      "Description",       "Owner",         "LastAccessTime",   "LastAnalyzedTime",
	"Retention", "StorageDescriptor", "PartitionKeys", "ViewOriginalText", "ViewExpandedText",
	"TableType", "Parameters",        "TargetTable",
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static const json_t *storage_of(const json_t *table)
{
	return json_object_get(table, "StorageDescriptor");
}

bool table_same_place(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	a_len -= a_len > 0 && a[a_len - 1] == '/';
	b_len -= b_len > 0 && b[b_len - 1] == '/';
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static int differs(struct error *e, const char *what, const char *is, const char *wanted)
{
	return error_set(e, ERROR_GIVE_UP, 0, "its %s is \"%s\" where the settings have \"%s\"", what, is, wanted);
}

static void put_names(struct buf *out, const char *name, bool first)
{
	buf_addf(out, first ? "%s" : ", %s", name);
}

static int fit_partitions(const json_t *table, const struct table_definition *d, struct error *e)
{
	const json_t *keys = json_object_get(table, "PartitionKeys");
	bool same = json_array_size(keys) == d->n_partitions;
	struct buf is, wanted;
	int rc = 0;

	buf_init(&is, ERROR_TEXT_MAX);
	buf_init(&wanted, ERROR_TEXT_MAX);
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const char *name = text_of(json_array_get(keys, i), "Name");

		put_names(&is, name, i == 0);
		same = same && strcmp(name, d->partitions[i]) == 0;
	}
	for (size_t i = 0; i < d->n_partitions; i++)
		put_names(&wanted, d->partitions[i], i == 0);
	if (!same)
		rc = differs(e, "list of partition columns", buf_str(&is), buf_str(&wanted));
	buf_free(&is);
	buf_free(&wanted);
	return rc;
}

int table_fits(const json_t *table, const struct table_definition *d, struct error *e)
{
	const json_t *storage = storage_of(table);
	const char *place = text_of(storage, "Location"), *format = text_of(storage, "InputFormat"),
		   *serde = text_of(json_object_get(storage, "SerdeInfo"), "SerializationLibrary");
	int rc = 0;

	if (!table_same_place(place, d->location))
		rc = differs(e, "location", place, d->location);
	else if (strcmp(format, DEFINITION_INPUT_FORMAT) != 0)
		rc = differs(e, "input format", format, DEFINITION_INPUT_FORMAT);
	else if (strcmp(serde, DEFINITION_SERDE) != 0)
		rc = differs(e, "SerDe", serde, DEFINITION_SERDE);
	else
		rc = fit_partitions(table, d, e);
	if (rc == 0)
		return 0;
	return error_context(e,
			     "the Glue table \"%s.%s\" is not the daemon's; drop it, or give the topic another table",
			     d->database, d->name);
}

static json_t *find_column(json_t *columns, const char *name)
{
	size_t i;
	json_t *c;

	json_array_foreach(columns, i, c) {
		if (strcmp(text_of(c, "Name"), name) == 0)
			return c;
	}
	return NULL;
}

static const char *comma(const struct buf *words)
{
	return words->len > 0 ? ", " : "";
}

static json_t *string(const char *s)
{
	return mem_must(json_string(s));
}

static void grow_columns(json_t *columns, const struct table_definition *d, struct buf *words)
{
	for (size_t i = 0; i < d->n_columns; i++) {
		const struct table_column *c = &d->columns[i];
		json_t *there = find_column(columns, c->name);

		if (there == NULL) {
			json_array_append_new(columns,
					      mem_must(json_pack("{ss ss}", "Name", c->name, "Type", c->type)));
			buf_addf(words, "%scolumn \"%s\" %s", comma(words), c->name, c->type);
		} else if (strcmp(text_of(there, "Type"), c->type) != 0) {
			buf_addf(words, "%scolumn \"%s\" is %s, was %s", comma(words), c->name, c->type,
				 text_of(there, "Type"));
			json_object_set_new(there, "Type", string(c->type));
		}
	}
}

static json_t *object_in(json_t *parent, const char *name)
{
	json_t *o = json_object_get(parent, name);

	if (json_is_object(o))
		return o;
	o = mem_must(json_object());
	json_object_set_new(parent, name, o);
	return o;
}

static bool set(json_t *pairs, const char *name, const char *value, struct buf *words)
{
	if (strcmp(text_of(pairs, name), value) == 0)
		return false;
	json_object_set_new(pairs, name, string(value));
	buf_addf(words, "%s\"%s\" is \"%s\"", comma(words), name, value);
	return true;
}

static bool is_of_columns(const char *parameter)
{
	return strncmp(parameter, "mapping.", strlen("mapping.")) == 0 || strcmp(parameter, "case.insensitive") == 0;
}

/* What the columns need is theirs to say; of the rest, what is there stays. */
static void grow_serde(json_t *pairs, const struct table_definition *d, struct buf *words)
{
	const char *name;
	json_t *value;
	void *next;

	for (size_t i = 0; i < d->serde.n; i++) {
		const struct table_pair *p = &d->serde.items[i];

		if (json_object_get(pairs, p->name) == NULL || is_of_columns(p->name))
			set(pairs, p->name, p->value, words);
	}
	json_object_foreach_safe(pairs, next, name, value)
	{
		if (strncmp(name, "mapping.", strlen("mapping.")) != 0 || definition_serde(d, name) != NULL)
			continue;
		buf_addf(words, "%sno \"%s\"", comma(words), name);
		json_object_del(pairs, name);
	}
}

static const char *name_of_range(const struct table_definition *d)
{
	for (size_t i = 0; i < d->parameters.n; i++) {
		const char *name = d->parameters.items[i].name, *value = d->parameters.items[i].value;

		if (strncmp(name, "projection.", strlen("projection.")) == 0 && strstr(value, ",NOW+") != NULL)
			return name;
	}
	return NULL;
}

/* The day that a range begins with; NULL: it begins otherwise, and is somebody's own. */
static const char *first_of(const char *range)
{
	range += strspn(range, " ");
	return definition_is_day(range, strcspn(range, " ,")) ? range : NULL;
}

bool table_first_dt(const json_t *table, const struct table_definition *d, char dt[TABLE_DT_SIZE])
{
	const char *name = name_of_range(d),
		   *first = name != NULL ? first_of(text_of(json_object_get(table, "Parameters"), name)) : NULL;

	if (first == NULL)
		return false;
	snprintf(dt, TABLE_DT_SIZE, "%s", first);
	return true;
}

/* Days compare as their texts do. */
static bool begins_late(const char *range, const char *wanted)
{
	const char *first = first_of(range);

	return first != NULL && strncmp(first, wanted, TABLE_DT_SIZE - 1) > 0;
}

/* Only what is not there is added; but who finds the partitions, and from when on, is the settings' to say. */
static void grow_parameters(json_t *pairs, const struct table_definition *d, struct buf *words)
{
	const char *range = name_of_range(d);
	bool projects = false;

	for (size_t i = 0; i < d->parameters.n; i++) {
		const struct table_pair *p = &d->parameters.items[i];
		const char *there = text_of(pairs, p->name);
		bool enables = strcmp(p->name, "projection.enabled") == 0;

		projects |= enables;
		if (there[0] == '\0' || (enables && strcasecmp(there, "true") != 0) ||
		    (range != NULL && strcmp(p->name, range) == 0 && begins_late(there, p->value)))
			set(pairs, p->name, p->value, words);
	}
	if (!projects && strcasecmp(text_of(pairs, "projection.enabled"), "true") == 0)
		set(pairs, "projection.enabled", "false", words);
}

json_t *table_grown(const json_t *table, const struct table_definition *d, struct buf *words)
{
	json_t *input = mem_must(json_object()), *storage;
	size_t before = words->len;

	for (size_t i = 0; i < sizeof(input_members) / sizeof(input_members[0]); i++) {
		json_t *value = json_object_get(table, input_members[i]);

		if (value != NULL && !json_is_null(value))
			json_object_set_new(input, input_members[i], mem_must(json_deep_copy(value)));
	}
	storage = object_in(input, "StorageDescriptor");
	if (!json_is_array(json_object_get(storage, "Columns")))
		json_object_set_new(storage, "Columns", mem_must(json_array()));
	grow_columns(json_object_get(storage, "Columns"), d, words);
	grow_serde(object_in(object_in(storage, "SerdeInfo"), "Parameters"), d, words);
	grow_parameters(object_in(input, "Parameters"), d, words);
	if (words->len > before)
		return input;
	json_decref(input);
	return NULL;
}

void table_hash(const json_t *table, char hash[TABLE_HASH])
{
	const json_t *storage = storage_of(table), *columns = json_object_get(storage, "Columns");
	char *serde = json_dumps(json_object_get(json_object_get(storage, "SerdeInfo"), "Parameters"),
				 JSON_SORT_KEYS | JSON_COMPACT);
	uint8_t digest[SHA256_BYTES];
	struct buf all;

	buf_init(&all, SIZE_MAX);
	for (size_t i = 0; i < json_array_size(columns); i++)
		buf_addf(&all, "%s\n%s\n", text_of(json_array_get(columns, i), "Name"),
			 text_of(json_array_get(columns, i), "Type"));
	buf_adds(&all, serde != NULL ? serde : "");
	sha256_of(all.data, all.len, digest);
	text_hex(digest, (TABLE_HASH - 1) / 2, hash);
	buf_free(&all);
	free(serde);
}

json_t *table_partition(const json_t *table, json_t *values, const char *location, const json_t *parameters)
{
	json_t *storage = mem_must(json_deep_copy(storage_of(table))),
	       *pairs = parameters != NULL ? mem_must(json_deep_copy(parameters)) : mem_must(json_object());
	const char *classification = text_of(json_object_get(table, "Parameters"), "classification");
	char hash[TABLE_HASH];

	table_hash(table, hash);
	json_object_set_new(storage, "Location", string(location));
	json_object_set_new(pairs, TABLE_COLUMNS_PARAMETER, string(hash));
	if (json_object_get(pairs, "classification") == NULL)
		json_object_set_new(pairs, "classification", string(classification));
	return mem_must(json_pack("{sO so so}", "Values", values, "StorageDescriptor", storage, "Parameters", pairs));
}
