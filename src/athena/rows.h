/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATHENA_ROWS_H
#define ATHENA_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "athena/query.h"

/* A query's result as text, page by page. Thread: one at a time. */
struct rows;

/* header: the first row of a result is its header. out is borrowed. */
struct rows *rows_new(enum query_form form, bool header, FILE *out);
void rows_free(struct rows *r);

/* What GetQueryResults has answered. */
void rows_page(struct rows *r, const json_t *page);
/* When there are no more; their number. */
int64_t rows_end(struct rows *r);

#endif
