/* SPDX-License-Identifier: Apache-2.0 */
/* What the bucket holds of a table that this process has not landed itself: after each start, for each table that was
 * made, and once a day, since a daemon may have died between the two. Registered partitions: all folders, those that
 * Glue lacks are wanted. Projection: the earliest day. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "glue/keeper.h"

#define HOURS 24
#define EVERY_MS (24 * 3600000)

static void push(struct texts_list *l, char *text)
{
	l->items = mem_realloc(l->items, (l->n + 1) * sizeof(l->items[0]));
	l->items[l->n++] = text;
}

static char *pop(struct texts_list *l)
{
	return l->items[--l->n];
}

/* Folders to list: the table's own, or the one that earliest day begins with. */
static void begin(const struct keeper *k, struct kept_table *t)
{
	struct key_partition columns[KEY_PARTITIONS_MAX];
	size_t n = key_partitions(t->settings, columns);
	char root[KEY_MAX + 1];

	t->folders_begun = true;
	definition_folder(t->settings, t->name, 0, false, root);
	if (keeper_registers(k)) {
		if (n > 0)
			push(&t->folders, mem_strdup(root));
	} else if (n > 0 && columns[0].field == FIELD_DT) {
		push(&t->folders, mem_printf("%s%.*s=", root, (int)columns[0].len, columns[0].name));
	} else if (n > 1) {
		for (int hour = 0; hour < HOURS; hour++)
			push(&t->folders, mem_printf("%s%.*s=%02d/%.*s=", root, (int)columns[0].len, columns[0].name,
						     hour, (int)columns[1].len, columns[1].name));
	}
}

/* The values of "root/dt=2026-01-31/hour=07/", as far as there are any. */
static json_t *values_in(const struct kept_table *t, const char *folder)
{
	struct key_partition columns[KEY_PARTITIONS_MAX];
	size_t n = key_partitions(t->settings, columns);
	json_t *values = mem_must(json_array());
	char root[KEY_MAX + 1];

	definition_folder(t->settings, t->name, 0, false, root);
	folder += strlen(root);
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(folder, "/");
		json_t *value;

		if (len <= columns[i].len || strncmp(folder, columns[i].name, columns[i].len) != 0 ||
		    folder[columns[i].len] != '=' || folder[len] != '/')
			break;
		value = json_stringn(folder + columns[i].len + 1, len - columns[i].len - 1);
		if (value == NULL)
			break;
		json_array_append_new(values, value);
		folder += len + 1;
	}
	return values;
}

static int compare_slots(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool is_seen(const struct slots *s, int64_t slot)
{
	return s->n > 0 && bsearch(&slot, s->items, s->n, sizeof(slot), compare_slots) != NULL;
}

/* A folder of the last partition column is a partition; any other is listed in its turn. */
static void take_folder(struct keeper *k, struct kept_table *t, const char *folder)
{
	json_t *values = values_in(t, folder);
	struct key_partition columns[KEY_PARTITIONS_MAX];
	size_t n = key_partitions(t->settings, columns), depth = json_array_size(values);
	int64_t slot;

	if (depth > 0 && depth < n)
		push(&t->folders, mem_strdup(folder));
	else if (depth == n && definition_slot(t->settings, values, &slot) && !is_seen(&t->seen, slot))
		registry_has(k->registry, t->name, slot);
	json_decref(values);
}

/* The first folder behind "…dt=" that is a day's is the earliest one's; true: this is it. */
static bool take_day(struct kept_table *t, const char *value)
{
	char dt[TABLE_DT_SIZE];

	if (!definition_is_day(value, strcspn(value, "/")))
		return false;
	snprintf(dt, sizeof(dt), "%s", value);
	upkeep_first_dt(t, dt);
	return true;
}

/* True: the page behind this one is of no more interest. */
static bool take_rows(struct keeper *k, struct kept_table *t, const char *prefix, char *rows)
{
	int64_t bytes, modified_ms;
	char *key;

	while (lake_row(&rows, &bytes, &modified_ms, &key)) {
		if (strncmp(key, prefix, strlen(prefix)) != 0 || key[strlen(key) - 1] != '/')
			continue;
		if (keeper_registers(k))
			take_folder(k, t, key);
		else if (take_day(t, key + strlen(prefix)))
			return true;
	}
	return false;
}

static int list(struct keeper *k, struct kept_table *t, struct error *e)
{
	char *prefix = pop(&t->folders);
	struct s3_call c = { .op = S3_LIST_OBJECTS, .key = prefix, .page = t->folders_page, .folders = true };

	if (lake_call(&k->lake, &c, e) < 0) {
		push(&t->folders, prefix);
		return -1;
	}
	free(t->folders_page);
	t->folders_page = c.next_page;
	if (take_rows(k, t, prefix, c.listed)) {
		free(t->folders_page);
		t->folders_page = NULL;
	}
	if (t->folders_page != NULL)
		push(&t->folders, prefix); /* the last one: its next page comes next */
	else
		free(prefix);
	free(c.listed);
	return 0;
}

void folders_forget(struct kept_table *t)
{
	while (t->folders.n > 0)
		free(pop(&t->folders));
	free(t->folders.items);
	free(t->folders_page);
	free(t->seen.items);
	t->folders = (struct texts_list){ 0 };
	t->folders_page = NULL;
	t->seen = (struct slots){ 0 };
	t->folders_begun = false;
}

bool folders_step(struct keeper *k, struct kept_table *t, int64_t now_ms)
{
	struct attempt *a = &t->attempts[JOB_FOLDERS];
	struct error e;
	char *what;

	if (!t->folders_due && now_ms >= t->next_folders_ms) {
		t->folders_due = true;
		partitions_mend_anew(k, t); /* and see which there are */
	}
	/* Of a table that is missing, Glue has no partition; the first that is found has it made. */
	if (!t->folders_due || now_ms < a->next_ms ||
	    (keeper_registers(k) && !t->missing && (t->there == NULL || t->mend_due)))
		return false;
	if (!t->folders_begun) {
		if (t->seen.n > 0)
			qsort(t->seen.items, t->seen.n, sizeof(t->seen.items[0]), compare_slots);
		begin(k, t);
	}
	if (t->folders.n > 0) {
		what = mem_printf("folders of \"%s\"", t->name);
		if (list(k, t, &e) == 0)
			keeper_worked(k, t, a, what);
		else
			keeper_failed(k, t, a, what, &e, now_ms);
		free(what);
		return true;
	}
	folders_forget(t);
	t->folders_due = false;
	t->next_folders_ms = now_ms + EVERY_MS;
	return false;
}
