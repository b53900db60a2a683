/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of the program asks of loaded settings: those of a topic, its table's name, where one stands, and their
 * end. Pure. */
#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "settings/match.h"
#include "settings/origin.h"
#include "settings/value.h"

#define TABLE_NAME_MAX 255

const struct settings *settings_hold(const struct settings *s)
{
	atomic_fetch_add(&((struct settings *)s)->more_holders, 1);
	return s;
}

static void free_list(struct string_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
}

static void wipe(struct settings *s)
{
	for (size_t i = 0; i < n_rows; i++) {
		value_free(&rows[i], value_base(&rows[i], s, &s->topic));
		for (size_t j = 0; j < s->n_overrides && rows[i].flags & ROW_PER_TOPIC; j++)
			value_free(&rows[i], &s->overrides[j].topic);
	}
	for (size_t j = 0; j < s->n_overrides; j++)
		value_free(&override_topics, &s->overrides[j]);
	free_list(&s->once_read);
	free_list(&s->doubts);
	free(s->overrides);
	origins_free(s->origins);
	free(s->file);
	free(s);
}

void settings_free(const struct settings *s)
{
	struct settings *ours = (struct settings *)s;

	if (ours != NULL && atomic_fetch_sub(&ours->more_holders, 1) == 0)
		wipe(ours);
}

const struct topic_settings *settings_for_topic(const struct settings *s, const char *topic)
{
	const struct override *o = match_override(s, topic);

	return o != NULL ? &o->topic : &s->topic;
}

char *settings_table_name(const struct topic_settings *t, const char *topic)
{
	/* Room for the "t", which goes when the first letter can be seen. */
	char *name = mem_printf("t%s", t->table[0] != '\0' ? t->table : topic);

	for (char *p = name + 1; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		else if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			*p = '_';
	}
	if (name[1] != '_')
		memmove(name, name + 1, strlen(name));
	if (strlen(name) > TABLE_NAME_MAX)
		name[TABLE_NAME_MAX] = '\0';
	return name;
}

int settings_blame(const struct settings *s, const char *group, const char *name, struct error *e)
{
	const struct row *r = row_find(group, name);
	const struct origin *o = s->origins != NULL ? origins_get(s->origins, ORIGIN_COMMON, r) : NULL;

	if (o == NULL || o->kind != ORIGIN_FILE)
		return error_context(e, "%s", s->file);
	return error_context(e, "%s:%d", o->file, o->line);
}
