/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a result: a table for a person, whose widths are those of the first page; CSV, where NULL is nothing and an
 * empty text is ""; JSON, where numbers, truths and NULL are themselves. A cell is text, or NULL when it has no value.
 */
#include "athena/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define WIDTH_MAX 60 /* of a column; what is longer reaches over it */

struct column {
	char *name;
	char *type;
	int width;
};

struct rows {
	enum query_form form;
	bool header;
	FILE *out;
	bool begun;
	struct column *columns;
	size_t n_columns;
	int64_t n;
};

struct rows *rows_new(enum query_form form, bool header, FILE *out)
{
	struct rows *r = mem_zalloc(sizeof(*r));

	r->form = form;
	r->header = header;
	r->out = out;
	return r;
}

void rows_free(struct rows *r)
{
	for (size_t i = 0; i < r->n_columns; i++) {
		free(r->columns[i].name);
		free(r->columns[i].type);
	}
	free(r->columns);
	free(r);
}

/* NULL: the cell is NULL. */
static const char *cell(const json_t *row, size_t i)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(row, "Data"), i), "VarCharValue"));
}

/* Characters, not bytes. */
static int width_of(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* Owns: the caller frees. */
static char *shown(const char *value)
{
	size_t size = 4 * strlen(value) + 1;
	char *text = mem_alloc(size);

	text_plain(value, text, size);
	return text;
}

static bool is_number(const char *type)
{
	static const char *const types[] = { "tinyint", "smallint", "integer", "int",    "bigint",
					     "float",   "real",     "double",  "decimal" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static const char *text_or(const json_t *value, const char *otherwise)
{
	return json_string_value(value) != NULL ? json_string_value(value) : otherwise;
}

static void read_columns(struct rows *r, const json_t *set)
{
	const json_t *all = json_object_get(json_object_get(set, "ResultSetMetadata"), "ColumnInfo");

	r->n_columns = json_array_size(all);
	r->columns = mem_array(r->n_columns, sizeof(*r->columns));
	for (size_t i = 0; i < r->n_columns; i++) {
		const json_t *info = json_array_get(all, i);

		r->columns[i].name = mem_strdup(text_or(json_object_get(info, "Name"), ""));
		r->columns[i].type = mem_strdup(text_or(json_object_get(info, "Type"), ""));
		r->columns[i].width = 0;
	}
}

/* Statements that select nothing have a header or not; then it is what the columns are called. */
static bool is_header(const struct rows *r, const json_t *row)
{
	for (size_t i = 0; i < r->n_columns && !r->header; i++)
		if (cell(row, i) == NULL || strcmp(cell(row, i), r->columns[i].name) != 0)
			return false;
	return row != NULL && r->n_columns > 0;
}

static void widen(struct column *c, const char *value)
{
	char *text = shown(value);
	int width = width_of(text);

	width = width < WIDTH_MAX ? width : WIDTH_MAX;
	c->width = width > c->width ? width : c->width;
	free(text);
}

static void put_padded(const struct rows *r, size_t i, const char *value)
{
	const struct column *c = &r->columns[i];
	char *text = shown(value);
	int gap = c->width - width_of(text);

	gap = gap > 0 ? gap : 0;
	if (is_number(c->type))
		fprintf(r->out, "%*s%s", gap, "", text);
	else
		fprintf(r->out, "%s%*s", text, i + 1 < r->n_columns ? gap : 0, "");
	fputs(i + 1 < r->n_columns ? "  " : "\n", r->out);
	free(text);
}

static void begin_table(struct rows *r, const json_t *rows)
{
	for (size_t i = 0; i < r->n_columns; i++) {
		widen(&r->columns[i], r->columns[i].name);
		for (size_t k = 0; k < json_array_size(rows); k++) {
			const char *value = cell(json_array_get(rows, k), i);

			widen(&r->columns[i], value != NULL ? value : "NULL");
		}
	}
	for (size_t i = 0; i < r->n_columns; i++)
		put_padded(r, i, r->columns[i].name);
	for (size_t i = 0; i < r->n_columns; i++) {
		for (int k = 0; k < r->columns[i].width; k++)
			fputc('-', r->out);
		fputs(i + 1 < r->n_columns ? "  " : "\n", r->out);
	}
}

static void put_csv(const struct rows *r, size_t i, const char *value)
{
	const char *end = i + 1 < r->n_columns ? "," : "\n";

	if (value == NULL) {
		fputs(end, r->out);
		return;
	}
	if (value[0] != '\0' && value[strcspn(value, ",\"\r\n")] == '\0') {
		fprintf(r->out, "%s%s", value, end);
		return;
	}
	fputc('"', r->out);
	for (; *value != '\0'; value++)
		fputs(*value == '"' ? "\"\"" : (const char[]){ *value, '\0' }, r->out);
	fprintf(r->out, "\"%s", end);
}

/* Of one that JSON can have: not NaN, not Infinity. */
static bool is_json_number(const char *type, const char *value)
{
	json_t *v = is_number(type) ? json_loads(value, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL) : NULL;
	bool fine = json_is_number(v);

	json_decref(v);
	return fine;
}

static void put_json_text(const struct rows *r, const char *text)
{
	json_t *v = json_string(text);

	json_dumpf(v, r->out, JSON_ENCODE_ANY);
	json_decref(v);
}

/* A name that comes again is numbered: an object has it once. */
static void put_json_name(const struct rows *r, size_t i)
{
	char *name;
	int before = 1;

	for (size_t k = 0; k < i; k++)
		before += strcmp(r->columns[k].name, r->columns[i].name) == 0;
	name = before > 1 ? mem_printf("%s_%d", r->columns[i].name, before) : mem_strdup(r->columns[i].name);
	put_json_text(r, name);
	free(name);
}

static void put_json(const struct rows *r, const json_t *row)
{
	fputs(r->n > 0 ? ",\n{" : "{", r->out);
	for (size_t i = 0; i < r->n_columns; i++) {
		const char *type = r->columns[i].type, *value = cell(row, i);

		fputs(i > 0 ? ", " : "", r->out);
		put_json_name(r, i);
		fputs(": ", r->out);
		if (value == NULL)
			fputs("null", r->out);
		else if (is_json_number(type, value) ||
			 (strcmp(type, "boolean") == 0 && (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)))
			fputs(value, r->out);
		else
			put_json_text(r, value);
	}
	fputs("}", r->out);
}

static void put_row(struct rows *r, const json_t *row)
{
	if (r->form == QUERY_JSON)
		put_json(r, row);
	for (size_t i = 0; i < r->n_columns && r->form != QUERY_JSON; i++) {
		const char *value = cell(row, i);

		if (r->form == QUERY_CSV)
			put_csv(r, i, value);
		else
			put_padded(r, i, value != NULL ? value : "NULL");
	}
	r->n++;
}

static void begin(struct rows *r, const json_t *rows)
{
	r->begun = true;
	if (r->form == QUERY_JSON)
		fputs("[\n", r->out);
	else if (r->form == QUERY_TABLE)
		begin_table(r, rows);
	for (size_t i = 0; i < r->n_columns && r->form == QUERY_CSV; i++)
		put_csv(r, i, r->columns[i].name);
}

void rows_page(struct rows *r, const json_t *page)
{
	const json_t *set = json_object_get(page, "ResultSet");
	const json_t *rows = json_object_get(set, "Rows");
	size_t first = 0;

	if (!r->begun) {
		read_columns(r, set);
		begin(r, rows);
		first = is_header(r, json_array_get(rows, 0));
	}
	for (size_t i = first; i < json_array_size(rows); i++)
		put_row(r, json_array_get(rows, i));
}

int64_t rows_end(struct rows *r)
{
	if (r->form == QUERY_JSON && r->begun)
		fputs(r->n > 0 ? "\n]\n" : "]\n", r->out);
	return r->n;
}
