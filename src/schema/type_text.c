/* SPDX-License-Identifier: Apache-2.0 */
/* Types from and to the text that Glue and Hive have for them. A reader by descent, which goes no deeper than
 * TYPE_DEPTH_MAX. Pure. */
#include "schema/type.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define DECIMAL_PRECISION_MAX 38
#define VARCHAR_MAX 65535
#define CHAR_MAX_LENGTH 255
#define NAME_MAX_LENGTH 255
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"
#define NAME_END "<>,:()"

/* What the brackets behind a word hold. */
enum inside { NOTHING, NUMBERS, TYPES };

static const struct word {
	const char *text;
	enum inside inside;
} words[] = {
	[TYPE_BOOLEAN] = { "boolean", NOTHING },   [TYPE_TINYINT] = { "tinyint", NOTHING },
	[TYPE_SMALLINT] = { "smallint", NOTHING }, [TYPE_INT] = { "int", NOTHING },
	[TYPE_BIGINT] = { "bigint", NOTHING },     [TYPE_FLOAT] = { "float", NOTHING },
	[TYPE_DOUBLE] = { "double", NOTHING },     [TYPE_DECIMAL] = { "decimal", NUMBERS },
	[TYPE_STRING] = { "string", NOTHING },     [TYPE_VARCHAR] = { "varchar", NUMBERS },
	[TYPE_CHAR] = { "char", NUMBERS },         [TYPE_BINARY] = { "binary", NOTHING },
	[TYPE_DATE] = { "date", NOTHING },         [TYPE_TIMESTAMP] = { "timestamp", NOTHING },
	[TYPE_ARRAY] = { "array", TYPES },         [TYPE_MAP] = { "map", TYPES },
	[TYPE_STRUCT] = { "struct", TYPES },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

struct reader {
	const char *text, *at;
	struct error *e;
};

static struct type *read_type(struct reader *r, int depth);

static int fail(struct reader *r, const char *what)
{
	return error_set(r->e, ERROR_GIVE_UP, 0, "at character %zu of the type %s", (size_t)(r->at - r->text) + 1,
			 what);
}

static void skip_blanks(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\t')
		r->at++;
}

static int expect(struct reader *r, char c)
{
	char what[] = "' ' is missing";

	skip_blanks(r);
	what[1] = c;
	if (*r->at != c)
		return fail(r, what);
	r->at++;
	return 0;
}

static bool comes(struct reader *r, char c)
{
	skip_blanks(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

static int read_number(struct reader *r, int low, int high, int *n)
{
	skip_blanks(r);
	*n = 0;
	if (!isdigit((unsigned char)*r->at))
		return fail(r, "a number is missing");
	for (; isdigit((unsigned char)*r->at) && *n <= high; r->at++)
		*n = *n * 10 + (*r->at - '0');
	return *n >= low && *n <= high ? 0 : fail(r, "stands a number out of range");
}

static int read_decimal(struct reader *r, struct type *t)
{
	t->precision = 10;
	if (!comes(r, '('))
		return 0;
	if (read_number(r, 1, DECIMAL_PRECISION_MAX, &t->precision) < 0)
		return -1;
	if (comes(r, ',') && read_number(r, 0, t->precision, &t->scale) < 0)
		return -1;
	return expect(r, ')');
}

static int read_length(struct reader *r, struct type *t)
{
	if (expect(r, '(') < 0 ||
	    read_number(r, 1, t->kind == TYPE_CHAR ? CHAR_MAX_LENGTH : VARCHAR_MAX, &t->precision) < 0)
		return -1;
	return expect(r, ')');
}

/* Up to the colon, and behind it. */
static char *read_name(struct reader *r)
{
	size_t len;
	char *name;

	skip_blanks(r);
	len = strcspn(r->at, NAME_END);
	name = mem_printf("%.*s", (int)len, r->at);
	r->at += len;
	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		name[--len] = '\0';
	if (len > 0 && *r->at == ':') {
		r->at++;
		return name;
	}
	free(name);
	fail(r, "is no NAME:TYPE");
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_twice(struct reader *r, const struct type *t)
{
	const char **names = mem_array(t->n, sizeof(*names));
	bool twice = false;

	for (size_t i = 0; i < t->n; i++)
		names[i] = t->fields[i].name;
	qsort(names, t->n, sizeof(*names), by_name);
	for (size_t i = 1; i < t->n; i++)
		twice |= by_name(&names[i - 1], &names[i]) == 0;
	free(names);
	return twice ? fail(r, "ends a struct with a field that is there twice") : 0;
}

static int read_fields(struct reader *r, struct type *t, int depth)
{
	do {
		char *name = read_name(r);
		struct type *field = name != NULL ? read_type(r, depth + 1) : NULL;

		if (field == NULL) {
			free(name);
			return -1;
		}
		t->fields = mem_realloc(t->fields, (t->n + 1) * sizeof(*t->fields));
		t->fields[t->n++] = (struct type_field){ name, field };
	} while (comes(r, ','));
	return check_twice(r, t);
}

static int read_children(struct reader *r, struct type *t, int depth)
{
	for (size_t i = 0; i < t->n; i++) {
		struct type *child;

		if (i > 0 && expect(r, ',') < 0)
			return -1;
		child = read_type(r, depth + 1);
		if (child == NULL)
			return -1;
		type_free(t->fields[i].type);
		t->fields[i].type = child;
	}
	return 0;
}

static int read_inside(struct reader *r, struct type *t, int depth)
{
	int rc;

	switch (words[t->kind].inside) {
	case NOTHING:
		return 0;
	case NUMBERS:
		return t->kind == TYPE_DECIMAL ? read_decimal(r, t) : read_length(r, t);
	default:
		if (depth >= TYPE_DEPTH_MAX)
			return fail(r, "it nests too deep");
		if (expect(r, '<') < 0)
			return -1;
		rc = t->kind == TYPE_STRUCT ? read_fields(r, t, depth) : read_children(r, t, depth);
		return rc < 0 ? -1 : expect(r, '>');
	}
}

static enum type_kind kind_of(const char *word, size_t len)
{
	for (size_t i = 0; i < N_WORDS; i++)
		if (words[i].text != NULL && strlen(words[i].text) == len && strncasecmp(words[i].text, word, len) == 0)
			return (enum type_kind)i;
	return TYPE_UNKNOWN;
}

static struct type *read_type(struct reader *r, int depth)
{
	enum type_kind kind;
	struct type *t;
	size_t len;

	skip_blanks(r);
	len = strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	kind = kind_of(r->at, len);
	if (kind == TYPE_UNKNOWN) {
		fail(r,
		     "stands no type; there are boolean tinyint smallint int bigint float double decimal(P,S) string "
		     "varchar(N) char(N) binary date timestamp array<T> map<K,V> struct<NAME:T,…>");
		return NULL;
	}
	r->at += len;
	t = type_new(kind);
	if (read_inside(r, t, depth) == 0)
		return t;
	type_free(t);
	return NULL;
}

struct type *type_parse(const char *text, struct error *e)
{
	struct reader r = { text, text, e };
	struct type *t;

	if (strlen(text) > TYPE_TEXT_MAX) {
		error_set(e, ERROR_GIVE_UP, 0, "the type is longer than %d bytes", TYPE_TEXT_MAX);
		return NULL;
	}
	t = read_type(&r, 1);
	skip_blanks(&r);
	if (t == NULL || *r.at == '\0')
		return t;
	fail(&r, "more follows than a type");
	type_free(t);
	return NULL;
}

static int check_name(const char *name, struct error *e)
{
	size_t len = strlen(name);

	if (len <= NAME_MAX_LENGTH && strspn(name, NAME_CHARACTERS) == len)
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0,
			 "\"%.64s\" is no legal field: at most %d lower-case letters, digits and '_'", name,
			 NAME_MAX_LENGTH);
}

int type_check_names(const struct type *t, struct error *e)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->kind == TYPE_STRUCT && check_name(t->fields[i].name, e) < 0)
			return -1;
		if (type_check_names(t->fields[i].type, e) < 0)
			return -1;
	}
	return 0;
}

static void print_numbers(const struct type *t, struct buf *out)
{
	if (t->kind == TYPE_DECIMAL)
		buf_addf(out, "(%d,%d)", t->precision, t->scale);
	else
		buf_addf(out, "(%d)", t->precision);
}

static void print_types(const struct type *t, struct buf *out)
{
	buf_addc(out, '<');
	for (size_t i = 0; i < t->n && type_is_known(t->fields[i].type); i++) {
		if (i > 0)
			buf_addc(out, ',');
		if (t->kind == TYPE_STRUCT) {
			buf_adds(out, t->fields[i].name);
			buf_addc(out, ':');
		}
		type_print(t->fields[i].type, out);
	}
	buf_addc(out, '>');
}

void type_print(const struct type *t, struct buf *out)
{
	if (t->kind == TYPE_OTHER) {
		buf_adds(out, t->text);
		return;
	}
	buf_adds(out, words[t->kind].text);
	if (words[t->kind].inside == NUMBERS)
		print_numbers(t, out);
	else if (words[t->kind].inside == TYPES)
		print_types(t, out);
}

size_t type_text_size(const struct type *t)
{
	size_t size = 0;

	switch (t->kind) {
	case TYPE_OTHER:
		return strlen(t->text);
	case TYPE_UNKNOWN:
		return strlen("boolean");
	case TYPE_DECIMAL:
	case TYPE_VARCHAR:
	case TYPE_CHAR:
		return strlen("decimal(38,38)");
	default:
		size = strlen(words[t->kind].text) + (t->n > 0 ? strlen("<>") : 0);
	}
	for (size_t i = 0; i < t->n; i++)
		size += type_text_size(t->fields[i].type) + strlen(",") +
			(t->kind == TYPE_STRUCT ? strlen(t->fields[i].name) + strlen(":") : 0);
	return size;
}
