/* SPDX-License-Identifier: Apache-2.0 */
/* Whether columns that are said can be columns of one table. Pure. */
#include "settings/columns.h"

#include <string.h>
#include <strings.h>

#include "schema/type.h"
#include "store/key_catalog.h"

#define NAME_MAX_LENGTH 255
#define PATH_MAX_LENGTH 1024

int check_column(const char *value, struct error *e)
{
	size_t len = strlen(value);

	if (len <= NAME_MAX_LENGTH && strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_") == len)
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0,
			 "\"%s\" is no legal column: at most %d lower-case letters, digits and '_'; the key that it is "
			 "read from is its path",
			 value, NAME_MAX_LENGTH);
}

int check_column_type(const char *value, struct error *e)
{
	struct type *t = type_parse(value, e);
	int rc = t != NULL ? type_check_names(t, e) : -1;

	type_free(t);
	return rc;
}

int check_column_path(const char *value, struct error *e)
{
	if (strlen(value) <= PATH_MAX_LENGTH)
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0, "a key has at most %d bytes here", PATH_MAX_LENGTH);
}

static bool has_field(const struct type *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if ((t->kind == TYPE_STRUCT && strcmp(t->fields[i].name, name) == 0) ||
		    has_field(t->fields[i].type, name))
			return true;
	return false;
}

/* A mapping is for every field of that name, at any depth. */
static int check_mapping(const struct topic_settings *t, const struct column_setting *mapped, struct error *e)
{
	if (mapped->path[0] == '\0' || strcasecmp(mapped->path, mapped->name) == 0)
		return 0;
	for (size_t i = 0; i < t->columns.n; i++) {
		struct type *type = type_parse(t->columns.items[i].type, e);
		bool met = type != NULL && has_field(type, mapped->name);

		type_free(type);
		if (met)
			return error_set(
				e, ERROR_GIVE_UP, 0,
				"a field of \"%s\" has the name of the column \"%s\", so readers would look for "
				"it under \"%s\", too; give the column another name",
				t->columns.items[i].name, mapped->name, mapped->path);
	}
	return 0;
}

static int check_partitions(const struct topic_settings *t, const struct column_setting *c, struct error *e)
{
	struct key_partition partitions[KEY_PARTITIONS_MAX];
	size_t n = key_partitions(t, partitions);

	for (size_t i = 0; i < n; i++)
		if (strlen(c->name) == partitions[i].len && memcmp(c->name, partitions[i].name, partitions[i].len) == 0)
			return error_set(
				e, ERROR_GIVE_UP, 0,
				"\"%s\" is the name of a folder of output.key, which is a column already; give it "
				"another name, and its key as path",
				c->name);
	return 0;
}

int columns_check(const struct topic_settings *t, bool in_catalog, struct error *e)
{
	static const char metadata[] = "kafka_";

	for (size_t i = 0; i < t->columns.n; i++) {
		const struct column_setting *c = &t->columns.items[i];

		if (t->metadata != 0 && strncmp(c->name, metadata, strlen(metadata)) == 0)
			return error_set(e, ERROR_GIVE_UP, 0,
					 "\"%s\" begins as the columns of output.metadata do; they are there already",
					 c->name);
		if (check_mapping(t, c, e) < 0 || (in_catalog && check_partitions(t, c, e) < 0))
			return -1;
	}
	return 0;
}
