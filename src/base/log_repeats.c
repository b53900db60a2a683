/* SPDX-License-Identifier: Apache-2.0 */
/* The table of lines told lately. Too many at once are told rather than tracked: nothing is hidden that was not told
 * before. */
#include "base/log_repeats.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LINES 64
/* A little less than the minute after which callers tell again what lasts: that is no repetition. */
#define LAST_MS 55000

struct entry {
	struct log_line line;
	struct log_field *fields; /* the line's, and its text: ours */
	char *text;               /* NULL: the entry is free */
	int64_t told_boot_ms;
	uint64_t more;
};

struct log_repeats {
	struct entry entries[LINES];
	struct entry handed_out; /* by log_repeats_next */
};

struct log_repeats *log_repeats_new(void)
{
	return mem_zalloc(sizeof(struct log_repeats));
}

static void release(struct entry *e)
{
	for (size_t i = 0; i < e->line.n_fields; i++)
		free((char *)e->fields[i].text);
	free(e->fields);
	free(e->text);
	*e = (struct entry){ 0 };
}

void log_repeats_free(struct log_repeats *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < LINES; i++)
		release(&r->entries[i]);
	release(&r->handed_out);
	free(r);
}

static void keep(struct entry *e, const struct log_line *l, int64_t now_boot_ms)
{
	release(e);
	e->line = *l;
	e->line.text = e->text = mem_strdup(l->text);
	e->line.fields = e->fields = mem_array(l->n_fields + 1, sizeof(*e->fields));
	for (size_t i = 0; i < l->n_fields; i++) {
		e->fields[i] = l->fields[i];
		if (l->fields[i].text != NULL)
			e->fields[i].text = mem_strdup(l->fields[i].text);
	}
	e->told_boot_ms = now_boot_ms;
}

static bool is_same_field(const struct log_field *a, const struct log_field *b)
{
	if (strcmp(a->name, b->name) != 0 || (a->text == NULL) != (b->text == NULL))
		return false;
	return a->text != NULL ? strcmp(a->text, b->text) == 0 : a->number == b->number;
}

static bool is_same(const struct log_line *a, const struct log_line *b)
{
	if (a->id != b->id || a->level != b->level || a->n_fields != b->n_fields)
		return false;
	for (size_t i = 0; i < a->n_fields; i++) {
		if (!is_same_field(&a->fields[i], &b->fields[i]))
			return false;
	}
	return strcmp(a->text, b->text) == 0;
}

static bool is_over(const struct entry *e, int64_t now_boot_ms)
{
	return now_boot_ms >= e->told_boot_ms + LAST_MS;
}

bool log_repeats_tells(struct log_repeats *r, const struct log_line *l, int64_t now_boot_ms)
{
	struct entry *free_one = NULL;

	if (l->level > LOG_LEVEL_WARNING)
		return true;
	for (struct entry *e = r->entries; e < r->entries + LINES; e++) {
		if (e->text != NULL && !is_over(e, now_boot_ms) && is_same(&e->line, l)) {
			e->more++;
			return false;
		}
		if (e->text == NULL || (is_over(e, now_boot_ms) && e->more == 0))
			free_one = e;
	}
	if (free_one != NULL)
		keep(free_one, l, now_boot_ms);
	return true;
}

bool log_repeats_next(struct log_repeats *r, int64_t now_boot_ms, struct log_line *l, uint64_t *more)
{
	for (struct entry *e = r->entries; e < r->entries + LINES; e++) {
		if (e->text == NULL || e->more == 0 || !is_over(e, now_boot_ms))
			continue;
		release(&r->handed_out);
		r->handed_out = *e;
		*e = (struct entry){ 0 };
		*l = r->handed_out.line;
		*more = r->handed_out.more;
		return true;
	}
	return false;
}
