/* SPDX-License-Identifier: Apache-2.0 */
/* Which key templates make tables, and what their partition columns are. Folders that the partitioning leaves out
 * count for nothing. Pure. */
#include "store/key_catalog.h"

#include <string.h>

#define COLUMN_MAX 255
#define COLUMN_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"
#define ADVICE "; a catalog needs output.key such as \"{prefix}/{table}/dt={dt}/hour={hour}/…\", or catalog = \"none\""

/* "dt={dt}" and nothing else. */
static bool partition_of(const struct key_component *c, struct key_partition *p)
{
	size_t name = strspn(c->text, COLUMN_CHARACTERS);
	const char *value = c->text + name + 1;
	struct key_token token;

	if (name == 0 || name > COLUMN_MAX || name + 1 >= c->len || c->text[name] != '=')
		return false;
	token = key_token_at(value, c->text + c->len);
	*p = (struct key_partition){ c->text, name, token.field };
	return (token.field == FIELD_DT || token.field == FIELD_HOUR) && value + token.len == c->text + c->len;
}

static bool is_table(const struct key_component *c)
{
	return c->fields == KEY_FIELD(FIELD_TABLE) && c->len == strlen(key_field_names[FIELD_TABLE]);
}

static int check_partition(const struct key_component *c, const struct key_partition *before, size_t n,
			   struct key_partition *p, struct error *e)
{
	if (!partition_of(c, p))
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"the folder \"%.*s\" behind \"{table}\" is no partition such as dt={dt}, its column of "
			"lower-case letters, digits and '_'" ADVICE,
			(int)c->len, c->text);
	for (size_t i = 0; i < n; i++)
		if (before[i].field == p->field ||
		    (before[i].len == p->len && memcmp(before[i].name, p->name, p->len) == 0))
			return error_set(e, ERROR_GIVE_UP, 0,
					 "the folder \"%.*s\" has its column or its time from one before it" ADVICE,
					 (int)c->len, c->text);
	return 0;
}

int key_catalog_check(const struct topic_settings *t, struct error *e)
{
	struct key_partition p[KEY_PARTITIONS_MAX + 1]; /* a third one meets a time or column before it */
	const char *rest = t->key;
	bool table = false;
	size_t n = 0;

	while (rest != NULL) {
		struct key_component c = key_component_next(&rest);

		if (c.last)
			break;
		if (!key_component_kept(&c, t->partition_by))
			continue;
		if (!table && is_table(&c)) {
			table = true;
			continue;
		}
		if (!table && (c.fields & ~KEY_FIELD(FIELD_PREFIX)) != 0)
			return error_set(e, ERROR_GIVE_UP, 0,
					 "the folder \"%.*s\" stands where \"{table}\" is meant" ADVICE, (int)c.len,
					 c.text);
		if (table && check_partition(&c, p, n, &p[n], e) < 0)
			return -1;
		n += table;
	}
	if (!table)
		return error_set(e, ERROR_GIVE_UP, 0, "\"{table}\" is no folder of its own" ADVICE);
	return 0;
}

size_t key_partitions(const struct topic_settings *t, struct key_partition out[KEY_PARTITIONS_MAX])
{
	const char *rest = t->key;
	size_t n = 0;

	while (rest != NULL && n < KEY_PARTITIONS_MAX) {
		struct key_component c = key_component_next(&rest);

		if (!c.last && key_component_kept(&c, t->partition_by) && partition_of(&c, &out[n]))
			n++;
	}
	return n;
}
