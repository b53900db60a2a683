/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of groups as values: entries of one size, whose members are rows of texts. Pure. */
#include "settings/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "settings/settings.h"
#include "settings/value.h"

#define NEAR 2

/* What every such field looks like. */
struct groups {
	void *items;
	size_t n;
};

_Static_assert(sizeof(struct groups) == sizeof(struct column_list) &&
		       offsetof(struct groups, n) == offsetof(struct column_list, n),
	       "a field of ROW_GROUPS is a pointer and a number");

static struct groups get(const void *field)
{
	struct groups g;

	memcpy(&g, field, sizeof(g));
	return g;
}

static void put(void *field, struct groups g)
{
	memcpy(field, &g, sizeof(g));
}

static void *entry_at(const struct row *r, struct groups g, size_t i)
{
	return (char *)g.items + i * r->entry_size;
}

static const char *text_of(const struct row *member, const void *entry)
{
	return *(char *const *)((const char *)entry + member->offset);
}

void *groups_add(const struct row *r, void *field)
{
	struct groups g = get(field);
	struct error e;
	void *entry;

	g.items = mem_realloc(g.items, (g.n + 1) * r->entry_size);
	entry = entry_at(r, g, g.n++);
	memset(entry, 0, r->entry_size);
	put(field, g);
	for (size_t i = 0; i < r->n_members; i++)
		value_set_default(&r->members[i], entry, &e);
	return entry;
}

int groups_check_last(const struct row *r, const void *field, struct error *e)
{
	struct groups g = get(field);
	const void *last = entry_at(r, g, g.n - 1);

	for (size_t i = 0; i < r->n_members; i++)
		if (r->members[i].flags & ROW_REQUIRED && text_of(&r->members[i], last)[0] == '\0')
			return error_set(e, ERROR_GIVE_UP, 0, "entry %zu has no %s, which must be given", g.n,
					 r->members[i].name);
	for (size_t i = 0; i + 1 < g.n; i++)
		if (value_same(&r->members[0], entry_at(r, g, i), last))
			return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is listed twice; take one out",
					 text_of(&r->members[0], last));
	return 0;
}

const struct row *groups_member(const struct row *r, const char *name)
{
	for (size_t i = 0; i < r->n_members; i++)
		if (strcmp(r->members[i].name, name) == 0)
			return &r->members[i];
	return NULL;
}

const char *groups_nearest(const struct row *r, const char *name)
{
	unsigned best = NEAR + 1;
	const char *nearest = "";

	for (size_t i = 0; i < r->n_members; i++) {
		unsigned d = text_distance(name, r->members[i].name);

		if (d < best) {
			best = d;
			nearest = r->members[i].name;
		}
	}
	return nearest;
}

void groups_clear(const struct row *r, void *field)
{
	struct groups g = get(field);

	for (size_t i = 0; i < g.n; i++)
		for (size_t m = 0; m < r->n_members; m++)
			value_free(&r->members[m], entry_at(r, g, i));
	free(g.items);
	put(field, (struct groups){ 0 });
}

void groups_copy(const struct row *r, void *to, const void *from)
{
	struct groups g = get(from);

	groups_clear(r, to);
	for (size_t i = 0; i < g.n; i++) {
		void *entry = groups_add(r, to);

		for (size_t m = 0; m < r->n_members; m++)
			value_copy(&r->members[m], entry, entry_at(r, g, i));
	}
}

bool groups_same(const struct row *r, const void *a, const void *b)
{
	struct groups x = get(a), y = get(b);

	if (x.n != y.n)
		return false;
	for (size_t i = 0; i < x.n; i++)
		for (size_t m = 0; m < r->n_members; m++)
			if (!value_same(&r->members[m], entry_at(r, x, i), entry_at(r, y, i)))
				return false;
	return true;
}

void groups_print(const struct row *r, const void *field, FILE *out)
{
	struct groups g = get(field);

	fputs("(", out);
	for (size_t i = 0; i < g.n; i++) {
		const void *entry = entry_at(r, g, i);

		fputs(i > 0 ? ", { " : " { ", out);
		for (size_t m = 0; m < r->n_members; m++) {
			if (text_of(&r->members[m], entry)[0] == '\0')
				continue;
			fprintf(out, "%s = ", r->members[m].name);
			value_print(&r->members[m], entry, out);
			fputs("; ", out);
		}
		fputs("}", out);
	}
	fputs(" )", out);
}
