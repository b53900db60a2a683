/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_REPEATS_H
#define BASE_LOG_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log_line.h"

/* Warnings and errors that come again within a minute, with the same text and fields: the first is told, the others are
 * counted and told as one. What is at info or below says what has happened or how things are, and is told each time. */

struct log_repeats;

struct log_repeats *log_repeats_new(void);
void log_repeats_free(struct log_repeats *r);

/* Is it to be told now? False: it is counted. Copies the line. */
bool log_repeats_tells(struct log_repeats *r, const struct log_line *l, int64_t now_boot_ms);
/* The next one whose minute is over and that came again meanwhile. False: there is none. *l is valid until the next
 * call of anything here. now_boot_ms INT64_MAX: all that are left. */
bool log_repeats_next(struct log_repeats *r, int64_t now_boot_ms, struct log_line *l, uint64_t *more);

#endif
