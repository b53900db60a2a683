/* SPDX-License-Identifier: Apache-2.0 */
/* Folders are listed level by level as far as the day's; of objects the newest few are read, and of each its
 * beginning. */
#include "glue/newest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "encode/line_count.h"
#include "glue/definition.h"

#define OBJECTS 5
#define HEAD_BYTES ((int64_t)4 << 20)
#define LINES_MAX 10000
#define LINE_MAX_BYTES ((size_t)1 << 20)

static int list(struct lake *l, const char *prefix, bool folders,
		void (*see)(void *arg, int64_t modified_ms, char *key), void *arg, struct error *e)
{
	char *page = NULL;
	int rc;

	do {
		struct s3_call c = { .op = S3_LIST_OBJECTS, .key = prefix, .page = page, .folders = folders };
		int64_t bytes, modified_ms;
		char *at, *key;

		rc = lake_call(l, &c, e);
		free(page);
		page = c.next_page;
		at = c.listed;
		while (rc == 0 && lake_row(&at, &bytes, &modified_ms, &key))
			see(arg, modified_ms, key);
		free(c.listed);
	} while (rc == 0 && page != NULL);
	return rc;
}

struct folders {
	char **items;
	size_t n;
};

static void see_folder(void *arg, int64_t modified_ms, char *key)
{
	struct folders *f = arg;
	size_t len = strlen(key);

	(void)modified_ms;
	if (len == 0 || key[len - 1] != '/')
		return;
	f->items = mem_realloc(f->items, (f->n + 1) * sizeof(f->items[0]));
	f->items[f->n++] = mem_strdup(key);
}

static void free_folders(struct folders *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->items[i]);
	free(f->items);
	*f = (struct folders){ 0 };
}

static void take_day(struct days *d, const char *value, const char *from, const char *to)
{
	char dt[TABLE_DT_SIZE];

	if (strncmp(value, KEY_NULL_PARTITION, strlen(KEY_NULL_PARTITION)) == 0) {
		d->nowhere = true;
		return;
	}
	if (!definition_is_day(value, strcspn(value, "/")))
		return;
	snprintf(dt, sizeof(dt), "%s", value);
	if (d->first[0] == '\0' || strcmp(dt, d->first) < 0)
		memcpy(d->first, dt, sizeof(dt));
	if (strcmp(dt, d->last) > 0)
		memcpy(d->last, dt, sizeof(dt));
	if (strcmp(dt, from) < 0 && d->before++ == 0)
		memcpy(d->some_before, dt, sizeof(dt));
	if (strcmp(dt, to) > 0 && d->beyond++ == 0)
		memcpy(d->some_beyond, dt, sizeof(dt));
}

/* Behind "name=" of a folder's last component; NULL: it is another's. */
static const char *value_of(const char *folder, const struct key_partition *column)
{
	const char *last = folder + strlen(folder) - 1;

	while (last > folder && last[-1] != '/')
		last--;
	if (strncmp(last, column->name, column->len) != 0 || last[column->len] != '=')
		return NULL;
	return last + column->len + 1;
}

static void take_folder(struct days *d, const char *folder, const struct key_partition *column, const char *from,
			const char *to)
{
	const char *value = value_of(folder, column);

	if (value == NULL)
		return;
	if (column->field == FIELD_DT)
		take_day(d, value, from, to);
	/* The null bucket's name comes behind all others'. */
	if (d->newest == NULL || (strcmp(folder, d->newest) > 0 && value[0] != '_')) {
		free(d->newest);
		d->newest = mem_strdup(folder);
	}
}

int newest_days(struct lake *l, const struct topic_settings *t, const char *table, const char *from, const char *to,
		struct days *out, struct error *e)
{
	struct key_partition columns[KEY_PARTITIONS_MAX];
	size_t n = key_partitions(t, columns);
	struct folders level = { 0 }, below = { 0 };
	char root[KEY_MAX + 1];
	int rc = 0;

	*out = (struct days){ 0 };
	definition_folder(t, table, 0, false, root);
	see_folder(&level, 0, root);
	for (size_t i = 0; i < n && rc == 0; i++) {
		for (size_t j = 0; j < level.n && rc == 0; j++)
			rc = list(l, level.items[j], true, see_folder, &below, e);
		for (size_t j = 0; j < below.n; j++)
			take_folder(out, below.items[j], &columns[i], from, to);
		free_folders(&level);
		level = below;
		below = (struct folders){ 0 };
		if (columns[i].field == FIELD_DT)
			break;
	}
	free_folders(&level);
	free_folders(&below);
	if (n == 0)
		out->newest = mem_strdup(root);
	return rc;
}

struct latest {
	struct {
		int64_t modified_ms;
		char *key;
	} rows[OBJECTS];
};

/* Newest first. */
static void see_object(void *arg, int64_t modified_ms, char *key)
{
	struct latest *l = arg;
	size_t at = OBJECTS;

	while (at > 0 && (l->rows[at - 1].key == NULL || l->rows[at - 1].modified_ms < modified_ms))
		at--;
	if (at == OBJECTS)
		return;
	free(l->rows[OBJECTS - 1].key);
	memmove(&l->rows[at + 1], &l->rows[at], (OBJECTS - 1 - at) * sizeof(l->rows[0]));
	l->rows[at].modified_ms = modified_ms;
	l->rows[at].key = mem_strdup(key);
}

struct hearing {
	struct schema *schema;
	struct buf line;
	bool too_long;
	size_t lines;
};

static void hear(void *arg, const uint8_t *text, size_t len)
{
	struct hearing *h = arg;

	while (len > 0 && h->lines < LINES_MAX) {
		const uint8_t *end = memchr(text, '\n', len);
		size_t n = end != NULL ? (size_t)(end - text) : len;

		h->too_long |= !buf_add(&h->line, text, n);
		if (end == NULL)
			return;
		if (!h->too_long) {
			schema_learn_line(h->schema, (const char *)h->line.data, h->line.len);
			h->lines++;
		}
		buf_clear(&h->line);
		h->too_long = false;
		text += n + 1;
		len -= n + 1;
	}
}

static int read_beginning(struct lake *l, const char *key, struct schema *schema, struct error *e)
{
	struct s3_call c = { .op = S3_GET, .key = key, .n_bytes = HEAD_BYTES };
	struct line_count *counter = line_count_new(line_count_codec(key));
	struct hearing h = { .schema = schema };
	int rc = lake_call(l, &c, e);

	buf_init(&h.line, LINE_MAX_BYTES);
	if (rc == 0) {
		line_count_hear(counter, hear, &h);
		rc = line_count_add(counter, c.got.data, c.got.len, e);
		buf_free(&c.got);
	}
	line_count_free(counter);
	buf_free(&h.line);
	return rc == 0 ? 0 : error_context(e, "object \"%s\"", key);
}

int newest_learn(struct lake *l, const char *folder, struct schema *schema, size_t *objects, struct error *e)
{
	struct latest latest = { 0 };
	int rc = list(l, folder, false, see_object, &latest, e);

	*objects = 0;
	for (size_t i = 0; i < OBJECTS; i++) {
		if (rc == 0 && latest.rows[i].key != NULL) {
			rc = read_beginning(l, latest.rows[i].key, schema, e);
			(*objects)++;
		}
		free(latest.rows[i].key);
	}
	return rc;
}
