/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growable byte buffer whose maximum is given at its birth.
 * Invariants: len <= cap, len <= max; data is NULL only while cap is 0; no terminating zero is kept.
 * init and free bracket its life; clear keeps the memory; take gives it away. */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;
	bool secret; /* what was in it is overwritten before its memory is given back */
};

void buf_init(struct buf *b, size_t max);
void buf_init_secret(struct buf *b, size_t max);
void buf_free(struct buf *b);
void buf_clear(struct buf *b);

/* Make room for extra bytes behind len and return a pointer to it; NULL when that would pass max. Grows by half. */
uint8_t *buf_reserve(struct buf *b, size_t extra);

/* Append; false (and nothing changed) when it would pass max. */
bool buf_add(struct buf *b, const void *data, size_t len);
bool buf_adds(struct buf *b, const char *s);
bool buf_addc(struct buf *b, char c);
bool buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The content as a C string: appends a zero, which neither len nor max counts; "" for an empty buffer that cannot
 * grow. */
const char *buf_str(struct buf *b);

#endif
