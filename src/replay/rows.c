/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in order: the reader as it is, or led to one place after the other by the index of random order. */
#include "replay/rows.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/mem.h"
#include "replay/order.h"

#define INDEX_STEP_ROWS 100000

struct rows {
	const char *path;
	struct csv *csv;
	struct row_shape *shape;
	bool header;
	struct csv_row first; /* without a header the first row tells the number of columns, and is content too */
	bool first_pending;

	struct order *order; /* NULL: sequential */
	bool indexed;
	uint64_t round;
	uint64_t given; /* in this round */
};

static int take_columns(struct rows *r, const struct settings *s, struct error *e)
{
	enum csv_result result = csv_next(r->csv, &r->first, e);

	if (result == CSV_END)
		error_set(e, ERROR_GIVE_UP, EX_DATAERR, "there is no row");
	if (result == CSV_ERROR)
		return EX_NOINPUT;
	if (result != CSV_ROW)
		return EX_DATAERR;
	if (r->header) {
		r->shape = row_shape_new(&r->first, &s->replay_strings, e);
	} else {
		r->shape = row_shape_numbered(r->first.n, &s->replay_strings, e);
		r->first_pending = true;
	}
	return r->shape == NULL ? e->code : 0;
}

static int open_all(struct rows *r, const struct settings *s, struct error *e)
{
	if (s->replay_delimiter[0] == '\0' || s->replay_delimiter[1] != '\0')
		return error_set(e, ERROR_GIVE_UP, EX_CONFIG, "replay.delimiter is one character"), EX_CONFIG;
	r->csv = csv_open(r->path, s->replay_delimiter[0], CSV_MAX_ROW_BYTES, e);
	if (r->csv == NULL)
		return e->code == 0 ? EX_CONFIG : EX_NOINPUT;
	if (!csv_can_seek(r->csv) && (s->replay_order == REPLAY_RANDOM || s->replay_loop)) {
		error_set(e, ERROR_GIVE_UP, EX_CONFIG,
			  "a pipe is read once: set replay.order = \"sequential\" and replay.loop = false");
		return EX_CONFIG;
	}
	if (s->replay_order == REPLAY_RANDOM)
		r->order = order_new((uint64_t)s->replay_seed, ORDER_MAX_PLACES);
	return take_columns(r, s, e);
}

int rows_open(const struct settings *s, struct rows **rows, struct error *e)
{
	struct rows *r = mem_zalloc(sizeof(*r));
	int code;

	*rows = NULL;
	r->path = s->replay_file;
	r->header = s->replay_header;
	code = open_all(r, s, e);
	if (code == 0) {
		*rows = r;
		return 0;
	}
	e->code = code;
	rows_close(r);
	return code;
}

void rows_close(struct rows *r)
{
	if (r == NULL)
		return;
	csv_close(r->csv);
	row_shape_free(r->shape);
	order_free(r->order);
	free(r);
}

const struct row_shape *rows_shape(const struct rows *r)
{
	return r->shape;
}

enum csv_result rows_index(struct rows *r, struct csv_row *row, struct error *e)
{
	if (r->order == NULL || r->indexed)
		return CSV_END;
	if (r->first_pending) {
		r->first_pending = false;
		order_add(r->order, r->first.offset, r->first.line);
	}
	for (int i = 0; i < INDEX_STEP_ROWS; i++) {
		enum csv_result result = csv_next(r->csv, row, e);

		if (result == CSV_ROW) {
			order_add(r->order, row->offset, row->line);
			continue;
		}
		if (result == CSV_END) {
			r->indexed = true;
			order_begin(r->order, r->round);
		}
		return result;
	}
	return CSV_ROW;
}

/* The row that lies so many rows behind the place. */
static enum csv_result row_at(struct rows *r, const struct order_place *place, struct csv_row *row, struct error *e)
{
	if (csv_seek(r->csv, place->offset, place->line, e) != 0)
		return CSV_ERROR;
	for (size_t left = place->skip + 1; left > 0;) {
		enum csv_result result = csv_next(r->csv, row, e);

		if (result == CSV_END) {
			error_set(e, ERROR_GIVE_UP, 0, "the file has changed while it was replayed");
			return CSV_ERROR;
		}
		if (result == CSV_ERROR)
			return CSV_ERROR;
		left -= result == CSV_ROW;
	}
	return CSV_ROW;
}

enum csv_result rows_next(struct rows *r, struct csv_row *row, struct error *e)
{
	struct order_place place;

	r->given++;
	if (r->order != NULL)
		return order_next(r->order, &place) ? row_at(r, &place, row, e) : CSV_END;
	if (r->first_pending) {
		r->first_pending = false;
		*row = r->first;
		return CSV_ROW;
	}
	return csv_next(r->csv, row, e);
}

int rows_again(struct rows *r, struct error *e)
{
	struct csv_row header;

	r->round++;
	r->given = 0;
	if (r->order != NULL) {
		order_begin(r->order, r->round);
		return 0;
	}
	if (csv_rewind(r->csv, e) != 0)
		return -1;
	if (r->header && csv_next(r->csv, &header, e) != CSV_ROW)
		return error_set(e, ERROR_GIVE_UP, 0, "the file has changed while it was replayed");
	return 0;
}

double rows_share(const struct rows *r)
{
	if (r->order != NULL)
		return r->indexed && order_rows(r->order) > 0 ? (double)r->given / (double)order_rows(r->order) : 0;
	return csv_size(r->csv) > 0 ? (double)csv_offset(r->csv) / (double)csv_size(r->csv) : -1;
}
