/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_ROW_H
#define REPLAY_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "replay/csv.h"
#include "settings/settings.h"

/* A row becomes one JSON object on one line, the columns' names as keys in the file's order: an empty field is null,
 * one that is a JSON number already goes through as it is written, any other is a string.
 * Source: RFC 8259; aws.md 1.3. */
struct row_shape;

/* The columns, from the row that names them. An empty name becomes "column" and its number; one that differs from an
 * earlier name in case only, or not at all, gets a number behind it: the readers of the lake know no such pairs.
 * strings: columns that are never numbers. Errors: GIVE_UP, code EX_DATAERR: a name that is not UTF-8; EX_CONFIG:
 * strings has a name that no column has. */
struct row_shape *row_shape_new(const struct csv_row *header, const struct string_list *strings, struct error *e);
/* Without a header: column1, column2, … */
struct row_shape *row_shape_numbered(size_t n, const struct string_list *strings, struct error *e);
void row_shape_free(struct row_shape *s); /* NULL is fine */

size_t row_shape_columns(const struct row_shape *s);
size_t row_shape_renamed(const struct row_shape *s); /* how many names are not those of the file */
const char *row_shape_name(const struct row_shape *s, size_t column);
/* -1: no such column; *e (EX_CONFIG) says so for the setting that named it. */
int row_shape_find(const struct row_shape *s, const char *name, const char *setting, struct error *e);

/* Write the object into out, which is cleared first. No allocation once out has grown to the longest row.
 * Errors: GIVE_UP, EX_DATAERR, with the line: wrong number of fields, not UTF-8. Thread: any; pure. */
int row_write(const struct row_shape *s, const struct csv_row *row, struct buf *out, struct error *e);

/* True when the field is a JSON number whose double is finite. LANES bytes are readable behind it. Pure. */
bool row_is_number(const uint8_t *p, size_t len);

#endif
