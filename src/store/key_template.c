/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a key template apart: components between slashes, in them placeholders and literals. What is allowed in one is
 * key_check.c's business. */
#include "store/key_template.h"

#include <string.h>

#define DEAD_BASE "{topic}+{partition}+{start}+{id}.{ext}"

const char *const key_field_names[N_FIELDS] = { "{prefix}",    "{table}", "{dt}", "{hour}", "{topic}",
						"{partition}", "{start}", "{id}", "{ext}" };

struct key_token key_token_at(const char *p, const char *end)
{
	struct key_token t = { FIELD_LITERAL, p, strcspn(p, "{}") };

	if (t.len > (size_t)(end - p))
		t.len = (size_t)(end - p);
	if (t.len > 0)
		return t;
	for (t.field = 0; t.field < N_FIELDS; t.field++) {
		t.len = strlen(key_field_names[t.field]);
		if (t.len <= (size_t)(end - p) && memcmp(p, key_field_names[t.field], t.len) == 0)
			return t;
	}
	t.field = FIELD_UNKNOWN;
	t.len = strcspn(p, "}") + 1;
	if (t.len > (size_t)(end - p))
		t.len = (size_t)(end - p);
	return t;
}

struct key_component key_component_next(const char **p)
{
	struct key_component c = { .text = *p, .len = strcspn(*p, "/") };
	const char *end = c.text + c.len;
	struct key_token t;

	c.last = *end == '\0';
	for (const char *at = c.text; at < end; at += t.len) {
		t = key_token_at(at, end);
		if (t.field < N_FIELDS)
			c.fields |= KEY_FIELD(t.field);
	}
	*p = c.last ? NULL : end + 1;
	return c;
}

struct key_component key_base_of(const char *template)
{
	struct key_component c;

	do
		c = key_component_next(&template);
	while (template != NULL);
	return c;
}

unsigned key_fields_without(enum partition_by by)
{
	if (by == PARTITION_BY_NONE)
		return KEY_FIELD(FIELD_DT) | KEY_FIELD(FIELD_HOUR);
	return by == PARTITION_BY_DAY ? KEY_FIELD(FIELD_HOUR) : 0;
}

bool key_component_kept(const struct key_component *c, enum partition_by by)
{
	return (c->fields & key_fields_without(by)) == 0;
}

const char *key_dead_base(const struct topic_settings *t)
{
	struct key_component base = key_base_of(t->key);

	return (base.fields & KEY_RANGE_FIELDS) == KEY_RANGE_FIELDS ? base.text : DEAD_BASE;
}
