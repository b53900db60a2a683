/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_ROWS_H
#define REPLAY_ROWS_H

#include <stdint.h>

#include "base/error.h"
#include "replay/csv.h"
#include "replay/row.h"
#include "settings/settings.h"

/* The rows of replay.file in the order that is wanted, round after round, and what its columns are called.
 * Thread: one at a time. */
struct rows;

/* Opens the file and takes the row that names the columns.
 * Returns 0, or a code of sysexits.h with *e: EX_NOINPUT, EX_DATAERR (no such row), EX_CONFIG (a pipe cannot be read at
 * random or again; replay.strings names no column). */
int rows_open(const struct settings *s, struct rows **rows, struct error *e);
void rows_close(struct rows *r); /* NULL is fine */

const struct row_shape *rows_shape(const struct rows *r);

/* Random order needs an index first: call it until CSV_END. CSV_ROW: there is more to do; CSV_BAD and CSV_ERROR as
 * csv_next has them. In sequential order it is done at once. */
enum csv_result rows_index(struct rows *r, struct csv_row *row, struct error *e);

/* As csv_next; CSV_END: the round is over. What the index has found bad is not reported again. */
enum csv_result rows_next(struct rows *r, struct csv_row *row, struct error *e);
/* Begin the next round. Errors: GIVE_UP. */
int rows_again(struct rows *r, struct error *e);

/* How much of this round is done, from 0 to 1; less than 0: unknown. */
double rows_share(const struct rows *r);

#endif
