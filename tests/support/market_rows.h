/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_MARKET_ROWS_H
#define SUPPORT_MARKET_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Generated stock-market rows of about 250 bytes, one JSON object each, for benchmarks: the same for the same seed. */
struct market_rows {
	char *text;
	size_t *at; /* n + 1 places: row i is text[at[i]] to text[at[i + 1]] */
	size_t n;
};

enum market_style {
	MARKET_PLAIN,   /* as a program writes it that cares for space: what replay sends */
	MARKET_SPACED,  /* a space behind each colon and comma, as Python's json writes it */
	MARKET_UNICODE, /* a text that is not ASCII in each row */
};

/* Owns: the caller frees with market_rows_free. */
struct market_rows market_rows_make(size_t n, enum market_style style, uint64_t seed);
void market_rows_free(struct market_rows *rows);

#endif
