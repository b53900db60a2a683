/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_TYPE_H
#define SCHEMA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* A column's type as Glue and Hive write it, as a tree.
 * What inference makes of JSON is a lattice: unknown, below boolean, bigint below double, array, struct, below string.
 * Thread: any; pure. Source: aws.md 3.3. */

#define TYPE_DEPTH_MAX 32
#define TYPE_TEXT_MAX 131072 /* what Glue takes of one column */

enum type_kind {
	TYPE_UNKNOWN, /* nothing but null or nothing inside was seen: part of no text */
	TYPE_BOOLEAN,
	TYPE_TINYINT,
	TYPE_SMALLINT,
	TYPE_INT,
	TYPE_BIGINT,
	TYPE_FLOAT,
	TYPE_DOUBLE,
	TYPE_DECIMAL, /* precision, scale */
	TYPE_STRING,
	TYPE_VARCHAR, /* precision: its length */
	TYPE_CHAR,    /* precision: its length */
	TYPE_BINARY,
	TYPE_DATE,
	TYPE_TIMESTAMP,
	TYPE_ARRAY,  /* fields[0]: the elements */
	TYPE_MAP,    /* fields[0]: the keys, fields[1]: the values */
	TYPE_STRUCT, /* fields; those that are known come first, in the order in which they became so */
	TYPE_OTHER,  /* what a catalog holds and nobody here knows; kept as it is */
};

struct type_field {
	char *name; /* of a struct */
	struct type *type;
};

struct type {
	enum type_kind kind;
	int precision, scale;
	char *text; /* of TYPE_OTHER */
	struct type_field *fields;
	size_t n;
};

struct type *type_new(enum type_kind kind);
struct type *type_other(const char *text);
struct type *type_copy(const struct type *t);
void type_free(struct type *t);

/* "struct<id:bigint,tags:array<string>>", in any case, with blanks between words. NULL: *e says what is wrong and at
 * which character; text that nests deeper than TYPE_DEPTH_MAX or is longer than TYPE_TEXT_MAX is refused too. Owns: the
 * caller frees. */
struct type *type_parse(const char *text, struct error *e);
/* The field names of structs are of lower-case letters, digits and '_', as Athena wants them. Errors: names the field.
 */
int type_check_names(const struct type *t, struct error *e);

/* Append it; of a struct the known fields only. Not for a type that is not known. */
void type_print(const struct type *t, struct buf *out);
/* Does it have a text? An array or struct has one once something in it is known. */
bool type_is_known(const struct type *t);
bool type_same(const struct type *a, const struct type *b);
/* Fields of structs in it, at any depth, unknown ones too. */
size_t type_fields(const struct type *t);
/* The bytes of its text if all in it were known. */
size_t type_text_size(const struct type *t);

/* Can it come of inference, as far as its outermost kind goes? Any other was somebody's choice and stays. */
bool type_is_inferred(const struct type *t);
/* Become the least type that holds both; true: it has changed. One that is not inferred stays what it is. */
bool type_widen(struct type *t, const struct type *other);
bool type_become_string(struct type *t);

/* The field of a struct, whatever the case of its name; NULL: none. */
struct type *type_field(const struct type *t, const char *name);
/* Put a field behind the others, and return its type, which is unknown. */
struct type *type_add_field(struct type *t, const char *name);
/* To be called when something in a field has become known: it goes behind those that were so before. */
void type_settle(struct type *t);

#endif
