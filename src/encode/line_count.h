/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_LINE_COUNT_H
#define ENCODE_LINE_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

/* Reads an object as it comes, piece by piece, and counts its lines: gzip members or zstd frames one behind the other,
 * or plain text. Holds one block as a rule, and one gzip member at most: LINE_COUNT_MEMBER_MAX.
 * Thread: one at a time for each. */
#define LINE_COUNT_MEMBER_MAX ((size_t)64 << 20)

struct line_count;

struct line_count *line_count_new(enum compression compression);
void line_count_free(struct line_count *c); /* NULL is fine */

/* The text goes there too, as it is uncompressed: pieces of any size, lines cut anywhere. */
void line_count_hear(struct line_count *c, void (*hear)(void *arg, const uint8_t *text, size_t len), void *arg);

/* The next piece. Errors: GIVE_UP, the object is damaged. */
int line_count_add(struct line_count *c, const void *data, size_t len, struct error *e);
/* There is no more: the lines, or -1: it is cut short, its last line has no end, or it has no line. */
int64_t line_count_end(struct line_count *c, struct error *e);

/* The codec that a key's end names (".gz", ".zst"); none for any other. */
enum compression line_count_codec(const char *key);

#endif
