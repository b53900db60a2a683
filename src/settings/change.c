/* SPDX-License-Identifier: Apache-2.0 */
/* Two generations row by row. Overrides are compared one by one as long as they are for the same topics; what comes
 * behind that may come and go without a restart if no topic that is read now goes elsewhere by it: an entry that says
 * nothing but what is reloadable, or that names topics which this process has never read: of one that was taken out
 * before, ranges may be under way still. Otherwise the whole list needs a restart. Pure. */
#include "settings/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "settings/match.h"
#include "settings/origin.h"
#include "settings/value.h"

#define NAMES_MAX (64 << 10)

/* Overrides from the first on that are for the same topics. */
static size_t n_paired(const struct settings *a, const struct settings *b)
{
	size_t n = 0;

	while (n < a->n_overrides && n < b->n_overrides &&
	       value_lists_same(&a->overrides[n].topics, &b->overrides[n].topics))
		n++;
	return n;
}

static bool is_row_changed(const struct row *r, const struct settings *a, const struct settings *b, size_t paired)
{
	bool per_topic = r->flags & ROW_PER_TOPIC;

	if (!value_same(r, per_topic ? (const void *)&a->topic : a, per_topic ? (const void *)&b->topic : b))
		return true;
	for (size_t i = 0; i < paired && per_topic; i++)
		if (!value_same(r, &a->overrides[i].topic, &b->overrides[i].topic))
			return true;
	return false;
}

/* It names topics, and none of them is or was read. */
static bool is_unread(const struct override *o, const struct settings *running)
{
	for (size_t i = 0; i < o->topics.n; i++)
		if (o->topics.items[i][0] == '^' || match_topic(&running->kafka_topics, o->topics.items[i]) ||
		    match_topic(&running->once_read, o->topics.items[i]))
			return false;
	return true;
}

static bool is_free(const struct override *o, const struct settings *running)
{
	if (is_unread(o, running))
		return true;
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].flags & ROW_PER_TOPIC && !(rows[i].flags & ROW_RELOAD) &&
		    !value_same(&rows[i], &o->topic, &running->topic))
			return false;
	return true;
}

/* Behind the paired ones: may they come and go? */
static bool are_free(const struct settings *running, const struct settings *fresh, size_t paired)
{
	for (size_t i = paired; i < running->n_overrides; i++)
		if (!is_free(&running->overrides[i], running))
			return false;
	for (size_t i = paired; i < fresh->n_overrides; i++)
		if (!is_free(&fresh->overrides[i], running))
			return false;
	return true;
}

static void add(struct changes *c, const struct row *r, bool restart)
{
	c->items[c->n++] = (struct change){ r, restart };
}

void changes_find(const struct settings *running, const struct settings *fresh, struct changes *c)
{
	size_t paired = n_paired(running, fresh);

	*c = (struct changes){ .items = mem_array(n_rows + 1, sizeof(*c->items)) };
	for (size_t i = 0; i < n_rows; i++)
		if (is_row_changed(&rows[i], running, fresh, paired))
			add(c, &rows[i], !(rows[i].flags & ROW_RELOAD));
	if (paired < running->n_overrides || paired < fresh->n_overrides)
		add(c, NULL, !are_free(running, fresh, paired));
}

void changes_free(struct changes *c)
{
	free(c->items);
	*c = (struct changes){ 0 };
}

char *changes_names(const struct changes *c, bool restart)
{
	char path[ROW_PATH_MAX], *names;
	struct buf out;

	buf_init(&out, NAMES_MAX);
	for (size_t i = 0; i < c->n; i++) {
		if (c->items[i].restart != restart)
			continue;
		snprintf(path, sizeof(path), "override");
		if (c->items[i].row != NULL)
			row_path(c->items[i].row, path);
		buf_addf(&out, "%s%s", out.len > 0 ? ", " : "", path);
	}
	names = mem_strdup(buf_str(&out));
	buf_free(&out);
	return names;
}

static void free_override(struct override *o)
{
	value_free(&override_topics, o);
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].flags & ROW_PER_TOPIC)
			value_free(&rows[i], &o->topic);
}

static void copy_override(struct override *to, const struct override *from)
{
	*to = (struct override){ .line = from->line };
	value_copy(&override_topics, to, from);
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].flags & ROW_PER_TOPIC)
			value_copy(&rows[i], &to->topic, &from->topic);
}

/* The running ones behind the paired ones, in place of the fresh ones. */
static void keep_overrides(const struct settings *running, struct settings *fresh, size_t paired)
{
	for (size_t i = paired; i < fresh->n_overrides; i++)
		free_override(&fresh->overrides[i]);
	for (size_t i = fresh->n_overrides; i < running->n_overrides; i++)
		origins_add_override(fresh->origins);
	fresh->n_overrides = running->n_overrides;
	if (running->n_overrides == 0)
		return;
	fresh->overrides = mem_realloc(fresh->overrides, running->n_overrides * sizeof(*fresh->overrides));
	for (size_t i = paired; i < running->n_overrides; i++)
		copy_override(&fresh->overrides[i], &running->overrides[i]);
}

static void add_unique(struct string_list *to, const struct string_list *from)
{
	for (size_t i = 0; i < from->n; i++) {
		bool known = false;

		for (size_t k = 0; k < to->n && !known; k++)
			known = strcmp(to->items[k], from->items[i]) == 0;
		if (known)
			continue;
		to->items = mem_realloc(to->items, (to->n + 1) * sizeof(*to->items));
		to->items[to->n++] = mem_strdup(from->items[i]);
	}
}

void changes_keep(const struct settings *running, struct settings *fresh)
{
	size_t paired = n_paired(running, fresh);
	bool are_kept = !are_free(running, fresh, paired);

	for (size_t i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		if (r->flags & ROW_RELOAD)
			continue;
		value_copy(r, value_base(r, fresh, &fresh->topic),
			   r->flags & ROW_PER_TOPIC ? (const void *)&running->topic : running);
		for (size_t k = 0; k < paired && r->flags & ROW_PER_TOPIC; k++)
			value_copy(r, &fresh->overrides[k].topic, &running->overrides[k].topic);
	}
	fresh->kafka_start_ms = running->kafka_start_ms;
	add_unique(&fresh->once_read, &running->once_read);
	add_unique(&fresh->once_read, &running->kafka_topics);
	if (are_kept)
		keep_overrides(running, fresh, paired);
}
