/* SPDX-License-Identifier: Apache-2.0 */
/* Columns out of JSON documents. Whatever the order of the documents, the same types come out; what the limits leave
 * out depends on what came first. Pure. */
#include "schema/schema.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "schema/state.h"

#define SHOWN "%.100s"

static bool learn_value(struct schema *s, struct type *t, const json_t *v, int depth, struct name *column);

static void leave_out(struct schema *s, const char *key, const char *why)
{
	s->counts.left_out++;
	if (s->told_left_out)
		return;
	s->told_left_out = true;
	schema_tell(s, "the key \"" SHOWN "\" has no column: %s; others like it are only counted", key, why);
}

static bool become_string(struct schema *s, struct type *t)
{
	s->fields -= type_fields(t);
	return type_become_string(t);
}

static void misfit(struct schema *s, const struct type *t, struct name *name)
{
	struct buf text;

	s->counts.misfits++;
	if (name->told_misfit)
		return;
	name->told_misfit = true;
	buf_init(&text, TYPE_TEXT_MAX);
	type_print(t, &text);
	schema_tell(s, "a value of \"" SHOWN "\" is no " SHOWN ": in the column \"" SHOWN "\" it is null or an error",
		    name->key, buf_str(&text), name->name);
	buf_free(&text);
}

/* Keys that one object holds in several cases make a SerDe that ignores case refuse the line. */
static void look_at_key(struct schema *s, const char *key, uint64_t object)
{
	uint64_t spelt = names_spelt(s->names);
	const char *why;
	struct name *name = names_of_key(s->names, key, &why);

	s->changes += names_spelt(s->names) != spelt && s->case_sensitive; /* its mapping is another now */
	if (name == NULL)
		return;
	if (strcmp(name->key, key) != 0) {
		s->counts.case_collisions++;
		if (!name->told_case)
			schema_tell(s,
				    "the keys \"" SHOWN "\" and \"" SHOWN
				    "\" differ only in case: they share the column \"" SHOWN "\"",
				    name->key, key, name->name);
		name->told_case = true;
	}
	if (name->seen == object && !s->case_sensitive) {
		s->case_sensitive = true;
		s->changes++;
		schema_tell(s,
			    "one document holds keys that differ only in case (\"" SHOWN
			    "\"): readers are told to tell "
			    "case, and each column is of its first spelling",
			    key);
	}
	name->seen = object;
}

static struct type *field_of(struct schema *s, struct type *t, const char *key, const struct name *name)
{
	struct type *field = type_field(t, name->name);

	if (field == NULL && s->fields >= SCHEMA_FIELDS_MAX) {
		leave_out(s, key, "there are too many already");
	} else if (field == NULL) {
		field = type_add_field(t, name->name);
		s->fields++;
	}
	return field;
}

/* A column, unlike a field of a struct, may be fixed, and has a limit. */
static bool learn_column(struct schema *s, struct type *t, const json_t *v, struct name *name)
{
	size_t before = s->fields;
	bool changed;

	if (name->fixed) {
		if (!schema_fits(s, t, v))
			misfit(s, t, name);
		return false;
	}
	changed = learn_value(s, t, v, 1, name);
	if ((!changed && s->fields == before) || type_text_size(t) <= TYPE_TEXT_MAX)
		return changed;
	schema_tell(s, "the column \"" SHOWN "\" would have a type of more than %d bytes: it is a string", name->name,
		    TYPE_TEXT_MAX);
	return become_string(s, t);
}

/* column: the one that it lies in; NULL: its members are the columns. */
static bool learn_object(struct schema *s, struct type *t, const json_t *object, int depth, struct name *column)
{
	uint64_t number = ++s->objects;
	bool changed = false;
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)object, key, v)
		look_at_key(s, key, number);
	json_object_foreach((json_t *)object, key, v) {
		const char *why = NULL;
		struct name *name = names_of_key(s->names, key, &why);
		struct type *field;

		if (name == NULL)
			leave_out(s, key, why);
		if (name == NULL || (column == NULL && name->metadata))
			continue;
		field = field_of(s, t, key, name);
		if (field != NULL && column == NULL)
			changed |= learn_column(s, field, v, name);
		else if (field != NULL)
			changed |= learn_value(s, field, v, depth + 1, column);
	}
	if (changed)
		type_settle(t);
	return changed;
}

static bool learn_array(struct schema *s, struct type *t, const json_t *array, int depth, struct name *column)
{
	bool changed = false;
	size_t i;
	json_t *v;

	json_array_foreach(array, i, v)
		changed |= learn_value(s, t->fields[0].type, v, depth + 1, column);
	return changed;
}

static enum type_kind kind_of(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return TYPE_STRUCT;
	case JSON_ARRAY:
		return TYPE_ARRAY;
	case JSON_INTEGER:
		return TYPE_BIGINT;
	case JSON_REAL:
		return TYPE_DOUBLE;
	case JSON_TRUE:
	case JSON_FALSE:
		return TYPE_BOOLEAN;
	case JSON_STRING:
		return TYPE_STRING;
	default:
		return TYPE_UNKNOWN;
	}
}

/* True: the text of the type has changed. */
static bool learn_value(struct schema *s, struct type *t, const json_t *v, int depth, struct name *column)
{
	enum type_kind kind = kind_of(v);
	bool inside = kind == TYPE_STRUCT || kind == TYPE_ARRAY,
	     is_inside = t->kind == TYPE_STRUCT || t->kind == TYPE_ARRAY;
	struct type *seen;
	bool changed;

	if (kind == TYPE_UNKNOWN)
		return false;
	if (!type_is_inferred(t)) {
		if (!schema_fits(s, t, v))
			misfit(s, t, column);
		return false;
	}
	if (inside && depth >= TYPE_DEPTH_MAX && t->kind != TYPE_STRING)
		schema_tell(s, "the column \"" SHOWN "\" nests deeper than %d: what lies there is a string",
			    column->name, TYPE_DEPTH_MAX);
	if ((inside && depth >= TYPE_DEPTH_MAX) || (is_inside && t->kind != kind))
		return become_string(s, t);
	seen = type_new(kind);
	changed = type_widen(t, seen);
	type_free(seen);
	if (kind == TYPE_STRUCT && t->kind == kind)
		changed |= learn_object(s, t, v, depth, column);
	else if (kind == TYPE_ARRAY && t->kind == kind)
		changed |= learn_array(s, t, v, depth, column);
	return changed;
}

void schema_learn(struct schema *s, const json_t *document)
{
	s->counts.documents++;
	if (json_is_object(document))
		s->changes += learn_object(s, s->root, document, 0, NULL);
	else
		s->counts.unread++;
}

/* The number at p, which is no part of a text, and how long it is; in quotes when no int64 and no double holds it. */
static size_t put_number(const char *p, const char *end, struct buf *out)
{
	size_t len = 0;
	bool beyond;
	char *text;

	while (p + len < end && (isalnum((unsigned char)p[len]) || strchr("+-.", p[len]) != NULL) && p[len] != '\0')
		len++;
	text = mem_printf("%.*s", (int)len, p);
	errno = 0;
	if (strpbrk(text, ".eE") == NULL)
		beyond = strtoll(text, NULL, 10) != 0 && errno == ERANGE;
	else
		beyond = isinf(strtod(text, NULL)) != 0;
	buf_addf(out, beyond ? "\"%s\"" : "%s", text);
	free(text);
	return len;
}

/* Those that nothing but a string column holds. */
static void quote_numbers(const char *line, size_t len, struct buf *out)
{
	const char *end = line + len;
	bool quoted = false;

	for (const char *p = line; p < end;) {
		if (!quoted && (*p == '-' || isdigit((unsigned char)*p))) {
			p += put_number(p, end, out);
			continue;
		}
		if (quoted && *p == '\\' && p + 1 < end)
			buf_addc(out, *p++);
		else if (*p == '"')
			quoted = !quoted;
		buf_addc(out, *p++);
	}
}

static json_t *parse(struct schema *s, const char *line, size_t len)
{
	json_error_t e;
	json_t *document = json_loadb(line, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &e);
	struct buf quoted;

	buf_init(&quoted, SIZE_MAX);
	if (document == NULL && json_error_code(&e) == json_error_duplicate_key) {
		s->counts.duplicate_keys++;
		document = json_loadb(line, len, JSON_ALLOW_NUL, &e);
	}
	if (document == NULL && json_error_code(&e) == json_error_numeric_overflow) {
		quote_numbers(line, len, &quoted);
		document = json_loadb((const char *)quoted.data, quoted.len, JSON_ALLOW_NUL, &e);
	}
	buf_free(&quoted);
	return document;
}

void schema_learn_line(struct schema *s, const char *line, size_t len)
{
	json_t *document = parse(s, line, len);

	schema_learn(s, document);
	json_decref(document);
}
