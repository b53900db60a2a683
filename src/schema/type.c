/* SPDX-License-Identifier: Apache-2.0 */
/* Types as trees: made, compared, widened. Text is type_text.c's. Pure. */
#include "schema/type.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* How many there are beneath one; a struct begins without. */
static size_t children(enum type_kind kind)
{
	return kind == TYPE_ARRAY ? 1 : kind == TYPE_MAP ? 2 : 0;
}

struct type *type_new(enum type_kind kind)
{
	struct type *t = mem_zalloc(sizeof(*t));

	t->kind = kind;
	t->n = children(kind);
	if (t->n > 0)
		t->fields = mem_array(t->n, sizeof(*t->fields));
	for (size_t i = 0; i < t->n; i++)
		t->fields[i].type = type_new(TYPE_UNKNOWN);
	return t;
}

struct type *type_other(const char *text)
{
	struct type *t = type_new(TYPE_OTHER);

	t->text = mem_strdup(text);
	return t;
}

static void clear(struct type *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->fields[i].name);
		type_free(t->fields[i].type);
	}
	free(t->fields);
	free(t->text);
	*t = (struct type){ .kind = TYPE_UNKNOWN };
}

void type_free(struct type *t)
{
	if (t == NULL)
		return;
	clear(t);
	free(t);
}

/* Into one that is unknown. */
static void copy_into(struct type *to, const struct type *from)
{
	*to = (struct type){ .kind = from->kind, .precision = from->precision, .scale = from->scale, .n = from->n };
	if (from->text != NULL)
		to->text = mem_strdup(from->text);
	if (to->n > 0)
		to->fields = mem_array(to->n, sizeof(*to->fields));
	for (size_t i = 0; i < to->n; i++) {
		if (from->fields[i].name != NULL)
			to->fields[i].name = mem_strdup(from->fields[i].name);
		to->fields[i].type = type_copy(from->fields[i].type);
	}
}

struct type *type_copy(const struct type *t)
{
	struct type *copy = mem_zalloc(sizeof(*copy));

	copy_into(copy, t);
	return copy;
}

bool type_is_known(const struct type *t)
{
	switch (t->kind) {
	case TYPE_UNKNOWN:
		return false;
	case TYPE_ARRAY:
	case TYPE_STRUCT:
		return t->n > 0 && type_is_known(t->fields[0].type);
	default:
		return true;
	}
}

bool type_same(const struct type *a, const struct type *b)
{
	if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale || a->n != b->n)
		return false;
	if (a->kind == TYPE_OTHER && strcmp(a->text, b->text) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if ((a->kind == TYPE_STRUCT && strcmp(a->fields[i].name, b->fields[i].name) != 0) ||
		    !type_same(a->fields[i].type, b->fields[i].type))
			return false;
	return true;
}

size_t type_fields(const struct type *t)
{
	size_t n = t->kind == TYPE_STRUCT ? t->n : 0;

	for (size_t i = 0; i < t->n; i++)
		n += type_fields(t->fields[i].type);
	return n;
}

bool type_is_inferred(const struct type *t)
{
	switch (t->kind) {
	case TYPE_UNKNOWN:
	case TYPE_BOOLEAN:
	case TYPE_BIGINT:
	case TYPE_DOUBLE:
	case TYPE_STRING:
	case TYPE_ARRAY:
	case TYPE_STRUCT:
		return true;
	default:
		return false;
	}
}

bool type_become_string(struct type *t)
{
	if (t->kind == TYPE_STRING)
		return false;
	clear(t);
	t->kind = TYPE_STRING;
	return true;
}

struct type *type_field(const struct type *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcasecmp(t->fields[i].name, name) == 0)
			return t->fields[i].type;
	return NULL;
}

struct type *type_add_field(struct type *t, const char *name)
{
	t->fields = mem_realloc(t->fields, (t->n + 1) * sizeof(*t->fields));
	t->fields[t->n] = (struct type_field){ mem_strdup(name), type_new(TYPE_UNKNOWN) };
	return t->fields[t->n++].type;
}

void type_settle(struct type *t)
{
	size_t known = 0;

	for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->n; i++) {
		struct type_field f = t->fields[i];

		if (!type_is_known(f.type))
			continue;
		memmove(&t->fields[known + 1], &t->fields[known], (i - known) * sizeof(f));
		t->fields[known++] = f;
	}
}

static bool widen_fields(struct type *t, const struct type *other)
{
	bool changed = false;

	for (size_t i = 0; i < other->n; i++) {
		struct type *field = type_field(t, other->fields[i].name);

		if (field == NULL)
			field = type_add_field(t, other->fields[i].name);
		changed |= type_widen(field, other->fields[i].type);
	}
	if (changed)
		type_settle(t);
	return changed;
}

static bool are_numbers(const struct type *a, const struct type *b)
{
	return (a->kind == TYPE_BIGINT && b->kind == TYPE_DOUBLE) || (a->kind == TYPE_DOUBLE && b->kind == TYPE_BIGINT);
}

bool type_widen(struct type *t, const struct type *other)
{
	if (other->kind == TYPE_UNKNOWN || t->kind == TYPE_STRING || !type_is_inferred(t))
		return false;
	if (t->kind == TYPE_UNKNOWN) {
		copy_into(t, other);
		return type_is_known(t);
	}
	if (t->kind == TYPE_STRUCT && other->kind == TYPE_STRUCT)
		return widen_fields(t, other);
	if (t->kind == TYPE_ARRAY && other->kind == TYPE_ARRAY) {
		assert(t->n == 1 && other->n == 1);
		return type_widen(t->fields[0].type, other->fields[0].type);
	}
	if (t->kind == other->kind)
		return false;
	if (!are_numbers(t, other))
		return type_become_string(t);
	t->kind = TYPE_DOUBLE;
	return other->kind == TYPE_DOUBLE;
}
