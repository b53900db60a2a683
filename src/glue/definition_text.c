/* SPDX-License-Identifier: Apache-2.0 */
/* The same definition twice: for Glue's API, and as the DDL of Athena, which is Hive's: identifiers in back quotes,
 * strings in single ones with a backslash before what would end them. Pure. */
#include <string.h>

#include "base/mem.h"
#include "glue/definition.h"

static json_t *text(const char *s)
{
	return mem_must(json_string(s));
}

static json_t *pairs_json(const struct table_pairs *p)
{
	json_t *o = mem_must(json_object());

	for (size_t i = 0; i < p->n; i++)
		json_object_set_new(o, p->items[i].name, text(p->items[i].value));
	return o;
}

static json_t *column_json(const char *name, const char *type)
{
	return mem_must(json_pack("{ss ss}", "Name", name, "Type", type));
}

static json_t *storage_json(const struct table_definition *d)
{
	json_t *columns = mem_must(json_array());

	for (size_t i = 0; i < d->n_columns; i++) {
		const struct table_column *c = &d->columns[i];
		json_t *column = column_json(c->name, c->type);

		if (c->comment[0] != '\0')
			json_object_set_new(column, "Comment", text(c->comment));
		json_array_append_new(columns, column);
	}
	return mem_must(json_pack("{so ss ss ss sb si sb s{ss so}}", "Columns", columns, "Location", d->location,
				  "InputFormat", DEFINITION_INPUT_FORMAT, "OutputFormat", DEFINITION_OUTPUT_FORMAT,
				  "Compressed", d->compressed, "NumberOfBuckets", -1, "StoredAsSubDirectories", 0,
				  "SerdeInfo", "SerializationLibrary", DEFINITION_SERDE, "Parameters",
				  pairs_json(&d->serde)));
}

json_t *definition_input(const struct table_definition *d)
{
	json_t *keys = mem_must(json_array()), *parameters = pairs_json(&d->parameters);

	for (size_t i = 0; i < d->n_partitions; i++)
		json_array_append_new(keys, column_json(d->partitions[i], "string"));
	json_object_set_new(parameters, "EXTERNAL", text("TRUE"));
	return mem_must(json_pack("{ss ss so so so}", "Name", d->name, "TableType", "EXTERNAL_TABLE", "Parameters",
				  parameters, "PartitionKeys", keys, "StorageDescriptor", storage_json(d)));
}

/* The bytes of a control character (C0, DEL, C1); 0: none stands there. */
static size_t control_at(const char *s, size_t len, unsigned *c)
{
	const unsigned char *p = (const unsigned char *)s;
	bool long_one = p[0] == 0xc2 && len > 1 && p[1] >= 0x80 && p[1] < 0xa0;

	*c = p[long_one];
	return long_one ? 2 : p[0] < ' ' || p[0] == 0x7f;
}

/* What stands between quotes, with what would end them doubled or behind a backslash; in strings, control characters
 * by their number, so that a key of a record cannot steer a terminal. */
static void put_quoted(struct buf *out, const char *s, size_t len, char quote)
{
	unsigned c;
	size_t n;

	buf_addc(out, quote);
	for (size_t i = 0; i < len; i++) {
		if (quote == '\'' && (n = control_at(s + i, len - i, &c)) > 0) {
			buf_addf(out, "\\u%04x", c);
			i += n - 1;
			continue;
		}
		if (s[i] == '`' && quote == '`')
			buf_addc(out, '`');
		else if (quote == '\'' && (s[i] == '\'' || s[i] == '\\'))
			buf_addc(out, '\\');
		buf_addc(out, s[i]);
	}
	buf_addc(out, quote);
}

static void put_name(struct buf *out, const char *s)
{
	put_quoted(out, s, strlen(s), '`');
}

static void put_string(struct buf *out, const char *s)
{
	put_quoted(out, s, strlen(s), '\'');
}

/* The members of a struct are quoted too: "date" and "order" are words of the language. */
static void put_type(struct buf *out, const char *type)
{
	while (*type != '\0') {
		size_t len = strcspn(type, "<>,:()");

		if (type[len] == ':')
			put_quoted(out, type, len, '`');
		else
			buf_add(out, type, len);
		type += len;
		if (*type != '\0')
			buf_addc(out, *type++);
	}
}

static void put_column(struct buf *out, const char *name, const char *type, bool first)
{
	buf_adds(out, first ? "\n  " : ",\n  ");
	put_name(out, name);
	buf_addc(out, ' ');
	put_type(out, type);
}

static void put_pairs(struct buf *out, const struct table_pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		buf_adds(out, i == 0 ? "\n  " : ",\n  ");
		put_string(out, p->items[i].name);
		buf_addc(out, '=');
		put_string(out, p->items[i].value);
	}
}

void definition_ddl(const struct table_definition *d, struct buf *out)
{
	buf_adds(out, "CREATE EXTERNAL TABLE IF NOT EXISTS ");
	put_name(out, d->database);
	buf_addc(out, '.');
	put_name(out, d->name);
	buf_adds(out, " (");
	for (size_t i = 0; i < d->n_columns; i++) {
		put_column(out, d->columns[i].name, d->columns[i].type, i == 0);
		if (d->columns[i].comment[0] == '\0')
			continue;
		buf_adds(out, " COMMENT ");
		put_string(out, d->columns[i].comment);
	}
	buf_adds(out, "\n)\n");
	for (size_t i = 0; i < d->n_partitions; i++) {
		if (i == 0)
			buf_adds(out, "PARTITIONED BY (");
		put_column(out, d->partitions[i], "string", i == 0);
	}
	buf_adds(out, d->n_partitions > 0 ? "\n)\n" : "");
	buf_adds(out, "ROW FORMAT SERDE ");
	put_string(out, DEFINITION_SERDE);
	buf_adds(out, "\nWITH SERDEPROPERTIES (");
	put_pairs(out, &d->serde);
	buf_adds(out, "\n)\nSTORED AS INPUTFORMAT ");
	put_string(out, DEFINITION_INPUT_FORMAT);
	buf_adds(out, "\n  OUTPUTFORMAT ");
	put_string(out, DEFINITION_OUTPUT_FORMAT);
	buf_adds(out, "\nLOCATION ");
	put_string(out, d->location);
	buf_adds(out, "\nTBLPROPERTIES (");
	put_pairs(out, &d->parameters);
	buf_adds(out, "\n);\n");
}
