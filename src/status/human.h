/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_HUMAN_H
#define STATUS_HUMAN_H

#include <stdint.h>

#include "base/buf.h"

/* Numbers and texts for people. Pure. */

#define HUMAN_MAX 32

/* "-" for what is less than 0: not known. */
void human_duration(int64_t ms, char out[HUMAN_MAX]); /* "0 s", "12 s", "5 min 3 s", "3 h 12 min", "4 d 2 h" */
void human_bytes(double bytes, char out[HUMAN_MAX]);  /* "512 B", "1.2 MiB" */
void human_count(double n, char out[HUMAN_MAX]);      /* "1,234,567" */
/* "2026-01-31T14:30:59Z"; "" for 0. */
void human_time(int64_t real_ms, char out[HUMAN_MAX]);

/* As text_plain: what others wrote can do nothing to a terminal. */
void human_escape(const char *s, struct buf *out);

#endif
