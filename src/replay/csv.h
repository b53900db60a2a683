/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_CSV_H
#define REPLAY_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "replay/lanes.h"

/* A streaming reader of comma-separated values: quoted fields may hold delimiters, line breaks and doubled quotes;
 * a row ends with LF or CRLF, the last one may lack it; a byte order mark is skipped, and so are empty lines.
 * Its memory is bounded by the longest row allowed, whatever the file's size.
 * Source: RFC 4180. Thread: one at a time. */
struct csv;

#define CSV_MAX_ROW_BYTES ((size_t)8 << 20)
#define CSV_MAX_FIELDS 16384

/* Content of a field: quotes removed, doubled ones single. At least LANES bytes are readable behind it. */
struct csv_field {
	const uint8_t *data;
	uint32_t len;
	bool quoted;
	bool doubled; /* held doubled quotes */
};

/* Lives until the next call on the reader. */
struct csv_row {
	const struct csv_field *fields;
	size_t n;
	size_t bytes;   /* as it stands in the file; no field, nor all of them together, is longer */
	uint64_t line;  /* on which it began, from 1 */
	int64_t offset; /* at which it began */
};

enum csv_result {
	CSV_ROW,
	CSV_BAD, /* not a row: *e says line and why, row->line is set; the next call begins at the line after it */
	CSV_END,
	CSV_ERROR, /* the file cannot be read */
};

/* Errors, here and below without the path, which is the caller's to say: no such file, not UTF-8 by its byte order
 * mark, a delimiter that cannot be one; GIVE_UP, errno or 0. */
struct csv *csv_open(const char *path, char delimiter, size_t max_row_bytes, struct error *e);
void csv_close(struct csv *c); /* NULL is fine */

enum csv_result csv_next(struct csv *c, struct csv_row *row, struct error *e);

/* Go on at a place where a row begins. Reads little at first, for those who take a row here and there.
 * Errors: GIVE_UP when the file is a pipe. */
int csv_seek(struct csv *c, int64_t offset, uint64_t line, struct error *e);
int csv_rewind(struct csv *c, struct error *e);

/* False: a pipe, which is read once and in its own order. */
bool csv_can_seek(const struct csv *c);
/* How far the reader is, and the size of the file (0: a pipe). */
int64_t csv_offset(const struct csv *c);
int64_t csv_size(const struct csv *c);

#endif
